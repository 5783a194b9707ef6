#include "hq.h"

#include "broker.h"
#include "report.pb-c.h"
#include "sim.h"
#include "story.h"
#include "io/clock.h"
#include "wire/json.h"
#include "wire/pack.h"
#include "wire/unpack.h"

#include <inttypes.h>
#include <stdlib.h>

#define ARENA_BYTES_MAX (4U << 20)
#define EPOCHS_MAX 4
#define KINDS_MOST 8
#define NEVER_SENT 100000
#define LATER_MS (60 * MS_PER_SECOND) /* an order without an answer is sent again */

static struct hq {
	struct arena arena;
	struct picture *picture;
	bool is_calm;
	bool owes_receipts;
	uint64_t site_epoch; /* of its store; 0: not known yet */
	uint32_t epoch;
	uint32_t sent_to;   /* n: orders up to it were sent, */
	uint32_t sent_most; /* and none beyond this one */
	uint32_t known_to;  /* n: the gateway says that it has them */
	size_t first;       /* the order that is n = 1 of the epoch */
	mono_ms sent_at;    /* the last one */
	bool is_stored[EPOCHS_MAX + 1][STORY_ORDERS_MAX + 1];
} hq;

void hq_begin(void)
{
	arena_init(&hq.arena, 64 * 1024, ARENA_BYTES_MAX);
	hq.picture = picture_new();
	CP_CHECK(hq.picture);
	hq.is_calm = hq.owes_receipts = false;
	hq.site_epoch = 0;
	hq.epoch = 1;
	hq.sent_to = hq.sent_most = hq.known_to = 0;
	hq.first = 0;
	memset(hq.is_stored, 0, sizeof(hq.is_stored));
}

void hq_end(void)
{
	picture_free(hq.picture);
	arena_deinit(&hq.arena);
}

/* --- up ------------------------------------------------------------------------------------ */

/* In either form; what is neither is the gateway's fault. */
static const Carepace__V1__Report *read_report(struct slice payload)
{
	const ProtobufCMessageDescriptor *type = &carepace__v1__report__descriptor;
	char why[WIRE_JSON_WHY_BYTES] = "";
	ProtobufCMessage *message;
	struct wire_scan scan;

	arena_reset(&hq.arena);
	if (sim.is_json && wire_json_read(&hq.arena, type, payload, &payload, why) != WIRE_OK)
		model_fail("a report is no JSON: %s", why);
	if (wire_unpack(&hq.arena, type, payload, &message, &scan) != WIRE_OK)
		model_fail("what came is no report");
	return (const Carepace__V1__Report *)message;
}

void hq_hear_on_the_wire(struct slice payload)
{
	const Carepace__V1__Report *report = read_report(payload);

	if (report->body_case != CAREPACE__V1__REPORT__BODY_RECEIPT)
		return;
	uint32_t epoch = report->receipt->hq_epoch;
	MODEL_CHECK(epoch <= hq.epoch, "a receipt for an epoch that is not");
	for (uint32_t n = 1; n <= report->receipt->n; n++)
		MODEL_CHECK(n <= STORY_ORDERS_MAX && hq.is_stored[epoch][n],
		    "order %u/%u is acknowledged and not stored", epoch, n);
}

static void take_receipt(const Carepace__V1__OrderReceipt *receipt)
{
	if (receipt->hq_epoch != hq.epoch || receipt->n < hq.known_to)
		return;
	model_trace("head office: the gateway has orders up to %u/%u", hq.epoch, receipt->n);
	hq.known_to = receipt->n;
	if (hq.sent_to < hq.known_to)
		hq.sent_to = hq.known_to;
}

static void print(const Carepace__V1__Report *report)
{
	struct slice text;

	if (model.is_traced && wire_json_print(&hq.arena, &report->base, &text) == CP_OK)
		printf("         %.*s\n", (int)text.len, (const char *)text.p);
}

static void take_report(struct slice payload)
{
	static const char *const never[PICTURE_NEWS] = {
	    [PICTURE_BACK] = "a higher n with a revision that is not higher",
	    [PICTURE_CHANGED] = "another content under an n that was there",
	    [PICTURE_BAD] = "a kind, key, n or body that the contract does not allow",
	};
	const Carepace__V1__Report *report = read_report(payload);
	enum picture_news news;

	if (report->body_case == CAREPACE__V1__REPORT__BODY_RECEIPT) {
		take_receipt(report->receipt);
		return;
	}
	print(report);
	CP_CHECK(picture_take(hq.picture, SIM_SITE, report, &news) == CP_OK);
	model_trace("head office: kind %d n %" PRIu64 " %s revision %" PRIu64 ": %d",
	    (int)report->kind, report->n, report->key, report->revision, (int)news);
	MODEL_CHECK(!never[news],
	    "head office was told %s: kind %d, n %" PRIu64 ", %s, revision %" PRIu64, never[news],
	    (int)report->kind, report->n, report->key, report->revision);
	hq.owes_receipts = sim.has_receipts;
	hq.site_epoch = report->epoch;
}

/* --- down ------------------------------------------------------------------------------------- */

static void send_down(const Carepace__V1__Order *order)
{
	struct slice payload;
	enum cp_err err = sim.is_json ? wire_json_print(&hq.arena, &order->base, &payload)
	                              : wire_pack(&hq.arena, &order->base, &payload);

	CP_CHECK(err == CP_OK);
	broker_order(payload);
}

static void send_receipt(uint64_t epoch, uint32_t kind, uint64_t n)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	Carepace__V1__ReportReceipt body = CAREPACE__V1__REPORT_RECEIPT__INIT;
	char no_key[] = "";

	body.epoch = epoch;
	body.kind = (Carepace__V1__ReportKind)kind;
	body.n = n;
	order.key = no_key;
	order.body_case = CAREPACE__V1__ORDER__BODY_RECEIPT;
	order.receipt = &body;
	model_trace("head office: has kind %u up to %" PRIu64, kind, n);
	send_down(&order);
	arena_reset(&hq.arena);
}

/* For what another store had sent, for what never was, of a kind that is none: nothing may be
 * deleted for it. */
static void send_bad_receipt(void)
{
	uint32_t kind = rng_percent(&model.rng, 50) ? 1 : 1 + (uint32_t)rng_below(&model.rng, 8);
	uint64_t n = 1 + rng_below(&model.rng, 20);

	if (hq.site_epoch == 0)
		return;
	if (rng_percent(&model.rng, 70))
		send_receipt(hq.site_epoch ^ (1U + rng_below(&model.rng, 9)), kind, n);
	else if (rng_percent(&model.rng, 50))
		send_receipt(hq.site_epoch, kind, n + NEVER_SENT);
	else
		send_receipt(hq.site_epoch, KINDS_MOST + kind, n);
}

static void send_receipts(void)
{
	struct picture_receipt receipt;

	hq.owes_receipts = false;
	while (picture_next_receipt(hq.picture, &receipt)) {
		if (hq.is_calm || rng_percent(&model.rng, 70))
			send_receipt(receipt.epoch, receipt.kind, receipt.n);
	}
}

static void send_order(uint32_t n)
{
	struct story_order *order = story_order(hq.first + n - 1);
	struct arena arena;

	arena_init(&arena, 4096, ARENA_BYTES_MAX);
	order->input.boot = hq.epoch;
	order->input.seq = n;
	order->is_sent = true;
	hq.sent_most = n > hq.sent_most ? n : hq.sent_most;
	model_trace("head office: order %u/%u, body %d", hq.epoch, n, order->input.body);
	struct slice payload = story_order_bytes(order, &arena);
	broker_order(payload);
	hq.sent_at = clock_mono();
	arena_deinit(&arena);
}

/* What the gateway has is not said again: it would be the same under another name. */
static void begin_epoch(void)
{
	if (hq.epoch == EPOCHS_MAX || hq.sent_most != hq.known_to)
		return;
	hq.first += hq.known_to;
	hq.epoch++;
	hq.sent_to = hq.sent_most = hq.known_to = 0;
	model_trace("head office: epoch %u", hq.epoch);
}

static bool is_time_for(uint32_t n)
{
	return hq.first + n <= story_order_count() &&
	       story_order(hq.first + n - 1)->input.ts <= clock_wall();
}

/* The next one; now and then one that was sent before, or the one after the next. */
static bool send_orders(void)
{
	uint32_t next = hq.sent_to + 1;

	if (hq.sent_to > hq.known_to && clock_mono() - hq.sent_at > LATER_MS)
		next = hq.known_to + 1;
	if (!hq.is_calm && rng_percent(&model.rng, 10))
		next += (uint32_t)rng_below(&model.rng, 2);
	if (!hq.is_calm && hq.sent_to > 0 && rng_percent(&model.rng, 10))
		next = 1 + (uint32_t)rng_below(&model.rng, hq.sent_to);
	if (!is_time_for(next))
		return false;
	send_order(next);
	if (next == hq.sent_to + 1 || next == hq.known_to + 1)
		hq.sent_to = next;
	return true;
}

void hq_order_stored(const struct reading *order)
{
	if (order->boot >= 1 && order->boot <= EPOCHS_MAX && order->seq <= STORY_ORDERS_MAX)
		hq.is_stored[order->boot][order->seq] = true;
}

/* --- what the dice do --------------------------------------------------------------------------
 */

bool hq_step(void)
{
	struct slice report;

	switch (rng_below(&model.rng, 4)) {
	case 0:
		if (!hq.is_calm && rng_percent(&model.rng, 3))
			begin_epoch();
		return send_orders();
	case 1:
		if (sim.has_receipts && !hq.is_calm && rng_percent(&model.rng, 50))
			send_bad_receipt();
		if (!hq.owes_receipts)
			return false;
		send_receipts();
		return true;
	default:
		if (!broker_next_report(&report))
			return false;
		take_report(report);
		return true;
	}
}

void hq_forget(void)
{
	model_trace("head office: forgets");
	picture_forget(hq.picture);
}

void hq_be_calm(void)
{
	hq.is_calm = true;
	hq.owes_receipts = sim.has_receipts;
}

bool hq_is_quiet(void)
{
	return hq.first + hq.known_to == story_order_count();
}

/* --- the picture ------------------------------------------------------------------------------ */

struct picture *hq_new_picture(void)
{
	return picture_new();
}

void hq_read_into(struct picture *picture, struct slice payload)
{
	enum picture_news news;

	CP_CHECK(picture_take(picture, SIM_SITE, read_report(payload), &news) == CP_OK);
	CP_CHECK(news == PICTURE_NEW);
}

char *hq_lines_of(const struct picture *picture)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	CP_CHECK(out);
	picture_print(picture, out);
	CP_CHECK(fclose(out) == 0);
	return text;
}

char *hq_picture(void)
{
	return hq_lines_of(hq.picture);
}

bool hq_has_holes(void)
{
	char *lines = hq_picture();
	char *rest = lines;
	bool has_holes = false;

	for (char *line; (line = strsep(&rest, "\n"));) {
		const char *holes = strstr(line, " holes ");
		has_holes |= holes && strcmp(holes, " holes 0") != 0;
	}
	free(lines);
	return has_holes;
}
