#include "care/watch.h"

#include "care/time/civil.h"
#include "care/time/zone.h"

/* A number and what it may be at most. */
static struct watch_answer at_most(int64_t value, int64_t limit)
{
	return (struct watch_answer){.holds = value > limit, .value = value, .limit = limit};
}

/* Whole units that have begun: 7 days and 1 ms are 8. */
static int64_t begun(int64_t part, int64_t unit)
{
	return part / unit + (part % unit > 0);
}

/* Reports; or, where their number is well, minutes. */
static struct watch_answer ask_queue(
    const struct watch_look *look, const struct policy *policy, wall_ms now)
{
	struct watch_answer rows =
	    at_most(look->queue_rows, policy_number(policy, PARAM_QUEUE_ROWS, now));
	int64_t age_ms = look->queue_oldest_at < now ? now - look->queue_oldest_at : 0;

	if (!look->has_head_office)
		return (struct watch_answer){0};
	if (rows.holds)
		return rows;
	return at_most(
	    begun(age_ms, MS_PER_MINUTE), policy_number(policy, PARAM_QUEUE_MINUTES, now));
}

static struct watch_answer ask_disk(
    const struct watch_look *look, const struct policy *policy, wall_ms now)
{
	/* Of a disk in kB no product overflows. */
	int64_t total = look->disk_total_bytes / 1024;
	int64_t percent = total ? begun(look->disk_used_bytes / 1024 * 100, total) : 0;

	return at_most(percent, policy_number(policy, PARAM_DISK_PERCENT, now));
}

static struct watch_answer ask_upstream(
    const struct watch_look *look, const struct policy *policy, wall_ms now)
{
	int64_t limit_ms = MS_PER_MINUTE * policy_number(policy, PARAM_UPSTREAM_DOWN_MINUTES, now);

	return at_most(look->has_head_office ? look->down_ms : 0, limit_ms);
}

static struct watch_answer ask_config(
    const struct watch_look *look, const struct policy *policy, wall_ms now)
{
	bool is_silent = look->has_head_office && look->last_order_at < now;

	return at_most(is_silent ? begun(now - look->last_order_at, MS_PER_DAY) : 0,
	    policy_number(policy, PARAM_CONFIG_STALE_DAYS, now));
}

static struct watch_answer ask_parked(
    const struct watch_look *look, const struct policy *policy, wall_ms now)
{
	(void)policy;
	(void)now;
	return at_most(look->parked, 0);
}

static struct watch_answer ask_unjudged(
    const struct watch_look *look, const struct policy *policy, wall_ms now)
{
	(void)policy;
	(void)now;
	return at_most(look->unjudged, 0);
}

static struct watch_answer ask_crl(
    const struct watch_look *look, const struct policy *policy, wall_ms now)
{
	return (struct watch_answer){
	    .holds = look->crl_next_update != 0 && now > look->crl_next_update,
	    .value = civil_to_yyyymmdd(zone_day(policy->zone, now)),
	    .limit = civil_to_yyyymmdd(zone_day(policy->zone, look->crl_next_update)),
	};
}

static struct watch_answer ask_clock(
    const struct watch_look *look, const struct policy *policy, wall_ms now)
{
	int64_t limit_ms = MS_PER_HOUR * policy_number(policy, PARAM_CLOCK_SYNC_HOURS, now);

	return at_most(look->synced_at < now ? now - look->synced_at : 0, limit_ms);
}

const enum check watch_checks[WATCH_CONDITIONS] = {CHECK_GW_QUEUE, CHECK_GW_DISK,
    CHECK_GW_UPSTREAM_DOWN, CHECK_GW_CONFIG_STALE, CHECK_GW_PARKED, CHECK_GW_UNJUDGED,
    CHECK_GW_CRL_STALE, CHECK_GW_CLOCK};

struct watch_answer watch_ask(
    size_t i, const struct watch_look *look, const struct policy *policy, wall_ms now)
{
	static struct watch_answer (*const rules[WATCH_CONDITIONS])(
	    const struct watch_look *look, const struct policy *policy, wall_ms now) = {ask_queue,
	    ask_disk, ask_upstream, ask_config, ask_parked, ask_unjudged, ask_crl, ask_clock};

	return rules[i](look, policy, now);
}
