#include "copies.h"

#include "../fail.h"
#include "ledger/store/db.h"

#include <stdio.h>

/* Numbers of copy k are those of the original and k times: */
#define CLIENT "1000"    /* and courses */
#define SESSION "100000" /* and cartridges */
#define BOOT "1000"

/* A copy began a little earlier, and on other devices: four for each, so that a pen treats
 * twenty clients a day at most. */
#define EARLIER "- 61000 * k"
#define DEVICE "+ (1 + k % 4) * 100"
#define IS_DEVICE "BETWEEN 2 AND 99"

/* A pen is cleaned, started and tested for each session, but not serviced. */
#define IS_PER_SESSION "(kind != 6 OR topic >> 16 < 2)"

#define ANOTHER(id) "CAST(substr(" id ", 1, 12) || printf('%04x', k) AS BLOB)"

/* One copy after the other: each table grows at a few places at a time. */
static const char *const statements[] = {
    "INSERT INTO source(no, id, kind, model, serial, context, fw, seen_at)"
    " SELECT no " DEVICE ", " ANOTHER("id") ", kind, model, serial, context, fw, seen_at"
                                            " FROM copy CROSS JOIN was.source WHERE no " IS_DEVICE
                                            " AND k <= 4",
    "INSERT INTO client(no, token) SELECT no + " CLIENT
    " * k, " ANOTHER("token") " FROM copy CROSS JOIN was.client",
    "INSERT INTO boot(source, boot, anchor, floor, ts_min, is_ahead, offset_min, offset_max)"
    " SELECT source " DEVICE ", boot + " BOOT " * k, anchor " EARLIER ", floor, ts_min, is_ahead,"
    " offset_min, offset_max FROM copy CROSS JOIN was.boot",
    "INSERT INTO journal(source, boot, seq, recv, kind, client, client2, operator, hash, payload)"
    " SELECT source " DEVICE " AS source, boot + " BOOT " * k, seq, recv " EARLIER ", kind,"
    " client + " CLIENT " * k, client2 + " CLIENT " * k, operator, hash, payload"
    " FROM copy CROSS JOIN was.journal WHERE source " IS_DEVICE,
    "INSERT INTO fact(kind, subject, topic, ts, source, boot, seq)"
    " SELECT kind, subject + CASE kind WHEN 1 THEN k * " SESSION " WHEN 3 THEN k * " SESSION
    " WHEN 6 THEN 0 " DEVICE " WHEN 13 THEN (0 " DEVICE ") << 16"
    " WHEN 15 THEN 0 " DEVICE " ELSE k * " CLIENT " END AS subject, topic, ts " EARLIER
    ", source " DEVICE ","
    " boot + " BOOT " * k, seq FROM copy CROSS JOIN was.fact"
    " WHERE kind IN (1, 2, 3, 4, 6, 13, 15) AND source " IS_DEVICE " AND " IS_PER_SESSION,
    "INSERT INTO course(client, course) SELECT client + " CLIENT " * k, course + " CLIENT
    " * k FROM copy CROSS JOIN was.course",
    "INSERT INTO cartridge(no, gtin, serial) SELECT no + " SESSION " * k, gtin,"
    " printf('%s-%x', serial, k) FROM copy CROSS JOIN was.cartridge",
    "INSERT INTO session(no, source, sid, first_at, last_at, start_from, stream_from,"
    " exposed_first, exposed_last, active_ms, pulses, stream_first, stream_last, boot, seq,"
    " state, flags, client, operator, booking, course, model, phase, modality, zones, start_at,"
    " end_at, day, exposed_from, exposed_until, last_attach, visit, recv, verdict_rev,"
    " verdict_at, verdict) SELECT no + " SESSION " * k, source " DEVICE ", " ANOTHER(
        "sid") ","
               " first_at " EARLIER ", last_at " EARLIER ", start_from " EARLIER
               ", stream_from " EARLIER ", exposed_first " EARLIER ", exposed_last " EARLIER
               ", active_ms, pulses, stream_first,"
               " stream_last, boot + " BOOT " * k, seq, state, flags, client + " CLIENT
               " * k, operator,"
               " booking, course + " CLIENT " * k, model, phase, modality, zones, start_at " EARLIER
               ", end_at " EARLIER ", day, exposed_from " EARLIER ", exposed_until " EARLIER
               ", last_attach " EARLIER ", visit + " SESSION
               " * k, recv, verdict_rev, verdict_at, verdict"
               " FROM copy CROSS JOIN was.session",
    "INSERT INTO cart_use(session, source, boot, seq, cart, slot, gtin, lot, expiry, tip_used,"
    " tip_count, tip_limit, low_at, exhausted_at, needle_um, from_at, until_at, is_replaced)"
    " SELECT session + " SESSION " * k, source " DEVICE ", boot + " BOOT " * k, seq,"
    " cart + " SESSION " * k, slot, gtin, printf('%s-%x', lot, k), expiry, tip_used, tip_count,"
    " tip_limit, low_at, exhausted_at, needle_um, from_at " EARLIER ", until_at " EARLIER
    ", is_replaced FROM copy CROSS JOIN was.cart_use",
    "INSERT INTO subject(kind, subject, judged_at, next_change) SELECT kind,"
    " subject + k * iif(kind = 2, " CLIENT ", " SESSION "), judged_at,"
    " next_change + 3000000000000 FROM copy CROSS JOIN was.subject WHERE kind IN (1, 2, 3)",
    "INSERT INTO alert(id, unit_kind, unit, check_id, subject, onset, from_at, until_at,"
    " is_latched, severity, value, lim, effective_day, session, client, course, zones,"
    " earliest_day, related, count, max, is_test, operator, state, raised_at, cleared_at,"
    " is_late, ack_at, ack_by, ack_covers, ack_reason, override_at, override_by,"
    " override_covers, override_reason, revision, advised)"
    " SELECT " ANOTHER(
        "id") ", unit_kind, unit + k * iif(unit_kind = 2, " CLIENT ", " SESSION
              "), check_id, subject, onset, from_at, until_at, is_latched, severity, value, lim,"
              " effective_day, iif(session, session + " SESSION
              " * k, 0), iif(client, client + " CLIENT " * k, 0), iif(course, course + " CLIENT
              " * k, 0), zones, earliest_day, related, count, max,"
              " is_test, operator, state, raised_at, cleared_at, is_late, ack_at, ack_by, "
              "ack_covers,"
              " ack_reason, override_at, override_by, override_covers, override_reason, revision, "
              "advised"
              " FROM copy CROSS JOIN was.alert WHERE unit_kind IN (1, 2, 3)",
};

static void must(struct db *db, const char *sql)
{
	db_exec(db, sql);
	if (db->err)
		fail("%.60s...: %s", sql, db->err_text);
}

void copies_make(const char *small, const char *large, int64_t sessions)
{
	struct db db;
	char sql[512];

	if (db_open(&db, large, DB_WRITE))
		fail("%s: %s", large, db.err_text);
	int64_t have = db_value(&db, 0, "SELECT count(*) FROM session", "");
	int64_t last = db_value(&db, 0, "SELECT max(no) FROM session", "");
	if (have == 0 || last >= 100000)
		fail("%s: has no sessions, or too many to copy", large);
	must(&db, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = OFF;"
	          "PRAGMA cache_size = -1000000; PRAGMA temp_store = MEMORY");
	snprintf(sql, sizeof(sql), "ATTACH '%s' AS was", small);
	must(&db, sql);
	snprintf(sql, sizeof(sql),
	    "CREATE TEMP TABLE copy(k INTEGER PRIMARY KEY); INSERT INTO copy WITH RECURSIVE"
	    " n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < %lld) SELECT k FROM n",
	    (long long)((sessions + have - 1) / have - 1));
	must(&db, sql);
	must(&db, "BEGIN");
	for (size_t i = 0; i < CP_COUNT(statements); i++)
		must(&db, statements[i]);
	must(&db, "DELETE FROM outbox; COMMIT; DETACH was; PRAGMA journal_mode = WAL");
	db_close(&db);
}
