#include "ledger/store/alert_rows.h"

#include "care/history.h"

static const char *copy_text(struct arena *arena, const char *text)
{
	return (const char *)arena_copy(arena, slice_of(text, strlen(text) + 1)).p;
}

bool alert_of_row(struct arena *arena, const struct db_rows *r, struct alert *out)
{
	*out = (struct alert){
	    .finding = {.check = (enum check)db_int(r, 1),
	        .subject = copy_text(arena, db_text(r, 2)),
	        .onset = copy_text(arena, db_text(r, 3)),
	        .from = db_int(r, 4),
	        .until = db_int(r, 5),
	        .is_latched = db_int(r, 6) != 0,
	        .severity = (enum severity)db_int(r, 7),
	        .value = db_int(r, 8),
	        .limit = db_int(r, 9),
	        .effective_day = (int32_t)db_int(r, 10),
	        .session = db_int(r, 11),
	        .client = db_int(r, 12),
	        .course = db_int(r, 13),
	        .zones = (uint32_t)db_int(r, 14),
	        .earliest_day = (int32_t)db_int(r, 15),
	        .count = (uint32_t)db_int(r, 30),
	        .max = db_int(r, 31),
	        .is_test = db_int(r, 32) != 0,
	        .device = db_int(r, 33),
	        .operator_no = db_int(r, 34)},
	    .state = (enum alert_state)db_int(r, 17),
	    .raised_at = db_int(r, 18),
	    .cleared_at = db_int(r, 19),
	    .is_late = db_int(r, 20) != 0,
	    .ack = {.at = db_int(r, 21),
	        .by = db_int(r, 22),
	        .covers = (enum severity)db_int(r, 23),
	        .reason = (uint32_t)db_int(r, 24)},
	    .override = {.at = db_int(r, 25),
	        .by = db_int(r, 26),
	        .covers = (enum severity)db_int(r, 27),
	        .reason = (uint32_t)db_int(r, 28)},
	    .revision = (uint64_t)db_int(r, 29),
	};
	id_from_bytes(&out->id, db_blob(r, 0));

	struct slice related = db_blob(r, 16);
	size_t count = related.len / ID_BYTES;
	for (size_t i = 0; i < count && i < FINDING_RELATED_MAX; i++)
		id_from_bytes(&out->finding.related[out->finding.related_count++],
		    slice_of(related.p + i * ID_BYTES, ID_BYTES));
	return out->finding.subject && out->finding.onset;
}

bool alert_rows_load(struct ledger *ledger, const struct id *id, struct alert *out)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " ALERT_COLUMNS " FROM alert a WHERE a.id = ?", "b", slice_of(id->b, ID_BYTES));

	if (!db_next(&rows))
		return false;
	bool ok = alert_of_row(&ledger->work, &rows, out);
	db_end(&rows);
	if (!ok)
		db_fail(&ledger->db, CP_NOMEM, "out of memory for an alert");
	return ok;
}

static void collect(
    struct ledger *ledger, struct db_rows *rows, struct alert **alerts, size_t *count, size_t *cap)
{
	while (db_next(rows)) {
		struct alert *grown =
		    arena_push(&ledger->work, *alerts, *count, cap, sizeof(*grown));
		if (!grown || !alert_of_row(&ledger->work, rows, &grown[*count])) {
			db_fail(&ledger->db, CP_NOMEM, "out of memory for the alerts of a subject");
			break;
		}
		*alerts = grown;
		(*count)++;
	}
	db_end(rows);
}

struct alert *alert_rows_of_unit(
    struct ledger *ledger, enum subject_kind kind, int64_t unit, size_t *count)
{
	struct alert *alerts = NULL;
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " ALERT_COLUMNS " FROM alert a WHERE a.unit_kind = ? AND a.unit = ?", "ii",
	    (int64_t)kind, unit);

	*count = 0;
	collect(ledger, &rows, &alerts, count, &cap);
	return alerts;
}

struct alert *alert_rows_of_session(struct ledger *ledger, int64_t session, size_t *count)
{
	struct alert *alerts = NULL;
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " ALERT_COLUMNS " FROM alert a WHERE a.session = ? AND a.session != 0", "i",
	    session);

	*count = 0;
	collect(ledger, &rows, &alerts, count, &cap);
	return alerts;
}

/* Of a client's alerts those that are not another session's or course's. */
static size_t keep_course_and_cases(struct alert *alerts, size_t from, size_t count, int64_t course)
{
	size_t kept = from;

	for (size_t i = from; i < count; i++) {
		const struct finding *finding = &alerts[i].finding;
		enum about about = finding_about(finding);
		if (about == ABOUT_CASE || (about == ABOUT_COURSE && finding->course == course))
			alerts[kept++] = alerts[i];
	}
	return kept;
}

/* As in the indexes: neither CLEARED nor RETRACTED, and no test's. IS NOT: SQLite holds a != with
 * a parameter against the != of alert_by_session, and compiles again each time it is bound. */
#define IS_OPEN_AROUND " AND a.session IS NOT ?1 AND a.is_test = 0 AND a.state IN (1, 2, 4)"

struct alert *alert_rows_around(struct ledger *ledger, const struct session *session, size_t *count)
{
	struct alert *alerts = NULL;
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT " ALERT_COLUMNS " FROM alert a WHERE a.session = ?1 AND a.session != 0"
	    " AND a.state != ?2",
	    "ii", session->no, (int64_t)ALERT_RETRACTED);

	*count = 0;
	collect(ledger, &rows, &alerts, count, &cap);
	rows = db_query(&ledger->db,
	    "SELECT " ALERT_COLUMNS " FROM alert a WHERE a.device = ?2 AND a.device != 0"
	    " AND a.session = 0" IS_OPEN_AROUND,
	    "ii", session->no, session->device);
	collect(ledger, &rows, &alerts, count, &cap);

	if (session->ts_source == TS_IN_DOUBT) {
		rows = db_query(&ledger->db,
		    "SELECT " ALERT_COLUMNS " FROM alert a WHERE a.unit_kind = ?1 AND a.unit = ?2"
		    " AND a.state != ?3",
		    "iii", (int64_t)SUBJECT_GATEWAY, ledger->doubt, (int64_t)ALERT_RETRACTED);
		collect(ledger, &rows, &alerts, count, &cap);
	}

	size_t own = *count;
	rows = db_query(&ledger->db,
	    "SELECT " ALERT_COLUMNS " FROM alert a WHERE a.client = ?2"
	    " AND a.client != 0" IS_OPEN_AROUND,
	    "ii", session->no, session_has_client(session) ? session->client : INT64_C(0));
	collect(ledger, &rows, &alerts, count, &cap);
	*count = keep_course_and_cases(alerts, own, *count, session->course);
	return alerts;
}

void alert_rows_save(struct ledger *ledger, const struct alert *alert)
{
	const struct finding *f = &alert->finding;

	db_run(&ledger->db,
	    "UPDATE alert SET from_at = ?, until_at = ?, is_latched = ?, severity = ?, value = ?, "
	    "lim = ?,"
	    " effective_day = ?, session = ?, client = ?, course = ?, zones = ?, earliest_day = ?,"
	    " related = ?, state = ?, raised_at = ?, cleared_at = ?, is_late = ?, ack_at = ?, "
	    "ack_by = ?,"
	    " ack_covers = ?, ack_reason = ?, override_at = ?, override_by = ?, override_covers = "
	    "?,"
	    " override_reason = ?, revision = ?, count = ?, max = ?, is_test = ?, device = ?,"
	    " operator = ? WHERE id = ?",
	    "iiiiiiiiiiiibiiiiiiiiiiiiiiiiiib", (int64_t)f->from, (int64_t)f->until,
	    (int64_t)f->is_latched, (int64_t)f->severity, f->value, f->limit,
	    (int64_t)f->effective_day, f->session, f->client, f->course, (int64_t)f->zones,
	    (int64_t)f->earliest_day,
	    slice_of(f->related, f->related_count * sizeof(f->related[0])), (int64_t)alert->state,
	    (int64_t)alert->raised_at, (int64_t)alert->cleared_at, (int64_t)alert->is_late,
	    (int64_t)alert->ack.at, alert->ack.by, (int64_t)alert->ack.covers,
	    (int64_t)alert->ack.reason, (int64_t)alert->override.at, alert->override.by,
	    (int64_t)alert->override.covers, (int64_t)alert->override.reason,
	    (int64_t)alert->revision, (int64_t)f->count, f->max, (int64_t)f->is_test, f->device,
	    f->operator_no, slice_of(alert->id.b, ID_BYTES));
}

void alert_rows_claim(
    struct ledger *ledger, const struct alert *alert, enum subject_kind kind, int64_t unit)
{
	db_run(&ledger->db,
	    "INSERT INTO alert(id, unit_kind, unit, check_id, subject, onset, from_at, until_at,"
	    " is_latched, severity, value, lim, effective_day, session, client, course, zones,"
	    " earliest_day, state, raised_at, cleared_at, is_late, ack_at, ack_by, ack_covers,"
	    " ack_reason, override_at, override_by, override_covers, override_reason, revision)"
	    " VALUES(?, ?, ?, ?, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "
	    "0, 0,"
	    " 0, 0, 0) ON CONFLICT(id) DO UPDATE SET unit_kind = excluded.unit_kind,"
	    " unit = excluded.unit",
	    "biiitt", slice_of(alert->id.b, ID_BYTES), (int64_t)kind, unit,
	    (int64_t)alert->finding.check, alert->finding.subject, alert->finding.onset);
}
