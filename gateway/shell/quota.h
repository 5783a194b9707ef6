/* quota.h - how much of the gateway one device may take: token buckets. Pure.
 *
 * What:    tokens flow in at a rate, up to a burst; whoever takes more than there are
 *          is in debt and rests until it is paid. So one large packet always passes, and
 *          the rate holds on average.
 * Why:     one device at full speed must not slow the others (DESIGN section 5). A real
 *          one sends a message a second; after a week without a network it has some
 *          50,000 in its memory, which are to come quickly.
 * Time:    `now` is an argument; times never go backwards. A rate of 0 is no limit.
 */
#ifndef SHELL_QUOTA_H
#define SHELL_QUOTA_H

#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

#define QUOTA_BURST_S 4
#define QUOTA_CONNECTS_BURST_S 12

struct quota_rate {
	int64_t per_s;
	int64_t burst;
};

struct quota_rates {
	struct quota_rate messages;
	struct quota_rate bytes;
	struct quota_rate connects;
};

struct bucket {
	int64_t milli_tokens;
	mono_ms at;
};

struct quota {
	struct bucket messages;
	struct bucket bytes;
	struct bucket connects;
};

static inline struct quota_rate quota_rate_of(int64_t per_s, int64_t burst_s)
{
	return (struct quota_rate){.per_s = per_s, .burst = per_s * burst_s};
}

/* Full buckets. */
void quota_init(struct quota *quota, const struct quota_rates *rates, mono_ms now);

void bucket_take(struct bucket *bucket, const struct quota_rate *rate, int64_t tokens, mono_ms now);

/* When its debt is paid; in the past: it has none. */
mono_ms bucket_ready_at(const struct bucket *bucket, const struct quota_rate *rate);

/* Until when the device has to rest because of what it has sent. */
mono_ms quota_rests_until(const struct quota *quota, const struct quota_rates *rates);

#endif
