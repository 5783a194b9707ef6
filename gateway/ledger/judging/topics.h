/* topics.h - which topics a subject was told of, and until when.
 *
 * What:    a judge asks for many topics, and most of them nobody ever told of this subject;
 *          of the others it asks what came after a moment that is the last one. Both are
 *          known from here without a statement.
 * Promise: topics_last() is never too early. Whoever writes `fact` says so here. A
 *          transaction that fails ends the ledger (ledger/store/db.h), and this with it.
 * Memory:  TOPICS_SUBJECTS slots, a subject in the one that its number has. A zeroed
 *          struct knows nothing: so does a view's, under which another process writes, and
 *          whoever had no memory.
 */
#ifndef LEDGER_JUDGING_TOPICS_H
#define LEDGER_JUDGING_TOPICS_H

#include "base/time.h"
#include "ledger/subject_kind.h"

#define TOPICS_SUBJECTS 1024 /* 0.4 MB */
#define TOPICS_MAX 24        /* of a subject; of one that has more nothing is known */

struct topics_slot;

struct topics {
	struct topics_slot *slots; /* NULL: none */
};

void topics_init(struct topics *topics);
void topics_deinit(struct topics *topics); /* safe on a zeroed struct */

struct ledger;

/* The event time of the last fact: INT64_MIN when there is none, TIME_NEVER when that is
 * not known. */
event_ms topics_last(struct ledger *ledger, enum subject_kind kind, int64_t subject, int64_t topic);

/* A fact was written, or taken out; facts went from subject to subject. */
void topics_add(
    struct topics *topics, enum subject_kind kind, int64_t subject, int64_t topic, event_ms at);
void topics_forget(struct topics *topics, enum subject_kind kind, int64_t subject);
void topics_forget_all(struct topics *topics);

#endif
