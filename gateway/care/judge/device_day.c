/* device_day.c - what is wrong with single messages of a device (domain 8.5, and 8.4
 * for its counter). One civil day at a time, so that no history grows without bound. */
#include "care/judge/device.h"

#include "care/time/zone.h"

/* A device that does it all day long gets one alert more, which counts the rest (DESIGN
 * section 6: alerts are bounded per device, check and day). */
#define ALONE_PER_DAY (MOMENTS_PER_DAY - 1)

static struct finding *add(struct timeline *timeline, const struct device_day *history,
    enum check check, enum severity severity, const struct moment *moment)
{
	char onset[FACT_NAME_BYTES];

	input_name(&history->id, moment->boot, moment->seq, onset);
	struct finding *finding =
	    timeline_add_to_device(timeline, check, &history->id, history->device, onset);
	if (!finding)
		return NULL;
	finding->from = finding->until = moment->at;
	finding->effective_day = history->day;
	finding->severity = severity;
	finding->is_test = moment->is_test;
	return finding;
}

static void judge_messages(struct timeline *timeline, const struct device_day *history,
    enum check check, enum severity severity, const struct moments *moments)
{
	for (size_t i = 0; i < moments->count; i++) {
		struct finding *finding =
		    add(timeline, history, check, severity, &moments->items[i]);
		if (finding && i == ALONE_PER_DAY)
			finding->count = (uint32_t)(moments->total - ALONE_PER_DAY);
	}
}

/* --- COUNTER_ROLLBACK ------------------------------------------------------------------ */

static void judge_counter(struct timeline *timeline, const struct device_day *history)
{
	const Carepace__V1__Hello *last = NULL;

	for (size_t i = 0; i < history->hellos.count; i++) {
		const struct reading *reading = &history->hellos.items[i].reading;
		const Carepace__V1__Hello *hello = reading->up->hello;
		if (last && hello->life_pulses < last->life_pulses) {
			struct finding *finding =
			    add(timeline, history, CHECK_COUNTER_ROLLBACK, SEVERITY_HIGH,
			        &(struct moment){
			            .at = reading->ts, .boot = reading->boot, .seq = reading->seq});
			if (finding)
				finding_set_value(finding, (int64_t)hello->life_pulses,
				    (int64_t)last->life_pulses);
		}
		last = hello;
	}
}

/* --- all ---------------------------------------------------------------------------------- */

void judge_device_day(
    const struct device_day *history, const struct policy *policy, struct timeline *timeline)
{
	(void)policy;
	judge_messages(timeline, history, CHECK_DATA_RANGE, SEVERITY_LOW, &history->withheld);
	judge_messages(
	    timeline, history, CHECK_DUPLICATE_CONFLICT, SEVERITY_MEDIUM, &history->conflicts);
	judge_counter(timeline, history);
}
