#include "cli/alert_json.h"
#include "cli/commands.h"
#include "cli/output.h"

#define WHEN_BYTES 40

static const char *when_names(unsigned when, char out[WHEN_BYTES])
{
	static const char *const names[] = {"start", "during", "end", "timer", "event"};
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < CP_COUNT(names); i++)
		if (when & 1U << i)
			len += (size_t)snprintf(
			    out + len, WHEN_BYTES - len, "%s%s", len ? ", " : "", names[i]);
	return out;
}

static void print_json(void)
{
	json_t *array = json_array();

	for (const struct check_row *row = NULL; (row = catalogue_next(row));) {
		char when[WHEN_BYTES];
		json_t *object = json_object();
		json_put_text(object, "check", row->name);
		json_put_int(object, "number", row->check);
		json_put_text(object, "subject", about_name(row->about));
		json_put_text(object, "when", when_names(row->when, when));
		json_put(object, "who", who_json(row->who));
		json_put_text(object, "unit", check_unit_name(row->unit));
		json_put_text(object, "condition", row->condition);
		json_put(object, "latched", json_boolean(row->clears == CLEARS_BY_ACK));
		json_put_text(object, "cleared_by", row->cleared_by);
		json_append(array, object);
	}
	json_print(array);
}

static void print_table(void)
{
	static const char *const heads[] = {
	    "CHECK", "ABOUT THE", "JUDGED AT", "WHO", "CONDITION; WHAT CLEARS IT"};
	struct arena arena;
	struct table table;
	char who[WHO_NAMES_BYTES];
	char when[WHEN_BYTES];
	char condition[512];

	arena_init(&arena, 16 * 1024, 1U << 20);
	table_init(&table, &arena, heads, CP_COUNT(heads));
	for (const struct check_row *row = NULL; (row = catalogue_next(row));) {
		table_add(&table, row->name);
		table_add(&table, about_name(row->about));
		table_add(&table, when_names(row->when, when));
		table_add(&table, who_names(row->who, who));
		snprintf(condition, sizeof(condition), "%s; cleared by %s", row->condition,
		    row->cleared_by);
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
