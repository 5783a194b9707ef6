#include "shell/gateway.h"

#include "io/clock.h"
#include "io/failures.h"
#include "io/folder.h"
#include "io/log.h"
#include "io/systemd.h"
#include "io/tzfile.h"
#include "ledger/view/view.h"
#include "shell/counts.h"
#include "shell/heartbeat.h"
#include "shell/reload.h"
#include "shell/staff.h"
#include "shell/store_rest.h"
#include "shell/store_start.h"
#include "shell/watchman.h"
#include "shell/web.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define TICK_MS 5000 /* status line, suppressed log lines, a look at itself */
#define SECOND_MS 1000

struct gateway {
	const char *config_path;
	struct config *config; /* in force: a reload changes its content */
	char store_file[512];
	struct zone zone;
	char tzdata[TZFILE_VERSION_BYTES];
	char ticket_keys[512];
	struct reload *reload;
	struct ledger *ledger; /* until intake has it */
	struct intake *intake;
	struct roster roster;
	struct devices *devices;
	struct head_office *office;
	struct staff *staff;
	struct web *web;
	int lock; /* on the store's folder */
	uv_loop_t loop;
	uv_signal_t on_term;
	uv_signal_t on_int;
	uv_signal_t on_usr1;
	uv_signal_t on_hup;
	uv_timer_t tick;
	uv_timer_t second;
	struct heartbeat heartbeat;
	wall_ms full_since; /* the disk */
	mono_ms expiry_said_at;
	mono_ms started_at;                 /* since the box started: that clock is never set */
	char resting[STORE_REST_WHY_BYTES]; /* why the store is not opened; "": nothing is wrong */
	struct histogram lateness;
	int64_t second_at_us; /* when the timer fired last; 0: never */
	bool is_stopping;
	int status;
};

/* --- stop -------------------------------------------------------------------------- */

static struct count_sources sources(const struct gateway *gateway)
{
	return (struct count_sources){
	    .devices = gateway->devices,
	    .reload = gateway->reload,
	    .intake = gateway->intake,
	    .office = gateway->office,
	    .staff = gateway->staff,
	};
}

static void log_counts(const struct gateway *gateway)
{
	struct count_sources from = sources(gateway);
	char line[COUNTS_LINE_BYTES];

	if (gateway->devices)
		log_notice("%s", counts_line(&from, line));
}

static void on_devices_closed(void *ctx)
{
	struct gateway *gateway = ctx;

	gateway->devices = NULL;
	uv_stop(&gateway->loop);
}

static void stop(struct gateway *gateway, int status)
{
	if (gateway->is_stopping)
		return;
	gateway->is_stopping = true;
	gateway->status = status;
	systemd_stopping();
	log_counts(gateway);
	if (gateway->devices)
		devices_close(gateway->devices, on_devices_closed, gateway);
	else
		uv_stop(&gateway->loop);
}

static void on_usr1(uv_signal_t *signal, int number)
{
	(void)number;
	log_counts(signal->data);
}

static void on_hup(uv_signal_t *signal, int number)
{
	struct gateway *gateway = signal->data;

	(void)number;
	if (!gateway->devices || gateway->is_stopping)
		return;
	reload_all(gateway->reload);
}

static void on_signal(uv_signal_t *signal, int number)
{
	log_notice("stopping: signal %d", number);
	stop(signal->data, GATEWAY_STOPPED);
}

/* --- the loop's events ----------------------------------------------------------------- */

static void on_settled(void *ctx, const struct batch *batch)
{
	struct gateway *gateway = ctx;

	if (gateway->devices)
		devices_settled(gateway->devices, batch);
	head_office_settled(gateway->office, batch);
	staff_settled(gateway->staff, batch);
	reload_settled(gateway->reload, batch);
	if (batch->unjudged)
		log_error(
		    "%u readings or subjects ended the program twice while they were judged and "
		    "were "
		    "set aside; the rest goes on. Please report this to the maker; they are judged "
		    "again by the next version",
		    batch->unjudged);
}

static void say_status(const struct gateway *gateway)
{
	if (!gateway->devices)
		return;
	const struct devices_counters *n = devices_counters(gateway->devices);
	systemd_status("%s%zu devices connected, %" PRIu64 " messages stored, %" PRIu64
	               " duplicates, %" PRIu64 " parked",
	    intake_lacking_bytes(gateway->intake) ? "DISK FULL, devices wait: " : "",
	    devices_count(gateway->devices), n->stored, n->duplicates, n->parked);
}

/* P11: a sentence when it begins, one when it is over. */
static void on_room_changed(void *ctx, int64_t lacking_bytes)
{
	struct gateway *gateway = ctx;
	char full[LEDGER_FULL_BYTES];
	wall_ms now = clock_wall();

	if (lacking_bytes) {
		gateway->full_since = now;
		log_event(DISK_FULL,
		    "%s. Until then devices keep their messages and wait, nothing is "
		    "acknowledged; what is stored still goes to head office. Carepace goes "
		    "on by itself when there is room",
		    ledger_full_text(full, lacking_bytes, gateway->config->store.path));
	} else {
		log_event(DISK_HAS_ROOM,
		    "the disk of %s has room again after %" PRId64 " s: devices are served",
		    gateway->config->store.path, (now - gateway->full_since) / MS_PER_SECOND);
	}
	say_status(gateway);
}

static void on_room(void *ctx)
{
	struct gateway *gateway = ctx;

	if (gateway->devices)
		devices_has_room(gateway->devices);
	head_office_has_room(gateway->office);
}

static void on_store_failed(void *ctx, enum cp_err err)
{
	(void)err; /* the ledger's thread has logged it */
	stop(ctx, GATEWAY_STORE);
}

static void look_around(struct gateway *gateway)
{
	const struct watchman watchman = {
	    .intake = gateway->intake,
	    .office = gateway->office,
	    .reload = gateway->reload,
	    .store_path = gateway->config->store.path,
	    .expiry_said_at = &gateway->expiry_said_at,
	};

	if (gateway->devices && !gateway->is_stopping)
		watchman_look(&watchman);
}

static void on_tick(uv_timer_t *timer)
{
	log_tick();
	say_status(timer->data);
	look_around(timer->data);
}

/* The timer is armed anew a second after it fired, so lateness does not add up. */
static void measure_lateness(struct gateway *gateway)
{
	int64_t now_us = clock_mono_us();
	int64_t late_us = now_us - gateway->second_at_us - SECOND_MS * 1000;

	if (gateway->second_at_us)
		histogram_add(&gateway->lateness, late_us > 0 ? late_us : 0);
	gateway->second_at_us = now_us;
}

static void on_second(uv_timer_t *timer)
{
	struct gateway *gateway = timer->data;

	measure_lateness(gateway);
	if (gateway->devices)
		devices_tick(gateway->devices);
}

/* --- for programs that watch ----------------------------------------------------------- */

/* "" when devices are served. Head office has no part in it. */
static void say_why_not(const struct gateway *gateway, char out[NUMBERS_SENTENCE_BYTES])
{
	const char *store = gateway->config->store.path;
	char full[LEDGER_FULL_BYTES];
	int64_t lacking_bytes = gateway->intake ? intake_lacking_bytes(gateway->intake) : 0;

	out[0] = '\0';
	if (gateway->is_stopping)
		snprintf(out, NUMBERS_SENTENCE_BYTES, "The gateway is stopping.");
	else if (gateway->resting[0])
		snprintf(out, NUMBERS_SENTENCE_BYTES, "Not serving: %s.", gateway->resting);
	else if (!gateway->devices)
		snprintf(out, NUMBERS_SENTENCE_BYTES, "The gateway is starting.");
	else if (lacking_bytes)
		snprintf(out, NUMBERS_SENTENCE_BYTES,
		    "Not serving: %s; until then devices keep their messages and wait.",
		    ledger_full_text(full, lacking_bytes, store));
}

static void take_numbers(void *ctx, struct numbers *out)
{
	const struct gateway *gateway = ctx;
	struct count_sources from = sources(gateway);

	numbers_take(&from, gateway->config->store.path, out);
	out->started_at = out->at - (clock_since_boot() - gateway->started_at);
	out->lateness = gateway->lateness;
	say_why_not(gateway, out->why_not);
	out->is_ready = out->why_not[0] == '\0';
}

/* --- open ---------------------------------------------------------------------------------- */

/* Before the two get into each other's way anywhere else. */
static int look_for_another(struct gateway *gateway)
{
	return store_is_taken(&gateway->config->store) ? GATEWAY_CONFIG : 0;
}

static int open_store(struct gateway *gateway)
{
	const struct store_terms terms = {
	    .loop = &gateway->loop,
	    .config = gateway->config,
	    .file = gateway->store_file,
	    .zone = &gateway->zone,
	    .tzdata = tzfile_version(gateway->tzdata) ? gateway->tzdata : NULL,
	    .is_stopping = &gateway->is_stopping,
	};
	int status = store_start(&terms, &gateway->lock, gateway->resting, &gateway->ledger);

	if (status || !gateway->ledger)
		return status;
	enum cp_err err = devices_remember(gateway->ledger, &gateway->roster);
	if (err)
		log_error("cannot read what the store knows of devices: %s", cp_err_text(err));
	return err ? GATEWAY_STORE : 0;
}

/* As a configuration has it, in force or not yet. */
static struct devices_config devices_of(struct gateway *gateway, const struct config *config)
{
	struct devices_config devices = devices_config_of(config);

	devices.tls = reload_tls(gateway->reload);
	devices.roster = &gateway->roster;
	return devices;
}

static int open_devices(struct gateway *gateway)
{
	struct devices_config config = devices_of(gateway, gateway->config);

	if (systemd_take_socket(&config.place.fd))
		return GATEWAY_CONFIG;
	/* The listener has said why. */
	return devices_open(&gateway->loop, &config, gateway->intake, &gateway->devices)
	           ? GATEWAY_CONFIG
	           : 0;
}

static int open_intake(struct gateway *gateway)
{
	static const struct intake_ops ops = {
	    .settled = on_settled,
	    .room_changed = on_room_changed,
	    .has_room = on_room,
	    .failed = on_store_failed,
	};
	struct ledger *ledger = gateway->ledger;

	gateway->ledger = NULL; /* intake's from here on, also on an error */
	return intake_open(&gateway->loop, ledger, &ops, gateway, &gateway->intake)
	           ? GATEWAY_UNAVAILABLE
	           : 0;
}

/* Without it devices are served all the same; control_open() has said it. */
static int open_staff(struct gateway *gateway)
{
	enum cp_err err = staff_open(&gateway->loop, gateway->config->store.path, gateway->intake,
	    take_numbers, gateway, &gateway->staff);

	return err == CP_NOMEM ? GATEWAY_UNAVAILABLE : 0;
}

/* First of all: it says why nothing else is there yet. Without it devices are served all the
 * same; web_open() has said it. */
static int open_web(struct gateway *gateway)
{
	enum cp_err err = web_open(&gateway->loop, &gateway->config->http, gateway->store_file,
	    take_numbers, gateway, &gateway->web);

	return err == CP_NOMEM ? GATEWAY_UNAVAILABLE : 0;
}

static int open_head_office(struct gateway *gateway)
{
	if (head_office_open(&gateway->loop, gateway->config, gateway->store_file, gateway->intake,
	        &gateway->office) == CP_OK)
		return 0;
	log_error("cannot start the connection to head office: out of memory");
	return GATEWAY_UNAVAILABLE;
}

/* --- reload ------------------------------------------------------------------------------- */

static void on_renewed(void *ctx, struct tls_config *tls)
{
	struct gateway *gateway = ctx;

	if (gateway->devices && !gateway->is_stopping)
		devices_set_tls(gateway->devices, tls);
}

static enum cp_err on_prepare(void *ctx, const struct config *next)
{
	struct gateway *gateway = ctx;
	struct devices_config devices = devices_of(gateway, next);

	if (!gateway->devices || gateway->is_stopping)
		return CP_BUSY;
	return devices_prepare(gateway->devices, &devices);
}

static void on_abandon(void *ctx)
{
	struct gateway *gateway = ctx;

	if (gateway->devices && !gateway->is_stopping)
		devices_abandon(gateway->devices);
}

static void on_judge(void *ctx, const struct own_policy *own)
{
	struct gateway *gateway = ctx;

	intake_batch(gateway->intake)->own = *own;
	intake_added(gateway->intake, true);
}

static void on_taken(void *ctx, struct tls_config *tls, bool has_new_head_office)
{
	struct gateway *gateway = ctx;

	log_set_level(gateway->config->log_level);
	if (!gateway->devices || gateway->is_stopping)
		return;
	struct devices_config devices = devices_of(gateway, gateway->config);
	devices_commit(gateway->devices, &devices);
	devices_set_tls(gateway->devices, tls);
	if (has_new_head_office)
		head_office_reconnect(gateway->office);
}

static int open_certificates(struct gateway *gateway)
{
	static const struct reload_ops ops = {
	    .renewed = on_renewed,
	    .prepare = on_prepare,
	    .abandon = on_abandon,
	    .judge = on_judge,
	    .taken = on_taken,
	};
	struct pki_error error;

	snprintf(gateway->ticket_keys, sizeof(gateway->ticket_keys), "%s/ticket.keys",
	    gateway->config->store.path);
	if (reload_open(&gateway->loop, gateway->config_path, gateway->config, gateway->ticket_keys,
	        &ops, gateway, &gateway->reload, &error) == CP_OK)
		return 0;
	log_error("cannot use the certificates: %s", error.text);
	return GATEWAY_CONFIG;
}

static void start_handles(struct gateway *gateway)
{
	signal(SIGPIPE, SIG_IGN); /* a write to a closed socket is an error code, not the end */
	uv_signal_init(&gateway->loop, &gateway->on_term);
	uv_signal_init(&gateway->loop, &gateway->on_int);
	uv_signal_init(&gateway->loop, &gateway->on_usr1);
	uv_signal_init(&gateway->loop, &gateway->on_hup);
	uv_timer_init(&gateway->loop, &gateway->tick);
	uv_timer_init(&gateway->loop, &gateway->second);
	gateway->on_term.data = gateway->on_int.data = gateway->on_usr1.data = gateway;
	gateway->on_hup.data = gateway;
	gateway->tick.data = gateway->second.data = gateway;
	uv_signal_start(&gateway->on_term, on_signal, SIGTERM);
	uv_signal_start(&gateway->on_int, on_signal, SIGINT);
	uv_signal_start(&gateway->on_usr1, on_usr1, SIGUSR1);
	uv_signal_start(&gateway->on_hup, on_hup, SIGHUP);
	uv_timer_start(&gateway->tick, on_tick, TICK_MS, TICK_MS);
	uv_timer_start(&gateway->second, on_second, SECOND_MS, SECOND_MS);
	heartbeat_start(&gateway->heartbeat, &gateway->loop);
}

static int open_all(struct gateway *gateway)
{
	enum cp_err err = tzfile_load(gateway->config->site.timezone, &gateway->zone);

	if (err) {
		log_error(
		    "cannot read the time zone %s: %s; check site.timezone and the package tzdata",
		    gateway->config->site.timezone, cp_err_text(err));
		return GATEWAY_CONFIG;
	}
	int (*const steps[])(struct gateway *) = {look_for_another, open_web, open_store,
	    open_certificates, open_intake, open_devices, open_head_office, open_staff};
	for (size_t i = 0; i < CP_COUNT(steps) && !gateway->is_stopping; i++) {
		int status = steps[i](gateway);
		if (status)
			return status;
	}
	return 0;
}

/* The handshake threads are missing: they compute, and hold nothing that others wait for. */
static void watch_threads(struct gateway *gateway)
{
	heartbeat_watch(&gateway->heartbeat, "the store", intake_answers, gateway->intake,
	    HEARTBEAT_STORE_BEATS);
	if (gateway->office)
		heartbeat_watch(&gateway->heartbeat, "head office", head_office_answers,
		    gateway->office, HEARTBEAT_OFFICE_BEATS);
	if (gateway->web)
		heartbeat_watch(&gateway->heartbeat, "health and metrics", web_answers,
		    gateway->web, HEARTBEAT_WEB_BEATS);
}

static void close_handles(struct gateway *gateway)
{
	uv_close((uv_handle_t *)&gateway->on_term, NULL);
	uv_close((uv_handle_t *)&gateway->on_int, NULL);
	uv_close((uv_handle_t *)&gateway->on_usr1, NULL);
	uv_close((uv_handle_t *)&gateway->on_hup, NULL);
	uv_close((uv_handle_t *)&gateway->tick, NULL);
	uv_close((uv_handle_t *)&gateway->second, NULL);
	uv_run(&gateway->loop, UV_RUN_DEFAULT);
}

/* In reverse; each part waits for its own. */
static void close_all(struct gateway *gateway)
{
	heartbeat_stop(&gateway->heartbeat);
	if (gateway->devices) {
		devices_close(gateway->devices, on_devices_closed, gateway);
		while (gateway->devices)
			uv_run(&gateway->loop, UV_RUN_ONCE);
	}
	web_close(gateway->web);
	staff_close(gateway->staff);
	roster_deinit(&gateway->roster);
	head_office_close(gateway->office);
	intake_close(gateway->intake);
	ledger_close(gateway->ledger);
	folder_release(gateway->lock);
	reload_close(gateway->reload);
	close_handles(gateway);
	CP_CHECK(uv_loop_close(&gateway->loop) == 0);
	zone_deinit(&gateway->zone);
}

int gateway_run(const char *config_path, struct config *config)
{
	struct gateway gateway = {.config_path = config_path,
	    .config = config,
	    .lock = -1,
	    .started_at = clock_since_boot()};

	snprintf(gateway.store_file, sizeof(gateway.store_file), "%s/" LEDGER_FILE_NAME,
	    config->store.path);
	roster_init(&gateway.roster);
	log_set_level(config->log_level);
	if (uv_loop_init(&gateway.loop)) {
		log_error("cannot make the event loop: out of memory or descriptors");
		return GATEWAY_UNAVAILABLE;
	}
	start_handles(&gateway);
	gateway.status = open_all(&gateway);
	if (gateway.status == 0 && !gateway.is_stopping) {
		log_event(LISTENING,
		    "carepace %s: site %s listens on %s port %u, store %s, %zu devices registered, "
		    "head office %s",
		    CAREPACE_VERSION, config->site.name, config->listener.address,
		    devices_port(gateway.devices), gateway.store_file,
		    tls_config_device_count(reload_tls(gateway.reload)),
		    config->upstream.server_count ? config->upstream.servers[0] : "not configured");
		watch_threads(&gateway);
		systemd_ready();
		uv_run(&gateway.loop, UV_RUN_DEFAULT);
	}
	if (gateway.status == GATEWAY_STORE)
		failures_add(config->store.path, clock_wall());
	close_all(&gateway);
	log_event(STOPPED, "stopped");
	log_finish();
	return gateway.status;
}
