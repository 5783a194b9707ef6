#include "care/report/aggregate.h"

#include "base/sort.h"
#include "care/time/civil.h"
#include "care/time/zone.h"

#include <stdlib.h>

/* --- spans --------------------------------------------------------------------------- */

static int by_start(const void *a, const void *b)
{
	const struct span *x = a;
	const struct span *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

/* What the spans cover of a day together. */
static int64_t cover_ms(struct span *spans, size_t count, struct span day)
{
	event_ms covered = day.from;
	int64_t sum_ms = 0;

	qsort(spans, count, sizeof(*spans), by_start);
	for (size_t i = 0; i < count; i++) {
		event_ms from = spans[i].from > covered ? spans[i].from : covered;
		event_ms until = spans[i].until < day.until ? spans[i].until : day.until;
		if (until <= from)
			continue;
		sum_ms += until - from;
		covered = until;
	}
	return sum_ms;
}

static struct span span_of(const struct policy *policy, int32_t day)
{
	return (struct span){
	    .from = zone_time_at(policy->zone, day, 0),
	    .until = zone_time_at(policy->zone, day + 1, 0),
	};
}

/* --- opening hours ------------------------------------------------------------------- */

/* The calendar that was in force when the day ended; without one nobody knows. */
static void fill_opening(Carepace__V1__AggDay *out, const struct aggregate_input *input)
{
	struct span day = span_of(input->policy, input->day);
	const Carepace__V1__Calendar *calendar = policy_calendar(input->policy, day.until - 1);
	struct span spans[OPENINGS_MAX];

	if (!calendar)
		return;
	size_t count = opening_spans(input->policy, calendar, input->day, spans);
	out->has_open_min = 1;
	out->open_min = (uint32_t)(cover_ms(spans, count, day) / MS_PER_MINUTE);
}

/* Both ends of the hours are inside; without the slack that OUT_OF_HOURS allows. */
static bool is_out_of_hours(const struct policy *policy, const struct session *session)
{
	const Carepace__V1__Calendar *calendar = policy_calendar(policy, session->start);
	struct span spans[OPENINGS_MAX];

	if (!calendar)
		return false;
	size_t count = opening_spans(policy, calendar, session->day, spans);
	for (size_t i = 0; i < count; i++)
		if (session->start >= spans[i].from && session->start <= spans[i].until)
			return false;
	return true;
}

/* --- sessions ------------------------------------------------------------------------ */

struct span aggregate_span(const struct session *session)
{
	event_ms latest = session->start + SESSION_LONGEST_MS;

	return (struct span){
	    .from = session->start,
	    .until = session->end < latest ? session->end : latest,
	};
}

bool aggregate_counts(const struct session *session)
{
	bool is_over = session->state == SESSION_ENDED || session->state == SESSION_LOST;

	return is_over && !session->is_test && !session->is_void && !session_is_undated(session);
}

/* Its device's last word, as judge/session_derive.c takes it; NULL: none. */
static const Carepace__V1__SessionEnd *end_of(const struct day_session *it)
{
	const Carepace__V1__SessionEnd *end = NULL;

	for (size_t i = 0; i < it->words.count; i++) {
		const struct reading *reading = &it->words.items[i].reading;
		if (reading->kind == READING_SESSION_END && !reading->is_test)
			end = reading->up->session_end;
	}
	return end;
}

static uint32_t stops_of(const struct day_session *it)
{
	uint32_t count = 0;

	for (size_t i = 0; i < it->words.count; i++)
		count += it->words.items[i].reading.kind == READING_ESTOP &&
		         !it->words.items[i].reading.is_test;
	return count;
}

/* It ended otherwise than its device meant to, and no clinician counts it (R12). */
static bool is_aborted(const struct day_session *it, const Carepace__V1__SessionEnd *end)
{
	bool is_whole = end && end->reason == CAREPACE__V1__END_REASON__END_COMPLETED;

	return !it->session.is_completed && (!is_whole || stops_of(it) > 0);
}

/* A sum that the END leaves out is missing, not zero: the stream has one too. */
static void add_session(
    Carepace__V1__AggDay *out, const struct aggregate_input *input, const struct day_session *it)
{
	const struct session *session = &it->session;
	const struct session_fold *fold = &session->fold;
	const Carepace__V1__SessionEnd *end = end_of(it);

	out->sessions++;
	out->sessions_completed += session->is_completed;
	out->sessions_aborted += is_aborted(it, end);
	out->pulses += end && end->has_pulses ? end->pulses : (uint64_t)fold->pulses;
	out->active_ms += end && end->has_active_ms ? end->active_ms : (uint64_t)fold->active_ms;
	out->unauthorised += it->is_unauthorised;
	out->out_of_hours += is_out_of_hours(input->policy, session);
	if (input->is_of_operator)
		out->estops += stops_of(it);
}

/* --- cartridges ------------------------------------------------------------------------- */

static int by_number(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static uint32_t count_distinct(int64_t *numbers, size_t count)
{
	uint32_t distinct = 0;

	sort_items(numbers, count, sizeof(*numbers), by_number);
	for (size_t i = 0; i < count; i++)
		distinct += i == 0 || numbers[i] != numbers[i - 1];
	return distinct;
}

/* --- all ---------------------------------------------------------------------------------- */

static void fill_known(protobuf_c_boolean *has, uint32_t *out, struct known_count number)
{
	*has = number.is_known;
	*out = number.count;
}

static void fill_site(Carepace__V1__AggDay *out, const struct aggregate_input *input)
{
	fill_known(&out->has_consumables_billed, &out->consumables_billed, input->billed);
	fill_known(&out->has_no_show, &out->no_show, input->no_shows);
	fill_known(&out->has_certs_expiring, &out->certs_expiring, input->certs_expiring);
	fill_known(&out->has_carts_expiring, &out->carts_expiring, input->carts_expiring);
}

void aggregate_fill(Carepace__V1__AggDay *out, const struct aggregate_input *input)
{
	carepace__v1__agg_day__init(out);
	out->local_date = civil_to_yyyymmdd(input->day);
	out->has_busy_min = out->has_sessions = out->has_sessions_completed = 1;
	out->has_sessions_aborted = out->has_estops = out->has_pulses = out->has_active_ms = 1;
	out->has_unauthorised = out->has_out_of_hours = 1;
	out->estops = input->stops;
	out->has_sessions_left_out = input->left_out != 0;
	out->sessions_left_out = input->left_out;
	out->has_consumables_used = 1;
	out->consumables_used = count_distinct(input->carts, input->cart_count);
	fill_site(out, input);
	fill_opening(out, input);
	for (size_t i = 0; i < input->session_count; i++) {
		const struct day_session *it = &input->sessions[i];
		input->spans[i] = aggregate_span(&it->session);
		if (it->session.day == input->day)
			add_session(out, input, it);
	}
	out->busy_min = (uint32_t)(cover_ms(input->spans, input->session_count,
	                               span_of(input->policy, input->day)) /
	                           MS_PER_MINUTE);
}
