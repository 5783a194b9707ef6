/* dispatch.h - the orders of head office on their way to one clinic.
 *
 * What:    reads DIR/00001.order and on, the payloads that `device-sim --orders` writes;
 *          sends at most DISPATCH_WINDOW beyond what the gateway's receipt names, one until
 *          the first receipt (nobody queues for a gateway that has not subscribed), and again
 *          from there when nothing moves or a connection was lost. A file that appears later
 *          is sent when its number is due.
 * Not:     the connection: the caller sends.
 * Time:    `now` is an argument.
 */
#ifndef SIM_DISPATCH_H
#define SIM_DISPATCH_H

#include "base/arena.h"
#include "base/slice.h"
#include "base/time.h"
#include "report.pb-c.h"

#define DISPATCH_WINDOW 40
#define DISPATCH_AGAIN_MS 1500

struct dispatch {
	const char *dir; /* NULL: no orders */
	uint32_t hq_epoch;
	uint32_t stored; /* by the gateway, up to here */
	uint32_t next;
	mono_ms moved_at;
	bool is_broken; /* said once */
};

void dispatch_init(struct dispatch *dispatch, const char *dir);

/* NULL when nothing is due. What is wrong with a file is said on stderr; the orders end
 * there. The order lies in the arena. dispatch_sent() says that it is on its way. */
Carepace__V1__Order *dispatch_next(struct dispatch *dispatch, struct arena *arena, mono_ms now);
void dispatch_sent(struct dispatch *dispatch, mono_ms now);

/* True when it is news. */
bool dispatch_receipt(
    struct dispatch *dispatch, const Carepace__V1__OrderReceipt *receipt, mono_ms now);
void dispatch_lost(struct dispatch *dispatch);

#endif
