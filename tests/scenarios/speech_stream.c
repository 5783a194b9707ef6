#include "speech_parts.h"

#include <stdio.h>

/* A whole treatment: start, a cartridge, a second at work in its second minute, end.
 * What is not said here is said of the start. */
void speech_session(struct clinic *clinic, struct device *device, struct words *words)
{
	const char *test = words_flag(words, "test") ? " test" : "";
	const char *cart = words_option(words, "cart");
	const char *reason = words_option(words, "ends");
	const char *punctures = words_option(words, "punctures");
	const char *pulses = words_option(words, "pulses");
	int64_t lasting_ms = words_duration_option(words, "lasting", 30 * MS_PER_MINUTE);
	int64_t active_ms = words_duration_option(words, "active", 10 * MS_PER_MINUTE);
	const char *name = words_take(words);
	wall_ms from = clinic->now;
	char fresh[16];
	char start[256];
	size_t len = 0;

	start[0] = '\0';
	while (*words_peek(words) && len < sizeof(start))
		len += (size_t)snprintf(start + len, sizeof(start) - len, " %s", words_take(words));
	snprintf(fresh, sizeof(fresh), "NEW-%u", (unsigned)++clinic->fresh_count);
	speech_say(clinic, device, "start %s%s%s", name, start, test);
	speech_say(clinic, device, "attach %s %s%s", name, cart ? cart : fresh, test);
	if (active_ms > 0) {
		clinic_advance(clinic, from + MS_PER_MINUTE);
		speech_say(clinic, device, "sample %s%s", name, test);
	}
	clinic_advance(clinic, from + lasting_ms);
	speech_say(clinic, device, "end %s %s active %ldms%s%s%s%s%s", name,
	    reason ? reason : "COMPLETED", (long)active_ms, punctures ? " punctures " : "",
	    punctures ? punctures : "", pulses ? " pulses " : "", pulses ? pulses : "", test);
}

/* --- values, one after another ------------------------------------------------------------ */

#define BATCH_MAX 64

struct stream {
	const ProtobufCFieldDescriptor *body; /* samples or pulses, */
	size_t batch_max;                     /* at most so many in one message (telemetry.proto) */
	struct envelope envelope;
	struct id sid;
	int64_t every_ms;
	size_t count;
};

/* Called for each, with its place; sets what differs. */
typedef ProtobufCMessage *one_fn(
    struct clinic *clinic, const void *like, size_t place, uint32_t dt_ms, const void *ctx);

static void send_batch(struct clinic *clinic, struct device *device, const struct stream *stream,
    wall_ms at, ProtobufCMessage **items, size_t count)
{
	Carepace__V1__Samples samples = CAREPACE__V1__SAMPLES__INIT;
	Carepace__V1__Pulses pulses = CAREPACE__V1__PULSES__INIT;
	ProtobufCBinaryData sid = {.len = ID_BYTES, .data = (uint8_t *)stream->sid.b};
	bool is_samples = stream->body->id == CAREPACE__V1__UP__BODY_SAMPLES;

	samples.sid = pulses.sid = sid;
	samples.n_sample = pulses.n_pulse = count;
	samples.sample = (Carepace__V1__Sample **)items;
	pulses.pulse = (Carepace__V1__Pulse **)items;
	speech_up(clinic, device, &stream->envelope, stream->body,
	    is_samples ? &samples.base : &pulses.base, at);
}

/* Messages are as long as they may be, and leave with their last value: time goes on. */
static void send_stream(struct clinic *clinic, struct device *device, const struct stream *stream,
    one_fn *one, const void *like, const void *ctx)
{
	ProtobufCMessage *items[BATCH_MAX];
	size_t place = 0;

	while (place < stream->count && !clinic_failed(clinic)) {
		wall_ms at = clinic->now + (place ? stream->every_ms : 0);
		size_t n = 0;
		for (; n < stream->batch_max && place < stream->count; n++, place++)
			items[n] = one(
			    clinic, like, place, (uint32_t)((int64_t)n * stream->every_ms), ctx);
		clinic_advance(clinic, at + (int64_t)(n - 1) * stream->every_ms);
		send_batch(clinic, device, stream, at, items, n);
	}
}

static struct stream stream_of(struct clinic *clinic, struct device *device, struct words *words,
    const char *body, size_t batch_max)
{
	struct stream stream = {
	    .body = speech_body(clinic, &carepace__v1__up__descriptor, body),
	    .batch_max = batch_max,
	    .envelope = speech_envelope(words, device),
	    .every_ms = words_duration_option(words, "every", MS_PER_SECOND),
	    .count = words_number_option(words, "for", 1),
	};
	const char *sid = words_take(words);

	if (strlen(sid) >= NAME_BYTES)
		clinic_fail(clinic, "too long: %s", sid);
	else
		stream.sid = id_named(ID_SESSION, sid);
	return stream;
}

/* Where and how deep the device was set, unless it is said. */
static void fill_place(struct told *told, const struct device *device)
{
	char text[16];

	snprintf(text, sizeof(text), "#%d", (int)device->zone);
	tell_default(told, "zone", text);
	snprintf(text, sizeof(text), "%u", (unsigned)device->depth_um);
	tell_default(told, "depth_um", text);
}

static ProtobufCMessage *one_sample(
    struct clinic *clinic, const void *like, size_t place, uint32_t dt_ms, const void *ctx)
{
	Carepace__V1__Sample *one = arena_alloc(&clinic->arena, sizeof(*one));

	(void)place;
	(void)ctx;
	CP_CHECK(one);
	*one = *(const Carepace__V1__Sample *)like;
	one->has_dt_ms = 1;
	one->dt_ms = dt_ms;
	return &one->base;
}

/* "sample A for 10 depth 1750 skin 43.10" */
void speech_sample(struct clinic *clinic, struct device *device, struct words *words)
{
	struct told told = tell_begin(clinic, &carepace__v1__sample__descriptor);
	struct stream stream = stream_of(clinic, device, words, "samples", 60);

	tell_words(&told, words);
	tell_default(&told, "active_ms", stream.every_ms < 1000 ? "0" : "1000");
	fill_place(&told, device);
	send_stream(clinic, device, &stream, one_sample, told.message, NULL);
}

struct faults {
	size_t first; /* this one and all after it are lifted off the skin */
};

static ProtobufCMessage *one_pulse(
    struct clinic *clinic, const void *like, size_t place, uint32_t dt_ms, const void *ctx)
{
	const struct faults *faults = ctx;
	Carepace__V1__Pulse *one = arena_alloc(&clinic->arena, sizeof(*one));

	CP_CHECK(one);
	*one = *(const Carepace__V1__Pulse *)like;
	one->has_dt_ms = 1;
	one->dt_ms = dt_ms;
	if (place >= faults->first) {
		one->has_flags = 1;
		one->flags |= CAREPACE__V1__PULSE_FLAG__PULSE_CONTACT_FAULT;
	}
	return &one->base;
}

/* "pulses A for 20 faults 2 energy 60mJ": the last two are faults. */
void speech_pulses(struct clinic *clinic, struct device *device, struct words *words)
{
	struct told told = tell_begin(clinic, &carepace__v1__pulse__descriptor);
	size_t fault_count = words_number_option(words, "faults", 0);
	struct stream stream = stream_of(clinic, device, words, "pulses", 64);
	struct faults faults = {.first = stream.count - fault_count};

	if (fault_count > stream.count)
		clinic_fail(clinic, "more faults than pulses");
	tell_words(&told, words);
	fill_place(&told, device);
	send_stream(clinic, device, &stream, one_pulse, told.message, &faults);
}
