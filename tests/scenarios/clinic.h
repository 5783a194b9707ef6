/* clinic.h - one clinic in memory, with virtual time.
 *
 * What:    devices, tablets and head office speak real protobuf; it passes the
 *          gate (care/reading) and the ledger, as in the daemon; verdicts come
 *          back. The picture of it all is text (picture.h).
 * Time:    stands still until clinic_advance(), which wakes the ledger at each
 *          of its deadlines on the way.
 * Names:   "P1", "c1", "A" are 16 byte ids: one letter for the kind, the name,
 *          zeros. So an id can be read back.
 * Clocks:  a device has one of its own, which may be off, and counts from its boot. So has
 *          the box; as long as nothing is said, a time server keeps it right.
 * Errors:  the first thing that goes wrong is kept in `why`; later calls do nothing.
 */
#ifndef SCENARIOS_CLINIC_H
#define SCENARIOS_CLINIC_H

#include "care/time/zone.h"
#include "chain.h"
#include "ledger/ledger.h"
#include "wire/log_file.h"

#define CLINIC_DEVICES_MAX 16
#define CLINIC_TEXT_BYTES 4096
#define CLINIC_GTIN "04012345678901" /* of cartridges that are named by a serial only */
#define NAME_BYTES (ID_BYTES - 1)    /* with its NUL */

enum {
	ID_DEVICE = 'd',
	ID_SESSION = 's',
	ID_CLIENT = 'c',
	ID_OPERATOR = 'o',
	ID_CASE = 'a'
};

struct id id_named(char kind, const char *name);
/* "" unless the id is of that kind. */
const char *name_of_id(char kind, const struct id *id, char out[NAME_BYTES]);

struct message {
	struct message *next;
	size_t len_bytes;
	uint8_t bytes[];
};

/* The first letter of its name is its kind: P pen, S stamp, R radiofrequency,
 * D derma roller, T tablet. */
struct device {
	char name[NAME_BYTES];
	struct id id;
	uint32_t boot;
	uint32_t seq;
	wall_ms booted_at;
	int64_t clock_off_ms;    /* its clock less the true time */
	Carepace__V1__Zone zone; /* as it was last set: by a start or a param */
	uint32_t depth_um;
	bool is_away; /* messages wait in `kept` */
	bool is_replay;
	struct message *kept; /* newest first */
	struct message *last; /* as sent, for a duplicate */
};

struct clinic {
	struct zone zone;
	char zone_name[40];
	struct arena arena; /* of the line that is being said */
	struct chain chain;
	struct ledger *ledger;
	struct batch *batch;
	wall_ms now;  /* 0: no time was given yet */
	wall_ms told; /* what the ledger took it for */
	wall_ms next_wake;
	const char *path; /* of the store; NULL: in memory */
	const char *version;
	uint8_t box_boot; /* of the box: a number for its random one */
	wall_ms box_booted_at;
	int64_t box_off_ms; /* its clock less the true time */
	bool has_no_ntp;
	bool is_asleep; /* deadlines pass unseen, as when the gateway is down */
	struct device devices[CLINIC_DEVICES_MAX];
	size_t device_count;
	bool has_greetings; /* the first word of a device is HELLO, said or not */
	bool hears_dates;   /* what says from when on a client may come again is drawn */
	bool is_setup;      /* orders hold since long ago */
	uint32_t order_count;
	uint32_t fresh_count;         /* cartridges that nobody has seen */
	struct buf *log;              /* NULL, or where a log of all messages grows */
	size_t skip_count;            /* messages that were delivered in an earlier life */
	size_t delivered_count;       /* messages that the ledger has on disk */
	char said[CLINIC_TEXT_BYTES]; /* by the gateway since clinic_listen() */
	char why[CLINIC_TEXT_BYTES];
};

/* In memory. */
void clinic_open(struct clinic *clinic, const char *zone_name);

/* In a file, from a moment on. */
void clinic_open_store(struct clinic *clinic, const char *zone_name, const char *path,
    const char *version, wall_ms now);
void clinic_close(struct clinic *clinic);

/* The folder for such files: TMPDIR, or else where fsync costs nothing. */
const char *clinic_place(void);

void clinic_fail(struct clinic *clinic, const char *format, ...) CP_PRINTF(2, 3);
static inline bool clinic_failed(const struct clinic *clinic)
{
	return clinic->why[0] != '\0';
}

void clinic_advance(struct clinic *clinic, wall_ms to);
void clinic_look(struct clinic *clinic, const struct watch_look *look);
enum acknowledge_answer clinic_acknowledge(struct clinic *clinic, const struct acknowledge *wish);
/* The program starts again, on the same store; or the box does, after so long. */
void clinic_restart(struct clinic *clinic);
void clinic_reboot_box(struct clinic *clinic);
void clinic_sleep(struct clinic *clinic);
void clinic_wake(struct clinic *clinic);
void clinic_listen(struct clinic *clinic); /* forgets what was said */
void clinic_say(struct clinic *clinic, const char *format, ...) CP_PRINTF(2, 3);

/* Made on first sight; NULL (and failed) when the name is none. */
struct device *clinic_device(struct clinic *clinic, const char *name);

/* Gives the message its name, and the times that the device's clocks show `at`. */
void clinic_stamp(struct device *device, Carepace__V1__Up *up, wall_ms at);

/* Packs the message; delivers or keeps it. */
void clinic_send(struct clinic *clinic, struct device *device, const Carepace__V1__Up *up);
void clinic_reboot(struct clinic *clinic, struct device *device);
void clinic_repeat(struct clinic *clinic, struct device *device);
void clinic_return(struct clinic *clinic, struct device *device, bool is_backwards);

/* Time and key must be in the order; a revision of 0 is the next one. */
void clinic_order(struct clinic *clinic, Carepace__V1__Order *order);

#endif
