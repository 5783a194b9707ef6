/* cart_use.h - a cartridge, tip or roller in a slot of a device.
 *
 * From its CART_ATTACH to its CART_DETACH, to the next attach in that slot, or to
 * the end of the session. A plain value; no memory is owned.
 */
#ifndef CARE_CART_USE_H
#define CARE_CART_USE_H

#include "base/id.h"
#include "base/time.h"

#define TIP_USED_UNKNOWN INT64_C(-1)

struct cart_use {
	int64_t cart;    /* local number, the ledger's; 0: its serial cannot be read */
	int64_t session; /* local number */
	char gtin[15];
	char serial[21];
	char lot[21];
	uint32_t expiry_yyyymmdd; /* good through that day, DD 00 the month's last; 0 unknown */
	uint32_t slot;
	uint32_t pins;         /* 0 unknown; not stored */
	int64_t tip_used;      /* pulses on the tip's counter at the attach */
	int64_t tip_count;     /* the same now, or when it came off: care/stream/tips.h */
	uint32_t tip_limit;    /* pulses that it allows, 0 unknown */
	event_ms low_at;       /* when its pulses came near the limit; TIME_NEVER */
	event_ms exhausted_at; /* when they went beyond; TIME_NEVER */
	uint32_t needle_um;    /* of a roller, as its session's START says; 0 unknown */
	bool is_replaced;      /* ended by a detach or the next attach, not by the session */
	event_ms from;
	event_ms until;
	struct id source; /* name of the attach */
	uint32_t boot;
	uint32_t seq;
};

/* "04012345678901/1001#0", serial and slot: what findings call an attach (R9). The serial
 * is left out where it cannot be read. */
void cart_use_name(const struct cart_use *use, char *out, size_t out_bytes);

#endif
