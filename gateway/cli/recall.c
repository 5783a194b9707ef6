#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/lot.h"
#include "io/clock.h"
#include "ledger/view/carts.h"

#include <ctype.h>
#include <inttypes.h>

#define GTIN_LEN 14
#define LOT_LEN_MAX 20

struct request {
	struct cli_options options;
	char gtin[GTIN_LEN + 1]; /* "": of any product */
	char lot[LOT_LEN_MAX + 1];
};

struct recall {
	struct cli_source *source;
	const struct request *request;
	struct view_lot_use *uses;
	size_t count;
	size_t sessions;
	size_t clients;
	size_t devices;
	const char **stock; /* serials on the shelf */
	size_t stock_count;
	size_t stock_cap;
	event_ms recalled_at; /* the recall that holds now; 0: none */
	char nearest[LOT_LEN_MAX + 1];
};

/* --- arguments ----------------------------------------------------------------------------- */

static bool is_gtin(const char *word)
{
	return strlen(word) == GTIN_LEN && word[strspn(word, "0123456789")] == '\0';
}

/* Lots are in capitals on the wire; on paper they may be in any. */
static error_t take_lot(struct request *request, const char *word)
{
	size_t len = strlen(word);

	if (len == 0 || len > LOT_LEN_MAX)
		return cli_wrong(&request->options, "a lot has 1 to %d characters; \"%s\" has %zu",
		    LOT_LEN_MAX, word, len);
	for (size_t i = 0; i <= len; i++)
		request->lot[i] = (char)toupper((unsigned char)word[i]);
	return 0;
}

/* LOT, GTIN LOT or GTIN/LOT. */
static error_t take_word(struct request *request, const char *word)
{
	const char *slash = strchr(word, '/');
	char gtin[GTIN_LEN + 1] = "";

	if (request->lot[0] && !request->gtin[0] && is_gtin(request->lot)) {
		memcpy(request->gtin, request->lot, sizeof(request->gtin));
		return take_lot(request, word);
	}
	if (request->lot[0])
		return cli_wrong(&request->options, "one lot at a time; what is \"%s\"?", word);
	if (slash && slash - word == GTIN_LEN) {
		memcpy(gtin, word, GTIN_LEN);
		if (is_gtin(gtin)) {
			memcpy(request->gtin, gtin, sizeof(gtin));
			return take_lot(request, slash + 1);
		}
	}
	return take_lot(request, word);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		return take_word(request, value);
	case ARGP_KEY_NO_ARGS:
		if (request->options.is_help)
			return 0;
		return cli_wrong(
		    &request->options, "which lot? Write it as it stands on the package");
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- gathering ------------------------------------------------------------------------------- */

event_ms lot_recalled_at(
    const struct policy *policy, const char *gtin, const char *lot, event_ms at)
{
	event_ms since = 0;

	for (size_t i = 0; i < policy->recalls.count && *lot; i++) {
		const struct fact *fact = &policy->recalls.items[i];
		const Carepace__V1__RecallLot *recall = fact->reading.order->recall_lots;
		if (strcmp(recall->lot, lot) == 0 && (!*gtin || strcmp(recall->gtin, gtin) == 0) &&
		    !(recall->has_lifted && recall->lifted) && fact_holds(fact, at) &&
		    (!since || fact->reading.ts < since))
			since = fact->reading.ts;
	}
	return since;
}

static void take_stock(void *ctx, const char *serial)
{
	struct recall *recall = ctx;
	struct arena *arena = &recall->source->arena;
	const char **grown = arena_push(
	    arena, recall->stock, recall->stock_count, &recall->stock_cap, sizeof(*grown));
	const void *copy = arena_copy(arena, slice_of(serial, strlen(serial) + 1)).p;

	if (!grown || !copy)
		return;
	recall->stock = grown;
	grown[recall->stock_count++] = copy;
}

static void offer(void *ctx, const char *lot)
{
	struct recall *recall = ctx;
	struct suggestion suggestion = suggest_for(recall->request->lot);

	if (recall->nearest[0])
		suggest_offer(&suggestion, recall->nearest);
	suggestion.best = NULL;
	suggest_offer(&suggestion, lot);
	if (suggestion.best)
		snprintf(recall->nearest, sizeof(recall->nearest), "%s", lot);
}

/* Is it the first use in the list of that session, client, device? */
static void count_use(struct recall *recall, size_t at)
{
	const struct session *session = &recall->uses[at].session.session;
	bool is_new_session = true;
	bool is_new_client = session->client != 0;
	bool is_new_device = true;

	for (size_t i = 0; i < at; i++) {
		const struct session *earlier = &recall->uses[i].session.session;
		is_new_session = is_new_session && earlier->no != session->no;
		is_new_client = is_new_client && earlier->client != session->client;
		is_new_device = is_new_device && earlier->device != session->device;
	}
	recall->sessions += is_new_session;
	recall->clients += is_new_client;
	recall->devices += is_new_device;
}

static void gather(struct recall *recall, struct view_page *page)
{
	const struct request *request = recall->request;
	struct cli_source *source = recall->source;

	view_policy(source->view, &source->arena, &source->policy);
	recall->recalled_at =
	    lot_recalled_at(&source->policy, request->gtin, request->lot, clock_wall());
	recall->uses = view_lot_uses(
	    source->view, &source->arena, request->gtin, request->lot, page, &recall->count);
	for (size_t i = 0; i < recall->count; i++)
		count_use(recall, i);
	view_lot_stock(source->view, request->gtin, request->lot, take_stock, recall);
	if (recall->count == 0 && !recall->recalled_at && recall->stock_count == 0)
		view_lots(source->view, &source->policy, offer, recall);
}

/* Of the recall that holds now; NULL: there is none. */
static const char *moment_text(const struct recall *recall, const struct view_lot_use *use)
{
	if (!recall->recalled_at)
		return NULL;
	return use->use.from < recall->recalled_at ? "before" : "after";
}

/* --- for people --------------------------------------------------------------------------- */

static void add_row(
    struct table *table, const struct recall *recall, const struct view_lot_use *use)
{
	const struct view_session *view = &use->session;
	const struct session *session = &view->session;
	const char *moment = moment_text(recall, use);
	char text[LIST_TEXT_BYTES];
	char when[WHEN_BYTES];
	char hex[ID_HEX_LEN + 1];

	table_add(table, when_short(&recall->source->zone, use->use.from, when));
	table_add(table, moment ? moment : "-");
	table_add(table, list_client_text(session->client, &view->client, text));
	table_add(table, device_text(view->device_kind, view->serial, &session->source, text));
	table_add(table, short_hex(&session->sid, CLI_ALERT_DIGITS, hex));
	table_add(table, zones_short(session->zones, text));
	table_add(table, use->is_exposed ? "yes" : "no");
	snprintf(text, sizeof(text), "%s/%s", use->use.gtin,
	    use->use.serial[0] ? use->use.serial : "unreadable");
	table_add(table, text);
}

static void print_head(const struct recall *recall)
{
	const struct request *request = recall->request;
	char when[WHEN_BYTES];

	printf("Lot %s%s%s ", request->lot, *request->gtin ? " of " : "", request->gtin);
	if (recall->recalled_at)
		printf("is recalled since %s.\n",
		    when_long(&recall->source->zone, recall->recalled_at, when));
	else
		puts("is not on the list of recalls.");
	if (recall->stock_count) {
		printf("On the shelf%s:", recall->recalled_at ? ", to be taken away" : "");
		for (size_t i = 0; i < recall->stock_count; i++)
			printf("%s %s", i ? "," : "", recall->stock[i]);
		puts(".");
	}
}

static void print_nearest(const struct recall *recall)
{
	if (strcmp(recall->nearest, recall->request->lot) == 0)
		printf("A lot %s of another product is known: leave the GTIN out to see it.\n",
		    recall->nearest);
	else if (recall->nearest[0])
		printf("Did you mean lot %s?\n", recall->nearest);
}

static void print_text(const struct recall *recall, const struct view_page *page)
{
	static const char *const heads[] = {
	    "USED", "RECALL", "CLIENT", "DEVICE", "SESSION", "ZONES", "EXPOSED", "CARTRIDGE"};
	char sessions[64];
	char clients[64];
	char devices[64];
	struct table table;

	print_head(recall);
	if (recall->count == 0) {
		puts("It was not used here.");
		print_nearest(recall);
		return;
	}
	printf("It was used in %s, for %s, on %s%s.\n\n",
	    count_text((int64_t)recall->sessions, "session", sessions),
	    count_text((int64_t)recall->clients, "client", clients),
	    count_text((int64_t)recall->devices, "device", devices),
	    page->next || page->after ? " (of this page)" : "");
	table_init(&table, &recall->source->arena, heads, CP_COUNT(heads));
	for (size_t i = 0; i < recall->count; i++)
		add_row(&table, recall, &recall->uses[i]);
	table_print_list(&table, "");
	print_more(&recall->request->options, page);
}

/* --- for programs --------------------------------------------------------------------------- */

static json_t *use_json(const struct recall *recall, const struct view_lot_use *use)
{
	const struct view_session *view = &use->session;
	json_t *object = json_object();

	json_put_time(object, "used", &recall->source->zone, use->use.from);
	json_put_text(object, "recall", moment_text(recall, use));
	list_put_client(object, view->session.client, &view->client);
	json_put_token(object, "operator", &view->operator);
	json_put_id(object, "device", &view->session.source);
	json_put_text(object, "kind", device_kind_name(view->device_kind));
	json_put_text(object, "device_serial", view->serial[0] ? view->serial : NULL);
	json_put_id(object, "sid", &view->session.sid);
	json_put(object, "zones", zones_json(view->session.zones));
	json_put(object, "exposed", json_boolean(use->is_exposed));
	json_put_text(object, "gtin", use->use.gtin);
	json_put_text(object, "serial", use->use.serial[0] ? use->use.serial : NULL);
	return object;
}

static void print_json(const struct recall *recall, const struct view_page *page)
{
	const struct request *request = recall->request;
	json_t *object = json_object();
	json_t *uses = json_array();
	json_t *stock = json_array();

	json_put_text(object, "lot", request->lot);
	json_put_text(object, "gtin", *request->gtin ? request->gtin : NULL);
	json_put_time(object, "recalled", &recall->source->zone, recall->recalled_at);
	json_put_text(object, "did_you_mean", recall->nearest[0] ? recall->nearest : NULL);
	json_put_int(object, "sessions", (int64_t)recall->sessions);
	json_put_int(object, "clients", (int64_t)recall->clients);
	json_put_int(object, "devices", (int64_t)recall->devices);
	for (size_t i = 0; i < recall->stock_count; i++)
		json_append(stock, json_string(recall->stock[i]));
	json_put(object, "stock", stock);
	for (size_t i = 0; i < recall->count; i++)
		json_append(uses, use_json(recall, &recall->uses[i]));
	json_put(object, "uses", uses);
	json_put(object, "next", page->next ? json_integer(page->next) : NULL);
	json_print(object);
}

/* --- both ------------------------------------------------------------------------------------ */

static int work(struct cli_source *source, void *ctx)
{
	const struct request *request = ctx;
	struct view_page page = {.after = request->options.after, .max = request->options.limit};
	struct recall recall = {.source = source, .request = request};

	gather(&recall, &page);
	int status = cli_source_check(source, &request->options);
	if (status)
		return status;
	if (request->options.is_json)
		print_json(&recall, &page);
	else
		print_text(&recall, &page);
	status = cli_finish(&request->options);
	return status ? status : recall.count || recall.nearest[0] ? CLI_FOUND : CLI_OK;
}

int cli_recall(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "recall",
	    .takes = CLI_TAKES_ALL | CLI_TAKES_PAGE,
	    .limit = CLI_LIMIT_MAX,
	    .arguments = "[GTIN] LOT",
	    .about = "Everybody and everything here that a lot of cartridges touched: which "
	             "sessions, for which clients, on which devices, before or after the recall; "
	             "and what of it is still on the shelf. Exit status 0: it was not used here; "
	             "1: it was, or a lot that is written almost alike.",
	    .parse = parse,
	};
	struct request request = {0};

	return cli_source_run(&syntax, argc, argv, &request, work);
}
