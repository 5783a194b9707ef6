#include "shell/ledger_thread.h"

#include "io/clock.h"
#include "io/log.h"
#include "io/mailbox.h"
#include "shell/pulse.h"

#include <pthread.h>
#include <stdlib.h>

/* The ledger is idle when nothing came for so long. */
#define IDLE_MS 20

struct job {
	struct mail mail;
	struct batch *batch; /* NULL: stop */
	enum cp_err err;
};

struct ledger_thread {
	pthread_t thread;
	struct ledger *ledger;
	struct mailbox *to_ledger;
	struct mailbox *to_loop;
	ledger_returned_fn *returned;
	void *ctx;
	struct job job;     /* there and back with the one batch */
	struct job failure; /* of a checkpoint */
	struct job stop;
	struct pulse pulse;
	enum clock_doubt told; /* about the clock */
};

static void on_loop(void *ctx, struct mail *list)
{
	struct ledger_thread *thread = ctx;

	while (list) {
		struct job *job = MAIL_OWNER(list, struct job, mail);
		list = list->next; /* the job may be submitted again at once */
		thread->returned(thread->ctx, job->batch, job->err);
	}
}

static void report(struct ledger_thread *thread, struct job *job, enum cp_err err)
{
	job->err = err;
	if (err)
		log_event(STORE_FAILED,
		    "the store failed (%s): %s; stopping, so that nothing is acknowledged that is "
		    "not on disk",
		    cp_err_text(err), ledger_error(thread->ledger));
	if (!mailbox_post(thread->to_loop, &job->mail))
		return; /* the loop has stopped listening */
}

static bool checkpoint(struct ledger_thread *thread)
{
	enum cp_err err = ledger_checkpoint(thread->ledger);

	if (err)
		report(thread, &thread->failure, err);
	return err == CP_OK;
}

static enum cp_err apply(struct ledger_thread *thread, struct batch *batch)
{
	batch->clock = clock_read();
	enum cp_err err = ledger_apply(thread->ledger, batch, batch->clock.wall);
	enum clock_doubt doubt = ledger_doubt(thread->ledger);

	clock_assume(ledger_assumed_offset(thread->ledger));
	if (doubt != thread->told && doubt == CLOCK_TRUSTED)
		log_notice("the clock of this box is trusted; what came in doubt has its time now");
	else if (doubt != thread->told)
		log_event(CLOCK_DOUBTED,
		    "the clock of this box is in doubt: %s. Until a time server, head "
		    "office or three devices confirm it, nothing falls due, dates and "
		    "waiting times are not checked, and starts are answered with advise. "
		    "Please check the connection to a time server: timedatectl",
		    clock_doubt_text(doubt));
	thread->told = doubt;
	return err;
}

/* False: stop. */
static bool work(struct ledger_thread *thread, struct job *job)
{
	if (!job->batch)
		return false;
	enum cp_err err = apply(thread, job->batch);
	report(thread, job, err);
	if (err)
		return false;
	return ledger_wants_checkpoint(thread->ledger) != CHECKPOINT_NOW || checkpoint(thread);
}

static bool read_mail(struct ledger_thread *thread, struct mail *mail)
{
	if (mail != &thread->pulse.mail)
		return work(thread, MAIL_OWNER(mail, struct job, mail));
	pulse_answer(&thread->pulse);
	return true;
}

static void *run(void *arg)
{
	struct ledger_thread *thread = arg;

	pthread_setname_np(pthread_self(), "ledger"); /* for top -H */
	for (bool goes_on = true; goes_on;) {
		bool has_idle_work = ledger_wants_checkpoint(thread->ledger) != CHECKPOINT_NONE;
		struct mail *list =
		    mailbox_wait(thread->to_ledger, has_idle_work ? IDLE_MS : MAILBOX_FOREVER);
		if (!list)
			goes_on = checkpoint(thread);
		while (list && goes_on) {
			struct mail *mail = list;
			list = list->next;
			goes_on = read_mail(thread, mail);
		}
	}
	ledger_close(thread->ledger);
	return NULL;
}

/* What may be left in it are our own jobs: nothing to free. */
static void close_box(struct mailbox *box)
{
	struct mail *rest = box ? mailbox_close(box) : NULL;

	(void)rest;
	mailbox_free(box);
}

enum cp_err ledger_thread_start(struct ledger_thread **out, struct uv_loop_s *loop,
    struct ledger *ledger, ledger_returned_fn *returned, void *ctx)
{
	struct ledger_thread *thread = calloc(1, sizeof(*thread));

	*out = NULL;
	if (!thread) {
		ledger_close(ledger);
		return CP_NOMEM;
	}
	thread->ledger = ledger;
	thread->returned = returned;
	thread->ctx = ctx;
	thread->to_ledger = mailbox_new();
	thread->to_loop = mailbox_new_on_loop(loop, on_loop, thread);
	if (!thread->to_ledger || !thread->to_loop ||
	    pthread_create(&thread->thread, NULL, run, thread)) {
		log_error("cannot start the ledger's thread: out of memory or descriptors");
		close_box(thread->to_ledger);
		close_box(thread->to_loop);
		ledger_close(ledger);
		free(thread);
		return CP_NOMEM;
	}
	*out = thread;
	return CP_OK;
}

void ledger_thread_submit(struct ledger_thread *thread, struct batch *batch)
{
	CP_CHECK(batch);
	thread->job = (struct job){.batch = batch};
	bool is_running = mailbox_post(thread->to_ledger, &thread->job.mail);
	CP_CHECK(is_running);
}

bool ledger_thread_answers(struct ledger_thread *thread)
{
	return pulse_ask(&thread->pulse, thread->to_ledger);
}

void ledger_thread_stop(struct ledger_thread *thread)
{
	if (!thread)
		return;
	bool posted = mailbox_post(thread->to_ledger, &thread->stop.mail);
	CP_CHECK(posted);
	pthread_join(thread->thread, NULL);
	close_box(thread->to_ledger);
	close_box(thread->to_loop);
	free(thread);
}
