#include "ledger/view/session.h"

#include "care/verdict.h"
#include "cli/commands.h"
#include "cli/list.h"
#include "cli/moment.h"

#include <inttypes.h>

struct request {
	struct cli_options options;
	const char *device;
	const char *client;
	uint32_t zones;
};

enum {
	KEY_DEVICE = 512,
	KEY_CLIENT,
	KEY_ZONE,
};

static const struct argp_option options[] = {
    {"device", KEY_DEVICE, "DEVICE", 0, "on it only: its serial, or the first digits of its id", 0},
    {"client", KEY_CLIENT, "CLIENT", 0, "of one: the number, or the first digits of the token", 0},
    {"zone", KEY_ZONE, "ZONE", 0, "there only, as CHEEK; several: any of them", 0},
    {0},
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case KEY_DEVICE:
		request->device = value;
		return 0;
	case KEY_CLIENT:
		request->client = value;
		return 0;
	case KEY_ZONE:
		return cli_take_zone(&request->options, value, &request->zones);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- for people --------------------------------------------------------------------------- */

static const char *state_text(const struct session *session)
{
	if (session->is_void)
		return "void";
	if (session->is_completed)
		return "completed";
	return session_state_name(session->state);
}

/* Of one that runs, so far. */
static const char *minutes_text(const struct session *session, char out[LIST_TEXT_BYTES])
{
	snprintf(out, LIST_TEXT_BYTES, "%" PRId64, (session->end - session->start) / MS_PER_MINUTE);
	return out;
}

/* "HIGH INTERVAL_TOO_SOON, 1 more" */
static const char *findings_text(const struct view_session_row *row, char out[LIST_TEXT_BYTES])
{
	const struct check_row *check = catalogue_find(row->worst);
	int len;

	if (row->findings == 0)
		return "-";
	len = snprintf(
	    out, LIST_TEXT_BYTES, "%s %s", severity_name(row->severity), check ? check->name : "?");
	if (row->findings > 1)
		snprintf(out + len, LIST_TEXT_BYTES - (size_t)len, ", %" PRId64 " more",
		    row->findings - 1);
	return out;
}

static void add_row(
    struct table *table, const struct cli_source *source, const struct view_session_row *row)
{
	const struct view_session *view = &row->view;
	const struct session *session = &view->session;
	char text[LIST_TEXT_BYTES];
	char when[WHEN_BYTES];
	char hex[ID_HEX_LEN + 1];

	table_add(table, moment_short(&source->zone, moment_of_start(session), when));
	table_add(table, short_hex(&session->sid, CLI_ALERT_DIGITS, hex));
	table_add(table, device_text(view->device_kind, view->serial, &session->source, text));
	table_add(table, list_client_text(session->client, &view->client, text));
	table_add(table, short_hex(&view->operator, CLI_TOKEN_DIGITS, hex));
	table_add(table, zones_short(session->zones, text));
	table_add(table, state_text(session));
	table_add(table, minutes_text(session, text));
	table_add(table, view->verdict_rev ? decision_name((enum decision)view->decision) : "-");
	table_add(table, findings_text(row, text));
}

static void print_table(
    struct cli_source *source, const struct view_session_row *rows, size_t count)
{
	static const char *const heads[] = {"START", "SESSION", "DEVICE", "CLIENT", "OPERATOR",
	    "ZONES", "STATE", "MIN", "VERDICT", "FINDINGS"};
	struct table table;

	table_init(&table, &source->arena, heads, CP_COUNT(heads));
	for (size_t i = 0; i < count; i++)
		add_row(&table, source, &rows[i]);
	if (count)
		table_print_list(&table, "");
	else
		puts("No sessions.");
}

/* --- for programs --------------------------------------------------------------------------- */

static json_t *row_json(const struct cli_source *source, const struct view_session_row *row)
{
	const struct view_session *view = &row->view;
	const struct session *session = &view->session;
	const struct check_row *worst = catalogue_find(row->worst);
	json_t *object = json_object();

	json_put_int(object, "number", session->no);
	json_put_id(object, "sid", &session->sid);
	json_put_moment(object, "start", &source->zone, moment_of_start(session));
	json_put_time(object, "end", &source->zone, session->end);
	json_put_id(object, "device", &session->source);
	json_put_text(object, "kind", device_kind_name(view->device_kind));
	json_put_text(object, "serial", view->serial[0] ? view->serial : NULL);
	list_put_client(object, session->client, &view->client);
	json_put_token(object, "operator", &view->operator);
	json_put(object, "zones", zones_json(session->zones));
	json_put_text(
	    object, "modality", session->modality ? modality_name(session->modality) : NULL);
	json_put_text(object, "phase", session->phase ? phase_name(session->phase) : NULL);
	json_put(object, "course", session->course ? json_integer(session->course) : NULL);
	json_put_text(object, "state", session_state_name(session->state));
	json_put(object, "exposing", json_boolean(session->is_exposing));
	json_put(object, "completed", json_boolean(session->is_completed));
	json_put(object, "void", json_boolean(session->is_void));
	json_put(object, "test", json_boolean(session->is_test));
	json_put_int(object, "duration_ms", session->end - session->start);
	json_put_text(object, "verdict",
	    view->verdict_rev ? decision_name((enum decision)view->decision) : NULL);
	json_put_int(object, "findings", row->findings);
	json_put_int(object, "open_findings", row->open);
	json_put_text(object, "worst_check", worst ? worst->name : NULL);
	json_put_text(object, "worst_severity", worst ? severity_name(row->severity) : NULL);
	return object;
}

static void print_json(const struct cli_source *source, const struct view_session_row *rows,
    size_t count, const struct view_page *page)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_append(array, row_json(source, &rows[i]));
	json_print_page("sessions", array, page);
}

/* --- both ------------------------------------------------------------------------------------ */

static int work(struct cli_source *source, void *ctx)
{
	const struct request *request = ctx;
	struct view_session_filter filter = {
	    .zones = request->zones, .since = cli_since(source, &request->options)};
	struct view_page page = {.after = request->options.after, .max = request->options.limit};
	size_t count;
	int status = CLI_OK;

	if (request->device)
		status =
		    cli_find_device(source, &request->options, request->device, &filter.device);
	if (!status && request->client)
		status =
		    cli_find_client(source, &request->options, request->client, &filter.client);
	if (status)
		return status;
	struct view_session_row *rows =
	    view_sessions(source->view, &source->arena, &filter, &page, &count);
	status = cli_source_check(source, &request->options);
	if (status)
		return status;
	if (request->options.is_json) {
		print_json(source, rows, count, &page);
	} else {
		print_table(source, rows, count);
		print_more(&request->options, &page);
	}
	return cli_finish(&request->options);
}

int cli_sessions(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "sessions",
	    .takes = CLI_TAKES_ALL | CLI_TAKES_SINCE | CLI_TAKES_PAGE,
	    .about = "Lists treatments, the newest first: when, on which device, for whom, where, "
	             "how it went, what the device was told and what the checks found.",
	    .options = options,
	    .parse = parse,
	};
	struct request request = {0};

	return cli_source_run(&syntax, argc, argv, &request, work);
}
