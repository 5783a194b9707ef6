#include "ledger/days/devices.h"

#include "care/outlook.h"
#include "care/report/downtime.h"
#include "care/time/zone.h"
#include "ledger/days/heard.h"
#include "ledger/judging/history.h"

#define PM_SOON_DAYS 30 /* domain section 6 */

static struct span span_of(const struct ledger *ledger, int32_t day)
{
	const struct zone *zone = ledger->config.policy.zone;

	return (struct span){
	    .from = zone_time_at(zone, day, 0),
	    .until = zone_time_at(zone, day + 1, 0),
	};
}

/* --- in service ---------------------------------------------------------------------------- */

static event_ms first_hello(struct ledger *ledger, int64_t device)
{
	return db_value(&ledger->db, TIME_NEVER,
	    "SELECT ts FROM fact WHERE kind = ? AND subject = ? AND topic = ? ORDER BY ts LIMIT 1",
	    "iii", (int64_t)SUBJECT_DEVICE, device, FACT_TOPIC(READING_HELLO, 0));
}

static bool is_assigned_away(struct ledger *ledger, int64_t device, event_ms at)
{
	const enum reading_kind kind = READING_DEVICE_ASSIGN;
	struct fact_list list = {0};

	history_add(ledger, &list, SUBJECT_DEVICE, device, FACT_TOPIC(kind, 0));
	const struct fact *fact = facts_holding(history_sorted(&list), kind, at);
	const Carepace__V1__DeviceAssign *assign = fact ? fact->reading.order->device_assign : NULL;
	return assign && (assign->state != CAREPACE__V1__ASSIGN_STATE__ASSIGN_ACTIVE ||
	                     !policy_is_here(&ledger->config.policy, assign->site));
}

static bool is_in_service(struct ledger *ledger, int64_t device, struct span day)
{
	return first_hello(ledger, device) < day.until &&
	       !is_assigned_away(ledger, device, day.until - 1);
}

size_t day_devices_in_service(struct ledger *ledger, int32_t day, const int64_t **out)
{
	struct span span = span_of(ledger, day);
	int64_t *devices = NULL;
	size_t count = 0;
	size_t cap = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT no FROM source WHERE no > ? AND kind NOT IN (0, ?) ORDER BY no", "ii",
	    (int64_t)SOURCE_BOX, (int64_t)CAREPACE__V1__DEVICE_KIND__DEVICE_TABLET);

	while (db_next(&rows)) {
		int64_t device = db_int(&rows, 0);
		if (!is_in_service(ledger, device, span))
			continue;
		int64_t *grown = arena_push(&ledger->work, devices, count, &cap, sizeof(*devices));
		if (!grown) {
			db_fail(&ledger->db, CP_NOMEM, "out of memory for the devices of a day");
			break;
		}
		devices = grown;
		devices[count++] = device;
	}
	db_end(&rows);
	*out = devices;
	return count;
}

/* --- one device ------------------------------------------------------------------------------- */

struct device_numbers {
	struct known_count down;
	bool is_heard;
	bool is_pm_due;
};

static bool load_downtime(
    struct ledger *ledger, int64_t device, int32_t day, struct downtime_input *out)
{
	const struct policy *policy = &ledger->config.policy;
	struct span span = span_of(ledger, day);
	struct fact_list service = {0};

	*out = (struct downtime_input){
	    .policy = policy, .day = day, .since = first_hello(ledger, device)};
	history_add_quarantine_within(ledger, &service, device, span.from, span.until - 1);
	out->service = history_sorted(&service);
	span.from = downtime_from(policy, day);
	return heard_load(ledger, device, span, out);
}

static bool is_pm_due(struct ledger *ledger, int64_t device, int32_t day)
{
	struct device_history history = {.device = device};
	struct service_outlook services[SERVICES_MAX];
	struct fact_list list = {0};

	history_add_services(ledger, &list, device);
	history.facts = history_sorted(&list);
	size_t count = outlook_of_services(
	    &history, &ledger->config.policy, span_of(ledger, day).until - 1, services);
	for (size_t i = 0; i < count; i++)
		if (services[i].kind == CAREPACE__V1__MAINT_KIND__MAINT_PM)
			return services[i].due_day <= day + PM_SOON_DAYS;
	return false;
}

static bool count_device(
    struct ledger *ledger, int64_t device, int32_t day, struct device_numbers *out)
{
	struct downtime_input input;

	if (!load_downtime(ledger, device, day, &input))
		return false;
	*out = (struct device_numbers){
	    .down = downtime_of_day(&input),
	    .is_heard = downtime_is_heard(&input),
	    .is_pm_due = is_pm_due(ledger, device, day),
	};
	return !ledger->db.err;
}

static uint32_t missing(struct ledger *ledger, int64_t device, struct span day)
{
	return (uint32_t)db_value(&ledger->db, 0,
	    "SELECT total(last - first + 1) FROM gap WHERE source = ? AND since >= ? AND since < ?",
	    "iii", device, (int64_t)day.from, (int64_t)day.until);
}

/* --- all ----------------------------------------------------------------------------------------
 */

static void fill_device(
    struct ledger *ledger, int64_t device, int32_t day, Carepace__V1__AggDay *out)
{
	struct device_numbers numbers;

	out->has_messages_missing = 1;
	out->messages_missing += missing(ledger, device, span_of(ledger, day));
	if (!is_in_service(ledger, device, span_of(ledger, day)) ||
	    !count_device(ledger, device, day, &numbers))
		return;
	out->has_downtime_min = numbers.down.is_known;
	out->downtime_min = numbers.down.count;
}

static void fill_site(struct ledger *ledger, int32_t day, Carepace__V1__AggDay *out)
{
	const int64_t *devices;
	struct device_numbers numbers;

	out->has_devices = out->has_devices_heard = out->has_pm_due = 1;
	out->has_messages_missing = 1;
	out->devices = (uint32_t)day_devices_in_service(ledger, day, &devices);
	for (size_t i = 0; i < out->devices; i++) {
		if (!count_device(ledger, devices[i], day, &numbers))
			return;
		out->has_downtime_min = numbers.down.is_known;
		out->downtime_min += numbers.down.count;
		out->devices_heard += numbers.is_heard;
		out->pm_due += numbers.is_pm_due;
		out->messages_missing += missing(ledger, devices[i], span_of(ledger, day));
	}
}

void day_devices_fill(struct ledger *ledger, struct aggregate_key key, Carepace__V1__AggDay *out)
{
	if (key.of == AGGREGATE_OF_SITE)
		fill_site(ledger, key.day, out);
	else if (key.of == AGGREGATE_OF_DEVICE)
		fill_device(ledger, key.who, key.day, out);
}
