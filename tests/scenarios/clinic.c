#include "clinic.h"

#include "ledger/gate.h"
#include "ledger/state.h"
#include "picture.h"
#include "wire/pack.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* --- names ------------------------------------------------------------------- */

struct id id_named(char kind, const char *name)
{
	struct id id = {.b = {(uint8_t)kind}};

	CP_CHECK(strlen(name) < NAME_BYTES);
	memcpy(id.b + 1, name, strlen(name));
	return id;
}

const char *name_of_id(char kind, const struct id *id, char out[NAME_BYTES])
{
	memcpy(out, id->b + 1, NAME_BYTES);
	if (id->b[0] != kind || out[NAME_BYTES - 1] != '\0')
		out[0] = '\0';
	return out;
}

void clinic_fail(struct clinic *clinic, const char *format, ...)
{
	va_list args;

	if (clinic_failed(clinic))
		return;
	va_start(args, format);
	vsnprintf(clinic->why, sizeof(clinic->why), format, args);
	va_end(args);
}

/* --- open and close ------------------------------------------------------------ */

static void read_zone(struct clinic *clinic, const char *name)
{
	char path[256];
	uint8_t bytes[64 * 1024];

	snprintf(clinic->zone_name, sizeof(clinic->zone_name), "%s", name);
	snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", name);
	FILE *file = fopen(path, "rb");
	if (!file) {
		clinic_fail(clinic, "no time zone %s", name);
		return;
	}
	size_t len = fread(bytes, 1, sizeof(bytes), file);
	fclose(file);
	if (zone_parse(&clinic->zone, slice_of(bytes, len)))
		clinic_fail(clinic, "%s: %s", path, clinic->zone.bad);
}

/* All the clocks of the box. */
static struct clock_reading read_clocks(const struct clinic *clinic)
{
	return (struct clock_reading){
	    .is_taken = true,
	    .since_boot = clinic->now - clinic->box_booted_at,
	    .wall = clinic->now + clinic->box_off_ms,
	    .is_synced = !clinic->has_no_ntp,
	};
}

static void open_ledger(struct clinic *clinic)
{
	char why[256];
	struct ledger_config config = {
	    .path = clinic->path,
	    .site = "ber",
	    .timezone = clinic->zone_name,
	    .version = clinic->version,
	    .policy = policy_default(&clinic->zone),
	    .clock = {.boot = {.b = {'b', clinic->box_boot}}, .reading = read_clocks(clinic)},
	};

	if (ledger_open(&config, config.clock.reading.wall, &clinic->ledger, why))
		clinic_fail(clinic, "the ledger does not open: %s", why);
}

void clinic_open_store(struct clinic *clinic, const char *zone_name, const char *path,
    const char *version, wall_ms now)
{
	*clinic = (struct clinic){
	    .now = now,
	    .next_wake = path ? now : TIME_NEVER,
	    .path = path,
	    .version = version,
	};
	read_zone(clinic, zone_name);
	clinic->batch = batch_new();
	CP_CHECK(clinic->batch);
	arena_init(&clinic->arena, 16 * 1024, 4 << 20);
	open_ledger(clinic);
}

void clinic_restart(struct clinic *clinic)
{
	if (!clinic->path) {
		clinic_fail(clinic, "nothing is left of what is in memory only");
		return;
	}
	ledger_close(clinic->ledger);
	open_ledger(clinic);
	clinic->next_wake = clinic->now;
	clinic_advance(clinic, clinic->now);
}

void clinic_reboot_box(struct clinic *clinic)
{
	clinic->box_boot++;
	clinic->box_booted_at = clinic->now;
	clinic_restart(clinic);
}

void clinic_open(struct clinic *clinic, const char *zone_name)
{
	clinic_open_store(clinic, zone_name, NULL, "1", 0);
}

static void free_messages(struct message *message)
{
	while (message) {
		struct message *next = message->next;
		free(message);
		message = next;
	}
}

const char *clinic_place(void)
{
	const char *told = getenv("TMPDIR");

	if (told)
		return told;
	return access("/dev/shm", W_OK) == 0 ? "/dev/shm" : P_tmpdir;
}

void clinic_close(struct clinic *clinic)
{
	for (size_t i = 0; i < clinic->device_count; i++) {
		free_messages(clinic->devices[i].kept);
		free(clinic->devices[i].last);
	}
	ledger_close(clinic->ledger);
	batch_free(clinic->batch);
	arena_deinit(&clinic->arena);
	zone_deinit(&clinic->zone);
}

/* --- the ledger ------------------------------------------------------------------ */

/* What the ledger took the time for: in doubt it goes on counting. */
static wall_ms time_told(const struct clinic *clinic)
{
	const struct clock_reading *clock = &clinic->batch->clock;
	int64_t assumed = ledger_assumed_offset(clinic->ledger);

	return assumed == TIME_NEVER ? clock->wall : clock->since_boot + assumed;
}

static void apply(struct clinic *clinic)
{
	clinic->batch->clock = read_clocks(clinic);
	if (ledger_apply(clinic->ledger, clinic->batch, clinic->batch->clock.wall)) {
		clinic_fail(clinic, "the ledger failed: %s", ledger_error(clinic->ledger));
		return;
	}
	clinic->told = time_told(clinic);
	clinic->next_wake = clinic->batch->next_wake;
	if (clinic->next_wake != TIME_NEVER)
		clinic->next_wake += clinic->now - clinic->told;
	picture_downs(clinic);
}

#define WAKES_MAX 100

void clinic_advance(struct clinic *clinic, wall_ms to)
{
	unsigned wakes = 0; /* without time going on: the careful way takes a few */

	if (to < clinic->now)
		clinic_fail(clinic, "time would go backwards");
	while (!clinic->is_asleep && clinic->skip_count == 0 && clinic->next_wake <= to &&
	       !clinic_failed(clinic)) {
		if (clinic->next_wake > clinic->now) {
			clinic->now = clinic->next_wake;
			wakes = 0;
		}
		batch_reset(clinic->batch);
		apply(clinic);
		if (clinic->next_wake <= clinic->now && ++wakes == WAKES_MAX)
			clinic_fail(clinic, "the ledger wants to be woken without end");
	}
	clinic->now = to;
}

/* Head office has taken everything but alerts, of which the stories tell. */
static void take_states(struct clinic *clinic)
{
	struct db_rows rows = db_query(&clinic->ledger->db,
	    "SELECT kind, n FROM outbox WHERE kind != ?", "i", (int64_t)OUTBOX_ALERT);

	while (db_next(&rows))
		if (!batch_add_done(
		        clinic->batch, (unsigned)db_int(&rows, 0), (uint64_t)db_int(&rows, 1)))
			clinic_fail(clinic, "out of memory for what is acknowledged");
}

void clinic_look(struct clinic *clinic, const struct watch_look *look)
{
	batch_reset(clinic->batch);
	if (look->has_head_office && look->down_ms == 0)
		take_states(clinic);
	clinic->batch->look = *look;
	apply(clinic);
}

enum acknowledge_answer clinic_acknowledge(struct clinic *clinic, const struct acknowledge *wish)
{
	batch_reset(clinic->batch);
	clinic->batch->acknowledges[clinic->batch->acknowledge_count++] = *wish;
	apply(clinic);
	return clinic->batch->acknowledges[0].answer;
}

void clinic_sleep(struct clinic *clinic)
{
	clinic->is_asleep = true;
}

void clinic_wake(struct clinic *clinic)
{
	clinic->is_asleep = false;
	clinic_advance(clinic, clinic->now);
}

void clinic_listen(struct clinic *clinic)
{
	clinic->said[0] = '\0';
}

void clinic_say(struct clinic *clinic, const char *format, ...)
{
	size_t len = strlen(clinic->said);
	va_list args;

	if (len > 0)
		len += (size_t)snprintf(clinic->said + len, sizeof(clinic->said) - len, "; ");
	va_start(args, format);
	vsnprintf(clinic->said + len, sizeof(clinic->said) - len, format, args);
	va_end(args);
}

/* --- devices ---------------------------------------------------------------------- */

struct device *clinic_device(struct clinic *clinic, const char *name)
{
	for (size_t i = 0; i < clinic->device_count; i++)
		if (strcmp(clinic->devices[i].name, name) == 0)
			return &clinic->devices[i];
	if (!strchr("PSRDT", name[0]) || strlen(name) >= NAME_BYTES ||
	    clinic->device_count == CLINIC_DEVICES_MAX) {
		clinic_fail(clinic, "%s is no device", name);
		return NULL;
	}
	struct device *device = &clinic->devices[clinic->device_count++];
	*device = (struct device){.id = id_named(ID_DEVICE, name), .booted_at = clinic->now};
	device->boot = 1;
	snprintf(device->name, sizeof(device->name), "%s", name);
	return device;
}

static struct message *pack(const ProtobufCMessage *protobuf)
{
	size_t len = protobuf_c_message_get_packed_size(protobuf);
	struct message *message = malloc(sizeof(*message) + len);

	CP_CHECK(message);
	message->next = NULL;
	message->len_bytes = protobuf_c_message_pack(protobuf, message->bytes);
	return message;
}

/* What the gate holds against a message is said, so that a scenario must expect it. */
static void listen_to_gate(struct clinic *clinic, const struct batch_entry *entry)
{
	static const char *const words[] = {
	    [READING_RANGE] = "withheld",
	    [READING_PARKED] = "parked",
	    [READING_PRIVACY] = "refused",
	    [READING_FOREIGN] = "refused",
	};

	if (entry->gate == READING_NOMEM)
		clinic_fail(clinic, "the message is too large for the gate");
	else if (entry->gate != READING_OK)
		clinic_say(clinic, "%s %s", words[entry->gate], entry->why);
}

static void record(struct clinic *clinic, const struct device *device, struct slice payload)
{
	static const Carepace__V1__DeviceKind kinds[] = {
	    ['P'] = CAREPACE__V1__DEVICE_KIND__DEVICE_PEN,
	    ['S'] = CAREPACE__V1__DEVICE_KIND__DEVICE_STAMP,
	    ['R'] = CAREPACE__V1__DEVICE_KIND__DEVICE_RF,
	    ['D'] = CAREPACE__V1__DEVICE_KIND__DEVICE_ROLLER,
	    ['T'] = CAREPACE__V1__DEVICE_KIND__DEVICE_TABLET,
	};
	struct log_entry entry = {
	    .received_ms = clinic->now, .is_order = !device, .payload = payload};

	if (device) {
		entry.device = device->id;
		entry.kind = kinds[(size_t)device->name[0]];
	}
	if (log_put_entry(clinic->log, &entry))
		clinic_fail(clinic, "no room in the log");
}

/* Every message is a batch of its own. A device is NULL for head office. */
static void deliver(
    struct clinic *clinic, const struct device *device, const struct message *message)
{
	if (clinic_failed(clinic))
		return;
	if (clinic->skip_count > 0) {
		clinic->skip_count--;
		clinic->delivered_count++;
		return;
	}
	batch_reset(clinic->batch);
	struct slice payload = slice_of(message->bytes, message->len_bytes);
	if (clinic->log)
		record(clinic, device, payload);
	wall_ms recv = clinic->now - clinic->box_booted_at;
	struct batch_entry *entry = device ? gate_take_device(clinic->batch, payload, &device->id,
	                                         device->name[0] == 'T', recv)
	                                   : gate_take_order(clinic->batch, payload, recv);
	listen_to_gate(clinic, entry);
	bool is_read = entry->what == BATCH_READING;
	apply(clinic);
	if (is_read && entry->what == BATCH_PARK)
		clinic_say(clinic, "parked %s", entry->why);
	clinic->delivered_count++;
}

void clinic_stamp(struct device *device, Carepace__V1__Up *up, wall_ms at)
{
	up->source = (ProtobufCBinaryData){.len = ID_BYTES, .data = device->id.b};
	up->boot = device->boot;
	up->seq = ++device->seq;
	up->ts_ms = at + device->clock_off_ms;
	up->mono_ms = (uint64_t)(at - device->booted_at);
	up->has_replay = up->replay = device->is_replay;
}

static void remember(struct device *device, const Carepace__V1__Up *up)
{
	if (up->body_case == CAREPACE__V1__UP__BODY_SESSION_START) {
		uint32_t zones = up->session_start->zones;
		device->zone = zones ? (Carepace__V1__Zone)__builtin_ctz(zones) : 0;
		device->depth_um = up->session_start->preset_depth_um;
	} else if (up->body_case == CAREPACE__V1__UP__BODY_PARAM) {
		device->zone = up->param->has_zone ? up->param->zone : device->zone;
		device->depth_um = up->param->has_depth_um ? up->param->depth_um : device->depth_um;
	}
}

void clinic_send(struct clinic *clinic, struct device *device, const Carepace__V1__Up *up)
{
	struct message *message = pack(&up->base);

	remember(device, up);
	if (device->is_away) {
		message->next = device->kept;
		device->kept = message;
		return;
	}
	deliver(clinic, device, message);
	free(device->last);
	device->last = message;
}

void clinic_reboot(struct clinic *clinic, struct device *device)
{
	device->boot++;
	device->seq = 0;
	device->booted_at = clinic->now;
}

void clinic_repeat(struct clinic *clinic, struct device *device)
{
	if (!device->last)
		clinic_fail(clinic, "%s has sent nothing yet", device->name);
	else
		deliver(clinic, device, device->last);
}

static struct message *reversed(struct message *message)
{
	struct message *result = NULL;

	while (message) {
		struct message *next = message->next;
		message->next = result;
		result = message;
		message = next;
	}
	return result;
}

void clinic_return(struct clinic *clinic, struct device *device, bool is_backwards)
{
	struct message *messages = is_backwards ? device->kept : reversed(device->kept);

	device->kept = NULL;
	device->is_away = device->is_replay = false;
	for (struct message *message = messages; message; message = message->next)
		deliver(clinic, device, message);
	free_messages(messages);
}

void clinic_order(struct clinic *clinic, Carepace__V1__Order *order)
{
	order->hq_epoch = 1;
	order->n = ++clinic->order_count;
	if (order->revision == 0)
		order->revision = order->n;

	struct message *message = pack(&order->base);
	deliver(clinic, NULL, message);
	free(message);
}
