/* stream_names.h - finds a row of the stream by its name (P2).
 *
 * What:    the stream lies in the order of arrival, so that a batch fills whole pages
 *          however many devices speak in it. This is its index by (source, boot,
 *          seq): an index of SQLite's own would dirty a page per device and batch
 *          (measured: half of a message's cost).
 * How:     a new name stands in memory only, until STREAM_NAMES_MAX of them are
 *          written in bulk, up to 64 names to a row of `stream_name`.
 * Crash:   meta 'stream_named' is the last row whose name was written. At open the
 *          names of what follows are read from the stream itself.
 * Memory:  a fixed table in struct stream_names.
 */
#ifndef LEDGER_STORE_STREAM_NAMES_H
#define LEDGER_STORE_STREAM_NAMES_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ledger;

/* Read again after a crash: 10 MB of stream, some 0.1 s. */
#define STREAM_NAMES_MAX 32768

struct stream_name {
	int64_t row; /* of the stream; 0: free */
	int64_t source;
	uint32_t boot;
	uint32_t seq;
};

struct stream_names {
	struct stream_name *slots; /* open addressing, at most half of it used */
	size_t count;
};

/* Inside the transaction that opens the store. */
void stream_names_open(struct ledger *ledger);

/* The same for a recount, which only reads, from ledger->stream_db. */
void stream_names_read(struct ledger *ledger);
void stream_names_deinit(struct stream_names *names); /* safe on a zeroed struct */

/* The row, or 0. Of a row that has gone its name is left (ledger/retention.h). */
#define STREAM_NAME_GONE (-1)
int64_t stream_names_find(struct ledger *ledger, int64_t source, uint32_t boot, uint32_t seq);

/* Inside a transaction. A name must not be added twice. */
void stream_names_add(
    struct ledger *ledger, int64_t source, uint32_t boot, uint32_t seq, int64_t row);

/* Inside a transaction: everything in memory goes to the table. */
void stream_names_write(struct ledger *ledger);

/* Inside a transaction, of names that are written: their rows go. Sorts them. */
void stream_names_forget(struct ledger *ledger, struct stream_name *names, size_t count);

/* Those from `first` to `last` (names in one number, care/message_no.h), in that order, in
 * the work arena; of ledger->stream_db, no row beyond ledger->stream_last. */
struct stream_name *stream_names_range(
    struct ledger *ledger, int64_t source, int64_t first, int64_t last, size_t *count);

/* The newest boot that is written, and its highest seq; false: none. */
bool stream_names_highest(struct ledger *ledger, int64_t source, uint32_t *boot, uint32_t *seq);

#endif
