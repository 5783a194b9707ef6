/* options.h - what every subcommand understands, and how it says no.
 *
 * What:    argp parses; a wrong argument gets one plain sentence on stderr
 *          instead of argp's usage text.
 * Use:     a subcommand's own struct begins with a struct cli_options.
 */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include "base/err.h"

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#define CLI_CONFIG_DEFAULT "/etc/carepace/carepace.yaml"

#define CLI_LIMIT_DEFAULT 50
#define CLI_LIMIT_MAX 10000

struct cli_options {
	const char *command; /* "alerts" */
	const char *config_path;
	const char *store_path; /* --store; NULL: the configuration's */
	const char *since;      /* YYYY-MM-DD as written; NULL: not given; with it: */
	int32_t since_day;
	unsigned limit; /* rows of a list, CLI_LIMIT_DEFAULT unless given */
	int64_t after;  /* where the page before ended; 0: the first page */
	bool is_config_given;
	bool is_json;
	const char *form; /* of --describe; NULL: not asked */
	bool is_help;
	bool is_said; /* what is wrong was said already */
};

enum {
	CLI_TAKES_CONFIG = 1 << 0, /* --config */
	CLI_TAKES_STORE = 1 << 1,  /* --store */
	CLI_TAKES_JSON = 1 << 2,   /* --json */
	CLI_TAKES_SINCE = 1 << 3,  /* --since */
	CLI_TAKES_LIMIT = 1 << 4,  /* --limit */
	CLI_TAKES_AFTER = 1 << 5,  /* --after */
	CLI_TAKES_PAGE = CLI_TAKES_LIMIT | CLI_TAKES_AFTER,
	CLI_TAKES_ALL = CLI_TAKES_CONFIG | CLI_TAKES_STORE | CLI_TAKES_JSON,
};

struct cli_syntax {
	const char *name;
	unsigned takes;                    /* CLI_TAKES_..., and always --help */
	unsigned limit;                    /* rows without --limit; 0: CLI_LIMIT_DEFAULT */
	const char *arguments;             /* "ALERT"; NULL: none */
	const char *about;                 /* a sentence or two */
	const struct argp_option *options; /* the subcommand's own, ended by {0}; may be NULL */
	argp_parser_t parse;               /* NULL: no options, no arguments. Its input is the
	                                    * caller's struct; unknown keys it passes on */
};

/* True: go on. False: return *exit_status (help was printed, or a sentence). */
bool cli_parse(const struct cli_syntax *syntax, int argc, char **argv, struct cli_options *options,
    int *exit_status);

/* The --limit to offer to who wants to see more. */
unsigned cli_limit_more(const struct cli_options *options);

/* "2026-09-14". */
error_t cli_take_day(struct cli_options *options, const char *text, int32_t *out);

/* Of --NAME: 1 to max. */
error_t cli_take_number(
    struct cli_options *options, const char *name, const char *text, int64_t max, int64_t *out);

/* "carepace alerts: ..." on stderr. Answers EINVAL, which a parser returns. */
error_t cli_wrong(struct cli_options *options, const char *format, ...) CP_PRINTF(2, 3);

/* The same for what is nobody's argument; the caller knows the exit status. */
void cli_say(const struct cli_options *options, const char *format, ...) CP_PRINTF(2, 3);

#endif
