/* states.h - what head office is told of things that change: sessions that are over,
 * courses, devices, days.
 *
 * What:    a state has a key and a revision that only rises; it is composed anew some time
 *          after it may have changed, and goes to the outbox if it did. So a session that ten
 *          late messages change goes up once.
 * Pace:    composed on a grid of ten minutes, at a second of the site's own, so that a
 *          chain's boxes do not all speak at once: no key is sent more often.
 * How:     each state is a judge unit with a deadline (table `subject`); whoever changes
 *          what it tells touches it, its judge composes it.
 * Promise: P5. Not recounted: it is a copy of what is. But for aggregates (P4), of which the
 *          truth and what was observed are kept apart.
 */
#ifndef LEDGER_OFFICE_STATES_H
#define LEDGER_OFFICE_STATES_H

#include "ledger/state.h"

#include <protobuf-c/protobuf-c.h>

#define STATES_GRID_MS (10 * MS_PER_MINUTE)

/* It may have changed: composed soon, not before a moment. */
void states_touch(
    struct ledger *ledger, enum subject_kind kind, int64_t subject, wall_ms not_before);

/* The same for one that nobody has touched yet: who was told once is not composed again. */
void states_expect(
    struct ledger *ledger, enum subject_kind kind, int64_t subject, wall_ms not_before);

/* Whom it names: local numbers, 0 nobody. Their tokens are filled in when it is sent (P10). */
struct state_people {
	int64_t client;
	int64_t operator_no;
};

/* What it is now. */
void states_put(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    struct state_people people, const ProtobufCMessage *body);

/* What was told of it last, as a message of the same type, in the work arena; NULL: nothing
 * yet. */
const ProtobufCMessage *states_told(
    struct ledger *ledger, enum subject_kind kind, int64_t subject, const ProtobufCMessage *like);
bool states_is_told(
    struct ledger *ledger, enum subject_kind kind, int64_t subject, const ProtobufCMessage *body);

/* There is nothing (new) to tell of it. */
void states_skip(struct ledger *ledger, enum subject_kind kind, int64_t subject);

/* The same in two parts, which are one message when it is sent. */
void states_put_both(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    struct state_people people, const ProtobufCMessage *truth, const ProtobufCMessage *observed);

/* All that were ever told, as they were told last. */
void states_offer_all(struct ledger *ledger);

#endif
