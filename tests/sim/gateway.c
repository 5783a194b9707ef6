/* gateway.c - the parts of the gateway, joined as shell/gateway.c joins them. */
#include "broker.h"
#include "disk.h"
#include "disk_vfs.h"
#include "sim.h"
#include "threads.h"

#include "io/clock.h"
#include "shell/head_office.h"

#include <stdio.h>

#define OPENS_MAX 20

static const struct link_config link_config = {
    .max_packet_bytes = 16 * 1024,
    .max_out_bytes = 4096,
    .max_will_bytes = 200,
    .connect_timeout_ms = 5000,
    .session_expiry_max_s = MODEL_EXPIRY_MAX_S,
    .receive_maximum = 100,
    .topic_alias_maximum = MODEL_ALIAS,
};

static struct {
	struct intake *intake;
	struct head_office *office;
} gateway;

/* --- what intake calls ------------------------------------------------------------------- */

static void on_settled(void *ctx, const struct batch *batch)
{
	(void)ctx;
	devices_settled(model.gateway, batch);
	head_office_settled(gateway.office, batch);
}

static void on_room_changed(void *ctx, int64_t lacking_bytes)
{
	(void)ctx;
	model_trace("the disk lacks %lld bytes", (long long)lacking_bytes);
	sim_counts.full += lacking_bytes > 0;
}

static void on_room(void *ctx)
{
	(void)ctx;
	devices_has_room(model.gateway);
	head_office_has_room(gateway.office);
}

static void on_failed(void *ctx, enum cp_err err)
{
	(void)ctx;
	model_trace("the store has failed: %s", cp_err_text(err));
	sim.has_failed = true;
}

/* --- begin --------------------------------------------------------------------------------- */

static void remember(struct map *by_id)
{
	struct map_slot *slot;

	for (size_t at = 0; (slot = map_next(by_id, &at));) {
		const struct device *device = slot->value;
		const struct downlink_message *message = device->downs.first;
		for (; message; message = message->next)
			oracle_remembered(&(struct batch_down){.device = message->device,
			    .payload = slice_of(message->bytes, message->len),
			    .expires_at = message->expires_at,
			    .n = message->n});
	}
}

/* It is started again by systemd until it can be opened. */
static struct ledger *open_store(void)
{
	char why[256] = "";

	for (int i = 0; i < OPENS_MAX; i++) {
		roster_init(&model.roster);
		commits_look();
		struct ledger *ledger = model_store_open(&model.roster, why);
		if (ledger)
			return ledger;
		bool is_excused = disk_is_dead() || disk_has_failed() || sim.is_small;
		model_trace("the store cannot be opened: %s", why);
		roster_deinit(&model.roster);
		MODEL_CHECK(is_excused, "the store cannot be opened: %s", why);
		if (!disk_is_dead() && rng_percent(&model.rng, 50))
			disk_die(DISK_POWER_CUT);
		if (disk_is_dead())
			disk_restart();
		if (sim.is_small) /* the program waits for it (shell/store_rest.h) */
			disk_set_room(INT64_MAX);
	}
	model_fail("the store cannot be opened: %s", why);
}

void gateway_begin(void)
{
	static const struct intake_ops ops = {
	    .settled = on_settled,
	    .room_changed = on_room_changed,
	    .has_room = on_room,
	    .failed = on_failed,
	};
	static char site[] = SIM_SITE;
	static char timezone[] = SIM_TIMEZONE;
	static char server[] = "the broker";
	static char *servers[] = {server};
	static struct config config;
	const struct devices_config devices = {.link = link_config, .roster = &model.roster};

	config = (struct config){
	    .site = {.name = site, .timezone = timezone},
	    .upstream = {.servers = servers,
	        .server_count = 1,
	        .receipts = sim.has_receipts,
	        .json = sim.is_json},
	};
	sim.has_failed = false;
	struct ledger *ledger = open_store();
	commits_resolve();
	oracle_killed();
	remember(&model.roster.by_id);
	CP_CHECK(intake_open(NULL, ledger, &ops, NULL, &gateway.intake) == CP_OK);
	CP_CHECK(devices_open(NULL, &devices, gateway.intake, &model.gateway) == CP_OK);
	CP_CHECK(
	    head_office_open(NULL, &config, SIM_STORE, gateway.intake, &gateway.office) == CP_OK);
}

/* --- end -------------------------------------------------------------------------------------- */

static void gone(void *ctx)
{
	(void)ctx;
}

void gateway_end(const enum disk_end *how)
{
	if (how && !disk_is_dead())
		disk_die(*how);
	port_kill();
	devices_close(model.gateway, gone, NULL);
	roster_deinit(&model.roster);
	broker_kill();
	head_office_close(gateway.office);
	intake_close(gateway.intake);
	for (size_t i = 0; i < model.client_count; i++)
		model.clients[i].conn = NULL;
	if (disk_is_dead())
		disk_restart();
}

bool gateway_is_idle(void)
{
	return intake_is_empty(gateway.intake);
}
