/* manual.h - manual pages and completions, from the same tables as --help.
 *
 * What:    `carepace help carepace.1`, `carepace.yaml.5`, `bash`, `zsh` print one each. A command
 *          describes itself when it gets the hidden option --describe=FORM: its syntax is where
 *          its options are. Pages are mdoc(7).
 */
#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H

#include "cli/commands.h"
#include "cli/options.h"

/* `carepace help [WORD]`. `first` as for cli_print_help(). */
int cli_help(int argc, char **argv, const struct cli_command *first);

/* One command, on stdout. `common`: the options that are not its own, ended by {0}. CLI_USAGE: no
 * such form. */
int cli_describe(
    const char *form, const struct cli_syntax *syntax, const struct argp_option *common);

/* A command that only leads to others, whose names are `words`. */
void cli_describe_words(const char *form, const char *name, const char *words);

#define CLI_DESCRIBE "--describe="

#endif
