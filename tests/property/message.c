#include "message.h"

#include "office.h"

#include "report.pb-c.h"
#include "telemetry.pb-c.h"
#include "wire/pack.h"

#include <inttypes.h>

#define KEY_BYTES 24

static ProtobufCBinaryData bytes_of(const struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)id->b};
}

static struct slice pack(struct arena *arena, const ProtobufCMessage *message)
{
	struct slice out;

	CP_CHECK(wire_pack(arena, message, &out) == CP_OK);
	return out;
}

static void plan_key(const struct input *input, char key[KEY_BYTES])
{
	snprintf(key, KEY_BYTES, "plan/%" PRIu64, input->course);
}

static struct slice plan_bytes(const struct input *input, struct arena *arena)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	Carepace__V1__Plan plan = CAREPACE__V1__PLAN__INIT;
	char key[KEY_BYTES];

	plan.course = input->course;
	plan.client_token = bytes_of(&input->client);
	plan.band = CAREPACE__V1__BAND__BAND_MILD;
	plan.has_planned = true;
	plan.planned = input->planned;
	plan.has_min_days = input->min_days > 0;
	plan.min_days = input->min_days;
	plan.has_max_days = true;
	plan.max_days = input->max_days;
	plan.state = (Carepace__V1__PlanState)input->state;

	plan_key(input, key);
	order.hq_epoch = input->boot;
	order.n = input->seq;
	order.ts_ms = input->ts;
	order.key = key;
	order.revision = input->revision;
	order.body_case = CAREPACE__V1__ORDER__BODY_PLAN;
	order.plan = &plan;
	return pack(arena, &order.base);
}

/* --- bodies: each packs the envelope while its own memory lives ------------------------ */

static struct slice start_bytes(
    Carepace__V1__Up *up, const struct input *input, struct arena *arena)
{
	Carepace__V1__SessionStart start = CAREPACE__V1__SESSION_START__INIT;

	start.sid = bytes_of(&input->sid);
	start.has_client_token = input->seq % 2 || !id_is_zero(&input->client);
	start.client_token = bytes_of(&input->client);
	struct id operator= office_operator(&input->sid);
	start.has_operator_token = true;
	start.operator_token = bytes_of(&operator);
	start.has_course = input->course != 0;
	start.course = input->course;
	start.modality = (Carepace__V1__Modality)input->modality;
	start.has_zones = input->zones != 0;
	start.zones = input->zones;
	up->body_case = CAREPACE__V1__UP__BODY_SESSION_START;
	up->session_start = &start;
	return pack(arena, &up->base);
}

static struct slice mount_bytes(
    Carepace__V1__Up *up, const struct input *input, struct arena *arena)
{
	Carepace__V1__CartMount mount = CAREPACE__V1__CART_MOUNT__INIT;
	Carepace__V1__Cartridge cart = CAREPACE__V1__CARTRIDGE__INIT;

	cart.gtin = (char *)input->gtin;
	cart.serial = (char *)input->serial;
	mount.sid = bytes_of(&input->sid);
	mount.has_slot = input->slot != 0;
	mount.slot = input->slot;
	mount.cart = &cart;
	mount.has_tip_used = input->kind == INPUT_ATTACH;
	mount.tip_used = input->tip_used;
	if (input->kind == INPUT_ATTACH) {
		up->body_case = CAREPACE__V1__UP__BODY_CART_ATTACH;
		up->cart_attach = &mount;
	} else {
		up->body_case = CAREPACE__V1__UP__BODY_CART_DETACH;
		up->cart_detach = &mount;
	}
	return pack(arena, &up->base);
}

static struct slice samples_bytes(
    Carepace__V1__Up *up, const struct input *input, struct arena *arena)
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
		list[i] = &items[i];
	}
	samples.sid = bytes_of(&input->sid);
	samples.n_sample = input->entry_count;
	samples.sample = list;
	up->body_case = CAREPACE__V1__UP__BODY_SAMPLES;
	up->samples = &samples;
	return pack(arena, &up->base);
}

static struct slice pulses_bytes(
    Carepace__V1__Up *up, const struct input *input, struct arena *arena)
{
	Carepace__V1__Pulses pulses = CAREPACE__V1__PULSES__INIT;
	Carepace__V1__Pulse items[WORLD_ENTRIES_MAX];
	Carepace__V1__Pulse *list[WORLD_ENTRIES_MAX];

	for (size_t i = 0; i < input->entry_count; i++) {
		items[i] = (Carepace__V1__Pulse)CAREPACE__V1__PULSE__INIT;
		items[i].has_dt_ms = input->dt_ms[i] != 0;
		items[i].dt_ms = input->dt_ms[i];
		list[i] = &items[i];
	}
	pulses.sid = bytes_of(&input->sid);
	pulses.n_pulse = input->entry_count;
	pulses.pulse = list;
	up->body_case = CAREPACE__V1__UP__BODY_PULSES;
	up->pulses = &pulses;
	return pack(arena, &up->base);
}

static struct slice end_bytes(Carepace__V1__Up *up, const struct input *input, struct arena *arena)
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
	up->body_case = CAREPACE__V1__UP__BODY_SESSION_END;
	up->session_end = &end;
	return pack(arena, &up->base);
}

/* What only belongs to the session, or to nobody. */
static struct slice other_bytes(
    Carepace__V1__Up *up, const struct input *input, struct arena *arena)
{
	static const struct id clinician = {.b = {0xc1, 0x1f}};
	Carepace__V1__Hello hello = CAREPACE__V1__HELLO__INIT;
	Carepace__V1__Param param = CAREPACE__V1__PARAM__INIT;
	Carepace__V1__Fault fault = CAREPACE__V1__FAULT__INIT;
	Carepace__V1__SessionPause pause = CAREPACE__V1__SESSION_PAUSE__INIT;
	Carepace__V1__Override override = CAREPACE__V1__OVERRIDE__INIT;
	Carepace__V1__Screening screening = CAREPACE__V1__SCREENING__INIT;

	hello.kind = (Carepace__V1__DeviceKind)(input->modality);
	hello.context = CAREPACE__V1__CONTEXT__CONTEXT_CLINIC;
	param.sid = pause.sid = fault.sid = override.sid = bytes_of(&input->sid);
	fault.has_sid = override.has_sid = override.has_check = true;
	override.check = CAREPACE__V1__CHECK__INTERVAL_TOO_SOON;
	override.by_token = bytes_of(&clinician);
	screening.client_token = bytes_of(&input->client);
	screening.consent = input->draw % 3 ? CAREPACE__V1__CONSENT__CONSENT_YES
	                                    : CAREPACE__V1__CONSENT__CONSENT_NO;
	switch (input->kind) {
	case INPUT_SCREENING:
		up->body_case = CAREPACE__V1__UP__BODY_SCREENING;
		up->screening = &screening;
		break;
	case INPUT_HELLO:
		up->body_case = CAREPACE__V1__UP__BODY_HELLO;
		up->hello = &hello;
		break;
	case INPUT_FAULT:
		up->body_case = CAREPACE__V1__UP__BODY_FAULT;
		up->fault = &fault;
		break;
	case INPUT_PAUSE:
		up->body_case = CAREPACE__V1__UP__BODY_SESSION_PAUSE;
		up->session_pause = &pause;
		break;
	case INPUT_RESUME:
		up->body_case = CAREPACE__V1__UP__BODY_SESSION_RESUME;
		up->session_resume = &pause;
		break;
	case INPUT_OVERRIDE:
		up->body_case = CAREPACE__V1__UP__BODY_OVERRIDE;
		up->override = &override;
		break;
	default:
		up->body_case = CAREPACE__V1__UP__BODY_PARAM;
		up->param = &param;
	}
	return pack(arena, &up->base);
}

struct slice message_bytes(
    const struct input *input, const struct delivery *delivery, struct arena *arena)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;

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
	case INPUT_START:
		return start_bytes(&up, input, arena);
	case INPUT_ATTACH:
	case INPUT_DETACH:
		return mount_bytes(&up, input, arena);
	case INPUT_SAMPLES:
		return samples_bytes(&up, input, arena);
	case INPUT_PULSES:
		return pulses_bytes(&up, input, arena);
	case INPUT_END:
		return end_bytes(&up, input, arena);
	case INPUT_PLAN:
		return plan_bytes(input, arena);
	case INPUT_ORDER:
		return office_bytes(input, arena);
	default:
		return other_bytes(&up, input, arena);
	}
}

/* --- the line ------------------------------------------------------------------------------- */

static void put_id(const struct id *id, FILE *out)
{
	char hex[ID_HEX_LEN + 1];

	fputs(id_is_zero(id) ? "-" : id_hex(id, hex), out);
}

static void trace_plan(const struct input *input, FILE *out)
{
	char key[KEY_BYTES];

	plan_key(input, key);
	fprintf(out, "PLAN %" PRId64 " %s %" PRIu64 " %" PRIu64 " ", input->ts, key,
	    input->revision, input->course);
	put_id(&input->client, out);
	fprintf(
	    out, " %d %u %u %u\n", input->state, input->planned, input->min_days, input->max_days);
}

static void trace_fields(const struct input *input, FILE *out)
{
	switch (input->kind) {
	case INPUT_START:
		fputc(' ', out);
		put_id(&input->client, out);
		fprintf(out, " %" PRIu64 " %d %u", input->course, input->modality, input->zones);
		break;
	case INPUT_ATTACH:
	case INPUT_DETACH:
		fprintf(out, " %u %s %s %u", input->slot, input->gtin,
		    input->serial ? input->serial : "-", input->tip_used);
		break;
	case INPUT_SAMPLES:
		for (size_t i = 0; i < input->entry_count; i++)
			fprintf(out, " %u:%u", input->dt_ms[i], input->active_ms[i]);
		break;
	case INPUT_PULSES:
		for (size_t i = 0; i < input->entry_count; i++)
			fprintf(out, " %u", input->dt_ms[i]);
		break;
	case INPUT_END:
		fprintf(out, " %d", input->reason);
		if (input->has_sums)
			fprintf(out, " %u %u", input->sum_active_ms, input->sum_pulses);
		else
			fputs(" - -", out);
		if (input->end_ts)
			fprintf(out, " %" PRId64, input->end_ts);
		else
			fputs(" -", out);
		break;
	default:
		break;
	}
}

void message_trace(const struct input *input, FILE *out)
{
	static const char *const words[] = {"OTHER", "START", "ATTACH", "DETACH", "OTHER",
	    "SAMPLES", "PULSES", "OTHER", "OTHER", "OTHER", "END", "OTHER", "PLAN", "", "OTHER"};

	if (input->kind == INPUT_ORDER) /* nothing that the oracle judges by */
		return;
	if (input->kind == INPUT_PLAN) {
		trace_plan(input, out);
		return;
	}
	fprintf(out, "%s ", words[input->kind]);
	put_id(&input->source, out);
	fprintf(out, " %u %u %" PRId64 " %d ", input->boot, input->seq, input->ts, input->is_test);
	/* An override speaks about a session and does not belong to it. */
	static const struct id nobody;
	put_id(input->kind == INPUT_OVERRIDE ? &nobody : &input->sid, out);
	trace_fields(input, out);
	fputc('\n', out);
}
