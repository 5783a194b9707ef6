/* A gateway that is wrong: every third message for a device goes nowhere. */
#include "model.h"

void __real_downlink_put(
    struct downlink *downlink, struct downlink_queue *queue, const struct batch_down *down);
void __wrap_downlink_put(
    struct downlink *downlink, struct downlink_queue *queue, const struct batch_down *down);

void __wrap_downlink_put(
    struct downlink *downlink, struct downlink_queue *queue, const struct batch_down *down)
{
	if (down->n % 3 != 1)
		__real_downlink_put(downlink, queue, down);
}
