#include "ledger/office/device_states.h"

#include "care/report/device_status.h"
#include "care/service.h"
#include "ledger/judging/history.h"
#include "ledger/office/states.h"

#include "report.pb-c.h"

void device_states_touch(struct ledger *ledger, int64_t device)
{
	states_touch(ledger, SUBJECT_DEVICE_STATE, device, ledger->now);
}

static const Carepace__V1__Hello *last_hello(const struct device_history *history)
{
	const struct fact *hello =
	    facts_last(history->facts, FACT_TOPIC(READING_HELLO, 0), TIME_NEVER);

	return hello ? hello->reading.up->hello : NULL;
}

/* What its heartbeats say is in its row. False: nobody has heard of it yet. */
static bool load_row(struct ledger *ledger, int64_t device, struct device_status *out)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT r.id, r.beat_state, r.battery, max(coalesce(r.seen_at, 0), r.beat_at),"
	    " EXISTS(SELECT 1 FROM alert a WHERE a.unit_kind = ?2 AND a.unit = r.no"
	    " AND a.check_id = ?3 AND a.state IN (1, 2, 4)) FROM source r WHERE r.no = ?1",
	    "iii", device, (int64_t)SUBJECT_PRESENCE, (int64_t)CHECK_DEVICE_OFFLINE);

	if (!db_next(&rows))
		return false;
	id_from_bytes(&out->device, db_blob(&rows, 0));
	out->state = (int)db_int(&rows, 1);
	out->battery_pct = (int)db_int(&rows, 2);
	out->seen_at = db_int(&rows, 3);
	out->is_offline = db_int(&rows, 4) != 0;
	db_end(&rows);
	return out->seen_at > 0;
}

static bool load(struct ledger *ledger, int64_t device, struct device_status *out)
{
	const struct policy *policy = &ledger->config.policy;
	struct device_history history;
	struct fact_list quarantine = {0};
	event_ms free_from;

	*out = (struct device_status){0};
	if (!load_row(ledger, device, out) || !history_of_device(ledger, device, &history))
		return false;
	out->hello = last_hello(&history);
	out->service_count = outlook_of_services(&history, policy, ledger->now, out->services);
	history_add_quarantine(ledger, &quarantine, device, ledger->now);
	out->is_quarantined =
	    quarantine_at(history_sorted(&quarantine), policy, ledger->now, &free_from) != 0;
	return !ledger->db.err;
}

void device_states_compose(struct ledger *ledger, struct touch touch)
{
	const enum subject_kind kind = SUBJECT_DEVICE_STATE;
	struct device_status status;
	Carepace__V1__DeviceStatus message;

	if (!load(ledger, touch.no, &status)) {
		states_skip(ledger, kind, touch.no);
		return;
	}
	device_status_fill(&message, &status);
	const Carepace__V1__DeviceStatus *told =
	    (const Carepace__V1__DeviceStatus *)states_told(ledger, kind, touch.no, &message.base);
	int64_t seen_ts_ms = message.last_seen_ts_ms;
	if (told)
		message.last_seen_ts_ms = told->last_seen_ts_ms;
	if (told && states_is_told(ledger, kind, touch.no, &message.base)) {
		states_skip(ledger, kind, touch.no);
		return;
	}
	message.last_seen_ts_ms = seen_ts_ms;
	states_put(ledger, kind, touch.no, (struct state_people){0}, &message.base);
}
