/* session.h - the visits of a device, one after the other.
 *
 * What:    walks through the steps of the plan, and bends them to the gateway's
 *          verdict as a therapist would: goes on when permitted or advised, waits
 *          for a clinician when an override is required, takes another cartridge
 *          when the cartridge is what is wrong, stops when denied. Without an
 *          answer it goes on by the device's own rules (P12).
 *
 *            NONE -> OFFERED -> TREATING -> ENDED -> NONE (the next visit)
 *                       \----- refused -----^
 *
 * Threads: one.
 */
#ifndef SIM_SESSION_H
#define SIM_SESSION_H

#include "message.h"
#include "plan.h"

struct device;

enum session_state {
	SESSION_NONE,
	SESSION_OFFERED,
	SESSION_TREATING,
	SESSION_ENDED,
};

struct session {
	enum session_state state;
	size_t visit_no; /* of the visit that is on or comes next */
	bool is_begun;   /* the plan was asked */
	bool has_visit;  /* it had an answer */
	struct visit visit;
	struct visit_steps steps;
	size_t next_step;
	struct treatment treatment;
	Carepace__V1__Decision decision; /* UNSPECIFIED: no answer yet */
	uint32_t rev;
	bool is_cart_refused;  /* a check of the cartridge is among the reasons */
	unsigned waits;        /* how often the needles were held back */
	mono_ms decide_at;     /* TIME_NEVER: nothing to decide */
	mono_ms start_sent_at; /* TIME_NEVER: not sent live, or answered */
};

/* A session that was recorded weeks ago goes into the device's buffer. */
void session_record_past(
    struct device *device, const struct past *past, uint32_t boot, uint32_t *seq);

void session_init(struct session *session);
void session_tick(struct session *session, struct device *device, mono_ms now);
/* TIME_NEVER when there is no further visit. */
mono_ms session_next_ms(const struct session *session);

void session_verdict(struct session *session, struct device *device,
    const Carepace__V1__Verdict *verdict, mono_ms now);

/* The run ends early: what is open is aborted. */
void session_stop(struct session *session, struct device *device, mono_ms now);

static inline bool session_is_open(const struct session *session)
{
	return session->state == SESSION_OFFERED || session->state == SESSION_TREATING;
}

#endif
