#include "ledger/policies.h"

#include "care/judge.h"
#include "ledger/facts.h"
#include "ledger/journal.h"
#include "ledger/subjects.h"
#include "wire/pack.h"

/* --- read ------------------------------------------------------------------------- */

static bool read_kind(struct db *db, struct arena *arena, enum reading_kind kind, struct facts *out)
{
	struct fact *items = NULL;
	size_t count = 0;
	size_t cap = 0;
	struct db_rows rows = db_query(db,
	    "SELECT " JOURNAL_COLUMNS ", f.ts FROM fact f JOIN journal j USING(source, boot, seq)"
	    " WHERE f.kind = ? AND f.subject = 0 AND f.topic = ?"
	    " ORDER BY f.ts, f.source, f.boot, f.seq",
	    "ii", (int64_t)SUBJECT_SITE, FACT_TOPIC(kind, 0));

	while (db_next(&rows)) {
		struct journal_row row = journal_row_of(&rows);
		struct fact fact = {.source = row.source};
		enum reading_result result = journal_decode(arena, &row, &fact.reading);
		if (result == READING_PARKED)
			continue;
		items = result == READING_OK ? arena_push(arena, items, count, &cap, sizeof(*items))
		                             : NULL;
		if (!items) {
			db_fail(db, CP_NOMEM, "out of memory for the policies of the site");
			break;
		}
		fact.reading.ts = db_int(&rows, JOURNAL_COLUMN_COUNT);
		items[count++] = fact;
	}
	db_end(&rows);
	*out = (struct facts){.items = items, .count = count};
	return !db->err;
}

bool policies_read(struct db *db, struct arena *arena, struct policy *policy)
{
	policy->box = SOURCE_BOX;
	return read_kind(db, arena, READING_POLICY, &policy->policies) &&
	       read_kind(db, arena, READING_MODEL_PROFILE, &policy->profiles) &&
	       read_kind(db, arena, READING_FIRMWARE_POLICY, &policy->firmware) &&
	       read_kind(db, arena, READING_CALENDAR, &policy->calendars) &&
	       read_kind(db, arena, READING_CLINIC_ROLE, &policy->roles) &&
	       read_kind(db, arena, READING_RECALL_LOTS, &policy->recalls);
}

void policies_read_again(struct ledger *ledger)
{
	arena_reset(&ledger->book);
	policies_read(&ledger->db, &ledger->book, &ledger->config.policy);
}

/* --- the clinic's own ---------------------------------------------------------------- */

static const struct facts *facts_of(const struct policy *policy, enum reading_kind kind)
{
	switch (kind) {
	case READING_POLICY:
		return &policy->policies;
	case READING_MODEL_PROFILE:
		return &policy->profiles;
	case READING_FIRMWARE_POLICY:
		return &policy->firmware;
	case READING_CALENDAR:
		return &policy->calendars;
	default:
		return &policy->roles;
	}
}

/* The box's newest order of a key, or NULL. */
static const struct reading *last_own(const struct facts *facts, const char *key)
{
	const struct reading *last = NULL;

	for (size_t i = 0; i < facts->count; i++) {
		const struct reading *reading = &facts->items[i].reading;
		if (facts->items[i].source == SOURCE_BOX && strcmp(reading->order->key, key) == 0 &&
		    (!last || reading->order->revision > last->order->revision))
			last = reading;
	}
	return last;
}

/* Where an order has the pointer to its body of a kind. */
static const ProtobufCMessage **body_of(const Carepace__V1__Order *order, enum reading_kind kind)
{
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
	    &carepace__v1__order__descriptor, kind - READING_ORDER);

	return (const ProtobufCMessage **)((uintptr_t)order + field->offset);
}

static bool is_same(struct ledger *ledger, const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	struct slice x;
	struct slice y;

	return !wire_pack(&ledger->work, a, &x) && !wire_pack(&ledger->work, b, &y) &&
	       slice_eq(x, y);
}

/* Named, dated, packed, and from here on an input like any other. */
static void record(struct ledger *ledger, Carepace__V1__Order *order, wall_ms now)
{
	struct reading reading;
	struct journal_row row;
	struct slice payload;
	const char *why;

	order->hq_epoch = 1;
	order->n = 1 + (uint32_t)db_value(&ledger->db, 0,
	                   "SELECT max(seq) FROM journal WHERE source = ? AND boot = 1", "i",
	                   (int64_t)SOURCE_BOX);
	if (wire_pack(&ledger->work, &order->base, &payload) ||
	    reading_parse_order(&ledger->work, payload, &reading, &why) > READING_RANGE) {
		db_fail(&ledger->db, CP_INVALID, "the policy of the clinic cannot be recorded");
		return;
	}
	reading.source = reading_box;
	if (journal_append(ledger, &reading, (struct stamp){.recv = now}, &row) == BATCH_NEW)
		facts_apply(ledger, &reading, &row);
}

/* The first one of a key has always been in force; a later one since now, also when the
 * clock was set back meanwhile. */
static void activate(struct ledger *ledger, const struct ledger_own *own, wall_ms now)
{
	const struct reading *last =
	    last_own(facts_of(&ledger->config.policy, own->kind), own->key);
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;

	if (last && is_same(ledger, *body_of(last->order, own->kind), own->body))
		return;
	order.key = (char *)own->key;
	order.revision = last ? last->order->revision + 1 : 1;
	order.ts_ms = !last ? 0 : now > last->ts ? now : last->ts + 1;
	order.body_case = (Carepace__V1__Order__BodyCase)(own->kind - READING_ORDER);
	*body_of(&order, own->kind) = own->body;
	record(ledger, &order, now);
}

void policies_open(struct ledger *ledger, wall_ms now)
{
	policies_read_again(ledger);
	for (size_t i = 0; i < ledger->config.own_count && !ledger->db.err; i++)
		activate(ledger, &ledger->config.own[i], now);
	arena_reset(&ledger->work);
}

/* --- change ---------------------------------------------------------------------------- */

void policies_change(struct ledger *ledger, const struct reading *order)
{
	policies_read_again(ledger);
	if (!ledger->config.is_recount)
		subjects_judge_again(
		    ledger, fact_time(order) - aftercare_longest_ms(&ledger->config.policy));
}
