#include "care/stream/fold.h"

static void add_exposure(struct session_fold *fold, event_ms from, event_ms until)
{
	if (from < fold->exposed_from)
		fold->exposed_from = from;
	if (until > fold->exposed_until)
		fold->exposed_until = until;
}

static void add_samples(
    struct session_fold *fold, event_ms ts, const Carepace__V1__Samples *samples)
{
	for (size_t i = 0; i < samples->n_sample; i++) {
		const Carepace__V1__Sample *sample = samples->sample[i];
		event_ms at = ts + sample->dt_ms;
		if (at > fold->last_at)
			fold->last_at = at;
		fold->active_ms += sample->active_ms;
		if (sample->active_ms > 0)
			add_exposure(fold, at, at);
	}
}

static void add_pulses(struct session_fold *fold, event_ms ts, const Carepace__V1__Pulses *pulses)
{
	for (size_t i = 0; i < pulses->n_pulse; i++) {
		event_ms at = ts + pulses->pulse[i]->dt_ms;
		if (at > fold->last_at)
			fold->last_at = at;
		fold->pulses++;
		add_exposure(fold, at, at);
	}
}

struct session_fold fold_of(const struct reading *reading)
{
	struct session_fold fold = SESSION_FOLD_EMPTY;

	fold.first_at = reading->ts;
	fold.last_at = reading->ts;
	if (reading_is_stream(reading->kind))
		fold.stream_first = fold.stream_last = message_no(reading->boot, reading->seq);
	switch (reading->kind) {
	case READING_SAMPLES:
		fold.stream_from = reading->ts;
		add_samples(&fold, reading->ts, reading->up->samples);
		break;
	case READING_PULSES:
		fold.stream_from = reading->ts;
		add_pulses(&fold, reading->ts, reading->up->pulses);
		break;
	case READING_PARAM:
		fold.stream_from = reading->ts;
		break;
	case READING_SESSION_START:
		fold.start_from = reading->ts;
		break;
	default:
		break;
	}
	return fold;
}
