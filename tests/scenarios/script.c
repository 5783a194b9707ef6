#include "script.h"

#include "picture.h"
#include "recount.h"
#include "speech.h"
#include "words.h"

#include <stdio.h>
#include <stdlib.h>

#define HEAD_LINES_MAX 128
#define SETUPS_MAX 8

/* A case while it runs. */
struct run {
	const char *file; /* its name */
	const char *path;
	char *rest; /* of the text */
	size_t line;
	size_t only_line; /* of the one case that runs; 0: all do */
	struct clinic clinic;
	struct recount recount;
	const char *head[HEAD_LINES_MAX]; /* of the file, then of the case */
	size_t file_head_count;
	size_t head_count;
	char *setups[SETUPS_MAX]; /* texts that lines of heads lie in */
	size_t setup_count;
	bool is_past_head; /* of the file */
	bool has_case;
	bool has_begun;       /* its head was said */
	bool must_fail;       /* a negative control, */
	const char *must_say; /* with this in its reason */
	bool is_checked;      /* its last line was an expectation */
	char title[200];
	size_t failed_line;
	struct script_tally *tally;
};

char *script_read(const char *path)
{
	char *text = malloc(SCRIPT_BYTES_MAX + 1);
	FILE *file = fopen(path, "r");

	if (text && file)
		text[fread(text, 1, SCRIPT_BYTES_MAX, file)] = '\0';
	if (file)
		fclose(file);
	if (!file) {
		free(text);
		text = NULL;
	}
	return text;
}

static char *next_line(struct run *run)
{
	char *line = strsep(&run->rest, "\n");

	run->line++;
	while (line && run->rest && line[0] && line[strlen(line) - 1] == '\\') {
		memcpy(line + strlen(line) - 1, "  ", 2);
		strsep(&run->rest, "\n");
		run->line++;
	}
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

static bool begins(const char *line, const char *word)
{
	return strncmp(line, word, strlen(word)) == 0;
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
	size_t same = 0;
	while (same < wanted_count && same < found_count && strcmp(wanted[same], found[same]) == 0)
		same++;
	if (same == wanted_count && same == found_count)
		return;
	join(wanted, wanted_count, wanted_text, sizeof(wanted_text));
	join(found, found_count, found_text, sizeof(found_text));
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

/* --- heads -------------------------------------------------------------------------------------
 */

static void add_to_head(struct run *run, const char *line);

/* "setup common": the lines of common.setup, in the folder of the file. */
static void add_setup(struct run *run, const char *name)
{
	char path[512];
	char short_name[128];
	const char *slash = strrchr(run->path, '/');

	squeeze(name, short_name, sizeof(short_name));
	snprintf(path, sizeof(path), "%.*s%s.setup", slash ? (int)(slash + 1 - run->path) : 0,
	    run->path, short_name);
	char *text = script_read(path);
	if (!text || run->setup_count == SETUPS_MAX) {
		clinic_fail(&run->clinic, "no set-up %s", path);
		free(text);
		return;
	}
	run->setups[run->setup_count++] = text;
	struct run setup = {.rest = text};
	char *line;
	while ((line = next_line(&setup)))
		if (!is_blank(line))
			add_to_head(run, line);
}

static void add_to_head(struct run *run, const char *line)
{
	if (begins(line, "setup "))
		add_setup(run, line + strlen("setup "));
	else if (run->head_count < HEAD_LINES_MAX)
		run->head[run->head_count++] = line;
	else
		clinic_fail(&run->clinic, "the head is too long");
}

/* At the time of a case's first line, before it. */
static void begin_story(struct run *run, wall_ms at)
{
	if (run->has_begun)
		return;
	run->has_begun = true;
	if (at != 0)
		clinic_advance(&run->clinic, at);
	speech_setup(&run->clinic, run->head, run->head_count);
	if (clinic_failed(&run->clinic) && run->head_count > 0) {
		char why[1024];
		snprintf(why, sizeof(why), "%.1023s", run->clinic.why);
		run->clinic.why[0] = '\0';
		clinic_fail(&run->clinic, "in the set-up: %s", why);
	}
}

/* --- one line ------------------------------------------------------------------------------ */

/* [TIME] WHO WHAT... [-> VERDICTS]: everything said to devices since the line
 * before belongs to this line, deadlines on the way included. */
static void run_line(struct run *run, char *line)
{
	struct clinic *clinic = &run->clinic;
	char text[SPEECH_LINE_BYTES];
	char copy[SPEECH_LINE_BYTES];
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
	begin_story(run, at);
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
	if (!clinic_failed(&run->clinic))
		recount_check(&run->recount, &run->clinic);
	bool is_as_told = clinic_failed(&run->clinic) == run->must_fail;
	bool has_failed = !is_as_told || !strstr(run->clinic.why, run->must_say);
	printf("%s scenario %s: %s\n", has_failed ? "FAIL" : "PASS", run->file, run->title);
	if (has_failed)
		printf("      line %zu: %s\n", run->failed_line,
		    clinic_failed(&run->clinic) ? run->clinic.why : "nothing failed");
	run->tally->cases++;
	run->tally->failed += has_failed;
	recount_close(&run->recount, &run->clinic);
	run->has_case = false;
}

static void open_clinic(struct run *run, const char *zone)
{
	recount_open(&run->recount, &run->clinic, zone);
	run->clinic.has_greetings = true;
}

/* "TITLE", "TITLE | REASON" */
static void begin_case(struct run *run, char *title, bool must_fail)
{
	char *reason = strstr(title, " | ");

	end_case(run);
	run->is_past_head = true;
	if (run->only_line && run->only_line != run->line)
		return;
	if (reason)
		*reason = '\0';
	squeeze(title, run->title, sizeof(run->title));
	run->must_say = must_fail && reason ? reason + strlen(" | ") : "";
	run->has_case = true;
	run->must_fail = must_fail;
	run->is_checked = false;
	run->has_begun = false;
	run->head_count = run->file_head_count;
	open_clinic(run, "Europe/Berlin");
}

static void in_zone(struct run *run, const char *name)
{
	char zone[128];

	squeeze(name, zone, sizeof(zone));
	recount_close(&run->recount, &run->clinic);
	open_clinic(run, zone);
}

/* Before a case's first line with a time. */
static bool is_of_head(const struct run *run, const char *line)
{
	return !run->has_begun && (begins(line, "setup ") || begins(line, SPEECH_HEAR_DATES) ||
	                              speech_is_policy(line));
}

/* A line of a case. */
static void take_line(struct run *run, char *line)
{
	if (clinic_failed(&run->clinic))
		return;
	run->failed_line = run->line;
	if (begins(line, "zone "))
		in_zone(run, line + strlen("zone "));
	else if (is_of_head(run, line))
		add_to_head(run, line);
	else
		run_line(run, line);
}

/* A line before the first case. False when it cannot be understood. */
static bool take_head(struct run *run, const char *line)
{
	run->clinic.why[0] = '\0';
	add_to_head(run, line);
	run->file_head_count = run->head_count;
	if (clinic_failed(&run->clinic))
		printf("FAIL scenario %s: line %zu: %s\n", run->file, run->line, run->clinic.why);
	return !clinic_failed(&run->clinic);
}

void script_run(const char *path, size_t only_line, char *text, struct script_tally *tally)
{
	const char *slash = strrchr(path, '/');
	struct run run = {.file = slash ? slash + 1 : path,
	    .path = path,
	    .rest = text,
	    .only_line = only_line,
	    .tally = tally};
	char *line;

	while ((line = next_line(&run))) {
		if (is_blank(line))
			continue;
		if (begins(line, "case ")) {
			begin_case(&run, line + strlen("case "), false);
		} else if (begins(line, "broken case ")) {
			begin_case(&run, line + strlen("broken case "), true);
		} else if (run.has_case) {
			take_line(&run, line);
		} else if (!run.is_past_head && !take_head(&run, line)) {
			tally->failed++;
			break;
		}
	}
	end_case(&run);
	for (size_t i = 0; i < run.setup_count; i++)
		free(run.setups[i]);
}
