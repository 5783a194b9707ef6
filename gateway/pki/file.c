#include "pki/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static enum cp_err err_of_errno(void)
{
	switch (errno) {
	case ENOENT:
		return CP_NOTFOUND;
	case ENOSPC:
	case EDQUOT:
		return CP_NOSPACE;
	case EACCES:
	case EPERM:
	case ENOTDIR:
	case EISDIR:
	case ELOOP:
	case EROFS:
		return CP_CONFIG;
	default:
		return CP_IO;
	}
}

static enum cp_err fail(struct pki_error *error, const char *verb, const char *path)
{
	enum cp_err err = err_of_errno();

	return pki_fail(error, err, "cannot %s %s: %m", verb, path);
}

static enum cp_err read_whole(
    int fd, size_t size, const char *path, struct buf *out, struct pki_error *error)
{
	buf_init(out, size + 1);
	uint8_t *bytes = buf_extend(out, size + 1);
	if (!bytes)
		return pki_fail(error, CP_NOMEM, "no memory to read %s", path);

	size_t have = 0;
	while (have < size) {
		ssize_t n = read(fd, bytes + have, size - have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(error, "read", path);
		if (n == 0)
			break;
		have += (size_t)n;
	}
	bytes[have] = '\0';
	buf_trim(out, size + 1 - have);
	return CP_OK;
}

enum cp_err file_read(const char *path, size_t max_bytes, struct buf *out, struct pki_error *error)
{
	struct stat st;
	enum cp_err err = CP_OK;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*out = (struct buf){0};
	if (fd < 0)
		return fail(error, "open", path);
	if (fstat(fd, &st) < 0)
		err = fail(error, "look at", path);
	else if (!S_ISREG(st.st_mode))
		err = pki_fail(error, CP_CONFIG, "%s is not a file", path);
	else if ((uintmax_t)st.st_size > max_bytes)
		err = pki_fail(error, CP_CONFIG, "%s has more than %zu bytes", path, max_bytes);
	else
		err = read_whole(fd, (size_t)st.st_size, path, out, error);
	close(fd);
	if (err)
		buf_deinit(out);
	return err;
}

static bool write_all(int fd, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(fd, bytes.p, bytes.len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes = slice_from(bytes, (size_t)n);
	}
	return true;
}

enum cp_err file_replace(const char *path, mode_t mode, struct slice bytes, struct pki_error *error)
{
	char temp[PATH_MAX];
	int len = snprintf(temp, sizeof(temp), "%s.XXXXXX", path);

	if (len < 0 || (size_t)len >= sizeof(temp))
		return pki_fail(error, CP_CONFIG, "the path %.200s is too long", path);

	int fd = mkostemp(temp, O_CLOEXEC);
	if (fd < 0)
		return fail(error, "write beside", path);
	bool is_written = fchmod(fd, mode) == 0 && write_all(fd, bytes) && fsync(fd) == 0;
	enum cp_err err = is_written ? CP_OK : fail(error, "write", temp);
	close(fd);
	if (!err && rename(temp, path) < 0)
		err = fail(error, "replace", path);
	if (err)
		unlink(temp);
	return err;
}

enum cp_err file_sync_dir(const char *dir, struct pki_error *error)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail(error, "open", dir);
	enum cp_err err = fsync(fd) == 0 ? CP_OK : fail(error, "write", dir);
	close(fd);
	return err;
}

enum cp_err file_make_dir(const char *dir, struct pki_error *error)
{
	struct stat st;

	if (mkdir(dir, 0700) == 0)
		return CP_OK;
	if (errno != EEXIST)
		return fail(error, "make the directory", dir);
	if (stat(dir, &st) < 0)
		return fail(error, "look at", dir);
	if (!S_ISDIR(st.st_mode))
		return pki_fail(error, CP_CONFIG, "%s is not a directory", dir);
	return CP_OK;
}

bool file_is_credential(const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	size_t len = dir ? strlen(dir) : 0;

	return len > 0 && strncmp(path, dir, len) == 0 && path[len] == '/' && !strstr(path, "/../");
}

enum cp_err file_check_secret(const char *path, struct pki_error *error)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return fail(error, "look at", path);
	if (file_is_credential(path) || (st.st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return CP_OK;
	return pki_fail(error, CP_CONFIG,
	    "%s may be opened by others (mode %04o): run chmod 600 on it, and make a new key if "
	    "somebody could have read it",
	    path, st.st_mode & 07777u);
}

enum cp_err file_join(
    char out[PATH_MAX], const char *dir, const char *name, struct pki_error *error)
{
	int len = snprintf(out, PATH_MAX, "%s/%s", dir, name);

	if (len < 0 || len >= PATH_MAX)
		return pki_fail(error, CP_CONFIG, "the path %.200s is too long", dir);
	return CP_OK;
}

enum cp_err file_lock_dir(const char *dir, int *fd, struct pki_error *error)
{
	*fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (*fd < 0)
		return fail(error, "open", dir);
	while (flock(*fd, LOCK_EX) < 0) {
		if (errno == EINTR)
			continue;
		enum cp_err err = fail(error, "lock", dir);
		close(*fd);
		*fd = -1;
		return err;
	}
	return CP_OK;
}

void file_unlock(int fd)
{
	if (fd >= 0)
		close(fd);
}
