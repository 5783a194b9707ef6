#include "ledger/reach.h"

#include "ledger/judging/history.h"
#include "ledger/judging/subjects.h"
#include "ledger/store/names.h"

#define REACH_AT_ONCE_MAX 64

/* A finding that was taken back is none. */
#define HAS_FINDING                                                                                \
	"EXISTS(SELECT 1 FROM alert a WHERE a.session = s.no AND a.session != 0 AND a.state != 5)"

/* Rows of SELECT no, whether it runs. A recount judges everybody: it does not look. */
static void touch_rows(struct ledger *ledger, struct db_rows rows, bool is_loud)
{
	size_t count = 0;

	while (!ledger->config.is_recount && db_next(&rows)) {
		int64_t no = db_int(&rows, 0);
		if (db_int(&rows, 1) || count++ < REACH_AT_ONCE_MAX)
			touched_add(
			    &ledger->touched[SUBJECT_SESSION], &ledger->scratch, no, is_loud);
		else
			subjects_judge_later(ledger, SUBJECT_SESSION, no);
	}
}

#define SELECT_SESSION "SELECT s.no, s.state BETWEEN 1 AND 3 FROM session s WHERE "

/* --- devices ------------------------------------------------------------------------- */

/* What is said holds until the next of its kind, an order perhaps beyond it: the higher
 * revision counts. An order also ends what any earlier session found: back at its site.
 * Without a START (R23) a session began with its first message. */
void reach_device(
    struct ledger *ledger, int64_t device, const struct reading *reading, bool is_loud)
{
	if (ledger->config.is_recount)
		return;
	int64_t topic = fact_topic(reading);
	event_ms ts = fact_time(reading);
	event_ms former = db_value(&ledger->db, INT64_MIN,
	    "SELECT max(ts) FROM fact WHERE kind = ? AND subject = ? AND topic = ? AND ts < ?",
	    "iiii", (int64_t)SUBJECT_DEVICE, device, topic, (int64_t)ts);
	event_ms next = reading->order
	                    ? TIME_NEVER
	                    : db_value(&ledger->db, TIME_NEVER,
	                          "SELECT min(ts) FROM fact WHERE kind = ? AND subject = ? AND"
	                          " topic = ? AND ts > ?",
	                          "iiii", (int64_t)SUBJECT_DEVICE, device, topic, (int64_t)ts);
	event_ms from = former == INT64_MIN ? INT64_MIN : ts;

	if (reading->order)
		former = INT64_MIN;
	touch_rows(ledger,
	    db_query(&ledger->db,
	        SELECT_SESSION
	        "((s.source = ?1 AND s.start_from >= ?2 AND s.start_from < ?3) OR (s.source = ?1"
	        " AND s.start_from = ?5 AND s.first_at >= ?2 AND s.first_at < ?3))"
	        " AND (iif(s.start_from = ?5, s.first_at, s.start_from) >= ?4 OR " HAS_FINDING ")",
	        "iiiii", device, (int64_t)former, (int64_t)next, (int64_t)from, TIME_NEVER),
	    is_loud);
}

void reach_found(struct ledger *ledger, int64_t device, enum check check, event_ms ts, bool is_loud)
{
	touch_rows(ledger,
	    db_query(&ledger->db,
	        SELECT_SESSION
	        "s.source = ?1 AND s.start_at <= ?2 AND EXISTS(SELECT 1 FROM alert a"
	        " WHERE a.session = s.no AND a.session != 0 AND a.check_id = ?3 AND a.state != 5)",
	        "iii", device, (int64_t)ts, (int64_t)check),
	    is_loud);
}

/* Of the last HELLO what is open, which has an index; what was cleared later than by an
 * earlier one is among all. */
void reach_firmware(struct ledger *ledger, int64_t device, event_ms ts, bool is_loud)
{
	static const int64_t hello = FACT_TOPIC(READING_HELLO, 0);

	if (ledger->config.is_recount || ledger->config.policy.firmware.count == 0)
		return;
	if (ledger->filing != FILING_NEW ||
	    topics_last(ledger, SUBJECT_DEVICE, device, hello) > ts) {
		reach_found(ledger, device, CHECK_FIRMWARE_OLD, ts, is_loud);
		reach_found(ledger, device, CHECK_FIRMWARE_BLOCKED, ts, is_loud);
		return;
	}
	touch_rows(ledger,
	    db_query(&ledger->db,
	        "SELECT s.no, s.state BETWEEN 1 AND 3 FROM alert a CROSS JOIN session s"
	        " ON s.no = a.session WHERE a.device = ?1 AND a.device != 0"
	        " AND a.state IN (1, 2, 4) AND a.check_id IN (?2, ?3)",
	        "iii", device, (int64_t)CHECK_FIRMWARE_OLD, (int64_t)CHECK_FIRMWARE_BLOCKED),
	    is_loud);
}

/* --- people ---------------------------------------------------------------------------- */

void reach_client(struct ledger *ledger, int64_t client, event_ms ts, bool is_loud)
{
	touch_rows(ledger,
	    db_query(&ledger->db,
	        SELECT_SESSION
	        "s.client = ?1 AND s.client != 0 AND (s.start_at >= ?2 OR " HAS_FINDING ")",
	        "ii", client, (int64_t)ts),
	    is_loud);
}

void reach_client_whole(struct ledger *ledger, int64_t client, bool is_loud)
{
	touch_rows(ledger,
	    db_query(&ledger->db, SELECT_SESSION "s.client = ? AND s.client != 0", "i", client),
	    is_loud);
}

void reach_rollers(struct ledger *ledger, int64_t client)
{
	struct facts uses = history_roller_uses(ledger, client);

	for (size_t i = 0; i < uses.count; i++) {
		const char *serial = fact_roller_use(&uses.items[i].reading)->roller_serial;
		if (serial)
			touched_add(&ledger->touched[SUBJECT_CART], &ledger->scratch,
			    names_cartridge(ledger, "", serial), false);
	}
}

void reach_operator(struct ledger *ledger, int64_t operator_no, event_ms ts, bool is_loud)
{
	touch_rows(ledger,
	    db_query(&ledger->db,
	        SELECT_SESSION
	        "s.operator = ?1 AND s.operator != 0 AND (s.start_at >= ?2 OR " HAS_FINDING ")",
	        "ii", operator_no, (int64_t)ts),
	    is_loud);
}

void reach_client_within(
    struct ledger *ledger, int64_t client, event_ms from, event_ms to, bool is_loud)
{
	touch_rows(ledger,
	    db_query(&ledger->db,
	        SELECT_SESSION "s.client = ? AND s.client != 0 AND s.start_at BETWEEN ? AND ?",
	        "iii", client, (int64_t)from, (int64_t)to),
	    is_loud);
}

void reach_operator_within(
    struct ledger *ledger, int64_t operator_no, event_ms from, event_ms to, bool is_loud)
{
	touch_rows(ledger,
	    db_query(&ledger->db,
	        SELECT_SESSION "s.operator = ? AND s.operator != 0 AND s.start_at BETWEEN ? AND ?",
	        "iii", operator_no, (int64_t)from, (int64_t)to),
	    is_loud);
}
