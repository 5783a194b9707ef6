#include "shell/wills.h"

#include <stdlib.h>

static size_t cost_of(const struct will *will)
{
	return sizeof(*will) + will->len;
}

static void insert(struct wills *wills, struct will *will)
{
	struct will **at = &wills->first;

	while (*at && (*at)->due_at <= will->due_at)
		at = &(*at)->next;
	will->next = *at;
	*at = will;
}

static void take_out(struct wills *wills, struct will *will)
{
	struct will **at = &wills->first;

	while (*at != will)
		at = &(*at)->next;
	*at = will->next;
}

void wills_done(struct wills *wills, struct will *will)
{
	take_out(wills, will);
	wills->bytes -= cost_of(will);
	free(will);
}

void wills_deinit(struct wills *wills)
{
	while (wills->first)
		wills_done(wills, wills->first);
}

void wills_keep(struct wills *wills, const struct id *device, bool is_tablet, struct slice payload,
    mono_ms due_at)
{
	struct will *will = malloc(sizeof(*will) + payload.len);

	if (!will || wills->bytes + sizeof(*will) + payload.len > WILLS_BYTES_MAX) {
		wills->counters.dropped++;
		free(will);
		return;
	}
	*will = (struct will){
	    .device = *device,
	    .is_tablet = is_tablet,
	    .due_at = due_at,
	    .len = payload.len,
	};
	if (payload.len > 0)
		memcpy(will->payload, payload.p, payload.len);
	insert(wills, will);
	wills->bytes += cost_of(will);
}

/* The one of the device that still has its delay, or NULL. */
static struct will *find_delayed(const struct wills *wills, const struct id *device, mono_ms now)
{
	struct will *will = wills->first;

	while (will && !(will->due_at > now && id_eq(&will->device, device)))
		will = will->next;
	return will;
}

void wills_cancel(struct wills *wills, const struct id *device, mono_ms now)
{
	struct will *will = find_delayed(wills, device, now);

	if (!will)
		return;
	wills_done(wills, will);
	wills->counters.cancelled++;
}

void wills_hurry(struct wills *wills, const struct id *device, mono_ms now)
{
	struct will *will = find_delayed(wills, device, now);

	if (!will)
		return;
	take_out(wills, will);
	will->due_at = now;
	insert(wills, will);
}

struct will *wills_next(const struct wills *wills, mono_ms now)
{
	return wills->first && wills->first->due_at <= now ? wills->first : NULL;
}
