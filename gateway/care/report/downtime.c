#include "care/report/downtime.h"

#include "care/service.h"
#include "care/time/zone.h"

#define MINUTES_PER_HOUR 60

static event_ms day_from(const struct policy *policy, int32_t day)
{
	return zone_time_at(policy->zone, day, 0);
}

/* So many minutes a beat is good for, its own among them. */
static int64_t good_minutes(const struct policy *policy, int32_t day)
{
	return (policy_number(policy, PARAM_OFFLINE_SECONDS, day_from(policy, day + 1) - 1) + 59) /
	       60;
}

event_ms downtime_from(const struct policy *policy, int32_t day)
{
	return day_from(policy, day) - good_minutes(policy, day) * MS_PER_MINUTE;
}

/* --- what it said ------------------------------------------------------------------------ */

struct listening {
	const struct downtime_input *input;
	size_t next;        /* of the hours */
	int64_t last;       /* minute in which it was heard last */
	bool is_out_of_use; /* as it said then */
};

/* Minutes come in their order. */
static void listen(struct listening *it, int64_t minute)
{
	const struct heard_hour *hours = it->input->hours;
	int64_t hour = minute / MINUTES_PER_HOUR;
	uint64_t bit = UINT64_C(1) << minute % MINUTES_PER_HOUR;
	bool is_heard = false;
	bool is_out = false;

	while (it->next < it->input->hour_count && hours[it->next].hour < hour)
		it->next++;
	for (size_t i = it->next; i < it->input->hour_count && hours[i].hour == hour; i++) {
		is_heard |= (hours[i].heard & bit) != 0;
		is_out |= (hours[i].out_of_use & bit) != 0;
	}
	if (is_heard) {
		it->last = minute;
		it->is_out_of_use = is_out;
	}
}

/* --- what was done to it -------------------------------------------------------------------- */

struct quarantine {
	const struct downtime_input *input;
	size_t next; /* of the facts about its service */
	bool is_known;
	bool is_on;
};

static bool is_quarantined(struct quarantine *it, event_ms at)
{
	struct facts facts = it->input->service;
	bool is_news = !it->is_known;
	event_ms free_from;

	while (it->next < facts.count && facts.items[it->next].reading.ts <= at) {
		it->next++;
		is_news = true;
	}
	if (is_news)
		it->is_on = quarantine_at(facts, it->input->policy, at, &free_from) != 0;
	it->is_known = true;
	return it->is_on;
}

/* --- both ------------------------------------------------------------------------------------- */

static bool is_within(const struct span *spans, size_t count, event_ms at)
{
	for (size_t i = 0; i < count; i++)
		if (at >= spans[i].from && at < spans[i].until)
			return true;
	return false;
}

struct known_count downtime_of_day(const struct downtime_input *input)
{
	event_ms until = day_from(input->policy, input->day + 1);
	const Carepace__V1__Calendar *calendar = policy_calendar(input->policy, until - 1);
	int64_t good = good_minutes(input->policy, input->day);
	struct listening listening = {.input = input, .last = INT64_MIN / 2};
	struct quarantine quarantine = {.input = input};
	struct known_count down = {.is_known = calendar != NULL};
	struct span spans[OPENINGS_MAX];

	if (!calendar)
		return down;
	size_t count = opening_spans(input->policy, calendar, input->day, spans);
	for (event_ms at = downtime_from(input->policy, input->day); at < until;
	     at += MS_PER_MINUTE) {
		listen(&listening, at / MS_PER_MINUTE);
		if (at < input->since || !is_within(spans, count, at))
			continue;
		down.count += listening.is_out_of_use ||
		              at / MS_PER_MINUTE - listening.last >= good ||
		              is_quarantined(&quarantine, at);
	}
	return down;
}

bool downtime_is_heard(const struct downtime_input *input)
{
	int64_t from = day_from(input->policy, input->day) / MS_PER_MINUTE;
	int64_t until = day_from(input->policy, input->day + 1) / MS_PER_MINUTE;
	struct listening listening = {.input = input, .last = INT64_MIN};

	for (int64_t minute = from; minute < until; minute++)
		listen(&listening, minute);
	return listening.last >= from;
}
