#include "ledger/cases.h"

#include "care/alert.h"
#include "care/history_events.h"
#include "care/report/case_state.h"
#include "ledger/judging/history.h"
#include "ledger/office/states.h"
#include "ledger/store/names.h"
#include "ledger/store/sessions.h"

#include <stdio.h>

/* --- whose it is -------------------------------------------------------------------- */

int64_t cases_take(struct ledger *ledger, const struct reading *reading)
{
	const ProtobufCBinaryData *id = reading->kind == READING_AE_REPORT
	                                    ? &reading->up->ae_report->ae_id
	                                    : &reading->up->ae_update->ae_id;
	int64_t no = names_other(ledger, SUBJECT_CASE, slice_of(id->data, id->len));

	if (!id_is_zero(&reading->sid))
		db_run(&ledger->db,
		    "INSERT INTO blamed(sid, ae_case) VALUES(?, ?) ON CONFLICT DO NOTHING", "bi",
		    slice_of(reading->sid.b, ID_BYTES), no);
	return no;
}

void cases_touch(struct ledger *ledger, const struct id *sid, bool is_loud)
{
	struct db_rows rows = db_query(&ledger->db, "SELECT ae_case FROM blamed WHERE sid = ?", "b",
	    slice_of(sid->b, ID_BYTES));

	while (db_next(&rows))
		touched_add(
		    &ledger->touched[SUBJECT_CASE], &ledger->scratch, db_int(&rows, 0), is_loud);
}

void cases_touch_by_session(struct ledger *ledger, int64_t session, bool is_loud)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT b.ae_case FROM session s JOIN blamed b USING(sid) WHERE s.no = ?", "i",
	    session);

	while (db_next(&rows))
		touched_add(
		    &ledger->touched[SUBJECT_CASE], &ledger->scratch, db_int(&rows, 0), is_loud);
}

/* --- one case -------------------------------------------------------------------------- */

static void no_room(struct ledger *ledger)
{
	db_fail(&ledger->db, CP_NOMEM, "a history is larger than a judge call may be");
}

static void load_blamed(struct ledger *ledger, struct case_history *history)
{
	struct blamed *blamed = NULL;
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " SESSION_COLUMNS
	    ", EXISTS(SELECT 1 FROM alert a WHERE a.session = s.no AND a.session != 0"
	    " AND a.check_id = ?2 AND a.state != ?3)" SESSION_FROM
	    "JOIN blamed b USING(sid) WHERE b.ae_case = ?1"
	    " ORDER BY s.start_at, r.id, s.boot, s.seq",
	    "iii", history->no, (int64_t)CHECK_INTERVAL_TOO_SOON, (int64_t)ALERT_RETRACTED);

	while (db_next(&rows)) {
		blamed = arena_push(
		    &ledger->work, blamed, history->session_count, &cap, sizeof(*blamed));
		if (!blamed) {
			no_room(ledger);
			break;
		}
		blamed[history->session_count++] = (struct blamed){
		    .session = session_of_row(&rows, 0),
		    .is_too_soon = db_int(&rows, SESSION_COLUMN_COUNT) != 0,
		};
	}
	db_end(&rows);
	history->sessions = blamed;
}

bool cases_history(struct ledger *ledger, int64_t no, struct case_history *out)
{
	*out = (struct case_history){.no = no};
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT key FROM name WHERE no = ? AND kind = ?", "ii", no, (int64_t)SUBJECT_CASE);
	if (db_next(&rows))
		id_from_bytes(&out->id, db_blob(&rows, 0));
	db_end(&rows);
	out->facts = history_all_facts(ledger, SUBJECT_CASE, no);
	load_blamed(ledger, out);
	return out->facts.count > 0 && !ledger->db.err;
}

void cases_tell(struct ledger *ledger, const struct case_history *history)
{
	struct case_outlook outlook;
	Carepace__V1__AeCase message;

	if (ledger->config.is_recount ||
	    !outlook_of_case(history, &ledger->config.policy, &outlook))
		return;
	case_state_fill(&message, &outlook);
	states_put(
	    ledger, SUBJECT_CASE_STATE, history->no, (struct state_people){0}, &message.base);
}

/* --- clusters ----------------------------------------------------------------------------- */

/* Names of clusters: these letters keep an id and a text apart. */
#define CLUSTER_OF_DEVICE 'D'
#define CLUSTER_OF_LOT 'L'

static void touch_clusters(struct ledger *ledger, int64_t no, bool is_loud)
{
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT cluster FROM clustered WHERE ae_case = ?", "i", no);

	while (db_next(&rows))
		touched_add(
		    &ledger->touched[SUBJECT_CLUSTER], &ledger->scratch, db_int(&rows, 0), is_loud);
}

static void join(struct ledger *ledger, struct slice name, const struct cluster_case *entry)
{
	db_run(&ledger->db,
	    "INSERT INTO clustered(cluster, ae_case, reported_at, onset, sid)"
	    " VALUES(?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
	    "iiitb", names_other(ledger, SUBJECT_CLUSTER, name), entry->no,
	    (int64_t)entry->reported_at, entry->onset, slice_of(entry->sid.b, ID_BYTES));
}

/* Lots that the skin met: their time in the slot meets the session's exposure. */
static void join_lots(
    struct ledger *ledger, const struct session *blamed, const struct cluster_case *entry)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT u.gtin, u.lot FROM cart_use u WHERE u.session = ?1 AND u.lot != ''"
	    " AND u.from_at <= ?3 AND (u.is_replaced = 0 OR u.until_at > ?2)",
	    "iii", blamed->no, (int64_t)blamed->exposed_from, (int64_t)blamed->exposed_until);

	while (db_next(&rows)) {
		char name[48];
		int len = snprintf(name, sizeof(name), "%c%s/%s", CLUSTER_OF_LOT, db_text(&rows, 0),
		    db_text(&rows, 1));
		join(ledger, slice_of(name, (size_t)len), entry);
	}
}

void cases_save(struct ledger *ledger, int64_t no, const struct cluster_case *entry,
    const struct session *blamed, bool is_loud)
{
	touch_clusters(ledger, no, is_loud);
	db_run(&ledger->db, "DELETE FROM clustered WHERE ae_case = ?", "i", no);
	if (!entry)
		return;
	uint8_t name[1 + ID_BYTES] = {CLUSTER_OF_DEVICE};
	memcpy(name + 1, blamed->source.b, ID_BYTES);
	join(ledger, slice_of(name, sizeof(name)), entry);
	join_lots(ledger, blamed, entry);
	touch_clusters(ledger, no, is_loud);
}

static void load_name(struct ledger *ledger, struct cluster_history *history)
{
	struct id device;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT n.key, r.no FROM name n LEFT JOIN source r ON r.id = substr(n.key, 2)"
	    " WHERE n.no = ? AND n.kind = ?",
	    "ii", history->no, (int64_t)SUBJECT_CLUSTER);

	if (!db_next(&rows))
		return;
	struct slice key = db_blob(&rows, 0);
	if (key.p[0] == CLUSTER_OF_DEVICE &&
	    id_from_bytes(&device, slice_of(key.p + 1, key.len - 1))) {
		id_hex(&device, history->name);
		history->device = db_int(&rows, 1);
	} else {
		snprintf(history->name, sizeof(history->name), "%.*s", (int)key.len - 1,
		    (const char *)key.p + 1);
	}
	db_end(&rows);
}

static void load_cases(struct ledger *ledger, struct cluster_history *history)
{
	struct cluster_case *cases = NULL;
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT ae_case, reported_at, onset, sid FROM clustered WHERE cluster = ?"
	    " ORDER BY reported_at, onset",
	    "i", history->no);

	while (db_next(&rows)) {
		cases = arena_push(&ledger->work, cases, history->case_count, &cap, sizeof(*cases));
		if (!cases) {
			no_room(ledger);
			break;
		}
		struct cluster_case *entry = &cases[history->case_count++];
		*entry =
		    (struct cluster_case){.no = db_int(&rows, 0), .reported_at = db_int(&rows, 1)};
		snprintf(entry->onset, sizeof(entry->onset), "%s", db_text(&rows, 2));
		id_from_bytes(&entry->sid, db_blob(&rows, 3));
	}
	db_end(&rows);
	history->cases = cases;
}

bool cases_cluster_history(struct ledger *ledger, int64_t no, struct cluster_history *out)
{
	*out = (struct cluster_history){.no = no};
	load_name(ledger, out);
	load_cases(ledger, out);
	return !ledger->db.err;
}
