/* hq.h - head office: keeps the picture (device-sim/picture.h), says what it has, orders.
 *
 * It overlooks nothing, but it is slow, loses its memory of what no receipt has named, repeats
 * receipts, sends wrong ones; it sends orders twice, with holes, and begins new epochs.
 */
#ifndef SIM_HQ_H
#define SIM_HQ_H

#include "base/slice.h"
#include "ledger/batch.h"
#include "picture.h"

#include <stdbool.h>

void hq_begin(void);
void hq_end(void);

/* The gateway says it: a receipt must name only what is stored. */
void hq_hear_on_the_wire(struct slice payload);

/* An order was stored, or takes its place. */
void hq_order_stored(const struct reading *order);

bool hq_step(void); /* reads, orders or acknowledges; false: there was nothing */
void hq_forget(void);
void hq_be_calm(void);
bool hq_is_quiet(void); /* every order is stored, and it knows */

/* What it knows, without what counts how it came; the caller frees it. */
char *hq_picture(void);
char *hq_lines_of(const struct picture *picture);
struct picture *hq_new_picture(void);
void hq_read_into(struct picture *picture, struct slice payload);

/* Nothing is missing. */
bool hq_has_holes(void);

#endif
