#include "ledger/past/replay.h"

#include "care/catalogue.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/log_input.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "io/box_key.h"
#include "io/clock.h"
#include "io/config.h"
#include "io/config_policy.h"
#include "io/folder.h"
#include "io/tzfile.h"
#include "ledger/view/view.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

struct request {
	struct cli_options options;
	const char *log;
};

struct job {
	const struct request *request;
	struct log_input input;
	struct config config; /* zeroed without one */
	struct zone zone;
	char path[PATH_MAX]; /* of the store's file */
	int lock;            /* on its folder */
	enum log_what first; /* what the log begins with, behind its head */
	struct replay replay;
	mono_ms took_ms;
};

/* --- open ------------------------------------------------------------------------------ */

static int load_config(struct job *job)
{
	const struct cli_options *options = &job->request->options;
	const struct log_head *head = &job->input.reader.head;

	if (options->is_config_given && cli_load_config(options, &job->config))
		return CLI_UNREADABLE;
	if (options->is_config_given && strcmp(job->config.site.timezone, head->timezone) != 0) {
		cli_say(options, "the log is of the time zone %s, the configuration says %s",
		    head->timezone, job->config.site.timezone);
		return CLI_UNREADABLE;
	}
	enum cp_err err = tzfile_load(head->timezone, &job->zone);
	if (!err)
		return CLI_OK;
	cli_say(options, "the time zone %s of the log cannot be read: %s", head->timezone,
	    job->zone.bad ? job->zone.bad : cp_err_text(err));
	return CLI_UNREADABLE;
}

static int hold_folder(struct job *job)
{
	const struct cli_options *options = &job->request->options;
	struct stat info;
	char why[256];

	int len =
	    snprintf(job->path, sizeof(job->path), "%s/%s", options->store_path, LEDGER_FILE_NAME);
	if (len < 0 || (size_t)len >= sizeof(job->path)) {
		cli_say(options, "the path of the store is too long");
		return CLI_UNREADABLE;
	}
	if (stat(job->path, &info) == 0) {
		cli_say(options,
		    "%s exists: a log is replayed into a store of its own; name a folder "
		    "without one",
		    job->path);
		return CLI_UNREADABLE;
	}
	if (folder_hold(options->store_path, &job->lock, why) == CP_OK)
		return CLI_OK;
	cli_say(options, "%s", why);
	return CLI_UNREADABLE;
}

static int open_store(struct job *job)
{
	const struct cli_options *options = &job->request->options;
	const struct log_head *head = &job->input.reader.head;
	struct pki_error error;
	char why[256];
	struct ledger_config ledger = {
	    .path = job->path,
	    .site = head->site,
	    .timezone = head->timezone,
	    .version = CAREPACE_VERSION "+" CAREPACE_CONTRACT,
	    .policy = policy_default(&job->zone),
	    .outbox_max_bytes = job->config.upstream.outbox_max_bytes,
	    .outbox_days = job->config.upstream.outbox_days,
	    .own = job->config.own ? job->config.own->orders : NULL,
	    .own_count = job->config.own ? job->config.own->count : 0,
	};

	wall_ms now = head->from_ms ? head->from_ms : job->input.reader.last_ms;

	if (box_key_load(options->store_path, ledger.box_key, &error)) {
		cli_say(options, "%s", error.text);
		return CLI_UNREADABLE;
	}
	if (replay_open(&job->replay, &ledger, now, why) == CP_OK)
		return CLI_OK;
	cli_say(options, "%s", why);
	return CLI_UNREADABLE;
}

/* Before a store is made of nothing. Time begins with it. */
static int read_first(struct job *job)
{
	job->first = log_input_next(&job->input);
	return job->first == LOG_BAD ? CLI_UNREADABLE : CLI_OK;
}

/* --- work ------------------------------------------------------------------------------ */

static int replay_all(struct job *job)
{
	struct log_reader *reader = &job->input.reader;
	const wall_ms until = reader->head.until_ms;
	struct progress progress;
	enum log_what what = job->first;
	enum cp_err err = CP_OK;
	const mono_ms begin = clock_mono();

	progress_begin(&progress, "replaying", job->input.size_bytes);
	while (!err && what == LOG_ENTRY) {
		err = replay_take(&job->replay, &reader->entry);
		if (!err)
			what = log_input_next(&job->input);
		progress_at(&progress, (int64_t)reader->offset);
	}
	progress_end(&progress);
	if (!err) /* of a log that goes wrong: what came before is kept */
		err = replay_finish(&job->replay,
		    what == LOG_BAD || until < reader->last_ms ? reader->last_ms : until);
	job->took_ms = clock_mono() - begin;
	if (err)
		cli_say(&job->request->options, "%s: %s", job->path, replay_error(&job->replay));
	return err || what == LOG_BAD ? CLI_UNREADABLE : CLI_OK;
}

/* --- tell ------------------------------------------------------------------------------- */

struct count {
	const char *name;
	const char *text;
	int64_t value;
};

#define COUNTS 10

static void fill_counts(const struct replay_counts *from, struct count out[COUNTS])
{
	const struct count counts[COUNTS] = {
	    {"entries", "entries", from->entries},
	    {"readings", "readings kept", from->readings},
	    {"duplicates", "duplicates", from->duplicates},
	    {"conflicts", "conflicts: a name with another content", from->conflicts},
	    {"out_of_range", "with a value out of range", from->out_of_range},
	    {"parked", "not understood, kept", from->parked},
	    {"refused_foreign", "refused: spoke for another", from->foreign},
	    {"refused_privacy", "refused: text where only codes are allowed", from->privacy},
	    {"own_policy", "of the clinic's own policy, which --config names anew", from->own},
	    {"receipts", "receipts of head office, not followed", from->receipts},
	};

	memcpy(out, counts, sizeof(counts));
}

static int64_t rate(const struct job *job)
{
	return job->replay.counts.entries * MS_PER_SECOND / (job->took_ms ? job->took_ms : 1);
}

static void add_check_json(void *ctx, unsigned check, int64_t alerts, int64_t open)
{
	const struct check_row *row = catalogue_find((enum check)check);
	json_t *object = json_object();

	json_put_text(object, "check", row ? row->name : "unknown");
	json_put_int(object, "alerts", alerts);
	json_put_int(object, "open", open);
	json_append(ctx, object);
}

static void print_json(struct job *job, const struct count counts[COUNTS])
{
	json_t *object = json_object();
	json_t *checks = json_array();

	for (size_t i = 0; i < COUNTS; i++)
		json_put_int(object, counts[i].name, counts[i].value);
	json_put_int(object, "took_ms", job->took_ms);
	json_put_int(object, "entries_per_second", rate(job));
	replay_each_check(&job->replay, add_check_json, checks);
	json_put(object, "checks", checks);
	json_print(object);
}

static void add_number(struct table *table, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	table_add(table, text);
}

static void add_check_row(void *ctx, unsigned check, int64_t alerts, int64_t open)
{
	const struct check_row *row = catalogue_find((enum check)check);

	table_add(ctx, row ? row->name : "unknown");
	add_number(ctx, alerts);
	add_number(ctx, open);
}

static void print_text(struct job *job, const struct count counts[COUNTS])
{
	static const char *const heads[] = {"CHECK", "ALERTS", "OPEN"};
	struct arena arena;
	struct table table;

	arena_init(&arena, 16 * 1024, 4U << 20);
	for (size_t i = 0; i < COUNTS; i++)
		if (counts[i].value || i < 2)
			printf("%12" PRId64 "  %s\n", counts[i].value, counts[i].text);
	table_init(&table, &arena, heads, CP_COUNT(heads));
	replay_each_check(&job->replay, add_check_row, &table);
	if (table.count) {
		putchar('\n');
		table_print_list(&table, "");
	}
	printf("\n%" PRId64 " entries a second. See what it came to: carepace alerts --store %s\n",
	    rate(job), job->request->options.store_path);
	arena_deinit(&arena);
}

static void tell(struct job *job)
{
	struct count counts[COUNTS];

	fill_counts(&job->replay.counts, counts);
	if (job->request->options.is_json)
		print_json(job, counts);
	else
		print_text(job, counts);
}

/* --- the command --------------------------------------------------------------------------- */

static int work(struct job *job)
{
	int (*const steps[])(struct job *) = {load_config, read_first, hold_folder, open_store};

	if (!log_input_open(&job->input, &job->request->options, job->request->log))
		return CLI_UNREADABLE;
	for (size_t i = 0; i < CP_COUNT(steps); i++) {
		int status = steps[i](job);
		if (status)
			return status;
	}
	int status = replay_all(job);
	tell(job);
	int written = cli_finish(&job->request->options);
	return status ? status : written;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (request->log)
			return cli_wrong(
			    &request->options, "one log at a time; what is \"%s\"?", value);
		request->log = value;
		return 0;
	case ARGP_KEY_END:
		if (request->options.is_help)
			return 0;
		if (!request->log)
			return cli_wrong(&request->options, "name a log to replay");
		if (!request->options.store_path)
			return cli_wrong(&request->options,
			    "name the folder of a new store with --store: a log is never "
			    "replayed into the clinic's own");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int cli_replay(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "replay",
	    .takes = CLI_TAKES_ALL,
	    .arguments = "LOG",
	    .about = "Judges a recorded or simulated log in virtual time, as if it arrived now, "
	             "and keeps what it came to in a new store, which --store names and all "
	             "other commands read. With --config its policy file counts.",
	    .parse = parse,
	};
	struct request request = {0};
	struct job job = {.request = &request, .lock = -1};
	int status;

	if (!cli_parse(&syntax, argc, argv, &request.options, &status))
		return status;
	status = work(&job);
	replay_close(&job.replay);
	folder_release(job.lock);
	log_input_close(&job.input);
	zone_deinit(&job.zone);
	config_free(&job.config);
	return status;
}
