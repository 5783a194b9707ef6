#include "broker.h"

#include "hq.h"
#include "io/upstream.h"
#include "sim.h"

#include <stdlib.h>

#define QUEUE_MAX 4096
#define RECEIVE_MAXIMUM_MOST 8

struct letter {
	struct letter *next;
	uint32_t token;
	bool is_taken; /* by the broker, whose answer is on its way */
	size_t len;
	uint8_t bytes[];
};

struct queue {
	struct letter *first;
	struct letter **end;
};

enum wire {
	WIRE_DOWN,
	WIRE_CONNECTING,
	WIRE_UP
};

struct upstream {
	struct mailbox *mailbox; /* NULL: closed */
	struct queue sent;       /* by the gateway, not answered */
	bool is_subscribed;
};

struct post {
	struct upstream_event event;
	uint8_t bytes[];
};

static struct broker {
	struct upstream client; /* of the gateway */
	enum wire wire;
	bool is_away;
	bool is_calm;
	struct queue taken; /* for head office */
	struct queue down;  /* orders on their way */
	struct letter *read;
} broker;

/* --- letters ---------------------------------------------------------------------------- */

static void put(struct queue *queue, struct letter *letter)
{
	letter->next = NULL;
	*queue->end = letter;
	queue->end = &letter->next;
}

static struct letter *take(struct queue *queue)
{
	struct letter *letter = queue->first;

	if (!letter)
		return NULL;
	queue->first = letter->next;
	if (!queue->first)
		queue->end = &queue->first;
	return letter;
}

static void clear(struct queue *queue)
{
	struct letter *letter;

	while (queue->end && (letter = take(queue)))
		free(letter);
	queue->first = NULL;
	queue->end = &queue->first;
}

static struct letter *letter_new(struct slice payload, uint32_t token)
{
	struct letter *letter = malloc(sizeof(*letter) + payload.len);

	CP_CHECK(letter);
	*letter = (struct letter){.token = token, .len = payload.len};
	memcpy(letter->bytes, payload.p, payload.len);
	return letter;
}

static struct slice bytes_of(const struct letter *letter)
{
	return slice_of(letter->bytes, letter->len);
}

/* --- events for the gateway ----------------------------------------------------------------- */

static void post(enum upstream_event_kind kind, uint32_t token, struct slice payload)
{
	struct post *out = calloc(1, sizeof(*out) + payload.len);

	CP_CHECK(out);
	if (payload.len > 0)
		memcpy(out->bytes, payload.p, payload.len);
	out->event = (struct upstream_event){
	    .kind = kind,
	    .token = token,
	    .receive_maximum = 1 + (unsigned)rng_below(&model.rng, RECEIVE_MAXIMUM_MOST),
	    .text = "the dice",
	    .payload = slice_of(out->bytes, payload.len),
	    .upstream = &broker.client,
	};
	if (!broker.client.mailbox || !mailbox_post(broker.client.mailbox, &out->event.mail))
		free(out);
}

static void say(enum upstream_event_kind kind, uint32_t token)
{
	post(kind, token, slice_of(NULL, 0));
}

/* What had not left stays on the wire. */
static void return_taken(void)
{
	struct queue kept = {.end = &kept.first};
	struct letter *letter;

	while ((letter = take(&broker.client.sent))) {
		if (!letter->is_taken && rng_percent(&model.rng, 50)) {
			put(&kept, letter);
			continue;
		}
		say(UPSTREAM_RETURNED, letter->token);
		free(letter);
	}
	while ((letter = take(&kept)))
		put(&broker.client.sent, letter);
}

static void go_down(enum upstream_event_kind why)
{
	return_taken();
	clear(&broker.down);
	broker.client.is_subscribed = false;
	broker.wire = WIRE_DOWN;
	say(why, 0);
}

/* --- what the gateway calls --------------------------------------------------------------------
 */

enum cp_err upstream_config_copy(struct upstream_config *out, const struct upstream_config *from)
{
	*out = *from;
	return CP_OK;
}

void upstream_config_deinit(struct upstream_config *copy)
{
	(void)copy;
}

enum cp_err upstream_open(
    struct upstream **out, const struct upstream_config *config, struct mailbox *mailbox)
{
	(void)config;
	broker.client.mailbox = mailbox;
	*out = &broker.client;
	return CP_OK;
}

void upstream_connect(struct upstream *upstream, int server)
{
	(void)upstream, (void)server;
	CP_CHECK(broker.wire == WIRE_DOWN);
	broker.wire = WIRE_CONNECTING;
}

enum cp_err upstream_subscribe(struct upstream *upstream)
{
	if (broker.wire != WIRE_UP)
		return CP_NET;
	upstream->is_subscribed = true;
	return CP_OK;
}

enum cp_err upstream_publish(
    struct upstream *upstream, const char *topic, struct slice payload, uint32_t token)
{
	(void)topic;
	if (broker.wire != WIRE_UP)
		return CP_NET;
	hq_hear_on_the_wire(payload);
	put(&upstream->sent, letter_new(payload, token));
	return CP_OK;
}

void upstream_disconnect(struct upstream *upstream)
{
	(void)upstream;
	if (broker.wire == WIRE_UP)
		go_down(UPSTREAM_DISCONNECTED);
}

void upstream_close(struct upstream *upstream)
{
	upstream->mailbox = NULL;
	clear(&upstream->sent);
	clear(&broker.down);
	upstream->is_subscribed = false;
	broker.wire = WIRE_DOWN;
}

void upstream_free(struct upstream *upstream)
{
	(void)upstream;
}

void upstream_event_done(struct upstream_event *event)
{
	free((struct post *)(void *)event);
}

uint64_t upstream_take_orders_dropped(struct upstream *upstream)
{
	(void)upstream;
	return 0;
}

/* --- what the dice do ------------------------------------------------------------------------- */

void broker_begin(void)
{
	clear(&broker.client.sent);
	clear(&broker.taken);
	clear(&broker.down);
	free(broker.read);
	broker.read = NULL;
	broker.client.mailbox = NULL;
	broker.client.is_subscribed = false;
	broker.wire = WIRE_DOWN;
	broker.is_away = broker.is_calm = false;
}

void broker_end(void)
{
	broker_begin();
}

void broker_kill(void)
{
	if (broker.wire != WIRE_DOWN)
		say(UPSTREAM_LOST, 0);
	upstream_close(&broker.client);
}

static bool answer_connect(void)
{
	if (!broker.is_calm && (broker.is_away || rng_percent(&model.rng, 20))) {
		broker.wire = WIRE_DOWN;
		say(UPSTREAM_REFUSED, 0);
		return true;
	}
	broker.wire = WIRE_UP;
	model_trace("head office: connected");
	say(UPSTREAM_CONNECTED, 0);
	return true;
}

/* The broker takes the oldest that it has not; later, or at once, it says so. */
static bool take_or_answer(void)
{
	struct letter *letter = broker.client.sent.first;
	bool is_refused = !broker.is_calm && rng_percent(&model.rng, 3);

	if (!letter)
		return false;
	if (!letter->is_taken && !is_refused) {
		put(&broker.taken, letter_new(bytes_of(letter), 0));
		letter->is_taken = true;
		if (rng_percent(&model.rng, 50))
			return true;
	}
	say(letter->is_taken ? UPSTREAM_ACKED : UPSTREAM_NOT_ACKED, letter->token);
	free(take(&broker.client.sent));
	return true;
}

static bool deliver_order(void)
{
	struct letter *letter = take(&broker.down);

	if (!letter)
		return false;
	if (broker.client.is_subscribed)
		post(UPSTREAM_ORDER, 0, bytes_of(letter));
	free(letter);
	return true;
}

bool broker_step(void)
{
	if (broker.wire == WIRE_CONNECTING)
		return answer_connect();
	if (broker.wire == WIRE_DOWN)
		return false;
	return rng_percent(&model.rng, 60) ? take_or_answer() || deliver_order()
	                                   : deliver_order() || take_or_answer();
}

void broker_cut(void)
{
	broker.is_away = rng_percent(&model.rng, 30);
	if (broker.wire != WIRE_UP)
		return;
	model_trace("head office: the wire is cut");
	go_down(UPSTREAM_LOST);
}

void broker_forget(void)
{
	broker_cut();
	model_trace("head office: its broker forgets");
	clear(&broker.taken);
}

void broker_be_calm(void)
{
	broker.is_away = false;
	broker.is_calm = true;
}

bool broker_next_report(struct slice *out)
{
	free(broker.read);
	broker.read = take(&broker.taken);
	if (broker.read)
		*out = bytes_of(broker.read);
	return broker.read != NULL;
}

void broker_order(struct slice payload)
{
	if (broker.wire == WIRE_UP)
		put(&broker.down, letter_new(payload, 0));
}
