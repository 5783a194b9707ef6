/* devices_bench.h - devices between a port and an intake in memory. Links, messages,
 * answers, and the ledger where a test wants it, are the real ones. */
#ifndef UNIT_DEVICES_BENCH_H
#define UNIT_DEVICES_BENCH_H

#include "shell/devices.h"
#include "talk.h"

#define CONNS_MAX 4

struct port_conn {
	bool is_open;
	bool is_paused;
	bool is_left;
	enum close_reason reason;
	struct buf heard; /* by the device */
};

struct listener {
	struct listener_ops ops;
	void *ctx;
	bool is_full; /* its sockets take nothing */
	struct listener_counters counters;
	struct port_conn conns[CONNS_MAX + 1];
};

struct intake {
	struct batch *batch;
	int64_t lacking_bytes; /* the disk is full */
};

extern struct listener port;
extern struct intake intake;
extern struct devices *devices;

int bench_set_up(void **state);
int bench_set_up_ledger(void **state); /* with bench_open_ledger() */
int bench_tear_down(void **state);

/* From now on batches are applied; a store in a file, so that it can be opened again. */
void bench_open_ledger(void);

/* kill -9 and a new start: every connection is cut, nothing of the batch is kept. */
void bench_restart(void);

void open_conn(uint64_t conn);
void lose_conn(uint64_t conn); /* without a word from the device */
void receive(uint64_t conn, struct slice bytes);
void say(uint64_t conn, const char *text);

/* Where the bytes are in what the device heard; -1: they are not. */
ptrdiff_t heard_bytes(uint64_t conn, struct slice wanted);
ptrdiff_t heard(uint64_t conn, const char *text);

/* The device has heard exactly this since the last time. */
void hears(uint64_t conn, const char *text);

void make_room(void);
void settle(void);

/* Something happens while the batch is at the ledger. */
void settle_while(void (*it_is_away)(void));

/* --- conversations -------------------------------------------------------------------- */

#define KEEP_311 "10 [ \"MQTT\" 04 00 0000 \"%id\" ] "
#define KEEP_5 "10 [ \"MQTT\" 05 00 0000 [ 11 00000064 ] \"%id\" ] "
#define CLEAN_5 "10 [ \"MQTT\" 05 02 0000 [ 11 00000064 ] \"%id\" ] "
#define CONNACK_311 "20 02 00 00 "
#define PRESENT_311 "20 02 01 00 "
#define SUBSCRIBE "82 [ 0001 " DOWN "01 ] "
#define SUBACK "90 03 0001 01 "
#define UNSUBSCRIBE "a2 [ 0002 " DOWN " ] "
#define UNSUBACK "b0 02 0002 "
#define DISCONNECT "e0 00"

void connect_and_hear(uint64_t conn, const char *connect, const char *connack);
void subscribe(uint64_t conn);

/* A heartbeat, as hexadecimal digits. With a battery of 200 % it is out of range, and
 * there is a receipt for it. */
void heartbeat(uint32_t seq, uint32_t battery_pct, char hex[300]);

/* What the device has heard so far does not matter. */
void deaf(uint64_t conn);

extern size_t entries_at_close; /* what the batch had when devices were closed */

#endif
