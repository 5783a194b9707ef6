#include "device.h"

#include "fail.h"
#include "telemetry.pb-c.h"

#include <stdlib.h>

#define PAST_DAYS 10
#define PAST_MESSAGES 3 /* start, samples, end */
#define PAST_SECONDS 60 /* of samples: enough to have exposed the skin */
#define MESSAGE_MAX_BYTES 4096
#define NOT_MEASURED 0

void device_init(
    struct device *device, enum device_role role, size_t in_flight_max, const struct id *id)
{
	device->role = role;
	device->in_flight_max = in_flight_max;
	voice_init(&device->voice, id);
	device->session = speech_id(&device->voice, SPEECH_SESSION, 0);
}

void device_deinit(struct device *device)
{
	free(device->due_ns);
}

void device_due(struct device *device, int64_t at_ns)
{
	if (device->due_count == device->due_cap) {
		size_t cap = device->due_cap ? 2 * device->due_cap : 16;
		int64_t *due_ns = malloc(cap * sizeof(*due_ns));
		if (!due_ns)
			fail("out of memory");
		for (size_t i = 0; i < device->due_count; i++)
			due_ns[i] = device->due_ns[(device->due_from + i) % device->due_cap];
		free(device->due_ns);
		device->due_ns = due_ns;
		device->due_cap = cap;
		device->due_from = 0;
	}
	device->due_ns[(device->due_from + device->due_count++) % device->due_cap] = at_ns;
}

static int64_t take_due(struct device *device)
{
	int64_t at_ns = device->due_ns[device->due_from];

	device->due_from = (device->due_from + 1) % device->due_cap;
	device->due_count--;
	return at_ns;
}

/* --- what is said --------------------------------------------------------- */

static void tell_past(struct device *device, uint32_t step, struct buf *out)
{
	struct voice *voice = &device->voice;
	uint32_t number = step / PAST_MESSAGES;
	struct id client = speech_id(voice, SPEECH_CLIENT, number);
	struct id session = speech_id(voice, SPEECH_PAST_SESSION, number);

	switch (step % PAST_MESSAGES) {
	case 0:
		speak_start(voice, &session, &client, PAST_DAYS, out);
		break;
	case 1:
		speak_samples(voice, &session, PAST_DAYS, PAST_SECONDS, out);
		break;
	default:
		speak_end(voice, &session, PAST_DAYS, out);
		break;
	}
}

static bool prepare(struct device *device, struct buf *out)
{
	uint32_t step = device->prepared;
	struct voice *voice = &device->voice;

	if (step == 0) {
		speak_hello(voice, out);
	} else if (device->role == DEVICE_TALKER && step == 1) {
		struct id client = speech_id(voice, SPEECH_CLIENT, 0);
		speak_start(voice, &device->session, &client, 0, out);
	} else if (device->role == DEVICE_STARTER && step <= PAST_MESSAGES * device->starts) {
		tell_past(device, step - 1, out);
	} else {
		return false;
	}
	device->prepared++;
	return true;
}

static void start_session(struct device *device, int64_t due_ns, struct buf *out)
{
	uint32_t number = device->started++;
	struct id client = speech_id(&device->voice, SPEECH_CLIENT, number);

	device->session = speech_id(&device->voice, SPEECH_SESSION, number);
	device->verdict_due_ns = due_ns;
	speak_start(&device->voice, &device->session, &client, 0, out);
}

/* The next message and, by the tag, what its acknowledgement is measured from. */
static bool next_message(struct device *device, struct tally *tally, struct buf *out, int64_t *tag)
{
	*tag = NOT_MEASURED;
	if (prepare(device, out))
		return true;
	if (device->has_to_end) {
		device->has_to_end = false;
		speak_end(&device->voice, &device->session, 0, out);
		return true;
	}
	if (device->due_count == 0 || device->verdict_due_ns)
		return false;
	int64_t due_ns = take_due(device);
	if (device->role == DEVICE_STARTER) {
		start_session(device, due_ns, out);
		return true;
	}
	speak_samples(&device->voice, &device->session, 0, SPEECH_SAMPLES_200_BYTES, out);
	tally->out_bytes += buf_bytes(out).len;
	*tag = due_ns;
	return true;
}

void device_speak(struct device *device, struct tally *tally)
{
	struct buf message;
	int64_t tag;

	if (device->role == DEVICE_RELAY || device->role == DEVICE_PROBE)
		return;
	buf_init(&message, MESSAGE_MAX_BYTES);
	while (device->client.in_flight < device->in_flight_max &&
	       next_message(device, tally, &message, &tag)) {
		client_publish(&device->client, buf_bytes(&message), tag);
		buf_consume(&message, buf_bytes(&message).len);
	}
	buf_deinit(&message);
}

bool device_is_quiet(const struct device *device)
{
	return device->client.in_flight == 0 && device->due_count == 0 &&
	       device->verdict_due_ns == 0 && !device->has_to_end;
}

/* --- what is answered ----------------------------------------------------- */

void device_acked(struct device *device, struct tally *tally, int64_t tag)
{
	tally->acknowledged++;
	if (tag != NOT_MEASURED) {
		tally->measured++;
		series_add(&tally->acks, now_ns() - tag);
	}
	device_speak(device, tally);
}

static void take_verdict(
    struct device *device, struct tally *tally, const Carepace__V1__Verdict *verdict)
{
	if (!device->verdict_due_ns || verdict->sid.len != ID_BYTES ||
	    memcmp(verdict->sid.data, device->session.b, ID_BYTES) != 0)
		return;
	series_add(&tally->verdicts, now_ns() - device->verdict_due_ns);
	tally->advised += verdict->decision != CAREPACE__V1__DECISION__PERMIT;
	device->verdict_due_ns = 0;
	device->has_to_end = true;
	device_speak(device, tally);
}

void device_arrived(struct device *device, struct tally *tally, struct slice payload)
{
	if (device->role == DEVICE_RELAY) {
		tally->relayed++;
		return;
	}
	Carepace__V1__Down *down = carepace__v1__down__unpack(NULL, payload.len, payload.p);
	if (!down)
		fail("a message from the server that cannot be read");
	if (down->body_case == CAREPACE__V1__DOWN__BODY_NACK)
		fail("the server does not take message %u (code %d)", down->nack->seq,
		    (int)down->nack->code);
	if (down->body_case == CAREPACE__V1__DOWN__BODY_VERDICT)
		take_verdict(device, tally, down->verdict);
	carepace__v1__down__free_unpacked(down, NULL);
}
