#include "io/restore_folder.h"

#include "ledger/view/view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* `path` of `name` in a folder, for as long as names fit. */
static void join(char out[PATH_MAX], const char *folder, const char *name)
{
	int len = snprintf(out, PATH_MAX, "%s/%s", folder, name);

	if (len < 0 || len >= PATH_MAX)
		out[0] = '\0'; /* no file: ENOENT */
}

static enum cp_err fail(char why[256], const char *what, const char *path)
{
	enum cp_err err = errno == ENOSPC || errno == EDQUOT ? CP_NOSPACE : CP_IO;

	snprintf(why, 256, "cannot %s %.120s (%s)", what, path, strerror(errno));
	return err;
}

static enum cp_err sync_folder(const char *path, char why[256])
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum cp_err err = fd >= 0 && fsync(fd) == 0 ? CP_OK : fail(why, "sync the folder", path);

	if (fd >= 0)
		close(fd);
	return err;
}

void restore_give(const char *folder, const char *path)
{
	struct stat st;

	/* Who may not give it away has made it as its owner. */
	if (stat(folder, &st) == 0 && lchown(path, st.st_uid, st.st_gid) != 0)
		return;
}

/* The name of an entry that begins so; "": there is none. */
static void find(const char *folder, const char *prefix, char name[NAME_MAX + 1])
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;

	name[0] = '\0';
	while (dir && !name[0] && (entry = readdir(dir)))
		if (strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			snprintf(name, NAME_MAX + 1, "%s", entry->d_name);
	if (dir)
		closedir(dir);
}

/* --- prepare and decide -------------------------------------------------------------------- */

static enum cp_err remove_folder(const char *path, char why[256])
{
	DIR *dir = opendir(path);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (entry->d_type != DT_DIR && unlinkat(dirfd(dir), entry->d_name, 0) < 0)
			break; /* rmdir() says why */
	if (dir)
		closedir(dir);
	return rmdir(path) == 0 || errno == ENOENT ? CP_OK : fail(why, "remove", path);
}

enum cp_err restore_prepare(const char *folder, char prepared[PATH_MAX], char why[256])
{
	join(prepared, folder, RESTORE_PREPARED);
	enum cp_err err = remove_folder(prepared, why);
	if (!err && mkdir(prepared, S_IRWXU) < 0)
		err = fail(why, "make the folder", prepared);
	if (!err)
		restore_give(folder, prepared);
	return err;
}

enum cp_err restore_decide(const char *folder, const char *stamp, char why[256])
{
	char prepared[PATH_MAX];
	char decided[PATH_MAX];
	char former[PATH_MAX];
	char name[NAME_MAX + 1];

	join(prepared, folder, RESTORE_PREPARED);
	snprintf(name, sizeof(name), RESTORE_FORMER "%s", stamp);
	join(former, folder, name);
	snprintf(name, sizeof(name), RESTORE_DECIDED "%s", stamp);
	join(decided, folder, name);
	if (access(former, F_OK) == 0) {
		snprintf(why, 256, "%.120s exists; try again in a second", former);
		return CP_BUSY;
	}
	enum cp_err err = sync_folder(prepared, why);
	if (!err && rename(prepared, decided) < 0)
		err = fail(why, "rename", prepared);
	return err ? err : sync_folder(folder, why);
}

/* --- settle -------------------------------------------------------------------------------- */

struct change {
	const char *folder;
	const char *decided;
	const char *former;
	char *why;
};

static enum cp_err move(
    const struct change *change, const char *from, const char *to, const char *name)
{
	char old[PATH_MAX];
	char new[PATH_MAX];

	join(old, from, name);
	join(new, to, name);
	return rename(old, new) == 0 || errno == ENOENT ? CP_OK : fail(change->why, "move", old);
}

static bool has(const char *folder, const char *name)
{
	char path[PATH_MAX];

	join(path, folder, name);
	return access(path, F_OK) == 0;
}

/* The store comes last: as long as it lies there, everything else may have to be done again. */
static enum cp_err change_others(const struct change *change)
{
	DIR *dir = opendir(change->decided);
	const struct dirent *entry;
	enum cp_err err = dir ? CP_OK : fail(change->why, "read", change->decided);

	while (!err && (entry = readdir(dir))) {
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, LEDGER_FILE_NAME) == 0)
			continue;
		err = move(change, change->folder, change->former, entry->d_name);
		if (!err)
			err = move(change, change->decided, change->folder, entry->d_name);
	}
	if (dir)
		closedir(dir);
	return err;
}

static enum cp_err change_store(const struct change *change)
{
	static const char *const names[] = {
	    LEDGER_FILE_NAME, LEDGER_FILE_NAME "-wal", LEDGER_FILE_NAME "-shm"};
	enum cp_err err = CP_OK;

	for (size_t i = 0; !err && i < CP_COUNT(names); i++)
		err = move(change, change->folder, change->former, names[i]);
	if (!err)
		err = sync_folder(change->former, change->why);
	if (!err)
		err = sync_folder(change->folder, change->why); /* no new store beside an old log */
	if (!err)
		err = move(change, change->decided, change->folder, LEDGER_FILE_NAME);
	return err ? err : sync_folder(change->folder, change->why);
}

static enum cp_err change_all(const struct change *change)
{
	enum cp_err err = CP_OK;

	if (has(change->decided, LEDGER_FILE_NAME)) {
		if (mkdir(change->former, S_IRWXU) < 0 && errno != EEXIST)
			return fail(change->why, "make the folder", change->former);
		restore_give(change->folder, change->former);
		err = change_others(change);
		if (!err)
			err = change_store(change);
	}
	if (!err && rmdir(change->decided) < 0)
		err = fail(change->why, "remove", change->decided);
	return err;
}

enum cp_err restore_settle(
    const char *folder, enum restore_end *end, char former[PATH_MAX], char why[256])
{
	char name[NAME_MAX + 1];
	char path[PATH_MAX];

	*end = RESTORE_NONE;
	former[0] = '\0';
	join(path, folder, RESTORE_PREPARED);
	if (access(path, F_OK) == 0) {
		*end = RESTORE_TAKEN_BACK;
		return remove_folder(path, why);
	}
	find(folder, RESTORE_DECIDED, name);
	if (!name[0])
		return CP_OK;
	*end = RESTORE_DONE;
	join(path, folder, name);
	char aside[NAME_MAX + sizeof(RESTORE_FORMER)];
	snprintf(aside, sizeof(aside), RESTORE_FORMER "%s", name + strlen(RESTORE_DECIDED));
	join(former, folder, aside);
	struct change change = {folder, path, former, why};
	enum cp_err err = change_all(&change);
	if (!err && rmdir(former) == 0) /* there was nothing before */
		former[0] = '\0';
	return err;
}
