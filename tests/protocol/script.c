#include "script.h"

#include "notation.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

struct script {
	const char *path;
	const struct script_ops *ops;
	void *ctx;
	struct script_result *result;

	struct notation notation;
	int line;
	char title[128];
	bool is_in_case;
	bool is_over;  /* failed or skipped: the rest of this case is passed over */
	bool is_wrong; /* the script itself */
	int conn;
};

/* --- what went wrong ---------------------------------------------------------- */

static void wrong(struct script *script, const char *what, const char *text)
{
	fprintf(stderr, "%s:%d: %s: %s\n", script->path, script->line, what, text);
	script->is_wrong = true;
}

static void print_hex(const char *label, struct slice bytes)
{
	fprintf(stderr, "  %s (%zu):", label, bytes.len);
	for (size_t i = 0; i < bytes.len && i < 128; i++)
		fprintf(stderr, " %02x", bytes.p[i]);
	fprintf(stderr, "\n");
}

static void failed(struct script *script, const char *what)
{
	fprintf(stderr, "%s:%d: \"%s\": %s\n", script->path, script->line, script->title, what);
	script->result->failed += !script->is_over;
	script->is_over = true;
}

static bool build(struct script *script, const char *text, struct buf *out)
{
	buf_init(out, NOTATION_MAX_BYTES);
	if (notation_parse(&script->notation, text, out))
		return true;
	wrong(script, script->notation.wrong, text);
	return false;
}

/* --- commands ---------------------------------------------------------------------- */

static void do_send(struct script *script, const char *text)
{
	struct buf bytes;

	if (build(script, text, &bytes))
		script->ops->send(script->ctx, script->conn, buf_bytes(&bytes));
	buf_deinit(&bytes);
}

static void do_expect(struct script *script, const char *text)
{
	struct buf bytes;

	if (build(script, text, &bytes)) {
		struct slice want = buf_bytes(&bytes);
		struct slice got = script->ops->received(script->ctx, script->conn, want.len);
		if (got.len >= want.len && slice_eq(slice_of(got.p, want.len), want)) {
			script->ops->drop(script->ctx, script->conn, want.len);
		} else {
			failed(script, "other bytes than expected");
			print_hex("expected", want);
			print_hex("received", got);
		}
	}
	buf_deinit(&bytes);
}

static void expect_silence(struct script *script, int conn, const char *what)
{
	struct slice got = script->ops->received(script->ctx, conn, 1);

	if (got.len == 0)
		return;
	failed(script, what);
	print_hex("received", got);
}

static void do_nothing(struct script *script, const char *text)
{
	(void)text;
	expect_silence(script, script->conn, "expected nothing");
	if (script->ops->is_closed(script->ctx, script->conn, false))
		failed(script, "the connection is closed, it should be open");
}

static void do_closed(struct script *script, const char *text)
{
	(void)text;
	expect_silence(script, script->conn, "expected nothing but the close");
	if (!script->ops->is_closed(script->ctx, script->conn, true))
		failed(script, "the connection is open, it should be closed");
}

static void do_wait(struct script *script, const char *text)
{
	int64_t wait_ms = (int64_t)(strtod(text, NULL) * 1000);

	if (wait_ms <= script->ops->wait_max_ms) {
		script->ops->wait(script->ctx, wait_ms);
		return;
	}
	printf("SKIP \"%s\": waits for %s s\n", script->title, text);
	script->result->skipped++;
	script->is_over = true;
}

static void do_connection(struct script *script, const char *text)
{
	script->conn = text[0] - '1';
	if (script->conn < 0 || script->conn >= SCRIPT_CONNS || text[1]) {
		wrong(script, "no such connection", text);
		script->conn = 0;
	}
}

static void end_case(struct script *script)
{
	if (!script->is_in_case)
		return;
	for (int conn = 0; conn < SCRIPT_CONNS && !script->is_over; conn++)
		expect_silence(script, conn, "bytes that the case does not expect");
	script->ops->end(script->ctx);
	script->is_in_case = false;
}

static void do_case(struct script *script, const char *text)
{
	end_case(script);
	snprintf(script->title, sizeof(script->title), "%s", text);
	script->is_in_case = true;
	script->is_over = false;
	script->conn = 0;
	script->result->cases++;
	script->ops->begin(script->ctx);
}

static void do_define(struct script *script, const char *text)
{
	notation_define(&script->notation, text);
	if (script->notation.wrong)
		wrong(script, script->notation.wrong, text);
}

struct command {
	const char *name;
	bool is_in_case;
	void (*run)(struct script *script, const char *text);
};

static const struct command commands[] = {
    {"define", false, do_define},
    {"case", false, do_case},
    {"send", true, do_send},
    {"expect", true, do_expect},
    {"nothing", true, do_nothing},
    {"closed", true, do_closed},
    {"wait", true, do_wait},
    {"connection", true, do_connection},
};

static void run_line(struct script *script, const char *line)
{
	size_t len = strcspn(line, " \t");

	for (size_t i = 0; i < CP_COUNT(commands); i++) {
		const struct command *command = &commands[i];
		if (strlen(command->name) != len || strncmp(command->name, line, len) != 0)
			continue;
		if (command->is_in_case && !script->is_in_case)
			wrong(script, "outside of a case", line);
		else if (!command->is_in_case || !script->is_over)
			command->run(script, line + len + strspn(line + len, " \t"));
		return;
	}
	wrong(script, "no such command", line);
}

/* Cuts the comment, which begins with a # outside of quotes, and the space. */
static void tidy(char *line)
{
	char quote = 0;
	size_t len = 0;

	for (; line[len] && line[len] != '\n'; len++) {
		if (quote ? line[len] == quote : line[len] == '"' || line[len] == '\'')
			quote = quote ? 0 : line[len];
		else if (line[len] == '#' && !quote)
			break;
	}
	while (len > 0 && isspace((unsigned char)line[len - 1]))
		len--;
	line[len] = '\0';
}

static bool run_file(struct script *script, const char *path)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t cap = 0;

	script->path = path;
	script->line = 0;
	if (!file) {
		wrong(script, "cannot be read", path);
		return false;
	}
	while (!script->is_wrong && getline(&line, &cap, file) > 0) {
		script->line++;
		tidy(line);
		const char *text = line + strspn(line, " \t");
		if (*text)
			run_line(script, text);
	}
	end_case(script);
	free(line);
	fclose(file);
	return !script->is_wrong;
}

bool script_run(const char *path, const char *device, const struct script_ops *ops, void *ctx,
    struct script_result *result)
{
	struct script script = {.ops = ops, .ctx = ctx, .result = result};
	char common[512];
	const char *slash = strrchr(path, '/');
	int folder_len = slash ? (int)(slash - path + 1) : 0;

	snprintf(common, sizeof(common), "%.*scommon.txt", folder_len, path);
	notation_init(&script.notation, device);
	bool is_ok = run_file(&script, common) && run_file(&script, path);
	notation_deinit(&script.notation);
	return is_ok;
}
