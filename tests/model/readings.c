/* What devices say in the model: heartbeats, "boot 1 seq n + 1". */
#include "parties.h"

#include "wire/pack.h"

#include "telemetry.pb-c.h"

#define ODD_BATTERY_PCT 200 /* out of range: the device is told */
#define KEPT_FOR_LATER (MODEL_READINGS_MAX / 2)

static size_t add(struct model_device *device, bool is_odd)
{
	if (device->reading_count >= KEPT_FOR_LATER)
		return NO_READING;
	device->readings[device->reading_count] = (struct reading_said){.is_odd = is_odd};
	return device->reading_count++;
}

size_t reading_next(struct model_device *device)
{
	return add(device, rng_percent(&model.rng, 40));
}

size_t reading_for_will(struct model_device *device)
{
	size_t reading = add(device, false);

	if (reading != NO_READING)
		device->readings[reading].is_will = true;
	return reading;
}

struct slice reading_payload(const struct model_device *device, size_t reading, struct arena *arena)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__Heartbeat heartbeat = CAREPACE__V1__HEARTBEAT__INIT;
	struct slice out;

	up.source = (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)device->id.b};
	up.boot = 1;
	up.seq = (uint32_t)reading + 1;
	up.ts_ms = INT64_C(1790000000000);
	up.mono_ms = reading;
	heartbeat.state = CAREPACE__V1__DEVICE_STATE__DEVICE_IDLE;
	heartbeat.has_battery_pct = device->readings[reading].is_odd;
	heartbeat.battery_pct = ODD_BATTERY_PCT;
	up.body_case = CAREPACE__V1__UP__BODY_HEARTBEAT;
	up.heartbeat = &heartbeat;
	CP_CHECK(wire_pack(arena, &up.base, &out) == CP_OK);
	return out;
}

size_t reading_find(const struct model_device *device, const struct reading *reading)
{
	return reading->seq <= device->reading_count ? reading->seq - 1 : NO_READING;
}
