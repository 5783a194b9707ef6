/* log_file.h - a log: what a gateway received, as bytes (proto/log.proto).
 *
 * What:    the frames of a log file, read and written over buffers. Pure.
 * Not:     files (cli/log_input), what an entry means (ledger/replay).
 * Use:     give log_next() what was read so far; on LOG_MORE read more, up to
 *          LOG_FRAME_BYTES_MAX, and ask again. After the last byte log_end() says whether
 *          the log ends where a message does.
 * Memory:  the reader's own; the head lives as long as it does, an entry until the next call.
 * Errors:  LOG_BAD is final: `why` is a few words, `offset` where the message begins.
 */
#ifndef WIRE_LOG_FILE_H
#define WIRE_LOG_FILE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"
#include "base/time.h"
#include "wire/scan.h"

#include "telemetry.pb-c.h"

#define LOG_FRAME_BYTES_MAX (WIRE_MAX_BYTES + 3) /* a message behind its length */

enum log_what {
	LOG_MORE, /* the bytes end before the message does */
	LOG_HEAD, /* the first message */
	LOG_ENTRY,
	LOG_BAD,
};

struct log_head {
	const char *site;
	const char *timezone;
	const char *writer; /* NULL: not told */
	wall_ms from_ms;    /* 0: not told; these two */
	wall_ms until_ms;
};

struct log_entry {
	wall_ms received_ms;
	bool is_order; /* head office's; or, with is_own, the box's own; else: */
	bool is_own;
	struct id device; /* whose certificate it was */
	Carepace__V1__DeviceKind kind;
	struct slice payload;
};

struct log_reader {
	struct arena arena; /* of the entry */
	struct arena head_arena;
	uint64_t offset; /* of what is read next, in the file */
	wall_ms last_ms; /* of the entry before */
	bool has_head;
	const char *why;
	struct log_head head; /* or */
	struct log_entry entry;
};

void log_reader_init(struct log_reader *reader);
void log_reader_deinit(struct log_reader *reader); /* safe on a zeroed struct */

/* *used is how many bytes were read; 0 with LOG_MORE and LOG_BAD. */
enum log_what log_next(struct log_reader *reader, struct slice bytes, size_t *used) CP_MUST_CHECK;

/* No more will come; false sets `why`. */
bool log_end(struct log_reader *reader, struct slice rest) CP_MUST_CHECK;

/* Appended to the buffer. CP_FULL when its maximum does not allow it, CP_INVALID when the
 * message is too large for a log, CP_NOMEM. */
enum cp_err log_put_head(struct buf *buf, const struct log_head *head) CP_MUST_CHECK;
enum cp_err log_put_entry(struct buf *buf, const struct log_entry *entry) CP_MUST_CHECK;

#endif
