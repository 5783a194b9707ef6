#include "io/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_FILE "%s/lock"

/* Without it a power cut may take the new folder away with everything in it. */
static int sync_parent(const char *path)
{
	char parent[512];
	snprintf(parent, sizeof(parent), "%s/..", path);
	int fd = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	int result = fsync(fd);
	close(fd);
	return result;
}

static enum cp_err err_of(int error)
{
	bool is_disk = error == EIO || error == EROFS || error == ENOSPC || error == EDQUOT;

	return is_disk ? CP_IO : CP_CONFIG;
}

static enum cp_err cannot_write(const char *path, int error, char why[256])
{
	snprintf(why, 256, "cannot write in the folder %s (%s); check store.path and its owner",
	    path, strerror(error));
	return err_of(error);
}

static enum cp_err cannot_make(const char *path, int error, char why[256])
{
	snprintf(why, 256, "cannot make the folder %s (%s); check store.path and its owner", path,
	    strerror(error));
	return err_of(error);
}

enum cp_err folder_look(const char *path, char why[256])
{
	char parent[512];

	if (access(path, R_OK | W_OK | X_OK) == 0)
		return CP_OK;
	if (errno != ENOENT)
		return cannot_write(path, errno, why);
	const char *slash = strrchr(path, '/');
	snprintf(
	    parent, sizeof(parent), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	if (access(*parent ? parent : "/", W_OK | X_OK))
		return cannot_make(path, errno, why);
	return CP_NOTFOUND;
}

enum cp_err folder_hold(const char *path, int *lock, char why[256])
{
	char file[512];

	*lock = -1;
	if (mkdir(path, 0700) == 0) {
		if (sync_parent(path)) {
			int error = errno;
			snprintf(why, 256, "cannot sync the folder that holds %s (%s)", path,
			    strerror(error));
			return err_of(error);
		}
	} else if (errno != EEXIST) {
		return cannot_make(path, errno, why);
	}

	snprintf(file, sizeof(file), LOCK_FILE, path);
	int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return cannot_write(path, errno, why);
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		snprintf(why, 256, "another gateway runs on the store in %s; stop it first", path);
		close(fd);
		return CP_BUSY;
	}
	*lock = fd;
	return CP_OK;
}

void folder_release(int lock)
{
	if (lock >= 0)
		close(lock);
}

/* "1: FLOCK  ADVISORY  WRITE 3908 00:1b:2538391 0 EOF": the last number is the file's. */
bool folder_is_held(const char *path)
{
	FILE *locks = fopen("/proc/locks", "re");
	char file[512];
	char line[256];
	struct stat st;
	bool is_held = false;

	snprintf(file, sizeof(file), LOCK_FILE, path);
	bool is_there = stat(file, &st) == 0;
	while (locks && is_there && !is_held && fgets(line, sizeof(line), locks)) {
		uintmax_t inode;
		is_held = strstr(line, "FLOCK") &&
		          sscanf(line, "%*s %*s %*s %*s %*s %*x:%*x:%" SCNuMAX, &inode) == 1 &&
		          inode == st.st_ino;
	}
	if (locks)
		fclose(locks);
	return is_held;
}
