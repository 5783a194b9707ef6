/* A disk that fails: fsync and fdatasync answer EIO while the file exists that
 * CAREPACE_EIO names. SQLite finds these two before the C library's. */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_failing(void)
{
	const char *file = getenv("CAREPACE_EIO");

	return file && access(file, F_OK) == 0;
}

static int sync_by(long call, int fd)
{
	if (!is_failing())
		return (int)syscall(call, fd);
	errno = EIO;
	return -1;
}

__attribute__((visibility("default"))) int fdatasync(int fd)
{
	return sync_by(SYS_fdatasync, fd);
}

__attribute__((visibility("default"))) int fsync(int fd)
{
	return sync_by(SYS_fsync, fd);
}
