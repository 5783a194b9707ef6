#include "cli/export.h"

#include "base/suggest.h"
#include "care/time/civil.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/source.h"
#include "ledger/view/states.h"
#include "wire/field.h"

#include "report.pb-c.h"

#include <string.h>

#define PAGE_ROWS 500
#define PAGE_ARENA_BYTES (64U << 20)

/* A list that can be exported. */
struct list {
	const char *name;
	enum subject_kind kind; /* SUBJECT_ROW: alerts */
	const ProtobufCMessageDescriptor *type;
	const char *date; /* the field that --from and --until go by; NULL: none */
};

static const struct list lists[] = {
    {"sessions", SUBJECT_SUMMARY, &carepace__v1__session_summary__descriptor, "local_date"},
    {"alerts", SUBJECT_ROW, &carepace__v1__alert__descriptor, "effective_date"},
    {"days", SUBJECT_AGGREGATE, &carepace__v1__agg_day__descriptor, "local_date"},
    {"devices", SUBJECT_DEVICE_STATE, &carepace__v1__device_status__descriptor, NULL},
    {"courses", SUBJECT_COURSE_STATE, &carepace__v1__course_state__descriptor, NULL},
};

struct request {
	struct cli_options options;
	const struct list *list;
	const char *log;   /* --log */
	const char *dates; /* the option that was given; NULL: none */
	uint32_t from;     /* YYYYMMDD; 0: from the beginning */
	uint32_t until;    /* through; 0: no end */
	bool is_json;
	bool is_inside;
};

struct export
{
	struct cli_source *source;
	const struct request *request;
	struct arena page;
	bool has_rows;
	bool is_full;
};

/* --- what is not for everybody ---------------------------------------------------------- */

/* Of a day: what people did, or what was done to them. */
static const char *const about_people[] = {"busy_min", "sessions", "sessions_completed",
    "sessions_aborted", "sessions_late", "estops", "pulses", "active_ms", "consumables_used",
    "consumables_billed", "unauthorised", "out_of_hours", "no_show", "overrides", "alerts",
    "overdue_clients", "courses_started", "courses_completed", "sessions_left_out", "overdue"};

static bool is_few(const ProtobufCMessage *body, const ProtobufCFieldDescriptor *field)
{
	const uint32_t *count = (const void *)((const uint8_t *)body + field->offset);

	return field->type == PROTOBUF_C_TYPE_UINT32 && *count > 0 && *count < VIEW_FEW_CLIENTS;
}

/* Domain 5: cells of fewer than five clients do not leave the chain: all of a day of so few,
 * and each number that is so small itself. True: something was left out. */
static bool suppress(ProtobufCMessage *body, bool is_of_few)
{
	bool is_any = false;

	for (size_t i = 0; i < CP_COUNT(about_people); i++) {
		const ProtobufCFieldDescriptor *field =
		    protobuf_c_message_descriptor_get_field_by_name(
		        body->descriptor, about_people[i]);
		CP_CHECK(field);
		if (!wire_field_count(body, field) ||
		    !(is_of_few || field->label == PROTOBUF_C_LABEL_REPEATED ||
		        is_few(body, field)))
			continue;
		wire_field_clear(body, field);
		is_any = true;
	}
	return is_any;
}

/* --- rows --------------------------------------------------------------------------------- */

static bool is_wanted(const struct request *request, const ProtobufCMessage *body)
{
	if (!request->list->date)
		return true;
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field_by_name(body->descriptor, request->list->date);
	uint32_t date = 0;
	if (wire_field_count(body, field))
		memcpy(&date, (const uint8_t *)body + field->offset, sizeof(date));
	return date >= request->from && (!request->until || date <= request->until);
}

static void set_text(ProtobufCMessage *body, const char *name, const char *text)
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field_by_name(body->descriptor, name);

	if (field && *text)
		*(char **)wire_field_set(body, field) = (char *)text;
}

static void print_row(struct export *export, struct export_row row)
{
	const struct request *request = export->request;
	const bool is_day = request->list->kind == SUBJECT_AGGREGATE;
	ProtobufCMessage *body = (ProtobufCMessage *)row.body; /* in our arena */

	if (!is_wanted(request, body))
		return;
	set_text(body, "site", export->source->site);
	set_text(body, "tz", export->source->zone_name);
	row.is_suppressed = is_day && !request->is_inside && suppress(body, row.is_suppressed);
	bool ok;
	if (request->is_json) {
		fputs(export->has_rows ? ",\n" : "\n", stdout);
		ok = export_json_row(&export->page, &row, is_day, stdout);
	} else {
		ok = export_csv_row(&export->page, &row, is_day, stdout);
	}
	export->has_rows = true;
	export->is_full |= !ok;
}

static void print_states(struct export *export)
{
	struct view_page page = {.max = PAGE_ROWS};

	do {
		size_t count;
		struct view_state_row *rows = view_states(export->source->view, &export->page,
		    export->request->list->kind, &page, &count);
		for (size_t i = 0; i < count; i++)
			print_row(export, (struct export_row){.body = rows[i].body,
			                      .client = rows[i].client,
			                      .operator_no = rows[i].operator_no,
			                      .is_suppressed = rows[i].is_of_few});
		arena_reset(&export->page);
		page.after = page.next;
	} while (page.next && !export->is_full);
}

static void print_alerts(struct export *export)
{
	const struct view_filter filter = {.with_closed = true};
	struct arena *arena = &export->source->arena;
	size_t count;
	struct view_alert *alerts = view_alerts(export->source->view, arena, &filter, &count);

	for (size_t i = count; i > 0 && !export->is_full; i--) { /* the oldest first */
		const struct finding *finding = &alerts[i - 1].alert.finding;
		const ProtobufCMessage *body = view_alert_message(&export->page, &alerts[i - 1]);
		if (body)
			print_row(export, (struct export_row){.body = body,
			                      .client = finding->client,
			                      .operator_no = finding->operator_no});
		arena_reset(&export->page);
	}
}

static int print_list(struct cli_source *source, const struct request *request)
{
	struct export export = {.source = source, .request = request};

	arena_init(&export.page, 64 * 1024, PAGE_ARENA_BYTES);
	if (request->is_json)
		putchar('[');
	else
		export_csv_head(
		    request->list->type, request->list->kind == SUBJECT_AGGREGATE, stdout);
	if (request->list->kind == SUBJECT_ROW)
		print_alerts(&export);
	else
		print_states(&export);
	if (request->is_json)
		puts(export.has_rows ? "\n]" : "]");
	arena_deinit(&export.page);
	int status = cli_source_check(source, &request->options);
	if (!status && export.is_full) {
		cli_say(&request->options, "out of memory; what was printed is not all");
		status = CLI_UNREADABLE;
	}
	return status ? status : cli_finish(&request->options);
}

/* --- the command --------------------------------------------------------------------------- */

enum {
	KEY_FROM = 512,
	KEY_UNTIL,
	KEY_FORMAT,
	KEY_INSIDE,
	KEY_LOG,
};

static const struct argp_option options[] = {
    {"from", KEY_FROM, "YYYY-MM-DD", 0, "of that day and later; sessions, alerts, days", 0},
    {"until", KEY_UNTIL, "YYYY-MM-DD", 0, "through that day", 0},
    {"format", KEY_FORMAT, "FORMAT", 0, "csv (RFC 4180; the default) or json", 0},
    {"inside", KEY_INSIDE, NULL, 0, "it does not leave the chain: days with all their numbers", 0},
    {"log", KEY_LOG, "FILE", 0,
        "instead: everything that came in, as a new file for carepace replay", 0},
    {0},
};

static error_t take_list(struct request *request, const char *name)
{
	struct suggestion suggestion = suggest_for(name);

	if (request->list)
		return cli_wrong(&request->options, "one list at a time; what is \"%s\"?", name);
	for (size_t i = 0; i < CP_COUNT(lists); i++) {
		if (strcmp(lists[i].name, name) == 0)
			request->list = &lists[i];
		suggest_offer(&suggestion, lists[i].name);
	}
	if (request->list)
		return 0;
	if (suggestion.best)
		return cli_wrong(&request->options, "there is no list \"%s\"; did you mean %s?",
		    name, suggestion.best);
	return cli_wrong(&request->options,
	    "there is no list \"%s\"; sessions, alerts, days, devices, courses", name);
}

static error_t take_date(
    struct request *request, const char *option, const char *text, uint32_t *date)
{
	int32_t day;
	error_t err = cli_take_day(&request->options, text, &day);

	*date = err ? 0 : civil_to_yyyymmdd(day);
	request->dates = option;
	return err;
}

static error_t check(const struct request *request, struct cli_options *said)
{
	if (request->options.is_help)
		return 0;
	if (request->log && (request->list || request->dates || request->is_json))
		return cli_wrong(said, "--log is everything, as a log: no list, date or format");
	if (!request->log && !request->list)
		return cli_wrong(
		    said, "name a list: sessions, alerts, days, devices, courses; or --log");
	if (request->dates && !request->list->date)
		return cli_wrong(said, "%s are told as they are now: --%s has no place there",
		    request->list->name, request->dates);
	if (request->until && request->from > request->until)
		return cli_wrong(said, "--until is a day before --from");
	return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case KEY_FROM:
		return take_date(request, "from", value, &request->from);
	case KEY_UNTIL:
		return take_date(request, "until", value, &request->until);
	case KEY_FORMAT:
		request->is_json = strcmp(value, "json") == 0;
		if (request->is_json || strcmp(value, "csv") == 0)
			return 0;
		return cli_wrong(
		    &request->options, "--format is csv or json; \"%s\" is neither", value);
	case KEY_INSIDE:
		request->is_inside = true;
		return 0;
	case KEY_LOG:
		request->log = value;
		return 0;
	case ARGP_KEY_ARG:
		return take_list(request, value);
	case ARGP_KEY_END:
		return check(request, &request->options);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int work(struct cli_source *source, void *ctx)
{
	const struct request *request = ctx;

	return request->log ? export_log(source, &request->options, request->log)
	                    : print_list(source, request);
}

int cli_export(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "export",
	    .takes = CLI_TAKES_CONFIG | CLI_TAKES_STORE,
	    .arguments = "[sessions | alerts | days | devices | courses]",
	    .about = "Prints a list for other programs, with the fields and units of the contract "
	             "with head office. Clients and operators are the numbers that this clinic's "
	             "store gave them, never their tokens. Sessions, alerts and courses still tell "
	             "of single people: they are for the chain itself. Days may leave it: what "
	             "tells of fewer than 5 clients is left out (\"suppressed\"), unless --inside "
	             "says that it stays. --log writes what came in under made-up tokens, so that "
	             "it can be judged elsewhere; it, too, tells of single people.",
	    .options = options,
	    .parse = parse,
	};
	struct request request = {0};

	return cli_source_run(&syntax, argc, argv, &request, work);
}
