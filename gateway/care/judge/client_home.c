/* client_home.c - needles too long for a roller at home (domain 1.4, 8.7). */
#include "care/judge/client.h"

#define ANYWHERE_UM 250 /* 1.4: of UNKNOWN, and where a roller is not meant at all */

/* Domain 1.4, column "home roller". */
static const int16_t zone_um[] = {
    [CAREPACE__V1__ZONE__FOREHEAD] = 500,
    [CAREPACE__V1__ZONE__TEMPLE] = 500,
    [CAREPACE__V1__ZONE__PERIORBITAL] = 250,
    [CAREPACE__V1__ZONE__CHEEK] = 500,
    [CAREPACE__V1__ZONE__NOSE] = 250,
    [CAREPACE__V1__ZONE__PERIORAL] = 250,
    [CAREPACE__V1__ZONE__CHIN_JAW] = 500,
    [CAREPACE__V1__ZONE__NECK] = 250,
    [CAREPACE__V1__ZONE__DECOLLETE] = 500,
    [CAREPACE__V1__ZONE__HANDS] = 500,
    [CAREPACE__V1__ZONE__ABDOMEN] = 1000,
    [CAREPACE__V1__ZONE__ARM] = 1000,
    [CAREPACE__V1__ZONE__THIGH] = 1000,
    [CAREPACE__V1__ZONE__BACK] = 1000,
    [CAREPACE__V1__ZONE__BUTTOCK] = 1000,
    [CAREPACE__V1__ZONE__SCALP] = 500,
};

/* A policy's word for the zone goes before the table. */
static int32_t limit_in(const struct policy *policy, unsigned zone, event_ms at)
{
	int64_t um = policy_number_for(
	    policy, PARAM_HOME_ZONE_UM, at, MODALITY_HOME_ROLLER, UINT32_C(1) << zone);

	if (um)
		return (int32_t)um;
	return zone < CP_COUNT(zone_um) && zone_um[zone] ? zone_um[zone] : ANYWHERE_UM;
}

/* Of all its zones the shallowest. */
static int32_t limit_of(const struct policy *policy, uint32_t zones, event_ms at)
{
	int32_t lowest = INT32_MAX;

	for (unsigned zone = 0; zone < 32; zone++) {
		if (!(zones & UINT32_C(1) << zone))
			continue;
		int32_t limit = limit_in(policy, zone, at);
		lowest = limit < lowest ? limit : lowest;
	}
	return lowest;
}

static void judge_depth(const struct client_walk *walk, const struct treatment *use)
{
	int32_t most = (int32_t)policy_number(walk->policy, PARAM_HOME_MOST_UM, use->start);
	int32_t limit = limit_of(walk->policy, use->zones, use->start);
	bool is_high = use->needle_um > most;
	char name[NAME_MAX_LEN];

	if (!is_high && use->needle_um <= limit)
		return;
	fact_name(use->event, name);
	struct finding *finding = timeline_add(walk->timeline, CHECK_HOME_DEPTH, name, "");
	if (!finding)
		return;
	finding->from = finding->until = use->start;
	finding->effective_day = use->day;
	finding->client = walk->history->client;
	finding->zones = use->zones;
	finding->severity = is_high ? SEVERITY_HIGH : SEVERITY_LOW;
	finding_set_value(finding, use->needle_um, is_high ? most : limit);
}

void judge_at_home(const struct client_walk *walk)
{
	for (size_t i = 0; i < walk->count; i++)
		if (walk->treatments[i].event)
			judge_depth(walk, &walk->treatments[i]);
}
