/* broker.h - io/upstream.h in memory: the wire to head office's broker, and the broker.
 *
 * Up:    a report is given to the wire, taken by the broker, acknowledged; the dice cut the wire
 *        anywhere between. Cut, what the broker may have taken is returned, what had not left
 *        yet is kept and leaves first with the next connection, as Paho does it.
 * Down:  orders are lost when the wire is cut, and when nobody listens.
 * Memory: what the broker has taken and head office has not read, the broker may forget.
 */
#ifndef SIM_BROKER_H
#define SIM_BROKER_H

#include "base/slice.h"

#include <stdbool.h>

void broker_begin(void);
void broker_end(void);

/* The gateway is no more: nobody hears of its connection. */
void broker_kill(void);

/* One thing happens, by the dice; false: there was nothing. */
bool broker_step(void);
void broker_cut(void);
void broker_forget(void); /* restarts without a disk */

/* Everything goes through from now on. */
void broker_be_calm(void);

/* For head office. */
bool broker_next_report(struct slice *out); /* valid until the next call */
void broker_order(struct slice payload);

#endif
