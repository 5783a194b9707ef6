#include "threads.h"

#include "io/clock.h"
#include "io/mailbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <ucontext.h>

#define STACK_BYTES (4U << 20)

struct mailbox {
	struct mail *first;
	struct mail **end;
	mailbox_fn *on_mail; /* of a loop, or NULL */
	void *ctx;
	bool is_closed;
};

struct fiber {
	bool is_used;
	bool has_ended;
	void *(*run)(void *arg);
	void *arg;
	ucontext_t here;
	struct mailbox *waits_at; /* NULL: it has not begun */
	mono_ms wake_at;
	void *stack;
};

static struct fiber fibers[THREAD_NAMES];
static struct mailbox *loop_boxes[THREAD_NAMES];
static struct fiber *current; /* NULL: the loop */
static ucontext_t loop;

/* --- mailboxes --------------------------------------------------------------------------- */

struct mailbox *mailbox_new(void)
{
	struct mailbox *mailbox = calloc(1, sizeof(*mailbox));

	CP_CHECK(mailbox);
	mailbox->end = &mailbox->first;
	return mailbox;
}

struct mailbox *mailbox_new_on_loop(struct uv_loop_s *uv, mailbox_fn *on_mail, void *ctx)
{
	struct mailbox *mailbox = mailbox_new();

	(void)uv;
	mailbox->on_mail = on_mail;
	mailbox->ctx = ctx;
	for (size_t i = 0; i < THREAD_NAMES; i++)
		if (!loop_boxes[i]) {
			loop_boxes[i] = mailbox;
			return mailbox;
		}
	cp_check_failed("a mailbox for each thread", __FILE__, __LINE__);
}

bool mailbox_post(struct mailbox *mailbox, struct mail *mail)
{
	if (mailbox->is_closed)
		return false;
	mail->next = NULL;
	*mailbox->end = mail;
	mailbox->end = &mail->next;
	return true;
}

static struct mail *take(struct mailbox *mailbox)
{
	struct mail *list = mailbox->first;

	mailbox->first = NULL;
	mailbox->end = &mailbox->first;
	return list;
}

struct mail *mailbox_close(struct mailbox *mailbox)
{
	mailbox->is_closed = true;
	for (size_t i = 0; i < THREAD_NAMES; i++)
		if (loop_boxes[i] == mailbox)
			loop_boxes[i] = NULL;
	return take(mailbox);
}

void mailbox_free(struct mailbox *mailbox)
{
	free(mailbox);
}

bool thread_hear(enum thread_name name)
{
	struct mailbox *mailbox = loop_boxes[name];
	struct mail *list = mailbox ? take(mailbox) : NULL;

	if (list)
		mailbox->on_mail(mailbox->ctx, list);
	return list != NULL;
}

/* --- fibers ----------------------------------------------------------------------------------- */

static void begin(void)
{
	struct fiber *fiber = current;

	fiber->run(fiber->arg);
	fiber->has_ended = true;
	current = NULL;
	setcontext(&loop);
}

static void make(struct fiber *fiber)
{
	CP_CHECK(getcontext(&fiber->here) == 0);
	fiber->here.uc_stack.ss_sp = fiber->stack;
	fiber->here.uc_stack.ss_size = STACK_BYTES;
	makecontext(&fiber->here, begin, 0);
}

static bool may_run(const struct fiber *fiber)
{
	if (!fiber->is_used || fiber->has_ended)
		return false;
	return !fiber->waits_at || fiber->waits_at->first || fiber->wake_at <= clock_mono();
}

static void go_on(struct fiber *fiber)
{
	CP_CHECK(!current);
	current = fiber;
	swapcontext(&loop, &fiber->here);
}

bool thread_run(enum thread_name name)
{
	if (!may_run(&fibers[name]))
		return false;
	go_on(&fibers[name]);
	return true;
}

/* Who waits on the loop waits for a thread that ends. */
static void run_all(void)
{
	for (size_t i = 0; i < THREAD_NAMES; i++)
		if (may_run(&fibers[i]))
			go_on(&fibers[i]);
}

struct mail *mailbox_wait(struct mailbox *mailbox, int64_t timeout_ms)
{
	struct fiber *self = current;

	if (!self && !mailbox->first)
		run_all();
	if (!self || mailbox->first || timeout_ms == 0)
		return take(mailbox);
	self->waits_at = mailbox;
	self->wake_at = timeout_ms < 0 ? TIME_NEVER : clock_mono() + timeout_ms;
	current = NULL;
	swapcontext(&self->here, &loop);
	return take(mailbox);
}

int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *arg), void *arg);
int __wrap_pthread_join(pthread_t thread, void **result);
int __wrap_pthread_detach(pthread_t thread);

int __wrap_pthread_create(
    pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *arg), void *arg)
{
	size_t i = 0;

	(void)attr;
	while (i < THREAD_NAMES && fibers[i].is_used)
		i++;
	CP_CHECK(i < THREAD_NAMES);
	if (!fibers[i].stack)
		fibers[i].stack = malloc(STACK_BYTES);
	CP_CHECK(fibers[i].stack);
	fibers[i].is_used = true;
	fibers[i].has_ended = false;
	fibers[i].waits_at = NULL;
	fibers[i].run = run;
	fibers[i].arg = arg;
	make(&fibers[i]);
	*thread = i;
	return 0;
}

/* It ends by what it finds in its mailbox; no time passes. */
int __wrap_pthread_join(pthread_t thread, void **result)
{
	struct fiber *fiber = &fibers[thread];

	(void)result;
	while (!fiber->has_ended) {
		CP_CHECK(may_run(fiber));
		go_on(fiber);
	}
	fiber->is_used = false;
	return 0;
}

/* One that does not end when it is told to. */
int __wrap_pthread_detach(pthread_t thread)
{
	(void)thread;
	cp_check_failed("every thread ends", __FILE__, __LINE__);
}

void threads_free(void)
{
	for (size_t i = 0; i < THREAD_NAMES; i++) {
		free(fibers[i].stack);
		fibers[i] = (struct fiber){0};
	}
}
