#include "ledger/judging/session_stream.h"

#include "ledger/clocks.h"

#define ROW_BYTES_MAX (4U << 20)

bool row_is_applied(struct ledger *ledger, const struct journal_row *row)
{
	return !db_value(&ledger->db, 0,
	    "SELECT 1 FROM pending WHERE kind = 0 AND subject = ?1 AND boot = ?2 AND seq = ?3"
	    " UNION ALL"
	    " SELECT 1 FROM unjudged WHERE kind = 0 AND subject = ?1 AND boot = ?2 AND seq = ?3",
	    "iii", row->source, (int64_t)row->boot, (int64_t)row->seq);
}

static void visit(
    struct ledger *ledger, struct arena *arena, int64_t no, stream_row_fn *on_row, void *ctx)
{
	struct reading reading;
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT " STREAM_COLUMNS " FROM stream j WHERE no = ?", "i", no);

	if (!db_next(&rows))
		return;
	struct journal_row row = journal_row_of(&rows);
	enum reading_result result = journal_decode(arena, &row, &reading);
	db_end(&rows);
	row.payload = slice_of(NULL, 0);
	if (result == READING_NOMEM)
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a row of the stream");
	else if (result == READING_OK && row_is_applied(ledger, &row))
		on_row(ctx, &reading, &row);
	arena_reset(arena);
}

void boot_stream(
    struct ledger *ledger, int64_t source, uint32_t boot, stream_row_fn *on_row, void *ctx)
{
	struct arena arena;
	size_t count = 0;
	const struct stream_name *names = stream_names_range(
	    ledger, source, message_no(boot, 0), message_no(boot, UINT32_MAX), &count);

	arena_init(&arena, 64 * 1024, ROW_BYTES_MAX);
	for (size_t i = 0; i < count && !ledger->db.err; i++)
		visit(ledger, &arena, names[i].row, on_row, ctx);
	arena_deinit(&arena);
}

struct wanted {
	struct ledger *ledger;
	const struct session *session;
	stream_row_fn *on_row;
	void *ctx;
};

static void pass_on(void *ctx, const struct reading *reading, const struct journal_row *row)
{
	const struct wanted *wanted = ctx;
	struct reading dated = *reading;

	if (!id_eq(&reading->sid, &wanted->session->sid) || row->no <= wanted->session->sealed)
		return;
	clocks_date_again(wanted->ledger, &dated, row);
	wanted->on_row(wanted->ctx, &dated, row);
}

void session_stream(
    struct ledger *ledger, const struct session *session, stream_row_fn *on_row, void *ctx)
{
	struct wanted wanted = {.ledger = ledger, .session = session, .on_row = on_row, .ctx = ctx};
	const struct session_fold *fold = &session->fold;
	if (fold->stream_first > fold->stream_last)
		return;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT boot FROM boot WHERE source = ? AND boot BETWEEN ? AND ? ORDER BY boot", "iii",
	    session->device, (int64_t)message_no_boot(fold->stream_first),
	    (int64_t)message_no_boot(fold->stream_last));

	while (db_next(&rows))
		boot_stream(ledger, session->device, (uint32_t)db_int(&rows, 0), pass_on, &wanted);
}
