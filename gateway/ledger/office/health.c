#include "ledger/office/health.h"

#include "care/time/civil.h"
#include "care/time/zone.h"
#include "ledger/box_clock.h"
#include "ledger/judging/presence.h"
#include "ledger/office/states.h"
#include "ledger/store/store.h"

#include "report.pb-c.h"

#define THE_BOX 0

static uint32_t used_permille(const struct watch_look *look)
{
	return look->disk_total_bytes >= 1000
	           ? (uint32_t)(look->disk_used_bytes / (look->disk_total_bytes / 1000))
	           : 0;
}

static bool is_filling_up(struct ledger *ledger, uint32_t permille)
{
	return permille >
	       10 * policy_number(&ledger->config.policy, PARAM_DISK_PERCENT, ledger->now);
}

static bool has_changed(
    struct ledger *ledger, const Carepace__V1__GwHealth *told, const struct watch_look *look)
{
	return told->clock_in_doubt != box_clock_in_doubt(ledger) ||
	       told->unjudged != (uint64_t)look->unjudged ||
	       is_filling_up(ledger, told->disk_used_permille) !=
	           is_filling_up(ledger, used_permille(look));
}

/* R18: in doubt nobody knows what day it is. */
static bool is_due(
    struct ledger *ledger, const Carepace__V1__GwHealth *told, const struct watch_look *look)
{
	const struct zone *zone = ledger->config.policy.zone;
	int64_t since_ms = ledger->now - told->at_ts_ms;

	if (has_changed(ledger, told, look) && (since_ms < 0 || since_ms >= STATES_GRID_MS))
		return true;
	if (box_clock_in_doubt(ledger))
		return false;
	wall_ms morning = zone_time_at(zone, zone_day(zone, ledger->now), TIMER_MINUTE_OF_DAY);
	return since_ms < 0 || (told->at_ts_ms < morning && morning <= ledger->now);
}

static void count_devices(struct ledger *ledger, Carepace__V1__GwHealth *out)
{
	wall_ms heard = ledger->now - BEAT_KEPT_MS -
	                MS_PER_SECOND * policy_number(&ledger->config.policy, PARAM_OFFLINE_SECONDS,
	                                    ledger->now);
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT count(*), count(*) FILTER (WHERE beat_at >= ?) FROM source"
	    " WHERE seen_at IS NOT NULL OR beat_at != 0",
	    "i", (int64_t)heard);

	if (!db_next(&rows))
		return;
	out->has_devices_known = out->has_devices_online = 1;
	out->devices_known = (uint32_t)db_int(&rows, 0);
	out->devices_online = (uint32_t)db_int(&rows, 1);
	db_end(&rows);
}

static void fill_disk(Carepace__V1__GwHealth *out, const struct watch_look *look)
{
	if (look->disk_total_bytes == 0)
		return;
	out->has_disk_free_bytes = out->has_disk_used_permille = 1;
	out->disk_free_bytes = (uint64_t)(look->disk_total_bytes - look->disk_used_bytes);
	out->disk_used_permille = used_permille(look);
}

static void fill_queue(
    struct ledger *ledger, Carepace__V1__GwHealth *out, const struct watch_look *look)
{
	out->has_queue = 1;
	out->queue = (uint64_t)look->queue_rows;
	out->has_oldest_unsent_ms = look->queue_oldest_at <= ledger->now;
	if (out->has_oldest_unsent_ms)
		out->oldest_unsent_ms = (uint64_t)(ledger->now - look->queue_oldest_at);
}

static void fill_clock(
    struct ledger *ledger, Carepace__V1__GwHealth *out, const struct watch_look *look)
{
	out->has_clock_in_doubt = 1;
	out->clock_in_doubt = box_clock_in_doubt(ledger);
	out->has_clock_synced_ms_ago = look->synced_at > 0 && look->synced_at <= ledger->now;
	if (out->has_clock_synced_ms_ago)
		out->clock_synced_ms_ago = (uint64_t)(ledger->now - look->synced_at);
}

static void fill_versions(struct ledger *ledger, Carepace__V1__GwHealth *out)
{
	const struct fact *policy =
	    facts_holding(ledger->config.policy.policies, READING_POLICY, ledger->now);

	out->version = (char *)ledger->config.version;
	out->tzdata = (char *)ledger->config.tzdata;
	out->has_schema = 1;
	out->schema = STORE_SCHEMA_VERSION;
	out->has_policy_version = policy != NULL;
	out->policy_version = policy ? policy->reading.order->policy->version : 0;
}

static void put(struct ledger *ledger, const struct watch_look *look)
{
	Carepace__V1__GwHealth health = CAREPACE__V1__GW_HEALTH__INIT;

	health.at_ts_ms = ledger->now;
	fill_queue(ledger, &health, look);
	fill_disk(&health, look);
	fill_clock(ledger, &health, look);
	fill_versions(ledger, &health);
	count_devices(ledger, &health);
	health.has_parked = health.has_unjudged = health.has_evicted = 1;
	health.evicted = (uint64_t)(store_meta(ledger, "evicted_by_limit", 0) +
	                            store_meta(ledger, "evicted_by_age", 0));
	health.parked = (uint64_t)look->parked;
	health.unjudged = (uint64_t)look->unjudged;
	states_put(ledger, SUBJECT_HEALTH, THE_BOX, (struct state_people){0}, &health.base);
}

void health_look(struct ledger *ledger, const struct watch_look *look)
{
	const Carepace__V1__GwHealth like = CAREPACE__V1__GW_HEALTH__INIT;

	if (ledger->config.is_recount)
		return;
	const Carepace__V1__GwHealth *told = (const Carepace__V1__GwHealth *)states_told(
	    ledger, SUBJECT_HEALTH, THE_BOX, &like.base);
	if (!told || is_due(ledger, told, look))
		put(ledger, look);
	arena_reset(&ledger->work);
}
