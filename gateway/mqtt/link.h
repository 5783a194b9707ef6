/* link.h - one MQTT connection of one device, seen from the server.
 *
 * What:    bytes in, events out; calls in, bytes out. MQTT 3.1.1 and 5.0 for a
 *          peer whose identity TLS has proved (P7). Pull style, no callbacks.
 * Use:     after every call, drain and re-arm:
 *              link_feed(link, bytes);
 *              while (link_next(link, now, &event)) ...
 *              write link_out(link), then link_sent(); timer at link_next_wake()
 * Not:     TLS, sockets, write stalls (io/listener), the ledger, which device may
 *          connect; session state that outlives the connection: session present is
 *          always 0, and a will is checked but neither kept nor published.
 * Memory:  caller owns struct link and the config, which outlives it. Slices in an
 *          event die at the next link_feed() or link_next(). Bytes fed are the
 *          link's to look at until link_next() has said false; what it still needs
 *          then, it has copied. Bounds: config.
 * Time:    `now` is an argument; times never go backwards.
 * Promise: P1: a PUBACK leaves on link_puback() only, in the order of the PUBLISHes.
 *          P6: when a device has receive_maximum messages unacknowledged, or does
 *          not read its answers, link_wants_read() is false. P11: while we do
 *          not read, keep-alive is not counted.
 * Choices: RETAIN from a 3.1.1 device is accepted: nobody can subscribe to `up`, so it
 *          cannot be seen. User name and password are checked for form only.
 */
#ifndef MQTT_LINK_H
#define MQTT_LINK_H

#include "base/buf.h"
#include "base/id.h"
#include "base/time.h"
#include "mqtt/flight.h"
#include "mqtt/reason.h"

#define LINK_OUT_FLIGHT_MAX 16          /* PUBLISHes to the device */
#define LINK_FEED_MAX_BYTES (16 * 1024) /* in one link_feed(): a TLS record */

struct link_config {
	size_t max_packet_bytes;    /* of one packet from the device */
	size_t max_out_bytes;       /* of PUBLISHes waiting to be written */
	int64_t connect_timeout_ms; /* link_init() to CONNECT */
	uint16_t receive_maximum;   /* 1 .. FLIGHT_MAX */
	uint16_t keep_alive_max_s;  /* a longer one or none counts as this; 0 = no maximum */
};

enum link_event_type {
	LINK_CONNECTED,    /* CONNACK is in link_out(); end an older link of the same device now */
	LINK_PUBLISH,      /* to the own `up`. QoS 1: owes one link_puback() */
	LINK_SUBSCRIBED,   /* to the own `down`; again whenever the device subscribes again */
	LINK_UNSUBSCRIBED, /* was subscribed before */
	LINK_OUT_ACKED,    /* the device has acknowledged one of link_publish() */
	LINK_REFUSED,      /* one request was refused, the link goes on */
	LINK_CLOSED,       /* exactly once, whoever ended it: write link_out(), then close */
};

struct link_event {
	enum link_event_type type;
	union {
		struct {
			uint32_t session_expiry_s; /* as asked; MQTT 5 */
			uint16_t keep_alive_s;     /* as in force; 0 = none */
			uint8_t level;             /* MQTT_LEVEL_311 or MQTT_LEVEL_5 */
			bool clean_start;
		} connected;
		struct {
			struct slice payload;
			uint16_t packet_id; /* 0 at QoS 0 */
			bool dup;
		} publish;
		struct {
			uint8_t qos; /* granted: 0 or 1 */
		} subscribed;
		struct packet_ack out_acked; /* code 0x80 and above: the device did not want it */
		enum mqtt_reason reason;     /* LINK_REFUSED, LINK_CLOSED */
	};
};

enum link_state {
	LINK_WAIT_CONNECT,
	LINK_OPEN,
	LINK_ENDED
};

struct link {
	const struct link_config *config;
	enum link_state state;
	enum mqtt_reason end_reason;
	bool is_end_told;
	bool is_paused;
	bool is_subscribed;
	uint8_t level; /* 0 until CONNECT could be read */
	uint8_t granted_qos;
	char hex[ID_HEX_LEN + 1];

	mono_ms heard_at;
	int64_t silence_max_ms; /* CONNECT deadline, then keep alive x 1.5; 0 = none */

	struct slice fed; /* borrowed, empty once link_next() said false */
	struct buf in;    /* begun packets and what back-pressure left */
	size_t taken;     /* the last event's packet, released by the next call */
	struct buf out;

	struct flight in_flight; /* PUBLISHes from the device */
	uint16_t out_flight[LINK_OUT_FLIGHT_MAX];
	size_t out_flight_count;
	size_t out_flight_max; /* min(ours, the device's receive maximum) */
	uint16_t last_out_id;
	uint32_t client_max_packet_bytes;
	uint32_t client_expiry_s; /* session expiry of CONNECT */
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

/* The ledger has made this PUBLISH durable (code 0), or it was refused for good
 * (MQTT 5: that reason code goes out; 3.1.1: the link ends without PUBACK). Must
 * come in the order of the LINK_PUBLISH events. Nothing on an ended link. */
void link_puback(struct link *link, uint16_t packet_id, uint8_t code, mono_ms now);

/* To the own `down`, at the lower of qos and the granted one.
 *   CP_OK        queued; *packet_id is what LINK_OUT_ACKED will name, 0 = QoS 0: no answer
 *   CP_FULL      later: after a LINK_OUT_ACKED or a link_sent(); CP_NOMEM alike
 *   CP_INVALID   larger than this device takes: counts as sent [MQTT-3.1.2-25]
 *   CP_NOTFOUND  not subscribed, or ended */
enum cp_err link_publish(struct link *link, struct slice payload, uint8_t qos, uint32_t expiry_s,
    uint16_t *packet_id) CP_MUST_CHECK;

/* End it from our side: MQTT_TAKEN_OVER, MQTT_SHUTDOWN, ... An MQTT 5 device is told. */
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
