#include "shell/quota.h"

#define MILLI 1000 /* tokens per ms are thousandths of tokens per second */

static void fill(struct bucket *bucket, const struct quota_rate *rate, mono_ms now)
{
	bucket->milli_tokens = rate->burst * MILLI;
	bucket->at = now;
}

void quota_init(struct quota *quota, const struct quota_rates *rates, mono_ms now)
{
	fill(&quota->messages, &rates->messages, now);
	fill(&quota->bytes, &rates->bytes, now);
	fill(&quota->connects, &rates->connects, now);
}

void bucket_take(struct bucket *bucket, const struct quota_rate *rate, int64_t tokens, mono_ms now)
{
	int64_t full = rate->burst * MILLI;
	int64_t missing = full - bucket->milli_tokens;
	mono_ms passed = now - bucket->at;

	if (rate->per_s == 0)
		return;
	/* Compared by division: after a year of silence the product would not fit. */
	if (passed > missing / rate->per_s)
		bucket->milli_tokens = full;
	else
		bucket->milli_tokens += passed * rate->per_s;
	bucket->at = now;
	bucket->milli_tokens -= tokens * MILLI;
}

mono_ms bucket_ready_at(const struct bucket *bucket, const struct quota_rate *rate)
{
	if (rate->per_s == 0 || bucket->milli_tokens >= 0)
		return bucket->at;
	return bucket->at + (-bucket->milli_tokens + rate->per_s - 1) / rate->per_s;
}

mono_ms quota_rests_until(const struct quota *quota, const struct quota_rates *rates)
{
	mono_ms messages = bucket_ready_at(&quota->messages, &rates->messages);
	mono_ms bytes = bucket_ready_at(&quota->bytes, &rates->bytes);

	return messages > bytes ? messages : bytes;
}
