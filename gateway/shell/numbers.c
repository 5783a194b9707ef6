#include "shell/numbers.h"

#include "io/clock.h"

static void take_ids(const struct roster *roster, struct numbers *out)
{
	struct map_slot *slot;

	for (size_t at = 0; out->connected_id_count < NUMBERS_DEVICES_MAX &&
	                    (slot = map_next(&roster->by_id, &at));) {
		const struct device *device = slot->value;
		if (device->link)
			out->connected_ids[out->connected_id_count++] = device->session.device;
	}
}

static void take_devices(const struct devices *devices, struct numbers *out)
{
	const struct roster *roster = devices_roster(devices);

	out->devices = *devices_counters(devices);
	out->listener = *devices_listener_counters(devices);
	out->wills = *devices_wills_counters(devices);
	out->sessions = roster->counters;
	out->downs = roster->downlink.counters;
	out->connected = devices_count(devices);
	take_ids(roster, out);
	out->handshakes[HANDSHAKE_RESUMED] = out->listener.handshakes_resumed;
	out->handshakes[HANDSHAKE_FULL] =
	    out->listener.handshakes_ok - out->listener.handshakes_resumed;
}

static void take_reload(const struct reload *reload, struct numbers *out)
{
	const struct tls_config *tls = reload_tls(reload);

	out->reloads = *reload_counters(reload);
	out->registered = tls_config_device_count(tls);
	out->certificate_until = tls_config_expires_at(tls);
}

static void take_intake(const struct intake *intake, struct numbers *out)
{
	out->intake = *intake_counters(intake);
	out->waiting = intake_waiting(intake);
	out->busy_ms = intake_busy_ms(intake, clock_mono());
	out->lacking_bytes = (uint64_t)intake_lacking_bytes(intake);
}

static void take_office(const struct head_office *office, struct numbers *out)
{
	out->has_office = head_office_is_configured(office);
	out->down_ms = head_office_down_ms(office, clock_mono());
	out->is_connected = out->has_office && out->down_ms == 0;
	out->orders = *head_office_counters(office, &out->upstream);
}

void numbers_take(const struct count_sources *from, const char *store_path, struct numbers *out)
{
	const struct control_counters *control;
	int64_t used_bytes;
	int64_t total_bytes;

	out->at = clock_wall();
	out->in_doubt = clock_in_doubt();
	ledger_disk(store_path, &used_bytes, &total_bytes);
	out->disk_free_bytes = (uint64_t)(total_bytes - used_bytes);
	out->disk_bytes = (uint64_t)total_bytes;
	if (from->devices)
		take_devices(from->devices, out);
	if (from->reload)
		take_reload(from->reload, out);
	if (from->intake)
		take_intake(from->intake, out);
	if (from->office)
		take_office(from->office, out);
	if (from->staff) {
		out->staff = *staff_counters(from->staff, &control);
		out->control = *control;
	}
}
