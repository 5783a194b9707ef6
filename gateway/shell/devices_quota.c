#include "shell/devices_state.h"

#include "io/clock.h"
#include "io/log.h"

#include <inttypes.h>
#include <stdlib.h>

/* A device that is slowed down says so in the log so often. */
#define SAY_AGAIN_MS MS_PER_MINUTE

/* Not woken for a few messages' worth. */
#define REST_MIN_MS 20

/* Kept as long as the gateway runs, so that nobody gains by connecting again. One per
 * device that has proved its identity: the registry is the bound (P6). */
struct device_quota {
	struct quota quota;
	mono_ms said_at;
};

struct device_quota *devices_quota_of(struct devices *devices, const struct id *device)
{
	struct device_quota *own = map_get(&devices->quotas, device);

	if (own)
		return own;
	own = calloc(1, sizeof(*own));
	if (!own)
		return NULL;
	quota_init(&own->quota, &devices->config.quota, clock_mono());
	own->said_at = -SAY_AGAIN_MS;
	if (map_put(&devices->quotas, device, own)) {
		free(own);
		return NULL;
	}
	return own;
}

void devices_quota_deinit(struct devices *devices)
{
	struct map_slot *slot;

	for (size_t at = 0; (slot = map_next(&devices->quotas, &at));)
		free(slot->value);
	map_deinit(&devices->quotas);
}

void devices_charge_connect(struct devices *devices, struct device_link *dl)
{
	const struct quota_rate *rate = &devices->config.quota.connects;
	struct bucket *bucket = &dl->quota->quota.connects;
	mono_ms now = clock_mono();

	bucket_take(bucket, rate, 1, now);
	dl->is_over_connects = bucket_ready_at(bucket, rate) > now;
	if (dl->is_over_connects) /* nobody owes for what was refused */
		bucket_take(bucket, rate, -1, now);
}

void devices_charge(
    struct devices *devices, struct device_link *dl, int64_t messages, int64_t bytes)
{
	const struct quota_rates *rates = &devices->config.quota;
	mono_ms now = clock_mono();

	bucket_take(&dl->quota->quota.messages, &rates->messages, messages, now);
	bucket_take(&dl->quota->quota.bytes, &rates->bytes, bytes, now);
}

/* P8: what is slowed down is said, and who. */
static void say_slow(struct devices *devices, const struct device_link *dl, mono_ms now)
{
	const struct quota_rates *rates = &devices->config.quota;
	char hex[ID_HEX_LEN + 1];

	if (now - dl->quota->said_at < SAY_AGAIN_MS)
		return;
	dl->quota->said_at = now;
	log_warning_about(&dl->peer.device,
	    "%s (%s) sends more than one device may (%" PRId64 " messages and %" PRId64
	    " bytes a second): it is slowed down, nothing is lost. Look at that device",
	    dl->peer.name, id_hex(&dl->peer.device, hex), rates->messages.per_s,
	    rates->bytes.per_s);
}

bool devices_is_over_quota(struct devices *devices, struct device_link *dl)
{
	mono_ms now = clock_mono();
	mono_ms until = quota_rests_until(&dl->quota->quota, &devices->config.quota);

	if (until <= now || dl->link.state == LINK_ENDED)
		return false;
	if (dl->rests_until == 0) {
		devices->counters.slowed++;
		say_slow(devices, dl, now);
	}
	dl->rests_until = until < now + REST_MIN_MS ? now + REST_MIN_MS : until;
	return true;
}
