#include "base/suggest.h"
#include "care/sentence.h"
#include "cli/alert_json.h"
#include "cli/commands.h"
#include "cli/moment.h"

struct request {
	struct cli_options options;
	struct view_filter filter;
};

enum {
	KEY_ALL = 512,
	KEY_CHECK,
};

static const struct argp_option options[] = {
    {"all", KEY_ALL, NULL, 0, "also those that are cleared or were retracted", 0},
    {"check", KEY_CHECK, "NAME", 0, "of one check only; see carepace checks", 0},
    {0},
};

static error_t take_check(struct request *request, const char *name)
{
	const struct check_row *row = catalogue_find_name(name);
	struct suggestion suggestion = suggest_for(name);

	if (row) {
		request->filter.check = row->check;
		return 0;
	}
	while ((row = catalogue_next(row)))
		suggest_offer(&suggestion, row->name);
	if (suggestion.best)
		return cli_wrong(&request->options, "there is no check \"%s\"; did you mean %s?",
		    name, suggestion.best);
	return cli_wrong(
	    &request->options, "there is no check \"%s\"; carepace checks lists them", name);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case KEY_ALL:
		request->filter.with_closed = true;
		return 0;
	case KEY_CHECK:
		return take_check(request, value);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

#define STATE_TEXT_BYTES 40

/* "RAISED", "ACKED by 3f2a11". */
static const char *state_text(const struct view_alert *row, char out[STATE_TEXT_BYTES])
{
	enum alert_state state = row->alert.state;
	const struct id *by = state == ALERT_ACKED        ? &row->ack_by
	                      : state == ALERT_OVERRIDDEN ? &row->override_by
	                                                  : NULL;
	char hex[ID_HEX_LEN + 1];

	snprintf(out, STATE_TEXT_BYTES, "%s%s%s", alert_state_name(state), by ? " by " : "",
	    by ? short_hex(by, CLI_TOKEN_DIGITS, hex) : "");
	return out;
}

static void print_table(
    struct cli_source *source, const struct view_alert *alerts, size_t count, bool with_closed)
{
	static const char *const heads[] = {
	    "RAISED", "SEVERITY", "CHECK", "WHO", "STATE", "ALERT", "WHAT IT SAYS"};
	struct table table;

	table_init(&table, &source->arena, heads, CP_COUNT(heads));
	for (size_t i = 0; i < count; i++) {
		const struct alert *alert = &alerts[i].alert;
		const struct check_row *check = catalogue_find(alert->finding.check);
		char when[WHEN_BYTES];
		char who[WHO_NAMES_BYTES];
		char hex[ID_HEX_LEN + 1];
		char sentence[SENTENCE_BYTES];
		char state[STATE_TEXT_BYTES];

		table_add(&table,
		    moment_short(&source->zone, moment_stamped(source, alert->raised_at), when));
		table_add(&table, severity_name(alert->finding.severity));
		table_add(&table, check ? check->name : "?");
		table_add(&table, who_names(check ? check->who : 0, who));
		table_add(&table, state_text(&alerts[i], state));
		table_add(&table, short_hex(&alert->id, CLI_ALERT_DIGITS, hex));
		table_add(&table, sentence_of(&alert->finding, sentence));
	}
	if (count)
		table_print_list(&table, "");
	else
		puts(with_closed ? "No alerts." : "No open alerts.");
}

static void print_json(
    const struct cli_source *source, const struct view_alert *alerts, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_append(array, alert_json(source, &alerts[i]));
	json_print(array);
}

static int work(struct cli_source *source, void *ctx)
{
	struct request *request = ctx;
	size_t count;

	request->filter.since = cli_since(source, &request->options);
	request->filter.max = (size_t)request->options.limit + 1;
	struct view_alert *alerts =
	    view_alerts(source->view, &source->arena, &request->filter, &count);
	int status = cli_source_check(source, &request->options);
	if (status)
		return status;
	bool is_more = count > request->options.limit;
	count -= is_more;
	if (request->options.is_json)
		print_json(source, alerts, count);
	else
		print_table(source, alerts, count, request->filter.with_closed);
	if (is_more && !request->options.is_json)
		printf("\nThere are more, older ones: carepace alerts --limit %u.\n",
		    cli_limit_more(&request->options));
	return cli_finish(&request->options);
}

int cli_alerts(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "alerts",
	    .takes = CLI_TAKES_ALL | CLI_TAKES_SINCE | CLI_TAKES_LIMIT,
	    .limit = CLI_LIMIT_MAX,
	    .about = "Lists what the checks found, the newest first.",
	    .options = options,
	    .parse = parse,
	};
	struct request request = {0};

	return cli_source_run(&syntax, argc, argv, &request, work);
}
