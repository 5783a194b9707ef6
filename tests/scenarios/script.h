/* script.h - the language of the scenarios: one line, one thing that happens.
 *
 * README.md explains it. A file is a list of cases; each runs in a clinic of
 * its own and fails at its first line that is wrong.
 */
#ifndef SCENARIOS_SCRIPT_H
#define SCENARIOS_SCRIPT_H

#include <stddef.h>

struct script_tally {
	size_t cases;
	size_t failed;
};

#define SCRIPT_BYTES_MAX (1 << 20)

/* The text of a file, from the heap; NULL if there is none. */
char *script_read(const char *path);

/* Prints PASS or FAIL for each case, or for the one that begins in a line (0: all).
 * `text` is changed. */
void script_run(const char *path, size_t only_line, char *text, struct script_tally *tally);

#endif
