/* Stopping the upstream thread while the MQTT library, which the test plays, does not
 * come back: the source is gone afterwards and must not be called.
 */
#include "shell/upstream_thread.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

/* --- the MQTT library ------------------------------------------------------------------ */

struct upstream {
	struct mailbox *mailbox;
	struct upstream_event connected;
	struct upstream_event said_goodbye;
};

static struct upstream library;
static bool hangs;
static sem_t is_in_publish;
static sem_t may_leave_publish;
static sem_t is_freed;

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
	library = (struct upstream){.mailbox = mailbox};
	*out = &library;
	return CP_OK;
}

void upstream_connect(struct upstream *upstream, int server)
{
	(void)server;
	upstream->connected =
	    (struct upstream_event){.kind = UPSTREAM_CONNECTED, .receive_maximum = 10};
	assert_true(mailbox_post(upstream->mailbox, &upstream->connected.mail));
}

enum cp_err upstream_subscribe(struct upstream *upstream)
{
	(void)upstream;
	return CP_OK;
}

enum cp_err upstream_publish(
    struct upstream *upstream, const char *topic, struct slice payload, uint32_t token)
{
	(void)upstream, (void)topic, (void)payload, (void)token;
	sem_post(&is_in_publish);
	if (hangs)
		sem_wait(&may_leave_publish);
	return CP_OK;
}

void upstream_disconnect(struct upstream *upstream)
{
	upstream->said_goodbye =
	    (struct upstream_event){.kind = UPSTREAM_DISCONNECTED, .text = "disconnected"};
	assert_true(mailbox_post(upstream->mailbox, &upstream->said_goodbye.mail));
}

void upstream_close(struct upstream *upstream)
{
	(void)upstream;
}

void upstream_free(struct upstream *upstream)
{
	(void)upstream;
	sem_post(&is_freed);
}

void upstream_event_done(struct upstream_event *event)
{
	(void)event;
}

uint64_t upstream_take_orders_dropped(struct upstream *upstream)
{
	(void)upstream;
	return 0;
}

/* --- the source ------------------------------------------------------------------------------ */

/* On the heap, so that the address sanitizer sees a call that comes too late. */
struct source {
	uint64_t last_n;
	unsigned states;
};

static size_t next(
    void *ctx, const uint64_t after[WINDOW_KINDS], struct upstream_item *items, size_t max)
{
	struct source *source = ctx;

	if (max == 0 || source->last_n > 0)
		return 0;
	items[0] = (struct upstream_item){
	    .row = {.kind = 1, .n = source->last_n = after[1] + 1}, .topic = "alert"};
	return 1;
}

static void done(void *ctx, const struct window_row *rows, size_t count)
{
	((struct source *)ctx)->last_n = rows[count - 1].n;
}

static bool order(void *ctx, struct slice payload)
{
	(void)payload;
	return ((struct source *)ctx)->last_n > 0;
}

static void state_changed(void *ctx, bool is_connected, const char *text)
{
	(void)is_connected, (void)text;
	((struct source *)ctx)->states++;
}

/* --- tests ---------------------------------------------------------------------------------------
 */

/* Reachable: an abandoned one is nobody's. */
static struct upstream_thread *thread;

static struct source *start(void)
{
	static char server[] = "ssl://127.0.0.1:1";
	static char *servers[] = {server};
	const struct upstream_config config = {.servers = servers, .server_count = 1, .site = "x"};
	const struct upstream_source ops = {
	    .next = next, .done = done, .order = order, .state = state_changed};
	struct source *source = calloc(1, sizeof(*source));

	sem_init(&is_in_publish, 0, 0);
	sem_init(&may_leave_publish, 0, 0);
	sem_init(&is_freed, 0, 0);
	assert_non_null(source);
	assert_int_equal(upstream_thread_start(&thread, &config, &ops, source), CP_OK);
	sem_wait(&is_in_publish);
	return source;
}

static void a_thread_that_comes_back_has_ended(void **state)
{
	(void)state;
	hangs = false;
	struct source *source = start();

	assert_true(upstream_thread_stop(thread));
	assert_int_equal(source->states, 1);
	free(source);
}

static void a_thread_that_is_left_behind_calls_nobody(void **state)
{
	struct upstream_event order_late = {.kind = UPSTREAM_ORDER, .payload = slice_str("late")};
	struct upstream_event acked_late = {.kind = UPSTREAM_ACKED, .token = 0};

	(void)state;
	hangs = true;
	struct source *source = start();

	assert_false(upstream_thread_stop(thread));
	free(source);
	assert_true(mailbox_post(library.mailbox, &acked_late.mail));
	assert_true(mailbox_post(library.mailbox, &order_late.mail));
	sem_post(&may_leave_publish);
	sem_wait(&is_freed); /* it has gone its way to the end */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_thread_that_comes_back_has_ended),
	    cmocka_unit_test(a_thread_that_is_left_behind_calls_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
