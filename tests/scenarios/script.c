#include "script.h"

#include "picture.h"
#include "speech.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>

/* A case while it runs. */
struct run {
	const char *file;
	char *rest; /* of the text */
	size_t line;
	struct clinic clinic;
	bool has_case;
	bool must_fail;  /* a negative control */
	bool is_checked; /* its last line was an expectation */
	char title[200];
	size_t failed_line;
	struct script_tally *tally;
};

static char *next_line(struct run *run)
{
	char *line = strsep(&run->rest, "\n");

	run->line++;
	if (line && line[strspn(line, " \t")] == '#')
		line[0] = '\0';
	return line;
}

static bool is_blank(const char *line)
{
	return line[strspn(line, " \t")] == '\0';
}

static bool is_indented(const char *line)
{
	return (line[0] == ' ' || line[0] == '\t') && !is_blank(line);
}

/* Words with one space between them, as everything is drawn. */
static void squeeze(const char *text, char *out, size_t out_bytes)
{
	size_t len = 0;

	for (const char *p = text; *p && len + 1 < out_bytes; p++) {
		bool is_space = *p == ' ' || *p == '\t';
		if (!is_space)
			out[len++] = *p;
		else if (len && out[len - 1] != ' ')
			out[len++] = ' ';
	}
	if (len && out[len - 1] == ' ')
		len--;
	out[len] = '\0';
}

/* --- what is expected ------------------------------------------------------------------ */

static int compare_lines(const void *a, const void *b)
{
	return strcmp(a, b);
}

static void join(char (*lines)[PICTURE_BYTES], size_t count, char *out, size_t out_bytes)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count && len < out_bytes; i++)
		len += (size_t)snprintf(out + len, out_bytes - len, "\n         %s", lines[i]);
	if (count == 0)
		snprintf(out, out_bytes, " nothing");
}

/* The indented lines that follow are exactly the alerts there are. */
static void expect(struct run *run, struct words *words)
{
	static char wanted[PICTURE_ALERTS_MAX][PICTURE_BYTES];
	static char found[PICTURE_ALERTS_MAX][PICTURE_BYTES];
	char wanted_text[CLINIC_TEXT_BYTES / 2];
	char found_text[CLINIC_TEXT_BYTES / 2];
	bool is_nothing = words_flag(words, "nothing");
	size_t wanted_count = 0;

	words_end(words);
	while (run->rest && is_indented(run->rest)) {
		CP_CHECK(wanted_count < PICTURE_ALERTS_MAX);
		squeeze(next_line(run), wanted[wanted_count++], PICTURE_BYTES);
	}
	if (is_nothing != (wanted_count == 0))
		clinic_fail(&run->clinic, "expect nothing, or the alerts below");
	qsort(wanted, wanted_count, sizeof(wanted[0]), compare_lines);
	size_t found_count = picture_alerts(&run->clinic, found);
	join(wanted, wanted_count, wanted_text, sizeof(wanted_text));
	join(found, found_count, found_text, sizeof(found_text));
	if (strcmp(wanted_text, found_text) != 0)
		clinic_fail(&run->clinic, "expected%s\n      there is%s", wanted_text, found_text);
}

/* "A is ended, exposing, visit A" */
static void expect_session(struct run *run, const char *text)
{
	char found[PICTURE_BYTES];
	char name[PICTURE_BYTES];
	char *is = strstr(text, " is ");

	snprintf(name, sizeof(name), "%.*s", (int)(is - text), text);
	picture_session(&run->clinic, name, found);
	if (strcmp(is + 4, found) != 0)
		clinic_fail(&run->clinic, "%s is %s", name, found);
}

static void expect_verdicts(struct run *run, const char *arrow)
{
	char wanted[CLINIC_TEXT_BYTES];

	squeeze(arrow ? arrow : "", wanted, sizeof(wanted));
	if (strcmp(wanted, run->clinic.said) != 0)
		clinic_fail(&run->clinic, "expected verdicts: %s\n      given: %s",
		    wanted[0] ? wanted : "none", run->clinic.said[0] ? run->clinic.said : "none");
}

/* --- one line ------------------------------------------------------------------------------ */

/* [TIME] WHO WHAT... [-> VERDICTS]: everything said to devices since the line
 * before belongs to this line, deadlines on the way included. */
static void run_line(struct run *run, char *line)
{
	struct clinic *clinic = &run->clinic;
	char text[512];
	char copy[512];
	struct words words;
	wall_ms at = clinic->now;
	char *arrow = strstr(line, "->");

	if (arrow) {
		*arrow = '\0';
		arrow += 2;
	}
	squeeze(line, text, sizeof(text));
	snprintf(copy, sizeof(copy), "%s", text);
	words_cut(&words, clinic, copy);
	words_take_time(&words, &at);
	clinic_listen(clinic);
	const char *who = words_take(&words);
	bool is_expectation = strcmp(who, "expect") == 0;
	if (is_expectation || strcmp(words_peek(&words), "is") == 0) {
		clinic_advance(clinic, at);
		if (is_expectation)
			expect(run, &words);
		else
			expect_session(run, strstr(text, who));
	} else if (!clinic_failed(clinic)) {
		speech_line(clinic, text);
	}
	run->is_checked = is_expectation;
	if (!clinic_failed(clinic))
		expect_verdicts(run, arrow);
}

/* --- cases ------------------------------------------------------------------------------- */

static void end_case(struct run *run)
{
	if (!run->has_case)
		return;
	if (!clinic_failed(&run->clinic) && !run->is_checked) {
		clinic_fail(&run->clinic, "a case ends with what is expected");
		run->failed_line = run->line;
	}
	bool has_failed = clinic_failed(&run->clinic) != run->must_fail;
	printf("%s scenario %s: %s\n", has_failed ? "FAIL" : "PASS", run->file, run->title);
	if (has_failed)
		printf("      line %zu: %s\n", run->failed_line,
		    run->must_fail ? "nothing failed" : run->clinic.why);
	run->tally->cases++;
	run->tally->failed += has_failed;
	clinic_close(&run->clinic);
	run->has_case = false;
}

static void begin_case(struct run *run, const char *title, bool must_fail)
{
	end_case(run);
	squeeze(title, run->title, sizeof(run->title));
	run->has_case = true;
	run->must_fail = must_fail;
	run->is_checked = false;
	clinic_open(&run->clinic, "Europe/Berlin");
}

static void in_zone(struct run *run, const char *name)
{
	char zone[128];

	squeeze(name, zone, sizeof(zone));
	clinic_close(&run->clinic);
	clinic_open(&run->clinic, zone);
}

static bool begins(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
}

void script_run(const char *file, char *text, struct script_tally *tally)
{
	struct run run = {.file = file, .rest = text, .tally = tally};
	char *line;

	while ((line = next_line(&run))) {
		if (is_blank(line))
			continue;
		if (begins(line, "case ")) {
			begin_case(&run, line + strlen("case "), false);
		} else if (begins(line, "broken case ")) {
			begin_case(&run, line + strlen("broken case "), true);
		} else if (!run.has_case) {
			printf("FAIL scenario %s: line %zu is in no case\n", file, run.line);
			tally->failed++;
			return;
		} else if (clinic_failed(&run.clinic)) {
			continue;
		} else {
			run.failed_line = run.line;
			if (begins(line, "zone "))
				in_zone(&run, line + strlen("zone "));
			else
				run_line(&run, line);
		}
	}
	end_case(&run);
}
