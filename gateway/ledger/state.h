/* state.h - what the files of the ledger share. Not for other rooms.
 *
 * The way of a batch through the files:
 *
 *     ledger.c       transaction, order of the steps, commit
 *     store/         the rows: store.c the file, db.c SQLite, room.c is the disk full?
 *                    journal.c  input rows: new, duplicate or conflict (P2)
 *                    sessions.c, *_rows.c  what is derived; names.c local numbers
 *                    decoded.c, kept_sessions.c  rows read lately, in memory
 *     parked.c       what could not be decoded, tried again (P8)
 *     clocks.c       when it happened (R18); box_clock.c does the box know the time?
 *     facts.c        a new row becomes facts, folds, touched subjects; apply_<noun>.c
 *                    revisions.c until when an order holds; reach.c which sessions a new
 *                    fact may concern; cases.c, answers.c, corrections.c, merges.c,
 *                    forgets.c, policies.c, acknowledge.c  what people say
 *                    own_order.c  what the box orders itself
 *     judging/       subjects.c judges each touched subject once: session, client, ...
 *                    history.c loads what a judge walks, scene.c around it, topics.c what
 *                    there is; guards.c, session_stream.c  what streams say
 *                    alerts.c   timeline -> alert rows -> outbox
 *                    verdicts.c the answer on the chair; next_allowed.c when to come again
 *                    presence.c what a device does not send
 *                    pending.c  the careful way after an abnormal exit; unjudged.c
 *     downs.c        what is said to devices;  restored.c after backup.c gave back a store
 *     days/          what a civil day adds up to
 *     office/        what head office is told: states.c things that change, outbox.c keys
 *                    that wait, folds.c storms, report.c the bytes
 *     view/          who reads beside the writer;  past/  who counts or judges again
 *     watch.c        what the box notices of itself;  retention.c, seals.c  what goes in the end
 */
#ifndef LEDGER_STATE_H
#define LEDGER_STATE_H

#include "base/map.h"
#include "care/time/gateway_clock.h"
#include "ledger/judging/topics.h"
#include "ledger/judging/touched.h"
#include "ledger/ledger.h"
#include "ledger/parked_walk.h"
#include "ledger/store/db.h"
#include "ledger/store/decoded.h"
#include "ledger/store/kept_sessions.h"
#include "ledger/store/source_state.h"
#include "ledger/store/stream_names.h"
#include "ledger/subject_kind.h"

#define SOURCE_BOX 1 /* local number of the box itself (reading_box); schema.sql */

#define SESSION_BUCKETS 4096

struct open_session;
struct redating;

/* An input is filed under its subjects by its event time. */
enum filing {
	FILING_NEW,
	FILING_OUT, /* it was re-dated: taken out from where it was */
	FILING_AGAIN,
	FILING_ENDED /* an order: a higher revision holds, from the event time that it has here */
};

/* An order that is filed holds so long. */
struct holding {
	event_ms from; /* as it is filed */
	event_ms until;
	bool is_loud; /* what ends it */
};

/* As measured last (ledger/store/room.h). */
struct room {
	int64_t lacking_bytes; /* 0: there is room */
	bool is_none;          /* nothing may be written at all */
};

/* Messages refused for their text that are not recorded yet (ledger/watch.h). */
#define WATCH_REJECTS_MAX 16
struct watch_reject {
	struct id device;
	char field[60];
	uint32_t count;
	wall_ms said_at;
};

struct ledger {
	struct ledger_config config;
	struct db db;
	struct arena scratch;  /* one batch long */
	struct arena work;     /* one judge call long */
	char damaged_to[512];  /* where the store lies in whose place this one is; "": none */
	int64_t migrated_from; /* number of the store's schema before; 0: it was today's */
	char error[256];       /* of opening; later ones are db.err_text */
	int wal_pages;
	bool is_open;
	bool is_careful;      /* after an abnormal exit */
	bool has_passed_over; /* facts, since subjects_judge_one() last said so */
	wall_ms careful_until;
	wall_ms opened_at, restored_at, restored_from; /* ledger/restored.h; 0: never; not now */
	bool is_receipt_due;                     /* head office is told where its stream stands */
	struct touched set_aside[SUBJECT_KINDS]; /* unjudged subjects, by kind; in `lasting` */
	struct arena lasting;                    /* as long as the ledger */
	struct parked_walk walk;
	wall_ms parked_expiry; /* when to look again for what is parked for too long */
	struct map sources;    /* struct source_state, in `lasting` */
	int64_t stream_last;   /* row of the stream that was written last */
	struct stream_names stream_names;
	struct db *stream_db; /* where the stream lies: a recount has none of its own */
	struct arena running; /* the open sessions; may hold those of a batch above its keep */
	struct open_session *open[SESSION_BUCKETS]; /* sessions that rows spoke about */
	struct open_session *dirty;                 /* whose folds are not written */
	wall_ms dirty_since;
	int64_t stream_folded; /* row up to which folds are written */
	struct room room;
	int64_t outbox_rows;
	wall_ms outbox_look_at; /* for what waits for too long */
	struct watch_reject rejects[WATCH_REJECTS_MAX];
	struct decoded_rows decoded;
	struct kept_sessions kept_sessions;
	struct topics topics;
	struct arena book; /* what config.policy points to */
	bool has_merges;   /* table `merged` was not always empty */

	struct gateway_clock clock;
	bool has_clock;      /* else `now` is believed */
	int64_t counts_from; /* entries of the batch in hand; 0: they have wall time */
	int64_t doubt;       /* rows are stamped in this one; 0: in none */
	int64_t cut_doubt;   /* it ended with a restart of the box, which is not recorded yet */
	int64_t unsettled;   /* the first one whose offset is not known; 0: none */
	wall_ms synced_at;   /* by the kernel's flag, last */
	wall_ms clock_saved_at;

	wall_ms sweep_at;     /* ledger/retention.h: when to look again */
	wall_ms unrest_since; /* it waits since then for a rest; 0: it does not */

	/* The batch in hand. */
	wall_ms now;
	struct batch *batch;
	struct touched touched[SUBJECT_KINDS]; /* VERDICT: sessions whose answer may have changed */
	wall_ms next_change;                   /* no deadline is earlier */
	struct redating *redatings;            /* boots whose clock is known better now */
	enum filing filing;
	struct holding holding;   /* the order that is filed */
	int64_t settled_from;     /* doubts from this one on are settled in it; 0: none */
	bool has_forgotten;       /* somebody ever was (ledger/forgets.h); and: */
	int64_t since_of;         /* the client asked for last, 0: nobody */
	event_ms forgotten_since; /* since then */
	bool has_other_key;       /* than when somebody was forgotten before */
	bool is_log_due;          /* the write-ahead log may hold a forgotten token */
};

#endif
