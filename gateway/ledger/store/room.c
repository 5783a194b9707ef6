#include "ledger/store/room.h"

#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define PAGE_BYTES 4096 /* SQLite's, for every store that we make */
#define LOG_PAGES_MAX 8000
#define LOG_PAGES_MIN 64
#define MEGABYTE 1000000

/* -1: cannot be known. */
static int64_t free_bytes(const char *path)
{
	struct statvfs fs;

	if (statvfs(path, &fs) < 0)
		return -1;
	return (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
}

static int64_t file_bytes(const char *path, const char *suffix)
{
	char name[600];
	struct stat st;

	snprintf(name, sizeof(name), "%s%s", path, suffix);
	return stat(name, &st) < 0 ? 0 : (int64_t)st.st_size;
}

static int64_t at_least_zero(int64_t bytes)
{
	return bytes > 0 ? bytes : 0;
}

int room_log_pages_max(const struct ledger *ledger)
{
	int64_t pages = ledger->config.reserve_bytes / ROOM_LOG_SHARE / PAGE_BYTES;

	if (pages == 0 || pages > LOG_PAGES_MAX)
		return LOG_PAGES_MAX;
	return pages < LOG_PAGES_MIN ? LOG_PAGES_MIN : (int)pages;
}

static int64_t room_of(struct ledger *ledger, int64_t free)
{
	const char *path = ledger->config.path;
	struct db *db = &ledger->db;
	int64_t reserve = ledger->config.reserve_bytes;
	int64_t pages = db_value(db, 0, "PRAGMA freelist_count", "") * PAGE_BYTES;
	int64_t debt = at_least_zero(
	    db_value(db, 0, "PRAGMA page_count", "") * PAGE_BYTES - file_bytes(path, ""));
	int64_t log = at_least_zero(
	    (int64_t)room_log_pages_max(ledger) * PAGE_BYTES - file_bytes(path, "-wal"));
	int64_t with_pages = free + pages - debt - reserve;
	int64_t without = free - debt - log;

	ledger->room.is_none = free - debt < reserve / ROOM_LAST_SHARE;
	return with_pages < without ? with_pages : without;
}

void room_measure(struct ledger *ledger)
{
	int64_t reserve = ledger->config.reserve_bytes;
	bool was_short = ledger->room.lacking_bytes > 0;

	if (!ledger->config.path || reserve == 0 || ledger->db.err)
		return;
	int64_t free = free_bytes(ledger->config.path);
	ledger->room = (struct room){0};
	/* Nearly always: then the rest cannot matter, the debt is within the log. */
	if (free < 0 || free > 4 * reserve)
		return;
	int64_t wanted = was_short ? reserve / ROOM_BACK_SHARE : 0;
	ledger->room.lacking_bytes = at_least_zero(wanted - room_of(ledger, free));
}

void ledger_disk(const char *path, int64_t *used_bytes, int64_t *total_bytes)
{
	struct statvfs fs;

	*used_bytes = *total_bytes = 0;
	if (statvfs(path, &fs) < 0)
		return;
	*used_bytes = (int64_t)(fs.f_blocks - fs.f_bfree) * (int64_t)fs.f_frsize;
	*total_bytes = *used_bytes + (int64_t)fs.f_bavail * (int64_t)fs.f_frsize;
}

bool ledger_has_room(const char *folder, int64_t reserve_bytes, int64_t *lacking_bytes)
{
	int64_t free = free_bytes(folder);

	*lacking_bytes = free < 0 ? 0 : at_least_zero(reserve_bytes / ROOM_BACK_SHARE - free);
	return *lacking_bytes == 0;
}

const char *ledger_full_text(char out[LEDGER_FULL_BYTES], int64_t lacking_bytes, const char *folder)
{
	snprintf(out, LEDGER_FULL_BYTES,
	    "the disk is full: %" PRId64
	    " MB must be freed where %.150s lies (df -h says what fills "
	    "it)",
	    (lacking_bytes + MEGABYTE - 1) / MEGABYTE, folder);
	return out;
}
