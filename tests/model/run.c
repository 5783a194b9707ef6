/* Seeds of the two-party model.
 *
 *   model [--first N] [--seeds N] [--steps N] [--trace]
 *
 * Each seed rolls some hundred steps: programs connect, twice as the same device, too, say
 * something, are cut at any byte and come back; sockets take nothing for a while; batches
 * wait; time passes; the gateway is killed. In the end nothing is lost any more, and what
 * must have arrived has arrived.
 */
#include "parties.h"

#include "io/clock.h"
#include "io/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROUNDS_MAX 2000
#define CLIENTS 4 /* client c is a program on device c / 2: twins */

static uint64_t rests; /* of devices that had sent too much */

static const struct link_config link_config = {
    .max_packet_bytes = 2000,
    .max_out_bytes = 300,
    .max_will_bytes = 200,
    .connect_timeout_ms = 5000,
    .session_expiry_max_s = MODEL_EXPIRY_MAX_S,
    .receive_maximum = 100,
    .topic_alias_maximum = MODEL_ALIAS,
};

static const struct quota_rates quota = {
    .messages = {.per_s = 10, .burst = 1},
    .bytes = {.per_s = 1000, .burst = 100},
};

/* --- the gateway -------------------------------------------------------------------------- */

static void open_gateway(void)
{
	struct devices_config config = {.link = link_config, .roster = &model.roster};

	if (model.has_quota)
		config.quota = quota;
	roster_init(&model.roster);
	struct intake *intake = desk_start(&model.roster);
	CP_CHECK(devices_open(NULL, &config, intake, &model.gateway) == CP_OK);
}

static void gone(void *ctx)
{
	(void)ctx;
}

static void kill_gateway(void)
{
	rests += devices_counters(model.gateway)->slowed;
	port_kill();
	devices_close(model.gateway, gone, NULL);
	desk_stop();
	roster_deinit(&model.roster);
	for (size_t i = 0; i < model.client_count; i++)
		model.clients[i].conn = NULL;
}

static void restart(void)
{
	model_trace("kill -9");
	kill_gateway();
	oracle_killed();
	open_gateway();
}

/* --- the dice --------------------------------------------------------------------------------- */

static struct client *any_client(void)
{
	return &model.clients[rng_below(&model.rng, model.client_count)];
}

static void work(void)
{
	switch (rng_below(&model.rng, 3)) {
	case 0:
		desk_depart();
		break;
	case 1:
		desk_apply();
		break;
	default:
		desk_return();
	}
}

/* Mostly what the work of a batch takes; now and then what ends a session. */
static mono_ms some_time(void)
{
	static const mono_ms short_times[] = {1, 5, 5, 20, 60};
	static const mono_ms long_times[] = {1000, 1000, 1500, 4000, 31000};

	return rng_percent(&model.rng, 92) ? RNG_PICK(&model.rng, short_times)
	                                   : RNG_PICK(&model.rng, long_times);
}

static void step(void)
{
	size_t die = rng_below(&model.rng, 1000);
	struct client *client = any_client();

	if (die < 20 || (die < 150 && !client->conn))
		client_connect(client);
	else if (die < 250)
		client_act(client);
	else if (die < 600)
		client_carry(client);
	else if (die < 640)
		client_disturb(client);
	else if (die < 740)
		port_pass_time(some_time());
	else if (die < 999)
		work();
	else
		restart();
}

/* --- the calm end ------------------------------------------------------------------------------
 */

/* Everything arrives, everything is served; true when there was something. */
static bool serve(void)
{
	bool has_moved = !desk_is_idle();

	port_pass_time(60);
	desk_depart();
	desk_apply();
	desk_return();
	for (size_t i = 0; i < model.client_count; i++) {
		struct conn *conn = model.clients[i].conn;
		if (!conn)
			continue;
		conn->room = SIZE_MAX / 2;
		has_moved |= conn->is_open && !conn->is_left && conn->said.len > 0;
		port_deliver(conn, conn->said.len);
		has_moved |= conn->heard.len > 0;
		client_read(&model.clients[i], conn->heard.len);
	}
	return has_moved;
}

static void serve_all(void)
{
	int rounds = model.has_quota ? 100 : 4; /* of calm: who has sent too much may rest */

	for (int calm = 0, round = 0; calm < rounds; round++) {
		calm = serve() ? 0 : calm + 1;
		MODEL_CHECK(round < ROUNDS_MAX, "it does not come to rest");
	}
}

static void end_calmly(void)
{
	model_trace("the calm end");
	model.is_calm = true;
	for (size_t i = 0; i < model.client_count; i++)
		if (model.clients[i].conn)
			port_cut(model.clients[i].conn);
	for (size_t i = 0; i < model.client_count; i++) {
		client_connect_calmly(&model.clients[i]);
		serve_all();
		client_subscribe(&model.clients[i], 1);
		serve_all();
		MODEL_CHECK(client_is_quiet(&model.clients[i]), "a message was never answered");
	}
	port_pass_time(10 * MS_PER_SECOND); /* the delay of wills */
	serve_all();
	oracle_check_end();
}

/* --- a seed --------------------------------------------------------------------------------------
 */

static void begin(uint64_t seed, bool is_traced)
{
	model = (struct model){.seed = seed,
	    .rng = {.state = seed},
	    .is_traced = is_traced,
	    .device_count = CLIENTS / 2,
	    .client_count = CLIENTS};
	model.has_qos_0 = rng_percent(&model.rng, 20);
	model.has_quota = rng_percent(&model.rng, 40);
	for (size_t i = 0; i < model.device_count; i++) {
		struct model_device *device = &model.devices[i];
		uint64_t halves[2] = {rng_next(&model.rng), rng_next(&model.rng)};

		memcpy(device->id.b, halves, sizeof(halves));
		device->kind = PKI_PEN;
		device->truth.is_sub_known = true;
		device->truth.sub = BATCH_NOT_SUBSCRIBED;
		device->truth.is_durable = true;
	}
	for (size_t i = 0; i < model.client_count; i++)
		model.clients[i].device = &model.devices[i / 2];
	open_gateway();
}

static void end(void)
{
	/* Nothing of this seed is left for the next one. */
	for (size_t i = 0; i < model.client_count; i++)
		port_cut(model.clients[i].conn);
	port_pass_time((MODEL_EXPIRY_MAX_S + 1) * MS_PER_SECOND);
	serve_all();
	kill_gateway();
	for (size_t i = 0; i < model.conn_count; i++) {
		buf_deinit(&model.conns[i].said);
		buf_deinit(&model.conns[i].heard);
	}
	for (size_t i = 0; i < model.device_count; i++)
		for (size_t j = 0; j < model.devices[i].down_count; j++)
			buf_deinit(&model.devices[i].downs[j].payload);
}

static void run_seed(uint64_t seed, unsigned steps, bool is_traced)
{
	begin(seed, is_traced);
	for (unsigned i = 0; i < steps && model.conn_count < MODEL_CONNS_MAX - model.client_count;
	     i++)
		step();
	end_calmly();
	end();
}

static void remove_store(const char *folder)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	CP_CHECK(system(command) == 0);
}

int main(int argc, char **argv)
{
	uint64_t first = 1;
	uint64_t seeds = 1000;
	unsigned steps = 250;
	bool is_traced = false;
	char folder[64];

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "0";
		if (strcmp(argv[i], "--trace") == 0)
			is_traced = true;
		else if (strcmp(argv[i], "--first") == 0)
			first = strtoull(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--seeds") == 0)
			seeds = strtoull(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--steps") == 0)
			steps = (unsigned)strtoul(value, NULL, 10), i++;
	}
	model_say_seed_on_abort();
	log_set_level(LOG_LEVEL_ERROR);
	/* Where fsync costs nothing, if there is such a place: no power fails here. */
	const char *place = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : P_tmpdir;
	snprintf(folder, sizeof(folder), "%s/carepace-model-XXXXXX", place);
	CP_CHECK(mkdtemp(folder));
	model_store_place(folder);
	desk_open();
	for (uint64_t seed = first; seed < first + seeds; seed++)
		run_seed(seed, steps, is_traced);
	desk_close();
	remove_store(folder);
	printf("%llu seeds; %llu times a device had to rest\n", (unsigned long long)seeds,
	    (unsigned long long)rests);
	return 0;
}
