/* shrink.h - the fewest inputs of a world with which it still fails (delta debugging).
 *
 * Leaves out halves, quarters, ... single inputs as long as what is left fails; an order
 * of arrival is drawn anew for every try, so a failure that hangs on one order may stop
 * shrinking early.
 */
#ifndef PROPERTY_SHRINK_H
#define PROPERTY_SHRINK_H

#include "world.h"

typedef bool still_fails_fn(void *ctx, const struct world *world);

/* Does it fail in one of a few orders of arrival? */
bool shrink_try(const struct world *world, still_fails_fn *still_fails, void *ctx);

/* The world must fail. */
void shrink(struct world *world, still_fails_fn *still_fails, void *ctx);

#endif
