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

#define CLI_CONFIG_DEFAULT "/etc/carepace/carepace.yaml"

struct cli_options {
	const char *command; /* "alerts" */
	const char *config_path;
	const char *store_path; /* --store; NULL: the configuration's */
	bool is_config_given;
	bool is_json;
	bool is_help;
	bool is_said; /* what is wrong was said already */
};

enum {
	CLI_TAKES_CONFIG = 1 << 0, /* --config */
	CLI_TAKES_STORE = 1 << 1,  /* --store */
	CLI_TAKES_JSON = 1 << 2,   /* --json */
	CLI_TAKES_ALL = CLI_TAKES_CONFIG | CLI_TAKES_STORE | CLI_TAKES_JSON,
};

struct cli_syntax {
	const char *name;
	unsigned takes;                    /* CLI_TAKES_..., and always --help */
	const char *arguments;             /* "ALERT"; NULL: none */
	const char *about;                 /* a sentence or two */
	const struct argp_option *options; /* the subcommand's own, ended by {0}; may be NULL */
	argp_parser_t parse;               /* NULL: no options, no arguments. Its input is the
	                                    * caller's struct; unknown keys it passes on */
};

/* True: go on. False: return *exit_status (help was printed, or a sentence). */
bool cli_parse(const struct cli_syntax *syntax, int argc, char **argv, struct cli_options *options,
    int *exit_status);

/* "carepace alerts: ..." on stderr. Answers EINVAL, which a parser returns. */
error_t cli_wrong(struct cli_options *options, const char *format, ...) CP_PRINTF(2, 3);

/* The same for what is nobody's argument; the caller knows the exit status. */
void cli_say(const struct cli_options *options, const char *format, ...) CP_PRINTF(2, 3);

#endif
