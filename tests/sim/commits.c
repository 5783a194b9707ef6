/* commits.c - which commits have survived.
 *
 * Each commit of the gateway writes its number into the store. Where a batch was not applied
 * because the store failed, its commit may be there all the same: when the store is opened
 * again, and before it writes, it is asked. */
#include "disk.h"
#include "hq.h"
#include "ledger/store/db.h"
#include "ledger/ledger.h"
#include "sim.h"
#include "story.h"

#include <sqlite3.h>

static struct {
	int64_t number;
	bool is_tried;       /* else the transaction had failed before */
	struct batch *batch; /* in doubt; it lives until that is over */
	int64_t doubt;       /* the number of its commit */
	bool is_there;       /* in the store, as it was looked at last */
	bool is_over;        /* whoever applies something now is not the gateway */
} commits;

void commits_begin(void)
{
	commits.batch = NULL;
	commits.is_over = false;
}

void commits_end(void)
{
	commits.is_over = true;
}

/* --- the number --------------------------------------------------------------------------- */

void __real_db_commit(struct db *db);
void __wrap_db_commit(struct db *db);

void __wrap_db_commit(struct db *db)
{
	commits.number++;
	commits.is_tried = !db->err;
	db_run(db,
	    "INSERT INTO meta(name, value) VALUES('sim_commit', ?)"
	    " ON CONFLICT(name) DO UPDATE SET value = excluded.value",
	    "i", commits.number);
	__real_db_commit(db);
}

/* The store stays as it is found: nobody checkpoints. */
static int64_t survived(void)
{
	struct db db;
	int64_t number = -1;

	if (db_open(&db, SIM_STORE, DB_READ_ONLY) == CP_OK) {
		sqlite3_db_config(db.conn, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
		number = db_value(&db, 0, "SELECT value FROM meta WHERE name = 'sim_commit'", "");
	}
	MODEL_CHECK(!db.err, "the store cannot be read: %s", db.err_text);
	db_close(&db);
	return number;
}

/* --- a batch ---------------------------------------------------------------------------------- */

static void settle(const struct batch *batch)
{
	for (size_t i = 0; i < batch->entry_count; i++) {
		const struct batch_entry *entry = &batch->entries[i];
		if (entry->what != BATCH_READING && entry->what != BATCH_PARK)
			continue;
		if (id_eq(&entry->reading.source, &reading_head_office))
			hq_order_stored(&entry->reading);
		if (entry->outcome == BATCH_NEW || entry->outcome == BATCH_PARKED)
			story_stored(entry);
	}
	oracle_applied(batch);
}

enum cp_err __real_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now);

enum cp_err commits_apply(struct ledger *ledger, struct batch *batch, wall_ms now)
{
	enum cp_err err = __real_ledger_apply(ledger, batch, now);

	if (commits.is_over)
		return err;
	if (!err)
		settle(batch);
	else if (commits.is_tried) {
		commits.batch = batch;
		commits.doubt = commits.number;
		commits.is_there = true;
	}
	return err;
}

/* --- in doubt ----------------------------------------------------------------------------------
 */

/* A disk that fails may go altogether, before anybody has read what it took. */
void __real_ledger_close(struct ledger *ledger);
void __wrap_ledger_close(struct ledger *ledger);

void __wrap_ledger_close(struct ledger *ledger)
{
	if (commits.batch && disk_has_failed() && rng_percent(&model.rng, 50))
		disk_die(DISK_POWER_CUT);
	__real_ledger_close(ledger);
}

void __real_batch_free(struct batch *batch);
void __wrap_batch_free(struct batch *batch);

void __wrap_batch_free(struct batch *batch)
{
	if (batch != commits.batch)
		__real_batch_free(batch);
}

/* Also before a second try, when the first has written already: what was lost then does not
 * come back. */
void commits_look(void)
{
	commits.is_there = commits.batch && commits.is_there && survived() >= commits.doubt;
}

void commits_resolve(void)
{
	struct batch *batch = commits.batch;

	if (!batch)
		return;
	model_trace("the batch in doubt is %s", commits.is_there ? "stored" : "lost");
	if (commits.is_there)
		settle(batch);
	sim_counts.doubts_stored += commits.is_there;
	sim_counts.doubts_lost += !commits.is_there;
	commits.batch = NULL;
	batch_free(batch);
}
