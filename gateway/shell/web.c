#include "shell/web.h"

#include "io/clock.h"
#include "io/last_backup.h"
#include "io/log.h"
#include "io/mailbox.h"
#include "shell/metrics.h"

#include <inttypes.h>
#include <libgen.h>
#include <stdlib.h>

#define UNAVAILABLE 503

struct question {
	struct mail mail;
	bool is_answered; /* else it came back because we are closing */
	struct numbers numbers;
};

struct web {
	struct http *http;
	struct mailbox *to_loop;
	struct mailbox *to_http;
	numbers_fn *take; /* on the loop */
	void *ctx;
	const char *store_file;

	/* The http thread's own; the question also the loop's while it is out. */
	struct question question;
	bool is_out;
	struct view *view;
	mono_ms looked_at;
	struct measured measured;
};

/* --- numbers ---------------------------------------------------------------------------- */

static void on_question(void *ctx, struct mail *list)
{
	struct web *web = ctx;
	struct question *question = MAIL_OWNER(list, struct question, mail);

	question->numbers = (struct numbers){0};
	web->take(web->ctx, &question->numbers);
	question->is_answered = true;
	if (!mailbox_post(web->to_http, &question->mail))
		return; /* closing: nobody waits */
}

static bool post(struct web *web)
{
	if (web->is_out)
		return true;
	web->question.is_answered = false;
	web->is_out = mailbox_post(web->to_loop, &web->question.mail);
	return web->is_out;
}

static bool wait(struct web *web)
{
	web->is_out = !mailbox_wait(web->to_http, WEB_ASK_MS);
	return !web->is_out && web->question.is_answered;
}

/* As the loop is now; NULL: it does not answer. An answer to somebody who has given up is an
 * old one. */
static const struct numbers *ask(struct web *web)
{
	bool is_old = web->is_out;
	bool is_there = post(web) && wait(web);

	if (is_there && is_old)
		is_there = post(web) && wait(web);
	return is_there ? &web->question.numbers : NULL;
}

/* --- answers ------------------------------------------------------------------------------ */

static void say_no(struct http_reply *reply, const char *sentence)
{
	reply->status = UNAVAILABLE;
	http_print(reply, "%s\n", sentence);
}

static const char no_answer[] =
    "The gateway's main thread does not answer: it is starting, stopping or stuck.";

static void answer_health(void *ctx, struct http_reply *reply)
{
	const struct numbers *numbers = ask(ctx);

	if (!numbers) {
		say_no(reply, no_answer);
	} else if (numbers->busy_ms > WEB_STUCK_MS) {
		reply->status = UNAVAILABLE;
		http_print(reply, "The ledger has been at one batch for %" PRId64 " seconds.\n",
		    numbers->busy_ms / MS_PER_SECOND);
	} else {
		http_print(reply, "ok\n");
	}
}

static void answer_ready(void *ctx, struct http_reply *reply)
{
	const struct numbers *numbers = ask(ctx);

	if (!numbers)
		say_no(reply, no_answer);
	else if (!numbers->is_ready)
		say_no(reply, numbers->why_not);
	else
		http_print(reply, "ready\n");
}

static void look_for_backup(struct web *web)
{
	char folder[PATH_MAX];
	struct last_backup last;

	snprintf(folder, sizeof(folder), "%s", web->store_file);
	last_backup_load(dirname(folder), &last);
	web->measured.has_backup = last.at != 0;
	web->measured.backup_at = last.at;
}

/* Its errors are sticky: a view that failed is opened again. Until devices are served the
 * store may not be there, and needs nobody who looks. */
static void look_at_store(struct web *web)
{
	struct measured *measured = &web->measured;
	mono_ms now = clock_mono();
	const char *text;
	char why[256];

	if (measured->has_store && now - web->looked_at < WEB_STORE_MS)
		return;
	web->looked_at = now;
	if (!web->view && measured->now.is_ready &&
	    view_open(&web->view, web->store_file, why) != CP_OK)
		log_warning("no metrics of the store: %s", why);
	measured->has_store = false;
	if (!web->view)
		return;
	look_for_backup(web);
	view_gauges(web->view, &measured->store);
	view_health(web->view, web->store_file, &measured->health);
	int64_t growth = view_growth(&measured->health, measured->now.at);
	measured->growth_a_day = growth > 0 ? growth : 0;
	measured->has_store = view_error(web->view, &text) == CP_OK;
	if (measured->has_store)
		return;
	log_warning("no metrics of the store: %s", text);
	view_close(web->view);
	web->view = NULL;
}

static void answer_metrics(void *ctx, struct http_reply *reply)
{
	struct web *web = ctx;
	const struct numbers *numbers = ask(web);
	const struct http_counters *http = http_counters(web->http);

	if (!numbers) {
		say_no(reply, no_answer);
		return;
	}
	web->measured.always = true;
	web->measured.now = *numbers;
	look_at_store(web);
	web->measured.http[0] = http->answered;
	web->measured.http[1] = http->refused;
	web->measured.http[2] = http->cut;
	reply->type = "text/plain; version=0.0.4; charset=utf-8";
	metrics_print(&web->measured, reply);
}

static void answer_index(void *ctx, struct http_reply *reply)
{
	(void)ctx;
	http_print(reply, "carepace " CAREPACE_VERSION
	                  "\n/healthz  the gateway answers\n/readyz   devices are served\n"
	                  "/metrics  for Prometheus\n");
}

/* --- open and close ------------------------------------------------------------------------ */

static struct mail *close_box(struct mailbox *box)
{
	return box ? mailbox_close(box) : NULL;
}

static void free_web(struct web *web)
{
	(void)close_box(web->to_loop); /* the question is ours */
	(void)close_box(web->to_http);
	mailbox_free(web->to_loop);
	mailbox_free(web->to_http);
	view_close(web->view);
	free(web);
}

enum cp_err web_open(struct uv_loop_s *loop, const struct config_http *config,
    const char *store_file, numbers_fn *take, void *ctx, struct web **out)
{
	static const struct http_route routes[] = {
	    {"/", answer_index},
	    {"/healthz", answer_health},
	    {"/readyz", answer_ready},
	    {"/metrics", answer_metrics},
	};
	const struct http_config http = {
	    .address = config->address,
	    .port = (uint16_t)config->port,
	    .socket = config->socket,
	};

	*out = NULL;
	if (!config->socket && config->port == 0)
		return CP_OK;
	struct web *web = calloc(1, sizeof(*web));
	if (!web)
		return CP_NOMEM;
	web->store_file = store_file;
	web->take = take;
	web->ctx = ctx;
	web->to_http = mailbox_new();
	web->to_loop = mailbox_new_on_loop(loop, on_question, web);
	enum cp_err err = web->to_http && web->to_loop
	                      ? http_open(&http, routes, CP_COUNT(routes), web, &web->http)
	                      : CP_NOMEM;
	if (err)
		free_web(web);
	else
		*out = web;
	return err;
}

bool web_answers(void *web)
{
	return http_answers(((struct web *)web)->http);
}

void web_close(struct web *web)
{
	if (!web)
		return;
	struct mail *asked = close_box(web->to_loop);
	if (asked && !mailbox_post(web->to_http, asked))
		return; /* never: it is closed below */
	http_close(web->http);
	free_web(web);
}
