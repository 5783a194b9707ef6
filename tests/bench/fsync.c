/* fsync.c - what this disk needs for the least that a commit can be.
 *
 *     bench_fsync DIR COUNT
 *
 * Writes 4 kB over the same file again and again, as a WAL does once it has its
 * size, and fdatasyncs each. Durations of write and fdatasync go to standard
 * output as JSON.
 */
#include "fail.h"
#include "series.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BLOCK_BYTES 4096
#define BLOCKS 1000 /* 4 MB: the WAL of 1,000 pages at which the ledger checkpoints */

static void write_block(int fd, const char *block, size_t n)
{
	off_t at = (off_t)(n % BLOCKS) * BLOCK_BYTES;

	if (pwrite(fd, block, BLOCK_BYTES, at) != BLOCK_BYTES)
		fail("cannot write 4 kB: %m");
}

int main(int argc, char **argv)
{
	static char block[BLOCK_BYTES];
	struct series took = {0};

	if (argc != 3)
		fail("usage: bench_fsync DIR COUNT");
	unsigned long count = strtoul(argv[2], NULL, 10);
	int folder = open(argv[1], O_RDONLY | O_DIRECTORY);
	if (folder < 0)
		fail("cannot open %s: %m", argv[1]);
	int fd = openat(folder, ".", O_TMPFILE | O_RDWR, 0600);
	if (fd < 0)
		fail("cannot make a file in %s: %m", argv[1]);

	for (size_t n = 0; n < BLOCKS; n++)
		write_block(fd, block, n);
	if (fsync(fd))
		fail("cannot sync: %m");
	for (size_t n = 0; n < count; n++) {
		memset(block, (int)n, sizeof(block));
		int64_t from = now_ns();
		write_block(fd, block, n);
		if (fdatasync(fd))
			fail("cannot sync: %m");
		series_add(&took, now_ns() - from);
	}
	series_print(&took, stdout);
	putchar('\n');
	series_deinit(&took);
	close(fd);
	close(folder);
	return 0;
}
