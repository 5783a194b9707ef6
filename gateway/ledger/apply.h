/* apply.h - what one message does: a file per noun, for the table in facts.c.
 *
 * What:   files a message under its subjects and touches whom it concerns. The row's client
 *         is the one that it was merged into (R21).
 * Again:  a message that is dated again is filed out and in (enum filing): what counts only
 *         once asks for FILING_NEW.
 */
#ifndef LEDGER_APPLY_H
#define LEDGER_APPLY_H

#include "ledger/facts.h"

typedef void apply_fn(
    struct ledger *ledger, const struct reading *reading, const struct journal_row *row);

/* apply_device.c */
apply_fn apply_hello, apply_to_device, apply_service, apply_fault, apply_heartbeat;
apply_fn apply_to_day; /* what is odd about a message is its device's day's */

/* apply_people.c */
apply_fn apply_to_client, apply_assessment, apply_client_history, apply_to_sid, apply_screening,
    apply_cert, apply_session_seen, apply_roller_use, apply_to_case, apply_forget, apply_correction;

/* --- helpers (facts.c) ------------------------------------------------------------------ */

void facts_add(struct ledger *ledger, enum subject_kind kind, int64_t subject,
    const struct reading *reading, const struct journal_row *row);
void facts_add_under(struct ledger *ledger, enum subject_kind kind, int64_t subject, int64_t topic,
    const struct reading *reading, const struct journal_row *row);

/* R11: what is old, was parked for long, or comes from a buffer, never causes a
 * device command. */
bool facts_are_loud(
    const struct ledger *ledger, const struct reading *reading, const struct journal_row *row);

#endif
