/* restore_folder.h - a prepared store takes the place of the present one: both or neither.
 *
 * How:     a restore prepares files in a folder of its own beside the store. One rename, of
 *          that folder to RESTORE_DECIDED<stamp>, decides: before it the store is the former one,
 *          after it the new one. What is left to do then, by anybody who holds the store's
 *          folder, can be done again after it was cut short: what has a new one is moved
 *          to RESTORE_FORMER<stamp>, never deleted, and the new ones into its place.
 * Store:   with its log, which belongs to it and to no other.
 * Lock:    the folder's must be held (io/folder.h).
 * Errors:  `why` is one sentence.
 */
#ifndef IO_RESTORE_FOLDER_H
#define IO_RESTORE_FOLDER_H

#include "base/err.h"

#include <limits.h>
#include <sys/types.h>

#define RESTORE_PREPARED "restoring"
#define RESTORE_DECIDED "restored-"
#define RESTORE_FORMER "before-restore-"

enum restore_end {
	RESTORE_NONE,       /* there was nothing to do */
	RESTORE_TAKEN_BACK, /* one had not come to its decision: what it had prepared is gone */
	RESTORE_DONE
};

/* An empty folder to prepare the files in. */
enum cp_err restore_prepare(
    const char *folder, char prepared[PATH_MAX], char why[256]) CP_MUST_CHECK;

/* What was prepared is the store from now on. stamp: a date, part of a name. */
enum cp_err restore_decide(const char *folder, const char *stamp, char why[256]) CP_MUST_CHECK;

/* Before a store is opened. `former` is where the one before lies now; "": there was none. */
enum cp_err restore_settle(
    const char *folder, enum restore_end *end, char former[PATH_MAX], char why[256]) CP_MUST_CHECK;

/* What root makes in the folder is its owner's. */
void restore_give(const char *folder, const char *path);

#endif
