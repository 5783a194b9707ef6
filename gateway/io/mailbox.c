/* The queue is a stack that producers push with one compare-and-swap, and that
 * the consumer takes whole and turns round: no lock, so a worker of low priority
 * that is preempted in the middle of a post delays nobody.
 *
 *   head = NULL      empty: the next post wakes the consumer
 *   head = a mail    newest first; the consumer was woken already
 *   head = &closed   for good
 *
 * Only the post that finds the stack empty wakes, so a burst costs one system
 * call. The consumer clears the wake-up before it takes the stack: a post in
 * between wakes once too often, never once too seldom.
 */
#include "io/mailbox.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <uv.h>

#include "io/clock.h"

struct mailbox {
	_Atomic(struct mail *) head;
	struct mail closed; /* only its address means something */
	int wake_fd;        /* a thread's; -1 on a loop */
	uv_async_t async;   /* a loop's */
	mailbox_fn *on_mail;
	void *ctx;
};

static struct mailbox *mailbox_make(void)
{
	struct mailbox *mailbox = calloc(1, sizeof(*mailbox));

	if (mailbox) {
		atomic_init(&mailbox->head, NULL);
		mailbox->wake_fd = -1;
	}
	return mailbox;
}

struct mailbox *mailbox_new(void)
{
	struct mailbox *mailbox = mailbox_make();

	if (!mailbox)
		return NULL;
	mailbox->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mailbox->wake_fd < 0) {
		free(mailbox);
		return NULL;
	}
	return mailbox;
}

static struct mail *oldest_first(struct mail *newest)
{
	struct mail *list = NULL;

	while (newest) {
		struct mail *older = newest->next;

		newest->next = list;
		list = newest;
		newest = older;
	}
	return list;
}

/* Leaves `closed` where it is: NULL then. */
static struct mail *take_all(struct mailbox *mailbox)
{
	struct mail *head = atomic_load_explicit(&mailbox->head, memory_order_relaxed);

	/* Only the consumer, we, may close, so this cannot change under us. */
	if (head == &mailbox->closed)
		return NULL;
	head = atomic_exchange_explicit(&mailbox->head, NULL, memory_order_acquire);
	return oldest_first(head);
}

static bool is_closed(struct mailbox *mailbox)
{
	return atomic_load(&mailbox->head) == &mailbox->closed;
}

static void on_async(uv_async_t *async)
{
	struct mailbox *mailbox = async->data;
	struct mail *list = take_all(mailbox);

	if (list)
		mailbox->on_mail(mailbox->ctx, list);
}

struct mailbox *mailbox_new_on_loop(struct uv_loop_s *loop, mailbox_fn *on_mail, void *ctx)
{
	struct mailbox *mailbox = mailbox_make();

	if (!mailbox)
		return NULL;
	if (uv_async_init(loop, &mailbox->async, on_async) != 0) {
		free(mailbox);
		return NULL;
	}
	mailbox->async.data = mailbox;
	mailbox->on_mail = on_mail;
	mailbox->ctx = ctx;
	return mailbox;
}

static void wake(struct mailbox *mailbox)
{
	uint64_t one = 1;

	if (mailbox->on_mail) {
		CP_CHECK(uv_async_send(&mailbox->async) == 0);
		return;
	}
	/* EAGAIN: the counter is at its maximum, so the consumer is awake. */
	while (write(mailbox->wake_fd, &one, sizeof(one)) < 0)
		if (errno != EINTR)
			break;
}

bool mailbox_post(struct mailbox *mailbox, struct mail *mail)
{
	struct mail *head = atomic_load_explicit(&mailbox->head, memory_order_relaxed);

	do {
		if (head == &mailbox->closed)
			return false;
		mail->next = head;
	} while (!atomic_compare_exchange_weak_explicit(
	    &mailbox->head, &head, mail, memory_order_release, memory_order_relaxed));
	if (!head)
		wake(mailbox);
	return true;
}

/* False when the time is over. */
static bool wait_for_wake(struct mailbox *mailbox, int64_t timeout_ms)
{
	struct pollfd fd = {.fd = mailbox->wake_fd, .events = POLLIN};
	int wait_ms = timeout_ms < 0 ? -1 : timeout_ms > INT32_MAX ? INT32_MAX : (int)timeout_ms;
	uint64_t count;

	int n = poll(&fd, 1, wait_ms);
	if (n == 0)
		return timeout_ms > INT32_MAX;
	CP_CHECK(n > 0 || errno == EINTR);
	/* Nothing to read after EINTR; the caller looks and waits again. */
	CP_CHECK(
	    read(mailbox->wake_fd, &count, sizeof(count)) > 0 || errno == EAGAIN || errno == EINTR);
	return true;
}

struct mail *mailbox_wait(struct mailbox *mailbox, int64_t timeout_ms)
{
	CP_CHECK(mailbox->wake_fd >= 0 && !is_closed(mailbox));
	mono_ms until = timeout_ms > 0 ? clock_mono() + timeout_ms : 0;
	struct mail *list;

	while (!(list = take_all(mailbox))) {
		int64_t left_ms = timeout_ms > 0 ? until - clock_mono() : timeout_ms;

		if (timeout_ms >= 0 && left_ms <= 0)
			return NULL;
		if (!wait_for_wake(mailbox, left_ms))
			return take_all(mailbox);
	}
	return list;
}

struct mail *mailbox_close(struct mailbox *mailbox)
{
	struct mail *head =
	    atomic_exchange_explicit(&mailbox->head, &mailbox->closed, memory_order_acquire);

	return head == &mailbox->closed ? NULL : oldest_first(head);
}

static void on_async_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void mailbox_free(struct mailbox *mailbox)
{
	if (!mailbox)
		return;
	CP_CHECK(is_closed(mailbox));
	if (mailbox->on_mail) {
		uv_close((uv_handle_t *)&mailbox->async, on_async_closed);
		return;
	}
	close(mailbox->wake_fd);
	free(mailbox);
}
