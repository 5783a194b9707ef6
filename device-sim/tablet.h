/* tablet.h - the clinician with the clinic's tablet.
 *
 * What:    tells of every client who was screened before a session, also weeks ago; sees every
 * verdict of the site and answers some after a moment: acknowledges the alerts of an advice or a
 * denial, overrides what requires it (by alert, or by session and check), and says no to every
 *          fourth request.
 * Memory:  bounded; with too much to do at once the newest is left undone, and
 *          what was done long ago is forgotten.
 * Threads: one.
 */
#ifndef SIM_TABLET_H
#define SIM_TABLET_H

#include "base/id.h"
#include "base/time.h"
#include "telemetry.pb-c.h"

#define TABLET_PENDING_MAX 64
#define TABLET_DONE_MAX 256

struct device;
struct visit;

struct reaction {
	mono_ms due;
	bool is_override; /* else an acknowledgement */
	bool is_by_alert; /* else by sid and check */
	struct id alert;
	struct id sid;
	Carepace__V1__Check check;
};

/* One finding of one session needs one answer, however often it is told. */
struct answered {
	struct id sid;
	Carepace__V1__Check check;
};

struct tablet {
	struct reaction pending[TABLET_PENDING_MAX];
	size_t pending_count;
	struct answered done[TABLET_DONE_MAX]; /* a ring */
	size_t done_count;
	size_t overrides_asked;
};

void tablet_admit(struct device *tablet, const struct visit *visit, mono_ms now);
/* Whom the devices treated weeks ago. */
void tablet_admit_past(struct device *tablet);

void tablet_verdict(struct tablet *tablet, const Carepace__V1__Verdict *verdict, mono_ms now);
void tablet_tick(struct tablet *tablet, struct device *device, mono_ms now);
mono_ms tablet_next_ms(const struct tablet *tablet);

#endif
