#include "care/sentence.h"
#include "cli/alert_json.h"
#include "cli/commands.h"
#include "cli/list.h"
#include "cli/moment.h"
#include "io/control.h"

#include <jansson.h>

#define ANSWER_MS 10000

struct request {
	struct cli_options options;
	const char *alert;
	const char *by;
	int64_t reason;
};

enum {
	KEY_OPERATOR = 512,
	KEY_REASON,
};

static const struct argp_option options[] = {
    {"operator", KEY_OPERATOR, "OPERATOR", 0, "who says so: the token, or its first digits", 0},
    {"reason", KEY_REASON, "CODE", 0, "the clinic's own code for why, 1 to 255", 0},
    {0},
};

static error_t take_operator(struct request *request, const char *word)
{
	size_t len = strlen(word);

	if (len == 0 || len > ID_HEX_LEN || word[strspn(word, "0123456789abcdef")] != '\0')
		return cli_wrong(&request->options,
		    "an operator is named by the first of the token's 32 digits 0-9a-f, not by "
		    "\"%s\"",
		    word);
	request->by = word;
	return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case KEY_OPERATOR:
		return take_operator(request, value);
	case KEY_REASON:
		return cli_take_number(
		    &request->options, "reason", value, UINT8_MAX, &request->reason);
	case ARGP_KEY_ARG:
		return cli_take_alert(&request->options, value, &request->alert);
	case ARGP_KEY_NO_ARGS:
		if (request->options.is_help)
			return 0;
		return cli_wrong(&request->options,
		    "which alert? Give the first digits of its id; carepace alerts lists them");
	case ARGP_KEY_END:
		if (request->by || request->options.is_help || !request->alert)
			return 0;
		return cli_wrong(&request->options,
		    "who says so? Give --operator and the first digits of the token, as carepace "
		    "sessions shows it; of somebody who has not treated anybody yet all 32");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* Whole tokens may be of somebody who never worked here. */
static int find_operator(
    const struct cli_source *source, const struct request *request, struct id *out)
{
	if (id_from_hex(out, slice_str(request->by)) && !id_is_zero(out))
		return CLI_OK;
	size_t count = view_find_operator(source->view, request->by, out);
	int status = cli_source_check(source, &request->options);
	if (status || count == 1)
		return status;
	if (count)
		cli_say(&request->options, "several operators begin with %s; give more digits",
		    request->by);
	else
		cli_say(&request->options,
		    "no operator is known whose token begins with %s; give all 32 digits",
		    request->by);
	return count ? CLI_USAGE : CLI_FOUND;
}

/* --- the running gateway ------------------------------------------------------------------ */

/* What became of it, in one word (shell/staff.c); or `why` not. */
static bool ask(const char *folder, const struct id *alert, const struct id *by, int64_t reason,
    char word[16], char why[512])
{
	char alert_hex[ID_HEX_LEN + 1];
	char by_hex[ID_HEX_LEN + 1];
	char line[256];
	char answer[CONTROL_LINE_MAX];
	char silence[256];
	const char *said = NULL;
	const char *error = NULL;

	snprintf(line, sizeof(line),
	    "{\"do\":\"acknowledge\",\"alert\":\"%s\",\"by\":\"%s\",\"reason\":%lld}",
	    id_hex(alert, alert_hex), id_hex(by, by_hex), (long long)reason);
	enum cp_err err = control_ask(folder, line, ANSWER_MS, answer, silence);
	if (err == CP_NOTFOUND)
		snprintf(why, 512,
		    "no gateway runs on %s, and only it writes there. Start it and say it again: "
		    "systemctl start carepace",
		    folder);
	else if (err)
		snprintf(why, 512, "%s", silence);
	if (err)
		return false;
	json_t *object = json_loads(answer, JSON_REJECT_DUPLICATES, NULL);
	(void)json_unpack(object, "{s?:s, s?:s}", "answer", &said, "error", &error);
	if (said)
		snprintf(word, 16, "%s", said);
	else
		snprintf(why, 512, "the running gateway says: %s",
		    error ? error : "something that cannot be understood; is it another version?");
	json_decref(object);
	return said != NULL;
}

/* --- what it says --------------------------------------------------------------------------- */

static void say_refusal(
    const struct cli_source *source, const struct request *request, const struct view_alert *row)
{
	const struct alert *alert = &row->alert;
	char hex[ID_HEX_LEN + 1];
	char when[WHEN_BYTES];
	char by[ID_HEX_LEN + 1];

	short_hex(&alert->id, CLI_ALERT_DIGITS, hex);
	if (alert->state == ALERT_RETRACTED)
		cli_say(&request->options,
		    "alert %s was withdrawn %s: later data showed that it was never true; there "
		    "is nothing to acknowledge",
		    hex,
		    moment_long(&source->zone, moment_stamped(source, alert->cleared_at), when));
	else if (alert->ack.at)
		cli_say(&request->options, "alert %s was acknowledged already, %s, by %s", hex,
		    moment_long(&source->zone, moment_stamped(source, alert->ack.at), when),
		    short_hex(&row->ack_by, CLI_TOKEN_DIGITS, by));
	else
		cli_say(&request->options,
		    "alert %s was cleared %s; there is nothing to acknowledge", hex,
		    moment_long(&source->zone, moment_stamped(source, alert->cleared_at), when));
}

static void say_taken(
    const struct cli_source *source, const struct request *request, const struct view_alert *row)
{
	const struct alert *alert = &row->alert;
	const struct check_row *check = catalogue_find(alert->finding.check);
	char hex[ID_HEX_LEN + 1];

	if (request->options.is_json) {
		json_print(alert_json(source, row));
		return;
	}
	printf("Alert %s is acknowledged: %s %s.\n", short_hex(&alert->id, CLI_ALERT_DIGITS, hex),
	    severity_name(alert->finding.severity), check ? check->name : "?");
	if (alert->state == ALERT_CLEARED)
		puts("It is settled.");
	else if (check)
		printf("Its cause goes on; it is cleared by: %s.\n", check->cleared_by);
}

static int work(struct cli_source *source, void *ctx)
{
	const struct request *request = ctx;
	const char *folder =
	    request->options.store_path ? request->options.store_path : source->config.store.path;
	struct view_alert row;
	struct id by = {0};
	char word[16];
	char why[512];
	int status = cli_find_alert(source, &request->options, request->alert, &row);

	if (!status)
		status = find_operator(source, request, &by);
	if (status)
		return status;
	struct id id = row.alert.id;
	if (!ask(folder, &id, &by, request->reason, word, why)) {
		cli_say(&request->options, "%s", why);
		return CLI_UNREADABLE;
	}
	char hex[ID_HEX_LEN + 1];
	status = cli_find_alert(source, &request->options, id_hex(&id, hex), &row);
	if (status)
		return status;
	if (strcmp(word, "taken") != 0) {
		say_refusal(source, request, &row);
		return CLI_FOUND;
	}
	say_taken(source, request, &row);
	return cli_finish(&request->options);
}

int cli_acknowledge(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "acknowledge",
	    .takes = CLI_TAKES_ALL,
	    .arguments = "ALERT",
	    .about = "Says of an alert, named by the first digits of its id, that somebody has "
	             "seen it and dealt with it. The running gateway keeps who and when, for "
	             "good, and head office hears of it. An alert whose cause goes on stays "
	             "listed as ACKED until the cause is gone; if it gets graver it is open "
	             "again. Exit status 1: there was nothing to acknowledge.",
	    .options = options,
	    .parse = parse,
	};
	struct request request = {0};

	return cli_source_run(&syntax, argc, argv, &request, work);
}
