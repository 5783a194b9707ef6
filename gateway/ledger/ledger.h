/* ledger.h - the one writer: applies a batch, durably, or not at all.
 *
 * What:     journal (P2), facts, judging, alerts, verdicts, deadlines, outbox, in
 *           one transaction per batch; then its own checkpoints.
 * Order:    ledger_apply() returns only after the commit was fsynced. Whoever
 *           acknowledges does it with the batch in hand, afterwards (P1).
 * Time:     `now` is an argument: wall time, once per batch.
 * Threads:  one thread calls everything here (the ledger thread).
 * Errors:   any error but CP_OK is final: the caller
 *           acknowledges nothing of that batch and stops (P11). ledger_error()
 *           says what SQLite said.
 * Poison:   after an abnormal exit rows are journalled and committed first, then
 *           applied behind a durable attempt count (ledger/pending); what ended the
 *           program twice is set aside as unjudged and the rest goes on.
 */
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "base/hash.h"
#include "care/policy.h"
#include "ledger/batch.h"

struct ledger;

struct ledger_config {
	const char *path;     /* the store's file; NULL: in memory (verify, tests) */
	const char *site;     /* as in topics; borrowed */
	const char *timezone; /* name of the policy's zone; NULL: not known; borrowed */
	const char *tzdata;   /* version of the system's time zones; NULL: not known; borrowed */
	const char *version;  /* of program and contract: another one tries again what failed */
	struct policy policy; /* its zone is borrowed; the rest is filled from the store */

	/* What the clinic's own policy file says; borrowed until the store is open. */
	const struct ledger_own *own;
	size_t own_count;

	int64_t (*stopwatch_us)(void); /* measures commits; NULL: nobody wants to know */

	/* The gateway's own: if it is damaged it is set aside and a new one begun
	 * (ledger/store/aside.h); if it is another site's it is refused. */
	bool is_gateways;

	/* While ledger_open() brings an earlier store up to date, which may take minutes; percent:
	 * -1 when nobody knows. NULL: nobody wants to know. */
	void (*migrating)(void *ctx, const char *doing, int percent);
	void *migrating_ctx;

	struct clock_start clock;    /* its reading not taken: `now` is believed */
	uint8_t box_key[HASH_BYTES]; /* this box's own: who was forgotten (ledger/forgets.h) */

	int64_t reserve_bytes;    /* P11: of the disk, for draining; 0: do not measure */
	int64_t outbox_max_bytes; /* ledger/office/outbox.h; these two: 0: no limit */
	int outbox_days;
	int64_t stream_kept_ms; /* ledger/retention.h; 0: for ever */
	bool is_recount;        /* verify: no outbox, no verdicts, no checkpoints */
};

/* CP_NEWER: written by a newer program. CP_BUSY: another process has it.
 * On an error *out is NULL and `why` (256 bytes) says what and what to do. */
enum cp_err ledger_open(const struct ledger_config *config, wall_ms now, struct ledger **out,
    char why[256]) CP_MUST_CHECK;

/* Where the damaged store lies in whose place this one was begun; "": there was none. */
const char *ledger_set_aside(const struct ledger *ledger);

/* The store was of an earlier version: the copy of it that was made before it was changed;
 * "": it was not. */
void ledger_copy_before(struct ledger *ledger, char *out, size_t out_bytes);

/* The store was made from a backup of that moment, and was opened for the first time since;
 * else 0. */
wall_ms ledger_restored_from(const struct ledger *ledger);

/* Before it is opened: can anything be written in its folder? What must be freed first
 * goes to *lacking_bytes. */
bool ledger_has_room(const char *folder, int64_t reserve_bytes, int64_t *lacking_bytes);

/* "the disk is full: ...": half a sentence, how much must be freed where; returns `out`. */
#define LEDGER_FULL_BYTES 256
const char *ledger_full_text(
    char out[LEDGER_FULL_BYTES], int64_t lacking_bytes, const char *folder);

/* Of the disk where a file lies, as df counts them. 0 when it cannot be known. */
void ledger_disk(const char *path, int64_t *used_bytes, int64_t *total_bytes);

/* Marks a clean end if nothing failed. NULL is allowed. */
void ledger_close(struct ledger *ledger);

/* Also judges every subject whose deadline is not later than `now`; none while the clock is
 * in doubt. With readings of the clocks (batch->clock) entries are stamped since the start
 * of the box. */
enum cp_err ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now) CP_MUST_CHECK;

/* What the wall clock is less the time since the start of the box: TIME_NEVER while it is
 * trusted, in doubt what is assumed instead. */
int64_t ledger_assumed_offset(const struct ledger *ledger);
enum clock_doubt ledger_doubt(const struct ledger *ledger);

enum ledger_checkpoint {
	CHECKPOINT_NONE,
	CHECKPOINT_WHEN_IDLE,
	CHECKPOINT_NOW
};

/* What devices left behind, as it is when the store has been opened: their links, and
 * their messages, in order per device. What `take` is given dies when it returns. */
enum cp_err ledger_each_link(struct ledger *ledger,
    void (*take)(void *ctx, const struct batch_link *link), void *ctx) CP_MUST_CHECK;
enum cp_err ledger_each_down(struct ledger *ledger,
    void (*take)(void *ctx, const struct batch_down *down), void *ctx) CP_MUST_CHECK;

/* P11: from 1,000 WAL pages on when idle, at 8,000 at the latest; with a reserve of
 * less than 64 MB earlier. Also when idle after a client was forgotten: then the log is cut
 * off, because what it held would lie behind its end. */
enum ledger_checkpoint ledger_wants_checkpoint(const struct ledger *ledger);
enum cp_err ledger_checkpoint(struct ledger *ledger) CP_MUST_CHECK;

/* The box's key is not the one of before: whoever was forgotten then is not known again by
 * it, if their token comes late. */
bool ledger_has_other_key(const struct ledger *ledger);

/* The text of the last error; "" if none. */
const char *ledger_error(const struct ledger *ledger);

/* Rows and subjects that wait one by one after an abnormal exit (0 in normal work). */
int64_t ledger_pending(struct ledger *ledger);

#endif
