/* last_backup.h - when the store was last backed up, for whoever looks after the box.
 *
 * What:   a file "last-backup" beside the store: moment, size and place of the last backup
 *         that succeeded, in one line that people can read. It says what this box did, and
 *         is in no backup.
 * Errors: nobody depends on it; what cannot be read is none.
 */
#ifndef IO_LAST_BACKUP_H
#define IO_LAST_BACKUP_H

#include "base/time.h"
#include "pki/error.h"

#include <limits.h>

#define LAST_BACKUP_FILE_NAME "last-backup"

struct last_backup {
	wall_ms at; /* 0: none is known */
	int64_t bytes;
	char file[PATH_MAX]; /* as it was named */
};

void last_backup_load(const char *folder, struct last_backup *out);
enum cp_err last_backup_save(
    const char *folder, const struct last_backup *last, struct pki_error *error) CP_MUST_CHECK;

#endif
