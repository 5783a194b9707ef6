/* apply_people.c - clients, operators, and what is told of a treatment or a person. */
#include "ledger/apply.h"

#include "care/correction.h"
#include "care/time/zone.h"
#include "ledger/cases.h"
#include "ledger/corrections.h"
#include "ledger/forgets.h"
#include "ledger/merges.h"
#include "ledger/reach.h"
#include "ledger/store/names.h"
#include "ledger/store/sessions.h"

/* R22: a test speaks of nobody. */
static bool add_to_client(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (!row->client || reading->is_test)
		return false;
	facts_add(ledger, SUBJECT_CLIENT, row->client, reading, row);
	touched_add(&ledger->touched[SUBJECT_CLIENT], &ledger->scratch, row->client,
	    facts_are_loud(ledger, reading, row));
	return true;
}

/* What holds of a client from now on. */
void apply_to_client(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (add_to_client(ledger, reading, row))
		reach_client(
		    ledger, row->client, fact_time(reading), facts_are_loud(ledger, reading, row));
}

/* It concerns nothing but spacing and courses. */
void apply_assessment(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	add_to_client(ledger, reading, row);
}

/* Also under each sid: it may turn out to be of this site (sessions_open). */
void apply_client_history(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const Carepace__V1__ClientHistory *told = reading->order->client_history;

	if (!add_to_client(ledger, reading, row))
		return;
	for (size_t i = 0; i < told->n_session; i++) {
		struct slice sid = slice_of(told->session[i]->sid.data, told->session[i]->sid.len);
		facts_add(ledger, SUBJECT_SID, names_other(ledger, SUBJECT_SID, sid), reading, row);
	}
}

/* What others say about a session, whichever device it is of. */
void apply_to_sid(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	struct slice sid = slice_of(reading->sid.b, ID_BYTES);

	facts_add(ledger, SUBJECT_SID, names_other(ledger, SUBJECT_SID, sid), reading, row);
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT no FROM session WHERE sid = ?", "b", sid);
	while (db_next(&rows))
		touched_add(&ledger->touched[SUBJECT_SESSION], &ledger->scratch, db_int(&rows, 0),
		    facts_are_loud(ledger, reading, row));
}

/* Good for the day of the clinic on which it was done (8.2). */
void apply_screening(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	const struct zone *zone = ledger->config.policy.zone;
	int32_t day = zone_day(zone, fact_time(reading));

	if (add_to_client(ledger, reading, row))
		reach_client_within(ledger, row->client, zone_time_at(zone, day, 0),
		    zone_time_at(zone, day + 1, 0) - 1, facts_are_loud(ledger, reading, row));
}

void apply_cert(struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	bool loud = facts_are_loud(ledger, reading, row);

	if (!row->operator_no)
		return;
	facts_add(ledger, SUBJECT_OPERATOR, row->operator_no, reading, row);
	touched_add(&ledger->touched[SUBJECT_OPERATOR], &ledger->scratch, row->operator_no, loud);
	reach_operator(ledger, row->operator_no, fact_time(reading), loud);
}

/* A session elsewhere concerns what began here so much earlier or later. */
void apply_session_seen(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	event_ms from = fact_time(reading) - SESSION_LONGEST_MS;
	event_ms to = fact_time(reading) + SESSION_LONGEST_MS;
	bool loud = facts_are_loud(ledger, reading, row);

	if (row->client) {
		facts_add(ledger, SUBJECT_CLIENT, row->client, reading, row);
		reach_client_within(ledger, row->client, from, to, loud);
	}
	if (row->operator_no) {
		facts_add(ledger, SUBJECT_OPERATOR, row->operator_no, reading, row);
		reach_operator_within(ledger, row->operator_no, from, to, loud);
	}
}

/* A roller's first use is the end of the client's roller before it. */
void apply_roller_use(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (!add_to_client(ledger, reading, row))
		return;
	const char *serial = fact_roller_use(reading)->roller_serial;
	if (serial)
		facts_add(ledger, SUBJECT_CART, names_cartridge(ledger, "", serial), reading, row);
	reach_rollers(ledger, row->client);
}

void apply_to_case(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	int64_t no = cases_take(ledger, reading);

	facts_add(ledger, SUBJECT_CASE, no, reading, row);
	touched_add(&ledger->touched[SUBJECT_CASE], &ledger->scratch, no,
	    facts_are_loud(ledger, reading, row));
}

static void apply_merge(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	facts_add(ledger, SUBJECT_SITE, 0, reading, row);
	merges_change(ledger, facts_are_loud(ledger, reading, row));
}

/* Under the site for the receipts, under the client for what holds of them. */
void apply_forget(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	facts_add(ledger, SUBJECT_SITE, 0, reading, row);
	if (add_to_client(ledger, reading, row))
		forgets_take(ledger, row, facts_are_loud(ledger, reading, row));
}

/* R21. A test corrects nobody. */
void apply_correction(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	if (reading->is_test)
		return;
	if (correction_kind(reading) == CAREPACE__V1__CORRECTION_KIND__CORRECTION_MERGE_CLIENTS)
		apply_merge(ledger, reading, row);
	else if (!id_is_zero(&reading->sid))
		apply_to_sid(ledger, reading, row);
}
