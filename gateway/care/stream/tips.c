#include "care/stream/tips.h"

#include "care/message_no.h"

static size_t known(const struct tips *tips)
{
	return tips->count < TIPS_MAX ? tips->count : TIPS_MAX;
}

/* On the limit is fine (domain 0.2): low from so many per cent on, exhausted beyond. */
static bool hold_against_limit(struct tip *tip, struct tip_limits limits, event_ms at)
{
	bool is_low = (uint64_t)tip->used * 100 >= (uint64_t)tip->limit * limits.low_pct;
	bool is_news = false;

	if (!tip->limit)
		return false;
	if (is_low && tip->low_at == TIME_NEVER) {
		tip->low_at = at;
		is_news = true;
	}
	if (tip->used > tip->limit && tip->exhausted_at == TIME_NEVER) {
		tip->exhausted_at = at;
		is_news = true;
	}
	return is_news;
}

void tips_detach(struct tips *tips, uint32_t slot)
{
	for (size_t i = 0; i < known(tips); i++) {
		struct tip *tip = &tips->items[i];
		if (!tip->is_mounted || tip->slot != slot)
			continue;
		tip->is_mounted = 0;
		tips->mounted--;
	}
}

bool tips_attach(struct tips *tips, struct tip_limits limits, const struct reading *attach)
{
	const Carepace__V1__CartMount *mount = attach->up->cart_attach;

	tips_detach(tips, mount->slot);
	struct tip *tip = &tips->items[tips->count++ % TIPS_MAX];
	tips->mounted += tip->is_mounted ? 0 : 1; /* else it takes the place of one */
	*tip = (struct tip){
	    .attach = message_no(attach->boot, attach->seq),
	    .low_at = TIME_NEVER,
	    .exhausted_at = TIME_NEVER,
	    .used = mount->tip_used,
	    .limit = mount->tip_limit ? mount->tip_limit : limits.pulses,
	    .slot = mount->slot,
	    .is_mounted = 1,
	};
	return hold_against_limit(tip, limits, attach->ts);
}

bool tips_pulse(struct tips *tips, struct tip_limits limits, event_ms at)
{
	bool is_news = false;

	for (size_t i = 0; i < known(tips) && tips->mounted; i++) {
		struct tip *tip = &tips->items[i];
		if (!tip->is_mounted || tip->used == UINT32_MAX)
			continue;
		tip->used++;
		is_news = hold_against_limit(tip, limits, at) || is_news;
	}
	return is_news;
}

void tips_tell(const struct tips *tips, struct cart_use *use)
{
	for (size_t i = 0; i < known(tips); i++) {
		const struct tip *tip = &tips->items[i];
		if (tip->attach != message_no(use->boot, use->seq))
			continue;
		use->tip_count = tip->used;
		use->tip_limit = tip->limit;
		use->low_at = tip->low_at;
		use->exhausted_at = tip->exhausted_at;
	}
}
