#include "ledger/policies.h"

#include "care/judge.h"
#include "ledger/judging/subjects.h"
#include "ledger/own_order.h"
#include "ledger/store/journal.h"
#include "wire/pack.h"

#include <stdio.h>

/* --- read ------------------------------------------------------------------------- */

static bool read_kind(struct db *db, struct arena *arena, enum reading_kind kind, struct facts *out)
{
	struct fact *items = NULL;
	size_t count = 0;
	size_t cap = 0;
	struct db_rows rows = db_query(db,
	    "SELECT " JOURNAL_COLUMNS ", f.ts, ifnull(f.until, 0x7fffffffffffffff) FROM fact f "
	    "JOIN journal j USING(source, boot, seq)"
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
		fact.until = db_int(&rows, JOURNAL_COLUMN_COUNT + 1);
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

/* Without "own/", which is nobody's word. */
static void add_news(struct own_policy *own, const char *key, bool is_withdrawn)
{
	size_t len = strlen(own->news);

	snprintf(own->news + len, sizeof(own->news) - len, "%s%s%s", len ? ", " : "",
	    strncmp(key, "own/", 4) == 0 ? key + 4 : key, is_withdrawn ? " (withdrawn)" : "");
}

/* Since when does it hold that the file was read? */
struct taken_at {
	wall_ms now;
	wall_ms first; /* of a key that the box never told */
};

/* A later one of a key holds since now, also when the clock was set back meanwhile. */
static void succeed(struct ledger *ledger, const struct reading *last, enum reading_kind kind,
    Carepace__V1__Order *order, struct taken_at at)
{
	order->revision = last ? last->order->revision + 1 : 1;
	order->ts_ms = !last ? at.first : at.now > last->ts ? at.now : last->ts + 1;
	order->body_case = (Carepace__V1__Order__BodyCase)(kind - READING_ORDER);
	own_order_record(ledger, order, at.now);
}

static void activate(struct ledger *ledger, const struct ledger_own *order, struct own_policy *own,
    struct taken_at at)
{
	const struct reading *last =
	    last_own(policy_orders(&ledger->config.policy, order->kind), order->key);
	Carepace__V1__Order message = CAREPACE__V1__ORDER__INIT;

	if (last && !last->order->withdrawn &&
	    is_same(ledger, *body_of(last->order, order->kind), order->body))
		return;
	message.key = (char *)order->key;
	*body_of(&message, order->kind) = order->body;
	add_news(own, order->key, false);
	succeed(ledger, last, order->kind, &message, at);
}

static bool has_key(const struct own_policy *own, const char *key)
{
	for (size_t i = 0; i < own->count; i++)
		if (strcmp(own->orders[i].key, key) == 0)
			return true;
	return false;
}

/* The newest own order of a key that the file has no more, or NULL. */
static const struct reading *find_left(const struct facts *facts, const struct own_policy *own)
{
	for (size_t i = 0; i < facts->count; i++) {
		const struct reading *reading = &facts->items[i].reading;
		if (facts->items[i].source == SOURCE_BOX && !reading->order->withdrawn &&
		    !has_key(own, reading->order->key) &&
		    last_own(facts, reading->order->key) == reading)
			return reading;
	}
	return NULL;
}

/* Each one that is recorded has all of them read again. */
static void withdraw(
    struct ledger *ledger, struct own_policy *own, enum reading_kind kind, struct taken_at at)
{
	const struct reading *left;

	while (!ledger->db.err &&
	       (left = find_left(policy_orders(&ledger->config.policy, kind), own))) {
		Carepace__V1__Order message = CAREPACE__V1__ORDER__INIT;
		message.key = left->order->key;
		message.has_withdrawn = message.withdrawn = true;
		*body_of(&message, kind) = *body_of(left->order, kind);
		add_news(own, message.key, true);
		succeed(ledger, left, kind, &message, at);
	}
}

static void take(struct ledger *ledger, struct own_policy *own, struct taken_at at)
{
	static const enum reading_kind kinds[] = {
	    READING_MODEL_PROFILE, READING_FIRMWARE_POLICY, READING_CALENDAR, READING_CLINIC_ROLE};

	for (size_t i = 0; i < own->count && !ledger->db.err; i++)
		activate(ledger, &own->orders[i], own, at);
	for (size_t i = 0; i < CP_COUNT(kinds); i++)
		withdraw(ledger, own, kinds[i], at);
	arena_reset(&ledger->work);
	own->is_taken = true;
}

/* The first one of a key has always been in force. */
void policies_take(struct ledger *ledger, struct own_policy *own, wall_ms now)
{
	take(ledger, own, (struct taken_at){.now = now, .first = 0});
	if (own->limits) {
		ledger->config.reserve_bytes = own->limits->reserve_bytes;
		ledger->config.outbox_max_bytes = own->limits->outbox_max_bytes;
		ledger->config.outbox_days = own->limits->outbox_days;
	}
}

void policies_suppose(struct ledger *ledger, struct own_policy *own, wall_ms since)
{
	struct db *db = &ledger->db;

	db_run(db, "DELETE FROM fact WHERE kind = ? AND subject = 0 AND source = ? AND ts >= ?",
	    "iii", (int64_t)SUBJECT_SITE, (int64_t)SOURCE_BOX, (int64_t)since);
	db_run(db,
	    "UPDATE fact SET until = NULL WHERE kind = ? AND subject = 0 AND source = ? AND until "
	    ">= ?",
	    "iii", (int64_t)SUBJECT_SITE, (int64_t)SOURCE_BOX, (int64_t)since);
	db_run(db, "DELETE FROM revision WHERE source = ? AND ts >= ?", "ii", (int64_t)SOURCE_BOX,
	    (int64_t)since);
	policies_read_again(ledger);
	take(ledger, own, (struct taken_at){.now = since, .first = since});
}

/* Who opens the store without the file (a recount, a tool) changes nothing. */
void policies_open(struct ledger *ledger, wall_ms now)
{
	struct own_policy own = {.orders = ledger->config.own, .count = ledger->config.own_count};

	policies_read_again(ledger);
	if (own.count)
		policies_take(ledger, &own, now);
}

/* --- change ---------------------------------------------------------------------------- */

void policies_change(struct ledger *ledger, const struct reading *order)
{
	policies_read_again(ledger);
	if (!ledger->config.is_recount)
		subjects_judge_again(
		    ledger, fact_time(order) - aftercare_longest_ms(&ledger->config.policy));
}

/* One gateway is one site in one time zone: opening hours of another one are no hours here. */
const char *policies_refuse(const struct ledger *ledger, const struct reading *reading)
{
	const struct ledger_config *config = &ledger->config;

	if (reading->kind != READING_CALENDAR || !config->timezone)
		return NULL;
	const Carepace__V1__Calendar *calendar = reading->order->calendar;
	bool is_of_another =
	    calendar->site && config->site && strcmp(calendar->site, config->site) != 0;
	if (is_of_another || !calendar->tz || strcmp(calendar->tz, config->timezone) == 0)
		return NULL;
	return "Calendar.tz is not the time zone of this site";
}
