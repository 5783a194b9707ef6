/* log_input.h - a log file, entry by entry.
 *
 * Errors:  a sentence on stderr that names the file, and the byte where it went wrong.
 */
#ifndef CLI_LOG_INPUT_H
#define CLI_LOG_INPUT_H

#include "cli/options.h"
#include "wire/log_file.h"

#include <stdio.h>

struct log_input {
	const struct cli_options *options; /* who speaks */
	const char *path;
	FILE *file;
	int64_t size_bytes; /* 0: not known */
	struct log_reader reader;
	struct buf bytes; /* read, not taken yet */
};

/* Reads the head, too. False: said why. Close in either case. */
bool log_input_open(struct log_input *input, const struct cli_options *options, const char *path);
void log_input_close(struct log_input *input);

/* LOG_ENTRY: it is in input->reader.entry. LOG_MORE: that was the last one. LOG_BAD: said
 * why. */
enum log_what log_input_next(struct log_input *input);

#endif
