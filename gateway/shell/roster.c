#include "shell/roster.h"

#include <stdlib.h>

void roster_init(struct roster *roster)
{
	*roster = (struct roster){0};
	roster->changed_end = &roster->changed;
}

void roster_deinit(struct roster *roster)
{
	struct map_slot *slot;

	downlink_deinit(&roster->downlink);
	for (size_t at = 0; (slot = map_next(&roster->by_id, &at));)
		free(slot->value);
	map_deinit(&roster->by_id);
}

/* --- who is here ----------------------------------------------------------------------- */

struct device *roster_find(const struct roster *roster, const struct id *id)
{
	return map_get(&roster->by_id, id);
}

struct device *roster_meet(struct roster *roster, const struct id *id)
{
	struct device *device = roster_find(roster, id);

	if (device)
		return device;
	device = calloc(1, sizeof(*device));
	if (device && map_put(&roster->by_id, id, device)) {
		free(device);
		return NULL;
	}
	if (device)
		device->session = (struct batch_link){.device = *id, .qos = BATCH_NOT_SUBSCRIBED};
	return device;
}

void roster_leave(struct roster *roster, struct device *device)
{
	if (device->link || device->session.is_kept || device->is_changed || device->under_way ||
	    device->downs.first)
		return;
	map_remove(&roster->by_id, &device->session.device);
	free(device);
}

enum cp_err roster_put_session(struct roster *roster, const struct batch_link *session)
{
	struct device *device = roster_meet(roster, &session->device);

	if (!device)
		return CP_NOMEM;
	device->session = *session;
	return CP_OK;
}

enum cp_err roster_put_message(struct roster *roster, const struct batch_down *down)
{
	struct device *device = roster_meet(roster, &down->device);

	if (!device)
		return CP_NOMEM;
	downlink_put_back(&roster->downlink, &device->downs, down);
	return CP_OK;
}

/* --- sessions ---------------------------------------------------------------------------- */

static bool is_same(const struct batch_link *a, const struct batch_link *b)
{
	if (!a->is_kept || !b->is_kept)
		return a->is_kept == b->is_kept;
	return a->qos == b->qos && a->expiry_s == b->expiry_s && a->ends_at == b->ends_at;
}

bool roster_waits(const struct device *device)
{
	return device->is_changed || device->under_way > 0;
}

/* True when the store does not say so yet. */
static bool change(struct roster *roster, struct device *device, const struct batch_link *session)
{
	bool is_new = !is_same(&device->session, session);

	device->session = *session;
	if (is_new && !device->is_changed) {
		device->is_changed = true;
		device->next_changed = NULL;
		*roster->changed_end = device;
		roster->changed_end = &device->next_changed;
	}
	return roster_waits(device);
}

static void end_session(struct roster *roster, struct device *device)
{
	struct batch_link none = {
	    .device = device->session.device,
	    .qos = BATCH_NOT_SUBSCRIBED,
	};

	downlink_forget(&device->downs);
	(void)change(roster, device, &none);
}

bool roster_connect(struct roster *roster, struct device *device, bool is_clean, uint32_t expiry_s,
    wall_ms now, struct link_session *out)
{
	struct batch_link session = device->session;

	downlink_cut(&device->downs);
	*out = (struct link_session){0};
	if (is_clean || !session.is_kept || session.ends_at <= now) {
		downlink_forget(&device->downs);
		session.qos = BATCH_NOT_SUBSCRIBED;
	} else {
		roster->counters.resumed++;
		out->is_present = true;
		out->is_subscribed = session.qos != BATCH_NOT_SUBSCRIBED;
		out->granted_qos = out->is_subscribed ? (uint8_t)session.qos : 0;
	}
	session.is_kept = expiry_s > 0; /* else it ends with the connection, and so by kill -9 */
	session.expiry_s = expiry_s;
	session.ends_at = TIME_NEVER;
	return change(roster, device, &session);
}

bool roster_subscribe(struct roster *roster, struct device *device, int8_t qos)
{
	struct batch_link session = device->session;

	session.qos = qos;
	return change(roster, device, &session);
}

void roster_disconnect(struct roster *roster, struct device *device, uint32_t expiry_s, wall_ms now)
{
	struct batch_link session = device->session;

	downlink_cut(&device->downs);
	if (!session.is_kept || expiry_s == 0) {
		end_session(roster, device);
		return;
	}
	session.expiry_s = expiry_s;
	session.ends_at = now + expiry_s * MS_PER_SECOND;
	(void)change(roster, device, &session);
}

struct device *roster_next_ended(struct roster *roster, size_t *at, wall_ms now)
{
	struct map_slot *slot;

	while ((slot = map_next(&roster->by_id, at))) {
		struct device *device = slot->value;
		if (!device->session.is_kept || device->session.ends_at > now)
			continue;
		end_session(roster, device);
		roster->counters.expired++;
		return device;
	}
	return NULL;
}

/* Removing moves slots: who is passed over is met the next time. */
void roster_tidy(struct roster *roster)
{
	struct map_slot *slot;

	for (size_t at = 0; (slot = map_next(&roster->by_id, &at));)
		roster_leave(roster, slot->value);
}

/* --- rows ------------------------------------------------------------------------------------ */

struct device *roster_next_change(struct roster *roster)
{
	struct device *device = roster->changed;

	if (!device)
		return NULL;
	roster->changed = device->next_changed;
	if (!roster->changed)
		roster->changed_end = &roster->changed;
	device->is_changed = false;
	device->under_way++;
	return device;
}

void roster_written(struct device *device)
{
	CP_CHECK(device->under_way > 0);
	device->under_way--;
}
