/* scene.c - what was known around a session's start.
 *
 * Read while a client sits on the chair: of each topic one step or a span, never a
 * whole history that grows for ever.
 */
#include "care/time/zone.h"
#include "ledger/judging/history.h"
#include "ledger/store/names.h"
#include "ledger/store/sessions.h"

/* A booking is made at most so long ahead, and linked to a session so long after it. */
#define BOOKED_AHEAD_MS (400 * MS_PER_DAY)
#define BOOKED_LATER_MS (30 * MS_PER_DAY)

/* Calibrations are few, and so are orders, of which the highest revision counts wherever
 * it stands; of the rest the last one counts, and the next may clear. */
static struct facts device_facts(struct ledger *ledger, const struct session *session)
{
	static const int64_t orders[] = {
	    FACT_TOPIC(READING_DEVICE, 0),
	    FACT_TOPIC(READING_DEVICE_ASSIGN, 0),
	};
	static const int64_t topics[] = {
	    FACT_TOPIC(READING_HELLO, 0),
	    FACT_TOPIC(READING_MAINT, CAREPACE__V1__MAINT_KIND__MAINT_CLEAN),
	};
	struct fact_list list = {0};

	for (size_t i = 0; i < CP_COUNT(orders); i++)
		history_add(ledger, &list, SUBJECT_DEVICE, session->device, orders[i]);
	for (size_t i = 0; i < CP_COUNT(topics); i++)
		history_add_around(
		    ledger, &list, SUBJECT_DEVICE, session->device, topics[i], session->start);
	history_add_quarantine(ledger, &list, session->device, session->start);
	history_add_firmware(ledger, &list, session->device, session->start);
	return history_sorted(&list);
}

/* Sessions elsewhere that may have run at the same time (apply_session_seen). */
static void add_elsewhere(struct ledger *ledger, struct fact_list *list, enum subject_kind kind,
    int64_t subject, const struct session *session)
{
	history_add_within(ledger, list, kind, subject, FACT_TOPIC(READING_SESSION_SEEN, 0),
	    session->start - SESSION_LONGEST_MS, session->start + SESSION_LONGEST_MS);
}

static struct facts operator_facts(struct ledger *ledger, const struct session *session)
{
	struct fact_list list = {0};

	history_add(
	    ledger, &list, SUBJECT_OPERATOR, session->operator_no, FACT_TOPIC(READING_CERT, 0));
	add_elsewhere(ledger, &list, SUBJECT_OPERATOR, session->operator_no, session);
	return history_sorted(&list);
}

static struct facts client_facts(struct ledger *ledger, const struct session *session)
{
	const struct zone *zone = ledger->config.policy.zone;
	struct fact_list list = {0};

	history_add(
	    ledger, &list, SUBJECT_CLIENT, session->client, FACT_TOPIC(READING_CLIENT_FLAGS, 0));
	history_add_within(ledger, &list, SUBJECT_CLIENT, session->client,
	    FACT_TOPIC(READING_SCREENING, 0), zone_time_at(zone, session->day, 0),
	    zone_time_at(zone, session->day + 1, 0) - 1);
	history_add_within(ledger, &list, SUBJECT_CLIENT, session->client,
	    FACT_TOPIC(READING_BOOKING, 0), session->start - BOOKED_AHEAD_MS,
	    session->start + BOOKED_LATER_MS);
	add_elsewhere(ledger, &list, SUBJECT_CLIENT, session->client, session);
	return history_sorted(&list);
}

/* Aftercare, as tablets and apps report it by the sid. */
static struct facts tablet_facts(struct ledger *ledger, const struct session *session)
{
	static const int64_t topics[] = {
	    FACT_TOPIC(READING_AFTERCARE, 0),
	    FACT_TOPIC(READING_HQ_AFTERCARE, 0),
	};
	int64_t no = names_known(ledger, SUBJECT_SID, slice_of(session->sid.b, ID_BYTES));

	if (no == 0 || !sessions_owns_sid(ledger, session))
		return (struct facts){0};
	return history_facts(ledger, SUBJECT_SID, no, topics, CP_COUNT(topics));
}

/* Entries about the cartridges of a session, and since when there is a list at all: one
 * step of an index where there is none. */
static void load_stock(struct ledger *ledger, struct session_history *history)
{
	static const int64_t topic = FACT_TOPIC(READING_CART_STOCK, 0);
	struct scene *scene = &history->scene;
	struct fact_list list = {0};

	scene->stock_since =
	    history->use_count == 0
	        ? TIME_NEVER
	        : db_value(&ledger->db, TIME_NEVER,
	              "SELECT ts FROM fact WHERE kind = ? AND subject = 0 AND topic = ? ORDER BY ts"
	              " LIMIT 1",
	              "ii", (int64_t)SUBJECT_SITE, topic);
	for (size_t i = 0; i < history->use_count && scene->stock_since != TIME_NEVER; i++)
		history_add(ledger, &list, SUBJECT_CART, history->uses[i].cart, topic);
	scene->stock = history_sorted(&list);
}

bool history_of_limits(struct ledger *ledger, struct session_history *history)
{
	static const int64_t hello = FACT_TOPIC(READING_HELLO, 0);
	static const int64_t cert = FACT_TOPIC(READING_CERT, 0);
	static const int64_t flags = FACT_TOPIC(READING_CLIENT_FLAGS, 0);
	const struct session *session = history->session;

	history->scene = (struct scene){
	    .device = history_facts_around(
	        ledger, SUBJECT_DEVICE, session->device, &hello, 1, session->start),
	    .operator= history_facts(ledger, SUBJECT_OPERATOR, session->operator_no, &cert, 1),
	    .client = history_facts(ledger, SUBJECT_CLIENT, session->client, &flags, 1),
	};
	return !ledger->db.err;
}

bool history_of_scene(struct ledger *ledger, struct session_history *history)
{
	const struct session *session = history->session;

	history->scene = (struct scene){
	    .device = device_facts(ledger, session),
	    .operator= operator_facts(ledger, session),
	    .client = client_facts(ledger, session),
	    .tablet = tablet_facts(ledger, session),
	};
	sessions_load_former(ledger, session, &history->scene.former);
	load_stock(ledger, history);
	return !ledger->db.err;
}
