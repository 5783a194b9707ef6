/* reach.h - which sessions news may concern.
 *
 * A session is judged by what held when it began, and what comes after may clear its
 * findings. So a new fact reaches the sessions that began while it was the last of its
 * topic, and of those before it the ones with findings. A first fact also reaches all
 * before it: for want of anything better they are judged by it.
 *
 * Running sessions and a few others are touched at once, the rest by a deadline: one
 * late order may reach years.
 */
#ifndef LEDGER_REACH_H
#define LEDGER_REACH_H

#include "care/check.h"
#include "ledger/state.h"

/* A fact about a device, under its topic; call it once the fact is filed. */
void reach_device(
    struct ledger *ledger, int64_t device, const struct reading *reading, bool is_loud);

/* Sessions on a device, begun before, of which a check found something that news may clear
 * however much lies between. */
void reach_found(
    struct ledger *ledger, int64_t device, enum check check, event_ms ts, bool is_loud);

/* The same of findings about firmware: a device says what it runs whenever it starts. */
void reach_firmware(struct ledger *ledger, int64_t device, event_ms ts, bool is_loud);

/* What holds of a person from a moment on. */
void reach_client(struct ledger *ledger, int64_t client, event_ms ts, bool is_loud);
void reach_operator(struct ledger *ledger, int64_t operator_no, event_ms ts, bool is_loud);

/* All that is known of a client may be another client's now. */
void reach_client_whole(struct ledger *ledger, int64_t client, bool is_loud);

/* The rollers that a client uses at home: what each is worth depends on the others. */
void reach_rollers(struct ledger *ledger, int64_t client);

/* What happened to a person within [from, to]: the sessions that began then. */
void reach_client_within(
    struct ledger *ledger, int64_t client, event_ms from, event_ms to, bool is_loud);
void reach_operator_within(
    struct ledger *ledger, int64_t operator_no, event_ms from, event_ms to, bool is_loud);

#endif
