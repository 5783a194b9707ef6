/* Another configuration while devices are connected: a port, limits, quotas. */
#include "shell/devices_state.h"

enum cp_err devices_prepare(struct devices *devices, const struct devices_config *next)
{
	return listener_prepare(devices->listener, &next->place, next->limits.connections);
}

void devices_commit(struct devices *devices, const struct devices_config *next)
{
	devices->config = *next;
	listener_commit(devices->listener, &next->limits);
}

void devices_abandon(struct devices *devices)
{
	listener_abandon(devices->listener);
}
