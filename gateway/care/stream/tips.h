/* tips.h - how many pulses the tips of a session have given, as its messages come in.
 *
 * What:   of each attach the tip's own counter, and from then on one more a pulse while
 *         the tip is mounted; when it came near its limit and when it went beyond.
 * Order:  calls come in the order of the messages' names (boot, seq).
 * Memory: plain values without pointers: they may be copied, stored and compared.
 * Bounds: the last TIPS_MAX attaches of a session; what came off before them is left
 *         with the counter that its attach told.
 */
#ifndef CARE_STREAM_TIPS_H
#define CARE_STREAM_TIPS_H

#include "care/cart_use.h"
#include "care/reading.h"

#define TIPS_MAX 16

struct tip {
	int64_t attach;        /* name of its CART_ATTACH (care/message_no.h) */
	event_ms low_at;       /* TIME_NEVER: not yet */
	event_ms exhausted_at; /* TIME_NEVER: not yet */
	uint32_t used;         /* at least, where its counter was not told */
	uint32_t limit;        /* 0: nobody knows one */
	uint32_t slot;
	uint32_t is_mounted;
};

struct tips {
	struct tip items[TIPS_MAX];
	uint32_t count; /* ever */
	uint32_t mounted;
};

/* What the attach does not tell: the model profile's limit (0: it has none), and from
 * how many per cent of a limit on a tip is low. */
struct tip_limits {
	uint32_t pulses;
	uint32_t low_pct;
};

/* True: a tip came near its limit, or went beyond. */
bool tips_attach(struct tips *tips, struct tip_limits limits, const struct reading *attach);
bool tips_pulse(struct tips *tips, struct tip_limits limits, event_ms at);

void tips_detach(struct tips *tips, uint32_t slot);

/* Fills what is known of a use's tip; what is not stays. */
void tips_tell(const struct tips *tips, struct cart_use *use);

#endif
