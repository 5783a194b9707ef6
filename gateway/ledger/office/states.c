#include "ledger/office/states.h"

#include "ledger/office/outbox.h"
#include "ledger/store/store.h"
#include "wire/pack.h"
#include "wire/unpack.h"

static int64_t report_kind(enum subject_kind kind)
{
	switch (kind) {
	case SUBJECT_SUMMARY:
		return OUTBOX_SUMMARY;
	case SUBJECT_AGGREGATE:
		return OUTBOX_DAY;
	case SUBJECT_COURSE_STATE:
		return OUTBOX_COURSE;
	case SUBJECT_DEVICE_STATE:
		return OUTBOX_DEVICE;
	case SUBJECT_CASE_STATE:
		return OUTBOX_CASE;
	case SUBJECT_HEALTH:
		return OUTBOX_HEALTH;
	case SUBJECT_AUDIT:
		return OUTBOX_AUDIT;
	default:
		CP_CHECK(!"a state");
		return 0;
	}
}

/* The next moment of the grid that is not before another one. */
static wall_ms grid_moment(struct ledger *ledger, wall_ms not_before)
{
	int64_t phase = (int64_t)((uint64_t)store_meta(ledger, "epoch", 0) % STATES_GRID_MS);
	int64_t past = (not_before - phase) % STATES_GRID_MS;

	return past == 0 ? not_before : not_before - past + STATES_GRID_MS;
}

static void wake_at(struct ledger *ledger, wall_ms due)
{
	if (due < ledger->next_change)
		ledger->next_change = due;
}

static wall_ms due_at(struct ledger *ledger, wall_ms not_before)
{
	return grid_moment(ledger, not_before > ledger->now ? not_before : ledger->now + 1);
}

void states_touch(
    struct ledger *ledger, enum subject_kind kind, int64_t subject, wall_ms not_before)
{
	if (ledger->config.is_recount)
		return;
	wall_ms due = due_at(ledger, not_before);
	db_run(&ledger->db,
	    "INSERT INTO subject(kind, subject, judged_at, next_change) VALUES(?, ?, ?, ?)"
	    " ON CONFLICT(kind, subject) DO UPDATE SET next_change = excluded.next_change"
	    " WHERE next_change IS NULL OR next_change > excluded.next_change",
	    "iiii", (int64_t)kind, subject, (int64_t)ledger->now, (int64_t)due);
	wake_at(ledger, due);
}

void states_expect(
    struct ledger *ledger, enum subject_kind kind, int64_t subject, wall_ms not_before)
{
	wall_ms due = due_at(ledger, not_before);

	db_run(&ledger->db,
	    "INSERT INTO subject(kind, subject, judged_at, next_change) VALUES(?, ?, ?, ?)"
	    " ON CONFLICT(kind, subject) DO NOTHING",
	    "iiii", (int64_t)kind, subject, (int64_t)ledger->now, (int64_t)due);
	wake_at(ledger, due);
}

/* A recount leaves what waits in the store waiting: that is not compared. */
void states_skip(struct ledger *ledger, enum subject_kind kind, int64_t subject)
{
	if (!ledger->config.is_recount)
		db_run(&ledger->db,
		    "UPDATE subject SET judged_at = ?, next_change = NULL WHERE kind = ?"
		    " AND subject = ?",
		    "iii", (int64_t)ledger->now, (int64_t)kind, subject);
}

static bool pack(struct ledger *ledger, const ProtobufCMessage *body, struct slice *out)
{
	bool is_packed = wire_pack(&ledger->work, body, out) == CP_OK;

	if (!is_packed)
		db_fail(&ledger->db, CP_NOMEM, "what head office is told is too long");
	return is_packed;
}

const ProtobufCMessage *states_told(
    struct ledger *ledger, enum subject_kind kind, int64_t subject, const ProtobufCMessage *like)
{
	ProtobufCMessage *told = NULL;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT body FROM state WHERE kind = ? AND subject = ?", "ii", (int64_t)kind, subject);

	if (!db_next(&rows))
		return NULL;
	if (wire_unpack_again(&ledger->work, like->descriptor, db_blob(&rows, 0), &told) != WIRE_OK)
		db_fail(&ledger->db, CP_NOMEM, "what head office was told cannot be read");
	db_end(&rows);
	return told;
}

bool states_is_told(
    struct ledger *ledger, enum subject_kind kind, int64_t subject, const ProtobufCMessage *body)
{
	struct slice packed;

	return pack(ledger, body, &packed) &&
	       db_value(&ledger->db, 0,
	           "SELECT 1 FROM state WHERE kind = ? AND subject = ? AND body = ?", "iib",
	           (int64_t)kind, subject, packed);
}

void states_put_both(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    struct state_people people, const ProtobufCMessage *truth, const ProtobufCMessage *observed)
{
	struct slice body;
	struct slice more = slice_of(NULL, 0);

	states_skip(ledger, kind, subject);
	if (!pack(ledger, truth, &body) || (observed && !pack(ledger, observed, &more)))
		return;
	int64_t changed = db_run(&ledger->db,
	    "INSERT INTO state(kind, subject, revision, body, observed, client, operator)"
	    " VALUES(?, ?, 1, ?, ?, ?, ?)"
	    " ON CONFLICT(kind, subject) DO UPDATE SET revision = revision + 1,"
	    " body = excluded.body, observed = excluded.observed, client = excluded.client,"
	    " operator = excluded.operator WHERE body != excluded.body"
	    " OR observed != excluded.observed OR client != excluded.client"
	    " OR operator != excluded.operator",
	    "iibbii", (int64_t)kind, subject, body, more, people.client, people.operator_no);
	if (changed && !ledger->config.is_recount)
		outbox_put_state(ledger, report_kind(kind), subject);
}

void states_put(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    struct state_people people, const ProtobufCMessage *body)
{
	states_put_both(ledger, kind, subject, people, body, NULL);
}

void states_offer_all(struct ledger *ledger)
{
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT kind, subject FROM state ORDER BY kind, subject", "");

	while (db_next(&rows))
		outbox_put_state(
		    ledger, report_kind((enum subject_kind)db_int(&rows, 0)), db_int(&rows, 1));
}
