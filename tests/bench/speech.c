#include "speech.h"

#include "base/time.h"
#include "fail.h"
#include "series.h"
#include "telemetry.pb-c.h"
#include "wire/pack.h"

#include <time.h>

#define SAMPLES_MAX 60
#define NS_PER_MS 1000000
#define BOOT_AGE_DAYS 1000

static int64_t wall_now(void)
{
	struct timespec now;

	CP_CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
	return now.tv_sec * MS_PER_SECOND + now.tv_nsec / NS_PER_MS;
}

static ProtobufCBinaryData bytes_of(const struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)(uintptr_t)id->b};
}

void voice_init(struct voice *voice, const struct id *device)
{
	*voice = (struct voice){.device = *device, .boot = (uint32_t)(wall_now() / 100)};
}

struct id speech_id(const struct voice *voice, uint8_t what, uint32_t number)
{
	struct id id = voice->device;

	memcpy(id.b, &voice->boot, sizeof(voice->boot));
	memcpy(id.b + sizeof(voice->boot), &number, sizeof(number));
	id.b[ID_BYTES - 1] ^= what;
	return id;
}

/* Past sessions lie at noon's distance from now: their day is what counts. */
static Carepace__V1__Up up_of(struct voice *voice, uint32_t days_ago)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;

	up.source = bytes_of(&voice->device);
	up.boot = voice->boot;
	up.seq = ++voice->seq;
	up.ts_ms = wall_now() - days_ago * MS_PER_DAY;
	/* On since long before all of it, so that its clock agrees with itself (R18). */
	up.mono_ms =
	    (uint64_t)(now_ns() / NS_PER_MS + (BOOT_AGE_DAYS - (int64_t)days_ago) * MS_PER_DAY);
	up.has_schema = true;
	up.schema = 1;
	up.has_replay = days_ago > 0;
	up.replay = days_ago > 0;
	return up;
}

static void put(struct buf *out, const Carepace__V1__Up *up)
{
	CP_CHECK(wire_pack_to(out, &up->base) == CP_OK);
}

void speak_hello(struct voice *voice, struct buf *out)
{
	Carepace__V1__Up up = up_of(voice, 0);
	Carepace__V1__Hello hello = CAREPACE__V1__HELLO__INIT;

	hello.model = 101;
	hello.serial = (char *)(uintptr_t) "BENCH-1";
	hello.kind = CAREPACE__V1__DEVICE_KIND__DEVICE_PEN;
	hello.context = CAREPACE__V1__CONTEXT__CONTEXT_CLINIC;
	up.body_case = CAREPACE__V1__UP__BODY_HELLO;
	up.hello = &hello;
	put(out, &up);
}

void speak_start(struct voice *voice, const struct id *session, const struct id *client,
    uint32_t days_ago, struct buf *out)
{
	Carepace__V1__Up up = up_of(voice, days_ago);
	Carepace__V1__SessionStart start = CAREPACE__V1__SESSION_START__INIT;

	start.sid = bytes_of(session);
	start.has_client_token = true;
	start.client_token = bytes_of(client);
	start.has_operator_token = true;
	start.operator_token = bytes_of(&voice->device);
	start.has_phase = true;
	start.phase = CAREPACE__V1__PHASE__PHASE_SERIES;
	start.modality = CAREPACE__V1__MODALITY__MODALITY_PEN;
	start.has_zones = true;
	start.zones = 1U << CAREPACE__V1__ZONE__CHEEK;
	start.has_preset_depth_um = true;
	start.preset_depth_um = 1000;
	start.has_preset_rate_dhz = true;
	start.preset_rate_dhz = 1167;
	start.has_fitzpatrick = true;
	start.fitzpatrick = 3;
	up.body_case = CAREPACE__V1__UP__BODY_SESSION_START;
	up.session_start = &start;
	put(out, &up);
}

void speak_samples(struct voice *voice, const struct id *session, uint32_t days_ago,
    uint32_t seconds, struct buf *out)
{
	Carepace__V1__Up up = up_of(voice, days_ago);
	Carepace__V1__Samples samples = CAREPACE__V1__SAMPLES__INIT;
	Carepace__V1__Sample sample[SAMPLES_MAX];
	Carepace__V1__Sample *list[SAMPLES_MAX];

	CP_CHECK(seconds <= SAMPLES_MAX);
	for (uint32_t i = 0; i < seconds; i++) {
		sample[i] = (Carepace__V1__Sample)CAREPACE__V1__SAMPLE__INIT;
		sample[i].has_dt_ms = true;
		sample[i].dt_ms = i * (uint32_t)MS_PER_SECOND;
		sample[i].has_zone = true;
		sample[i].zone = CAREPACE__V1__ZONE__CHEEK;
		sample[i].has_depth_um = true;
		sample[i].depth_um = 980 + (voice->seq + i) * 7 % 41;
		sample[i].has_rate_dhz = true;
		sample[i].rate_dhz = 1167;
		sample[i].has_active_ms = true;
		sample[i].active_ms = 900;
		sample[i].has_skin_temp_cdegc = true;
		sample[i].skin_temp_cdegc = 3350 + (int32_t)((voice->seq + i) % 30);
		list[i] = &sample[i];
	}
	samples.sid = bytes_of(session);
	samples.n_sample = seconds;
	samples.sample = list;
	up.body_case = CAREPACE__V1__UP__BODY_SAMPLES;
	up.samples = &samples;
	put(out, &up);
}

void speak_end(struct voice *voice, const struct id *session, uint32_t days_ago, struct buf *out)
{
	Carepace__V1__Up up = up_of(voice, days_ago);
	Carepace__V1__SessionEnd end = CAREPACE__V1__SESSION_END__INIT;

	end.sid = bytes_of(session);
	end.reason = CAREPACE__V1__END_REASON__END_COMPLETED;
	end.has_active_ms = true;
	end.active_ms = 600000;
	end.has_punctures = true;
	end.punctures = 980000;
	up.body_case = CAREPACE__V1__UP__BODY_SESSION_END;
	up.session_end = &end;
	put(out, &up);
}
