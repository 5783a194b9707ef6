/* box.c - what the system of the box answers: of its files, its disk, its dice. */
#include "disk.h"
#include "sim.h"

#include <errno.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#define BLOCK_BYTES 4096
#define PLENTY_BYTES (INT64_C(1) << 40)

int __wrap_access(const char *path, int mode);
int __wrap_stat(const char *path, struct stat *out);
int __wrap_statvfs(const char *path, struct statvfs *out);
ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags);

int __wrap_access(const char *path, int mode)
{
	(void)mode;
	errno = ENOENT;
	return disk_exists(path) ? 0 : -1;
}

int __wrap_stat(const char *path, struct stat *out)
{
	errno = ENOENT;
	if (!disk_exists(path))
		return -1;
	*out = (struct stat){.st_size = (off_t)disk_len(disk_open(path, false))};
	return 0;
}

int __wrap_statvfs(const char *path, struct statvfs *out)
{
	int64_t room = disk_room() < PLENTY_BYTES ? disk_room() : PLENTY_BYTES;

	(void)path;
	*out = (struct statvfs){
	    .f_frsize = BLOCK_BYTES,
	    .f_blocks = PLENTY_BYTES / BLOCK_BYTES,
	    .f_bfree = (fsblkcnt_t)(room / BLOCK_BYTES),
	    .f_bavail = (fsblkcnt_t)(room / BLOCK_BYTES),
	};
	return 0;
}

ssize_t __wrap_getrandom(void *out, size_t len, unsigned flags)
{
	(void)flags;
	for (size_t i = 0; i < len; i++)
		((uint8_t *)out)[i] = (uint8_t)rng_next(&model.rng);
	return (ssize_t)len;
}
