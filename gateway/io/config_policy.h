/* config_policy.h - the clinic's own policy file: numbers of the checks, model
 * profiles, firmware rules, opening hours, the duty to report.
 *
 * What:   part of io/config. A YAML file becomes orders that the store keeps as inputs
 *         of the box (ledger/policies): versioned, in force from the moment when they
 *         were first read. A file is valid as a whole or refused.
 * Levels: what stands here goes before what head office sends.
 * Errors: as those of io/config, with file and line.
 * Memory: everything lies in the arena of the struct.
 */
#ifndef IO_CONFIG_POLICY_H
#define IO_CONFIG_POLICY_H

#include "base/arena.h"
#include "base/buf.h"
#include "ledger/ledger.h"

#define CONFIG_OWN_MAX 512

struct config_own {
	struct arena arena;
	struct ledger_own orders[CONFIG_OWN_MAX];
	size_t count;
};

/* Without a file (path NULL) everything is head office's and the defaults'. CP_OK, or CP_CONFIG
 * with at least one line appended to `faults`, CP_NOMEM. */
enum cp_err config_own_load(
    struct config_own *out, const char *path, struct buf *faults) CP_MUST_CHECK;
enum cp_err config_own_parse(
    struct config_own *out, const char *path, struct slice yaml, struct buf *faults) CP_MUST_CHECK;
void config_own_free(struct config_own *own);

#endif
