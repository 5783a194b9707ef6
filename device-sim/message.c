#include "message.h"

#include "wire/pack.h"
#include "wire/scan.h"

#include <stdio.h>

#define MAX_SAMPLES 60 /* of a batch: telemetry.proto */
#define MAX_PULSES 64
#define PULSE_PITCH_MS 100
#define ACTIVE_MS_PER_SAMPLE 800
#define VARINT_MAX_BYTES 10
#define TAG_SENT_MONO_MS (6 << 3)
#define TAG_REPLAY (7 << 3)

static const struct model models[] = {
    [PKI_PEN] = {101, CAREPACE__V1__MODALITY__MODALITY_PEN, 14, 1000, 2500, 1167, 0, 0, 0},
    [PKI_STAMP] = {201, CAREPACE__V1__MODALITY__MODALITY_STAMP, 36, 1000, 2500, 20, 0, 0, 0},
    [PKI_ROLLER] = {301, CAREPACE__V1__MODALITY__MODALITY_ROLLER, 540, 500, 2500, 30, 0, 0, 0},
    /* 49 pins of 20 mJ are 980 mJ, which is 9.8 W for 100 ms. */
    [PKI_RF] = {401, CAREPACE__V1__MODALITY__MODALITY_RF, 49, 1500, 3500, 0, 20000, 9800, 100000},
    [PKI_TABLET] = {901, CAREPACE__V1__MODALITY__MODALITY_UNSPECIFIED, 0, 0, 0, 0, 0, 0, 0},
};

const struct model *message_model(enum pki_kind kind)
{
	return &models[kind];
}

/* The start is set as it should be; what goes too deep is turned up during the treatment. */
static uint32_t depth_um(const struct treatment *treatment)
{
	const struct model *model = &models[treatment->kind];

	return treatment->visit->story == STORY_TOO_DEEP ? model->max_depth_um : model->depth_um;
}

static ProtobufCBinaryData bytes_of(const struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)id->b};
}

/* The caller sets the one member of the body. */
static Carepace__V1__Up up_of(const struct envelope *envelope, Carepace__V1__Up__BodyCase body_case)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;

	up.source = bytes_of(&envelope->source);
	up.boot = envelope->boot;
	up.seq = envelope->seq;
	up.ts_ms = envelope->ts_ms;
	up.mono_ms = envelope->mono_ms;
	up.has_schema = true;
	up.schema = 1;
	up.body_case = body_case;
	return up;
}

/* Too large a message would be our bug: nothing here comes from outside. */
static void pack(struct buf *out, const Carepace__V1__Up *up)
{
	CP_CHECK(wire_pack_to(out, &up->base) == CP_OK);
}

void message_hello(struct buf *out, const struct envelope *envelope, enum pki_kind kind,
    const char *site, uint32_t last_seq)
{
	Carepace__V1__Up up = up_of(envelope, CAREPACE__V1__UP__BODY_HELLO);
	Carepace__V1__Hello hello = CAREPACE__V1__HELLO__INIT;
	char serial[20 + 1];

	CP_CHECK(snprintf(serial, sizeof(serial), "SIM-%02X%02X%02X%02X", envelope->source.b[0],
	             envelope->source.b[1], envelope->source.b[2],
	             envelope->source.b[3]) < (int)sizeof(serial));
	hello.model = models[kind].number;
	hello.serial = serial;
	hello.kind = (Carepace__V1__DeviceKind)kind;
	hello.context = CAREPACE__V1__CONTEXT__CONTEXT_CLINIC;
	hello.has_fw = true;
	hello.fw = 1u << 22 | 4u << 12 | 2u; /* 1.4.2 */
	hello.site = (char *)site;
	hello.has_last_seq_sent = true;
	hello.last_seq_sent = last_seq;
	up.hello = &hello;
	pack(out, &up);
}

void message_heartbeat(
    struct buf *out, const struct envelope *envelope, bool is_active, uint32_t queue)
{
	Carepace__V1__Up up = up_of(envelope, CAREPACE__V1__UP__BODY_HEARTBEAT);
	Carepace__V1__Heartbeat beat = CAREPACE__V1__HEARTBEAT__INIT;

	beat.state = is_active ? CAREPACE__V1__DEVICE_STATE__DEVICE_ACTIVE
	                       : CAREPACE__V1__DEVICE_STATE__DEVICE_IDLE;
	beat.has_battery_pct = true;
	beat.battery_pct = 255;
	beat.has_queue = true;
	beat.queue = queue;
	beat.has_clock_source = true;
	beat.clock_source = CAREPACE__V1__CLOCK_SOURCE__CLOCK_NETWORK;
	up.heartbeat = &beat;
	pack(out, &up);
}

void message_start(
    struct buf *out, const struct envelope *envelope, const struct treatment *treatment)
{
	const struct visit *visit = treatment->visit;
	const struct model *model = &models[treatment->kind];
	Carepace__V1__Up up = up_of(envelope, CAREPACE__V1__UP__BODY_SESSION_START);
	Carepace__V1__SessionStart start = CAREPACE__V1__SESSION_START__INIT;

	start.sid = bytes_of(&visit->sid);
	start.has_client_token = true;
	start.client_token = bytes_of(&visit->client);
	start.has_operator_token = true;
	start.operator_token = bytes_of(&visit->operator_token);
	start.has_course = visit->course != 0;
	start.course = visit->course;
	start.has_phase = true;
	start.phase = CAREPACE__V1__PHASE__PHASE_SERIES;
	start.modality = model->modality;
	start.has_zones = true;
	start.zones = 1u << visit->zone;
	start.has_preset_depth_um = true;
	start.preset_depth_um = model->depth_um;
	start.has_preset_rate_dhz = model->rate_dhz > 0;
	start.preset_rate_dhz = model->rate_dhz;
	start.has_preset_energy_uj = model->energy_uj > 0;
	start.preset_energy_uj = model->energy_uj;
	start.has_fitzpatrick = true;
	start.fitzpatrick = 3;
	start.has_screening = true;
	start.screening = 1;
	up.session_start = &start;
	pack(out, &up);
}

void message_mount(struct buf *out, const struct envelope *envelope,
    const struct treatment *treatment, bool is_attach)
{
	const struct cartridge *from = treatment->cart;
	Carepace__V1__Up up = up_of(envelope,
	    is_attach ? CAREPACE__V1__UP__BODY_CART_ATTACH : CAREPACE__V1__UP__BODY_CART_DETACH);
	Carepace__V1__CartMount mount = CAREPACE__V1__CART_MOUNT__INIT;
	Carepace__V1__Cartridge cart = CAREPACE__V1__CARTRIDGE__INIT;

	cart.gtin = MESSAGE_GTIN;
	cart.lot = (char *)from->lot;
	cart.serial = (char *)from->serial;
	cart.has_expiry_yyyymmdd = true;
	cart.expiry_yyyymmdd = from->expiry_yyyymmdd;
	mount.sid = bytes_of(&treatment->visit->sid);
	mount.cart = &cart;
	mount.has_pins = true;
	mount.pins = models[treatment->kind].pins;
	if (is_attach)
		up.cart_attach = &mount;
	else
		up.cart_detach = &mount;
	pack(out, &up);
}

void message_param(
    struct buf *out, const struct envelope *envelope, const struct treatment *treatment)
{
	const struct model *model = &models[treatment->kind];
	Carepace__V1__Up up = up_of(envelope, CAREPACE__V1__UP__BODY_PARAM);
	Carepace__V1__Param param = CAREPACE__V1__PARAM__INIT;

	param.sid = bytes_of(&treatment->visit->sid);
	param.has_zone = true;
	param.zone = treatment->visit->zone;
	param.has_depth_um = true;
	param.depth_um = depth_um(treatment);
	param.has_rate_dhz = model->rate_dhz > 0;
	param.rate_dhz = model->rate_dhz;
	param.has_mode = true;
	if (treatment->kind == PKI_RF) {
		param.mode = CAREPACE__V1__RF_MODE__RF_MODE_BIPOLAR;
		param.has_freq_khz = true;
		param.freq_khz = MESSAGE_FREQ_KHZ;
		param.has_power_mw = true;
		param.power_mw = model->power_mw;
		param.has_energy_uj = true;
		param.energy_uj = model->energy_uj;
		param.has_pulse_us = true;
		param.pulse_us = model->pulse_us;
	}
	up.param = &param;
	pack(out, &up);
}

static uint32_t at_most(int64_t count, uint32_t limit)
{
	return count < 1 ? 1 : count > limit ? limit : (uint32_t)count;
}

static void pack_samples(struct buf *out, Carepace__V1__Up *up, struct treatment *treatment)
{
	const struct model *model = &models[treatment->kind];
	Carepace__V1__Samples samples = CAREPACE__V1__SAMPLES__INIT;
	Carepace__V1__Sample sample[MAX_SAMPLES];
	Carepace__V1__Sample *list[MAX_SAMPLES];
	uint32_t count = at_most(treatment->visit->batch_ms / MS_PER_SECOND, MAX_SAMPLES);

	for (uint32_t i = 0; i < count; i++) {
		sample[i] = (Carepace__V1__Sample)CAREPACE__V1__SAMPLE__INIT;
		sample[i].has_dt_ms = true;
		sample[i].dt_ms = i * (uint32_t)MS_PER_SECOND;
		sample[i].has_zone = true;
		sample[i].zone = treatment->visit->zone;
		sample[i].has_depth_um = true;
		sample[i].depth_um = depth_um(treatment) - 20 + i * 7 % 41;
		sample[i].has_rate_dhz = true;
		sample[i].rate_dhz = model->rate_dhz;
		sample[i].has_active_ms = true;
		sample[i].active_ms = ACTIVE_MS_PER_SAMPLE;
		sample[i].has_skin_temp_cdegc = true;
		sample[i].skin_temp_cdegc = 3350 + (int32_t)(i % 30);
		list[i] = &sample[i];
	}
	treatment->active_ms += count * ACTIVE_MS_PER_SAMPLE;
	treatment->punctures += (uint64_t)count * ACTIVE_MS_PER_SAMPLE * model->pins *
	                        model->rate_dhz / 10 / (uint64_t)MS_PER_SECOND;
	samples.sid = bytes_of(&treatment->visit->sid);
	samples.n_sample = count;
	samples.sample = list;
	up->body_case = CAREPACE__V1__UP__BODY_SAMPLES;
	up->samples = &samples;
	pack(out, up);
	up->samples = NULL; /* it ends here */
}

static void pack_pulses(struct buf *out, Carepace__V1__Up *up, struct treatment *treatment)
{
	const struct model *model = &models[treatment->kind];
	Carepace__V1__Pulses pulses = CAREPACE__V1__PULSES__INIT;
	Carepace__V1__Pulse pulse[MAX_PULSES];
	Carepace__V1__Pulse *list[MAX_PULSES];
	uint32_t count = at_most(treatment->visit->batch_ms / PULSE_PITCH_MS, MAX_PULSES);

	for (uint32_t i = 0; i < count; i++) {
		pulse[i] = (Carepace__V1__Pulse)CAREPACE__V1__PULSE__INIT;
		pulse[i].has_dt_ms = true;
		pulse[i].dt_ms = i * PULSE_PITCH_MS;
		pulse[i].has_zone = true;
		pulse[i].zone = treatment->visit->zone;
		pulse[i].has_site = true;
		pulse[i].site = treatment->pulses + i;
		pulse[i].has_depth_um = true;
		pulse[i].depth_um = depth_um(treatment);
		pulse[i].has_energy_uj = true;
		pulse[i].energy_uj = model->energy_uj;
		pulse[i].has_power_mw = true;
		pulse[i].power_mw = model->power_mw;
		pulse[i].has_duration_us = true;
		pulse[i].duration_us = model->pulse_us;
		pulse[i].has_impedance_ohm = true;
		pulse[i].impedance_ohm = 300 + i % 40;
		pulse[i].has_peak_temp_cdegc = true;
		pulse[i].peak_temp_cdegc = 6000 + (int32_t)(i % 50);
		list[i] = &pulse[i];
	}
	treatment->pulses += count;
	treatment->punctures += (uint64_t)count * model->pins;
	treatment->active_ms += count * model->pulse_us / 1000;
	pulses.sid = bytes_of(&treatment->visit->sid);
	pulses.n_pulse = count;
	pulses.pulse = list;
	up->body_case = CAREPACE__V1__UP__BODY_PULSES;
	up->pulses = &pulses;
	pack(out, up);
	up->pulses = NULL; /* it ends here */
}

void message_batch(struct buf *out, const struct envelope *envelope, struct treatment *treatment)
{
	Carepace__V1__Up up = up_of(envelope, CAREPACE__V1__UP__BODY__NOT_SET);

	up.ts_ms -= treatment->visit->batch_ms;
	up.mono_ms -= (uint64_t)treatment->visit->batch_ms;
	if (treatment->kind == PKI_RF)
		pack_pulses(out, &up, treatment);
	else
		pack_samples(out, &up, treatment);
}

void message_end(struct buf *out, const struct envelope *envelope,
    const struct treatment *treatment, Carepace__V1__EndReason reason)
{
	Carepace__V1__Up up = up_of(envelope, CAREPACE__V1__UP__BODY_SESSION_END);
	Carepace__V1__SessionEnd end = CAREPACE__V1__SESSION_END__INIT;
	Carepace__V1__ZonePasses passes = CAREPACE__V1__ZONE_PASSES__INIT;
	Carepace__V1__ZonePasses *list[] = {&passes};

	passes.zone = treatment->visit->zone;
	passes.passes = 3;
	end.sid = bytes_of(&treatment->visit->sid);
	end.reason = reason;
	end.has_active_ms = true;
	end.active_ms = treatment->active_ms;
	end.has_punctures = true;
	end.punctures = treatment->punctures;
	end.has_pulses = true;
	end.pulses = treatment->pulses;
	end.n_passes = treatment->active_ms > 0;
	end.passes = list;
	end.has_contact_faults = true;
	end.has_end_ts_ms = true;
	end.end_ts_ms = envelope->ts_ms;
	up.session_end = &end;
	pack(out, &up);
}

void message_clean(struct buf *out, const struct envelope *envelope, const struct id *by_token)
{
	Carepace__V1__Up up = up_of(envelope, CAREPACE__V1__UP__BODY_MAINT);
	Carepace__V1__Maint maint = CAREPACE__V1__MAINT__INIT;

	maint.kind = CAREPACE__V1__MAINT_KIND__MAINT_CLEAN;
	maint.has_by_token = true;
	maint.by_token = bytes_of(by_token);
	maint.has_result = true;
	maint.result = CAREPACE__V1__RESULT__RESULT_PASS;
	up.maint = &maint;
	pack(out, &up);
}

void message_selftest(struct buf *out, const struct envelope *envelope)
{
	Carepace__V1__Up up = up_of(envelope, CAREPACE__V1__UP__BODY_SELFTEST);
	Carepace__V1__Selftest selftest = CAREPACE__V1__SELFTEST__INIT;

	selftest.result = CAREPACE__V1__RESULT__RESULT_PASS;
	up.selftest = &selftest;
	pack(out, &up);
}

void message_screening(struct buf *out, const struct envelope *envelope, const struct id *client,
    event_ms at, const struct id *by_token)
{
	Carepace__V1__Up up = up_of(envelope, CAREPACE__V1__UP__BODY_SCREENING);
	Carepace__V1__Screening screening = CAREPACE__V1__SCREENING__INIT;

	screening.client_token = bytes_of(client);
	screening.has_at_ts_ms = true;
	screening.at_ts_ms = at;
	screening.consent = CAREPACE__V1__CONSENT__CONSENT_YES;
	screening.has_by_token = true;
	screening.by_token = bytes_of(by_token);
	up.screening = &screening;
	pack(out, &up);
}

void message_ack_alert(struct buf *out, const struct envelope *envelope, const struct id *alert,
    const struct id *by_token)
{
	Carepace__V1__Up up = up_of(envelope, CAREPACE__V1__UP__BODY_ACK_ALERT);
	Carepace__V1__AckAlert ack = CAREPACE__V1__ACK_ALERT__INIT;

	ack.alert_id = bytes_of(alert);
	ack.by_token = bytes_of(by_token);
	ack.has_reason = true;
	ack.reason = 1;
	up.ack_alert = &ack;
	pack(out, &up);
}

void message_override(struct buf *out, const struct envelope *envelope, const struct id *alert,
    const struct id *sid, Carepace__V1__Check check, const struct id *by_token)
{
	Carepace__V1__Up up = up_of(envelope, CAREPACE__V1__UP__BODY_OVERRIDE);
	Carepace__V1__Override override = CAREPACE__V1__OVERRIDE__INIT;

	if (alert) {
		override.has_alert_id = true;
		override.alert_id = bytes_of(alert);
	} else {
		override.has_sid = true;
		override.sid = bytes_of(sid);
		override.has_check = true;
		override.check = check;
	}
	override.by_token = bytes_of(by_token);
	override.reason = 2;
	up.override = &override;
	pack(out, &up);
}

static void put_u64(uint8_t out[8], uint64_t value)
{
	for (size_t i = 0; i < 8; i++)
		out[i] = (uint8_t)(value >> (8 * i));
}

void message_hash(struct slice message, uint8_t out[HASH_BYTES])
{
	uint8_t head[8 + 8 + 8 + 1];
	struct wire_scan scan;

	/* From the bytes, as a receiver would: what they hold is what is acknowledged. */
	CP_CHECK(wire_scan(&carepace__v1__up__descriptor, message, &scan));
	Carepace__V1__Up *up = carepace__v1__up__unpack(NULL, message.len, message.p);

	CP_CHECK(up);
	put_u64(head, (uint64_t)up->ts_ms);
	put_u64(head + 8, up->mono_ms);
	put_u64(head + 16, scan.body_field);
	head[24] = up->has_test && up->test;
	carepace__v1__up__free_unpacked(up, NULL);
	struct slice parts[] = {slice_of(head, sizeof(head)), scan.body};

	hash_sha256(parts, CP_COUNT(parts), out);
}

void message_stamp(struct buf *out, uint64_t sent_mono_ms, bool is_replay)
{
	uint8_t stamp[1 + VARINT_MAX_BYTES + 2];
	size_t len = 0;

	stamp[len++] = TAG_SENT_MONO_MS;
	for (; sent_mono_ms >= 0x80; sent_mono_ms >>= 7)
		stamp[len++] = (uint8_t)(sent_mono_ms | 0x80);
	stamp[len++] = (uint8_t)sent_mono_ms;
	if (is_replay) {
		stamp[len++] = TAG_REPLAY;
		stamp[len++] = 1;
	}
	CP_CHECK(buf_append(out, stamp, len) == CP_OK);
}
