/* model.h - two parties in virtual time: devices, and the gateway between a port and a
 * store, with an oracle that knows what either may do.
 *
 *     client.c  what a device's program does: connects, sends, is cut, comes back
 *     readings.c  what it says: heartbeats
 *     port.c    io/listener.h in memory: bytes arrive and leave as far as the dice let them
 *     store.c   the store's file
 *     desk.c    shell/intake.h: the real batcher and the real ledger, a step at a time;
 *               desk_thread.c instead: the real intake and the ledger's thread
 *     oracle.c  what must be so, from what passes the port and the ledger
 *     words.c   what is said of a seed
 *     run.c     one seed: dice, steps, the calm end
 *
 * Links, devices, roster, messages and rows are the program's own. tests/sim takes the
 * devices' half of this into the whole.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "../property/rng.h"
#include "shell/devices.h"
#include "truth.h"

#define MODEL_DEVICES 6
#define MODEL_CLIENTS 6
#define MODEL_CONNS_MAX 96
#define MODEL_READINGS_MAX 200
#define MODEL_DOWNS_MAX 400
#define MODEL_FLIGHT_MAX 64
#define MODEL_WILLS_MAX MODEL_CONNS_MAX
#define MODEL_EXPIRY_MAX_S 5000
#define MODEL_ALIAS 3

struct model_device {
	struct id id;
	enum pki_kind kind;
	struct reading_said readings[MODEL_READINGS_MAX];
	size_t reading_count;
	struct down_due downs[MODEL_DOWNS_MAX];
	size_t down_count;
	struct will_left wills[MODEL_WILLS_MAX];
	size_t will_count;
	struct truth truth;
	struct batch_link row; /* as applied last */
	struct conn *current;
	bool has_overflown; /* more messages than are kept */
};

enum pub_state {
	PUB_FREE,
	PUB_WAIT_ACK, /* PUBACK or PUBREC */
	PUB_WAIT_COMP
};

struct pub {
	enum pub_state state;
	uint8_t qos;
	uint16_t packet_id;
	size_t reading;
	uint64_t said_on; /* connection */
};

struct client {
	struct model_device *device;
	struct pub pubs[MODEL_FLIGHT_MAX];
	uint16_t last_id;
	struct conn *conn; /* or NULL */
};

struct conn {
	uint64_t id; /* of the port: index + 1 */
	struct client *client;
	uint8_t level;
	bool is_clean;
	uint32_t expiry_s;
	uint16_t keep_alive_s;
	mono_ms opened_at;

	/* the port */
	bool is_open; /* at the gateway */
	bool is_paused;
	bool is_left; /* the gateway closes it */
	enum close_reason reason;
	mono_ms wake_at;
	size_t room;      /* that its socket has */
	struct buf said;  /* by the device, on its way */
	struct buf heard; /* by the device, on its way */

	/* the device */
	bool has_alias; /* its topic was said with MODEL_ALIAS */
	bool has_heard_connack;
	uint8_t sub_qos;       /* asked for */
	uint16_t sub_id;       /* 0: nothing asked */
	uint16_t unsub_id;     /* alike */
	bool is_asking;        /* and not answered by the gateway */
	size_t arrived;        /* of `heard` */
	bool has_said_goodbye; /* DISCONNECT */
	uint32_t goodbye_expiry_s;
	bool keeps_will; /* with DISCONNECT 0x04 */

	/* the oracle */
	enum maybe is_present;
	bool is_acked; /* CONNACK was sent */
	bool has_ended;
	bool has_will;
	size_t will;
	uint32_t will_delay_s;
	size_t next_down; /* none below is sent any more on this connection */
};

struct model {
	uint64_t seed;
	struct rng rng;
	bool is_traced;
	uint64_t trace_hash; /* of what the trace says, also when nobody reads it */
	struct model_device devices[MODEL_DEVICES];
	size_t device_count;
	struct client clients[MODEL_CLIENTS]; /* some are twins: programs on one device */
	size_t client_count;
	struct conn conns[MODEL_CONNS_MAX];
	size_t conn_count;
	unsigned restarts;
	bool has_qos_0; /* somebody may subscribe so: what is sent may be lost */
	bool has_quota; /* a device may not send as much as it likes */
	bool is_calm;   /* nothing is lost any more */
	struct roster roster;
	struct devices *gateway;
};

extern struct model model;

#endif
