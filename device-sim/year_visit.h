/* year_visit.h - a session: what is booked, asked, cleaned, done, ended and billed.
 *
 * What:    the ordinary way, and what a deed leaves out of it or does otherwise. */
#ifndef SIM_YEAR_VISIT_H
#define SIM_YEAR_VISIT_H

#include "year_clinic.h"

struct course;
struct deed;

#define VISIT_BATCHES 9
/* A cartridge that is refused is on the device from one to the other, after the start. */
#define VISIT_RETURNED_ON_MS (5 * MS_PER_SECOND)
#define VISIT_RETURNED_OFF_MS (20 * MS_PER_SECOND)

struct year_cart {
	const char *gtin;
	const char *lot;
	const char *serial; /* NULL: unreadable */
	uint32_t expiry_yyyymmdd;
	uint32_t tip_used; /* pulses in its own counter when it goes on */
};

/* What may be otherwise; as visit_book() sets it, all is well. */
struct manners {
	bool is_booked, is_screened, is_cleaned, is_billed;
	bool has_operator, has_end;
	Carepace__V1__EndReason reason;
	uint32_t active_ms;
	uint64_t punctures;
	uint32_t passes;
	uint32_t preset_um;
	uint32_t deep_um;      /* set and measured in the second batch; 0: as preset */
	uint32_t measured_um;  /* in all batches */
	int32_t peak_cdegc;    /* of two pulses of the second batch; 0: as usual */
	uint32_t battery_pct;  /* 0: not told */
	event_ms stopped_at;   /* emergency stop; 0: none */
	event_ms silent_from;  /* nothing of it is said from then on; 0: all */
	event_ms cleaned_late; /* after its start; 0: not */
	event_ms screened_late;
	event_ms booked_late;
	const struct year_cart *returned; /* put on first, and replaced before any needle */
};

struct visit {
	struct course *course;
	unsigned unit, operator_no;
	int day;
	event_ms start, end;
	struct id sid;
	const char *name; /* of the session: "<sid>/<device>" */
	uint64_t booking;
	event_ms booked_at;
	struct year_cart cart;
	struct manners manners;
	const struct deed *deed; /* NULL: nothing is wrong */
	Carepace__V1__Phase phase;
	bool is_completed;
	enum answer answer;           /* by the plan, worst of all */
	struct visit *before, *after; /* on its device; the latter while told: NULL */
	/* --- once told */
	const struct saying *booked, *cleaned, *started, *attached, *detached, *ended, *last;
	const struct saying *batches[VISIT_BATCHES];
	uint32_t pulses;
};

/* At that hour of that device; in the list of the clinic's. */
struct visit *visit_book(
    struct clinic *clinic, struct course *course, unsigned unit, int day, int slot);

/* All of them, device by device, in order of time. */
void visits_tell(struct clinic *clinic);

struct year_cart visit_new_cart(struct clinic *clinic, int day);
const char *visit_cart_name(struct clinic *clinic, const struct year_cart *cart); /* gtin/serial */
void visit_mount(struct clinic *clinic, struct visit *visit, event_ms at,
    const struct year_cart *cart, bool is_attach);

const char *visit_sid(struct clinic *clinic, const struct visit *visit);
/* SESSION_END as the manners have it, said at a moment. */
Carepace__V1__SessionEnd *visit_end(struct clinic *clinic, struct visit *visit, event_ms at);
struct unit *visit_unit(struct clinic *clinic, const struct visit *visit);

/* A finding about the session as such, from its start on. */
struct expected visit_finding(
    const struct visit *visit, Carepace__V1__Check check, Carepace__V1__Severity severity);
void visit_weigh(struct visit *visit, enum answer answer);

#endif
