#include "cli/commands.h"
#include "cli/output.h"
#include "cli/source.h"

#include "report.pb-c.h"

#include <ctype.h>
#include <inttypes.h>

struct count {
	const char *name;
	int64_t value;
};

#define COUNTS_MAX 16

static size_t plain_counts(const struct view_counts *counts, struct count out[COUNTS_MAX])
{
	const struct count list[] = {
	    {"devices", counts->devices},
	    {"sessions", counts->sessions},
	    {"journal", counts->journal},
	    {"stream", counts->stream},
	    {"parked", counts->parked},
	    {"parked_expired", counts->parked_expired},
	    {"facts_passed_over", counts->facts_passed_over},
	    {"conflicts", counts->conflicts},
	    {"evicted_by_limit", counts->evicted_by_limit},
	    {"evicted_by_age", counts->evicted_by_age},
	    {"receipts_refused", counts->receipts_refused},
	    {"unjudged", counts->unjudged},
	    {"pending", counts->pending},
	    {"verdicts", counts->verdicts},
	};

	_Static_assert(CP_COUNT(list) <= COUNTS_MAX, "room for every count");
	memcpy(out, list, sizeof(list));
	return CP_COUNT(list);
}

/* REPORT_SESSION_SUMMARY -> "session_summary" */
static const char *kind_name(size_t kind, char out[40])
{
	const ProtobufCEnumValue *value =
	    protobuf_c_enum_descriptor_get_value(&carepace__v1__report_kind__descriptor, (int)kind);

	snprintf(out, 40, "%s", value ? value->name + strlen("REPORT_") : "unknown");
	for (char *c = out; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return out;
}

static void print_json(const struct cli_source *source, const struct view_counts *counts)
{
	struct count plain[COUNTS_MAX];
	size_t count = plain_counts(counts, plain);
	json_t *object = json_object();
	json_t *alerts = json_object();
	json_t *outbox = json_object();
	char name[40];

	for (size_t i = 0; i < count; i++)
		json_put_int(object, plain[i].name, plain[i].value);
	for (size_t i = ALERT_RAISED; i <= ALERT_RETRACTED; i++)
		json_put_int(alerts, alert_state_name((enum alert_state)i), counts->alerts[i]);
	json_put(object, "alerts", alerts);
	for (size_t i = 1; i < VIEW_KINDS_MAX; i++)
		if (counts->outbox[i] || i == CAREPACE__V1__REPORT_KIND__REPORT_ALERT)
			json_put_int(outbox, kind_name(i, name), counts->outbox[i]);
	json_put(object, "outbox", outbox);
	json_put_time(object, "outbox_oldest", &source->zone, counts->outbox_oldest);
	json_print(object);
}

static void add_row(struct table *table, const char *name, const char *detail, int64_t value)
{
	char text[64];

	snprintf(text, sizeof(text), "%s%s%s", name, detail ? " " : "", detail ? detail : "");
	table_add(table, text);
	snprintf(text, sizeof(text), "%" PRId64, value);
	table_add(table, text);
}

static void print_table(struct cli_source *source, const struct view_counts *counts)
{
	struct count plain[COUNTS_MAX];
	size_t count = plain_counts(counts, plain);
	struct table table;
	char name[40];

	table_init(&table, &source->arena, NULL, 2);
	for (size_t i = 0; i < count; i++)
		add_row(&table, plain[i].name, NULL, plain[i].value);
	for (size_t i = ALERT_RAISED; i <= ALERT_RETRACTED; i++)
		add_row(&table, "alerts", alert_state_name((enum alert_state)i), counts->alerts[i]);
	for (size_t i = 1; i < VIEW_KINDS_MAX; i++)
		if (counts->outbox[i])
			add_row(&table, "for head office:", kind_name(i, name), counts->outbox[i]);
	if (counts->outbox_oldest != TIME_NEVER) {
		char when[WHEN_BYTES];
		table_add(&table, "the oldest waits since");
		table_add(&table, when_short(&source->zone, counts->outbox_oldest, when));
	}
	table_print(&table, "", stdout);
}

static int count(struct cli_source *source, void *ctx)
{
	const struct cli_options *options = ctx;
	struct view_counts counts;

	view_counts(source->view, &counts);
	int status = cli_source_check(source, options);
	if (status)
		return status;
	if (options->is_json)
		print_json(source, &counts);
	else
		print_table(source, &counts);
	return cli_finish(options);
}

int cli_counts(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "counts",
	    .takes = CLI_TAKES_ALL,
	    .about = "Counts what the store holds.",
	};
	struct cli_options options = {0};

	return cli_source_run(&syntax, argc, argv, &options, count);
}
