/* one_file.h - a subcommand that works on one named file, with --force: backup, restore. */
#ifndef CLI_ONE_FILE_H
#define CLI_ONE_FILE_H

#include "cli/source.h"

#define ONE_FILE_KEY_FORCE 512

struct one_file {
	struct cli_options options;
	const char *file;
	const char *missing; /* what is said without one */
	bool is_forced;
};

/* For struct cli_syntax. */
error_t one_file_parse(int key, char *value, struct argp_state *state);

/* The whole of it; the store is found, not opened. */
typedef int one_file_fn(struct cli_source *source, const struct one_file *request);
int one_file_run(
    const struct cli_syntax *syntax, int argc, char **argv, const char *missing, one_file_fn *work);

#endif
