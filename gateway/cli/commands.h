/* commands.h - the subcommands of `carepace`, in one table, and their answers.
 *
 * Every entry takes its own argv: argv[0] is the subcommand's name. It writes
 * results to stdout, one plain sentence about trouble to stderr, and returns an
 * exit status. `run` is the shell's and is added by main.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include <stddef.h>
#include <stdio.h>

/* The one place that says what an exit status means.
 *
 * CLI_FOUND: verify, what-if: differences; check-config: faults; status: not green; doctor, setup,
 * pki: something failed; why, --device, --client: there is no such one; acknowledge: nor that, or
 * nothing to acknowledge; recall: the lot was used,
 * or one that is written almost alike. */
enum cli_exit {
	CLI_OK = 0,
	CLI_FOUND = 1,
	CLI_USAGE = 2,         /* a wrong argument */
	CLI_UNREADABLE = 3,    /* configuration or store cannot be read, output not written */
	CLI_INTERRUPTED = 130, /* by Ctrl-C, as shells have it */
};

struct cli_command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help; /* one line */
};

extern const struct cli_command cli_commands[];
extern const size_t cli_command_count;

/* NULL when there is no such subcommand. */
const struct cli_command *cli_find(const char *name);

/* For `carepace` and `carepace help`. `first` stands before the table's own
 * entries: main's `run`; NULL is allowed. */
void cli_print_help(FILE *out, const struct cli_command *first);

/* One sentence on stderr, with the nearest name if there is one. CLI_USAGE. */
int cli_unknown(const char *name);

int cli_status(int argc, char **argv);
int cli_tail(int argc, char **argv);
int cli_alerts(int argc, char **argv);
int cli_why(int argc, char **argv);
int cli_acknowledge(int argc, char **argv);
int cli_devices(int argc, char **argv);
int cli_clients(int argc, char **argv);
int cli_cartridges(int argc, char **argv);
int cli_recall(int argc, char **argv);
int cli_sessions(int argc, char **argv);
int cli_verify(int argc, char **argv);
int cli_what_if(int argc, char **argv);
int cli_export(int argc, char **argv);
int cli_replay(int argc, char **argv);
int cli_backup(int argc, char **argv);
int cli_restore(int argc, char **argv);
int cli_checks(int argc, char **argv);
int cli_parked(int argc, char **argv);
int cli_counts(int argc, char **argv);
int cli_example_config(int argc, char **argv);
int cli_check_config(int argc, char **argv);
int cli_doctor(int argc, char **argv);
int cli_setup(int argc, char **argv);
int cli_support_bundle(int argc, char **argv);

#endif
