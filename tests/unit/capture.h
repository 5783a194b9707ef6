/* capture.h - what a function writes to stdout or stderr. */
#ifndef TESTS_CAPTURE_H
#define TESTS_CAPTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <unistd.h>

#define OUTPUT_BYTES (256 * 1024)

struct capture {
	int fd; /* 1 or 2 */
	int kept;
	FILE *file;
};

static inline struct capture capture_begin(int fd)
{
	struct capture capture = {.fd = fd, .kept = dup(fd), .file = tmpfile()};

	assert_non_null(capture.file);
	assert_true(dup2(fileno(capture.file), fd) == fd);
	return capture;
}

static inline void capture_end(struct capture *capture, char out[OUTPUT_BYTES])
{
	dup2(capture->kept, capture->fd);
	close(capture->kept);
	rewind(capture->file);
	out[fread(out, 1, OUTPUT_BYTES - 1, capture->file)] = '\0';
	fclose(capture->file);
}

#endif
