#include "ledger/days/aggregates.h"

#include "care/report/aggregate.h"
#include "care/time/zone.h"
#include "ledger/box_clock.h"
#include "ledger/days/civil_days.h"
#include "ledger/days/counts.h"
#include "ledger/days/devices.h"
#include "ledger/days/observed.h"
#include "ledger/office/states.h"
#include "ledger/store/sessions.h"
#include "ledger/store/store.h"

/* From 2 January 1970 to 2149: no number is 0, and an alert without a date is of no day. */
#define DAY_BITS 16
#define OF_BITS 2

struct aggregate_key aggregates_key(int64_t no)
{
	return (struct aggregate_key){
	    .of = (enum aggregate_of)(no >> DAY_BITS & 3),
	    .who = no >> (DAY_BITS + OF_BITS),
	    .day = (int32_t)(no & 0xffff),
	};
}

static int64_t number_of(struct aggregate_key key)
{
	return key.who << (DAY_BITS + OF_BITS) | (int64_t)key.of << DAY_BITS | key.day;
}

/* --- what changes a day --------------------------------------------------------------- */

/* R7: nobody asks for a day before 06:00 of the next one. */
static wall_ms deadline_of(const struct ledger *ledger, int32_t day)
{
	return zone_time_at(ledger->config.policy.zone, day + 1, TIMER_MINUTE_OF_DAY);
}

/* A recount composes the days that it finds and those that the store has. */
static void touch(struct ledger *ledger, struct aggregate_key key)
{
	if (key.day <= 0 || key.day > 0xffff)
		return;
	if (ledger->config.is_recount)
		db_run(&ledger->db,
		    "INSERT INTO subject(kind, subject, judged_at) VALUES(?, ?, ?)"
		    " ON CONFLICT DO NOTHING",
		    "iii", (int64_t)SUBJECT_AGGREGATE, number_of(key), (int64_t)ledger->now);
	else
		states_touch(
		    ledger, SUBJECT_AGGREGATE, number_of(key), deadline_of(ledger, key.day));
}

void aggregates_touch_site(struct ledger *ledger, int32_t day)
{
	touch(ledger, (struct aggregate_key){.of = AGGREGATE_OF_SITE, .day = day});
}

static void touch_all(struct ledger *ledger, int64_t device, int64_t operator_no, int32_t day)
{
	aggregates_touch_site(ledger, day);
	if (device)
		touch(ledger,
		    (struct aggregate_key){.of = AGGREGATE_OF_DEVICE, .who = device, .day = day});
	if (operator_no)
		touch(ledger, (struct aggregate_key){
		                  .of = AGGREGATE_OF_OPERATOR, .who = operator_no, .day = day});
}

void aggregates_touch_session(struct ledger *ledger, const struct session *session)
{
	bool is_over = session->state == SESSION_ENDED || session->state == SESSION_LOST;
	struct span span = aggregate_span(session);

	if (!is_over || session->is_test || session_is_undated(session))
		return;
	int32_t last = zone_day(ledger->config.policy.zone, span.until);
	for (int32_t day = session->day; day <= last; day++)
		touch_all(ledger, session->device, session->operator_no, day);
	civil_days_touch_kept(ledger, session);
}

void aggregates_touch_device(struct ledger *ledger, int64_t device, event_ms at)
{
	touch_all(ledger, device, 0, zone_day(ledger->config.policy.zone, at));
}

void aggregates_touch_alert(struct ledger *ledger, const struct alert *alert)
{
	const struct finding *finding = &alert->finding;
	struct session session = {0};

	if (ledger->config.is_recount || finding->is_test)
		return;
	if (finding->session)
		sessions_load(ledger, finding->session, &session);
	touch_all(ledger, finding->device ? finding->device : session.device,
	    finding->operator_no ? finding->operator_no : session.operator_no,
	    finding->effective_day);
}

void aggregates_touch_site_within(struct ledger *ledger, int32_t first, int32_t last)
{
	struct aggregate_key from = {.of = AGGREGATE_OF_SITE, .day = first < 1 ? 1 : first};
	struct aggregate_key to = {.of = AGGREGATE_OF_SITE, .day = last < 0xffff ? last : 0xffff};

	if (ledger->config.is_recount)
		return;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT subject FROM subject WHERE kind = ? AND subject BETWEEN ? AND ?", "iii",
	    (int64_t)SUBJECT_AGGREGATE, number_of(from), number_of(to));
	while (db_next(&rows))
		touch(ledger, aggregates_key(db_int(&rows, 0)));
}

void aggregates_touch_since(struct ledger *ledger, event_ms since)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT subject FROM subject WHERE kind = ? AND (subject & 65535) >= ?", "ii",
	    (int64_t)SUBJECT_AGGREGATE, (int64_t)zone_day(ledger->config.policy.zone, since));

	if (!ledger->config.is_recount)
		while (db_next(&rows))
			touch(ledger, aggregates_key(db_int(&rows, 0)));
	db_end(&rows);
}

/* --- days without anything -------------------------------------------------------------- */

/* After the box was off for longer nobody asks what happened meanwhile. */
#define EXPECTED_DAYS_MAX 31

static void expect(struct ledger *ledger, struct aggregate_key key)
{
	states_expect(ledger, SUBJECT_AGGREGATE, number_of(key), deadline_of(ledger, key.day));
}

void aggregates_expect_today(struct ledger *ledger)
{
	if (ledger->config.is_recount || box_clock_in_doubt(ledger))
		return;
	int64_t today = zone_day(ledger->config.policy.zone, ledger->now);
	int64_t last = store_meta(ledger, "day_expected", today - 1);
	if (last == today)
		return;
	if (last > today) /* the clock was set back */
		last = today - 1;
	if (last < today - EXPECTED_DAYS_MAX)
		last = today - EXPECTED_DAYS_MAX;
	while (++last <= today)
		expect(
		    ledger, (struct aggregate_key){.of = AGGREGATE_OF_SITE, .day = (int32_t)last});
	store_set_meta(ledger, "day_expected", today);
}

/* Once the site's day is added up it is known who was in service. */
static void expect_devices(struct ledger *ledger, int32_t day)
{
	const int64_t *devices;
	size_t count = day_devices_in_service(ledger, day, &devices);

	for (size_t i = 0; i < count; i++)
		expect(ledger, (struct aggregate_key){
		                   .of = AGGREGATE_OF_DEVICE, .who = devices[i], .day = day});
	aggregates_expect_today(ledger);
}

/* --- composed ---------------------------------------------------------------------------- */

static bool load_device(struct ledger *ledger, int64_t device, struct id *out)
{
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT id FROM source WHERE no = ?", "i", device);
	bool is_known = db_next(&rows) && id_from_bytes(out, db_blob(&rows, 0));

	db_end(&rows);
	return is_known;
}

void aggregates_compose(struct ledger *ledger, struct touch touch)
{
	struct aggregate_key key = aggregates_key(touch.no);
	struct aggregate_input input;
	struct state_people people = {.operator_no = key.of == AGGREGATE_OF_OPERATOR ? key.who : 0};
	Carepace__V1__AggDay truth;
	Carepace__V1__AggDay observed;
	struct id device;

	if (!day_counts_load(ledger, key, &input))
		return;
	aggregate_fill(&truth, &input);
	truth.has_device = key.of == AGGREGATE_OF_DEVICE && load_device(ledger, key.who, &device);
	truth.device = (ProtobufCBinaryData){.len = ID_BYTES, .data = device.b};
	if (!ledger->config.is_recount)
		day_observed_fill(ledger, key, &input, &observed);
	if (ledger->db.err)
		return;
	states_put_both(ledger, SUBJECT_AGGREGATE, touch.no, people, &truth.base,
	    ledger->config.is_recount ? NULL : &observed.base);
	if (key.of == AGGREGATE_OF_SITE && !ledger->config.is_recount)
		expect_devices(ledger, key.day);
}
