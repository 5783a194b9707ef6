/* config_fault.h - everything that is wrong with one file, in its order.
 *
 * What:    part of io/config: collects faults by line, prints them as
 *          "path:line: text".
 * Memory:  struct config_faults is the caller's (50 kB: not for the stack).
 * Limit:   CONFIG_FAULTS_MAX are kept, the rest is counted (P6, P8).
 */
#ifndef IO_CONFIG_FAULT_H
#define IO_CONFIG_FAULT_H

#include "base/buf.h"

#define CONFIG_FAULTS_MAX 100
#define CONFIG_FAULT_BYTES 512

struct config_fault {
	unsigned line;
	char text[CONFIG_FAULT_BYTES];
};

struct config_faults {
	struct config_fault list[CONFIG_FAULTS_MAX];
	size_t count;
	size_t hidden_count;
};

void config_fault_add(struct config_faults *faults, unsigned line, const char *format, ...)
    CP_PRINTF(3, 4);

/* What does not fit into `out` is left out. */
void config_faults_print(const struct config_faults *faults, const char *path, struct buf *out);

#endif
