/* link_event.h - what a link tells its owner, and what the owner tells the link.
 *
 * Memory:  slices in an event die at the next link_feed() or link_next(), a will's
 *          at link_deinit(). Slices of the owner are copied.
 */
#ifndef MQTT_LINK_EVENT_H
#define MQTT_LINK_EVENT_H

#include "mqtt/flight.h"

#define LINK_TOPIC_ALIAS_MAX 16
#define LINK_OWNER_IDS 0x8000

struct link_config {
	size_t max_packet_bytes;       /* of one packet from the device */
	size_t max_out_bytes;          /* of PUBLISHes waiting to be written */
	size_t max_will_bytes;         /* of a will's payload */
	int64_t connect_timeout_ms;    /* link_init() to CONNECT */
	uint32_t session_expiry_max_s; /* what a 3.1.1 session that is not clean has, too */
	uint16_t receive_maximum;      /* 1 .. FLIGHT_MAX */
	uint16_t topic_alias_maximum;  /* 0 .. LINK_TOPIC_ALIAS_MAX */
	uint16_t keep_alive_max_s;     /* a longer one or none counts as this; 0 = no maximum */
};

enum link_event_type {
	LINK_CONNECT,      /* wants to connect: owes one link_accept(), or link_close() */
	LINK_PUBLISH,      /* to the own `up`. QoS 1 and 2: owes one link_ack() */
	LINK_SUBSCRIBED,   /* to the own `down`, also again: owes one link_confirm() */
	LINK_UNSUBSCRIBED, /* was subscribed before: owes one link_confirm() */
	LINK_OUT_ACKED,    /* the device has acknowledged one of link_publish() */
	LINK_REFUSED,      /* one request was refused, the link goes on */
	LINK_CLOSED,       /* exactly once, whoever ended it: write link_out(), then close */
};

/* Sent in the device's name when the link ends without its DISCONNECT: now when delay_s
 * is 0; otherwise when delay_s is over or the session ends, whichever is first, and not
 * at all when the device connects to its session before [MQTT-3.1.3-9]. */
struct link_will {
	struct slice payload;
	uint32_t delay_s;
	uint8_t qos;
};

struct link_event {
	enum link_event_type type;
	enum mqtt_reason reason; /* LINK_REFUSED, LINK_CLOSED */
	union {
		struct {
			uint32_t session_expiry_s; /* as in force */
			uint16_t keep_alive_s;     /* as in force; 0 = none */
			uint8_t level;             /* MQTT_LEVEL_311 or MQTT_LEVEL_5 */
			bool clean_start;          /* the old session ends now, if there is one */
		} connect;
		struct {
			struct slice payload;
			uint16_t packet_id; /* 0 at QoS 0 */
			uint8_t qos;
			bool dup;
		} publish;
		struct {
			uint8_t qos; /* to be granted: 0 or 1 */
		} subscribed;
		struct packet_ack out_acked; /* code 0x80 and above: the device did not want it */
		struct {
			struct link_will will;     /* when has_will */
			uint32_t session_expiry_s; /* from now; DISCONNECT may have changed it */
			bool was_accepted;         /* false: there was no session yet */
			bool has_will;
		} closed;
	};
};

struct link_session {    /* the durable row, for link_accept() */
	bool is_present; /* an old one goes on; never with clean_start */
	bool is_subscribed;
	uint8_t granted_qos;
};

struct link_message { /* to the own `down`, for link_publish() */
	struct slice payload;
	uint32_t expiry_s;  /* 0 = none */
	uint16_t packet_id; /* from LINK_OWNER_IDS on; 0 = the link chooses one below */
	uint8_t qos;        /* 0 or 1; the granted one may be less */
	bool is_dup;        /* sent before, on an older link */
};

#endif
