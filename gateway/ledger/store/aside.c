#include "ledger/store/aside.h"

#include "ledger/store/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TRIES_MAX 100

static const char *with(char out[ASIDE_NAME_BYTES], const char *path, const char *suffix)
{
	snprintf(out, ASIDE_NAME_BYTES, "%s%s", path, suffix);
	return out;
}

/* One that nobody has. */
static bool choose_name(const char *path, wall_ms now, char to[ASIDE_NAME_BYTES])
{
	time_t at = (time_t)(now / MS_PER_SECOND);
	char log[ASIDE_NAME_BYTES];
	char when[32];
	struct tm tm;

	if (!gmtime_r(&at, &tm) || !strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm))
		return false;
	snprintf(to, ASIDE_NAME_BYTES, "%s.damaged-%s", path, when);
	for (int i = 2; access(to, F_OK) == 0 || access(with(log, to, "-wal"), F_OK) == 0; i++) {
		if (i > TRIES_MAX)
			return false;
		snprintf(to, ASIDE_NAME_BYTES, "%s.damaged-%s.%d", path, when, i);
	}
	return true;
}

/* The store before its log: a crash in between leaves a log alone, which is found, and never a
 * store that seems whole without it. */
enum cp_err aside_put(
    const char *path, wall_ms now, char to[ASIDE_NAME_BYTES], char *why, size_t why_bytes)
{
	char log[ASIDE_NAME_BYTES];
	char other_log[ASIDE_NAME_BYTES];
	char index[ASIDE_NAME_BYTES];

	bool is_done = choose_name(path, now, to) && (rename(path, to) == 0 || errno == ENOENT) &&
	               (rename(with(log, path, "-wal"), with(other_log, to, "-wal")) == 0 ||
	                   errno == ENOENT) &&
	               (unlink(with(index, path, "-shm")) == 0 || errno == ENOENT) &&
	               files_sync_folder_of(path);
	if (is_done)
		return CP_OK;
	snprintf(
	    why, why_bytes, "is damaged and cannot be set aside as %s: %s", to, strerror(errno));
	return CP_IO;
}

static int64_t bytes_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_size : 0;
}

bool aside_is_log_alone(const char *path)
{
	char log[ASIDE_NAME_BYTES];

	return bytes_of(path) == 0 && bytes_of(with(log, path, "-wal")) > 0;
}

/* --- the mark ------------------------------------------------------------------------------ */

#define MARK ".check"

/* What cannot be marked is checked when it is come upon again. */
void aside_ask_check(const char *path)
{
	char mark[ASIDE_NAME_BYTES];
	int fd = open(with(mark, path, MARK), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	close(fd);
	(void)files_sync_folder_of(path);
}

bool aside_is_check_asked(const char *path)
{
	char mark[ASIDE_NAME_BYTES];

	return access(with(mark, path, MARK), F_OK) == 0;
}

void aside_check_done(const char *path)
{
	char mark[ASIDE_NAME_BYTES];

	unlink(with(mark, path, MARK));
}
