/* year_deeds.h - what people do wrong in a session, and what domain.md says of it.
 *
 * What:    a table of deeds, at most one a session, and only on devices with which nothing
 *          is wrong that day. Each bends the ordinary way and writes down what follows.
 */
#ifndef SIM_YEAR_DEEDS_H
#define SIM_YEAR_DEEDS_H

#include "year_visit.h"

struct deed {
	const char *persona;
	/* NULL: always. */
	bool (*suits)(const struct clinic *clinic, const struct visit *visit);
	/* While it is booked; NULL: it is an ordinary session, and something comes after. */
	void (*bend)(struct clinic *clinic, struct visit *visit);
	/* When the sessions before it on its device are told; NULL: nothing to do. */
	void (*ready)(struct clinic *clinic, struct visit *visit);
	/* When all are told. */
	void (*expect)(struct clinic *clinic, struct visit *visit);
};

struct deeds {
	const struct deed *rows;
	size_t count;
};

extern const struct deeds deeds_of_therapists; /* who, where, when, cleaning, screening */
extern const struct deeds deeds_of_needles;    /* depth, dose, stops, length */
extern const struct deeds deeds_of_cartridges;
extern const struct deeds deeds_after; /* what clients report afterwards */

/* Now and then one of them. */
void deed_choose(struct clinic *clinic, struct visit *visit);

/* The condition went on to the end of the session, and nobody has acknowledged it. */
void deed_leave_open(struct expected *finding, const struct visit *visit);

#endif
