#include "care/time/opening.h"

#include "care/time/civil.h"
#include "care/time/zone.h"

static bool is_holiday(const Carepace__V1__Calendar *calendar, int32_t day)
{
	uint32_t date = civil_to_yyyymmdd(day);

	for (size_t i = 0; i < calendar->n_holiday_date; i++)
		if (calendar->holiday_date[i] == date)
			return true;
	return false;
}

size_t opening_spans(const struct policy *policy, const Carepace__V1__Calendar *calendar,
    int32_t day, struct span out[OPENINGS_MAX])
{
	size_t count = 0;

	if (is_holiday(calendar, day))
		return 0;
	for (size_t i = 0; i < calendar->n_opening && count < OPENINGS_MAX; i++) {
		const Carepace__V1__OpeningHours *hours = calendar->opening[i];
		if (hours->weekday == civil_weekday(day) + 1U)
			out[count++] = (struct span){
			    .from = zone_time_at(policy->zone, day, (int)hours->open_min),
			    .until = zone_time_at(policy->zone, day, (int)hours->close_min),
			};
	}
	return count;
}
