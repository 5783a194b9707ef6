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

/* What only head office tells (domain 9.4). Without it some of these stay silent, and some find
 * at every start that it is missing. */
static const struct need {
	enum check check;
	const char *what;
	const char *otherwise; /* NULL: it is silent */
} needs[] = {
    {CHECK_OPERATOR_UNCERTIFIED, "certificates of operators", "each start asks for an override"},
    {CHECK_CONTRA_RF_IMPLANT, "contraindications", "each RF start asks for an override"},
    {CHECK_UNAUTHORISED_USE, "appointments", "each start is answered with advise"},
    {CHECK_DATA_MISSING, "contraindications", "each session says so"},
    {CHECK_NO_PLAN, "plans", "each session says so"},
    {CHECK_CERT_EXPIRED, "certificates of operators", NULL},
    {CHECK_CERT_EXPIRING, "certificates of operators", NULL},
    {CHECK_DEPTH_OVER_SCOPE, "certificates of operators", NULL},
    {CHECK_COURSE_COUNT_OVER, "plans", NULL},
    {CHECK_COURSE_LAPSED, "plans", NULL},
    {CHECK_INTERVAL_OVERDUE, "plans", NULL},
    {CHECK_MAINT_DUE, "plans", NULL},
    {CHECK_MAINT_OVERDUE, "plans", NULL},
    {CHECK_BOOKING_TOO_SOON, "appointments", NULL},
    {CHECK_CONTRA_ABSOLUTE, "contraindications", NULL},
    {CHECK_CONTRA_RELATIVE, "contraindications", NULL},
    {CHECK_CONTRA_ADVISE, "contraindications", NULL},
    {CHECK_WASHOUT_ISOTRETINOIN, "contraindications", NULL},
    {CHECK_WASHOUT_OTHER, "contraindications", NULL},
    {CHECK_AGE_LIMIT, "contraindications", NULL},
    {CHECK_CART_RECALLED, "recalls", NULL},
    {CHECK_CONSUMABLE_UNBILLED, "billing", NULL},
    {CHECK_BILLED_UNUSED, "billing", NULL},
};

static const struct need *need_of(enum check check)
{
	for (size_t i = 0; i < CP_COUNT(needs); i++)
		if (needs[i].check == check)
			return &needs[i];
	return NULL;
}

static void print_needs(void)
{
	puts("\nOnly head office tells what these need. Without it they are silent, or find at "
	     "each\nstart that it is missing; what the clinic looks after by itself can be "
	     "switched off\nin the policy file (off: [NAME, ...]).\n");
	for (size_t i = 0; i < CP_COUNT(needs); i++)
		printf("  %-22s%s%s%s\n", catalogue_find(needs[i].check)->name, needs[i].what,
		    needs[i].otherwise ? "; without them " : "",
		    needs[i].otherwise ? needs[i].otherwise : "");
}

static void print_json(void)
{
	json_t *array = json_array();

	for (const struct check_row *row = NULL; (row = catalogue_next(row));) {
		const struct need *need = need_of(row->check);
		char when[WHEN_BYTES];
		json_t *object = json_object();
		json_put_text(object, "check", row->name);
		json_put_int(object, "number", row->check);
		json_put_text(object, "subject", about_name(row->about));
		json_put_text(object, "when", when_names(row->when, when));
		json_put(object, "who", who_json(row->who));
		json_put_text(object, "unit", check_unit_name(row->unit));
		json_put_text(object, "condition", row->condition);
		json_put_text(object, "needs_of_head_office", need ? need->what : NULL);
		json_put(object, "finds_it_missing", json_boolean(need && need->otherwise));
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
	print_needs();
	arena_deinit(&arena);
}

int cli_checks(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "checks",
	    .takes = CLI_TAKES_JSON,
	    .about =
	        "Lists the checks that every treatment goes through, and which of them need what "
	        "only head office tells.",
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
