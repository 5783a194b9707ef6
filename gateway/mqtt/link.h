/* link.h - one MQTT connection of one device, seen from the server.
 *
 * What:    bytes in, events out; calls in, bytes out. MQTT 3.1.1 and 5.0 for a
 *          peer whose identity TLS has proved (P7). Pull style, no callbacks.
 * Use:     after every call, drain and re-arm:
 *              link_feed(link, bytes);
 *              while (link_next(link, now, &event)) ...
 *              write link_out(link), then link_sent(); timer at link_next_wake()
 * Not:     TLS, sockets, write stalls (io/listener), which device may connect; the
 *          session (the standard's word for what outlives a connection): the owner
 *          keeps it, the link asks. What it does not keep: QoS 2 identifiers. A message
 *          sent again on a new connection is a duplicate by its name (P2).
 * Memory:  caller owns struct link and the config, which outlives it. Bytes fed are
 *          the link's to look at until link_next() has said false; what it still needs
 *          then, it has copied. Bounds: config.
 * Time:    `now` is an argument; times never go backwards.
 * Promise: P1: PUBACK and PUBREC leave on link_ack() only, in the order of the
 *          PUBLISHes; CONNACK on link_accept(), SUBACK on link_confirm().
 *          P6: when receive_maximum messages wait for link_ack(), or the device waits for
 *          the owner, or does not read its answers, link_wants_read() is false.
 *          P11: while we do not read, neither keep-alive nor CONNECT's deadline counts.
 * Will:    kept here while the link is open, handed over with LINK_CLOSED. So a lost
 *          connection must be told: link_close(link, MQTT_CONNECTION_LOST), then drain.
 * Choices: RETAIN from a 3.1.1 device is accepted: nobody can subscribe to `up`, so it
 *          cannot be seen. User name and password are checked for form only.
 */
#ifndef MQTT_LINK_H
#define MQTT_LINK_H

#include "base/buf.h"
#include "base/id.h"
#include "base/time.h"
#include "mqtt/flight.h"
#include "mqtt/link_event.h"

#define LINK_OUT_FLIGHT_MAX 16            /* PUBLISHes to the device */
#define LINK_CONNECT_MAX_BYTES (8 * 1024) /* who has not said who it is has no more */
#define LINK_FEED_MAX_BYTES (16 * 1024)   /* in one link_feed(): a TLS record */

enum link_state {
	LINK_WAIT_CONNECT, /* for the device */
	LINK_WAIT_ACCEPT,  /* for the owner */
	LINK_OPEN,
	LINK_ENDED
};

/* SUBSCRIBE or UNSUBSCRIBE that the owner makes durable; its answer waits. */
struct link_change {
	enum packet_type type; /* 0 = none */
	bool is_told;
	bool is_subscribed; /* afterwards */
	uint8_t granted_qos;
	uint8_t code_count;
	uint8_t codes[MQTT_MAX_FILTERS];
	uint16_t packet_id;
};

struct link {
	const struct link_config *config;
	enum link_state state;
	enum mqtt_reason end_reason;
	bool is_end_told;
	bool was_accepted;
	bool is_paused;
	uint8_t level; /* 0 until CONNECT could be read */
	char hex[ID_HEX_LEN + 1];

	mono_ms heard_at;
	int64_t silence_max_ms; /* CONNECT deadline, then keep alive x 1.5; 0 = none */

	struct slice fed; /* borrowed, empty once link_next() said false */
	struct buf in;    /* begun packets and what back-pressure left */
	size_t taken;     /* the last event's packet, released by the next call */
	struct buf out;

	/* CONNECT, until CONNACK tells where we differ, and what is in force */
	uint32_t asked_expiry_s;
	uint32_t session_expiry_s;
	uint16_t asked_keep_alive_s;
	uint16_t keep_alive_s;
	bool clean_start;
	struct buf will;
	bool has_will;
	uint8_t will_qos;
	uint32_t will_delay_s;

	bool is_subscribed;
	uint8_t granted_qos;
	struct link_change change;

	struct flight in_flight;               /* PUBLISHes from the device */
	uint8_t aliases[LINK_TOPIC_ALIAS_MAX]; /* enum link_alias, by number - 1 */
	uint16_t out_flight[LINK_OUT_FLIGHT_MAX];
	size_t out_flight_count;
	size_t out_flight_max; /* min(ours, the device's receive maximum) */
	uint16_t last_out_id;
	uint32_t client_max_packet_bytes;
};

void link_init(
    struct link *link, const struct link_config *config, const struct id *identity, mono_ms now);
void link_deinit(struct link *link); /* safe on a zeroed struct */

/* Only right after link_next() said false, while link_wants_read(), and at most
 * LINK_FEED_MAX_BYTES. */
void link_feed(struct link *link, struct slice bytes);

/* The next event, or false: nothing more until something else happens. */
bool link_next(struct link *link, mono_ms now, struct link_event *event) CP_MUST_CHECK;

bool link_wants_read(const struct link *link);

/* What a link is owed by its owner; nothing on an ended link.
 * Accept: the row of the session is durable. Confirm: that of its subscription. */
void link_accept(struct link *link, const struct link_session *session, mono_ms now);
void link_confirm(struct link *link, mono_ms now);

/* The ledger has made this PUBLISH durable (code 0), or it was refused for good
 * (MQTT 5: that reason code goes out; 3.1.1: the link ends without answer). Must
 * come in the order of the LINK_PUBLISH events. */
void link_ack(struct link *link, uint16_t packet_id, uint8_t code, mono_ms now);

/* To the own `down`, at the lower of its QoS and the granted one.
 *   CP_OK        queued; *packet_id is what LINK_OUT_ACKED will name, 0 = QoS 0: no answer
 *   CP_FULL      later: after a LINK_OUT_ACKED or a link_sent(); CP_NOMEM alike
 *   CP_INVALID   larger than this device takes: counts as sent [MQTT-3.1.2-25]
 *   CP_NOTFOUND  not subscribed, or ended */
enum cp_err link_publish(
    struct link *link, const struct link_message *message, uint16_t *packet_id) CP_MUST_CHECK;

/* End it from our side: MQTT_TAKEN_OVER, MQTT_SHUTDOWN, ... The device is told where
 * its version has a word for it. */
void link_close(struct link *link, enum mqtt_reason reason);

void link_pause(struct link *link); /* we stop reading the socket: full disk, full batch */
void link_resume(struct link *link, mono_ms now);

/* Bytes to write, valid until the next call; link_sent() says how many went. */
struct slice link_out(const struct link *link);
void link_sent(struct link *link, size_t len_bytes, mono_ms now);

/* When link_tick() has something to do, or TIME_NEVER. */
mono_ms link_next_wake(const struct link *link);
void link_tick(struct link *link, mono_ms now);

#endif
