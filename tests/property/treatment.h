/* treatment.h - one session on a device, message by message. */
#ifndef PROPERTY_TREATMENT_H
#define PROPERTY_TREATMENT_H

#include "world.h"

/* How it goes. */
enum course_of_events {
	TREATMENT_COMPLETED,
	TREATMENT_ABORTED,       /* after some exposure */
	TREATMENT_ABORTED_DRY,   /* before any */
	TREATMENT_CLAIMED,       /* exposure stands in SESSION_END only */
	TREATMENT_NEVER_ENDED,   /* exposure, then silence */
	TREATMENT_NEVER_BEGAN,   /* no exposure, then silence */
	TREATMENT_WITHOUT_START, /* its START got lost */
	TREATMENT_TEST,          /* R22 */
};

struct treatment {
	enum course_of_events way;
	size_t device;
	struct id sid;
	bool has_used_sid; /* another device had it before */
	struct id client;  /* zero = absent */
	uint64_t course;
	event_ms start;
	event_ms end; /* its last message */
};

/* Draws the way and the length; the device and the client are still to be said. */
void treatment_draw(struct treatment *treatment, struct rng *rng, event_ms start);

/* Adds its messages, without boot and seq. */
void treatment_play(const struct treatment *treatment, struct rng *rng, struct world *world);

/* A zeroed input of that kind; the world must have room. */
struct input *world_add(struct world *world, enum input_kind kind, size_t device, event_ms ts);

#endif
