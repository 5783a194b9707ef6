/* suggest.h - "did you mean": the nearest of some names. Pure. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include "base/slice.h"

/* Offer candidates one by one; the best so far is in `best`. Case does not count. */
struct suggestion {
	struct slice word; /* borrowed */
	const char *best;  /* NULL: none is near enough */
	size_t distance;
};

struct suggestion suggest_for(const char *word);
struct suggestion suggest_for_slice(struct slice word);

/* True: it is the best so far. */
bool suggest_offer(struct suggestion *suggestion, const char *candidate);

/* One that stands elsewhere: as if it had one more letter wrong. */
bool suggest_offer_from_afar(struct suggestion *suggestion, const char *candidate);

#endif
