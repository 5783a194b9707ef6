#include "ledger/days/courses.h"

#include "care/policy.h"
#include "care/time/civil.h"
#include "care/time/zone.h"
#include "ledger/judging/history.h"

#define STARTED_BEFORE_MONTHS 9 /* domain section 6 */
#define BANDS (CAREPACE__V1__BAND__BAND_MAINTENANCE + 1)

/* --- overdue ------------------------------------------------------------------------------- */

static int band_at(struct ledger *ledger, int64_t course, event_ms at)
{
	static const int64_t topic = FACT_TOPIC(READING_PLAN, 0);
	struct facts plans = history_facts(ledger, SUBJECT_COURSE, course, &topic, 1);
	const struct fact *plan = facts_holding(plans, READING_PLAN, at);

	return plan ? (int)plan->reading.order->plan->band : 0;
}

static void put_bands(
    struct ledger *ledger, const uint32_t clients[BANDS], Carepace__V1__AggDay *out)
{
	Carepace__V1__BandCount *counts = arena_zalloc(&ledger->work, BANDS * sizeof(*counts));
	Carepace__V1__BandCount **list = arena_alloc(&ledger->work, BANDS * sizeof(void *));

	if (!counts || !list) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the clients of a day");
		return;
	}
	out->overdue = list;
	for (int band = 1; band < BANDS; band++) {
		if (!clients[band])
			continue;
		Carepace__V1__BandCount *one = &counts[out->n_overdue];
		carepace__v1__band_count__init(one);
		one->band = (Carepace__V1__Band)band;
		one->clients = clients[band];
		list[out->n_overdue++] = one;
	}
}

/* A client with two courses of a band is one client. The sum keeps the index of these few from
 * what other statements ask of a check (a plan that hangs on a value is made again and again). */
static void count_overdue(struct ledger *ledger, event_ms end, Carepace__V1__AggDay *out)
{
	uint32_t clients[BANDS] = {0};
	int64_t last_of[BANDS] = {0};
	int64_t last = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT client, course FROM alert WHERE check_id + 0 = 103 AND until_at >= ?1"
	    " AND from_at < ?1 AND state != 5 AND is_test = 0 AND client > 0"
	    " ORDER BY client, course",
	    "i", (int64_t)end);

	out->has_overdue_clients = 1;
	while (db_next(&rows)) {
		int64_t client = db_int(&rows, 0);
		int band = band_at(ledger, db_int(&rows, 1), end - 1);
		out->overdue_clients += client != last;
		clients[band < BANDS ? band : 0] += client != last_of[band < BANDS ? band : 0];
		last = last_of[band < BANDS ? band : 0] = client;
	}
	db_end(&rows);
	put_bands(ledger, clients, out);
}

/* --- completed ------------------------------------------------------------------------------- */

static bool is_complete(struct ledger *ledger, int64_t client, int64_t course, int32_t day)
{
	return db_value(&ledger->db, 0,
	    "SELECT 1 FROM alert WHERE unit_kind = ? AND unit = ? AND check_id = ? AND course = ?"
	    " AND state != 5 AND effective_day <= ? LIMIT 1",
	    "iiiii", (int64_t)SUBJECT_CLIENT, client, (int64_t)CHECK_COURSE_COMPLETE, course,
	    (int64_t)day);
}

/* A course begins with its first session. */
static void count_completed(struct ledger *ledger, int32_t day, Carepace__V1__AggDay *out)
{
	int32_t latest = civil_add_months(day, -STARTED_BEFORE_MONTHS);
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT c.client, c.course FROM course c WHERE c.client > 0 AND EXISTS"
	    "(SELECT 1 FROM session s WHERE s.client = c.client AND s.client != 0"
	    " AND s.start_at < ? AND s.course = c.course AND s.flags & 80 = 16)",
	    "i", (int64_t)zone_time_at(ledger->config.policy.zone, latest + 1, 0));

	out->has_courses_started = out->has_courses_completed = 1;
	while (db_next(&rows)) {
		out->courses_started++;
		out->courses_completed +=
		    is_complete(ledger, db_int(&rows, 0), db_int(&rows, 1), day);
	}
	db_end(&rows);
}

void day_courses_fill(struct ledger *ledger, int32_t day, Carepace__V1__AggDay *out)
{
	const struct policy *policy = &ledger->config.policy;
	event_ms end = zone_time_at(policy->zone, day + 1, 0);

	if (!policy_is_off(policy, CHECK_INTERVAL_OVERDUE, end - 1))
		count_overdue(ledger, end, out);
	if (!policy_is_off(policy, CHECK_COURSE_COMPLETE, end - 1))
		count_completed(ledger, day, out);
}
