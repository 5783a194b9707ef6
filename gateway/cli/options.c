#include "cli/options.h"

#include "care/time/civil.h"
#include "cli/commands.h"
#include "cli/manual.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	KEY_CONFIG = 256,
	KEY_STORE,
	KEY_JSON,
	KEY_HELP,
	KEY_SINCE,
	KEY_LIMIT,
	KEY_AFTER,
	KEY_DESCRIBE,
};

static const struct {
	unsigned takes; /* 0: always */
	struct argp_option option;
} common[] = {
    {CLI_TAKES_CONFIG,
        {"config", KEY_CONFIG, "FILE", 0, "the configuration (" CLI_CONFIG_DEFAULT ")", 1}},
    {CLI_TAKES_STORE, {"store", KEY_STORE, "DIR", 0,
                          "the folder of the store; without --config as the store says", 1}},
    {CLI_TAKES_JSON, {"json", KEY_JSON, NULL, 0, "for programs", 1}},
    {CLI_TAKES_SINCE, {"since", KEY_SINCE, "YYYY-MM-DD", 0, "from that day on only", 0}},
    {CLI_TAKES_LIMIT, {"limit", KEY_LIMIT, "N", 0, "at most so many", 0}},
    {CLI_TAKES_AFTER, {"after", KEY_AFTER, "NUMBER", 0,
                          "the next page: the number that the last one ended with", 0}},
    {0, {"help", KEY_HELP, NULL, 0, "this text", 2}},
    {0, {"describe", KEY_DESCRIBE, "FORM", OPTION_HIDDEN, "for cli/manual", 2}},
};

CP_PRINTF(2, 0)
static void say(const struct cli_options *options, const char *format, va_list args)
{
	fprintf(stderr, "carepace %s: ", options->command);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

error_t cli_wrong(struct cli_options *options, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(options, format, args);
	va_end(args);
	options->is_said = true;
	return EINVAL;
}

void cli_say(const struct cli_options *options, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	say(options, format, args);
	va_end(args);
}

error_t cli_take_day(struct cli_options *options, const char *text, int32_t *out)
{
	unsigned year;
	unsigned month;
	unsigned day;
	int len = 0;

	if (sscanf(text, "%4u-%2u-%2u%n", &year, &month, &day, &len) == 3 && !text[len] &&
	    civil_parse_yyyymmdd(year * 10000 + month * 100 + day, out))
		return 0;
	return cli_wrong(options, "a day is written like 2026-09-14; \"%s\" is none", text);
}

error_t cli_take_number(
    struct cli_options *options, const char *name, const char *text, int64_t max, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	if (isdigit((unsigned char)text[0]) && !*end && !errno && *out >= 1 && *out <= max)
		return 0;
	return cli_wrong(
	    options, "--%s is a number from 1 to %" PRId64 "; \"%s\" is none", name, max, text);
}

unsigned cli_limit_more(const struct cli_options *options)
{
	return options->limit * 10 > CLI_LIMIT_MAX ? CLI_LIMIT_MAX : options->limit * 10;
}

static error_t parse_common(int key, char *value, struct argp_state *state)
{
	struct cli_options *options = state->input;
	int64_t number = 0;
	error_t err;

	switch (key) {
	case KEY_SINCE:
		options->since = value;
		return cli_take_day(options, value, &options->since_day);
	case KEY_LIMIT:
		err = cli_take_number(options, "limit", value, CLI_LIMIT_MAX, &number);
		options->limit = (unsigned)number;
		return err;
	case KEY_AFTER:
		return cli_take_number(options, "after", value, INT64_MAX - 1, &options->after);
	case KEY_CONFIG:
		options->config_path = value;
		options->is_config_given = true;
		return 0;
	case KEY_STORE:
		options->store_path = value;
		return 0;
	case KEY_JSON:
		options->is_json = true;
		return 0;
	case KEY_HELP:
		options->is_help = true;
		return 0;
	case KEY_DESCRIBE:
		options->form = value;
		options->is_help = true; /* arguments may be missing */
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- what argp did not understand ------------------------------------------------- */

static const struct argp_option *find(const struct argp_option *options, const char *word)
{
	for (; options && options->name; options++)
		if (strncmp(word, "--", 2) == 0 && strcmp(word + 2, options->name) == 0)
			return options;
	return NULL;
}

struct root {
	const struct cli_syntax *syntax;
	struct cli_options *options;
	struct argp_option common[CP_COUNT(common) + 1];
};

static void choose_common(struct root *root)
{
	size_t count = 0;

	for (size_t i = 0; i < CP_COUNT(common); i++)
		if (!common[i].takes || (root->syntax->takes & common[i].takes))
			root->common[count++] = common[i].option;
}

/* An option that argp stumbled over stands before state->next; a cluster of
 * short ones is still at it. */
static void say_unknown(const struct root *root, const struct argp_state *state)
{
	int at = state->next - 1;

	if (at < 1 || state->argv[at][0] != '-')
		at = state->next < state->argc ? state->next : at;
	const char *word = state->argv[at];
	const struct argp_option *option = find(root->common, word);
	if (!option)
		option = find(root->syntax->options, word);
	if (option && option->arg)
		cli_wrong(root->options, "%s needs a value, %s", word, option->arg);
	else
		cli_wrong(root->options, "there is no option \"%s\"; see carepace %s --help", word,
		    root->syntax->name);
}

/* Options go to the children; what nobody took ends here. */
static error_t parse_root(int key, char *value, struct argp_state *state)
{
	struct root *root = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = root->options;
		if (root->syntax->parse)
			state->child_inputs[1] = root->options;
		return 0;
	case ARGP_KEY_ARG:
		if (root->syntax->arguments)
			return ARGP_ERR_UNKNOWN;
		return cli_wrong(
		    root->options, "what is \"%s\"? There is nothing to name here", value);
	case ARGP_KEY_ERROR:
		if (!root->options->is_said)
			say_unknown(root, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

bool cli_parse(const struct cli_syntax *syntax, int argc, char **argv, struct cli_options *options,
    int *exit_status)
{
	struct root root = {.syntax = syntax, .options = options};
	struct argp shared = {.options = root.common, .parser = parse_common};
	struct argp own = {.options = syntax->options, .parser = syntax->parse};
	struct argp_child children[] = {
	    {&shared, 0, NULL, 0},
	    {syntax->parse ? &own : NULL, 0, NULL, 0},
	    {0},
	};
	struct argp argp = {.parser = parse_root,
	    .args_doc = syntax->arguments,
	    .doc = syntax->about,
	    .children = children};
	char name[64];

	choose_common(&root);
	options->command = syntax->name;
	options->config_path = CLI_CONFIG_DEFAULT;
	options->limit = syntax->limit ? syntax->limit : CLI_LIMIT_DEFAULT;
	snprintf(name, sizeof(name), "carepace %s", syntax->name);
	*exit_status = CLI_USAGE;
	error_t err = argp_parse(&argp, argc, argv, ARGP_NO_ERRS | ARGP_NO_HELP, NULL, &root);
	if (options->form && !options->is_said) {
		*exit_status = cli_describe(options->form, syntax, root.common);
		return false;
	}
	if (options->is_help && !options->is_said) {
		argp_help(&argp, stdout, ARGP_HELP_STD_HELP, name);
		*exit_status = CLI_OK;
		return false;
	}
	return err == 0;
}
