#include "cli/parked.h"

#include "cli/commands.h"
#include "cli/output.h"
#include "io/box_key.h"
#include "io/clock.h"
#include "io/control.h"
#include "io/folder.h"
#include "io/restore_folder.h"
#include "ledger/ledger.h"

#include <string.h>

/* 1,000 messages of a device, judged, take about a second. */
#define ANSWER_MS 120000

struct outcome {
	int64_t tried;
	int64_t understood;
	int64_t refused;
};

static int say_outcome(const struct parked_request *request, const struct outcome *outcome)
{
	int64_t kept = outcome->tried - outcome->understood - outcome->refused;
	char tried[64];

	if (request->options.is_json) {
		json_t *object = json_object();
		json_put_int(object, "tried", outcome->tried);
		json_put_int(object, "understood", outcome->understood);
		json_put_int(object, "refused", outcome->refused);
		json_put_int(object, "kept", kept);
		json_print(object);
	} else {
		printf("%s tried again: %lld understood now, %lld refused, %lld stay parked.\n",
		    count_text(outcome->tried, "message", tried), (long long)outcome->understood,
		    (long long)outcome->refused, (long long)kept);
	}
	return cli_finish(&request->options);
}

/* --- the running daemon does it -------------------------------------------------------- */

static int read_answer(const struct parked_request *request, const char *line)
{
	json_t *answer = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	const char *sentence = "its answer cannot be understood; is it another version?";
	struct outcome outcome;
	json_int_t tried;
	json_int_t understood;
	json_int_t refused;
	int is_ok = 0;
	int status = CLI_FOUND;

	(void)json_unpack(answer, "{s:b, s?:s}", "ok", &is_ok, "error", &sentence);
	if (is_ok && json_unpack(answer, "{s:I, s:I, s:I}", "tried", &tried, "understood",
	                 &understood, "refused", &refused) == 0) {
		outcome = (struct outcome){tried, understood, refused};
		status = say_outcome(request, &outcome);
	} else {
		cli_say(&request->options, "the running gateway says: %s", sentence);
	}
	json_decref(answer);
	return status;
}

/* --- or we do, in its place ------------------------------------------------------------- */

static enum cp_err work(
    struct ledger *ledger, const struct parked_request *request, struct outcome *outcome)
{
	struct batch *batch = batch_new();
	bool is_asked = false;
	enum cp_err err = CP_OK;

	if (!batch)
		return CP_NOMEM;
	do {
		batch_reset(batch);
		/* An upgrade's own retry comes first, and may have found it already. */
		batch->retry.is_asked = !is_asked;
		memcpy(batch->retry.wanted, request->hash, sizeof(request->hash));
		batch->clock = clock_read();
		err = ledger_apply(ledger, batch, batch->clock.wall);
		is_asked = is_asked || !batch->retry.is_busy;
		outcome->tried += batch->retry.tried;
		outcome->understood += batch->retry.journaled;
		outcome->refused += batch->retry.refused;
	} while (!err && (batch->retry.is_under_way || !is_asked));
	batch_free(batch);
	return err;
}

static int do_it_here(
    struct cli_source *source, const struct parked_request *request, const char *folder)
{
	struct ledger_config config = {
	    .path = source->path,
	    .site = source->config.site.name,
	    .version = CAREPACE_VERSION "+" CAREPACE_CONTRACT,
	    .policy = source->policy,
	    .clock = clock_start(),
	};
	struct outcome outcome = {0};
	struct ledger *ledger;
	struct pki_error error;
	char why[256];
	int lock;

	if (!source->config.site.name) {
		cli_say(&request->options,
		    "no gateway runs on %s; without one the configuration "
		    "is needed: give --config",
		    folder);
		return CLI_USAGE;
	}
	if (folder_hold(folder, &lock, why)) {
		cli_say(&request->options, "%s", why);
		return CLI_UNREADABLE;
	}
	int status = CLI_UNREADABLE;
	enum restore_end end;
	char former[PATH_MAX];
	bool is_settled = restore_settle(folder, &end, former, why) == CP_OK;
	if (is_settled && box_key_load(folder, config.box_key, &error)) {
		cli_say(&request->options, "%s", error.text);
	} else if (!is_settled || ledger_open(&config, config.clock.reading.wall, &ledger, why)) {
		cli_say(&request->options, "%s", why);
	} else {
		if (work(ledger, request, &outcome))
			cli_say(&request->options, "%s: %s", source->path, ledger_error(ledger));
		else
			status = say_outcome(request, &outcome);
		ledger_close(ledger);
	}
	folder_release(lock);
	return status;
}

int parked_retry_by_person(struct cli_source *source, const struct parked_request *request)
{
	const char *folder =
	    request->options.store_path ? request->options.store_path : source->config.store.path;
	char line[64 + ID_HEX_LEN];
	char answer[CONTROL_LINE_MAX];
	char why[256];

	/* Not while another connection of this process reads: a checkpoint waits for it. */
	view_close(source->view);
	source->view = NULL;
	snprintf(line, sizeof(line), "{\"do\":\"parked-retry\",\"hash\":\"%s\"}", request->hash);
	enum cp_err err = control_ask(folder, line, ANSWER_MS, answer, why);
	if (err == CP_OK)
		return read_answer(request, answer);
	if (err == CP_NOTFOUND)
		return do_it_here(source, request, folder);
	cli_say(&request->options, "%s", why);
	return CLI_UNREADABLE;
}
