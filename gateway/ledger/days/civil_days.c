#include "ledger/days/civil_days.h"

#include "care/outlook.h"
#include "care/time/civil.h"
#include "care/time/zone.h"
#include "ledger/days/aggregates.h"
#include "ledger/forgets.h"
#include "ledger/judging/history.h"
#include "ledger/store/names.h"
#include "ledger/store/sessions.h"

/* Domain section 6. */
#define CERTS_SOON_DAYS 30
#define CARTS_SOON_DAYS 60
#define NO_SHOW_AFTER_MS (60 * MS_PER_MINUTE)

static int32_t day_at(const struct ledger *ledger, event_ms at)
{
	return zone_day(ledger->config.policy.zone, at);
}

static event_ms end_of(const struct ledger *ledger, int32_t day)
{
	return zone_time_at(ledger->config.policy.zone, day + 1, 0);
}

/* --- filed --------------------------------------------------------------------------------- */

/* Since when head office tells of something; TIME_NEVER: it does not. */
static event_ms told_since(struct ledger *ledger, enum reading_kind kind)
{
	return db_value(&ledger->db, TIME_NEVER,
	    "SELECT ts FROM fact WHERE kind = ? AND subject = 0 AND topic = ? ORDER BY ts LIMIT 1",
	    "ii", (int64_t)SUBJECT_SITE, FACT_TOPIC(kind, 0));
}

/* Days that nobody could count so far can be counted now. */
static void note_first(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	event_ms since = told_since(ledger, reading->kind);

	if (ledger->filing != FILING_NEW || reading->ts >= since)
		return;
	facts_add(ledger, SUBJECT_SITE, 0, reading, row);
	aggregates_touch_site_within(ledger, day_at(ledger, reading->ts), INT32_MAX);
}

static void add(struct ledger *ledger, int32_t day, const struct reading *reading,
    const struct journal_row *row)
{
	if (day <= 0)
		return;
	facts_add(ledger, SUBJECT_CIVIL_DAY, day, reading, row);
	aggregates_touch_site(ledger, day);
}

void civil_days_stop(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (reading->is_test) /* R22 */
		return;
	add(ledger, day_at(ledger, reading->ts), reading, row);
	aggregates_touch_device(ledger, row->source, reading->ts);
}

void civil_days_booking(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__Booking *booking = reading->order->booking;
	int32_t day = day_at(ledger, booking->start_ts_ms);

	if (!policy_is_here(&ledger->config.policy, booking->site))
		return;
	note_first(ledger, reading, row);
	add(ledger, day, reading, row);
	facts_add_under(ledger, SUBJECT_BOOKING, (int64_t)booking->booking, day, reading, row);
}

/* Under its cartridge. A credit ends the line whose revision it is. */
void civil_days_billing(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__BillingLine *line = reading->order->billing_line;
	int32_t day;

	if (!policy_is_here(&ledger->config.policy, line->site) || !line->gtin || !line->serial ||
	    !civil_parse_yyyymmdd(line->local_date, &day) || day <= 0)
		return;
	note_first(ledger, reading, row);
	if (!line->credit)
		facts_add_under(ledger, SUBJECT_CIVIL_DAY, day,
		    FACT_TOPIC(
		        READING_BILLING_LINE, names_cartridge(ledger, line->gtin, line->serial)),
		    reading, row);
	aggregates_touch_site(ledger, day);
}

/* What ends soon was counted, or is from now on, since it was said. */
static void add_good_through(struct ledger *ledger, int32_t day, const struct reading *reading,
    const struct journal_row *row)
{
	facts_add(ledger, SUBJECT_GOOD_THROUGH, day, reading, row);
	aggregates_touch_site_within(ledger, day_at(ledger, reading->ts), INT32_MAX);
}

void civil_days_cert(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	int32_t day;

	if (row->operator_no &&
	    civil_parse_yyyymmdd(reading->order->cert->valid_through_date, &day))
		add_good_through(ledger, day, reading, row);
}

/* What is gone ends the entry before it. */
void civil_days_stock(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__CartStock *stock = reading->order->cart_stock;
	int32_t day;

	if (!stock->gone && civil_parse_expiry(stock->cart->expiry_yyyymmdd, &day))
		add_good_through(ledger, day, reading, row);
	else
		aggregates_touch_site_within(ledger, day_at(ledger, reading->ts), INT32_MAX);
}

/* --- stops, billing ------------------------------------------------------------------------ */

uint32_t civil_days_stops(struct ledger *ledger, int32_t day)
{
	return (uint32_t)db_value(&ledger->db, 0,
	    "SELECT count(*) FROM fact WHERE kind = ? AND subject = ? AND topic = ?", "iii",
	    (int64_t)SUBJECT_CIVIL_DAY, (int64_t)day, FACT_TOPIC(READING_ESTOP, 0));
}

struct known_count civil_days_billed(struct ledger *ledger, int32_t day)
{
	struct known_count billed = {
	    .is_known = told_since(ledger, READING_BILLING_LINE) < end_of(ledger, day)};

	if (billed.is_known)
		billed.count = (uint32_t)db_value(&ledger->db, 0,
		    "SELECT count(DISTINCT topic) FROM fact WHERE kind = ? AND subject = ?"
		    " AND topic & 65535 = ? AND until IS NULL",
		    "iii", (int64_t)SUBJECT_CIVIL_DAY, (int64_t)day, (int64_t)READING_BILLING_LINE);
	return billed;
}

/* --- appointments -------------------------------------------------------------------------- */

/* A session keeps the one that it names, or, naming none, that in whose hour it begins
 * (judge/client_bookings.c). One that runs is not counted yet. */
static bool is_kept(
    struct ledger *ledger, const Carepace__V1__Booking *booking, int64_t client, event_ms until)
{
	int64_t reach_ms = MS_PER_MINUTE * policy_number(&ledger->config.policy,
	                                       PARAM_BOOKING_MINUTES, booking->start_ts_ms);

	return db_value(&ledger->db, 0,
	    "SELECT 1 FROM session s WHERE s.client = ?1 AND s.client != 0 AND s.start_at <= ?2"
	    " AND " SESSION_COUNTS " AND " SESSION_HAS_START
	    " AND (s.booking = ?3 OR (s.booking = 0 AND abs(s.start_at - ?4) <= ?5))"
	    " ORDER BY s.start_at DESC LIMIT 1",
	    "iiiii", client, (int64_t)until, (int64_t)booking->booking,
	    (int64_t)booking->start_ts_ms, reach_ms);
}

/* At the latest at 06:00, when the day is added up. */
static event_ms over_at(
    const struct ledger *ledger, const Carepace__V1__Booking *booking, int32_t day)
{
	const struct zone *zone = ledger->config.policy.zone;
	event_ms end = booking->has_end_ts_ms ? booking->end_ts_ms : booking->start_ts_ms;
	event_ms morning = zone_time_at(zone, day + 1, TIMER_MINUTE_OF_DAY);

	return end < morning - NO_SHOW_AFTER_MS ? end + NO_SHOW_AFTER_MS : morning;
}

/* Whoever was forgotten by then has come or has not: nobody can tell. */
static bool is_no_show(struct ledger *ledger, const struct fact *fact, int32_t day)
{
	const Carepace__V1__Booking *booking = fact->reading.order->booking;
	event_ms over = over_at(ledger, booking, day);

	return fact->client > 0 && booking->state == CAREPACE__V1__BOOKING_STATE__BOOKING_BOOKED &&
	       fact_holds(fact, over) && forgets_since(ledger, fact->client) >= over &&
	       !is_kept(ledger, booking, fact->client, over);
}

struct known_count civil_days_no_shows(struct ledger *ledger, int32_t day)
{
	static const int64_t topic = FACT_TOPIC(READING_BOOKING, 0);
	struct facts facts = history_facts(ledger, SUBJECT_CIVIL_DAY, day, &topic, 1);
	struct known_count missed = {
	    .is_known = told_since(ledger, READING_BOOKING) < end_of(ledger, day)};

	for (size_t i = 0; i < facts.count && missed.is_known; i++)
		missed.count += is_no_show(ledger, &facts.items[i], day);
	return missed;
}

void civil_days_touch_client(struct ledger *ledger, int64_t client)
{
	static const int64_t topic = FACT_TOPIC(READING_BOOKING, 0);
	struct facts facts = history_facts(ledger, SUBJECT_CLIENT, client, &topic, 1);

	for (size_t i = 0; i < facts.count; i++)
		aggregates_touch_site(
		    ledger, day_at(ledger, facts.items[i].reading.order->booking->start_ts_ms));
}

/* Its own day is touched anyway. */
void civil_days_touch_kept(struct ledger *ledger, const struct session *session)
{
	int64_t reach_ms =
	    MS_PER_MINUTE * policy_highest(&ledger->config.policy, PARAM_BOOKING_MINUTES);
	int32_t last = day_at(ledger, session->start + reach_ms);

	for (int32_t day = day_at(ledger, session->start - reach_ms); day <= last; day++)
		if (day != session->day)
			aggregates_touch_site_within(ledger, day, day);
	if (!session->booking)
		return;
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT DISTINCT topic FROM fact WHERE kind = ? AND subject = ?",
	        "ii", (int64_t)SUBJECT_BOOKING, session->booking);
	while (db_next(&rows))
		aggregates_touch_site(ledger, (int32_t)db_int(&rows, 0));
}

/* --- what ends soon ------------------------------------------------------------------------- */

#define ENDS_SOON                                                                                  \
	" FROM fact f WHERE f.kind = ?1 AND f.subject BETWEEN ?2 AND ?3 AND f.topic = ?4"          \
	" AND f.ts < ?5 AND (f.until IS NULL OR f.until >= ?5)"

/* Is the certificate of that name the last word of its holder at a moment? */
static bool is_last_cert(
    struct ledger *ledger, int64_t operator_no, const struct db_rows *name, event_ms at)
{
	static const int64_t topic = FACT_TOPIC(READING_CERT, 0);
	struct facts certs = history_facts(ledger, SUBJECT_OPERATOR, operator_no, &topic, 1);

	for (size_t i = 0; i < certs.count; i++) {
		const struct fact *cert = &certs.items[i];
		if (cert->source == db_int(name, 0) && cert->reading.boot == db_int(name, 1) &&
		    cert->reading.seq == db_int(name, 2))
			return cert_replaced_at(certs, cert) >= at;
	}
	return false;
}

struct known_count civil_days_certs_expiring(struct ledger *ledger, int32_t day)
{
	event_ms end = end_of(ledger, day);
	struct known_count certs = {.is_known = true};
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT f.source, f.boot, f.seq, (SELECT j.operator FROM journal j WHERE"
	    " j.source = f.source AND j.boot = f.boot AND j.seq = f.seq)" ENDS_SOON,
	    "iiiii", (int64_t)SUBJECT_GOOD_THROUGH, (int64_t)day, (int64_t)day + CERTS_SOON_DAYS,
	    FACT_TOPIC(READING_CERT, 0), (int64_t)end);

	while (db_next(&rows))
		certs.count += is_last_cert(ledger, db_int(&rows, 3), &rows, end);
	return certs;
}

struct known_count civil_days_carts_expiring(struct ledger *ledger, int32_t day)
{
	event_ms end = end_of(ledger, day);
	struct known_count carts = {.is_known = told_since(ledger, READING_CART_STOCK) < end};

	if (carts.is_known)
		carts.count =
		    (uint32_t)db_value(&ledger->db, 0, "SELECT count(*)" ENDS_SOON, "iiiii",
		        (int64_t)SUBJECT_GOOD_THROUGH, (int64_t)day, (int64_t)day + CARTS_SOON_DAYS,
		        FACT_TOPIC(READING_CART_STOCK, 0), (int64_t)end);
	return carts;
}
