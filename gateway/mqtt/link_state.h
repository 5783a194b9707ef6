/* link_state.h - what the files of a link share. Not for others.
 *
 *     link.c            bytes in and out, the table of states, time, the end
 *     link_session.c    CONNECT, CONNACK, DISCONNECT; will and session expiry
 *     link_subscribe.c  SUBSCRIBE and UNSUBSCRIBE
 *     link_in.c         PUBLISH from the device, and what acknowledges it
 *     link_out.c        PUBLISH to the device
 *
 * A packet's function is called when the packet may come now, and answers true when
 * it has filled `event`.
 */
#ifndef MQTT_LINK_STATE_H
#define MQTT_LINK_STATE_H

#include "mqtt/link.h"

/* A device whose maximum packet size is smaller is turned away: so every answer fits.
 * CONNACK with all its properties has 32 bytes, a full SUBACK 37. */
#define LINK_ANSWER_MAX_BYTES 40
_Static_assert(LINK_ANSWER_MAX_BYTES >= 2 + 2 + 1 + MQTT_MAX_FILTERS, "SUBACK fits");

/* What a topic alias stands for. Nothing is stored: only one topic is allowed. */
enum link_alias {
	LINK_ALIAS_UNSET,
	LINK_ALIAS_UP,
	LINK_ALIAS_FOREIGN
};

typedef bool link_packet_fn(struct link *link, struct packet *packet, struct link_event *event);

link_packet_fn link_on_connect;
link_packet_fn link_on_disconnect;
link_packet_fn link_on_publish;
link_packet_fn link_on_pubrel;
link_packet_fn link_on_puback;
link_packet_fn link_on_subscribe;
link_packet_fn link_on_unsubscribe;

/* The event of a change that was not told yet. */
bool link_tell_change(struct link *link, struct link_event *event);

/* Silence is counted from when we began to listen again (P11). */
bool link_is_stalled(const struct link *link);
void link_note_reading(struct link *link, bool was_stalled, mono_ms now);

/* As many messages from the device as the receive maximum. */
bool link_flight_is_full(const struct link *link);

/* Ends the link when the answer just written found no memory. */
void link_answered(struct link *link, enum cp_err err);

bool link_refused(struct link_event *event, enum mqtt_reason reason);

#endif
