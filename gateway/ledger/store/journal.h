/* journal.h - every input, once, by its name (P2).
 *
 * Two tables of one row format, one space of names over both (DESIGN section 2).
 * The key finds duplicates, the hash conflicts.
 */
#ifndef LEDGER_STORE_JOURNAL_H
#define LEDGER_STORE_JOURNAL_H

#include "ledger/state.h"

/* When an input came in: in doubt by what was assumed (ledger/box_clock.h). */
struct stamp {
	wall_ms recv;
	int64_t doubt; /* 0: none */
};

/* A row as it was stored. The slice dies with the rows. */
struct journal_row {
	int64_t source;
	uint32_t boot;
	uint32_t seq;
	wall_ms recv;
	enum reading_kind kind;
	int64_t client;  /* local numbers, 0 absent */
	int64_t client2; /* of a correction: who takes over */
	int64_t operator_no;
	int64_t doubt; /* 0: recv is known */
	struct slice payload;
	int64_t no; /* of the stream; 0: a row of the journal */
};

/* NEW: *row has the name and the local numbers. */
enum batch_outcome journal_append(struct ledger *ledger, const struct reading *reading,
    struct stamp stamp, struct journal_row *row);

/* A device's message that is not kept here came in all the same: it is not missing. */
void journal_skip(struct ledger *ledger, const struct reading *reading);

/* The columns of a SELECT that starts with JOURNAL_COLUMNS or STREAM_COLUMNS. */
#define JOURNAL_COLUMNS                                                                            \
	"j.source, j.boot, j.seq, j.recv, j.kind, j.client, j.operator, j.payload, j.client2, "    \
	"j.doubt, 0"
#define STREAM_COLUMNS                                                                             \
	"j.source, j.boot, j.seq, j.recv, j.kind, NULL, NULL, j.payload, NULL, j.doubt, j.no"
#define JOURNAL_COLUMN_COUNT 11
struct journal_row journal_row_of(const struct db_rows *rows);

/* The reading of a row, with the source that it had; see reading_from_journal(). */
enum reading_result journal_decode(
    struct arena *arena, const struct journal_row *row, struct reading *out) CP_MUST_CHECK;

#endif
