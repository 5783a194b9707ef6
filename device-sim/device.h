/* device.h - one simulated device: its link, its buffer, its names.
 *
 * What:    connects and comes back by itself with back-off; says HELLO first on
 *          every connection, HEARTBEAT only on a live one; numbers messages
 *          (boot, seq) without holes, keeps each until its PUBACK, and after a
 *          loss sends again whatever was not acknowledged.
 *
 *            OFF -> CONNECTING -> SUBSCRIBING -> UP
 *                     ^   \___________\________/  failure or loss
 *                     |________ DOWN <________/   after a pause
 *
 * Time:    `now` is milliseconds since the start of the run, on all arguments.
 * Threads: one; Paho's threads reach it through the inbox only.
 */
#ifndef SIM_DEVICE_H
#define SIM_DEVICE_H

#include "inbox.h"
#include "message.h"
#include "outbox.h"
#include "report.h"
#include "session.h"
#include "tablet.h"
#include "transport.h"

#define DEVICE_WINDOW 20 /* messages in flight: below any sane receive maximum */
#define DEVICE_BOOT_AGE_MS (60 * MS_PER_SECOND) /* running since then at the start */

enum link_state {
	LINK_OFF,
	LINK_CONNECTING,
	LINK_SUBSCRIBING,
	LINK_UP,
	LINK_DOWN,
};

/* What all devices share; outlives them. */
struct world {
	const struct plan *plan;
	struct report *report;
	const char *site;
	struct device *tablet; /* NULL: the clinic has none */
	wall_ms started_at;
	mono_ms started_mono;
};

struct device_config {
	struct id id;
	const char *name; /* borrowed: outlives the device */
	enum pki_kind kind;
	size_t plan_index; /* PLAN_NO_DEVICE for a tablet */
	uint32_t last_boot;
	event_ms last_seen_at;
	struct transport *transport; /* owned from then on */
};

struct device {
	const struct world *world;
	struct speaker who;
	enum pki_kind kind;
	size_t plan_index;
	struct transport *transport;
	char up_topic[80];
	char down_topic[80];
	enum link_state link;
	bool is_unplugged; /* between STEP_CUT and STEP_RETURN */
	bool is_stopping;
	mono_ms connect_at;
	mono_ms heartbeat_at;
	unsigned failures; /* since the last time it was up */
	unsigned connections;
	size_t window;
	uint32_t boot;
	uint32_t seq;
	struct outbox outbox;
	struct message last; /* bytes owned: for those that say everything twice */
	struct session session;
	struct tablet tablet;
};

/* Fills the buffer with what was recorded weeks ago, unless the device has been
 * running since: starts are in the order of time. device->boot is the number of
 * this start, to be saved before the first tick. */
void device_init(
    struct device *device, const struct world *world, const struct device_config *config);
void device_deinit(struct device *device);

void device_tick(struct device *device, mono_ms now);
/* When to tick again at the latest. */
mono_ms device_next_ms(const struct device *device);
/* Takes the bytes of an EVENT_DOWN. */
void device_event(struct device *device, struct event *event, mono_ms now);

/* No new visits and no heartbeats; what is open is aborted. */
void device_stop(struct device *device, mono_ms now);
/* Nothing waits for an acknowledgement and nothing more is planned. */
bool device_is_done(const struct device *device);
/* True when a DISCONNECT was sent and will be answered by LINK_OFF. */
bool device_disconnect(struct device *device);

/* For session and tablet: the envelope of a message of this moment, and the way
 * into the buffer. Without record the number was not used. */
struct envelope device_envelope(const struct device *device, mono_ms now);
bool device_record(
    struct device *device, const struct envelope *envelope, struct buf *bytes, bool is_start);
void device_repeat_last(struct device *device);
void device_unplug(struct device *device);
void device_plug_in(struct device *device, mono_ms now);

wall_ms device_wall(const struct device *device, mono_ms now);

#endif
