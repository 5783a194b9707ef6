/* fact.h - an input as a judge sees it.
 *
 * What:   a reading from the journal with the local numbers that stand for its
 *         blanked tokens. reading.ts is the event time that counts (R18).
 * Orders: head office and the box itself say things that hold from a moment on,
 *         until a higher revision of the same key says otherwise, be it of somebody
 *         else (domain 9.4). Nothing is overwritten: a late fact changes the past.
 * Memory: arrays are borrowed from whoever loaded them (ledger/history), ordered
 *         by (event time, source, boot, seq).
 */
#ifndef CARE_FACT_H
#define CARE_FACT_H

#include "care/reading.h"

/* In place of a client's number: somebody who had asked to be forgotten by then. Not absent,
 * and nobody in particular: no check of clients judges it (domain 5). */
#define CLIENT_FORGOTTEN INT64_C(-1)

struct fact {
	struct reading reading;
	int64_t source;  /* local numbers, 0 absent: who said it */
	int64_t client;  /* or CLIENT_FORGOTTEN */
	int64_t client2; /* of a correction: who takes over */
	int64_t operator_no;
	event_ms until; /* of an order: since when a higher revision holds; else TIME_NEVER */
};

struct facts {
	const struct fact *items;
	size_t count;
};

/* What facts are filed under beside their subject, so that "the last clean before"
 * is one step of an index: the kind, of MAINT and SELFTEST also which or how. Stored. */
#define FACT_TOPIC(kind, detail) ((int64_t)(kind) | (int64_t)(detail) << 16)
int64_t fact_topic(const struct reading *reading);

/* When it happened, or since when it holds: what its ts becomes once it is filed. */
event_ms fact_time(const struct reading *reading);

/* At home, whoever tells it; NULL: it is none. */
const Carepace__V1__RollerUse *fact_roller_use(const struct reading *reading);

/* The order of everything that is judged. */
int fact_order(const struct fact *a, const struct fact *b);

/* "<source>/<boot>/<seq>", the name of the input, as onsets have it (R9). */
#define FACT_NAME_BYTES (ID_HEX_LEN + 2 * 11 + 1)
const char *input_name(
    const struct id *source, uint32_t boot, uint32_t seq, char out[FACT_NAME_BYTES]);
const char *fact_name(const struct fact *fact, char out[FACT_NAME_BYTES]);

/* Is this order the highest revision of its key whose event time is not later? At TIME_NEVER:
 * for good. */
bool fact_holds(const struct fact *fact, event_ms at);

/* When the next revision of its key began to hold, not before it did; TIME_NEVER if none
 * did. */
event_ms fact_until(const struct fact *fact);

/* The first moment after one at which something begins or ceases to hold; TIME_NEVER. */
event_ms facts_next_change(struct facts facts, event_ms after);

/* The order of a kind that holds at a moment, of several keys the last in order;
 * NULL if none does. */
const struct fact *facts_holding(struct facts facts, enum reading_kind kind, event_ms at);

/* The last at or before a moment, the first after it; topic as above. NULL: none. */
const struct fact *facts_last(struct facts facts, int64_t topic, event_ms at);
const struct fact *facts_next(struct facts facts, int64_t topic, event_ms after);

#endif
