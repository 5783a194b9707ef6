#include "shell/upstream_thread.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "io/clock.h"
#include "io/log.h"
#include "shell/pulse.h"
#include "shell/upstream_gate.h"

/* One round: take the mail, note what it says, hand acknowledgements on, then
 * do what the window says until it says wait. Mail only notes that a connection
 * is over (`ending`); the round settles it after the last mail was read, so that
 * acknowledgements which arrived before the end still count.
 *
 * A connection that we do not want any more is left with a goodbye (`leaving`)
 * and is over when that is answered. What does not answer is ended by force: the
 * client object is closed (Paho says nothing more), what it had still posted is
 * read, all rows are taken from it, and the next attempt makes a new one. */

_Static_assert(UPSTREAM_TOKENS == WINDOW_ROWS, "a slot of the window is a token of the connection");

#define ITEMS_MAX 32
#define RECEIPT_KIND 0
#define RECEIPT_TOPIC "receipt"

#define SAID_MAX 4
#define GOODBYE_MS 500
#define NO_ROOM "there is no room for its messages; it goes on from our receipt"

/* What stop may take: acknowledgements on their way, the goodbye, Paho's end. */
#define STOP_ACKS_MS 300
#define STOP_LIMIT_MS 1800

struct receipt {
	size_t len;
	uint8_t bytes[];
};

/* The refusals of a server that stand in the log since the last connection. */
struct said {
	char text[SAID_MAX][UPSTREAM_TEXT_MAX];
	unsigned next;
};

struct upstream_thread {
	struct upstream_config config;
	struct upstream_gate gate; /* shut when stop has returned without the thread */
	pthread_t thread;
	struct mailbox *mailbox;
	struct mailbox *ended;  /* the last word of the thread goes here */
	struct mail ended_mail; /* to `ended` */
	struct mail stop_mail;
	struct mail poke_mail;
	struct pulse pulse;
	atomic_bool is_poked; /* poke_mail is on its way */
	_Atomic(struct receipt *) new_receipt;

	/* The thread's own from here on. */
	struct window window;
	struct upstream *upstream; /* NULL until the first attempt and after a forced end */
	int server;                /* of this attempt, or of the next one */
	struct said *said;         /* one per server */
	struct receipt *receipt;
	uint64_t receipt_n;
	bool is_receipt_due;
	bool is_stopping;
	const char *ending;  /* why the connection is over, or NULL */
	const char *leaving; /* why we said goodbye, or NULL */
	mono_ms leave_by;    /* then by force */
	struct window_row acked[WINDOW_ROWS];
	size_t acked_count;

	struct {
		atomic_uint_least64_t sent, acknowledged, refused, returned, orders, orders_dropped,
		    connects, losses;
	} counts;
};

static void count(atomic_uint_least64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

static const char *server_name(const struct upstream_thread *thread)
{
	return thread->config.servers[thread->server];
}

static void report_acked(struct upstream_thread *thread)
{
	if (thread->acked_count > 0)
		upstream_gate_done(&thread->gate, thread->acked, thread->acked_count);
	thread->acked_count = 0;
}

/* --- mail ------------------------------------------------------------------ */

static void leave(struct upstream_thread *thread, const char *why)
{
	if (thread->leaving || thread->window.state != WINDOW_UP)
		return;
	thread->leaving = why;
	thread->leave_by = clock_mono() + GOODBYE_MS;
	upstream_disconnect(thread->upstream);
}

static void on_connected(struct upstream_thread *thread, unsigned receive_maximum, mono_ms now)
{
	char text[UPSTREAM_TEXT_MAX];

	window_connected(&thread->window, receive_maximum, now);
	count(&thread->counts.connects);
	snprintf(text, sizeof(text), "connected to %s", server_name(thread));
	log_event(OFFICE_CONNECTED, "head office: %s", text);
	memset(thread->said, 0, (size_t)thread->config.server_count * sizeof(*thread->said));
	upstream_gate_state(&thread->gate, true, text);
	/* The receipt tells head office from where to go on, so our ears must be
	 * open before it leaves. */
	if (upstream_subscribe(thread->upstream) != CP_OK)
		leave(thread, "the subscription could not be sent");
	thread->is_receipt_due = thread->receipt != NULL;
}

static void on_acked(struct upstream_thread *thread, uint32_t token, mono_ms now)
{
	struct window_row row;

	if (!window_done(&thread->window, token, now, &row) || row.kind == RECEIPT_KIND)
		return;
	count(&thread->counts.acknowledged);
	/* A token is used again only after this round, so they cannot be more. */
	CP_CHECK(thread->acked_count < WINDOW_ROWS);
	thread->acked[thread->acked_count++] = row;
}

static void on_not_acked(
    struct upstream_thread *thread, const struct upstream_event *event, mono_ms now)
{
	struct window_row row;

	if (!window_refused(&thread->window, event->token, now, &row))
		return;
	count(&thread->counts.refused);
	if (row.kind == RECEIPT_KIND)
		thread->is_receipt_due = true;
	log_warning("head office: %s refused message %u/%llu (%s); it is kept, this kind is "
	            "offered again in %lld s",
	    server_name(thread), row.kind, (unsigned long long)row.n, event->text,
	    (long long)(WINDOW_PAUSE_MS / MS_PER_SECOND));
}

static void on_order(struct upstream_thread *thread, struct slice payload)
{
	if (upstream_gate_order(&thread->gate, payload)) {
		count(&thread->counts.orders);
		return;
	}
	count(&thread->counts.orders_dropped);
	leave(thread, NO_ROOM);
}

static void on_event(struct upstream_thread *thread, struct upstream_event *event, mono_ms now)
{
	switch (event->kind) {
	case UPSTREAM_CONNECTED:
		on_connected(thread, event->receive_maximum, now);
		break;
	case UPSTREAM_REFUSED:
		if (thread->window.state == WINDOW_CONNECTING)
			thread->ending = event->text;
		break;
	case UPSTREAM_LOST:
	case UPSTREAM_DISCONNECTED:
		if (thread->window.state == WINDOW_UP)
			thread->ending = thread->leaving ? thread->leaving : event->text;
		break;
	case UPSTREAM_ACKED:
		on_acked(thread, event->token, now);
		break;
	case UPSTREAM_NOT_ACKED:
		on_not_acked(thread, event, now);
		break;
	case UPSTREAM_RETURNED:
		if (window_returned(&thread->window, event->token))
			count(&thread->counts.returned);
		break;
	case UPSTREAM_NO_ORDERS:
		log_warning(
		    "head office: %s does not let us read our orders (%s); plans and client "
		    "flags do not arrive until its access rules allow "
		    "carepace/v1/site/%s/down",
		    server_name(thread), event->text, thread->config.site);
		break;
	case UPSTREAM_ORDER:
		on_order(thread, event->payload);
		break;
	case UPSTREAM_OVERRUN:
		leave(thread, NO_ROOM);
		break;
	}
	upstream_event_done(event);
}

static void take_receipt(struct upstream_thread *thread)
{
	struct receipt *receipt = atomic_exchange(&thread->new_receipt, NULL);

	if (!receipt)
		return;
	free(thread->receipt);
	thread->receipt = receipt;
	thread->is_receipt_due = true;
}

static void on_poke(struct upstream_thread *thread)
{
	/* Cleared before looking: news in between pokes once too often. */
	atomic_store(&thread->is_poked, false);
	take_receipt(thread);
	window_poke(&thread->window);
}

static void read_mail(struct upstream_thread *thread, int64_t timeout_ms)
{
	struct mail *mail = mailbox_wait(thread->mailbox, timeout_ms);
	mono_ms now = clock_mono();

	while (mail) {
		struct mail *next = mail->next;
		if (mail == &thread->stop_mail)
			thread->is_stopping = true;
		else if (mail == &thread->poke_mail)
			on_poke(thread);
		else if (mail == &thread->pulse.mail)
			pulse_answer(&thread->pulse);
		else
			on_event(thread, MAIL_OWNER(mail, struct upstream_event, mail), now);
		mail = next;
	}
	report_acked(thread);
}

/* --- what the window says -------------------------------------------------- */

/* False: not connected any more, and the row is not in flight. */
static bool publish(
    struct upstream_thread *thread, const char *topic, struct slice payload, uint32_t token)
{
	if (upstream_publish(thread->upstream, topic, payload, token) == CP_OK)
		return true;
	CP_CHECK(window_returned(&thread->window, token));
	leave(thread, "a message could not be sent");
	return false;
}

static void send_receipt(struct upstream_thread *thread, mono_ms now)
{
	struct slice payload = slice_of(thread->receipt->bytes, thread->receipt->len);
	struct window_row row = {RECEIPT_KIND, thread->receipt_n + 1};
	uint32_t token;

	if (window_offer(&thread->window, row, payload.len, now, &token) != WINDOW_ADMITTED)
		return;
	thread->receipt_n++;
	thread->is_receipt_due = false;
	(void)publish(thread, RECEIPT_TOPIC, payload, token); /* due again when connected */
}

static void send_rows(struct upstream_thread *thread, unsigned room, mono_ms now)
{
	struct upstream_item items[ITEMS_MAX];
	size_t max = room < ITEMS_MAX ? room : ITEMS_MAX;
	size_t found = upstream_gate_next(&thread->gate, thread->window.after, items, max);

	if (found == UPSTREAM_LATER) {
		window_unread(&thread->window, now);
		return;
	}
	if (found == 0)
		window_drained(&thread->window, now);
	for (size_t i = 0; i < found; i++) {
		uint32_t token;
		CP_CHECK(items[i].row.kind != RECEIPT_KIND);
		switch (window_offer(
		    &thread->window, items[i].row, items[i].payload.len, now, &token)) {
		case WINDOW_ADMITTED:
			if (!publish(thread, items[i].topic, items[i].payload, token))
				return;
			count(&thread->counts.sent);
			break;
		case WINDOW_KNOWN:
			break;
		case WINDOW_FULL:
			return;
		}
	}
}

static void fill(struct upstream_thread *thread, mono_ms now)
{
	unsigned room = window_fill(&thread->window, now);

	if (thread->is_receipt_due)
		send_receipt(thread, now);
	if (room > 0 && !thread->leaving)
		send_rows(thread, room, now);
}

static void begin_connect(struct upstream_thread *thread, mono_ms now)
{
	enum cp_err err = CP_OK;

	window_connect(&thread->window, now);
	if (!thread->upstream)
		err = upstream_open(&thread->upstream, &thread->config, thread->mailbox);
	if (err == CP_OK)
		upstream_connect(thread->upstream, thread->server);
	else
		thread->ending = cp_err_text(err);
}

static uint32_t chance(void)
{
	uint32_t random = 0;

	/* Without it gateways come back a little more together, nothing worse. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != (ssize_t)sizeof(random))
		random = 0;
	return random;
}

/* True when it was said before: a state is logged once, not every try of it. */
static bool is_said(struct said *said, const char *why)
{
	for (unsigned i = 0; i < SAID_MAX; i++)
		if (strcmp(said->text[i], why) == 0)
			return true;
	snprintf(said->text[said->next], UPSTREAM_TEXT_MAX, "%s", why);
	said->next = (said->next + 1) % SAID_MAX;
	return false;
}

static void say_end(struct upstream_thread *thread, bool was_up, const char *why, mono_ms delay_ms)
{
	char text[UPSTREAM_TEXT_MAX * 2];

	if (!was_up && is_said(&thread->said[thread->server], why))
		return;
	snprintf(text, sizeof(text), "%s %s: %s", was_up ? "lost" : "cannot connect to",
	    server_name(thread), why);
	log_event(OFFICE_LOST, "head office: %s; next try in %lld s, everything is kept", text,
	    (long long)((delay_ms + MS_PER_SECOND - 1) / MS_PER_SECOND));
	upstream_gate_state(&thread->gate, false, text);
}

/* The servers are in order of preference: after a connection that was good we
 * begin again with the first, after one that was not we try the next. */
static int server_after(const struct upstream_thread *thread, bool was_up)
{
	if (was_up && thread->window.failures == 1)
		return 0;
	return (thread->server + 1) % thread->config.server_count;
}

static void count_dropped(struct upstream_thread *thread)
{
	if (thread->upstream)
		atomic_fetch_add(
		    &thread->counts.orders_dropped, upstream_take_orders_dropped(thread->upstream));
}

static void settle_end(struct upstream_thread *thread)
{
	bool was_up = thread->window.state == WINDOW_UP;
	mono_ms now = clock_mono();

	count_dropped(thread);
	window_lost(&thread->window, now, chance());
	if (was_up)
		count(&thread->counts.losses);
	say_end(thread, was_up, thread->ending, window_next_wake(&thread->window) - now);
	thread->server = server_after(thread, was_up);
	thread->ending = NULL;
	thread->leaving = NULL;
}

static void end_by_force(struct upstream_thread *thread)
{
	if (!thread->upstream)
		return;
	upstream_close(thread->upstream);
	read_mail(thread, 0);
	count_dropped(thread);
	upstream_free(thread->upstream);
	thread->upstream = NULL;
	window_forget(&thread->window);
}

static void give_up(struct upstream_thread *thread, const char *why)
{
	end_by_force(thread);
	thread->ending = why;
}

static void act(struct upstream_thread *thread)
{
	while (!thread->ending && !thread->leaving) {
		mono_ms now = clock_mono();
		switch (window_next(&thread->window, now)) {
		case WINDOW_WAIT:
			return;
		case WINDOW_CONNECT:
			begin_connect(thread, now);
			break;
		case WINDOW_FILL:
			fill(thread, now);
			break;
		case WINDOW_GIVE_UP:
			give_up(thread, "it went silent");
			break;
		}
	}
	if (thread->leaving && !thread->ending && clock_mono() >= thread->leave_by)
		give_up(thread, thread->leaving);
}

static int64_t time_to_wait(const struct upstream_thread *thread)
{
	mono_ms wake = thread->leaving ? thread->leave_by : window_next_wake(&thread->window);
	mono_ms now = clock_mono();

	if (thread->ending)
		return 0;
	if (wake == TIME_NEVER)
		return MAILBOX_FOREVER;
	return wake > now ? wake - now : 0;
}

/* --- the thread ------------------------------------------------------------ */

/* What is in flight may still be acknowledged; then we say goodbye, so that the
 * broker does not take the end for an accident. */
static void say_goodbye(struct upstream_thread *thread)
{
	mono_ms until = clock_mono() + STOP_ACKS_MS;
	mono_ms left;

	while (thread->window.rows > 0 && !thread->ending && (left = until - clock_mono()) > 0)
		read_mail(thread, left);
	leave(thread, "the gateway stops");
	while (!thread->ending && (left = thread->leave_by - clock_mono()) > 0)
		read_mail(thread, left);
	log_notice("head office: %s",
	    thread->ending ? "disconnected" : "left without goodbye, it does not answer");
}

static void *run(void *arg)
{
	struct upstream_thread *thread = arg;

	pthread_setname_np(pthread_self(), "upstream"); /* for top -H */
	while (!thread->is_stopping) {
		act(thread);
		read_mail(thread, time_to_wait(thread));
		if (thread->ending && !thread->is_stopping)
			settle_end(thread);
	}
	if (thread->window.state == WINDOW_UP)
		say_goodbye(thread);
	end_by_force(thread);
	CP_CHECK(mailbox_post(thread->ended, &thread->ended_mail));
	return NULL;
}

static void thread_free(struct upstream_thread *thread)
{
	struct mailbox *const boxes[] = {thread->mailbox, thread->ended};

	for (size_t i = 0; i < CP_COUNT(boxes); i++) {
		/* What may be left in them is embedded in `thread` itself. */
		struct mail *left = boxes[i] ? mailbox_close(boxes[i]) : NULL;
		(void)left;
		mailbox_free(boxes[i]);
	}
	upstream_gate_deinit(&thread->gate);
	upstream_config_deinit(&thread->config);
	free(thread->said);
	free(atomic_load(&thread->new_receipt));
	free(thread->receipt);
	free(thread);
}

static enum cp_err thread_init(struct upstream_thread *thread, const struct upstream_config *config)
{
	window_init(&thread->window, clock_mono());
	thread->mailbox = mailbox_new();
	thread->ended = mailbox_new();
	thread->said = calloc((size_t)config->server_count, sizeof(*thread->said));
	if (!thread->mailbox || !thread->ended || !thread->said)
		return CP_NOMEM;
	return upstream_config_copy(&thread->config, config);
}

enum cp_err upstream_thread_start(struct upstream_thread **out,
    const struct upstream_config *config, const struct upstream_source *source, void *ctx)
{
	*out = NULL;
	if (config->server_count == 0)
		return CP_NOTFOUND;
	struct upstream_thread *thread = calloc(1, sizeof(*thread));
	if (!thread)
		return CP_NOMEM;
	upstream_gate_init(&thread->gate, source, ctx);
	enum cp_err err = thread_init(thread, config);
	thread->window.has_receipts = source->has_receipts;
	if (err != CP_OK || pthread_create(&thread->thread, NULL, run, thread) != 0) {
		log_error("head office: no memory for the thread that talks to it");
		thread_free(thread);
		return CP_NOMEM;
	}
	*out = thread;
	return CP_OK;
}

void upstream_thread_poke(struct upstream_thread *thread)
{
	if (!atomic_exchange(&thread->is_poked, true) &&
	    !mailbox_post(thread->mailbox, &thread->poke_mail))
		atomic_store(&thread->is_poked, false);
}

bool upstream_thread_answers(struct upstream_thread *thread)
{
	return pulse_ask(&thread->pulse, thread->mailbox);
}

bool upstream_thread_receipt(struct upstream_thread *thread, struct slice payload)
{
	CP_CHECK(payload.len <= UPSTREAM_PAYLOAD_MAX);
	struct receipt *receipt = malloc(sizeof(*receipt) + payload.len);

	if (!receipt)
		return false;
	receipt->len = payload.len;
	if (payload.len > 0)
		memcpy(receipt->bytes, payload.p, payload.len);
	free(atomic_exchange(&thread->new_receipt, receipt));
	upstream_thread_poke(thread);
	return true;
}

void upstream_thread_counts(struct upstream_thread *thread, struct upstream_counts *out)
{
	*out = (struct upstream_counts){
	    .sent = thread->counts.sent,
	    .acknowledged = thread->counts.acknowledged,
	    .refused = thread->counts.refused,
	    .returned = thread->counts.returned,
	    .orders = thread->counts.orders,
	    .orders_dropped = thread->counts.orders_dropped,
	    .connects = thread->counts.connects,
	    .losses = thread->counts.losses,
	};
}

bool upstream_thread_stop(struct upstream_thread *thread)
{
	if (!thread)
		return true;
	CP_CHECK(mailbox_post(thread->mailbox, &thread->stop_mail));
	if (!mailbox_wait(thread->ended, STOP_LIMIT_MS)) {
		upstream_gate_shut(&thread->gate);
		pthread_detach(thread->thread);
		log_warning("head office: the MQTT library does not come back from a name server; "
		            "going on without it");
		return false;
	}
	pthread_join(thread->thread, NULL);
	thread_free(thread);
	return true;
}
