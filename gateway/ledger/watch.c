#include "ledger/watch.h"

#include "care/history_events.h"
#include "care/time/zone.h"
#include "care/timeline.h"
#include "ledger/facts.h"
#include "ledger/judging/history.h"
#include "ledger/office/health.h"
#include "ledger/store/names.h"
#include "ledger/store/store.h"
#include "wire/pack.h"

#include <stdio.h>

#define BOX_BOOT 1

/* As `watched` has it. All 0: never seen. */
struct watched {
	int64_t began; /* seq of the input */
	wall_ms began_at;
	bool is_on;
};

static struct watched load(struct ledger *ledger, const char *what)
{
	struct watched watched = {0};
	struct db_rows rows = db_query(
	    &ledger->db, "SELECT began, began_at, is_on FROM watched WHERE what = ?", "t", what);

	if (db_next(&rows)) {
		watched = (struct watched){.began = db_int(&rows, 0),
		    .began_at = db_int(&rows, 1),
		    .is_on = db_int(&rows, 2) != 0};
		db_end(&rows);
	}
	return watched;
}

static void name_reject(char out[NAME_MAX_LEN], const struct id *device, const char *field)
{
	char hex[ID_HEX_LEN + 1];

	snprintf(out, NAME_MAX_LEN, "%s/%s", id_hex(device, hex), field);
}

/* --- in ------------------------------------------------------------------------------ */

int64_t watch_take(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__BoxCondition *condition = reading->box->condition;
	const Carepace__V1__PrivacyReject *reject = reading->box->privacy_reject;
	bool is_condition = reading->kind == READING_BOX_CONDITION;
	uint32_t began_seq = is_condition ? condition->began_seq : reject->began_seq;
	char what[NAME_MAX_LEN];
	struct id device = {0};

	if (is_condition) {
		snprintf(what, sizeof(what), "%d", (int)condition->check);
	} else {
		id_from_bytes(&device, slice_of(reject->device.data, reject->device.len));
		name_reject(what, &device, reject->field);
	}
	if (began_seq == 0)
		db_run(&ledger->db,
		    "INSERT INTO watched(what, began, began_at, is_on) VALUES(?, ?, ?, 1)"
		    " ON CONFLICT(what) DO UPDATE SET began = excluded.began,"
		    " began_at = excluded.began_at, is_on = 1",
		    "tii", what, (int64_t)row->seq, (int64_t)reading->ts);
	else if (is_condition)
		db_run(&ledger->db, "UPDATE watched SET is_on = 0 WHERE what = ? AND began = ?",
		    "ti", what, (int64_t)began_seq);
	return began_seq ? began_seq : row->seq;
}

/* --- out ------------------------------------------------------------------------------- */

void watch_record(struct ledger *ledger, Carepace__V1__Box *box)
{
	struct source_state *source = names_source(ledger, &reading_box);
	struct reading reading;
	struct journal_row row;
	struct slice payload;

	if (!source)
		return;
	box->boot = BOX_BOOT;
	box->seq = source->boot == BOX_BOOT ? source->seq + 1 : 1;
	box->ts_ms = ledger->now;
	if (wire_pack(&ledger->work, &box->base, &payload) ||
	    reading_from_box(&ledger->work, payload, &reading) != READING_OK) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for what the box says of itself");
		return;
	}
	if (journal_append(ledger, &reading, (struct stamp){.recv = ledger->now}, &row) ==
	    BATCH_NEW)
		facts_apply(ledger, &reading, &row);
	arena_reset(&ledger->work);
}

static void record_condition(struct ledger *ledger, enum check check,
    const struct watch_answer *answer, const struct watched *before)
{
	Carepace__V1__Box box = CAREPACE__V1__BOX__INIT;
	Carepace__V1__BoxCondition condition = CAREPACE__V1__BOX_CONDITION__INIT;

	condition.check = (Carepace__V1__Check)check;
	condition.on = answer->holds;
	if (answer->holds) {
		condition.has_value = condition.has_limit = true;
		condition.value = answer->value;
		condition.limit = answer->limit;
	} else {
		condition.has_began_seq = true;
		condition.began_seq = (uint32_t)before->began;
	}
	box.body_case = CAREPACE__V1__BOX__BODY_CONDITION;
	box.condition = &condition;
	watch_record(ledger, &box);
}

/* --- conditions ------------------------------------------------------------------------- */

/* Head office may never have said anything: then since this box first listened. */
static wall_ms last_order_at(struct ledger *ledger)
{
	wall_ms at = db_value(&ledger->db, 0,
	    "SELECT recv FROM journal WHERE source = (SELECT no FROM source WHERE id = ?)"
	    " ORDER BY boot DESC, seq DESC LIMIT 1",
	    "b", slice_of(reading_head_office.b, ID_BYTES));

	if (at == 0)
		at = store_meta(ledger, "watched_since", 0);
	if (at == 0) {
		at = ledger->now;
		store_set_meta(ledger, "watched_since", at);
	}
	return at;
}

static void measure(struct ledger *ledger, struct watch_look *look)
{
	struct db *db = &ledger->db;

	look->queue_rows = ledger->outbox_rows;
	look->queue_oldest_at =
	    db_value(db, TIME_NEVER, "SELECT queued_at FROM outbox ORDER BY queued_at LIMIT 1", "");
	look->last_order_at = last_order_at(ledger);
	look->parked = db_value(db, 0, "SELECT count(*) FROM parked", "");
	look->unjudged = db_value(db, 0, "SELECT count(*) FROM unjudged", "");
	look->synced_at = ledger->has_clock ? ledger->synced_at : ledger->now;
}

static void look_around(struct ledger *ledger, struct watch_look *look)
{
	measure(ledger, look);
	for (size_t i = 0; i < WATCH_CONDITIONS; i++) {
		char what[12];
		snprintf(what, sizeof(what), "%d", (int)watch_checks[i]);
		struct watched before = load(ledger, what);
		struct watch_answer answer =
		    watch_ask(i, look, &ledger->config.policy, ledger->now);
		if (answer.holds == before.is_on)
			continue;
		if (answer.holds && watch_is_paused(before.began_at, ledger->now))
			continue;
		record_condition(ledger, watch_checks[i], &answer, &before);
	}
	health_look(ledger, look);
	look->is_taken = false;
}

/* --- refusals ------------------------------------------------------------------------------ */

static struct watch_reject *find_reject(
    struct ledger *ledger, const struct id *device, const char *field)
{
	struct watch_reject *free_one = NULL;

	for (size_t i = 0; i < WATCH_REJECTS_MAX; i++) {
		struct watch_reject *reject = &ledger->rejects[i];
		bool is_used = reject->count > 0 || watch_is_paused(reject->said_at, ledger->now);
		if (is_used && id_eq(&reject->device, device) && strcmp(reject->field, field) == 0)
			return reject;
		if (!is_used && !free_one)
			free_one = reject;
	}
	if (free_one) {
		*free_one = (struct watch_reject){.device = *device};
		snprintf(free_one->field, sizeof(free_one->field), "%s", field);
	}
	return free_one;
}

void watch_refused(struct ledger *ledger, const struct batch_entry *entry)
{
	struct watch_reject *reject =
	    find_reject(ledger, &entry->reading.source, entry->why ? entry->why : "-");

	if (reject)
		reject->count++;
}

/* One finding a day; what is refused tomorrow is one of its own. */
static void record_reject(struct ledger *ledger, struct watch_reject *reject)
{
	const struct zone *zone = ledger->config.policy.zone;
	Carepace__V1__Box box = CAREPACE__V1__BOX__INIT;
	Carepace__V1__PrivacyReject body = CAREPACE__V1__PRIVACY_REJECT__INIT;
	char what[NAME_MAX_LEN];

	name_reject(what, &reject->device, reject->field);
	struct watched before = load(ledger, what);
	body.device = (ProtobufCBinaryData){.data = reject->device.b, .len = ID_BYTES};
	body.field = reject->field;
	body.count = reject->count;
	if (before.began && zone_day(zone, before.began_at) == zone_day(zone, ledger->now)) {
		body.has_began_seq = true;
		body.began_seq = (uint32_t)before.began;
	}
	box.body_case = CAREPACE__V1__BOX__BODY_PRIVACY_REJECT;
	box.privacy_reject = &body;
	watch_record(ledger, &box);
	reject->count = 0;
	reject->said_at = ledger->now;
}

void watch_work(struct ledger *ledger)
{
	struct watch_look *look = &ledger->batch->look;

	/* What was recorded must have been applied before it is compared with. */
	if (ledger->is_careful && ledger_pending(ledger) > 0)
		return;
	for (size_t i = 0; i < WATCH_REJECTS_MAX; i++) {
		struct watch_reject *reject = &ledger->rejects[i];
		if (reject->count > 0 && !watch_is_paused(reject->said_at, ledger->now))
			record_reject(ledger, reject);
	}
	if (look->is_taken)
		look_around(ledger, look);
}

/* --- for the judge ---------------------------------------------------------------------------- */

bool watch_history(struct ledger *ledger, int64_t no, struct gateway_history *out)
{
	*out = (struct gateway_history){
	    .no = no, .facts = history_all_facts(ledger, SUBJECT_GATEWAY, no)};
	if (out->facts.count > 0 && out->facts.items[0].reading.kind == READING_PRIVACY_REJECT) {
		const ProtobufCBinaryData *device =
		    &out->facts.items[0].reading.box->privacy_reject->device;
		out->device = db_value(&ledger->db, 0, "SELECT no FROM source WHERE id = ?", "b",
		    slice_of(device->data, device->len));
	}
	return out->facts.count > 0 && !ledger->db.err;
}
