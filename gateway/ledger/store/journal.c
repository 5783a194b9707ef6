#include "ledger/store/journal.h"

#include "ledger/facts.h"
#include "ledger/judging/presence.h"
#include "ledger/store/names.h"

static const char insert_journal[] =
    "INSERT INTO journal(source, boot, seq, recv, kind, client, operator, hash, payload, client2,"
    " doubt) VALUES(?, ?, ?, ?, ?, nullif(?, 0), nullif(?, 0), ?, ?, nullif(?, 0), nullif(?, 0))"
    " ON CONFLICT DO NOTHING";
static const char insert_stream[] =
    "INSERT INTO stream(no, source, boot, seq, recv, kind, payload, doubt)"
    " VALUES(?, ?, ?, ?, ?, ?, ?, nullif(?, 0))";
static const char select_row[] =
    "SELECT " JOURNAL_COLUMNS ", j.hash FROM journal j WHERE source = ?1 AND boot = ?2 AND seq = ?3"
    " UNION ALL SELECT " STREAM_COLUMNS ", NULL FROM stream j WHERE no = ?4";

static void add_conflict(struct ledger *ledger, const struct reading *reading, struct slice hash,
    const struct journal_row *first, wall_ms recv)
{
	struct reading counts;

	db_run(&ledger->db,
	    "INSERT INTO conflict(source, boot, seq, hash, recv, payload)"
	    " VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
	    "iiibib", first->source, (int64_t)first->boot, (int64_t)first->seq, hash, (int64_t)recv,
	    reading->payload);
	if (journal_decode(&ledger->scratch, first, &counts) == READING_OK)
		facts_conflict(ledger, &counts, first);
}

/* Rows of the stream keep none. */
static struct slice hash_of(struct ledger *ledger, enum reading_kind kind, struct slice kept,
    struct slice payload, uint8_t room[READING_HASH_BYTES])
{
	if (!reading_is_stream(kind))
		return kept;
	memset(room, 0, READING_HASH_BYTES);
	if (reading_hash_stream(&ledger->scratch, payload, room) == READING_NOMEM)
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a row of the stream");
	return slice_of(room, READING_HASH_BYTES);
}

static enum batch_outcome compare(
    struct ledger *ledger, const struct reading *reading, int64_t source, wall_ms recv)
{
	uint8_t rooms[2][READING_HASH_BYTES];
	int64_t row = stream_names_find(ledger, source, reading->boot, reading->seq);
	struct db_rows rows = db_query(&ledger->db, select_row, "iiii", source,
	    (int64_t)reading->boot, (int64_t)reading->seq, row);

	if (!db_next(&rows)) /* whether what has gone said the same nobody knows */
		return row == STREAM_NAME_GONE ? BATCH_DUPLICATE : BATCH_NEW;
	struct journal_row first = journal_row_of(&rows);
	struct slice hash = hash_of(ledger, reading->kind,
	    slice_of(reading->hash, READING_HASH_BYTES), reading->payload, rooms[0]);
	bool is_same =
	    slice_eq(hash, hash_of(ledger, first.kind, db_blob(&rows, JOURNAL_COLUMN_COUNT),
	                       first.payload, rooms[1]));
	if (!is_same)
		add_conflict(ledger, reading, hash, &first, recv);
	db_end(&rows);
	return is_same ? BATCH_DUPLICATE : BATCH_CONFLICT;
}

/* A name above the highest of its boot was never seen: no need to look. */
static bool is_beyond(const struct source_state *source, const struct reading *reading)
{
	return reading->boot > source->boot ||
	       (reading->boot == source->boot && reading->seq > source->seq);
}

/* False: its name may be there. */
static bool take_number(
    struct ledger *ledger, struct source_state *source, const struct reading *reading)
{
	bool is_new = is_beyond(source, reading);

	presence_number(ledger, source, reading);
	if (is_new) {
		source->boot = reading->boot;
		source->seq = reading->seq;
	}
	return is_new;
}

void journal_skip(struct ledger *ledger, const struct reading *reading)
{
	struct source_state *source = names_source(ledger, &reading->source);

	if (source)
		take_number(ledger, source, reading);
}

static void add_to_journal(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	db_run(&ledger->db, insert_journal, "iiiiiiibbii", row->source, (int64_t)row->boot,
	    (int64_t)row->seq, (int64_t)row->recv, (int64_t)row->kind, row->client,
	    row->operator_no, slice_of(reading->hash, READING_HASH_BYTES), reading->payload,
	    row->client2, row->doubt);
}

static void add_to_stream(
    struct ledger *ledger, const struct reading *reading, struct journal_row *row)
{
	int64_t no = row->no = ++ledger->stream_last;

	db_run(&ledger->db, insert_stream, "iiiiiibi", no, row->source, (int64_t)row->boot,
	    (int64_t)row->seq, (int64_t)row->recv, (int64_t)row->kind, reading->payload,
	    row->doubt);
	stream_names_add(ledger, row->source, row->boot, row->seq, no);
}

enum batch_outcome journal_append(struct ledger *ledger, const struct reading *reading,
    struct stamp stamp, struct journal_row *row)
{
	struct source_state *source = names_source(ledger, &reading->source);
	if (!source)
		return BATCH_NOT_KEPT;

	if (!take_number(ledger, source, reading)) {
		enum batch_outcome outcome = compare(ledger, reading, source->no, stamp.recv);
		if (outcome != BATCH_NEW)
			return outcome;
	}
	*row = (struct journal_row){
	    .source = source->no,
	    .boot = reading->boot,
	    .seq = reading->seq,
	    .recv = stamp.recv,
	    .doubt = stamp.doubt,
	    .kind = reading->kind,
	    .client = names_client(ledger, &reading->client),
	    .operator_no = names_operator(ledger, &reading->operator),
	    .client2 = names_client(ledger, &reading->new_client),
	};
	if (reading_is_stream(row->kind))
		add_to_stream(ledger, reading, row);
	else
		add_to_journal(ledger, reading, row);
	return BATCH_NEW;
}

struct journal_row journal_row_of(const struct db_rows *rows)
{
	return (struct journal_row){
	    .source = db_int(rows, 0),
	    .boot = (uint32_t)db_int(rows, 1),
	    .seq = (uint32_t)db_int(rows, 2),
	    .recv = db_int(rows, 3),
	    .kind = (enum reading_kind)db_int(rows, 4),
	    .client = db_int(rows, 5),
	    .operator_no = db_int(rows, 6),
	    .payload = db_blob(rows, 7),
	    .client2 = db_int(rows, 8),
	    .doubt = db_int(rows, 9),
	    .no = db_int(rows, 10),
	};
}

enum reading_result journal_decode(
    struct arena *arena, const struct journal_row *row, struct reading *out)
{
	if (row->kind >= READING_BOX)
		return reading_from_box(arena, row->payload, out);
	enum reading_result result =
	    reading_from_journal(arena, row->payload, row->kind >= READING_ORDER, out);

	if (row->kind >= READING_ORDER && row->source == SOURCE_BOX)
		out->source = reading_box;
	return result;
}
