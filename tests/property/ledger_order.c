/* ledger_order.c - P2, P3, P4: the truth is the same for any arrival order,
 * duplication, batching and restart, and equals the recount.
 *
 *     ledger_order [--seeds A..B] [--all-ways] [--wrong-clocks] [--trace FILE] [--store FOLDER]
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
};

struct options {
	uint64_t first;
	uint64_t last;
	bool is_all_ways;
	bool has_wrong_clocks;
	bool is_plain;
	bool is_shrinking;
	FILE *trace;
	const char *folder;
};

/* --- differences ------------------------------------------------------------------------ */

static void print_missing(const char *sign, struct slice text, struct slice other)
{
	int shown = 0;

	while (text.len > 0) {
		struct slice line = lines_next(&text);
		if (!lines_have(other, line) && shown++ < DIFFERENCES_SHOWN)
			fprintf(stderr, "  %s %.*s\n", sign, (int)line.len, (const char *)line.p);
	}
}

static void print_difference(const struct way *way, struct slice first, struct slice other)
{
	fprintf(stderr, "  - %s\n  + %s\n", ways[0].name, way->name);
	print_missing("-", first, other);
	print_missing("+", other, first);
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

struct attempt {
	const struct way *way;
	bool is_told; /* what differs */
	const struct policy *policy;
	const char *folder;
};

static bool still_fails(void *ctx, const struct world *world)
{
	const struct attempt *attempt = ctx;
	struct buf truths[2];
	char why[512];
	bool is_good = true;

	for (size_t i = 0; i < CP_COUNT(truths); i++) {
		buf_init(&truths[i], TRUTH_BYTES_MAX);
		is_good &= run_world(world, i ? attempt->way : &ways[0], attempt->policy,
		    attempt->folder, &truths[i], why);
	}
	is_good &= slice_eq(buf_bytes(&truths[0]), buf_bytes(&truths[1]));
	if (!is_good && attempt->is_told)
		print_difference(attempt->way, buf_bytes(&truths[0]), buf_bytes(&truths[1]));
	for (size_t i = 0; i < CP_COUNT(truths); i++)
		buf_deinit(&truths[i]);
	return !is_good;
}

static void print_fewest(const struct world *world, struct attempt attempt)
{
	static struct world few; /* large */

	few = *world;
	shrink(&few, still_fails, &attempt);
	attempt.is_told = true;
	shrink_try(&few, still_fails, &attempt);
	fprintf(stderr, "seed %" PRIu64 ", %s, now %" PRId64 ", fewest inputs:\n", world->seed,
	    attempt.way->name, world->now);
	for (size_t i = 0; i < few.count; i++)
		message_trace(&few.cast, &few.inputs[i], stderr);
}

static bool run_way(const struct world *world, size_t which, const struct policy *policy,
    const struct options *options, struct buf *first)
{
	const struct way *way = &ways[which];
	struct buf other;
	struct buf *truth = which == 0 ? first : &other;
	char why[512];

	buf_init(&other, TRUTH_BYTES_MAX);
	bool is_good = run_world(world, way, policy, options->folder, truth, why);
	if (!is_good)
		fprintf(stderr, "seed %" PRIu64 ", %s: %s\n", world->seed, way->name, why);
	if (!slice_eq(buf_bytes(first), buf_bytes(truth))) {
		is_good = false;
		fprintf(stderr, "seed %" PRIu64 ": the truth differs:\n", world->seed);
		print_difference(way, buf_bytes(first), buf_bytes(truth));
	}
	buf_deinit(&other);
	if (!is_good && options->is_shrinking)
		print_fewest(world, (struct attempt){way, false, policy, options->folder});
	return is_good;
}

static unsigned run_seed(uint64_t seed, const struct policy *policy, const struct options *options)
{
	static struct world world; /* large */
	struct buf first;
	unsigned failed = 0;

	world_make(&world, seed, policy->zone, options->is_plain);
	if (options->has_wrong_clocks)
		clocks_break(&world);
	if (options->has_wrong_clocks && seed % 2)
		box_play(&world);
	buf_init(&first, TRUTH_BYTES_MAX);
	for (size_t i = 0; i < CP_COUNT(ways); i++)
		if (i < WAYS_ALWAYS || options->is_all_ways ||
		    i == WAYS_ALWAYS + seed % (CP_COUNT(ways) - WAYS_ALWAYS))
			failed += !run_way(&world, i, policy, options, &first);
	for (struct slice rest = buf_bytes(&first); rest.len > 0;)
		tally_line(lines_next(&rest));
	if (options->trace)
		write_trace(options->trace, &world, buf_bytes(&first));
	buf_deinit(&first);
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
		    "usage: %s [--seeds A..B] [--all-ways] [--wrong-clocks] [--trace FILE] "
		    "[--store FOLDER]\n",
		    argv[0]);
		return 2;
	}
	run_load_zone(&zone);
	struct policy policy = policy_default(&zone);
	uint64_t seeds = options.last - options.first + 1;
	for (uint64_t seed = options.first; seed <= options.last; seed++)
		failed += run_seed(seed, &policy, &options);
	zone_deinit(&zone);
	if (options.trace && fclose(options.trace) != 0) {
		perror("trace");
		return 2;
	}
	tally_print(stdout);
	printf("%" PRIu64 " seeds, %u failed\n", seeds, failed);
	return failed > 0;
}
