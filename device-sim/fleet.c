#include "fleet.h"

#include "clock.h"
#include "device.h"
#include "orders.h"
#include "pki/file.h"
#include "state.h"

#include <stdlib.h>

#define REGISTRY_FILE "registry"
#define CA_FILE "ca.pem"
#define SESSION_REAL_MS (30 * MS_PER_MINUTE)
#define LATE_FROM_DEVICES 3 /* fewer, and nobody is left to tell stories */
/* Answers to two windows and to what else is asked of a connection, and as much
 * again for what the gateway sends. */
#define EVENTS_PER_DEVICE (2 * (2 * DEVICE_WINDOW + 24))
#define EVENTS_PER_TURN 256
#define TURN_MAX_MS 200 /* a signal is seen after so long at the latest */
#define DISCONNECT_WAIT_MS 2000
#define CART_YEARS 2

struct fleet {
	const struct options *options;
	struct plan plan;
	struct report report;
	struct world world;
	struct registry *registry;
	struct inbox *inbox;
	struct device *devices;
	size_t count; /* of those that were initialised */
	const struct registry_entry **members;
	size_t member_count;
};

/* --- who takes part ---------------------------------------------------------- */

static bool is_member(const struct fleet *fleet, const struct id *device)
{
	for (size_t i = 0; i < fleet->member_count; i++) {
		if (id_eq(&fleet->members[i]->device, device))
			return true;
	}
	return false;
}

/* The first so many; a renewed device has two lines and takes part once. */
static void pick(struct fleet *fleet, bool want_tablets, size_t max)
{
	size_t picked = 0;

	for (size_t i = 0; i < registry_count(fleet->registry) && picked < max; i++) {
		const struct registry_entry *entry = registry_at(fleet->registry, i);

		if (entry->is_revoked || (entry->kind == PKI_TABLET) != want_tablets ||
		    is_member(fleet, &entry->device))
			continue;
		fleet->members[fleet->member_count++] = entry;
		picked++;
	}
}

/* The tablet comes last: the plan counts the others from 0. */
static enum cp_err pick_members(struct fleet *fleet, const char *path, struct pki_error *error)
{
	size_t wanted = fleet->options->devices;
	size_t max = registry_count(fleet->registry);

	/* NOLINTNEXTLINE(bugprone-sizeof-expression): pointers is what it holds */
	fleet->members = calloc(max + 1, sizeof(*fleet->members));
	if (!fleet->members)
		return pki_fail(error, CP_NOMEM, "no memory for %zu devices", max);
	pick(fleet, true, 1);
	size_t tablets = fleet->member_count;
	const struct registry_entry *tablet = fleet->members[0];

	fleet->member_count = 0;
	pick(fleet, false, wanted ? wanted - (wanted > 1 ? tablets : 0) : max);
	if (fleet->member_count == 0)
		return pki_fail(error, CP_CONFIG, "%s: no device in it that treats", path);
	size_t treating = fleet->member_count;

	if (tablets && wanted != 1)
		fleet->members[fleet->member_count++] = tablet;
	if (wanted > fleet->member_count)
		return pki_fail(error, CP_CONFIG,
		    "--devices: expected at most %zu, as %s has, found %zu", fleet->member_count,
		    path, wanted);
	fleet->plan.device_count = treating;
	return CP_OK;
}

/* A roller, because cartridges of rollers are judged by other rules and the late
 * device has only a plain session of today. */
static size_t late_device(const struct fleet *fleet)
{
	size_t count = fleet->plan.device_count;

	if (count < LATE_FROM_DEVICES)
		return PLAN_NO_DEVICE;
	for (size_t i = 0; i < count; i++) {
		const struct registry_entry *member = fleet->members[i];
		if (member && member->kind == PKI_ROLLER)
			return i;
	}
	return count - 1;
}

static enum cp_err make_plan(struct fleet *fleet, struct pki_error *error)
{
	const struct options *options = fleet->options;
	struct visit first;

	fleet->plan.seed = options->seed;
	fleet->plan.run = options->run ? options->run : (uint64_t)fleet->world.started_at;
	fleet->plan.late = late_device(fleet);
	fleet->plan.length_ms = options->seconds * MS_PER_SECOND;
	fleet->plan.session_ms = SESSION_REAL_MS / options->speed;
	fleet->plan.expiry_yyyymmdd = clock_year_end(fleet->world.started_at, CART_YEARS);
	if (!plan_visit(&fleet->plan, fleet->plan.late == 0, 0, &first))
		return pki_fail(error, CP_CONFIG,
		    "--seconds: expected room for a session of %lld s and its preparation, found "
		    "%u",
		    (long long)(fleet->plan.session_ms / MS_PER_SECOND),
		    (unsigned)options->seconds);
	return CP_OK;
}

/* --- opening ------------------------------------------------------------------ */

static enum cp_err open_transport(
    struct fleet *fleet, size_t index, struct transport **out, struct pki_error *error)
{
	const struct options *options = fleet->options;
	char ca[PATH_MAX], devices[PATH_MAX], cert[PATH_MAX], key[PATH_MAX];
	char hex[ID_HEX_LEN + 1], name[ID_HEX_LEN + 8];
	enum cp_err err = file_join(ca, options->pki_dir, CA_FILE, error);

	id_hex(&fleet->members[index]->device, hex);
	if (!err)
		err = file_join(devices, options->pki_dir, "devices", error);
	(void)snprintf(name, sizeof(name), "%s.pem", hex);
	if (!err)
		err = file_join(cert, devices, name, error);
	(void)snprintf(name, sizeof(name), "%s.key", hex);
	if (!err)
		err = file_join(key, devices, name, error);
	if (err)
		return err;
	struct transport_config config = {
	    .host = options->host,
	    .port = options->port,
	    .client_id = hex,
	    .ca_path = ca,
	    .cert_path = cert,
	    .key_path = key,
	    .is_mqtt5 = index % 2 == 1,
	    .qos = options->qos == QOS_MIXED ? (uint8_t)(index % 3) : options->qos,
	    .inbox = fleet->inbox,
	    .device = index,
	};

	err = transport_new(&config, out);
	return err ? pki_fail(error, err, "no MQTT client for %s", hex) : CP_OK;
}

/* The number of this start is on disk before anything bears it. */
static enum cp_err open_device(struct fleet *fleet, size_t index, struct pki_error *error)
{
	const struct registry_entry *entry = fleet->members[index];
	const char *state_dir = fleet->options->state_dir;
	struct device_memory memory;
	struct device_config config = {
	    .id = entry->device,
	    .name = entry->name,
	    .kind = entry->kind,
	    .plan_index = entry->kind == PKI_TABLET ? PLAN_NO_DEVICE : index,
	};
	enum cp_err err = state_load(state_dir, &entry->device, &memory, error);

	if (err)
		return err;
	err = open_transport(fleet, index, &config.transport, error);
	if (err)
		return err;
	config.last_boot = memory.last_boot;
	config.last_seen_at = memory.last_seen_at;
	device_init(&fleet->devices[index], &fleet->world, &config);
	fleet->count++;
	memory.last_boot = fleet->devices[index].boot;
	memory.last_seen_at = fleet->world.started_at + fleet->plan.length_ms;
	return state_save(state_dir, &entry->device, &memory, error);
}

static enum cp_err open_devices(struct fleet *fleet, struct pki_error *error)
{
	fleet->devices = calloc(fleet->member_count + 1, sizeof(*fleet->devices));
	if (!fleet->devices)
		return pki_fail(error, CP_NOMEM, "no memory for %zu devices", fleet->member_count);
	enum cp_err err = inbox_new(fleet->member_count * EVENTS_PER_DEVICE, &fleet->inbox);

	if (err)
		return pki_fail(error, err, "no memory for %zu devices", fleet->member_count);
	for (size_t i = 0; i < fleet->member_count && !err; i++)
		err = open_device(fleet, i, error);
	if (!err && fleet->members[fleet->member_count - 1]->kind == PKI_TABLET)
		fleet->world.tablet = &fleet->devices[fleet->member_count - 1];
	fleet->report.devices = fleet->member_count;
	return err;
}

/* Who takes part, and what they will do. */
static enum cp_err open_plan(struct fleet *fleet, struct pki_error *error)
{
	char registry_path[PATH_MAX];
	enum cp_err err = file_join(registry_path, fleet->options->pki_dir, REGISTRY_FILE, error);

	if (!err)
		err = registry_load(registry_path, &fleet->registry, error);
	if (!err)
		err = pick_members(fleet, registry_path, error);
	return err ? err : make_plan(fleet, error);
}

static enum cp_err open_fleet(struct fleet *fleet, struct pki_error *error)
{
	const struct options *options = fleet->options;
	enum cp_err err = report_open(&fleet->report, options->is_json, options->acked_path);

	if (err)
		return pki_fail(error, err, "--acked: cannot write %s: %m", options->acked_path);
	err = open_plan(fleet, error);
	if (!err)
		err = file_make_dir(options->state_dir, error);
	return err ? err : open_devices(fleet, error);
}

static struct fleet *allocate(const struct options *options)
{
	struct fleet *fleet = calloc(1, sizeof(*fleet));

	if (!fleet)
		return NULL;
	fleet->options = options;
	fleet->world = (struct world){
	    .plan = &fleet->plan,
	    .report = &fleet->report,
	    .site = options->site,
	    .started_at = clock_wall(),
	};
	return fleet;
}

enum cp_err fleet_write_orders(const struct options *options, struct pki_error *error)
{
	struct fleet *fleet = allocate(options);

	if (!fleet)
		return pki_fail(error, CP_NOMEM, "no memory");
	enum cp_err err = open_plan(fleet, error);

	if (!err)
		err = orders_write(&fleet->plan, fleet->members, options->site,
		    fleet->world.started_at, options->orders_dir, error);
	fleet_free(fleet);
	return err;
}

enum cp_err fleet_new(const struct options *options, struct fleet **out, struct pki_error *error)
{
	struct fleet *fleet = allocate(options);

	if (!fleet)
		return pki_fail(error, CP_NOMEM, "no memory");
	transport_library_init();
	enum cp_err err = open_fleet(fleet, error);

	if (err) {
		fleet_free(fleet);
		return err;
	}
	*out = fleet;
	return CP_OK;
}

void fleet_free(struct fleet *fleet)
{
	if (!fleet)
		return;
	for (size_t i = 0; i < fleet->count; i++)
		device_deinit(&fleet->devices[i]);
	free(fleet->devices);
	inbox_free(fleet->inbox); /* no transport is left that could post */
	free(fleet->members);
	registry_free(fleet->registry);
	report_close(&fleet->report);
	free(fleet);
}

/* --- running ------------------------------------------------------------------ */

static mono_ms run_time(const struct fleet *fleet)
{
	return clock_mono() - fleet->world.started_mono;
}

/* One turn: what is due, then everything that has come, or a wait. */
static void turn(struct fleet *fleet)
{
	mono_ms now = run_time(fleet);
	mono_ms next = now + TURN_MAX_MS;
	struct event event;

	for (size_t i = 0; i < fleet->count; i++) {
		device_tick(&fleet->devices[i], now);
		mono_ms due = device_next_ms(&fleet->devices[i]);
		next = due < next ? due : next;
	}
	mono_ms until = fleet->world.started_mono + next;

	for (int i = 0; i < EVENTS_PER_TURN && inbox_take(fleet->inbox, until, &event); i++) {
		device_event(
		    &fleet->devices[event.device], &event, event.at - fleet->world.started_mono);
		until = 0; /* what else is there, but without waiting */
	}
}

static bool is_drained(const struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++) {
		if (!device_is_done(&fleet->devices[i]))
			return false;
	}
	return true;
}

static bool is_disconnected(const struct fleet *fleet)
{
	for (size_t i = 0; i < fleet->count; i++) {
		if (fleet->devices[i].link != LINK_OFF)
			return false;
	}
	return true;
}

static void disconnect(struct fleet *fleet)
{
	mono_ms give_up_at = run_time(fleet) + DISCONNECT_WAIT_MS;

	for (size_t i = 0; i < fleet->count; i++)
		(void)device_disconnect(&fleet->devices[i]);
	while (!is_disconnected(fleet) && run_time(fleet) < give_up_at)
		turn(fleet);
}

bool fleet_run(struct fleet *fleet, const volatile sig_atomic_t *stop)
{
	fleet->world.started_mono = clock_mono();
	while (run_time(fleet) < fleet->plan.length_ms && !*stop)
		turn(fleet);
	int stops = *stop;
	mono_ms now = run_time(fleet);

	for (size_t i = 0; i < fleet->count; i++)
		device_stop(&fleet->devices[i], now);
	mono_ms give_up_at = now + fleet->options->grace_s * MS_PER_SECOND;

	while (!is_drained(fleet) && run_time(fleet) < give_up_at && *stop == stops)
		turn(fleet);
	disconnect(fleet);
	report_summary(&fleet->report, clock_wall());
	return report_missing(&fleet->report) == 0 && fleet->report.not_recorded == 0;
}
