#include "ledger/past/what_if.h"

#include "care/sentence.h"
#include "care/time/civil.h"
#include "care/time/zone.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/source.h"
#include "io/config_policy.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DAYS_DEFAULT 180
#define DAYS_MAX 3660
#define EXAMPLES 5
#define NICE 10 /* the gateway goes before */

struct request {
	struct cli_options options;
	const char *file;
	unsigned days; /* 0: not given */
};

/* A kind of change of the answer, and its newest sessions. */
struct turn {
	int64_t count;
	struct what_if_verdict examples[EXAMPLES];
};

#define DECISIONS (DECISION_DENY + 1)

struct answer {
	struct cli_source *source;
	const struct request *request;
	struct what_if *what_if;
	struct config_own own;
	wall_ms since;
	struct progress progress;
	int64_t differences;
	struct what_if_check *checks; /* that differ; in the source's arena */
	size_t check_count;
	size_t check_cap;
	bool is_full;
	struct turn turns[DECISIONS][DECISIONS];
};

static const struct {
	const char *name;
	const char *text;
	const char *head;
} changes[WHAT_IF_CHANGES] = {
    [WHAT_IF_NEW] = {"new", "new", "NEW"},
    [WHAT_IF_GONE] = {"gone", "gone", "GONE"},
    [WHAT_IF_WORSE] = {"more_severe", "more severe", "MORE SEVERE"},
    [WHAT_IF_MILDER] = {"less_severe", "less severe", "LESS SEVERE"},
    [WHAT_IF_OTHER] = {"otherwise", "otherwise", "OTHERWISE"},
};

/* --- ask ------------------------------------------------------------------------------- */

static int read_policy(struct answer *answer)
{
	const struct cli_options *options = &answer->request->options;
	struct buf faults;

	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	enum cp_err err = config_own_load(&answer->own, answer->request->file, &faults);
	struct slice text = buf_bytes(&faults);
	if (text.len)
		fwrite(text.p, 1, text.len, stderr);
	else if (err)
		cli_say(options, "%s: %s", answer->request->file, cp_err_text(err));
	buf_deinit(&faults);
	return err ? CLI_UNREADABLE : CLI_OK;
}

static void on_progress(void *ctx, int64_t done, int64_t total)
{
	struct progress *progress = ctx;

	if (progress->total == 0)
		progress_begin(progress, "judging", total);
	progress_at(progress, done);
}

static void take_check(void *ctx, const struct what_if_check *check)
{
	struct answer *answer = ctx;
	int64_t differences = 0;

	for (size_t i = WHAT_IF_NEW; i < WHAT_IF_CHANGES; i++)
		differences += check->changes[i];
	if (!differences)
		return;
	struct what_if_check *checks = arena_push(&answer->source->arena, answer->checks,
	    answer->check_count, &answer->check_cap, sizeof(*checks));
	if (!checks) {
		answer->is_full = true;
		return;
	}
	answer->differences += differences;
	answer->checks = checks;
	checks[answer->check_count++] = *check;
}

static void take_verdict(void *ctx, const struct what_if_verdict *verdict)
{
	struct answer *answer = ctx;
	struct turn *turn = &answer->turns[verdict->before][verdict->after];

	if (turn->count < EXAMPLES)
		turn->examples[turn->count] = *verdict;
	turn->count++;
}

static event_ms since_of(const struct answer *answer)
{
	const struct zone *zone = &answer->source->zone;
	const struct request *request = answer->request;

	if (request->options.since)
		return cli_since(answer->source, &request->options);
	int32_t today = zone_day(zone, what_if_now(answer->what_if));
	return zone_time_at(
	    zone, today - (int32_t)(request->days ? request->days : DAYS_DEFAULT), 0);
}

static int ask(struct answer *answer)
{
	const struct cli_options *options = &answer->request->options;
	const char *text;
	char why[256];

	if (what_if_open(&answer->what_if, answer->source->path, &answer->source->policy, 0, why)) {
		cli_say(options, "%s", why);
		return CLI_UNREADABLE;
	}
	answer->since = since_of(answer);
	what_if_judge(answer->what_if, answer->own.orders, answer->own.count, answer->since,
	    on_progress, &answer->progress);
	progress_end(&answer->progress);
	what_if_each_check(answer->what_if, take_check, answer);
	what_if_each_verdict(answer->what_if, take_verdict, answer);
	if (what_if_error(answer->what_if, &text) == CP_OK && !answer->is_full)
		return CLI_OK;
	cli_say(options, "%s: %s", answer->source->path, *text ? text : "out of memory");
	return CLI_UNREADABLE;
}

/* --- tell ------------------------------------------------------------------------------ */

static size_t examples_of(struct answer *answer, const struct what_if_check *check, size_t change,
    struct what_if_example out[EXAMPLES])
{
	if (check->changes[change] == 0)
		return 0;
	return what_if_examples(answer->what_if, &answer->source->arena, check->check->check,
	    (enum what_if_change)change, out, EXAMPLES);
}

static json_t *example_json(
    const struct answer *answer, const struct what_if_example *example, size_t change)
{
	const struct finding *finding = &example->finding;
	json_t *object = json_object();
	char sentence[SENTENCE_BYTES];

	json_put_text(object, "change", changes[change].name);
	json_put(object, "client_no", finding->client ? json_integer(finding->client) : NULL);
	json_put_time(object, "from", &answer->source->zone, finding->from);
	json_put_text(
	    object, "severity_before", example->before ? severity_name(example->before) : NULL);
	json_put_text(object, "severity_after",
	    change == WHAT_IF_GONE ? NULL : severity_name(finding->severity));
	json_put_text(object, "sentence", sentence_of(finding, sentence));
	return object;
}

static json_t *check_json(struct answer *answer, const struct what_if_check *check)
{
	json_t *object = json_object();
	json_t *examples = json_array();

	json_put_text(object, "check", check->check->name);
	json_put_int(object, "before", check->before);
	json_put_int(object, "after", check->after);
	for (size_t change = WHAT_IF_NEW; change < WHAT_IF_CHANGES; change++) {
		struct what_if_example found[EXAMPLES];
		size_t count = examples_of(answer, check, change, found);
		json_put_int(object, changes[change].name, check->changes[change]);
		for (size_t i = 0; i < count; i++)
			json_append(examples, example_json(answer, &found[i], change));
	}
	json_put(object, "examples", examples);
	return object;
}

static json_t *turn_json(
    const struct answer *answer, const struct turn *turn, size_t before, size_t after)
{
	json_t *object = json_object();
	json_t *examples = json_array();

	json_put_text(object, "before", decision_name((enum decision)before));
	json_put_text(object, "after", decision_name((enum decision)after));
	json_put_int(object, "sessions", turn->count);
	for (int64_t i = 0; i < turn->count && i < EXAMPLES; i++) {
		const struct what_if_verdict *verdict = &turn->examples[i];
		json_t *example = json_object();
		json_put(
		    example, "client_no", verdict->client ? json_integer(verdict->client) : NULL);
		json_put_time(example, "start", &answer->source->zone, verdict->start);
		json_append(examples, example);
	}
	json_put(object, "examples", examples);
	return object;
}

static void print_json(struct answer *answer)
{
	json_t *object = json_object();
	json_t *checks = json_array();
	json_t *verdicts = json_array();

	json_put_text(object, "policy", answer->request->file);
	json_put_time(object, "since", &answer->source->zone, answer->since);
	json_put_time(object, "until", &answer->source->zone, what_if_now(answer->what_if));
	json_put_int(object, "differences", answer->differences);
	for (size_t i = 0; i < answer->check_count; i++)
		json_append(checks, check_json(answer, &answer->checks[i]));
	for (size_t before = 0; before < DECISIONS; before++)
		for (size_t after = 0; after < DECISIONS; after++)
			if (answer->turns[before][after].count)
				json_append(
				    verdicts, turn_json(answer, &answer->turns[before][after],
				                  before, after));
	json_put(object, "checks", checks);
	json_put(object, "verdicts", verdicts);
	json_print(object);
}

static void add_number(struct table *table, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	table_add(table, value ? text : "-");
}

static void print_checks(struct answer *answer)
{
	static const char *const heads[] = {"CHECK", "AS IT IS", "WHAT IF", "NEW", "GONE",
	    "MORE SEVERE", "LESS SEVERE", "OTHERWISE"};
	struct table table;

	table_init(&table, &answer->source->arena, heads, CP_COUNT(heads));
	for (size_t i = 0; i < answer->check_count; i++) {
		const struct what_if_check *check = &answer->checks[i];
		table_add(&table, check->check->name);
		add_number(&table, check->before);
		add_number(&table, check->after);
		for (size_t change = WHAT_IF_NEW; change < WHAT_IF_CHANGES; change++)
			add_number(&table, check->changes[change]);
	}
	table_print_list(&table, "");
}

static void print_client(int64_t client)
{
	if (client)
		printf(", client %" PRId64, client);
}

static void print_example(
    const struct answer *answer, const struct what_if_example *example, size_t change)
{
	const struct finding *finding = &example->finding;
	char when[WHEN_BYTES];
	char sentence[SENTENCE_BYTES];

	printf("  %s: %s", changes[change].text,
	    when_short(&answer->source->zone, finding->from, when));
	print_client(finding->client);
	if (change == WHAT_IF_WORSE || change == WHAT_IF_MILDER)
		printf(", %s -> %s: ", severity_name(example->before),
		    severity_name(finding->severity));
	else
		printf(", %s: ", severity_name(finding->severity));
	puts(sentence_of(finding, sentence));
}

static void print_examples(struct answer *answer)
{
	for (size_t i = 0; i < answer->check_count; i++) {
		const struct what_if_check *check = &answer->checks[i];
		printf("\n%s\n", check->check->name);
		for (size_t change = WHAT_IF_NEW; change < WHAT_IF_CHANGES; change++) {
			struct what_if_example found[EXAMPLES];
			size_t count = examples_of(answer, check, change, found);
			for (size_t j = 0; j < count; j++)
				print_example(answer, &found[j], change);
		}
	}
}

static void print_turn(
    const struct answer *answer, const struct turn *turn, size_t before, size_t after)
{
	char text[64];
	char when[WHEN_BYTES];

	printf("\nAnswer at the start: %s -> %s, %s\n", decision_name((enum decision)before),
	    decision_name((enum decision)after), count_text(turn->count, "session", text));
	for (int64_t i = 0; i < turn->count && i < EXAMPLES; i++) {
		printf("  %s", when_short(&answer->source->zone, turn->examples[i].start, when));
		print_client(turn->examples[i].client);
		putchar('\n');
	}
}

static void print_text(struct answer *answer)
{
	const struct zone *zone = &answer->source->zone;
	char since[WHEN_BYTES];
	char until[WHEN_BYTES];

	printf("Had %s been the clinic's policy file from %s to %s:\n\n", answer->request->file,
	    when_short(zone, answer->since, since),
	    when_short(zone, what_if_now(answer->what_if), until));
	if (answer->differences == 0) {
		puts("No finding would be another one.");
		return;
	}
	print_checks(answer);
	print_examples(answer);
	for (size_t before = 0; before < DECISIONS; before++)
		for (size_t after = 0; after < DECISIONS; after++)
			if (answer->turns[before][after].count)
				print_turn(answer, &answer->turns[before][after], before, after);
}

/* --- the command --------------------------------------------------------------------------- */

static int work(struct cli_source *source, void *ctx)
{
	const struct request *request = ctx;
	struct answer answer = {.source = source, .request = request};

	if (nice(NICE) < 0) {
		/* not nice then */
	}
	int status = read_policy(&answer);
	if (!status)
		status = ask(&answer);
	if (!status && request->options.is_json)
		print_json(&answer);
	else if (!status)
		print_text(&answer);
	what_if_close(answer.what_if);
	config_own_free(&answer.own);
	if (!status)
		status = cli_finish(&request->options);
	return status ? status : answer.differences ? CLI_FOUND : CLI_OK;
}

enum {
	KEY_DAYS = 512,
};

static const struct argp_option options[] = {
    {"days", KEY_DAYS, "N", 0, "the last so many days (180)", 0},
    {0},
};

static error_t take_days(struct request *request, const char *text)
{
	char *end;
	long days = strtol(text, &end, 10);

	if (*end || end == text || days < 1 || days > DAYS_MAX)
		return cli_wrong(&request->options,
		    "--days is a number from 1 to %d; \"%s\" is none", DAYS_MAX, text);
	request->days = (unsigned)days;
	return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case KEY_DAYS:
		return take_days(request, value);
	case ARGP_KEY_ARG:
		if (request->file)
			return cli_wrong(
			    &request->options, "one policy file at a time; what is \"%s\"?", value);
		request->file = value;
		return 0;
	case ARGP_KEY_END:
		if (request->options.is_help)
			return 0;
		if (!request->file)
			return cli_wrong(&request->options, "name a policy file to try");
		if (request->days && request->options.since)
			return cli_wrong(&request->options, "--days or --since, not both");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cli_what_if(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "what-if",
	    .takes = CLI_TAKES_ALL | CLI_TAKES_SINCE,
	    .arguments = "POLICY.yaml",
	    .about = "Judges the clinic's own past once more under another policy file, and shows "
	             "which findings, and which answers at a start, would have been other ones. "
	             "Nothing is changed; it works on a copy, beside the running gateway. What "
	             "head office says still holds where the file says nothing. Compared is what "
	             "is true, not who was told: nothing about devices being silent, and as if "
	             "nobody had overridden anything. Exit status 0: no difference; 1: some.",
	    .options = options,
	    .parse = parse,
	};
	struct request request = {0};

	return cli_source_run(&syntax, argc, argv, &request, work);
}
