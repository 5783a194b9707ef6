#include "io/handshake.h"

#include "io/clock.h"
#include "io/log.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>
#include <uv.h>

#define WORKERS_MAX 8
#define WORKER_NICE 10

/* One at work and one that waits for it: a worker never waits for the loop. */
#define AT_WORKER_MAX 2

struct handshake_worker {
	pthread_t thread;
	struct mailbox *to_worker;
	struct mailbox *to_loop; /* all workers' */
	struct mail stop;
	unsigned load;
};

struct handshakes {
	handshake_fn *done;
	struct mailbox *to_loop;
	struct ring begun;
	struct ring fresh;
	unsigned worker_count;
	struct handshake_worker workers[WORKERS_MAX];
};

/* --- a worker's thread ---------------------------------------------------- */

/* Linux has a priority for each thread (setpriority(2), BUGS). The hardened unit refuses
 * the call; the threads alone bring nearly all of the gain (p99 of the loop's stalls 1.7 ms
 * with either, the longest 8 instead of 5 ms). */
static void step_back(void)
{
	if (setpriority(PRIO_PROCESS, (id_t)gettid(), WORKER_NICE))
		log_debug("TLS handshakes keep the priority of everything else: %m");
}

static void *work(void *arg)
{
	struct handshake_worker *worker = arg;

	step_back();
	for (;;) {
		struct mail *mail = mailbox_wait(worker->to_worker, MAILBOX_FOREVER);
		while (mail) {
			if (mail == &worker->stop)
				return NULL;
			struct handshake *handshake = MAIL_OWNER(mail, struct handshake, mail);
			mail = mail->next; /* the loop's from the post on */
			handshake->event = tls_handshake(handshake->tls, handshake->now);
			CP_CHECK(mailbox_post(worker->to_loop, &handshake->mail));
		}
	}
}

/* --- the loop ------------------------------------------------------------- */

static struct handshake_worker *least_busy(struct handshakes *handshakes)
{
	struct handshake_worker *found = &handshakes->workers[0];

	for (unsigned i = 1; i < handshakes->worker_count; i++)
		if (handshakes->workers[i].load < found->load)
			found = &handshakes->workers[i];
	return found;
}

static struct handshake *next_in_queue(struct handshakes *handshakes)
{
	struct ring *queue =
	    ring_is_empty(&handshakes->begun) ? &handshakes->fresh : &handshakes->begun;

	return ring_is_empty(queue) ? NULL : RING_OWNER(queue->next, struct handshake, queue);
}

static void dispatch(struct handshakes *handshakes)
{
	struct handshake_worker *worker;
	struct handshake *handshake;

	while ((worker = least_busy(handshakes))->load < AT_WORKER_MAX &&
	       (handshake = next_in_queue(handshakes))) {
		ring_remove(&handshake->queue);
		handshake->place = HANDSHAKE_AT_WORK;
		handshake->worker = worker;
		handshake->now = clock_wall();
		worker->load++;
		CP_CHECK(mailbox_post(worker->to_worker, &handshake->mail));
	}
}

static void on_done(void *ctx, struct mail *list)
{
	struct handshakes *handshakes = ctx;

	/* The workers go on meanwhile. */
	for (struct mail *mail = list; mail; mail = mail->next)
		MAIL_OWNER(mail, struct handshake, mail)->worker->load--;
	dispatch(handshakes);
	while (list) {
		struct handshake *handshake = MAIL_OWNER(list, struct handshake, mail);
		list = list->next;
		handshake->place = HANDSHAKE_HERE;
		handshakes->done(handshake);
	}
}

void handshakes_put(struct handshakes *handshakes, struct handshake *handshake,
    struct tls_conn *tls, bool has_begun)
{
	CP_CHECK(handshake->place == HANDSHAKE_HERE);
	handshake->place = HANDSHAKE_QUEUED;
	handshake->tls = tls;
	ring_add_last(has_begun ? &handshakes->begun : &handshakes->fresh, &handshake->queue);
	dispatch(handshakes);
}

bool handshakes_take_back(struct handshake *handshake)
{
	if (handshake->place == HANDSHAKE_AT_WORK)
		return false;
	if (handshake->place == HANDSHAKE_QUEUED)
		ring_remove(&handshake->queue);
	handshake->place = HANDSHAKE_HERE;
	return true;
}

/* --- life ----------------------------------------------------------------- */

/* Signals are the loop's. */
static bool start_thread(struct handshake_worker *worker)
{
	sigset_t all;
	sigset_t before;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int error = pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return error == 0;
}

static bool start_worker(struct handshakes *handshakes)
{
	struct handshake_worker *worker = &handshakes->workers[handshakes->worker_count];

	worker->to_loop = handshakes->to_loop;
	worker->to_worker = mailbox_new();
	if (!worker->to_worker)
		return false;
	if (start_thread(worker)) {
		handshakes->worker_count++;
		return true;
	}
	(void)!mailbox_close(worker->to_worker);
	mailbox_free(worker->to_worker);
	return false;
}

enum cp_err handshakes_new(struct uv_loop_s *loop, handshake_fn *done, struct handshakes **out)
{
	struct handshakes *handshakes = calloc(1, sizeof(*handshakes));
	unsigned cores = uv_available_parallelism();
	unsigned count = cores <= 2 ? 1 : cores - 1 < WORKERS_MAX ? cores - 1 : WORKERS_MAX;

	*out = NULL;
	if (!handshakes)
		return CP_NOMEM;
	handshakes->done = done;
	ring_init(&handshakes->begun);
	ring_init(&handshakes->fresh);
	handshakes->to_loop = mailbox_new_on_loop(loop, on_done, handshakes);
	while (handshakes->to_loop && handshakes->worker_count < count)
		if (!start_worker(handshakes))
			break;
	if (handshakes->worker_count == 0) {
		handshakes_free(handshakes);
		return CP_NOMEM;
	}
	*out = handshakes;
	return CP_OK;
}

void handshakes_free(struct handshakes *handshakes)
{
	if (!handshakes)
		return;
	CP_CHECK(!next_in_queue(handshakes));
	for (unsigned i = 0; i < handshakes->worker_count; i++) {
		struct handshake_worker *worker = &handshakes->workers[i];
		CP_CHECK(worker->load == 0);
		CP_CHECK(mailbox_post(worker->to_worker, &worker->stop));
		pthread_join(worker->thread, NULL);
		CP_CHECK(!mailbox_close(worker->to_worker));
		mailbox_free(worker->to_worker);
	}
	if (handshakes->to_loop)
		CP_CHECK(!mailbox_close(handshakes->to_loop));
	mailbox_free(handshakes->to_loop);
	free(handshakes);
}
