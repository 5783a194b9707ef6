#include "office.h"

#include "clock.h"
#include "dispatch.h"
#include "pki/file.h"
#include "picture.h"
#include "transport.h"
#include "wire/json.h"
#include "wire/pack.h"
#include "words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#define CLIENT_ID "head-office"
#define TOPIC_ALL "carepace/v1/site/+/"
#define SESSION_S (7 * 86400)
#define EVENTS_MAX 2048
#define EVENTS_PER_TURN 256
#define TURN_MAX_MS 100 /* a signal is seen after so long at the latest */
#define BACKOFF_MS 500
#define DISCONNECT_WAIT_MS 2000

enum office_link {
	OFFICE_DOWN,
	OFFICE_CONNECTING,
	OFFICE_UP, /* subscribed once the broker has answered */
	OFFICE_LEAVING,
};

struct office {
	const struct office_options *options;
	const struct office_signals *signals;
	struct inbox *inbox;
	struct transport *transport;
	struct picture *picture;
	struct dispatch orders;
	struct arena arena; /* of one message */
	enum office_link link;
	size_t subscribed; /* topics that the broker has confirmed */
	mono_ms connect_at;
	mono_ms receipts_at; /* TIME_NEVER: nothing came since the last ones */
	uint64_t reports;
	uint64_t receipts;
	int pictures; /* written */
	int losses;   /* simulated */
};

static const char *const topics[] = {"alert", "session", "aggregate", "status", "receipt"};

CP_PRINTF(1, 2) static void say(const char *format, ...)
{
	char text[CLOCK_TEXT_BYTES];
	va_list args;

	printf("%s ", clock_text(clock_wall(), text));
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

/* --- down ------------------------------------------------------------------------------- */

static bool send(struct office *office, const char *site, const Carepace__V1__Order *order)
{
	char topic[sizeof(TOPIC_ALL) + PICTURE_SITE_MAX + sizeof("down")];
	struct slice payload;
	enum cp_err err = office->options->is_json
	                      ? wire_json_print(&office->arena, &order->base, &payload)
	                      : wire_pack(&office->arena, &order->base, &payload);

	(void)snprintf(topic, sizeof(topic), "carepace/v1/site/%s/down", site);
	return !err && transport_publish(office->transport, topic, payload, 0, 0) == CP_OK;
}

static void send_orders(struct office *office, mono_ms now)
{
	Carepace__V1__Order *order = dispatch_next(&office->orders, &office->arena, now);

	while (order && send(office, office->options->site, order)) {
		dispatch_sent(&office->orders, now);
		arena_reset(&office->arena);
		order = dispatch_next(&office->orders, &office->arena, now);
	}
	arena_reset(&office->arena);
}

/* One that does not get out is not repeated by itself: the next one says as much. */
static void send_receipt(struct office *office, const struct picture_receipt *receipt)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	Carepace__V1__ReportReceipt body = CAREPACE__V1__REPORT_RECEIPT__INIT;
	char no_key[] = "";

	office->receipts++;
	if (office->options->lose_receipts &&
	    office->receipts % office->options->lose_receipts == 0)
		return;
	body.epoch = receipt->epoch;
	body.kind = (Carepace__V1__ReportKind)receipt->kind;
	body.n = receipt->n;
	order.key = no_key;
	order.body_case = CAREPACE__V1__ORDER__BODY_RECEIPT;
	order.receipt = &body;
	(void)send(office, receipt->site, &order);
	arena_reset(&office->arena);
}

static void send_receipts(struct office *office, mono_ms now)
{
	struct picture_receipt receipt;

	if (now < office->receipts_at)
		return;
	office->receipts_at = TIME_NEVER;
	while (picture_next_receipt(office->picture, &receipt))
		send_receipt(office, &receipt);
}

/* --- up --------------------------------------------------------------------------------- */

/* The site's name in "carepace/v1/site/NAME/alert". */
static bool site_of_topic(const char *topic, char site[PICTURE_SITE_MAX + 1])
{
	const char *from = topic + sizeof(TOPIC_ALL) - sizeof("+/");
	size_t len = strncmp(topic, TOPIC_ALL, sizeof(TOPIC_ALL) - sizeof("+/")) == 0
	                 ? strcspn(from, "/")
	                 : 0;

	if (len == 0 || len > PICTURE_SITE_MAX)
		return false;
	memcpy(site, from, len);
	site[len] = '\0';
	return true;
}

/* In either form: no protobuf begins with a brace, which would be a group. NULL: neither. */
static const Carepace__V1__Report *read_report(struct office *office, struct slice payload)
{
	const ProtobufCMessageDescriptor *type = &carepace__v1__report__descriptor;
	char why[WIRE_JSON_WHY_BYTES];
	ProtobufCMessage *message;
	struct wire_scan scan;

	if (payload.len > 0 && payload.p[0] == '{' &&
	    wire_json_read(&office->arena, type, payload, &payload, why) != WIRE_OK)
		return NULL;
	if (wire_unpack(&office->arena, type, payload, &message, &scan) != WIRE_OK)
		return NULL;
	return (const Carepace__V1__Report *)message;
}

static void say_news(const char *site, const Carepace__V1__Report *report, enum picture_news news)
{
	static const char *const never[PICTURE_NEWS] = {
	    [PICTURE_BACK] = "a revision that is not higher than the last",
	    [PICTURE_CHANGED] = "another content under a number that was there",
	    [PICTURE_BAD] = "a kind, number or key that the contract does not have",
	};
	char text[WORDS_REPORT_BYTES];

	if (news == PICTURE_NEW)
		say("%s <- %s", site, words_report(report, text));
	else if (never[news])
		say("%s WRONG: %s: %s, n %" PRIu64 ", revision %" PRIu64, site, never[news],
		    words_report(report, text), report->n, report->revision);
}

static void take_order_receipt(
    struct office *office, const char *site, const Carepace__V1__OrderReceipt *receipt, mono_ms now)
{
	if (office->options->site && strcmp(site, office->options->site) == 0 &&
	    dispatch_receipt(&office->orders, receipt, now))
		say("%s <- has stored order %" PRIu32, site, receipt->n);
}

static void take_report(struct office *office, const struct event *event, mono_ms now)
{
	char site[PICTURE_SITE_MAX + 1];
	const Carepace__V1__Report *report =
	    read_report(office, slice_of(event->bytes, event->len));
	enum picture_news news;

	if (!report || !site_of_topic(event->topic, site)) {
		say("WRONG: what came on %s is no report", event->topic);
		picture_bad(office->picture);
		return;
	}
	if (report->body_case == CAREPACE__V1__REPORT__BODY_RECEIPT) {
		take_order_receipt(office, site, report->receipt, now);
		return;
	}
	if (++office->reports == office->options->overlook)
		return;
	CP_CHECK(picture_take(office->picture, site, report, &news) == CP_OK);
	say_news(site, report, news);
	if (office->options->has_receipts && office->receipts_at == TIME_NEVER)
		office->receipts_at = now + office->options->receipts_ms;
}

/* --- the connection --------------------------------------------------------------------- */

/* What is pending in a client that lost its connection is of no use: the next one is new. */
static void go_down(struct office *office, const char *why, mono_ms now)
{
	if (office->link == OFFICE_UP)
		say("lost the broker: %s", why);
	transport_cut(office->transport);
	office->link = OFFICE_DOWN;
	office->connect_at = now + BACKOFF_MS;
	dispatch_lost(&office->orders);
}

static void connect(struct office *office, mono_ms now)
{
	if (transport_connect(office->transport))
		go_down(office, "no connect", now);
	else
		office->link = OFFICE_CONNECTING;
}

static void subscribe(struct office *office, mono_ms now)
{
	office->link = OFFICE_UP;
	office->subscribed = 0;
	for (size_t i = 0; i < CP_COUNT(topics); i++) {
		char topic[sizeof(TOPIC_ALL) + 16];
		(void)snprintf(topic, sizeof(topic), TOPIC_ALL "%s", topics[i]);
		if (transport_subscribe(office->transport, topic)) {
			go_down(office, "no subscription", now);
			return;
		}
	}
}

static void on_event(struct office *office, const struct event *event, mono_ms now)
{
	/* Of what the last connection still brings only messages count: they were sent. */
	if (event->kind != EVENT_DOWN &&
	    event->generation != transport_generation(office->transport))
		return;
	switch (event->kind) {
	case EVENT_CONNECTED:
		subscribe(office, now);
		break;
	case EVENT_SUBSCRIBED:
		if (++office->subscribed == CP_COUNT(topics))
			say("listens at the broker");
		break;
	case EVENT_DOWN:
		take_report(office, event, now);
		arena_reset(&office->arena);
		break;
	case EVENT_CONNECT_FAILED:
		say("cannot connect to the broker: %s", event->why);
		go_down(office, event->why, now);
		break;
	case EVENT_SUBSCRIBE_FAILED:
	case EVENT_LOST:
	case EVENT_DISCONNECTED:
		go_down(office, event->why, now);
		break;
	case EVENT_ACKED:
	case EVENT_SEND_FAILED:
		break; /* what matters is what the gateway says */
	}
}

/* --- the picture ------------------------------------------------------------------------ */

/* Written whole, so that whoever looks finds the old one or the new one. */
static enum cp_err write_picture(struct office *office, struct pki_error *error)
{
	char *text = NULL;
	size_t len = 0;

	if (!office->options->picture_path)
		return CP_OK;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return pki_fail(error, CP_NOMEM, "no memory for the picture");
	fprintf(out, "picture %d\n", office->pictures);
	picture_print(office->picture, out);
	bool is_whole = !ferror(out);

	is_whole &= fclose(out) == 0;
	enum cp_err err =
	    is_whole ? file_replace(office->options->picture_path, 0600, slice_of(text, len), error)
	             : pki_fail(error, CP_NOMEM, "no memory for the picture");

	free(text);
	return err;
}

static enum cp_err heed_signals(struct office *office, struct pki_error *error)
{
	if (office->losses != office->signals->losses) {
		office->losses = office->signals->losses;
		picture_forget(office->picture);
		say("has forgotten what no receipt has named");
	}
	if (office->pictures == office->signals->pictures)
		return CP_OK;
	office->pictures = office->signals->pictures;
	return write_picture(office, error);
}

/* --- the order of it all ---------------------------------------------------------------- */

static void turn(struct office *office)
{
	mono_ms now = clock_mono();
	struct event event;

	if (office->link == OFFICE_DOWN && now >= office->connect_at)
		connect(office, now);
	if (office->link == OFFICE_UP && office->subscribed == CP_COUNT(topics)) {
		send_receipts(office, now);
		send_orders(office, now);
	}
	mono_ms until = now + TURN_MAX_MS;

	if (office->receipts_at < until)
		until = office->receipts_at;
	for (int i = 0; i < EVENTS_PER_TURN && inbox_take(office->inbox, until, &event); i++) {
		on_event(office, &event, clock_mono());
		free(event.bytes);
		until = 0; /* what else is there, but without waiting */
	}
}

static enum cp_err open_office(struct office *office, struct pki_error *error)
{
	const struct office_options *options = office->options;
	struct transport_config config = {
	    .host = options->host,
	    .port = options->port,
	    .client_id = CLIENT_ID,
	    .ca_path = options->ca_path,
	    .cert_path = options->cert_path,
	    .key_path = options->key_path,
	    .is_mqtt5 = true,
	    .qos = 1,
	    .session_s = SESSION_S,
	};

	office->receipts_at = TIME_NEVER;
	arena_init(&office->arena, 64 * 1024, 4u << 20);
	dispatch_init(&office->orders, options->orders_dir);
	office->picture = picture_new();
	if (!office->picture || inbox_new(EVENTS_MAX, &office->inbox))
		return pki_fail(error, CP_NOMEM, "no memory");
	config.inbox = office->inbox;
	enum cp_err err = transport_new(&config, &office->transport);
	return err ? pki_fail(error, err, "no MQTT client for head office") : CP_OK;
}

static void leave(struct office *office)
{
	mono_ms give_up_at = clock_mono() + DISCONNECT_WAIT_MS;

	if (office->link != OFFICE_UP || transport_disconnect(office->transport))
		return;
	office->link = OFFICE_LEAVING;
	while (office->link == OFFICE_LEAVING && clock_mono() < give_up_at)
		turn(office);
}

static void close_office(struct office *office)
{
	transport_free(office->transport);
	inbox_free(office->inbox);
	picture_free(office->picture);
	arena_deinit(&office->arena);
}

static bool is_well(const struct office *office)
{
	return picture_count(office->picture, PICTURE_BACK) == 0 &&
	       picture_count(office->picture, PICTURE_CHANGED) == 0 &&
	       picture_count(office->picture, PICTURE_BAD) == 0;
}

enum cp_err office_run(const struct office_options *options, const struct office_signals *signals,
    bool *well, struct pki_error *error)
{
	struct office office = {.options = options, .signals = signals};

	transport_library_init();
	enum cp_err err = open_office(&office, error);

	while (!err && !signals->stops) {
		turn(&office);
		err = heed_signals(&office, error);
	}
	if (!err) {
		leave(&office);
		err = write_picture(&office, error);
		*well = is_well(&office);
	}
	close_office(&office);
	return err;
}
