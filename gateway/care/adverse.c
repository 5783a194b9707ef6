#include "care/adverse.h"

#define CODE(name) CAREPACE__V1__AE_CODE__##name

/* The same days whatever treated, and others for radiofrequency. */
#define ANY(name)                                                                                  \
	PARAM_UNTIL_##name, PARAM_UNTIL_##name, PARAM_ESCALATE_##name, PARAM_ESCALATE_##name
#define OWN_RF(name)                                                                               \
	PARAM_UNTIL_##name, PARAM_UNTIL_##name##_RF, PARAM_ESCALATE_##name,                        \
	    PARAM_ESCALATE_##name##_RF

static const struct {
	Carepace__V1__AeCode code;
	enum adverse_class class;
	enum parameter until;
	enum parameter until_rf;
	enum parameter escalate;
	enum parameter escalate_rf;
} rows[] = {
    {CODE(BLEEDING), ADVERSE_EXPECTED, ANY(BLEEDING)},
    {CODE(REDNESS), ADVERSE_EXPECTED, ANY(REDNESS)},
    {CODE(OEDEMA), ADVERSE_EXPECTED, OWN_RF(OEDEMA)},
    {CODE(BRUISING), ADVERSE_EXPECTED, ANY(BRUISING)},
    {CODE(TIGHTNESS), ADVERSE_EXPECTED, ANY(TIGHTNESS)},
    {CODE(ITCHING), ADVERSE_EXPECTED, ANY(ITCHING)},
    {CODE(DRYNESS_PEEL), ADVERSE_EXPECTED, ANY(DRYNESS_PEEL)},
    {CODE(ACNE_FLARE), ADVERSE_EXPECTED, ANY(ACNE_FLARE)},
    {CODE(CRUSTING), ADVERSE_EXPECTED, OWN_RF(CRUSTING)},
    {CODE(GRID_MARKS), ADVERSE_EXPECTED, OWN_RF(GRID_MARKS)},
    {CODE(PAIN_PERSISTENT), ADVERSE_WATCH, ANY(PAIN_PERSISTENT)},
    {.code = CODE(PIH), .class = ADVERSE_UNEXPECTED},
    {.code = CODE(INFECTION), .class = ADVERSE_URGENT},
    {.code = CODE(HSV_OUTBREAK), .class = ADVERSE_URGENT},
    {.code = CODE(ALLERGIC), .class = ADVERSE_URGENT},
    {.code = CODE(FEVER_PUS), .class = ADVERSE_URGENT},
    {.code = CODE(SKIN_INJURY), .class = ADVERSE_SERIOUS},
    {.code = CODE(BURN), .class = ADVERSE_SERIOUS},
    {.code = CODE(BLISTER), .class = ADVERSE_SERIOUS},
    {.code = CODE(SCAR), .class = ADVERSE_SERIOUS},
    {.code = CODE(TRAM_TRACK), .class = ADVERSE_SERIOUS},
    {.code = CODE(GRANULOMA), .class = ADVERSE_SERIOUS},
    {.code = CODE(FAT_LOSS), .class = ADVERSE_SERIOUS},
    {.code = CODE(NERVE), .class = ADVERSE_SERIOUS},
    {.code = CODE(EYE), .class = ADVERSE_SERIOUS},
};

struct adverse_code adverse_code(
    const struct policy *policy, Carepace__V1__AeCode code, bool is_rf, event_ms at)
{
	struct adverse_code row = {.until_day = ADVERSE_NO_DAY, .escalate_day = ADVERSE_NO_DAY};

	for (size_t i = 0; i < CP_COUNT(rows); i++) {
		if (rows[i].code != code)
			continue;
		row.class = rows[i].class;
		if (row.class > ADVERSE_WATCH)
			break;
		row.until_day =
		    (int32_t)policy_number(policy, is_rf ? rows[i].until_rf : rows[i].until, at);
		row.escalate_day = (int32_t)policy_number(
		    policy, is_rf ? rows[i].escalate_rf : rows[i].escalate, at);
	}
	return row;
}

void adverse_tell(struct adverse_case *told, const struct reading *reading)
{
	const Carepace__V1__AdverseEvent *said =
	    reading->kind == READING_AE_REPORT ? reading->up->ae_report : reading->up->ae_update;

	if (!id_is_zero(&reading->sid))
		told->sid = reading->sid;
	if (said->has_code && said->code)
		told->code = said->code;
	if (said->has_serious && said->serious)
		told->serious = said->serious;
	if (said->has_zone)
		told->zones = 1U << said->zone;
	if (said->has_state && said->state)
		told->is_resolved = said->state == CAREPACE__V1__AE_STATE__AE_RESOLVED;
	/* Nobody takes a report back that others had; "nobody" takes back all. */
	if (said->has_reported_to)
		told->reported = said->reported_to ? told->reported | 1U << said->reported_to : 0;
	if (said->has_onset_ts_ms) {
		told->has_onset = true;
		told->onset = said->onset_ts_ms;
	}
	if (said->has_aware_ts_ms) {
		told->has_aware = true;
		told->aware = said->aware_ts_ms;
	}
}
