#include "care/fact.h"

#include <stdio.h>

int64_t fact_topic(const struct reading *reading)
{
	if (reading->kind == READING_MAINT)
		return FACT_TOPIC(reading->kind, reading->up->maint->kind);
	if (reading->kind == READING_SELFTEST)
		return FACT_TOPIC(reading->kind, reading->up->selftest->result);
	return FACT_TOPIC(reading->kind, 0);
}

/* What a person reports, by a tablet or by an app at home, may have happened earlier. */
#define TIME_OF_EVENT(body, reading) ((body)->has_at_ts_ms ? (body)->at_ts_ms : (reading)->ts)

event_ms fact_time(const struct reading *reading)
{
	switch (reading->kind) {
	case READING_POLICY:
		return reading->order->policy->has_valid_from_ts_ms
		           ? reading->order->policy->valid_from_ts_ms
		           : reading->ts;
	case READING_SCREENING:
		return TIME_OF_EVENT(reading->up->screening, reading);
	case READING_ROLLER_USE:
		return TIME_OF_EVENT(reading->up->roller_use, reading);
	case READING_HQ_ROLLER_USE:
		return TIME_OF_EVENT(reading->order->roller_use, reading);
	case READING_ASSESSMENT:
		return TIME_OF_EVENT(reading->up->assessment, reading);
	case READING_AFTERCARE:
		return TIME_OF_EVENT(reading->up->aftercare, reading);
	case READING_HQ_AFTERCARE:
		return TIME_OF_EVENT(reading->order->aftercare, reading);
	case READING_SESSION_SEEN:
		return reading->order->session_seen->start_ts_ms;
	default:
		return reading->ts;
	}
}

const Carepace__V1__RollerUse *fact_roller_use(const struct reading *reading)
{
	switch (reading->kind) {
	case READING_ROLLER_USE:
		return reading->up->roller_use;
	case READING_HQ_ROLLER_USE:
		return reading->order->roller_use;
	default:
		return NULL;
	}
}

int fact_order(const struct fact *a, const struct fact *b)
{
	const struct reading *x = &a->reading;
	const struct reading *y = &b->reading;

	if (x->ts != y->ts)
		return x->ts < y->ts ? -1 : 1;
	int by_source = id_cmp(&x->source, &y->source);
	if (by_source)
		return by_source;
	if (x->boot != y->boot)
		return x->boot < y->boot ? -1 : 1;
	if (x->seq != y->seq)
		return x->seq < y->seq ? -1 : 1;
	return 0;
}

const char *input_name(
    const struct id *source, uint32_t boot, uint32_t seq, char out[FACT_NAME_BYTES])
{
	char hex[ID_HEX_LEN + 1];

	snprintf(
	    out, FACT_NAME_BYTES, "%s/%u/%u", id_hex(source, hex), (unsigned)boot, (unsigned)seq);
	return out;
}

const char *fact_name(const struct fact *fact, char out[FACT_NAME_BYTES])
{
	return input_name(&fact->reading.source, fact->reading.boot, fact->reading.seq, out);
}

bool fact_holds(const struct fact *fact, event_ms at)
{
	return fact->reading.ts <= at && (fact->until == TIME_NEVER || at < fact->until);
}

event_ms fact_until(const struct fact *fact)
{
	return fact->until > fact->reading.ts ? fact->until : fact->reading.ts;
}

event_ms facts_next_change(struct facts facts, event_ms after)
{
	event_ms next = TIME_NEVER;

	for (size_t i = 0; i < facts.count; i++) {
		const struct fact *fact = &facts.items[i];
		if (fact->reading.ts > after && fact->reading.ts < next)
			next = fact->reading.ts;
		if (fact->until > after && fact->until < next)
			next = fact->until;
	}
	return next;
}

const struct fact *facts_holding(struct facts facts, enum reading_kind kind, event_ms at)
{
	for (size_t i = facts.count; i-- > 0;)
		if (facts.items[i].reading.kind == kind && fact_holds(&facts.items[i], at))
			return &facts.items[i];
	return NULL;
}

const struct fact *facts_last(struct facts facts, int64_t topic, event_ms at)
{
	for (size_t i = facts.count; i-- > 0;)
		if (facts.items[i].reading.ts <= at && fact_topic(&facts.items[i].reading) == topic)
			return &facts.items[i];
	return NULL;
}

const struct fact *facts_next(struct facts facts, int64_t topic, event_ms after)
{
	for (size_t i = 0; i < facts.count; i++)
		if (facts.items[i].reading.ts > after &&
		    fact_topic(&facts.items[i].reading) == topic)
			return &facts.items[i];
	return NULL;
}
