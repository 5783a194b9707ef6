/* backup.h - a copy of the store, made beside the gateway that writes it; a store from a copy.
 *
 * What:    one file of SQLite that every `carepace` command reads: the store as it was at one
 *          moment between two batches. So what was acknowledged before the copy began is in
 *          it. With it, in table `meta`, the key of the box, which lies beside the store and
 *          without which clients who were forgotten would not be known again elsewhere.
 * Log:     the moment is held by a read transaction. While it lasts the write-ahead log cannot
 *          begin anew and grows by what the gateway writes, by log_bytes_max at most: then the
 *          copy is given up (CP_BUSY). The next checkpoint begins the log anew; its file keeps
 *          the size that it has reached, until the gateway stops.
 * Written: not durably. Whoever calls syncs the file and names it.
 * Errors:  `why` (256 bytes) is one sentence that names neither file. CP_NOSPACE: the disk of
 *          the copy is full. CP_INVALID: the caller did not want to go on.
 */
#ifndef LEDGER_BACKUP_H
#define LEDGER_BACKUP_H

#include "base/hash.h"
#include "base/time.h"
#include "ledger/view/view.h"

struct backup_watch {
	/* Asked some times a second; false: stop. total 0: how long it takes is not known. */
	bool (*goes_on)(void *ctx, int64_t done, int64_t total);
	void *ctx;
};

struct backup_source {
	const char *path; /* of the store */
	int64_t log_bytes_max;
	const uint8_t *box_key; /* NULL: the box has none yet */
	wall_ms now;
	const char *version; /* of the program */
};

/* How many bytes a copy would have, at most. */
enum cp_err backup_measure(const char *path, int64_t *bytes, char why[256]) CP_MUST_CHECK;

/* `to` is an empty file. Ends with SQLite's quick_check of the copy. */
enum cp_err backup_make(const struct backup_source *from, const char *to,
    const struct backup_watch *watch, char why[256]) CP_MUST_CHECK;

/* What a file says of itself. */
struct backup_facts {
	char site[VIEW_META_BYTES];
	wall_ms made_at;
	bool has_key;
	uint8_t box_key[HASH_BYTES];
};

/* Cheap: it does not read the file as a whole. CP_CORRUPT: damaged, or no backup; CP_NEWER. */
enum cp_err backup_look(const char *path, struct backup_facts *out, char why[256]) CP_MUST_CHECK;

/* A copy of a backup becomes a store that ledger_open() knows as restored (ledger/restored.h),
 * if SQLite's quick_check finds nothing wrong. site: whose it is from now on; "": as it says. */
enum cp_err backup_open_as_store(const char *path, const char *site, wall_ms now,
    const struct backup_watch *watch, char why[256]) CP_MUST_CHECK;

#endif
