/* suggest.h - "did you mean": the nearest of some names. Pure. */
#ifndef CLI_SUGGEST_H
#define CLI_SUGGEST_H

#include <stddef.h>

/* Offer candidates one by one; the best so far is in `best`. */
struct suggestion {
	const char *word;
	const char *best; /* NULL: none is near enough */
	size_t distance;
};

struct suggestion suggest_for(const char *word);
void suggest_offer(struct suggestion *suggestion, const char *candidate);

#endif
