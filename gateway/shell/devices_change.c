/* What the configuration says of devices, at the start and while they are connected. */
#include "shell/devices_state.h"

#include "io/config.h"

struct devices_config devices_config_of(const struct config *config)
{
	const struct config_listener *listener = &config->listener;
	struct devices_config devices = {
	    .place = {.address = listener->address,
	        .port = (uint16_t)listener->port,
	        .fd = LISTENER_BINDS},
	    .limits = LISTENER_LIMITS_DEFAULT,
	    .link = {.max_packet_bytes = (size_t)listener->max_packet_bytes,
	        .max_out_bytes = 64 * 1024,
	        .max_will_bytes = 4096,
	        .connect_timeout_ms = 5000,
	        .session_expiry_max_s = (uint32_t)listener->session_expiry_max_s,
	        .receive_maximum = (uint16_t)listener->receive_maximum,
	        .topic_alias_maximum = 4,
	        .keep_alive_max_s = (uint16_t)listener->max_keep_alive_s},
	    .quota = {.messages = quota_rate_of(listener->max_messages_per_s, QUOTA_BURST_S),
	        .bytes = quota_rate_of(listener->max_bytes_per_s, QUOTA_BURST_S),
	        .connects = quota_rate_of(listener->max_connects_per_s, QUOTA_CONNECTS_BURST_S)},
	};

	devices.limits.connections = (uint32_t)listener->max_connections;
	return devices;
}

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
