/* apply_device.c - what devices are and how they do, whoever tells it. */
#include "ledger/apply.h"

#include "ledger/clocks.h"
#include "ledger/days/aggregates.h"
#include "ledger/days/heard.h"
#include "ledger/downs.h"
#include "ledger/judging/history.h"
#include "ledger/judging/presence.h"
#include "ledger/reach.h"
#include "ledger/store/names.h"

/* The last word on what it is, whichever says it: HELLO, or head office. */
static void add_to_device(struct ledger *ledger, int64_t device, const struct reading *reading,
    const struct journal_row *row)
{
	bool loud = facts_are_loud(ledger, reading, row);

	facts_add(ledger, SUBJECT_DEVICE, device, reading, row);
	reach_device(ledger, device, reading, loud);
	touched_add(&ledger->touched[SUBJECT_DEVICE], &ledger->scratch, device, loud);
}

/* A counter is compared with the one told before it, so news may concern the next one's
 * day, too. */
static void apply_counters(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__Hello *hello = reading->up->hello;
	bool loud = facts_are_loud(ledger, reading, row);
	struct touched *days = &ledger->touched[SUBJECT_DAY];

	if (hello->has_life_active_s)
		facts_add_under(ledger, SUBJECT_METER, row->source,
		    hello->life_active_s > INT64_MAX ? INT64_MAX : (int64_t)hello->life_active_s,
		    reading, row);
	if (!hello->has_life_pulses)
		return;
	facts_add_under(ledger, SUBJECT_DEVICE, row->source, FACT_COUNTER, reading, row);
	event_ms next = db_value(&ledger->db, TIME_NEVER,
	    "SELECT min(ts) FROM fact WHERE kind = ? AND subject = ? AND topic = ? AND ts > ?",
	    "iiii", (int64_t)SUBJECT_DEVICE, row->source, FACT_COUNTER, (int64_t)reading->ts);
	touched_add(days, &ledger->scratch, history_day_no(ledger, row->source, reading->ts), loud);
	if (next != TIME_NEVER)
		touched_add(
		    days, &ledger->scratch, history_day_no(ledger, row->source, next), loud);
}

void apply_hello(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__Hello *hello = reading->up->hello;

	add_to_device(ledger, row->source, reading, row);
	if (hello->has_fw) {
		facts_add_under(ledger, SUBJECT_FIRMWARE, row->source, hello->fw, reading, row);
		reach_firmware(
		    ledger, row->source, reading->ts, facts_are_loud(ledger, reading, row));
	}
	if (!reading->is_test)
		apply_counters(ledger, reading, row);
	if (ledger->filing != FILING_NEW)
		return;
	db_run(&ledger->db,
	    "UPDATE source SET kind = ?, model = ?, serial = ?, context = ?, fw = ?, seen_at = ?"
	    " WHERE no = ?",
	    "iitiiii", (int64_t)hello->kind, (int64_t)hello->model, hello->serial,
	    (int64_t)hello->context, (int64_t)hello->fw, (int64_t)row->recv, row->source);
	if (ledger->config.is_recount)
		return;
	downs_hello_ack(ledger, reading);
	aggregates_expect_today(ledger);
}

void apply_to_device(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	bool is_assign = reading->kind == READING_DEVICE_ASSIGN;
	const ProtobufCBinaryData *device =
	    is_assign ? &reading->order->device_assign->device : &reading->order->device->device;
	struct id id;

	if (!id_from_bytes(&id, slice_of(device->data, device->len)))
		return;
	struct source_state *source = names_source(ledger, &id);
	if (source)
		add_to_device(ledger, source->no, reading, row);
}

/* The device that was served or tested; a tablet may speak of another (P7: reading.c). */
static int64_t device_of(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__Maint *maint =
	    reading->kind == READING_MAINT ? reading->up->maint : NULL;
	struct id id;

	if (!maint || !id_from_bytes(&id, slice_of(maint->device.data, maint->device.len)) ||
	    id_is_zero(&id))
		return row->source;
	return names_device(ledger, &id);
}

/* R22: nobody is cleaned, calibrated or freed by a test. */
void apply_service(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	int64_t device = device_of(ledger, reading, row);

	if (reading->is_test)
		return;
	add_to_device(ledger, device, reading, row);
	/* One that passes ends what several failed ones before may have begun. */
	if (reading->kind == READING_MAINT &&
	    reading->up->maint->kind == CAREPACE__V1__MAINT_KIND__MAINT_CALIBRATION)
		reach_found(ledger, device, CHECK_DEVICE_QUARANTINED_USE, reading->ts,
		    facts_are_loud(ledger, reading, row));
}

void apply_fault(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (reading->is_test || !reading->up->fault->on)
		return;
	facts_add(ledger, SUBJECT_DEVICE, row->source, reading, row);
	touched_add(&ledger->touched[SUBJECT_DEVICE], &ledger->scratch, row->source,
	    facts_are_loud(ledger, reading, row));
}

void apply_heartbeat(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (ledger->filing != FILING_NEW)
		return;
	presence_beat(ledger, reading, row->recv);
	heard_add(ledger, reading);
}

/* Something about a message that is a fact of its device's day. */
static void add_to_day(struct ledger *ledger, int64_t topic, const struct reading *reading,
    const struct journal_row *row)
{
	int64_t day = history_day_no(ledger, row->source, reading->ts);

	facts_add_under(ledger, SUBJECT_DAY, day, reading->is_test ? topic | FACT_OF_TEST : topic,
	    reading, row);
	touched_add(&ledger->touched[SUBJECT_DAY], &ledger->scratch, day,
	    facts_are_loud(ledger, reading, row));
}

void facts_conflict(
    struct ledger *ledger, const struct reading *first, const struct journal_row *row)
{
	struct reading dated = *first;

	if (!first->up)
		return;
	clocks_date_again(ledger, &dated, row);
	add_to_day(ledger, FACT_CONFLICT, &dated, row);
}

static bool is_contested(struct ledger *ledger, const struct journal_row *row)
{
	return db_value(&ledger->db, 0,
	    "SELECT 1 FROM conflict WHERE source = ? AND boot = ? AND seq = ? LIMIT 1", "iii",
	    row->source, (int64_t)row->boot, (int64_t)row->seq);
}

void apply_to_day(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (reading->is_withheld && reading->up)
		add_to_day(ledger, FACT_WITHHELD, reading, row);
	if (ledger->filing != FILING_NEW && is_contested(ledger, row))
		add_to_day(ledger, FACT_CONFLICT, reading, row);
}
