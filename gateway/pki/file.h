/* file.h - keys, certificates and the registry on disk.
 *
 * What:    reads whole files; replaces them so that a reader or a power cut
 *          sees the old one or the new one (temp, fsync, rename, fsync of the
 *          directory).
 * Modes:   directories 0700, files with the mode asked for whatever the umask.
 * Errors:  CP_NOTFOUND, CP_NOSPACE, CP_IO, CP_CONFIG (refused mode, too large).
 */
#ifndef PKI_FILE_H
#define PKI_FILE_H

#include "base/buf.h"
#include "pki/error.h"

#include <limits.h>
#include <sys/types.h>

/* The whole file, NUL-ended behind buf->len: mbedTLS wants that for PEM. */
enum cp_err file_read(
    const char *path, size_t max_bytes, struct buf *out, struct pki_error *error) CP_MUST_CHECK;

/* Durable at once, except for the name: call file_sync_dir() after the last
 * file of a group. */
enum cp_err file_replace(
    const char *path, mode_t mode, struct slice bytes, struct pki_error *error) CP_MUST_CHECK;
enum cp_err file_sync_dir(const char *dir, struct pki_error *error) CP_MUST_CHECK;

/* Made 0700 if it is not there; its parent must be. */
enum cp_err file_make_dir(const char *dir, struct pki_error *error) CP_MUST_CHECK;

/* Refuses a secret that group or others may open. Inside $CREDENTIALS_DIRECTORY
 * systemd is trusted: its files are 0440 on Debian 13. */
enum cp_err file_check_secret(const char *path, struct pki_error *error) CP_MUST_CHECK;

/* Whether it lies there: then systemd made it, at the start of the service. */
bool file_is_credential(const char *path);

/* CP_CONFIG when it does not fit. */
enum cp_err file_join(
    char out[PATH_MAX], const char *dir, const char *name, struct pki_error *error) CP_MUST_CHECK;

/* One writer per directory: *fd is closed by file_unlock(). Waits. */
enum cp_err file_lock_dir(const char *dir, int *fd, struct pki_error *error) CP_MUST_CHECK;
void file_unlock(int fd);

#endif
