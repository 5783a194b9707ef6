/* Mail arrives once, in each sender's order, on both kinds of consumer; run
 * under TSan too. */
#include "io/clock.h"
#include "io/mailbox.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>
#include <cmocka.h>

enum {
	PRODUCERS = 4,
	LETTERS = 5000,
};

struct letter {
	struct mail mail;
	int from;
	int number; /* not atomic: TSan sees it if the hand-over does not order */
};

struct producer {
	pthread_t thread;
	struct mailbox *mailbox;
	struct letter *letters;
	int refused;
};

struct seen {
	int next[PRODUCERS];
	int total;
	struct mailbox *mailbox;
};

static void *produce(void *arg)
{
	struct producer *producer = arg;

	for (int i = 0; i < LETTERS; i++) {
		producer->letters[i].number = i;
		if (!mailbox_post(producer->mailbox, &producer->letters[i].mail))
			producer->refused++;
		if (i % 512 == 0)
			usleep(200); /* lets the consumer find the box empty */
	}
	return NULL;
}

static void start(struct producer producers[PRODUCERS], struct mailbox *mailbox)
{
	for (int p = 0; p < PRODUCERS; p++) {
		producers[p] = (struct producer){
		    .mailbox = mailbox,
		    .letters = calloc(LETTERS, sizeof(struct letter)),
		};
		assert_non_null(producers[p].letters);
		for (int i = 0; i < LETTERS; i++)
			producers[p].letters[i].from = p;
		assert_int_equal(
		    pthread_create(&producers[p].thread, NULL, produce, &producers[p]), 0);
	}
}

static void join(struct producer producers[PRODUCERS])
{
	for (int p = 0; p < PRODUCERS; p++)
		assert_int_equal(pthread_join(producers[p].thread, NULL), 0);
}

static void free_letters(struct producer producers[PRODUCERS])
{
	for (int p = 0; p < PRODUCERS; p++)
		free(producers[p].letters);
}

static void see(struct seen *seen, struct mail *list)
{
	assert_non_null(list);
	while (list) {
		struct letter *letter = MAIL_OWNER(list, struct letter, mail);

		list = list->next;
		assert_int_equal(letter->number, seen->next[letter->from]++);
		seen->total++;
	}
}

static void a_thread_gets_every_letter_in_order(void **state)
{
	struct mailbox *mailbox = mailbox_new();
	struct producer producers[PRODUCERS];
	struct seen seen = {0};

	(void)state;
	assert_non_null(mailbox);
	start(producers, mailbox);
	while (seen.total < PRODUCERS * LETTERS)
		see(&seen, mailbox_wait(mailbox, MAILBOX_FOREVER));
	join(producers);
	assert_null(mailbox_wait(mailbox, 0));
	assert_null(mailbox_close(mailbox));
	mailbox_free(mailbox);
	free_letters(producers);
}

static void on_mail(void *ctx, struct mail *list)
{
	struct seen *seen = ctx;

	see(seen, list);
	if (seen->total == PRODUCERS * LETTERS)
		assert_null(mailbox_close(seen->mailbox));
}

/* Mail need not come before the producers are joined, but freeing must wait. */
static void a_loop_gets_every_letter_in_order(void **state)
{
	struct producer producers[PRODUCERS];
	struct seen seen = {0};
	uv_loop_t loop;

	(void)state;
	assert_int_equal(uv_loop_init(&loop), 0);
	seen.mailbox = mailbox_new_on_loop(&loop, on_mail, &seen);
	assert_non_null(seen.mailbox);
	start(producers, seen.mailbox);
	while (seen.total < PRODUCERS * LETTERS)
		uv_run(&loop, UV_RUN_ONCE);
	join(producers);
	mailbox_free(seen.mailbox);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	free_letters(producers);
}

static void waiting_ends_after_its_time(void **state)
{
	struct mailbox *mailbox = mailbox_new();

	(void)state;
	mono_ms before = clock_mono();
	assert_null(mailbox_wait(mailbox, 30));
	assert_true(clock_mono() - before >= 30);
	assert_true(clock_mono() - before < 5000);
	assert_null(mailbox_close(mailbox));
	mailbox_free(mailbox);
}

static void a_closed_mailbox_gives_back_what_it_held(void **state)
{
	struct mailbox *mailbox = mailbox_new();
	struct letter letters[3] = {{.number = 0}, {.number = 1}, {.number = 2}};
	struct seen seen = {0};

	(void)state;
	assert_true(mailbox_post(mailbox, &letters[0].mail));
	assert_true(mailbox_post(mailbox, &letters[1].mail));
	see(&seen, mailbox_close(mailbox));
	assert_int_equal(seen.total, 2);
	assert_false(mailbox_post(mailbox, &letters[2].mail));
	assert_null(mailbox_close(mailbox));
	mailbox_free(mailbox);
	mailbox_free(NULL);
}

/* The race that a shutdown is: each letter is either delivered or refused. */
static void closing_under_load_loses_nothing(void **state)
{
	struct mailbox *mailbox = mailbox_new();
	struct producer producers[PRODUCERS];
	struct seen seen = {0};
	int refused = 0;

	(void)state;
	start(producers, mailbox);
	while (seen.total < LETTERS)
		see(&seen, mailbox_wait(mailbox, MAILBOX_FOREVER));
	struct mail *rest = mailbox_close(mailbox);
	if (rest)
		see(&seen, rest);
	join(producers);
	for (int p = 0; p < PRODUCERS; p++)
		refused += producers[p].refused;
	assert_int_equal(seen.total + refused, PRODUCERS * LETTERS);
	mailbox_free(mailbox);
	free_letters(producers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_thread_gets_every_letter_in_order),
	    cmocka_unit_test(a_loop_gets_every_letter_in_order),
	    cmocka_unit_test(waiting_ends_after_its_time),
	    cmocka_unit_test(a_closed_mailbox_gives_back_what_it_held),
	    cmocka_unit_test(closing_under_load_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
