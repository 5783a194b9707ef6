#include "ledger/policies.h"

#include "ledger/facts.h"
#include "ledger/journal.h"
#include "ledger/subjects.h"
#include "wire/pack.h"

#include <stdio.h>

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

static bool is_same_body(
    struct ledger *ledger, const ProtobufCMessage *a, const ProtobufCMessage *b)
{
	struct slice x;
	struct slice y;

	return a && b && !wire_pack(&ledger->work, a, &x) && !wire_pack(&ledger->work, b, &y) &&
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
	if (journal_append(ledger, &reading, now, &row) == BATCH_NEW)
		facts_apply(ledger, &reading, &row);
}

/* The first ones have always been in force; later ones since now, also when the clock
 * was set back meanwhile. */
static void head_of(
    Carepace__V1__Order *order, const struct reading *last, const char *key, wall_ms now)
{
	order->key = (char *)key;
	order->revision = last ? last->order->revision + 1 : 1;
	order->ts_ms = !last ? 0 : now > last->ts ? now : last->ts + 1;
}

static void activate_numbers(struct ledger *ledger, wall_ms now)
{
	const Carepace__V1__Policy *wanted = ledger->config.own_policy;
	const struct reading *last = last_own(&ledger->config.policy.policies, "own");
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;

	if (!wanted ||
	    is_same_body(ledger, last ? &last->order->policy->base : NULL, &wanted->base))
		return;
	head_of(&order, last, "own", now);
	order.body_case = CAREPACE__V1__ORDER__BODY_POLICY;
	order.policy = (Carepace__V1__Policy *)wanted;
	record(ledger, &order, now);
}

static void activate_profile(
    struct ledger *ledger, const Carepace__V1__ModelProfile *wanted, wall_ms now)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	char key[24];

	snprintf(key, sizeof(key), "own/%u", (unsigned)wanted->model);
	const struct reading *last = last_own(&ledger->config.policy.profiles, key);
	if (is_same_body(ledger, last ? &last->order->model_profile->base : NULL, &wanted->base))
		return;
	head_of(&order, last, key, now);
	order.body_case = CAREPACE__V1__ORDER__BODY_MODEL_PROFILE;
	order.model_profile = (Carepace__V1__ModelProfile *)wanted;
	record(ledger, &order, now);
}

void policies_open(struct ledger *ledger, wall_ms now)
{
	policies_read_again(ledger);
	activate_numbers(ledger, now);
	for (size_t i = 0; i < ledger->config.own_profile_count && !ledger->db.err; i++)
		activate_profile(ledger, ledger->config.own_profiles[i], now);
	arena_reset(&ledger->work);
}

/* --- change ---------------------------------------------------------------------------- */

void policies_change(struct ledger *ledger, const struct reading *order)
{
	policies_read_again(ledger);
	if (!ledger->config.is_recount)
		subjects_judge_again(ledger, order->ts);
}
