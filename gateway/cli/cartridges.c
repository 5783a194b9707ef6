#include "ledger/view/carts.h"

#include "care/time/civil.h"
#include "cli/commands.h"
#include "cli/lot.h"
#include "io/clock.h"

#include <inttypes.h>

struct request {
	struct cli_options options;
	const char *serial;
};

struct list {
	struct cli_source *source;
	struct view_cart *carts;
	size_t count;
	wall_ms now;
};

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct request *request = state->input;

	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	if (request->serial)
		return cli_wrong(&request->options, "one serial at a time; what is \"%s\"?", value);
	request->serial = value;
	return 0;
}

/* --- what is to be said of one ------------------------------------------------------------ */

static bool is_expired(const struct list *list, const struct cart_use *use)
{
	int32_t last_day;

	return civil_parse_expiry(use->expiry_yyyymmdd, &last_day) &&
	       zone_day(&list->source->zone, list->now) > last_day;
}

static bool is_exhausted(const struct cart_use *use)
{
	return use->tip_limit && use->tip_count > use->tip_limit;
}

/* The most urgent word of those that are true. */
static const char *state_text(const struct list *list, const struct view_cart *cart)
{
	if (lot_recalled_at(&list->source->policy, cart->use.gtin, cart->use.lot, list->now))
		return "recalled";
	if (cart->uses && is_expired(list, &cart->use))
		return "expired";
	if (cart->uses && is_exhausted(&cart->use))
		return "exhausted";
	if (cart->is_in_use)
		return "in use";
	return cart->uses ? "used" : "unused";
}

/* --- for people --------------------------------------------------------------------------- */

static void add_row(struct table *table, const struct list *list, const struct view_cart *cart)
{
	char text[LIST_TEXT_BYTES];
	char when[WHEN_BYTES];
	int32_t day;

	table_add(table, cart->use.gtin[0] ? cart->use.gtin : "-");
	table_add(table, cart->use.serial);
	table_add(table, cart->use.lot[0] ? cart->use.lot : "-");
	table_add(
	    table, civil_parse_expiry(cart->use.expiry_yyyymmdd, &day) ? when_day(day, when) : "-");
	snprintf(text, sizeof(text), "%" PRId64, cart->uses);
	table_add(table, text);
	snprintf(text, sizeof(text), "%" PRId64, cart->clients);
	table_add(table, text);
	table_add(table, cart->uses ? when_short(&list->source->zone, cart->use.from, when) : "-");
	table_add(table, state_text(list, cart));
	table_add(table, open_text(cart->open_alerts, cart->worst, text));
}

static void print_table(const struct list *list)
{
	static const char *const heads[] = {"GTIN", "SERIAL", "LOT", "GOOD UNTIL", "USES",
	    "CLIENTS", "LAST USED", "STATE", "ALERTS"};
	struct table table;

	table_init(&table, &list->source->arena, heads, CP_COUNT(heads));
	for (size_t i = 0; i < list->count; i++)
		add_row(&table, list, &list->carts[i]);
	if (list->count)
		table_print_list(&table, "");
	else
		puts("No cartridges.");
}

/* --- for programs --------------------------------------------------------------------------- */

static json_t *row_json(const struct list *list, const struct view_cart *cart)
{
	const struct cart_use *use = &cart->use;
	json_t *object = json_object();
	int32_t day;

	json_put_int(object, "number", cart->no);
	json_put_text(object, "gtin", use->gtin[0] ? use->gtin : NULL);
	json_put_text(object, "serial", use->serial);
	json_put_text(object, "lot", use->lot[0] ? use->lot : NULL);
	json_put_day(
	    object, "expiry_date", civil_parse_expiry(use->expiry_yyyymmdd, &day) ? day : 0);
	json_put_int(object, "uses", cart->uses);
	json_put_int(object, "clients", cart->clients);
	json_put_time(object, "last_use", &list->source->zone, cart->uses ? use->from : 0);
	json_put_text(object, "state", state_text(list, cart));
	json_put(object, "in_use", json_boolean(cart->is_in_use));
	json_put(object, "expired", json_boolean(is_expired(list, use)));
	json_put(object, "pulses",
	    cart->uses && use->tip_count >= 0 ? json_integer(use->tip_count) : NULL);
	json_put(object, "pulse_limit", use->tip_limit ? json_integer(use->tip_limit) : NULL);
	json_put_time(object, "recalled", &list->source->zone,
	    lot_recalled_at(&list->source->policy, use->gtin, use->lot, list->now));
	list_put_open(object, cart->open_alerts, cart->worst);
	return object;
}

static void print_json(const struct list *list, const struct view_page *page)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_append(array, row_json(list, &list->carts[i]));
	json_print_page("cartridges", array, page);
}

/* --- both ------------------------------------------------------------------------------------ */

static int work(struct cli_source *source, void *ctx)
{
	const struct request *request = ctx;
	struct view_cart_filter filter = {
	    .serial = request->serial, .since = cli_since(source, &request->options)};
	struct view_page page = {.after = request->options.after, .max = request->options.limit};
	struct list list = {.source = source, .now = clock_wall()};

	view_policy(source->view, &source->arena, &source->policy);
	list.carts = view_carts(source->view, &source->arena, &filter, &page, &list.count);
	int status = cli_source_check(source, &request->options);
	if (status)
		return status;
	if (request->serial && list.count == 0 && !page.after) {
		cli_say(&request->options, "no cartridge has the serial %s", request->serial);
		return CLI_FOUND;
	}
	if (request->options.is_json) {
		print_json(&list, &page);
	} else {
		print_table(&list);
		print_more(&request->options, &page);
	}
	return cli_finish(&request->options);
}

int cli_cartridges(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "cartridges",
	    .takes = CLI_TAKES_ALL | CLI_TAKES_SINCE | CLI_TAKES_PAGE,
	    .arguments = "[SERIAL]",
	    .about = "Lists cartridges, tips and rollers, the newest first, or those with a "
	             "serial: how often and for how many clients they were used here, and what "
	             "is wrong with them.",
	    .parse = parse,
	};
	struct request request = {0};

	return cli_source_run(&syntax, argc, argv, &request, work);
}
