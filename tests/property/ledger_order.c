/* ledger_order.c - P2, P3, P4: the truth is the same for any arrival order,
 * duplication, batching and restart, and equals the recount.
 *
 *     ledger_order [--seeds A..B] [--all-ways] [--swept] [--wrong-clocks] [--trace FILE]
 *                  [--store FOLDER]
 *
 * Each seed is a world (world.h) that goes every way of the table below into a
 * ledger. The last line is "N seeds, N failed"; the exit status is 1 when
 * one failed. --trace writes inputs and truth for oracle.py, which counts
 * everything a second time. A seed that failed fails again by its number alone.
 */
#include "base/err.h"
#include "box.h"
#include "care/policy.h"
#include "clocks.h"
#include "ledger/batch.h"
#include "ledger/state.h"
#include "sealed_limits.h"
#include "lines.h"
#include "message.h"
#include "run.h"
#include "shrink.h"
#include "tally.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define TRUTH_BYTES_MAX (4U << 20)
#define DIFFERENCES_SHOWN 20

/* Every seed goes the first WAYS_ALWAYS and one of the others, or with --all-ways all:
 * more seeds find more than more ways of one. */
#define WAYS_ALWAYS 1
static const struct way ways[] = {
    {.name = "in order", .batch_max = 200},
    {.name = "shuffled, copied, restarted",
        .is_shuffled = true,
        .copies_percent = 20,
        .batch_max = 60,
        .restarts_max = 4,
        .is_recounted = true},
    {.name = "in order, copied, restarted",
        .copies_percent = 10,
        .batch_max = 25,
        .restarts_max = 3,
        .is_recounted = true},
    {.name = "shuffled, copied, one by one",
        .is_shuffled = true,
        .copies_percent = 10,
        .batch_max = 1,
        .is_recounted = true},
    {.name = "in order, one by one", .batch_max = 1, .is_recounted = true},
    {.name = "shuffled, weeks late, at once",
        .is_shuffled = true,
        .is_at_once = true,
        .copies_percent = 5,
        .batch_max = BATCH_ENTRIES_MAX,
        .is_recounted = true},
    {.name = "in order, swept",
        .copies_percent = 10,
        .batch_max = 25,
        .restarts_max = 3,
        .is_recounted = true,
        .is_swept = true},
    {.name = "shuffled, swept",
        .is_shuffled = true,
        .copies_percent = 10,
        .batch_max = 60,
        .restarts_max = 4,
        .is_recounted = true,
        .is_swept = true},
};

struct options {
	uint64_t first;
	uint64_t last;
	bool is_all_ways;
	bool has_wrong_clocks;
	bool is_plain;
	bool is_shrinking;
	bool is_swept; /* of the other ways only those that sweep */
	const struct policy *policy;
	FILE *trace;
	const char *folder;
};

/* --- differences ------------------------------------------------------------------------ */

/* What a world has come to on one way. */
struct outcome {
	struct buf truth;
	struct buf limits; /* sealed_limits.h: demanded on the first way, else of seals */
};

static void outcome_init(struct outcome *outcome)
{
	buf_init(&outcome->truth, TRUTH_BYTES_MAX);
	buf_init(&outcome->limits, TRUTH_BYTES_MAX);
}

static void outcome_deinit(struct outcome *outcome)
{
	buf_deinit(&outcome->truth);
	buf_deinit(&outcome->limits);
}

/* Lines that one has and the other has not, and that no seal excuses. */
static size_t print_missing(
    const char *sign, struct slice text, struct slice other, const struct outcome outcomes[2])
{
	size_t missing = 0;

	while (text.len > 0) {
		struct slice line = lines_next(&text);
		if (!lines_have(other, line) &&
		    !limits_excuse(
		        line, buf_bytes(&outcomes[1].limits), buf_bytes(&outcomes[0].limits)) &&
		    missing++ < DIFFERENCES_SHOWN)
			fprintf(stderr, "  %s %.*s\n", sign, (int)line.len, (const char *)line.p);
	}
	return missing;
}

/* False: they differ, and it is said how. */
static bool is_same(const struct way *way, const struct outcome outcomes[2])
{
	struct slice first = buf_bytes(&outcomes[0].truth);
	struct slice other = buf_bytes(&outcomes[1].truth);

	if (slice_eq(first, other))
		return true;
	size_t missing = print_missing("-", first, other, outcomes);
	missing += print_missing("+", other, first, outcomes);
	if (missing > 0)
		fprintf(stderr, "  (- %s, + %s)\n", ways[0].name, way->name);
	return missing == 0;
}

/* --- one seed ------------------------------------------------------------------------------ */

static void write_trace(FILE *out, const struct world *world, struct slice truth)
{
	fprintf(out, "seed %" PRIu64 "\nnow %" PRId64 "\n", world->seed, world->now);
	for (size_t i = 0; i < world->count; i++)
		message_trace(&world->cast, &world->inputs[i], out);
	while (truth.len > 0) {
		struct slice line = lines_next(&truth);
		fprintf(out, "truth %.*s\n", (int)line.len, (const char *)line.p);
	}
	fputs("done\n", out);
}

static const char *note_limits(
    void *ctx, struct ledger *ledger, const char *path, const struct policy *policy, wall_ms now)
{
	struct outcome *outcome = ctx;

	(void)path;
	(void)policy;
	(void)now;
	if (ledger->config.stream_kept_ms)
		limits_sealed(&ledger->db, &outcome->limits);
	else
		limits_demanded(ledger, &outcome->limits);
	return NULL;
}

/* What comes after its session's seal may count for less (ledger/seals.h): then only the recount
 * must agree. */
static bool is_one_truth(const struct way *way, const struct options *options)
{
	return !way->is_swept || (!way->is_shuffled && !options->has_wrong_clocks);
}

static bool go(const struct world *world, const struct way *which, const struct options *options,
    struct outcome *outcome)
{
	struct way way = *which;
	char why[512];

	outcome_init(outcome);
	if (which == ways || way.is_swept) {
		way.look = note_limits;
		way.ctx = outcome;
	}
	bool is_good =
	    run_world(world, &way, options->policy, options->folder, &outcome->truth, why);
	if (!is_good)
		fprintf(stderr, "seed %" PRIu64 ", %s: %s\n", world->seed, way.name, why);
	return is_good;
}

struct attempt {
	const struct way *way;
	const struct options *options;
};

static bool still_fails(void *ctx, const struct world *world)
{
	const struct attempt *attempt = ctx;
	struct outcome outcomes[2];

	bool is_good = go(world, &ways[0], attempt->options, &outcomes[0]);
	is_good &= go(world, attempt->way, attempt->options, &outcomes[1]);
	if (is_one_truth(attempt->way, attempt->options))
		is_good &= is_same(attempt->way, outcomes);
	outcome_deinit(&outcomes[0]);
	outcome_deinit(&outcomes[1]);
	return !is_good;
}

static void print_fewest(const struct world *world, struct attempt attempt)
{
	static struct world few; /* large */

	few = *world;
	shrink(&few, still_fails, &attempt);
	fprintf(stderr, "seed %" PRIu64 ", %s, now %" PRId64 ", fewest inputs:\n", world->seed,
	    attempt.way->name, world->now);
	shrink_try(&few, still_fails, &attempt);
	for (size_t i = 0; i < few.count; i++)
		message_trace(&few.cast, &few.inputs[i], stderr);
}

/* outcomes: of the first way, and room for another. */
static bool run_way(const struct world *world, const struct way *way, const struct options *options,
    struct outcome outcomes[2])
{
	bool is_first = way == ways;
	bool is_good = go(world, way, options, &outcomes[!is_first]);

	if (!is_first && is_one_truth(way, options) && !is_same(way, outcomes)) {
		is_good = false;
		fprintf(stderr, "seed %" PRIu64 ": the truth differs:\n", world->seed);
	}
	if (!is_first)
		outcome_deinit(&outcomes[1]);
	if (!is_good && options->is_shrinking)
		print_fewest(world, (struct attempt){way, options});
	return is_good;
}

static bool goes(const struct options *options, size_t way, uint64_t seed)
{
	if (way < WAYS_ALWAYS || options->is_all_ways)
		return true;
	if (options->is_swept)
		return ways[way].is_swept;
	return way == WAYS_ALWAYS + seed % (CP_COUNT(ways) - WAYS_ALWAYS);
}

static unsigned run_seed(uint64_t seed, const struct options *options)
{
	static struct world world; /* large */
	struct outcome outcomes[2];
	unsigned failed = 0;

	world_make(&world, seed, options->policy->zone, options->is_plain);
	if (options->has_wrong_clocks)
		clocks_break(&world);
	if (options->has_wrong_clocks && seed % 2)
		box_play(&world);
	for (size_t i = 0; i < CP_COUNT(ways); i++)
		if (goes(options, i, seed))
			failed += !run_way(&world, &ways[i], options, outcomes);
	for (struct slice rest = buf_bytes(&outcomes[0].truth); rest.len > 0;)
		tally_line(lines_next(&rest));
	if (options->trace)
		write_trace(options->trace, &world, buf_bytes(&outcomes[0].truth));
	outcome_deinit(&outcomes[0]);
	return failed;
}

/* --- the program ----------------------------------------------------------------------------- */

static bool read_options(int argc, char **argv, struct options *options)
{
	static const struct option known[] = {
	    {"seeds", required_argument, NULL, 's'},
	    {"all-ways", no_argument, NULL, 'a'},
	    {"wrong-clocks", no_argument, NULL, 'c'},
	    {"shrink", no_argument, NULL, 'k'},
	    {"plain", no_argument, NULL, 'p'},
	    {"swept", no_argument, NULL, 'w'},
	    {"trace", required_argument, NULL, 't'},
	    {"store", required_argument, NULL, 'd'},
	    {0},
	};
	int letter;

	*options = (struct options){.first = 1, .last = 10, .folder = "/tmp"};
	while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (letter == 's' &&
		    sscanf(optarg, "%" SCNu64 "..%" SCNu64, &options->first, &options->last) != 2)
			return false;
		if (letter == 't' && !(options->trace = fopen(optarg, "w")))
			return false;
		if (letter == 'a')
			options->is_all_ways = true;
		if (letter == 'c')
			options->has_wrong_clocks = true;
		if (letter == 'p')
			options->is_plain = true;
		if (letter == 'w')
			options->is_swept = true;
		if (letter == 'k')
			options->is_shrinking = true;
		if (letter == 'd')
			options->folder = optarg;
		if (letter == '?')
			return false;
	}
	return optind == argc;
}

int main(int argc, char **argv)
{
	struct options options;
	struct zone zone;
	unsigned failed = 0;

	if (!read_options(argc, argv, &options)) {
		fprintf(stderr,
		    "usage: %s [--seeds A..B] [--all-ways] [--swept] [--wrong-clocks] "
		    "[--trace FILE] [--store FOLDER]\n",
		    argv[0]);
		return 2;
	}
	run_load_zone(&zone);
	struct policy policy = policy_default(&zone);
	options.policy = &policy;
	uint64_t seeds = options.last - options.first + 1;
	for (uint64_t seed = options.first; seed <= options.last; seed++)
		failed += run_seed(seed, &options);
	zone_deinit(&zone);
	if (options.trace && fclose(options.trace) != 0) {
		perror("trace");
		return 2;
	}
	tally_print(stdout);
	printf("%" PRIu64 " seeds, %u failed\n", seeds, failed);
	return failed > 0;
}
