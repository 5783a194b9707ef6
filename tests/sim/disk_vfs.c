/* disk_vfs.c - SQLite's door to the disk: its default VFS, as its own for Unix is, with locks
 * and shared memory for connections of one thread. */
#include "disk_vfs.h"

#include "base/err.h"
#include "disk.h"
#include "io/clock.h"

#include <sqlite3.h>

#include <stdlib.h>
#include <string.h>

#define SECTOR_BYTES 4096 /* as SQLite says of Unix */
#define PATH_BYTES 512
#define JULIAN_1970_MS INT64_C(210866760000000)
#define SHARES_MAX 8
#define REGIONS_MAX 64
#define SLOTS SQLITE_SHM_NLOCK

/* What the connections to one file share; ends with the life in which it was opened. */
struct share {
	const struct disk_file *file;
	uint64_t life;
	unsigned users;
	unsigned readers;   /* hold SHARED or more */
	const void *writer; /* holds RESERVED or more */
	const void *sole;   /* holds EXCLUSIVE */
	void *regions[REGIONS_MAX];
	unsigned shared[SLOTS];
	const void *exclusive[SLOTS];
};

struct handle {
	sqlite3_file base;
	struct disk_file *file;
	struct share *share; /* NULL: it has no name */
	uint64_t life;
	int lock;
	uint16_t shm_shared; /* bits of the slots that it holds */
};

static struct share shares[SHARES_MAX];
static const struct sqlite3_io_methods methods;

static struct handle *handle_of(sqlite3_file *base)
{
	return (struct handle *)(void *)base;
}

static bool is_stale(const struct handle *handle)
{
	return disk_is_dead() || handle->life != disk_life();
}

static int code_of(enum disk_result result, int otherwise)
{
	if (result == DISK_OK)
		return SQLITE_OK;
	return result == DISK_FULL ? SQLITE_FULL : otherwise;
}

/* --- shares ---------------------------------------------------------------------------- */

static void free_regions(struct share *share)
{
	for (size_t i = 0; i < REGIONS_MAX; i++) {
		free(share->regions[i]);
		share->regions[i] = NULL;
	}
}

static struct share *share_of(const struct disk_file *file)
{
	struct share *unused = NULL;

	for (size_t i = 0; i < SHARES_MAX; i++) {
		struct share *share = &shares[i];
		if (share->users && share->file == file && share->life == disk_life()) {
			share->users++;
			return share;
		}
		if (!share->users)
			unused = share;
	}
	CP_CHECK(unused);
	*unused = (struct share){.file = file, .life = disk_life(), .users = 1};
	return unused;
}

static void leave_share(struct share *share)
{
	if (--share->users == 0)
		free_regions(share);
}

/* --- a file ------------------------------------------------------------------------------ */

static int unlock(sqlite3_file *base, int level)
{
	struct handle *handle = handle_of(base);
	struct share *share = handle->share;

	if (!share || handle->lock <= level)
		return SQLITE_OK;
	if (share->sole == handle)
		share->sole = NULL;
	if (share->writer == handle && level < SQLITE_LOCK_RESERVED)
		share->writer = NULL;
	share->readers -= level == SQLITE_LOCK_NONE;
	handle->lock = level;
	return SQLITE_OK;
}

static int lock(sqlite3_file *base, int level)
{
	struct handle *handle = handle_of(base);
	struct share *share = handle->share;

	if (is_stale(handle))
		return SQLITE_IOERR_LOCK;
	if (!share || handle->lock >= level)
		return SQLITE_OK;
	if (share->sole ||
	    (level >= SQLITE_LOCK_RESERVED && share->writer && share->writer != handle))
		return SQLITE_BUSY;
	if (level == SQLITE_LOCK_EXCLUSIVE && share->readers > 1)
		return SQLITE_BUSY;
	share->readers += handle->lock == SQLITE_LOCK_NONE;
	if (level >= SQLITE_LOCK_RESERVED)
		share->writer = handle;
	if (level == SQLITE_LOCK_EXCLUSIVE)
		share->sole = handle;
	handle->lock = level;
	return SQLITE_OK;
}

static int is_reserved(sqlite3_file *base, int *out)
{
	*out = handle_of(base)->share && handle_of(base)->share->writer;
	return SQLITE_OK;
}

static int close_file(sqlite3_file *base)
{
	struct handle *handle = handle_of(base);

	unlock(base, SQLITE_LOCK_NONE);
	if (handle->share)
		leave_share(handle->share);
	else
		disk_close_nameless(handle->file);
	return SQLITE_OK;
}

static int read_file(sqlite3_file *base, void *out, int len, sqlite3_int64 at)
{
	struct handle *handle = handle_of(base);

	if (handle->share && is_stale(handle))
		return SQLITE_IOERR_READ;
	size_t there = disk_read(handle->file, (size_t)at, (size_t)len, out);
	if (there == (size_t)len)
		return SQLITE_OK;
	memset((char *)out + there, 0, (size_t)len - there);
	return SQLITE_IOERR_SHORT_READ;
}

static int write_file(sqlite3_file *base, const void *bytes, int len, sqlite3_int64 at)
{
	struct handle *handle = handle_of(base);

	if (handle->share && is_stale(handle))
		return SQLITE_IOERR_WRITE;
	return code_of(
	    disk_write(handle->file, (size_t)at, (size_t)len, bytes), SQLITE_IOERR_WRITE);
}

static int truncate_file(sqlite3_file *base, sqlite3_int64 len)
{
	struct handle *handle = handle_of(base);

	if (handle->share && is_stale(handle))
		return SQLITE_IOERR_TRUNCATE;
	return code_of(disk_truncate(handle->file, (size_t)len), SQLITE_IOERR_TRUNCATE);
}

static int sync_file(sqlite3_file *base, int flags)
{
	struct handle *handle = handle_of(base);

	(void)flags;
	if (handle->share && is_stale(handle))
		return SQLITE_IOERR_FSYNC;
	return code_of(disk_sync(handle->file), SQLITE_IOERR_FSYNC);
}

static int size_of_file(sqlite3_file *base, sqlite3_int64 *out)
{
	struct handle *handle = handle_of(base);

	if (handle->share && is_stale(handle))
		return SQLITE_IOERR_FSTAT;
	*out = (sqlite3_int64)disk_len(handle->file);
	return SQLITE_OK;
}

static int control_file(sqlite3_file *base, int what, void *arg)
{
	(void)base, (void)what, (void)arg;
	return SQLITE_NOTFOUND;
}

static int sector_size(sqlite3_file *base)
{
	(void)base;
	return SECTOR_BYTES;
}

static int characteristics(sqlite3_file *base)
{
	(void)base;
	return SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}

/* --- shared memory -------------------------------------------------------------------------- */

static int shm_map(sqlite3_file *base, int page, int len, int may_extend, void volatile **out)
{
	struct handle *handle = handle_of(base);

	if (is_stale(handle))
		return SQLITE_IOERR_SHMMAP;
	CP_CHECK(page < REGIONS_MAX);
	void **region = &handle->share->regions[page];
	if (!*region && may_extend) {
		*region = calloc(1, (size_t)len);
		CP_CHECK(*region);
	}
	*out = *region;
	return SQLITE_OK;
}

static int shm_unlock(struct handle *handle, int first, int count)
{
	struct share *share = handle->share;

	for (int slot = first; slot < first + count; slot++) {
		if (share->exclusive[slot] == handle)
			share->exclusive[slot] = NULL;
		if (handle->shm_shared >> slot & 1)
			share->shared[slot]--;
		handle->shm_shared &= (uint16_t) ~(1U << slot);
	}
	return SQLITE_OK;
}

static int shm_lock(sqlite3_file *base, int first, int count, int flags)
{
	struct handle *handle = handle_of(base);
	struct share *share = handle->share;

	if (flags & SQLITE_SHM_UNLOCK)
		return shm_unlock(handle, first, count);
	if (is_stale(handle))
		return SQLITE_IOERR_SHMLOCK;
	for (int slot = first; slot < first + count; slot++) {
		unsigned own = handle->shm_shared >> slot & 1;
		if ((share->exclusive[slot] && share->exclusive[slot] != handle) ||
		    (flags & SQLITE_SHM_EXCLUSIVE && share->shared[slot] > own))
			return SQLITE_BUSY;
	}
	for (int slot = first; slot < first + count; slot++) {
		if (flags & SQLITE_SHM_EXCLUSIVE) {
			share->exclusive[slot] = handle;
		} else if (!(handle->shm_shared >> slot & 1)) {
			share->shared[slot]++;
			handle->shm_shared |= (uint16_t)(1U << slot);
		}
	}
	return SQLITE_OK;
}

static void shm_barrier(sqlite3_file *base)
{
	(void)base; /* one thread */
}

/* The regions go with the last connection. */
static int shm_unmap(sqlite3_file *base, int is_last)
{
	(void)is_last;
	return shm_unlock(handle_of(base), 0, SLOTS);
}

static const struct sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = close_file,
    .xRead = read_file,
    .xWrite = write_file,
    .xTruncate = truncate_file,
    .xSync = sync_file,
    .xFileSize = size_of_file,
    .xLock = lock,
    .xUnlock = unlock,
    .xCheckReservedLock = is_reserved,
    .xFileControl = control_file,
    .xSectorSize = sector_size,
    .xDeviceCharacteristics = characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* --- the VFS -------------------------------------------------------------------------------------
 */

static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *base, int flags, int *out)
{
	struct handle *handle = handle_of(base);

	(void)vfs;
	*handle = (struct handle){.life = disk_life()};
	if (out)
		*out = flags;
	if (!name) {
		handle->file = disk_open_nameless();
	} else {
		handle->file = disk_is_dead() ? NULL : disk_open(name, flags & SQLITE_OPEN_CREATE);
		if (!handle->file)
			return SQLITE_CANTOPEN;
		handle->share = share_of(handle->file);
	}
	handle->base.pMethods = &methods;
	return SQLITE_OK;
}

static int delete_file(sqlite3_vfs *vfs, const char *name, int is_durable)
{
	(void)vfs;
	if (!disk_is_dead() && !disk_exists(name))
		return SQLITE_IOERR_DELETE_NOENT;
	return code_of(disk_remove(name, is_durable), SQLITE_IOERR_DELETE);
}

static int access_file(sqlite3_vfs *vfs, const char *name, int flags, int *out)
{
	(void)vfs;
	(void)flags;
	*out = disk_exists(name);
	return disk_is_dead() ? SQLITE_IOERR_ACCESS : SQLITE_OK;
}

static int full_name(sqlite3_vfs *vfs, const char *name, int len, char *out)
{
	(void)vfs;
	CP_CHECK(strlen(name) < (size_t)len);
	memcpy(out, name, strlen(name) + 1);
	return SQLITE_OK;
}

static struct rng chance;

static int randomness(sqlite3_vfs *vfs, int len, char *out)
{
	(void)vfs;
	for (int i = 0; i < len; i++)
		out[i] = (char)rng_next(&chance);
	return len;
}

static int sleep_us(sqlite3_vfs *vfs, int us)
{
	(void)vfs;
	return us;
}

static int now_ms(sqlite3_vfs *vfs, sqlite3_int64 *out)
{
	(void)vfs;
	*out = JULIAN_1970_MS + clock_wall();
	return SQLITE_OK;
}

static int last_error(sqlite3_vfs *vfs, int len, char *out)
{
	(void)vfs, (void)len, (void)out;
	return 0;
}

void disk_vfs_register(void)
{
	static sqlite3_vfs vfs = {
	    .iVersion = 2,
	    .szOsFile = sizeof(struct handle),
	    .mxPathname = PATH_BYTES,
	    .zName = "disk",
	    .xOpen = open_file,
	    .xDelete = delete_file,
	    .xAccess = access_file,
	    .xFullPathname = full_name,
	    .xRandomness = randomness,
	    .xSleep = sleep_us,
	    .xCurrentTimeInt64 = now_ms,
	    .xGetLastError = last_error,
	};

	CP_CHECK(sqlite3_vfs_register(&vfs, 1) == SQLITE_OK);
}

void disk_vfs_seed(uint64_t seed)
{
	chance = (struct rng){.state = seed};
	sqlite3_randomness(0, NULL); /* asks anew */
}
