/* alerts.h - the rows of `alert`: a timeline against what was stored.
 *
 * A finding that is not stored is raised; one that is, amended; a stored alert
 * of the unit that the timeline no longer contains is retracted. Each change
 * takes a new revision to the outbox.
 */
#ifndef LEDGER_ALERTS_H
#define LEDGER_ALERTS_H

#include "care/alert.h"
#include "ledger/state.h"

void alerts_reconcile(struct ledger *ledger, enum subject_kind kind, int64_t unit,
    const struct timeline *timeline, bool is_loud);

/* Columns of SELECT ALERT_COLUMNS FROM alert a. */
#define ALERT_COLUMNS                                                                              \
	"a.id, a.check_id, a.subject, a.onset, a.from_at, a.until_at, a.is_latched, a.severity,"   \
	" a.value, a.lim, a.effective_day, a.session, a.client, a.course, a.zones,"                \
	" a.earliest_day, a.related, a.state, a.raised_at, a.cleared_at, a.is_late, a.ack_at,"     \
	" a.ack_by, a.ack_covers, a.ack_reason, a.override_at, a.override_by,"                     \
	" a.override_covers, a.override_reason, a.revision"
#define ALERT_COLUMN_COUNT 30

/* Strings go into the arena; false when it is full. */
bool alert_of_row(struct arena *arena, const struct db_rows *rows, struct alert *out);

bool alerts_load(struct ledger *ledger, const struct id *id, struct alert *out);

/* All of a session that are not retracted, in the work arena. */
struct alert *alerts_of_session(struct ledger *ledger, int64_t session, size_t *count);

/* Writes everything but the unit, puts it into the outbox, asks for a verdict. */
void alerts_save(struct ledger *ledger, const struct alert *alert, bool is_loud);

#endif
