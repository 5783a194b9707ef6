/* log_round.c - an exported log, replayed, comes to the truth of the store that it is of.
 *
 *     log_round --seeds A..B [--store FOLDER]
 *
 * Each seed is a world (world.h), with clocks that are off in every second one. Its inputs go
 * into a ledger in a shuffled order, with copies; what came in is read from the store as the
 * entries of a log, under other tokens, and goes through the gate into a new one.
 * The last line is "N seeds, N failed, N skipped": in some worlds something is stamped later
 * than the end; time cannot be turned back to it.
 */
#include "clocks.h"
#include "ledger/past/inputs.h"
#include "ledger/past/replay.h"
#include "ledger/state.h"
#include "ledger/past/verify.h"
#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define TRUTH_BYTES_MAX (4U << 20)
#define CLIENTS_MAX 256

struct truth {
	struct buf text;
	char tokens[CLIENTS_MAX][ID_HEX_LEN]; /* in the order in which they come */
	size_t count;
};

/* A client's token as a number: whoever it is, it is the same one in both. */
static void name_client(struct truth *truth, char *line)
{
	char *token = strstr(line, " client ");
	size_t i = 0;

	if (!token || strspn(token + 8, "0123456789abcdef") < ID_HEX_LEN)
		return;
	token += 8;
	while (i < truth->count && memcmp(truth->tokens[i], token, ID_HEX_LEN) != 0)
		i++;
	if (i == truth->count) {
		CP_CHECK(truth->count < CLIENTS_MAX);
		memcpy(truth->tokens[truth->count++], token, ID_HEX_LEN);
	}
	for (size_t j = ID_HEX_LEN; j > 0; j--, i /= 10)
		token[j - 1] = (char)('0' + i % 10);
}

/* Days wait for their moment on a grid of the store's own. */
static void add_line(void *ctx, const char *line)
{
	struct truth *truth = ctx;
	char text[1024];

	if (strncmp(line, "day ", 4) == 0)
		return;
	snprintf(text, sizeof(text), "%s", line);
	name_client(truth, text);
	CP_CHECK(buf_append(&truth->text, text, strlen(text)) == CP_OK);
	CP_CHECK(buf_append(&truth->text, "\n", 1) == CP_OK);
}

static void read_truth(struct db *db, struct truth *truth)
{
	truth->count = 0;
	buf_init(&truth->text, TRUTH_BYTES_MAX);
	truth_lines(db, add_line, truth);
}

/* --- there and back ----------------------------------------------------------------------- */

struct round {
	const struct policy *policy;
	char site[40];
	struct replay replay;
	uint64_t skipped; /* worlds in which something came in after the end */
	char why[512];
};

static enum cp_err open_again(void *ctx, const char *site, wall_ms until)
{
	struct round *round = ctx;
	const struct ledger_config config = {
	    .site = round->site, .version = "1", .policy = *round->policy};

	(void)until;
	snprintf(round->site, sizeof(round->site), "%s", site);
	return replay_open(&round->replay, &config, 0, round->why);
}

static enum cp_err take_again(void *ctx, const struct log_entry *entry)
{
	struct round *round = ctx;

	return replay_take(&round->replay, entry);
}

static const char *compare(struct round *round, struct db *store)
{
	static struct truth before; /* large; these two */
	static struct truth after;
	const char *wrong = NULL;

	read_truth(store, &before);
	read_truth(&round->replay.ledger->db, &after);
	struct slice x = buf_bytes(&before.text);
	struct slice y = buf_bytes(&after.text);
	if (!slice_eq(x, y)) {
		size_t at = 0;
		while (at < x.len && at < y.len && x.p[at] == y.p[at])
			at++;
		while (at > 0 && x.p[at - 1] != '\n')
			at--;
		snprintf(round->why, sizeof(round->why),
		    "the log comes to another truth: %.150s\n%.150s",
		    at < x.len ? (const char *)x.p + at : "(end)",
		    at < y.len ? (const char *)y.p + at : "(end)");
		wrong = round->why;
	}
	if (x.len == 0)
		wrong = "the store is empty";
	buf_deinit(&before.text);
	buf_deinit(&after.text);
	return wrong;
}

static const char *look(
    void *ctx, struct ledger *ledger, const char *path, const struct policy *policy, wall_ms now)
{
	(void)ledger;
	static const struct inputs_ops ops = {.head = open_again, .entry = take_again};
	static const uint8_t salt[HASH_BYTES] = "salt";
	struct round *round = ctx;
	struct inputs_counts counts;
	struct db store = {0};
	const char *wrong = NULL;

	*round = (struct round){.policy = policy, .skipped = round->skipped};
	enum cp_err err = inputs_read(path, salt, &ops, round, &counts, round->why);
	const bool is_later = !err && round->replay.now > now;
	if (!err)
		err = replay_finish(&round->replay, now);
	if (!err)
		err = db_open(&store, path, DB_READ_ONLY);
	if (is_later)
		round->skipped++;
	else if (!err)
		wrong = compare(round, &store);
	else
		wrong = round->why[0] ? round->why : replay_error(&round->replay);
	if (wrong && wrong != round->why)
		snprintf(round->why, sizeof(round->why), "%s", wrong);
	db_close(&store);
	replay_close(&round->replay);
	return wrong ? round->why : NULL;
}

/* --- the program ---------------------------------------------------------------------------- */

static bool run_seed(
    uint64_t seed, const struct policy *policy, const char *folder, struct round *round)
{
	static struct world world; /* large */
	const struct way way = {.name = "shuffled, copied",
	    .is_shuffled = true,
	    .copies_percent = 10,
	    .batch_max = 60,
	    .look = look,
	    .ctx = round};
	struct buf truth;
	char why[512];

	buf_init(&truth, TRUTH_BYTES_MAX);
	world_make(&world, seed, policy->zone, false);
	if (seed % 2)
		clocks_break(&world);
	bool is_good = run_world(&world, &way, policy, folder, &truth, why);
	if (!is_good)
		fprintf(stderr, "seed %" PRIu64 ": %s\n", seed, why);
	buf_deinit(&truth);
	return is_good;
}

int main(int argc, char **argv)
{
	const char *folder = argc == 5 && strcmp(argv[3], "--store") == 0 ? argv[4] : "/tmp";
	uint64_t first;
	uint64_t last;
	uint64_t failed = 0;
	static struct round round; /* large */
	struct zone zone;

	if ((argc != 3 && argc != 5) || strcmp(argv[1], "--seeds") != 0 ||
	    sscanf(argv[2], "%" SCNu64 "..%" SCNu64, &first, &last) != 2) {
		fputs("usage: log_round --seeds A..B [--store FOLDER]\n", stderr);
		return 2;
	}
	run_load_zone(&zone);
	struct policy policy = policy_default(&zone);
	policy.site = "north-1";
	for (uint64_t seed = first; seed <= last; seed++)
		failed += !run_seed(seed, &policy, folder, &round);
	printf("%" PRIu64 " seeds, %" PRIu64 " failed, %" PRIu64 " skipped\n", last - first + 1,
	    failed, round.skipped);
	zone_deinit(&zone);
	return failed ? 1 : 0;
}
