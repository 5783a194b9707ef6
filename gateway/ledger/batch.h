/* batch.h - what goes to the ledger in one transaction, and what comes back.
 *
 * A batch owns an arena with all its bytes. Handing it to the ledger moves it; nobody else
 * touches it until it comes back with outcomes, messages for devices and news for head
 * office. It brings the room for its own answer (DESIGN section 2).
 *
 * Bounds: BATCH_ENTRIES_MAX entries, BATCH_BYTES_MAX of payload or BATCH_ARENA_FULL bytes
 *         of it decoded make a batch full (P6); what the ledger adds lies in the same arena.
 */
#ifndef LEDGER_BATCH_H
#define LEDGER_BATCH_H

#include "care/reading.h"
#include "care/time/gateway_clock.h"
#include "care/watch.h"
#include "ledger/batch_outbox.h"
#include "ledger/office/office_receipt.h"
#include "ledger/own.h"

#define BATCH_ENTRIES_MAX 1000
#define BATCH_ENTRIES_SLACK 1024 /* what one TLS record may still bring when it became full */
#define BATCH_BYTES_MAX (1U << 20)
#define BATCH_ARENA_FULL (16U << 20) /* a few bytes may decode into ninety times more */
#define BATCH_ARENA_BYTES_MAX (64U << 20)
#define BATCH_DONE_MAX 4096
#define BATCH_ACKNOWLEDGES_MAX 16 /* as many ask at once (io/control.h) */

enum batch_what {
	BATCH_READING, /* to the journal; outcome NEW, DUPLICATE or CONFLICT */
	BATCH_PARK,    /* kept as it is (P8) */
	BATCH_REFUSED, /* counted by the shell; here only to be answered in its turn (P1) */
	BATCH_LINK,    /* what a device's link leaves behind has changed */
	BATCH_OVER,    /* a message for a device needs its row no more */
};

enum batch_outcome {
	BATCH_NEW = 1,
	BATCH_DUPLICATE,
	BATCH_CONFLICT,
	BATCH_PARKED,
	BATCH_NOT_KEPT
};

#define BATCH_NOT_SUBSCRIBED (-1)

/* MQTT's session of a device, as its row says from now on. */
struct batch_link {
	struct id device;
	bool is_kept; /* else there is no row */
	int8_t qos;   /* of the subscription, or BATCH_NOT_SUBSCRIBED */
	uint32_t expiry_s;
	wall_ms ends_at; /* TIME_NEVER: it is connected */
};

struct batch_over {
	struct id device;
	uint64_t n;
};

struct batch_entry {
	enum batch_what what;
	enum batch_outcome outcome;
	union {
		struct reading reading; /* READING, PARK, REFUSED */
		struct batch_link link;
		struct batch_over over;
	};
	const char *why;    /* PARK, REFUSED */
	wall_ms recv;       /* with batch->clock: since the start of the box */
	uint64_t conn;      /* who waits for the answer: the shell's, opaque here; 0: nobody */
	uint16_t packet_id; /* 0: nobody does (QoS 0) */
	bool is_tablet;     /* the registry says so; of what is parked */
	enum reading_result gate;
};

/* A message for a device; worthless after expires_at. */
struct batch_down {
	struct id device;     /* zero: for every tablet that is connected */
	struct slice payload; /* empty: message n, if it still waits, is taken back */
	wall_ms expires_at;
	uint64_t n; /* its row, rising per device; 0: it has none */
};

/* Parked messages, tried again (P8): a person asked, or the program is another one. */
struct batch_retry {
	bool is_asked;
	char wanted[ID_HEX_LEN + 1]; /* first digits of the hash; "": all */

	/* The answer. */
	bool is_busy;       /* others are being tried; ask again */
	bool is_under_way;  /* the next batch goes on */
	uint32_t tried;     /* in this batch; of them */
	uint32_t journaled; /* understood now, in the journal; a duplicate counts, too */
	uint32_t refused;   /* understood, and nothing of it may be kept (P10) */
};

struct batch {
	struct arena arena;
	struct batch_entry entries[BATCH_ENTRIES_MAX + BATCH_ENTRIES_SLACK];
	size_t entry_count;
	size_t held_count; /* entries that wait for room on the disk; entry_count is 0 then */
	size_t payload_bytes;
	struct batch_done done[BATCH_DONE_MAX];
	size_t done_count;
	struct batch_retry retry;
	struct own_policy own;
	struct acknowledge acknowledges[BATCH_ACKNOWLEDGES_MAX];
	size_t acknowledge_count;
	struct watch_look look;     /* at the box itself, now and then */
	struct clock_reading clock; /* when it is applied */

	/* The answer. */
	int64_t lacking_bytes; /* the disk is full: so much must be freed (P11) */
	struct batch_down *downs;
	size_t down_count;
	size_t down_cap;
	wall_ms next_wake; /* the next deadline; TIME_NEVER if none */
	bool has_outbox_news;
	struct office_receipt receipt; /* due when its stream moved on, or a client was forgotten */
	uint32_t unjudged;             /* set aside in this batch */
	enum receipt_fault fault;      /* of the last receipt that was refused, */
	struct batch_done refused;     /* and that one */
	uint32_t evicted[EVICTED_WHYS]; /* from the outbox */
	int64_t commit_us;              /* until it was on disk; 0: not measured */
};

struct batch *batch_new(void);
void batch_free(struct batch *batch);
void batch_reset(struct batch *batch);
bool batch_is_full(const struct batch *batch);

/* The disk is full: its entries are nobody's business until it is taken up again; what is
 * done may leave the outbox all the same, as much as fits. */
void batch_hold(struct batch *batch);
void batch_take_up(struct batch *batch);
void batch_move_done(struct batch *to, struct batch *from);
void batch_move_look(struct batch *to, struct batch *from);

/* NULL when the slack is used up too. Zeroed. */
struct batch_entry *batch_add(struct batch *batch);

/* False when full. */
bool batch_add_done(struct batch *batch, uint32_t kind, uint64_t n);
bool batch_add_receipt(struct batch *batch, uint64_t epoch, uint32_t kind, uint64_t n);

/* Copies nothing: payload lies in the batch's arena. False when out of room. */
bool batch_add_down(struct batch *batch, const struct batch_down *down);

#endif
