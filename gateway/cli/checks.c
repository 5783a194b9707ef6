#include "cli/alert_json.h"
#include "cli/commands.h"
#include "cli/output.h"

static const char *when_name(enum check_when when)
{
	static const char *const names[] = {
	    [WHEN_START] = "start",
	    [WHEN_DURING] = "during",
	    [WHEN_END] = "end",
	    [WHEN_TIMER] = "timer",
	    [WHEN_EVENT] = "event",
	};

	return names[when];
}

static void print_json(void)
{
	json_t *array = json_array();

	for (size_t i = 0; i < catalogue_count; i++) {
		const struct check_row *row = &catalogue[i];
		json_t *object = json_object();
		json_put_text(object, "check", row->name);
		json_put_int(object, "number", row->check);
		json_put_text(object, "subject", row->subject);
		json_put_text(object, "when", when_name(row->when));
		json_put(object, "who", who_json(row->who));
		json_put_text(object, "unit", row->unit);
		json_put_text(object, "condition", row->condition);
		json_put(object, "latched", json_boolean(row->clears == CLEARS_BY_ACK));
		json_put_text(object, "cleared_by", row->cleared_by);
		CP_CHECK(json_array_append_new(array, object) == 0);
	}
	json_print(array);
}

static void print_table(void)
{
	static const char *const heads[] = {
	    "CHECK", "ABOUT THE", "JUDGED AT", "WHO", "CONDITION; WHAT CLEARS IT"};
	struct arena arena;
	struct table table;
	char who[24];
	char condition[512];

	arena_init(&arena, 16 * 1024, 1U << 20);
	table_init(&table, &arena, heads, CP_COUNT(heads));
	for (size_t i = 0; i < catalogue_count; i++) {
		table_add(&table, catalogue[i].name);
		table_add(&table, catalogue[i].subject);
		table_add(&table, when_name(catalogue[i].when));
		table_add(&table, who_names(catalogue[i].who, who));
		snprintf(condition, sizeof(condition), "%s; cleared by %s", catalogue[i].condition,
		    catalogue[i].cleared_by);
		table_add(&table, condition);
	}
	table_print(&table, "", stdout);
	arena_deinit(&arena);
}

int cli_checks(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "checks",
	    .takes = CLI_TAKES_JSON,
	    .about = "Lists the checks that every treatment goes through.",
	};
	struct cli_options options = {0};
	int status;

	if (!cli_parse(&syntax, argc, argv, &options, &status))
		return status;
	if (options.is_json)
		print_json();
	else
		print_table();
	return cli_finish(&options);
}
