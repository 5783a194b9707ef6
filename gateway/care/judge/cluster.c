/* cluster.c - several adverse events with one thing in common (domain 8.6). */
#include "care/judge.h"

#include "care/time/civil.h"
#include "care/time/zone.h"

/* Are cases [first, first + wanted) close enough together? */
static bool is_close(
    const struct cluster_history *history, const struct policy *policy, size_t first, size_t wanted)
{
	const struct cluster_case *cases = history->cases;

	if (first + wanted > history->case_count)
		return false;
	const struct cluster_case *last = &cases[first + wanted - 1];
	int32_t days = zone_day(policy->zone, last->reported_at) -
	               zone_day(policy->zone, cases[first].reported_at);
	return days <= policy_number(policy, PARAM_CLUSTER_DAYS, last->reported_at);
}

/* Cases [first, end) are a cluster; its onset is the report that made it one. */
static void add_cluster(const struct cluster_history *history, const struct policy *policy,
    size_t first, size_t end, size_t wanted, struct timeline *timeline)
{
	const struct cluster_case *made = &history->cases[first + wanted - 1];
	struct finding *finding =
	    timeline_add(timeline, CHECK_AE_CLUSTER, history->name, made->onset);

	if (!finding)
		return;
	finding->from = finding->until = made->reported_at; /* a past fact */
	finding->severity = SEVERITY_HIGH;
	finding->effective_day = zone_day(policy->zone, made->reported_at);
	finding->device = history->device;
	finding_set_value(finding, (int64_t)(end - first), (int64_t)wanted);
	for (size_t i = first; i < end; i++)
		finding_cite(finding, &history->cases[i].sid);
}

/* A case that is close enough to a cluster's last ones belongs to it. */
static size_t cluster_end(
    const struct cluster_history *history, const struct policy *policy, size_t first, size_t wanted)
{
	size_t end = first + wanted;

	while (is_close(history, policy, end + 1 - wanted, wanted))
		end++;
	return end;
}

void judge_cluster(
    const struct cluster_history *history, const struct policy *policy, struct timeline *timeline)
{
	for (size_t first = 0; first < history->case_count; first++) {
		size_t wanted = (size_t)policy_number(
		    policy, PARAM_CLUSTER_CASES, history->cases[first].reported_at);
		if (!is_close(history, policy, first, wanted))
			continue;
		size_t end = cluster_end(history, policy, first, wanted);
		add_cluster(history, policy, first, end, wanted, timeline);
		first = end - 1;
	}
}
