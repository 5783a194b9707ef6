/* folder.h - the store's folder: made durably, held by one process at a time.
 *
 * What:   makes it with mode 0700 when it is missing and syncs the entry in its
 *         parent, then locks the file "lock" in it. The kernel lets the lock go
 *         with the process, so a crash leaves nothing to clean up.
 * Errors: CP_BUSY: another gateway runs on it; CP_IO: the disk is full, failing or
 *         read-only; CP_CONFIG: cannot be made or is not ours to write. `why` is one
 *         sentence for people.
 */
#ifndef IO_FOLDER_H
#define IO_FOLDER_H

#include "base/err.h"

#include <stdbool.h>

/* *lock is what folder_release() takes. */
enum cp_err folder_hold(const char *path, int *lock, char why[256]) CP_MUST_CHECK;
void folder_release(int lock); /* -1: nothing is held */

/* Could this process hold it? Changes nothing. CP_OK, CP_NOTFOUND (it would be made), or what
 * folder_hold() would say. */
enum cp_err folder_look(const char *path, char why[256]) CP_MUST_CHECK;

/* Does a process hold it? Only looks, so that nobody who wants to hold it is in the way. */
bool folder_is_held(const char *path);

#endif
