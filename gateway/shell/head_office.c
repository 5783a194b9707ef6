#include "shell/head_office.h"

#include "io/clock.h"
#include "io/log.h"
#include "io/mailbox.h"
#include "ledger/gate.h"
#include "ledger/office/report.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#define PRINT_BYTES (64U << 10)
#define PRINT_BYTES_MAX (8U << 20)
#define RECEIPT_BYTES_MAX (64U << 10)

/* From the upstream thread to the loop: acknowledged rows, or one order. */
struct note {
	struct mail mail;
	struct window_row *rows; /* NULL: an order */
	size_t count;            /* rows, or bytes of the order */
	uint8_t bytes[];
};

struct head_office {
	struct upstream_thread *thread; /* NULL: there is none, or it is being stopped */
	const struct config *config;
	struct uv_loop_s *loop;
	struct intake *intake;
	struct mailbox *to_loop;
	char *site;
	char *tz;
	char *store_file;
	struct report_style style;
	bool waits_for_receipts;
	bool is_closing;
	struct buf receipt; /* the last one, for the next thread */
	uv_work_t stopping; /* of `leaving`, on libuv's pool: a name server may take its time */
	struct upstream_thread *leaving; /* NULL: none is being stopped */
	bool has_left;
	struct upstream_counts before; /* of the threads that are no more */
	struct head_office_counters counters;
	bool has_said[RECEIPT_FAULTS];
	bool has_said_evicted[EVICTED_WHYS];

	struct mail *waiting; /* notes: what the open batch had no room for, oldest first */
	atomic_size_t orders_under_way;
	atomic_size_t done_under_way; /* acknowledged rows on their way to the batch */
	_Atomic mono_ms down_since;   /* TIME_NEVER: connected */

	/* The upstream thread's own. */
	struct view *view;
	struct arena printed;
};

/* --- on the upstream thread ----------------------------------------------------------- */

/* A view that failed is opened again: its errors are sticky. */
static bool have_view(struct head_office *office)
{
	char why[256];
	const char *text;

	if (office->view && view_error(office->view, &text) == CP_OK)
		return true;
	if (office->view)
		log_warning("cannot read the outbox: %s; trying again", text);
	view_close(office->view);
	office->view = NULL;
	if (view_open(&office->view, office->store_file, why) == CP_OK)
		return true;
	log_warning("cannot read the outbox: %s; trying again", why);
	return false;
}

static size_t next_rows(
    void *ctx, const uint64_t after[WINDOW_KINDS], struct upstream_item *items, size_t max)
{
	struct head_office *office = ctx;
	struct view_outbox_row rows[WINDOW_ROWS];

	if (atomic_load(&office->done_under_way) >= HEAD_OFFICE_DONE_MAX || !have_view(office))
		return UPSTREAM_LATER;
	arena_reset(&office->printed);
	size_t count = view_outbox(office->view, &office->printed, &office->style, after,
	    WINDOW_KINDS, rows, max < WINDOW_ROWS ? max : WINDOW_ROWS);
	for (size_t i = 0; i < count; i++)
		items[i] = (struct upstream_item){
		    .row = {.kind = rows[i].kind, .n = rows[i].n},
		    .topic = rows[i].topic,
		    .payload = rows[i].payload,
		};
	const char *text;
	if (count == 0 && view_error(office->view, &text))
		return UPSTREAM_LATER; /* have_view() will say what it was */
	return count;
}

static void post(struct head_office *office, struct note *note)
{
	if (!mailbox_post(office->to_loop, &note->mail))
		free(note); /* stopping: the row stays in the outbox, the order at head office */
}

static void rows_done(void *ctx, const struct window_row *rows, size_t count)
{
	struct head_office *office = ctx;

	if (office->waits_for_receipts)
		return; /* the broker has it; head office has not said so yet (P5) */
	struct note *note = calloc(1, sizeof(*note) + count * sizeof(*rows));

	if (!note)
		return; /* offered again after the next loss */
	note->rows = (struct window_row *)(void *)note->bytes;
	note->count = count;
	memcpy(note->rows, rows, count * sizeof(*rows));
	atomic_fetch_add(&office->done_under_way, count);
	post(office, note);
}

static bool take_order(void *ctx, struct slice payload)
{
	struct head_office *office = ctx;

	if (atomic_fetch_add(&office->orders_under_way, 1) >= HEAD_OFFICE_ORDERS_MAX) {
		atomic_fetch_sub(&office->orders_under_way, 1);
		return false;
	}
	struct note *note = calloc(1, sizeof(*note) + payload.len);
	if (!note) {
		atomic_fetch_sub(&office->orders_under_way, 1);
		return false;
	}
	note->count = payload.len;
	memcpy(note->bytes, payload.p, payload.len);
	post(office, note);
	return true;
}

static void state_changed(void *ctx, bool is_connected, const char *text)
{
	struct head_office *office = ctx;
	mono_ms since = atomic_load(&office->down_since);

	(void)text; /* the thread has logged it */
	if (is_connected)
		atomic_store(&office->down_since, TIME_NEVER);
	else if (since == TIME_NEVER)
		atomic_store(&office->down_since, clock_mono());
}

/* --- on the loop ------------------------------------------------------------------------ */

/* Head office repeats it: one that finds no room is not missed. */
static void take_receipt(
    struct head_office *office, struct batch *batch, const struct batch_entry *entry)
{
	const Carepace__V1__ReportReceipt *receipt = entry->reading.order->receipt;

	if (office->waits_for_receipts &&
	    !batch_add_receipt(batch, receipt->epoch, (uint32_t)receipt->kind, receipt->n))
		log_debug("no room for a receipt of head office; it comes again");
}

static void add_order(struct head_office *office, struct slice payload)
{
	struct batch *batch = intake_batch(office->intake);
	const struct batch_entry *entry = gate_take_order(batch, payload, clock_since_boot());
	const char *why = entry->why ? entry->why : "-";

	if (entry->gate == READING_OK || entry->gate == READING_RANGE) {
		office->counters.orders++;
		if (entry->reading.kind == READING_ORDER_RECEIPT)
			take_receipt(office, batch, entry);
	} else if (entry->gate == READING_PARKED) {
		office->counters.orders_parked++;
		log_warning(
		    "head office sent an order that cannot be understood (%s); it is kept", why);
	} else {
		office->counters.orders_refused++;
		log_warning("head office sent an order that is refused (%s)", why);
	}
	intake_added(office->intake, false);
}

/* False: the open batch has no room now. */
static bool take_note(struct head_office *office, struct note *note)
{
	struct batch *batch = intake_batch(office->intake);

	if (!note->rows) {
		if (intake_is_full(office->intake))
			return false;
		add_order(office, slice_of(note->bytes, note->count));
		atomic_fetch_sub(&office->orders_under_way, 1);
		return true;
	}
	if (batch->done_count + note->count > BATCH_DONE_MAX)
		return false;
	for (size_t i = 0; i < note->count; i++)
		CP_CHECK(batch_add_done(batch, note->rows[i].kind, note->rows[i].n));
	atomic_fetch_sub(&office->done_under_way, note->count);
	intake_added(office->intake, false);
	return true;
}

/* Acknowledged rows pass orders that wait: they need no room on a full disk. */
void head_office_has_room(struct head_office *office)
{
	struct mail **at = office ? &office->waiting : NULL;

	while (at && *at) {
		struct note *note = MAIL_OWNER(*at, struct note, mail);
		if (take_note(office, note)) {
			*at = note->mail.next;
			free(note);
		} else {
			at = &note->mail.next;
		}
	}
}

static void on_mail(void *ctx, struct mail *list)
{
	struct head_office *office = ctx;

	struct mail **end = &office->waiting;
	while (*end)
		end = &(*end)->next;
	*end = list;
	head_office_has_room(office);
}

/* Once, not with every receipt: head office repeats them. `carepace counts` has how many. */
static void say_refused(struct head_office *office, const struct batch *batch)
{
	static const char *const why[] = {
	    [RECEIPT_OF_NO_KIND] = "of a kind that this version does not send; is its software "
	                           "newer than ours?",
	    [RECEIPT_OF_OTHER_EPOCH] = "for what another store had sent, before this one was new "
	                               "or restored; everything of this one is offered to it",
	    [RECEIPT_OF_FUTURE] = "for reports that were never sent; its picture of this site is "
	                          "not ours, please have it looked at there",
	};

	if (batch->fault == RECEIPT_GOOD || office->has_said[batch->fault])
		return;
	office->has_said[batch->fault] = true;
	log_warning("head office sent a receipt (kind %u, up to %llu) %s. It is refused, nothing "
	            "is deleted; this is said once",
	    batch->refused.kind, (unsigned long long)batch->refused.n, why[batch->fault]);
}

static void say_evicted(struct head_office *office, const struct batch *batch)
{
	static const char *const why[] = {
	    [EVICTED_BY_LIMIT] = "more wait for it than upstream.outbox_max allows",
	    [EVICTED_BY_AGE] = "they waited longer than upstream.outbox_days",
	};

	for (size_t i = 0; i < EVICTED_WHYS; i++) {
		if (batch->evicted[i] == 0 || office->has_said_evicted[i])
			continue;
		office->has_said_evicted[i] = true;
		log_warning("reports for head office are given up, because %s; the alerts and "
		            "sessions themselves stay here. See why head office does not take "
		            "them; `carepace counts` counts them, this is said once",
		    why[i]);
	}
}

void head_office_settled(struct head_office *office, const struct batch *batch)
{
	if (!office)
		return;
	if (batch->has_outbox_news && office->thread)
		upstream_thread_poke(office->thread);
	say_refused(office, batch);
	say_evicted(office, batch);
	if (!batch->receipt.is_due)
		return;

	struct arena arena;
	struct slice receipt;
	arena_init(&arena, 1024, RECEIPT_BYTES_MAX);
	buf_deinit(&office->receipt);
	buf_init(&office->receipt, RECEIPT_BYTES_MAX);
	if (report_receipt(&arena, &office->style, &batch->receipt, &receipt) != CP_OK ||
	    buf_append(&office->receipt, receipt.p, receipt.len) != CP_OK ||
	    (office->thread && !upstream_thread_receipt(office->thread, receipt)))
		log_warning(
		    "out of memory for a receipt to head office; the next one says the same");
	arena_deinit(&arena);
}

/* --- open and close ------------------------------------------------------------------------ */

static void free_notes(struct mail *list)
{
	while (list) {
		struct note *note = MAIL_OWNER(list, struct note, mail);
		list = list->next;
		free(note);
	}
}

static enum cp_err start(struct head_office *office)
{
	const struct config_upstream *config = &office->config->upstream;
	const struct upstream_source source = {
	    .next = next_rows,
	    .done = rows_done,
	    .order = take_order,
	    .state = state_changed,
	    .has_receipts = config->receipts,
	};
	char client_id[64];
	const struct upstream_config upstream = {
	    .servers = config->servers,
	    .server_count = config->server_count,
	    .site = office->site,
	    .client_id = client_id,
	    .ca_file = config->ca,
	    .certificate_file = config->certificate,
	    .key_file = config->key,
	};

	if (config->server_count == 0)
		return CP_OK;
	office->waits_for_receipts = config->receipts;
	office->style.is_json = config->json;
	atomic_store(&office->down_since, clock_mono());
	snprintf(client_id, sizeof(client_id), "carepace-%s", office->site);
	enum cp_err err = upstream_thread_start(&office->thread, &upstream, &source, office);
	struct slice receipt = buf_bytes(&office->receipt);
	if (!err && receipt.len && !upstream_thread_receipt(office->thread, receipt))
		err = CP_NOMEM;
	return err;
}

enum cp_err head_office_open(struct uv_loop_s *loop, const struct config *config,
    const char *store_file, struct intake *intake, struct head_office **out)
{
	*out = NULL;
	struct head_office *office = calloc(1, sizeof(*office));
	if (!office)
		return CP_NOMEM;
	office->config = config;
	office->loop = loop;
	office->intake = intake;
	atomic_init(&office->down_since, clock_mono());
	office->site = strdup(config->site.name);
	office->tz = strdup(config->site.timezone);
	office->style = (struct report_style){.site = office->site, .tz = office->tz};
	office->store_file = strdup(store_file);
	office->to_loop = mailbox_new_on_loop(loop, on_mail, office);
	buf_init(&office->receipt, RECEIPT_BYTES_MAX);
	arena_init(&office->printed, PRINT_BYTES, PRINT_BYTES_MAX);
	enum cp_err err = CP_NOMEM;
	if (office->site && office->tz && office->store_file && office->to_loop)
		err = start(office);
	if (err)
		head_office_close(office);
	else
		*out = office;
	return err;
}

/* --- another head office -------------------------------------------------------------------- */

static void add_counts(struct upstream_counts *sum, const struct upstream_counts *more)
{
	sum->sent += more->sent;
	sum->acknowledged += more->acknowledged;
	sum->refused += more->refused;
	sum->returned += more->returned;
	sum->orders += more->orders;
	sum->orders_dropped += more->orders_dropped;
	sum->connects += more->connects;
	sum->losses += more->losses;
}

static void on_pool(uv_work_t *work)
{
	struct head_office *office = work->data;

	office->has_left = upstream_thread_stop(office->leaving);
}

static void on_left(uv_work_t *work, int status)
{
	struct head_office *office = work->data;

	(void)status;
	office->leaving = NULL;
	if (!office->has_left) /* it may stand amid its rows: they are left to the system */
		arena_init(&office->printed, PRINT_BYTES, PRINT_BYTES_MAX);
	if (office->is_closing)
		return;
	if (start(office))
		log_error(
		    "cannot start the connection to head office: out of memory; reload again");
}

void head_office_reconnect(struct head_office *office)
{
	struct upstream_counts counts;

	if (office->leaving)
		return; /* the next thread reads what is in force then */
	office->stopping.data = office;
	if (!office->thread) {
		office->has_left = true;
		on_left(&office->stopping, 0);
		return;
	}
	upstream_thread_counts(office->thread, &counts);
	add_counts(&office->before, &counts);
	office->leaving = office->thread;
	office->thread = NULL;
	CP_CHECK(uv_queue_work(office->loop, &office->stopping, on_pool, on_left) == 0);
}

bool head_office_is_configured(const struct head_office *office)
{
	return office && office->config->upstream.server_count > 0;
}

void head_office_close(struct head_office *office)
{
	if (!office)
		return;
	office->is_closing = true;
	while (office->leaving)
		uv_run(office->loop, UV_RUN_ONCE);
	bool is_ended = upstream_thread_stop(office->thread);
	/* No callback comes any more, so nobody posts. */
	if (office->to_loop)
		free_notes(mailbox_close(office->to_loop));
	mailbox_free(office->to_loop);
	free_notes(office->waiting);
	buf_deinit(&office->receipt);
	if (!is_ended)
		return; /* the thread may stand amid the rows in `printed`: left to the system */
	view_close(office->view);
	arena_deinit(&office->printed);
	free(office->site);
	free(office->tz);
	free(office->store_file);
	free(office);
}

bool head_office_answers(void *ctx)
{
	struct head_office *office = ctx;

	return !office->thread || upstream_thread_answers(office->thread);
}

int64_t head_office_down_ms(const struct head_office *office, mono_ms now)
{
	bool is_configured = head_office_is_configured(office);
	mono_ms since = is_configured ? atomic_load(&office->down_since) : TIME_NEVER;

	return since < now ? now - since : 0;
}

const struct head_office_counters *head_office_counters(
    const struct head_office *office, struct upstream_counts *sent)
{
	*sent = office->before;
	if (office->thread) {
		struct upstream_counts counts;
		upstream_thread_counts(office->thread, &counts);
		add_counts(sent, &counts);
	}
	return &office->counters;
}
