/* history.h - loads what a judge walks, in the order it walks it.
 *
 * Everything lies in the work arena, which the caller resets per judge call.
 * False when the arena or the store failed (db.err says so).
 */
#ifndef LEDGER_JUDGING_HISTORY_H
#define LEDGER_JUDGING_HISTORY_H

#include "care/history.h"
#include "care/history_device.h"
#include "ledger/state.h"

/* Facts of a subject under some topics (care/fact.h), under all, and of each topic the
 * last at or before a moment and the first after it: one step of an index each, however
 * long the history. Of subject 0 none. */
struct facts history_facts(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    const int64_t *topics, size_t topic_count);
struct facts history_all_facts(struct ledger *ledger, enum subject_kind kind, int64_t subject);
struct facts history_facts_around(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    const int64_t *topics, size_t topic_count, event_ms at);

/* The last at or before a moment, the first after it, both; or those within a span, its
 * ends included. What they add to a list is in order once history_sorted() was asked. */
struct fact_list {
	struct fact *items;
	size_t count;
	size_t cap;
	size_t bytes; /* of their messages, at most FACTS_BYTES_MAX */
};

/* A device may tell as much as it likes: what lies beyond, by event time, is on file and no
 * judge sees it (meta 'facts_passed_over' from then on). Some 20,000 messages. */
#define FACTS_BYTES_MAX ((size_t)8 << 20)

void history_add(struct ledger *ledger, struct fact_list *list, enum subject_kind kind,
    int64_t subject, int64_t topic);
void history_add_last(struct ledger *ledger, struct fact_list *list, enum subject_kind kind,
    int64_t subject, int64_t topic, event_ms at);
void history_add_next(struct ledger *ledger, struct fact_list *list, enum subject_kind kind,
    int64_t subject, int64_t topic, event_ms at);
void history_add_around(struct ledger *ledger, struct fact_list *list, enum subject_kind kind,
    int64_t subject, int64_t topic, event_ms at);
void history_add_within(struct ledger *ledger, struct fact_list *list, enum subject_kind kind,
    int64_t subject, int64_t topic, event_ms from, event_ms to);
struct facts history_sorted(struct fact_list *list);

/* What was ever told of a device's service (care/judge/device_due.c). */
void history_add_services(struct ledger *ledger, struct fact_list *list, int64_t device);

/* What says whether a device was out of use at a moment, and when it was free again
 * (care/service.h). */
void history_add_quarantine(
    struct ledger *ledger, struct fact_list *list, int64_t device, event_ms at);

void history_add_quarantine_within(struct ledger *ledger, struct fact_list *list, int64_t device,
    event_ms from, event_ms to); /* at any moment of a span */

/* Once the session is derived: what was known around it. */
bool history_of_scene(struct ledger *ledger, struct session_history *history);

/* As much of it as limits_of() looks at. */
bool history_of_limits(struct ledger *ledger, struct session_history *history);

/* history->session must be loaded; fills facts, next start, room for uses. */
bool history_of_session(struct ledger *ledger, struct session_history *history);
bool history_of_client(struct ledger *ledger, int64_t client, struct client_history *history);
bool history_of_device(struct ledger *ledger, int64_t device, struct device_history *history);
bool history_of_day(struct ledger *ledger, int64_t no, struct device_day *history);
bool history_of_cartridge(struct ledger *ledger, int64_t cart, struct cartridge_history *history);

/* The number of the judge unit "a device on the civil day of a moment". */
int64_t history_day_no(const struct ledger *ledger, int64_t device, event_ms at);

/* Its facts, which need no journal: a message with a withheld value, one whose name came
 * with two contents; both also of tests. */
#define FACT_WITHHELD INT64_C(1)
#define FACT_CONFLICT INT64_C(2)
#define FACT_OF_TEST (INT64_C(1) << 16)

/* A device's HELLOs that tell its counter of pulses, for COUNTER_ROLLBACK; no tests. */
#define FACT_COUNTER FACT_TOPIC(READING_HELLO, 1)

/* Of each firmware that a device ran after a moment the first HELLO, where there are rules
 * of firmware at all. */
void history_add_firmware(
    struct ledger *ledger, struct fact_list *list, int64_t device, event_ms at);

/* What a client does with rollers at home, as told by apps. */
struct facts history_roller_uses(struct ledger *ledger, int64_t client);

/* A PLAN as it came. */
struct plan history_plan_of(const struct fact *said);

#endif
