/* ledger.c - one batch, one transaction (DESIGN section 2).
 *
 *     BEGIN
 *       journal   every entry: new, duplicate or conflict
 *       apply     new rows -> facts, folds, touched subjects
 *       judge     due and touched subjects, once each; alerts, verdicts, outbox
 *       watch     what the box notices of itself becomes an input, too
 *       parked    some of what could not be decoded, tried again
 *       done      what head office has acknowledged leaves the outbox, and what it is too small for
 *       retention some rows that are too old go
 *     COMMIT, fsync
 *
 * Beside the readings come what devices' links leave behind and which messages to
 * devices are over; they are rows of their own and judge nothing.
 *
 * Nothing of this is visible to anybody before the commit, and the commit is the
 * last thing that happens: whoever holds the batch afterwards may acknowledge it.
 *
 * In the careful way (after an abnormal exit) the transaction holds the first step
 * only. The rest follows at the beginning of the next call, in transactions of its
 * own (ledger/pending): then the batch is out and acknowledged, and a crash takes
 * nothing back.
 */
#include "ledger/ledger.h"

#include "base/hash.h"
#include "ledger/acknowledge.h"
#include "ledger/box_clock.h"
#include "ledger/clocks.h"
#include "ledger/downs.h"
#include "ledger/facts.h"
#include "ledger/forgets.h"
#include "ledger/judging/pending.h"
#include "ledger/judging/subjects.h"
#include "ledger/judging/unjudged.h"
#include "ledger/judging/verdicts.h"
#include "ledger/merges.h"
#include "ledger/office/outbox.h"
#include "ledger/parked.h"
#include "ledger/policies.h"
#include "ledger/restored.h"
#include "ledger/retention.h"
#include "ledger/store/aside.h"
#include "ledger/store/down_rows.h"
#include "ledger/store/link_rows.h"
#include "ledger/store/migrate.h"
#include "ledger/store/names.h"
#include "ledger/store/room.h"
#include "ledger/store/sessions.h"
#include "ledger/store/store.h"
#include "ledger/watch.h"

#include <stdio.h>
#include <stdlib.h>

/* How long after an abnormal exit everything is applied the careful way: longer
 * than devices need to come back and send the poison again. */
#define CAREFUL_MS (10 * MS_PER_MINUTE)

#define SCRATCH_BYTES_MAX (64U << 20)
#define WORK_BYTES_MAX (64U << 20)
#define LASTING_BYTES_MAX (4U << 20)
#define BOOK_BYTES_MAX (16U << 20)
#define RUNNING_BYTES_MAX (64U << 20)

/* Its sessions would be told to head office as another clinic's. */
static enum cp_err check_site(struct ledger *ledger)
{
	const struct ledger_config *config = &ledger->config;
	bool is_other = false;

	if (!config->is_gateways)
		return CP_OK;
	struct db_rows rows =
	    db_query(&ledger->db, "SELECT value FROM meta WHERE name = 'site'", "");
	if (db_next(&rows)) {
		is_other = strcmp(db_text(&rows, 0), config->site) != 0;
		if (is_other)
			snprintf(ledger->error, sizeof(ledger->error),
			    "%s: is the store of site \"%.32s\", and site.name says \"%.32s\": put "
			    "the name right, or move the store away to begin a new one",
			    config->path, db_text(&rows, 0), config->site);
		db_end(&rows);
	}
	return is_other ? CP_CONFIG : ledger->db.err;
}

static void say_why(struct ledger *ledger, enum cp_err err, char why[256])
{
	if (err == CP_CORRUPT && ledger->config.is_gateways && !ledger->error[0])
		snprintf(why, 256,
		    "%.120s: something in it is damaged (%.60s): the next start checks the whole "
		    "of "
		    "it",
		    ledger->config.path, ledger->db.err_text);
	else
		snprintf(why, 256, "%s", ledger_error(ledger));
}

enum cp_err ledger_open(
    const struct ledger_config *config, wall_ms now, struct ledger **out, char why[256])
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));

	*out = NULL;
	if (!ledger) {
		snprintf(why, 256, "out of memory");
		return CP_NOMEM;
	}
	ledger->config = *config;
	ledger->config.policy.site = config->site;
	ledger->stream_db = &ledger->db;
	arena_init(&ledger->scratch, 64 * 1024, SCRATCH_BYTES_MAX);
	arena_init(&ledger->work, 64 * 1024, WORK_BYTES_MAX);
	arena_init(&ledger->lasting, 4096, LASTING_BYTES_MAX);
	decoded_init(&ledger->decoded);
	kept_sessions_init(&ledger->kept_sessions);
	topics_init(&ledger->topics);
	arena_init(&ledger->book, 4096, BOOK_BYTES_MAX);
	arena_init(&ledger->running, 64 * 1024, RUNNING_BYTES_MAX);

	enum cp_err err = store_open(ledger, now);
	if (!err)
		err = check_site(ledger);
	if (!err && !config->is_recount) {
		db_begin(&ledger->db);
		now = box_clock_open(ledger, now);
		ledger->is_careful = !store_was_clean(ledger);
		ledger->opened_at = ledger->now = now;
		ledger->careful_until = now + CAREFUL_MS;
		ledger->is_receipt_due = store_meta(ledger, "hq_epoch", 0) != 0;
		store_set_text(ledger, "site", config->site);
		if (config->timezone) /* for tools that are told no configuration */
			store_set_text(ledger, "timezone", config->timezone);
		merges_open(ledger);
		forgets_open(ledger);
		policies_open(ledger, now);
		parked_open(ledger);
		restored_open(ledger);
		outbox_open(ledger);
		stream_names_open(ledger);
		pending_add_tail(ledger);
		link_rows_open(ledger, now);
		down_rows_open(ledger, now);
		unjudged_load(ledger); /* what is tried again may end the program again */
		ledger->is_careful = ledger->is_careful || ledger_pending(ledger) > 0;
		db_commit(&ledger->db);
		err = ledger->db.err;
	}
	if (err) {
		say_why(ledger, err, why);
		ledger_close(ledger);
		return err;
	}
	ledger->is_open = !config->is_recount;
	*out = ledger;
	return CP_OK;
}

/* What it may change is judged as of the last batch. */
static void write_folds(struct ledger *ledger)
{
	struct batch *batch = ledger->dirty ? batch_new() : NULL;

	if (!batch)
		return;
	ledger->dirty_since = INT64_MIN;
	enum cp_err err = ledger_apply(ledger, batch, ledger->now);
	(void)err; /* sticky: the store is not marked clean */
	batch_free(batch);
}

void ledger_close(struct ledger *ledger)
{
	if (!ledger)
		return;
	if (!ledger->db.err && ledger->is_open && !ledger->is_careful) {
		write_folds(ledger);
		if (!ledger->room.is_none && !ledger->dirty) {
			sessions_mark_folded(ledger); /* heartbeats follow the last fold */
			store_mark_clean(ledger);
		}
	}
	if (ledger->db.err == CP_CORRUPT && ledger->config.is_gateways)
		aside_ask_check(ledger->config.path);
	db_close(&ledger->db);
	arena_deinit(&ledger->scratch);
	arena_deinit(&ledger->work);
	arena_deinit(&ledger->lasting);
	arena_deinit(&ledger->book);
	arena_deinit(&ledger->running);
	map_deinit(&ledger->sources);
	decoded_deinit(&ledger->decoded);
	kept_sessions_deinit(&ledger->kept_sessions);
	topics_deinit(&ledger->topics);
	stream_names_deinit(&ledger->stream_names);
	free(ledger);
}

void ledger_copy_before(struct ledger *ledger, char *out, size_t out_bytes)
{
	out[0] = '\0';
	if (ledger->migrated_from)
		migrate_backup_name(&ledger->db, out, out_bytes);
}

const char *ledger_set_aside(const struct ledger *ledger)
{
	return ledger->damaged_to;
}

const char *ledger_error(const struct ledger *ledger)
{
	return ledger->error[0] ? ledger->error : ledger->db.err_text;
}

int64_t ledger_pending(struct ledger *ledger)
{
	return db_value(&ledger->db, 0, "SELECT count(*) FROM pending", "");
}

int64_t ledger_assumed_offset(const struct ledger *ledger)
{
	return ledger->clock.doubt == CLOCK_TRUSTED ? TIME_NEVER : ledger->clock.offset;
}

enum clock_doubt ledger_doubt(const struct ledger *ledger)
{
	return ledger->clock.doubt;
}

/* --- head office's stream --------------------------------------------------------- */

/* The highest n up to which everything of the newest epoch is stored. */
static void advance_receipt(struct ledger *ledger, const struct reading *order)
{
	struct source_state *source = names_source(ledger, &reading_head_office);
	int64_t epoch = store_meta(ledger, "hq_epoch", 0);
	int64_t n = store_meta(ledger, "hq_n", 0);

	if (!source || order->boot < epoch)
		return;
	if (order->boot > epoch)
		n = 0;
	epoch = order->boot;
	while (db_value(&ledger->db, 0,
	    "SELECT 1 FROM journal WHERE source = ? AND boot = ? AND seq = ?", "iii", source->no,
	    epoch, n + 1))
		n++;
	store_set_meta(ledger, "hq_epoch", epoch);
	store_set_meta(ledger, "hq_n", n);
	ledger->is_receipt_due = true;
}

static void fill_receipt(struct ledger *ledger)
{
	if (!ledger->is_receipt_due)
		return;
	ledger->batch->receipt = (struct office_receipt){
	    .is_due = true,
	    .epoch = (uint64_t)store_meta(ledger, "epoch", 0),
	    .hq_epoch = (uint32_t)store_meta(ledger, "hq_epoch", 0),
	    .hq_n = (uint32_t)store_meta(ledger, "hq_n", 0),
	};
	forgets_report(ledger);
	ledger->is_receipt_due = false;
}

/* --- one batch ---------------------------------------------------------------------- */

/* P7: of a name that is not the sender's nothing is known. */
static void skip_number(struct ledger *ledger, const struct batch_entry *entry)
{
	const struct reading *reading = &entry->reading;

	if (reading->seq > 0 && !id_is_zero(&reading->source) &&
	    !id_eq(&reading->source, &reading_head_office) && entry->gate != READING_FOREIGN &&
	    entry->gate != READING_NOMEM)
		journal_skip(ledger, reading);
}

/* An order that is not journalled still takes its place in head office's stream,
 * else the stream would wait for it for ever: an empty row of an unknown kind holds
 * it. What has no readable name has no place. */
static void hold_place(struct ledger *ledger, const struct batch_entry *entry)
{
	struct reading place = entry->reading;
	struct journal_row row;

	if (place.seq == 0 || !id_eq(&place.source, &reading_head_office) ||
	    place.kind == READING_ORDER_RECEIPT || entry->gate == READING_NOMEM)
		return;
	place.kind = READING_UNKNOWN;
	place.payload = slice_of(NULL, 0);
	place.client = place.operator= place.new_client =(struct id){0};
	journal_append(ledger, &place, box_clock_stamp(ledger, entry->recv), &row);
	advance_receipt(ledger, &place);
}

static void journal(struct ledger *ledger, struct batch_entry *entry)
{
	struct journal_row row;

	entry->outcome =
	    journal_append(ledger, &entry->reading, box_clock_stamp(ledger, entry->recv), &row);
	if (entry->outcome == BATCH_DUPLICATE && entry->reading.kind == READING_SESSION_START)
		verdicts_repeat(ledger, &entry->reading);
	if (entry->outcome != BATCH_NEW)
		return;
	if (box_clock_in_doubt(ledger))
		box_clock_hear(ledger, &entry->reading, &row);
	if (ledger->is_careful)
		pending_add_row(ledger, &row);
	else
		facts_apply(ledger, &entry->reading, &row);
}

/* An order that cannot be followed here is kept like one that cannot be understood: people
 * hear of it, and what was said before goes on to hold. It names nobody, so that its payload
 * is as it came. */
static void park_what_is_refused(struct ledger *ledger, struct batch_entry *entry)
{
	uint8_t full[HASH_BYTES];

	entry->why = policies_refuse(ledger, &entry->reading);
	if (!entry->why)
		return;
	entry->what = BATCH_PARK;
	entry->gate = READING_PARKED;
	hash_sha256(&entry->reading.payload, 1, full);
	memcpy(entry->reading.hash, full, READING_HASH_BYTES);
}

static void take_entry(struct ledger *ledger, struct batch_entry *entry)
{
	if (entry->what == BATCH_READING && entry->reading.order)
		park_what_is_refused(ledger, entry);
	switch (entry->what) {
	case BATCH_READING:
		journal(ledger, entry);
		if (id_eq(&entry->reading.source, &reading_head_office))
			advance_receipt(ledger, &entry->reading);
		downs_receipt(ledger, entry);
		break;
	case BATCH_PARK:
		entry->outcome = parked_add(ledger, entry);
		skip_number(ledger, entry);
		hold_place(ledger, entry);
		downs_receipt(ledger, entry);
		break;
	case BATCH_REFUSED:
		entry->outcome = BATCH_NOT_KEPT;
		skip_number(ledger, entry);
		if (entry->gate == READING_PRIVACY)
			watch_refused(ledger, entry);
		hold_place(ledger, entry);
		downs_receipt(ledger, entry);
		break;
	case BATCH_LINK:
		link_rows_save(ledger, &entry->link);
		break;
	case BATCH_OVER:
		down_rows_over(ledger, &entry->over);
		break;
	}
}

static void take_entries(struct ledger *ledger)
{
	for (size_t i = 0; i < ledger->batch->entry_count && !ledger->db.err; i++)
		take_entry(ledger, &ledger->batch->entries[i]);
}

static void begin(struct ledger *ledger, struct batch *batch, wall_ms now)
{
	ledger->batch = batch;
	ledger->now = box_clock_look(ledger, &batch->clock, now);
	memset(ledger->touched, 0, sizeof(ledger->touched));
	ledger->redatings = NULL;
	arena_reset(&ledger->scratch);
	arena_reset(&ledger->work);
	/* Of earlier batches, whose acknowledgements have left meanwhile. */
	if (ledger->is_careful && !ledger->room.lacking_bytes) {
		pending_work(ledger);
		parked_retry_carefully(ledger);
	}
	db_begin(&ledger->db);
	box_clock_settle(ledger);
}

static bool has_touched(const struct ledger *ledger)
{
	for (size_t i = 0; i < CP_COUNT(ledger->touched); i++)
		if (ledger->touched[i].count)
			return true;
	return false;
}

/* In doubt no deadline fires (R18). */
static wall_ms due_until(const struct ledger *ledger)
{
	return box_clock_in_doubt(ledger) ? SUBJECTS_JUDGE_AGAIN : ledger->now;
}

/* A judge reads folds from the store. Most batches are stream only: nobody is judged,
 * no fold is due. */
static void apply(struct ledger *ledger)
{
	wall_ms due = due_until(ledger);
	bool is_due = ledger->next_change <= due;

	clocks_settle(ledger);
	if (is_due)
		subjects_touch_due(ledger, due);
	else if (!has_touched(ledger) && sessions_flush_at(ledger) > ledger->now)
		return;
	sessions_flush(ledger);
	if (ledger->is_careful)
		pending_add_touched(ledger);
	else
		subjects_judge(ledger);
	if (is_due)
		ledger->next_change = subjects_next_change(ledger);
}

static int64_t stopwatch(const struct ledger *ledger)
{
	return ledger->config.stopwatch_us ? ledger->config.stopwatch_us() : 0;
}

static void commit(struct ledger *ledger)
{
	fill_receipt(ledger);
	int64_t from_us = stopwatch(ledger);
	db_commit(&ledger->db); /* nothing at all once db.err is set */
	ledger->batch->commit_us = stopwatch(ledger) - from_us;
}

/* When to be called again at the latest: at once while something is pending. */
static wall_ms next_wake(struct ledger *ledger)
{
	if (ledger->walk.is_under_way || outbox_is_over(ledger) ||
	    (ledger->is_careful && ledger_pending(ledger) > 0))
		return ledger->now;
	if (ledger->is_careful && ledger->now >= ledger->careful_until)
		ledger->is_careful = false;
	wall_ms flush_at = sessions_flush_at(ledger);
	wall_ms sweep_at = retention_next(ledger);
	wall_ms change_at = ledger->next_change;
	if (box_clock_in_doubt(ledger)) {
		if (ledger->clock.has_news || change_at <= SUBJECTS_JUDGE_AGAIN)
			return ledger->now;
		change_at = TIME_NEVER;
	}
	if (sweep_at < change_at)
		change_at = sweep_at;
	return flush_at < change_at ? flush_at : change_at;
}

enum cp_err ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now)
{
	room_measure(ledger);
	batch->lacking_bytes = ledger->room.lacking_bytes;
	if (batch->lacking_bytes)
		batch_hold(batch);
	if (ledger->room.is_none) {
		batch->retry.is_busy = batch->retry.is_asked;
		acknowledge_take(ledger, batch); /* says no */
		batch->next_wake = now;
		return ledger->db.err;
	}
	begin(ledger, batch, now);
	take_entries(ledger);
	for (size_t i = 0; i < batch->done_count; i++)
		outbox_done(ledger, &batch->done[i]);
	if (batch->own.orders && !batch->lacking_bytes)
		policies_take(ledger, &batch->own, ledger->now);
	acknowledge_take(ledger, batch);
	parked_retry(ledger);
	parked_expire(ledger);
	watch_work(ledger);
	apply(ledger);
	outbox_limit(ledger);
	retention_work(ledger);
	commit(ledger);
	batch->done_count = 0;
	batch->next_wake = next_wake(ledger);
	ledger->batch = NULL;
	return ledger->db.err;
}
