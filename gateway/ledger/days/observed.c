#include "ledger/days/observed.h"

#include "care/time/civil.h"
#include "ledger/days/courses.h"
#include "ledger/days/devices.h"

static const char select_alerts[] =
    "SELECT a.check_id, count(*), sum(a.override_at != 0) FROM alert a"
    " LEFT JOIN session s ON s.no = a.session AND a.session != 0"
    " WHERE a.effective_day = ?1 AND a.state != 5 AND a.is_test = 0 AND CASE ?2 WHEN 0 THEN 1"
    " WHEN 1 THEN ?3 = coalesce(nullif(a.device, 0), s.source)"
    " ELSE ?3 = coalesce(nullif(a.operator, 0), s.operator) END"
    " GROUP BY a.check_id ORDER BY a.check_id";

static void count_alerts(struct ledger *ledger, struct aggregate_key key, Carepace__V1__AggDay *out)
{
	size_t cap = 0;
	struct db_rows rows =
	    db_query(&ledger->db, select_alerts, "iii", (int64_t)key.day, (int64_t)key.of, key.who);

	while (db_next(&rows)) {
		Carepace__V1__CheckCount *one = arena_alloc(&ledger->work, sizeof(*one));
		Carepace__V1__CheckCount **list = one ? arena_push(&ledger->work, out->alerts,
		                                            out->n_alerts, &cap, sizeof(void *))
		                                      : NULL;
		if (!list) {
			db_fail(&ledger->db, CP_NOMEM, "out of memory for the alerts of a day");
			break;
		}
		carepace__v1__check_count__init(one);
		one->check = (Carepace__V1__Check)db_int(&rows, 0);
		one->alerts = (uint32_t)db_int(&rows, 1);
		out->overrides += (uint32_t)db_int(&rows, 2);
		list[out->n_alerts++] = one;
		out->alerts = list;
	}
	db_end(&rows);
}

/* R11: heard of only more than five minutes after it had ended. */
static uint32_t count_late(struct ledger *ledger, const struct aggregate_input *input)
{
	uint32_t late = 0;

	for (size_t i = 0; i < input->session_count; i++) {
		const struct session *session = &input->sessions[i].session;
		wall_ms recv = db_value(
		    &ledger->db, 0, "SELECT recv FROM session WHERE no = ?", "i", session->no);
		late += session->day == input->day && recv > session->end + LATE_AFTER_MS;
	}
	return late;
}

void day_observed_fill(struct ledger *ledger, struct aggregate_key key,
    const struct aggregate_input *input, Carepace__V1__AggDay *out)
{
	carepace__v1__agg_day__init(out);
	out->local_date = civil_to_yyyymmdd(key.day);
	out->has_sessions_late = out->has_overrides = 1;
	out->sessions_late = count_late(ledger, input);
	count_alerts(ledger, key, out);
	day_devices_fill(ledger, key, out);
	if (key.of == AGGREGATE_OF_SITE)
		day_courses_fill(ledger, key.day, out);
}
