/* kill_at_call.c - the real daemon dies at its N-th call that changes a file or tells somebody
 * something (LD_PRELOAD): before it, or half-way where the call can be cut in two.
 *
 * CAREPACE_KILL_AT names a file of two numbers: at which call, 0 never; how many there were. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

struct calls {
	int64_t kill_at;
	_Atomic int64_t count;
};

static struct calls nobody_counts;
static struct calls *calls = &nobody_counts;

__attribute__((constructor)) static void open_file(void)
{
	const char *path = getenv("CAREPACE_KILL_AT");
	int file = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	if (file < 0)
		return;
	void *page = mmap(NULL, sizeof(*calls), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	if (page != MAP_FAILED)
		calls = page;
	close(file);
}

static int is_last(void)
{
	return atomic_fetch_add(&calls->count, 1) + 1 == calls->kill_at;
}

static void die(void)
{
	kill(getpid(), SIGKILL);
	pause();
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* A call in two halves: the first one happens. What goes to the log is not counted. */
#define IN_HALVES(size, first_half)                                                                \
	do {                                                                                       \
		if (fd != STDERR_FILENO && is_last()) {                                            \
			if ((size) > 1)                                                            \
				(void)!(first_half);                                               \
			die();                                                                     \
		}                                                                                  \
	} while (0)

ssize_t write(int fd, const void *data, size_t size)
{
	IN_HALVES(size, NEXT(write)(fd, data, size / 2));
	return NEXT(write)(fd, data, size);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
	IN_HALVES(size, NEXT(pwrite64)(fd, data, size / 2, at));
	return NEXT(pwrite64)(fd, data, size, at);
}

ssize_t send(int fd, const void *data, size_t size, int flags)
{
	IN_HALVES(size, NEXT(send)(fd, data, size / 2, flags));
	return NEXT(send)(fd, data, size, flags);
}

ssize_t writev(int fd, const struct iovec *parts, int count)
{
	IN_HALVES(count, NEXT(writev)(fd, parts, count / 2));
	return NEXT(writev)(fd, parts, count);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	IN_HALVES(0, 0);
	return NEXT(sendmsg)(fd, message, flags);
}

/* Calls that happen or do not. */
#define WHOLE(name, parameters, ...)                                                               \
	int name parameters                                                                        \
	{                                                                                          \
		if (is_last())                                                                     \
			die();                                                                     \
		return NEXT(name)(__VA_ARGS__);                                                    \
	}
WHOLE(fsync, (int fd), fd)
WHOLE(fdatasync, (int fd), fd)
WHOLE(ftruncate64, (int fd, off64_t size), fd, size)
WHOLE(unlink, (const char *path), path)
WHOLE(rename, (const char *from, const char *to), from, to)
