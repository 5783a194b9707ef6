/* history_device.c - loads what the judges of a device walk. */
#include "care/time/zone.h"
#include "ledger/judging/history.h"

/* Of faults and HELLOs the oldest so many count: 40 a day for 7 years (P6). */
#define MOMENTS_MAX 100000

static bool load_id(struct ledger *ledger, int64_t device, struct id *out)
{
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT id FROM source WHERE no = ?", "i", device);

	if (!db_next(&rows))
		return false;
	id_from_bytes(out, db_blob(&rows, 0));
	db_end(&rows);
	return true;
}

/* Rows of ts, boot, seq, number, is_test. */
static struct moments take_moments(struct ledger *ledger, struct db_rows *rows)
{
	struct moment *items = NULL;
	struct moments moments = {0};
	size_t cap = 0;

	while (db_next(rows)) {
		items = arena_push(&ledger->work, items, moments.count, &cap, sizeof(*items));
		if (!items) {
			db_fail(
			    &ledger->db, CP_NOMEM, "a history is larger than a judge call may be");
			break;
		}
		items[moments.count++] = (struct moment){
		    .at = db_int(rows, 0),
		    .boot = (uint32_t)db_int(rows, 1),
		    .seq = (uint32_t)db_int(rows, 2),
		    .number = db_int(rows, 3),
		    .is_test = db_int(rows, 4) != 0,
		};
	}
	db_end(rows);
	moments.items = items;
	moments.total = moments.count;
	return moments;
}

/* --- through the years ------------------------------------------------------------------ */

/* Of those that passed, only which ends which failure is asked. */
static void add_passes(struct ledger *ledger, struct fact_list *list, int64_t device)
{
	static const int64_t failed =
	    FACT_TOPIC(READING_SELFTEST, CAREPACE__V1__RESULT__RESULT_FAIL);
	static const int64_t passed =
	    FACT_TOPIC(READING_SELFTEST, CAREPACE__V1__RESULT__RESULT_PASS);
	struct facts facts = history_sorted(list);
	const struct fact *pass = NULL;

	for (size_t i = 0; i < facts.count; i++) {
		const struct reading *reading = &facts.items[i].reading;
		if (fact_topic(reading) != failed || (pass && reading->ts < pass->reading.ts))
			continue;
		size_t count = list->count;
		history_add_around(ledger, list, SUBJECT_DEVICE, device, passed, reading->ts);
		struct facts added = {.items = list->items + count, .count = list->count - count};
		pass = facts_next(added, passed, reading->ts);
		if (!pass)
			return;
	}
}

static bool has_service_hours(const struct ledger *ledger)
{
	const struct facts *profiles = &ledger->config.policy.profiles;

	for (size_t i = 0; i < profiles->count; i++)
		if (profiles->items[i].reading.order->model_profile->service_hours)
			return true;
	return false;
}

void history_add_services(struct ledger *ledger, struct fact_list *list, int64_t device)
{
	static const int64_t topics[] = {
	    FACT_TOPIC(READING_DEVICE, 0),
	    FACT_TOPIC(READING_MAINT, CAREPACE__V1__MAINT_KIND__MAINT_PM),
	    FACT_TOPIC(READING_MAINT, CAREPACE__V1__MAINT_KIND__MAINT_CALIBRATION),
	    FACT_TOPIC(READING_MAINT, CAREPACE__V1__MAINT_KIND__MAINT_ELEC_SAFETY),
	    FACT_TOPIC(READING_MAINT, CAREPACE__V1__MAINT_KIND__MAINT_INSPECTION),
	};

	for (size_t i = 0; i < CP_COUNT(topics); i++)
		history_add(ledger, list, SUBJECT_DEVICE, device, topics[i]);
}

bool history_of_device(struct ledger *ledger, int64_t device, struct device_history *history)
{
	struct fact_list list = {0};

	*history = (struct device_history){.device = device};
	if (!load_id(ledger, device, &history->id))
		return false;
	history_add_services(ledger, &list, device);
	history_add(ledger, &list, SUBJECT_DEVICE, device,
	    FACT_TOPIC(READING_SELFTEST, CAREPACE__V1__RESULT__RESULT_FAIL));
	add_passes(ledger, &list, device);
	history_add_around(
	    ledger, &list, SUBJECT_DEVICE, device, FACT_TOPIC(READING_HELLO, 0), TIME_NEVER);
	history->facts = history_sorted(&list);

	struct db_rows rows = db_query(&ledger->db,
	    "SELECT ts, boot, seq, 0, 0 FROM fact WHERE kind = ? AND subject = ? AND topic = ?"
	    " ORDER BY ts, source, boot, seq LIMIT ?",
	    "iiii", (int64_t)SUBJECT_DEVICE, device, FACT_TOPIC(READING_FAULT, 0),
	    (int64_t)MOMENTS_MAX);
	history->faults = take_moments(ledger, &rows);
	if (!has_service_hours(ledger))
		return !ledger->db.err;
	rows = db_query(&ledger->db,
	    "SELECT ts, boot, seq, topic, 0 FROM fact WHERE kind = ? AND subject = ?"
	    " ORDER BY ts, source, boot, seq LIMIT ?",
	    "iii", (int64_t)SUBJECT_METER, device, (int64_t)MOMENTS_MAX);
	history->hours = take_moments(ledger, &rows);
	return !ledger->db.err;
}

static const int64_t quarantine_topics[] = {
    FACT_TOPIC(READING_MAINT, CAREPACE__V1__MAINT_KIND__MAINT_QUARANTINE),
    FACT_TOPIC(READING_MAINT, CAREPACE__V1__MAINT_KIND__MAINT_RELEASE),
    FACT_TOPIC(READING_SELFTEST, CAREPACE__V1__RESULT__RESULT_PASS),
    FACT_TOPIC(READING_ESTOP, 0),
};

static void add_calibrations(struct ledger *ledger, struct fact_list *list, int64_t device)
{
	history_add(ledger, list, SUBJECT_DEVICE, device,
	    FACT_TOPIC(READING_MAINT, CAREPACE__V1__MAINT_KIND__MAINT_CALIBRATION));
}

void history_add_quarantine(
    struct ledger *ledger, struct fact_list *list, int64_t device, event_ms at)
{
	for (size_t i = 0; i < CP_COUNT(quarantine_topics); i++)
		history_add_around(ledger, list, SUBJECT_DEVICE, device, quarantine_topics[i], at);
	add_calibrations(ledger, list, device);
}

void history_add_quarantine_within(
    struct ledger *ledger, struct fact_list *list, int64_t device, event_ms from, event_ms to)
{
	for (size_t i = 0; i < CP_COUNT(quarantine_topics); i++) {
		history_add_last(ledger, list, SUBJECT_DEVICE, device, quarantine_topics[i], from);
		history_add_within(
		    ledger, list, SUBJECT_DEVICE, device, quarantine_topics[i], from + 1, to);
	}
	add_calibrations(ledger, list, device);
}

/* One that makes firmwares up has more. */
#define FIRMWARES_MAX INT64_C(64)

/* From firmware to firmware, which is the topic: two steps of the index for each. */
void history_add_firmware(
    struct ledger *ledger, struct fact_list *list, int64_t device, event_ms at)
{
	static const int64_t hello = FACT_TOPIC(READING_HELLO, 0);

	if (ledger->config.policy.firmware.count == 0 ||
	    topics_last(ledger, SUBJECT_DEVICE, device, hello) <= at)
		return;
	struct db_rows rows = db_query(&ledger->db,
	    "WITH RECURSIVE topics(topic) AS (SELECT min(topic) FROM fact WHERE kind = ?1"
	    " AND subject = ?2 UNION ALL SELECT (SELECT min(topic) FROM fact WHERE kind = ?1"
	    " AND subject = ?2 AND topic > topics.topic) FROM topics WHERE topic IS NOT NULL"
	    " LIMIT ?3) SELECT topic FROM topics WHERE topic IS NOT NULL",
	    "iii", (int64_t)SUBJECT_FIRMWARE, device, FIRMWARES_MAX);
	while (db_next(&rows))
		history_add_next(ledger, list, SUBJECT_FIRMWARE, device, db_int(&rows, 0), at);
	db_end(&rows);
}

/* --- one day ------------------------------------------------------------------------------ */

int64_t history_day_no(const struct ledger *ledger, int64_t device, event_ms at)
{
	return device << 16 | zone_day(ledger->config.policy.zone, at);
}

/* Topics TOPIC and, of tests, TOPIC with a detail. */
static struct moments day_moments(struct ledger *ledger, int64_t no, int64_t topic)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT ts, boot, seq, 0, topic > ?3 FROM fact WHERE kind = ?1 AND subject = ?2"
	    " AND topic IN (?3, ?4) ORDER BY ts, source, boot, seq LIMIT ?5",
	    "iiiii", (int64_t)SUBJECT_DAY, no, topic, topic | FACT_OF_TEST,
	    (int64_t)MOMENTS_PER_DAY);
	struct moments moments = take_moments(ledger, &rows);

	if (moments.count == MOMENTS_PER_DAY)
		moments.total = (size_t)db_value(&ledger->db, 0,
		    "SELECT count(*) FROM fact WHERE kind = ? AND subject = ? AND topic IN (?, ?)",
		    "iiii", (int64_t)SUBJECT_DAY, no, topic, topic | FACT_OF_TEST);
	return moments;
}

bool history_of_day(struct ledger *ledger, int64_t no, struct device_day *history)
{
	const struct zone *zone = ledger->config.policy.zone;
	struct fact_list list = {0};

	*history = (struct device_day){.device = no >> 16, .day = (int32_t)(no & 0xffff)};
	if (!load_id(ledger, history->device, &history->id))
		return false;
	event_ms midnight = zone_time_at(zone, history->day, 0);
	history_add_last(
	    ledger, &list, SUBJECT_DEVICE, history->device, FACT_COUNTER, midnight - 1);
	history_add_within(ledger, &list, SUBJECT_DEVICE, history->device, FACT_COUNTER, midnight,
	    zone_time_at(zone, history->day + 1, 0) - 1);
	history->hellos = history_sorted(&list);
	history->withheld = day_moments(ledger, no, FACT_WITHHELD);
	history->conflicts = day_moments(ledger, no, FACT_CONFLICT);
	return !ledger->db.err;
}
