#include "ledger/view/clients.h"

#include "cli/commands.h"
#include "cli/list.h"
#include "io/clock.h"

#include <inttypes.h>

struct request {
	struct cli_options options;
	const char *client;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct request *request = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (request->client)
		return cli_wrong(&request->options, "one client at a time; what is \"%s\"?", value);
	request->client = value;
	return 0;
}

/* --- for people --------------------------------------------------------------------------- */

static const char *course_text(const struct course_outlook *course, char out[LIST_TEXT_BYTES])
{
	snprintf(out, LIST_TEXT_BYTES, "%" PRId64 "%s", course->plan.course,
	    course->plan.state == PLAN_PAUSED ? " (paused)" : "");
	return out;
}

/* Courses of maintenance have no number of sessions. */
static const char *done_text(const struct course_outlook *course, char out[LIST_TEXT_BYTES])
{
	if (course->plan.planned)
		snprintf(out, LIST_TEXT_BYTES, "%" PRId32 " of %" PRId32, course->completed,
		    course->plan.planned);
	else
		snprintf(out, LIST_TEXT_BYTES, "%" PRId32, course->completed);
	return out;
}

/* Of somebody who is now another one, or forgotten, nothing is known. */
static const char *next_text(
    const struct view_client *client, const struct course_outlook *course, char out[WHEN_BYTES])
{
	int32_t earliest_day = course ? course->earliest_day : client->outlook.earliest_day;

	if (!client->has_outlook)
		return "-";
	return earliest_day ? when_day(earliest_day, out) : "now";
}

/* One line a course; a client without one has one line, too. */
static void add_row(struct table *table, const struct cli_source *source,
    const struct view_client *client, const struct course_outlook *course)
{
	char text[LIST_TEXT_BYTES];
	char when[WHEN_BYTES];

	table_add(table, list_client_text(client->no, &client->token, text));
	table_add(
	    table, client->last_start ? when_short(&source->zone, client->last_start, when) : "-");
	snprintf(text, sizeof(text), "%" PRId64, client->sessions);
	table_add(table, text);
	table_add(table, course ? course_text(course, text) : "-");
	table_add(table, course ? done_text(course, text) : "-");
	table_add(table, next_text(client, course, when));
	snprintf(text, sizeof(text), "%" PRIu32, client->flags);
	table_add(table, client->flags ? text : "-");
	table_add(table, open_text(client->open_alerts, client->worst, text));
	snprintf(text, sizeof(text), "the same as %" PRId64, client->same_as);
	table_add(table, client->same_as ? text : "-");
}

static void print_table(struct cli_source *source, const struct view_client *clients, size_t count)
{
	static const char *const heads[] = {"CLIENT", "LAST TREATED", "SESSIONS", "COURSE", "DONE",
	    "NEXT FROM", "FLAGS", "ALERTS", "NOTES"};
	struct table table;

	table_init(&table, &source->arena, heads, CP_COUNT(heads));
	for (size_t i = 0; i < count; i++) {
		const struct client_outlook *outlook = &clients[i].outlook;
		for (size_t k = 0; k < outlook->course_count; k++)
			add_row(&table, source, &clients[i], &outlook->courses[k]);
		if (outlook->course_count == 0)
			add_row(&table, source, &clients[i], NULL);
	}
	if (count)
		table_print_list(&table, "");
	else
		puts("No clients.");
}

/* --- for programs --------------------------------------------------------------------------- */

static json_t *course_json(const struct course_outlook *course)
{
	const struct plan *plan = &course->plan;
	json_t *object = json_object();

	json_put_int(object, "course", plan->course);
	json_put_text(object, "state", plan->state == PLAN_PAUSED ? "paused" : "active");
	json_put(object, "planned", plan->planned ? json_integer(plan->planned) : NULL);
	json_put_int(object, "completed", course->completed);
	json_put_day(object, "last_treated_date", course->has_last ? course->last_day : 0);
	json_put(object, "may_be_treated_today", json_boolean(!course->earliest_day));
	json_put_day(object, "next_safe_date", course->earliest_day);
	return object;
}

static json_t *row_json(const struct cli_source *source, const struct view_client *client)
{
	const struct client_outlook *outlook = &client->outlook;
	json_t *courses = json_array();
	json_t *object = json_object();

	list_put_client(object, client->no, &client->token);
	json_put(object, "same_as", client->same_as ? json_integer(client->same_as) : NULL);
	json_put_int(object, "sessions", client->sessions);
	json_put_time(object, "last_start", &source->zone, client->last_start);
	json_put(object, "may_be_treated_today",
	    client->has_outlook ? json_boolean(!outlook->earliest_day) : NULL);
	json_put_day(object, "next_safe_date", outlook->earliest_day);
	json_put_int(object, "flags", client->flags);
	list_put_open(object, client->open_alerts, client->worst);
	for (size_t i = 0; i < outlook->course_count; i++)
		json_append(courses, course_json(&outlook->courses[i]));
	json_put(object, "courses", courses);
	return object;
}

static void print_json(const struct cli_source *source, const struct view_client *clients,
    size_t count, const struct view_page *page)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_append(array, row_json(source, &clients[i]));
	json_print_page("clients", array, page);
}

/* --- both ------------------------------------------------------------------------------------ */

static int work(struct cli_source *source, void *ctx)
{
	const struct request *request = ctx;
	struct view_client_filter filter = {.since = cli_since(source, &request->options)};
	struct view_page page = {.after = request->options.after, .max = request->options.limit};
	size_t count;
	int status = CLI_OK;

	if (request->client)
		status =
		    cli_find_client(source, &request->options, request->client, &filter.client);
	if (status)
		return status;
	view_policy(source->view, &source->arena, &source->policy);
	struct view_client *clients = view_clients(
	    source->view, &source->arena, &filter, &source->policy, clock_wall(), &page, &count);
	status = cli_source_check(source, &request->options);
	if (status)
		return status;
	if (request->options.is_json) {
		print_json(source, clients, count, &page);
	} else {
		print_table(source, clients, count);
		print_more(&request->options, &page);
	}
	return cli_finish(&request->options);
}

int cli_clients(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "clients",
	    .takes = CLI_TAKES_ALL | CLI_TAKES_SINCE | CLI_TAKES_PAGE,
	    .arguments = "[CLIENT]",
	    .about = "Lists clients, the newest first, or one of them (by number, or the first "
	             "digits of the token): how far their courses are, from which day on they "
	             "may be treated again (in the zones of the course; without one, anywhere), "
	             "contraindications that are there, and open alerts. --since leaves out who "
	             "was not treated since.",
	    .parse = parse,
	};
	struct request request = {0};

	return cli_source_run(&syntax, argc, argv, &request, work);
}
