#include "message.h"

#include "report.pb-c.h"
#include "say.h"
#include "telemetry.pb-c.h"

#define KEY_BYTES 40
#define MESSAGE_BYTES_MAX (1U << 20)

static ProtobufCBinaryData bytes_of(const struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)id->b};
}

static struct saying saying_of(
    const struct cast *cast, const struct input *input, struct arena *arena)
{
	return (struct saying){
	    .cast = cast,
	    .arena = arena,
	    .rng = {.state = input->draw},
	    .name = {.state = ((uint64_t)input->body << 32 | input->number) *
	                      UINT64_C(0xbf58476d1ce4e5b9)},
	    .number = input->number,
	};
}

static struct slice order_bytes(struct saying *saying, const struct input *input)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	unsigned body = (unsigned)input->body;
	char key[KEY_BYTES];

	snprintf(key, sizeof(key), "%u/%u", body, input->number);
	order.hq_epoch = input->boot;
	order.n = input->seq;
	order.ts_ms = input->ts;
	order.key = key;
	order.revision = input->revision;
	say_set_body(&order.base, body, say(saying, say_body_type(order.base.descriptor, body)));
	return say_pack(saying->arena, &order.base);
}

/* --- bodies: each packs the envelope while its own memory lives ------------------------ */

static struct slice pack(
    struct saying *saying, Carepace__V1__Up *up, unsigned body, ProtobufCMessage *message)
{
	say_rest(saying, message, NULL);
	say_set_body(&up->base, body, message);
	return say_pack(saying->arena, &up->base);
}

static struct slice said_bytes(
    Carepace__V1__Up *up, const struct input *input, struct saying *saying)
{
	unsigned body = (unsigned)input->body;
	ProtobufCMessage *message = say(saying, say_body_type(up->base.descriptor, body));

	if (!id_is_zero(&input->sid))
		say_id(message, "sid", &input->sid);
	if (input->device != WORLD_TABLET) /* only tablets tell what was done on others */
		say_id(message, "device", &input->source);
	say_set_body(&up->base, body, message);
	return say_pack(saying->arena, &up->base);
}

static struct slice hello_bytes(
    Carepace__V1__Up *up, const struct input *input, struct saying *saying)
{
	Carepace__V1__Hello hello = CAREPACE__V1__HELLO__INIT;

	hello.model = 1 + (uint32_t)input->device % 3;
	hello.kind = (Carepace__V1__DeviceKind)input->modality;
	hello.context = rng_percent(&saying->rng, 90) ? CAREPACE__V1__CONTEXT__CONTEXT_CLINIC
	                                              : CAREPACE__V1__CONTEXT__CONTEXT_HOME;
	return pack(saying, up, CAREPACE__V1__UP__BODY_HELLO, &hello.base);
}

static struct slice start_bytes(
    Carepace__V1__Up *up, const struct input *input, struct saying *saying)
{
	Carepace__V1__SessionStart start = CAREPACE__V1__SESSION_START__INIT;

	start.sid = bytes_of(&input->sid);
	start.has_client_token = input->seq % 2 || !id_is_zero(&input->client);
	start.client_token = bytes_of(&input->client);
	start.has_course = input->course != 0;
	start.course = input->course;
	start.modality = (Carepace__V1__Modality)input->modality;
	start.has_zones = input->zones != 0;
	start.zones = input->zones;
	return pack(saying, up, CAREPACE__V1__UP__BODY_SESSION_START, &start.base);
}

static struct slice mount_bytes(
    Carepace__V1__Up *up, const struct input *input, struct saying *saying)
{
	Carepace__V1__CartMount mount = CAREPACE__V1__CART_MOUNT__INIT;
	Carepace__V1__Cartridge cart = CAREPACE__V1__CARTRIDGE__INIT;
	bool is_attach = input->kind == INPUT_ATTACH;

	cart.gtin = (char *)input->gtin;
	say_rest(saying, &cart.base, NULL);
	cart.serial = (char *)input->serial;
	mount.sid = bytes_of(&input->sid);
	mount.has_slot = input->slot != 0;
	mount.slot = input->slot;
	mount.cart = &cart;
	mount.has_tip_used = is_attach;
	mount.tip_used = input->tip_used;
	return pack(saying, up,
	    is_attach ? CAREPACE__V1__UP__BODY_CART_ATTACH : CAREPACE__V1__UP__BODY_CART_DETACH,
	    &mount.base);
}

static struct slice samples_bytes(
    Carepace__V1__Up *up, const struct input *input, struct saying *saying)
{
	Carepace__V1__Samples samples = CAREPACE__V1__SAMPLES__INIT;
	Carepace__V1__Sample items[WORLD_ENTRIES_MAX];
	Carepace__V1__Sample *list[WORLD_ENTRIES_MAX];

	for (size_t i = 0; i < input->entry_count; i++) {
		items[i] = (Carepace__V1__Sample)CAREPACE__V1__SAMPLE__INIT;
		items[i].has_dt_ms = input->dt_ms[i] != 0;
		items[i].dt_ms = input->dt_ms[i];
		items[i].has_active_ms = true;
		items[i].active_ms = input->active_ms[i];
		say_rest(saying, &items[i].base, i ? &items[i - 1].base : NULL);
		list[i] = &items[i];
	}
	samples.sid = bytes_of(&input->sid);
	samples.n_sample = input->entry_count;
	samples.sample = list;
	return pack(saying, up, CAREPACE__V1__UP__BODY_SAMPLES, &samples.base);
}

static struct slice pulses_bytes(
    Carepace__V1__Up *up, const struct input *input, struct saying *saying)
{
	Carepace__V1__Pulses pulses = CAREPACE__V1__PULSES__INIT;
	Carepace__V1__Pulse items[WORLD_ENTRIES_MAX];
	Carepace__V1__Pulse *list[WORLD_ENTRIES_MAX];

	for (size_t i = 0; i < input->entry_count; i++) {
		items[i] = (Carepace__V1__Pulse)CAREPACE__V1__PULSE__INIT;
		items[i].has_dt_ms = input->dt_ms[i] != 0;
		items[i].dt_ms = input->dt_ms[i];
		say_rest(saying, &items[i].base, i ? &items[i - 1].base : NULL);
		list[i] = &items[i];
	}
	pulses.sid = bytes_of(&input->sid);
	pulses.n_pulse = input->entry_count;
	pulses.pulse = list;
	return pack(saying, up, CAREPACE__V1__UP__BODY_PULSES, &pulses.base);
}

static struct slice end_bytes(
    Carepace__V1__Up *up, const struct input *input, struct saying *saying)
{
	Carepace__V1__SessionEnd end = CAREPACE__V1__SESSION_END__INIT;

	end.sid = bytes_of(&input->sid);
	end.reason = (Carepace__V1__EndReason)input->reason;
	end.has_active_ms = input->has_sums;
	end.active_ms = input->sum_active_ms;
	end.has_pulses = input->has_sums;
	end.pulses = input->sum_pulses;
	end.has_end_ts_ms = input->end_ts != 0;
	end.end_ts_ms = input->end_ts + input->clock_off_ms;
	return pack(saying, up, CAREPACE__V1__UP__BODY_SESSION_END, &end.base);
}

struct slice message_bytes(const struct cast *cast, const struct input *input,
    const struct delivery *delivery, struct arena *arena)
{
	struct saying saying = saying_of(cast, input, arena);
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;

	if (input_is_order(input))
		return order_bytes(&saying, input);
	up.source = bytes_of(&input->source);
	up.boot = input->boot;
	up.seq = input->seq;
	up.ts_ms = input->ts + input->clock_off_ms;
	up.mono_ms = (uint64_t)(input->ts - (input->recv ? input->booted_at : WORLD_BOOTED_AT));
	up.has_sent_mono_ms = delivery->sent_mono_ms != 0;
	up.sent_mono_ms = delivery->sent_mono_ms;
	up.has_replay = delivery->is_replay;
	up.replay = delivery->is_replay;
	up.has_test = input->is_test;
	up.test = input->is_test;
	switch (input->kind) {
	case INPUT_HELLO:
		return hello_bytes(&up, input, &saying);
	case INPUT_START:
		return start_bytes(&up, input, &saying);
	case INPUT_ATTACH:
	case INPUT_DETACH:
		return mount_bytes(&up, input, &saying);
	case INPUT_SAMPLES:
		return samples_bytes(&up, input, &saying);
	case INPUT_PULSES:
		return pulses_bytes(&up, input, &saying);
	case INPUT_END:
		return end_bytes(&up, input, &saying);
	default:
		return said_bytes(&up, input, &saying);
	}
}

void message_trace(const struct cast *cast, const struct input *input, FILE *out)
{
	static const struct delivery live;
	struct arena arena;

	arena_init(&arena, 1U << 16, MESSAGE_BYTES_MAX);
	struct slice bytes = message_bytes(cast, input, &live, &arena);
	fputs(input_is_order(input) ? "order " : "up ", out);
	for (size_t i = 0; i < bytes.len; i++)
		fprintf(out, "%02x", bytes.p[i]);
	fputc('\n', out);
	arena_deinit(&arena);
}
