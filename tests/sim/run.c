/* Seeds of the whole.
 *
 *   sim [--first N] [--seeds N] [--steps N] [--crash-at N] [--every] [--twice] [--swept] [--trace]
 *
 * Each seed rolls some hundred steps: devices say what happens in the clinic, wires are cut,
 * head office orders and forgets, time passes, and the gateway ends: killed, by a power cut at
 * any write, by an error of its disk. In the end nothing is lost any more, and what must be so
 * is so. --crash-at N cuts the power in the midst of the N-th change of the disk; --every does
 * so for each N, as long as there is one. --swept: old rows go in each seed, and each is counted
 * again; else in some.
 *
 * A seed that fails is printed with the command that repeats it. The last line has a hash of
 * everything that happened: the same seeds, the same hash.
 */
#include "broker.h"
#include "disk_vfs.h"
#include "hq.h"
#include "sim.h"
#include "story.h"
#include "threads.h"
#include "loop.h"

#include "io/clock.h"
#include "io/log.h"
#include "ledger/office/outbox.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DEVICES 6
#define SAID_MOST 40
#define ORDERS_MOST 12
#define OUTBOX_ROWS 24          /* of a bounded one; what is gone takes 16 at most */
#define RESERVE_BYTES (1 << 20) /* of a small disk */
#define ROOMY_BYTES (16 << 20)
#define COUNTED_PERCENT 35 /* what costs as much as a life */
#define SWEPT_PERCENT 40
#define LIVES_MAX 6
#define CHANGES_OF_A_LIFE 500
#define SYNCS_OF_A_LIFE 20
#define ROUNDS_MAX 4000
#define LONG_MS (5 * MS_PER_MINUTE + 30 * MS_PER_SECOND)
#define LONG_TIMES 5 /* states are composed every ten minutes, overlooked ones offered again */

struct sim sim;
struct sim_counts sim_counts;

static bool is_swept; /* every seed */
static unsigned lives;
static uint64_t changes_of_first_life;

/* --- lives ------------------------------------------------------------------------------- */

static void plan_end(uint64_t crash_at)
{
	uint64_t at = disk_operations() + 1 + rng_below(&model.rng, CHANGES_OF_A_LIFE);
	enum disk_end end = rng_percent(&model.rng, 70) ? DISK_POWER_CUT : DISK_KILLED;

	if (crash_at > 0 && lives == 0)
		disk_die_at(crash_at, DISK_POWER_CUT);
	else if (rng_percent(&model.rng, 35))
		disk_die_at(at, end);
	else if (rng_percent(&model.rng, 50))
		disk_die_at_sync(1 + rng_below(&model.rng, SYNCS_OF_A_LIFE), end);
	else if (rng_percent(&model.rng, 40))
		disk_fail_at_sync(1 + rng_below(&model.rng, SYNCS_OF_A_LIFE));
	else if (rng_percent(&model.rng, 50))
		disk_fail_at(at);
}

static void begin_life(uint64_t crash_at)
{
	if (lives < LIVES_MAX && !model.is_calm)
		plan_end(crash_at);
	lives++;
	gateway_begin();
}

static void count_end(const enum disk_end *how)
{
	if (disk_is_dead() ? disk_how() == DISK_POWER_CUT : how && *how == DISK_POWER_CUT)
		sim_counts.powercuts++;
	else if (disk_is_dead() || how)
		sim_counts.kills++;
	else if (sim.has_failed)
		sim_counts.errors++;
	else
		sim_counts.stops++;
}

static void restart(const enum disk_end *how)
{
	count_end(how);
	if (lives == 1)
		changes_of_first_life = disk_operations();
	model_trace("the gateway ends: %s", disk_is_dead() ? "in the midst of a change"
	                                    : how          ? "at once"
	                                                   : "in order");
	gateway_end(how);
	begin_life(0);
}

/* After what ended by itself. */
static void restart_if_over(void)
{
	if (disk_is_dead() || sim.has_failed)
		restart(NULL);
}

static void end_some_way(void)
{
	static const enum disk_end ends[] = {DISK_KILLED, DISK_POWER_CUT};

	if (lives >= LIVES_MAX)
		return;
	restart(rng_percent(&model.rng, 66) ? &RNG_PICK(&model.rng, ends) : NULL);
}

/* --- the dice ------------------------------------------------------------------------------- */

/* Rather one that has something to say. */
static struct client *any_client(void)
{
	struct client *client = NULL;

	for (int i = 0; i < 4; i++) {
		client = &model.clients[rng_below(&model.rng, model.client_count)];
		if (story_is_due(client->device))
			break;
	}
	return client;
}

/* A socket that takes nothing for so long is closed (io/listener.h). */
static void cut_stalled(void)
{
	for (size_t i = 0; i < model.client_count; i++) {
		struct client *client = &model.clients[i];
		if (!client->conn || client->conn->room >= SIZE_MAX / 4)
			continue;
		port_cut(client->conn);
		client->conn = NULL;
	}
}

static void pass_some_time(void)
{
	static const mono_ms times[] = {1, 5, 5, 20, 60, 60, 1000, 1500, 4000, 31000};
	wall_ms next = story_soon_at(rng_below(&model.rng, 5));

	if (next != TIME_NEVER && next > clock_wall() && rng_percent(&model.rng, 40)) {
		cut_stalled();
		port_pass_time(next - clock_wall());
	} else {
		port_pass_time(RNG_PICK(&model.rng, times));
	}
}

/* Each part of the gateway once. */
static bool turn(void)
{
	bool has_moved = false;

	loop_turn();
	for (int i = 0; i < THREAD_NAMES; i++) {
		has_moved |= thread_run((enum thread_name)i);
		has_moved |= thread_hear((enum thread_name)i);
	}
	return has_moved | !gateway_is_idle();
}

static void work(void)
{
	switch (rng_below(&model.rng, 12)) {
	case 0:
	case 1:
		loop_turn();
		break;
	case 2:
	case 3:
		thread_run(THREAD_LEDGER);
		break;
	case 4:
	case 5:
		thread_hear(THREAD_LEDGER);
		break;
	case 6:
		thread_run(THREAD_UPSTREAM);
		break;
	case 7:
		thread_hear(THREAD_UPSTREAM);
		break;
	default:
		turn();
	}
}

/* Somebody else takes room, or gives it back. */
static void fill_disk(void)
{
	static const int64_t rooms[] = {
	    RESERVE_BYTES / 32, RESERVE_BYTES / 2, RESERVE_BYTES, 2 * RESERVE_BYTES, ROOMY_BYTES};

	disk_set_room(RNG_PICK(&model.rng, rooms));
	model_trace("the disk has %lld bytes left", (long long)disk_room());
}

static void trouble(void)
{
	switch (rng_below(&model.rng, 10)) {
	case 0:
		end_some_way();
		break;
	case 1:
		if (sim.has_receipts)
			hq_forget();
		break;
	case 2:
		if (sim.has_receipts)
			broker_forget();
		break;
	case 3:
	case 4:
		if (sim.is_small)
			fill_disk();
		break;
	default:
		broker_cut();
	}
}

static void step(void)
{
	size_t die = rng_below(&model.rng, 1000);
	struct client *client = any_client();

	if (die < 8 || (die < 150 && !client->conn))
		client_connect(client);
	else if (die < 250)
		client_act(client);
	else if (die < 500)
		client_carry(client);
	else if (die < 510)
		client_disturb(client);
	else if (die < 570)
		pass_some_time();
	else if (die < 800)
		work();
	else if (die < 900)
		broker_step();
	else if (die < 988)
		hq_step();
	else
		trouble();
	restart_if_over();
}

/* --- the calm end ------------------------------------------------------------------------------
 */

static bool serve_client(struct client *client)
{
	struct conn *conn = client->conn;
	bool has_moved = false;

	if (!conn || !conn->is_open) {
		client_connect_calmly(client);
		return true;
	}
	conn->room = SIZE_MAX / 2;
	if (conn->has_heard_connack && !conn->sub_id && conn->sub_qos == 0) {
		client_subscribe(client, 1);
		has_moved = true;
	}
	has_moved |= client_say(client);
	has_moved |= !conn->is_left && conn->said.len > 0;
	port_deliver(conn, conn->said.len);
	has_moved |= conn->heard.len > 0;
	client_read(client, conn->heard.len);
	return has_moved;
}

static bool serve(void)
{
	bool has_moved = false;

	port_pass_time(60);
	for (size_t i = 0; i < model.client_count; i++)
		has_moved |= serve_client(&model.clients[i]);
	has_moved |= turn();
	for (int i = 0; i < 8; i++) {
		has_moved |= broker_step();
		has_moved |= hq_step();
	}
	restart_if_over(); /* what had failed before may be heard of now */
	return has_moved;
}

static void serve_all(void)
{
	for (int calm = 0, round = 0; calm < 4; round++) {
		calm = serve() ? 0 : calm + 1;
		MODEL_CHECK(round < ROUNDS_MAX, "it does not come to rest");
	}
}

static void pass_long_time(void)
{
	for (int i = 0; i < LONG_TIMES || ending_has_days_due(); i++) {
		MODEL_CHECK(i < 4 * LONG_TIMES, "a day is added up again without end");
		port_pass_time(LONG_MS);
		serve_all();
	}
}

static void tell_the_rest(void)
{
	wall_ms next;

	while ((next = story_next_at()) != TIME_NEVER || !hq_is_quiet()) {
		bool is_known = next != TIME_NEVER && next > clock_wall();
		port_pass_time(is_known ? next - clock_wall() : LONG_MS);
		serve_all();
	}
}

/* What two power cuts have ended in its midst is taken for poison (ledger/judging/unjudged.h):
 * another version of the program tries it again. */
static void upgrade_if_set_aside(void)
{
	if (!ending_has_unjudged())
		return;
	model_store_config()->version = "2";
	restart(NULL);
	serve_all();
	MODEL_CHECK(!ending_has_unjudged(), "it is set aside for good");
}

static void end_calmly(void)
{
	model_trace("the calm end");
	disk_die_at(0, DISK_KILLED);
	disk_fail_at(0);
	disk_set_room(INT64_MAX);
	model.is_calm = true;
	for (size_t i = 0; i < model.client_count; i++) {
		if (model.clients[i].conn)
			port_cut(model.clients[i].conn);
		model.clients[i].conn = NULL;
	}
	broker_cut();
	broker_be_calm();
	hq_be_calm();
	serve_all();
	tell_the_rest();
	upgrade_if_set_aside();
	pass_long_time();
	for (size_t i = 0; i < model.client_count; i++)
		MODEL_CHECK(client_is_quiet(&model.clients[i]), "a message was never answered");
	oracle_check_end();
	ending_check();
}

/* --- a seed --------------------------------------------------------------------------------------
 */

static void limit_store(void)
{
	static const int64_t kept[] = {
	    MS_PER_SECOND, MS_PER_MINUTE, 10 * MS_PER_MINUTE, MS_PER_HOUR, MS_PER_DAY};
	struct ledger_config *config = model_store_config();

	config->version = "1";
	config->outbox_max_bytes = sim.is_bounded ? OUTBOX_ROWS * OUTBOX_ROW_BYTES : 0;
	config->reserve_bytes = sim.is_small ? RESERVE_BYTES : 0;
	config->stream_kept_ms = sim.is_swept ? RNG_PICK(&model.rng, kept) : 0;
	if (sim.is_small)
		disk_set_room(ROOMY_BYTES);
}

static void begin(uint64_t seed, bool is_traced, uint64_t crash_at)
{
	model = (struct model){.seed = seed,
	    .rng = {.state = seed},
	    .is_traced = is_traced,
	    .device_count = DEVICES,
	    .client_count = DEVICES};
	model.has_qos_0 = rng_percent(&model.rng, 20);
	sim = (struct sim){
	    .has_receipts = rng_percent(&model.rng, 60),
	    .is_json = rng_percent(&model.rng, 20),
	    .is_counted = rng_percent(&model.rng, COUNTED_PERCENT),
	    .is_bounded = rng_percent(&model.rng, 10),
	    .is_small = rng_percent(&model.rng, 15),
	    .is_swept = rng_percent(&model.rng, SWEPT_PERCENT),
	};
	sim.is_counted |= sim.is_swept && rng_percent(&model.rng, COUNTED_PERCENT);
	if (is_swept)
		sim.is_swept = sim.is_counted = true;
	for (size_t i = 0; i < DEVICES; i++) {
		struct truth *truth = &model.devices[i].truth;
		truth->is_sub_known = truth->is_durable = true;
		truth->sub = BATCH_NOT_SUBSCRIBED;
		model.clients[i].device = &model.devices[i];
	}
	disk_begin(rng_next(&model.rng));
	disk_vfs_seed(rng_next(&model.rng));
	disk_load();
	limit_store();
	story_begin(seed, model_store_config()->policy.zone,
	    4 + rng_below(&model.rng, 1 + rng_below(&model.rng, SAID_MOST - 4)),
	    rng_below(&model.rng, ORDERS_MOST));
	commits_begin();
	broker_begin();
	hq_begin();
	lives = 0;
	begin_life(crash_at);
}

static void end(void)
{
	gateway_end(NULL);
	hq_end();
	broker_end();
	for (size_t i = 0; i < model.conn_count; i++) {
		buf_deinit(&model.conns[i].said);
		buf_deinit(&model.conns[i].heard);
	}
	for (size_t i = 0; i < model.device_count; i++)
		for (size_t j = 0; j < model.devices[i].down_count; j++)
			buf_deinit(&model.devices[i].downs[j].payload);
}

static uint64_t run_seed(uint64_t seed, unsigned steps, bool is_traced, uint64_t crash_at)
{
	begin(seed, is_traced, crash_at);
	restart_if_over();
	for (unsigned i = 0; i < steps && model.conn_count < MODEL_CONNS_MAX - 5 * DEVICES; i++)
		step();
	end_calmly();
	if (lives == 1)
		changes_of_first_life = disk_operations();
	end();
	return model.trace_hash;
}

/* A new store costs more than the life in it. */
static void make_empty_store(void)
{
	struct roster roster;
	char why[256];

	disk_begin(1);
	disk_vfs_seed(1);
	model_store_place("");
	roster_init(&roster);
	struct ledger *ledger = model_store_open(&roster, why);
	MODEL_CHECK(ledger, "%s", why);
	ledger_close(ledger);
	roster_deinit(&roster);
	disk_save();
}

struct options {
	uint64_t first;
	uint64_t seeds;
	uint64_t crash_at;
	unsigned steps;
	bool is_traced;
	bool is_twice; /* every seed rolls the same way again */
	bool is_every; /* every seed with a power cut in the midst of each change */
};

static struct options read_options(int argc, char **argv)
{
	struct options options = {.first = 1, .seeds = 100, .steps = 1000};

	for (int i = 1; i < argc; i++) {
		const char *value = i + 1 < argc ? argv[i + 1] : "0";
		if (strcmp(argv[i], "--trace") == 0)
			options.is_traced = true;
		else if (strcmp(argv[i], "--twice") == 0)
			options.is_twice = true;
		else if (strcmp(argv[i], "--swept") == 0)
			is_swept = true;
		else if (strcmp(argv[i], "--every") == 0)
			options.is_every = true;
		else if (strcmp(argv[i], "--first") == 0)
			options.first = strtoull(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--seeds") == 0)
			options.seeds = strtoull(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--steps") == 0)
			options.steps = (unsigned)strtoul(value, NULL, 10), i++;
		else if (strcmp(argv[i], "--crash-at") == 0)
			options.crash_at = strtoull(value, NULL, 10), i++;
	}
	return options;
}

static void run_one(uint64_t seed, const struct options *options)
{
	uint64_t hash = run_seed(seed, options->steps, options->is_traced, options->crash_at);

	MODEL_CHECK(
	    !options->is_twice || hash == run_seed(seed, options->steps, false, options->crash_at),
	    "the same seed rolls another way");
}

/* Of its first life; the others end as they like. */
static void run_every(uint64_t seed, const struct options *options)
{
	run_seed(seed, options->steps, false, UINT64_MAX);
	for (uint64_t at = 1, last = changes_of_first_life; at <= last; at++)
		run_seed(seed, options->steps, options->is_traced, at);
}

static void print_counts(uint64_t seeds)
{
	const struct sim_counts *c = &sim_counts;

	printf("%" PRIu64 " seeds; the gateway ended by %" PRIu64 " power cuts, %" PRIu64
	       " kills, %" PRIu64 " errors of the disk, %" PRIu64
	       " times in order; amid a commit %" PRIu64 " times: %" PRIu64
	       " were there; the disk was full %" PRIu64 " times; %" PRIu64
	       " rows of streams have gone; of %" PRIu64 " such seeds the truth was compared\n",
	    seeds, c->powercuts, c->kills, c->errors, c->stops, c->doubts_stored + c->doubts_lost,
	    c->doubts_stored, c->full, c->gone, c->swept);
}

int main(int argc, char **argv)
{
	const struct options options = read_options(argc, argv);

	model_say_seed_on_abort();
	log_set_level(LOG_LEVEL_ERROR);
	disk_vfs_register();
	make_empty_store();
	for (uint64_t i = 0; i < options.seeds; i++)
		options.is_every ? run_every(options.first + i, &options)
		                 : run_one(options.first + i, &options);
	disk_free();
	threads_free();
	print_counts(options.seeds);
	return 0;
}
