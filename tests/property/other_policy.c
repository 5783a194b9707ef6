/* other_policy.c - what-if is right: a site's history under another policy file is what the
 * same inputs come to where that file was in force from the beginning.
 *
 *     other_policy --seeds A..B [--store FOLDER]
 *
 * Each seed is a world (world.h) and a random policy. The world's inputs go into a ledger
 * without a policy file and into one with it; what-if over the first must find the truth of
 * the second, and no difference where it supposes what is in force already, in both.
 * The last line is "N seeds, N failed, N findings differ": the policies matter.
 */
#include "care/parameter.h"
#include "ledger/past/what_if.h"
#include "lines.h"
#include "run.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TRUTH_BYTES_MAX (4U << 20)
#define OFF_MAX 128

/* --- a policy file ---------------------------------------------------------------------- */

struct file {
	Carepace__V1__Policy policy;
	Carepace__V1__PolicySetting settings[PARAMETERS];
	Carepace__V1__PolicySetting *setting_list[PARAMETERS];
	Carepace__V1__Check off[OFF_MAX];
	struct ledger_own own;
};

/* Near the default, where it decides. */
static int64_t some_value(struct rng *rng, const struct parameter_row *row)
{
	int64_t value = row->value * (int64_t)(25 + rng_below(rng, 200)) / 100;

	if (rng_percent(rng, 20))
		value = row->value + (int64_t)rng_below(rng, 3) - 1;
	return value < row->min ? row->min : value > row->max ? row->max : value;
}

static void make_file(struct file *file, struct rng *rng)
{
	*file = (struct file){.policy = CAREPACE__V1__POLICY__INIT};
	file->policy.version = 1;
	file->policy.setting = file->setting_list;
	file->policy.off = file->off;
	for (size_t i = 0; i < PARAMETERS; i++) {
		if (!rng_percent(rng, 40))
			continue;
		size_t at = file->policy.n_setting++;
		file->settings[at] =
		    (Carepace__V1__PolicySetting)CAREPACE__V1__POLICY_SETTING__INIT;
		file->settings[at].check = (Carepace__V1__Check)parameters[i].check;
		file->settings[at].parameter = (char *)parameters[i].name;
		file->settings[at].value = some_value(rng, &parameters[i]);
		file->setting_list[at] = &file->settings[at];
	}
	for (const struct check_row *row = NULL; (row = catalogue_next(row));)
		if (rng_percent(rng, 4) && file->policy.n_off < OFF_MAX)
			file->off[file->policy.n_off++] = (Carepace__V1__Check)row->check;
	file->own = (struct ledger_own){
	    .kind = READING_POLICY, .key = "own/policy", .body = &file->policy.base};
}

/* --- what if ------------------------------------------------------------------------------ */

struct supposition {
	const struct file *file;
	bool is_in_force;  /* in the store that is looked at */
	struct buf *truth; /* what the file comes to */
	int64_t differences;
	wall_ms now;
	char why[512];
};

static void count_differences(void *ctx, const struct what_if_check *check)
{
	struct supposition *s = ctx;

	for (size_t i = WHAT_IF_NEW; i < WHAT_IF_CHANGES; i++)
		s->differences += check->changes[i];
}

static void add_line(void *ctx, const char *line)
{
	if (strncmp(line, "day ", 4) == 0)
		return;
	CP_CHECK(buf_append(ctx, line, strlen(line)) == CP_OK);
	CP_CHECK(buf_append(ctx, "\n", 1) == CP_OK);
}

/* *differences is how many findings would be other ones. */
static const char *suppose(struct supposition *s, const char *path, const struct policy *policy,
    const struct ledger_own *own, struct buf *truth)
{
	struct what_if *what_if;
	const char *wrong = NULL;

	s->differences = 0;
	if (what_if_open(&what_if, path, policy, s->now, s->why)) {
		wrong = s->why;
	} else {
		what_if_judge(what_if, own, own ? 1 : 0, 0, NULL, NULL);
		what_if_each_check(what_if, count_differences, s);
		if (truth)
			what_if_truth(what_if, add_line, truth);
		if (what_if_error(what_if, &wrong) == CP_OK)
			wrong = NULL;
		else
			snprintf(s->why, sizeof(s->why), "%s", wrong);
	}
	what_if_close(what_if);
	return wrong ? s->why : NULL;
}

static const char *look(
    void *ctx, struct ledger *ledger, const char *path, const struct policy *policy, wall_ms now)
{
	(void)ledger;
	struct supposition *s = ctx;
	const struct ledger_own *held = s->is_in_force ? &s->file->own : NULL;

	s->now = now;
	const char *wrong = suppose(s, path, policy, held, NULL);

	if (!wrong && s->differences)
		wrong = "what-if of the policy in force finds a difference";
	if (!wrong && !s->is_in_force)
		wrong = suppose(s, path, policy, &s->file->own, s->truth);
	return wrong;
}

/* --- one seed ------------------------------------------------------------------------------- */

static bool print_missing(const char *where, struct slice text, struct slice other)
{
	bool is_any = false;

	while (text.len > 0) {
		struct slice line = lines_next(&text);
		if (line.len == 0 || strncmp((const char *)line.p, "day ", 4) == 0 ||
		    lines_have(other, line))
			continue;
		fprintf(stderr, "  only %s: %.*s\n", where, (int)line.len, (const char *)line.p);
		is_any = true;
	}
	return is_any;
}

static bool run_seed(
    uint64_t seed, const struct policy *policy, const char *folder, int64_t *differences)
{
	static struct world world; /* large; these two */
	static struct file file;
	struct rng rng = {.state = seed ^ 0x5eedf11e};
	struct buf truths[3]; /* without the file, supposed, with it */
	char why[512];

	for (size_t i = 0; i < CP_COUNT(truths); i++)
		buf_init(&truths[i], TRUTH_BYTES_MAX);
	world_make(&world, seed, policy->zone, false);
	make_file(&file, &rng);
	struct supposition supposed = {.file = &file, .truth = &truths[1]};
	struct supposition held = {.file = &file, .is_in_force = true};
	const struct way without = {
	    .name = "without the file", .batch_max = 200, .look = look, .ctx = &supposed};
	const struct way with = {.name = "with the file",
	    .batch_max = 200,
	    .own = &file.own,
	    .own_count = 1,
	    .look = look,
	    .ctx = &held};
	bool is_good = run_world(&world, &without, policy, folder, &truths[0], why);
	if (!is_good)
		fprintf(stderr, "seed %" PRIu64 ", %s: %s\n", seed, without.name, why);
	else if (!(is_good = run_world(&world, &with, policy, folder, &truths[2], why)))
		fprintf(stderr, "seed %" PRIu64 ", %s: %s\n", seed, with.name, why);
	if (is_good &&
	    (print_missing("supposed", buf_bytes(&truths[1]), buf_bytes(&truths[2])) |
	        print_missing("with the file", buf_bytes(&truths[2]), buf_bytes(&truths[1])))) {
		fprintf(stderr, "seed %" PRIu64 ": what-if is not what would have been\n", seed);
		is_good = false;
	}
	*differences += supposed.differences;
	for (size_t i = 0; i < CP_COUNT(truths); i++)
		buf_deinit(&truths[i]);
	return is_good;
}

/* --- the program ------------------------------------------------------------------------------ */

int main(int argc, char **argv)
{
	const char *folder = argc == 5 && strcmp(argv[3], "--store") == 0 ? argv[4] : "/tmp";
	uint64_t first;
	uint64_t last;
	uint64_t failed = 0;
	int64_t differences = 0;
	struct zone zone;

	if ((argc != 3 && argc != 5) || strcmp(argv[1], "--seeds") != 0 ||
	    sscanf(argv[2], "%" SCNu64 "..%" SCNu64, &first, &last) != 2) {
		fputs("usage: other_policy --seeds A..B [--store FOLDER]\n", stderr);
		return 2;
	}
	run_load_zone(&zone);
	struct policy policy = policy_default(&zone);
	policy.site = "north-1";
	for (uint64_t seed = first; seed <= last; seed++)
		failed += !run_seed(seed, &policy, folder, &differences);
	printf("%" PRIu64 " seeds, %" PRIu64 " failed, %" PRId64 " findings differ\n",
	    last - first + 1, failed, differences);
	zone_deinit(&zone);
	return failed ? 1 : 0;
}
