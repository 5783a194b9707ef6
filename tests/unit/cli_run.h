/* cli_run.h - runs a subcommand as a person or a program would, and looks at its words. */
#ifndef UNIT_CLI_RUN_H
#define UNIT_CLI_RUN_H

#include "capture.h"

#include "cli/commands.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct cli_run {
	char config[96];           /* what $C stands for */
	const char *const *tokens; /* 7 digits each, ended by NULL: P10 */
	char out[OUTPUT_BYTES];    /* of the last run */
	char err[OUTPUT_BYTES];
};

/* A clinic in Berlin whose store lies in that folder. */
static inline void write_config(struct cli_run *cli, const char *dir)
{
	FILE *file;

	snprintf(cli->config, sizeof(cli->config), "%s/carepace.yaml", dir);
	file = fopen(cli->config, "w");
	assert_non_null(file);
	fprintf(file, "site:\n  name: berlin-1\n  timezone: Europe/Berlin\nstore:\n  path: .\n"
	              "listener:\n  certificate: a\n  key: b\n  ca: c\n  registry: d\n");
	assert_int_equal(fclose(file), 0);
}

/* Nowhere more than six digits of a token. */
static inline void must_hide_tokens(const struct cli_run *cli)
{
	for (const char *const *token = cli->tokens; token && *token; token++)
		if (strstr(cli->out, *token) || strstr(cli->err, *token))
			fail_msg("%s: more than six digits of a token", *token);
}

#define ARGUMENTS_MAX 12

/* Words are parted by one space. */
static inline int run(struct cli_run *cli, const char *line)
{
	char words[512];
	char *argv[ARGUMENTS_MAX + 1] = {0};
	int argc = 0;

	snprintf(words, sizeof(words), "%s", line);
	for (char *rest = words; rest && argc < ARGUMENTS_MAX;) {
		char *word = rest;
		rest = strchr(rest, ' ');
		if (rest)
			*rest++ = '\0';
		argv[argc++] = strcmp(word, "$C") == 0 ? cli->config : word;
	}
	const struct cli_command *command = cli_find(argv[0]);
	assert_non_null(command);

	fflush(stdout);
	struct capture out = capture_begin(1);
	struct capture err = capture_begin(2);
	int status = command->run(argc, argv);
	fflush(stdout);
	capture_end(&err, cli->err);
	capture_end(&out, cli->out);
	must_hide_tokens(cli);
	return status;
}

static inline void must_succeed(struct cli_run *cli, const char *line)
{
	int status = run(cli, line);

	if (status != CLI_OK || cli->err[0])
		fail_msg("%s: %d %s", line, status, cli->err);
}

static inline json_t *run_json(struct cli_run *cli, const char *line)
{
	json_error_t error;

	must_succeed(cli, line);
	json_t *value = json_loads(cli->out, 0, &error);
	if (!value)
		fail_msg("%s: %s\n%s", line, error.text, cli->out);
	return value;
}

static inline void must_be_text(const json_t *object, const char *key, const char *expected)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (!text)
		fail_msg("%s is no text", key);
	assert_string_equal(text, expected);
}

static inline void must_be_number(const json_t *object, const char *key, int64_t expected)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("%s is no number", key);
	assert_int_equal(json_integer_value(value), expected);
}

/* tests/unit/cli/<name>.txt is what a person shall see. */
static inline void must_read_like(const struct cli_run *cli, const char *name)
{
	char path[512];
	char expected[OUTPUT_BYTES];

	snprintf(path, sizeof(path), "%s/tests/unit/cli/%s.txt", SOURCE_DIR, name);
	FILE *file = fopen(path, "r");
	if (!file)
		fail_msg("%s is missing", path);
	expected[fread(expected, 1, sizeof(expected) - 1, file)] = '\0';
	fclose(file);
	if (strcmp(cli->out, expected) == 0)
		return;
	printf("<<< %s\n%s>>>\n", name, cli->out);
	fail_msg("it does not read like %s", path);
}

struct wrong_line {
	const char *line;
	int status;
	const char *sentence;
};

/* One sentence on stderr, nothing else. */
static inline void must_say_no(struct cli_run *cli, const struct wrong_line *lines, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		print_message("  %s\n", lines[i].line);
		assert_int_equal(run(cli, lines[i].line), lines[i].status);
		assert_string_equal(cli->err, lines[i].sentence);
		assert_string_equal(cli->out, "");
	}
}

#endif
