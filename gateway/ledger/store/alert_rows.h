/* alert_rows.h - the rows of `alert`: read and written. */
#ifndef LEDGER_STORE_ALERT_ROWS_H
#define LEDGER_STORE_ALERT_ROWS_H

#include "care/alert.h"
#include "care/session.h"
#include "ledger/state.h"

/* Columns of SELECT ALERT_COLUMNS FROM alert a. */
#define ALERT_COLUMNS                                                                              \
	"a.id, a.check_id, a.subject, a.onset, a.from_at, a.until_at, a.is_latched, a.severity,"   \
	" a.value, a.lim, a.effective_day, a.session, a.client, a.course, a.zones,"                \
	" a.earliest_day, a.related, a.state, a.raised_at, a.cleared_at, a.is_late, a.ack_at,"     \
	" a.ack_by, a.ack_covers, a.ack_reason, a.override_at, a.override_by,"                     \
	" a.override_covers, a.override_reason, a.revision, a.count, a.max, a.is_test, a.device,"  \
	" a.operator"
#define ALERT_COLUMN_COUNT 35

/* Strings go into the arena; false when it is full. */
bool alert_of_row(struct arena *arena, const struct db_rows *rows, struct alert *out);

bool alert_rows_load(struct ledger *ledger, const struct id *id, struct alert *out);

/* What the verdict of a session looks at: its own alerts that are not retracted, and open
 * ones about its device, its course and its client's cases; in the work arena. */
struct alert *alert_rows_around(
    struct ledger *ledger, const struct session *session, size_t *count);

/* Writes everything but the unit; who saves a change calls alerts_save(). */
void alert_rows_save(struct ledger *ledger, const struct alert *alert);

/* All of a judge unit, retracted ones too, in the work arena. */
struct alert *alert_rows_of_unit(
    struct ledger *ledger, enum subject_kind kind, int64_t unit, size_t *count);

/* That name the session, retracted ones too, in the work arena. */
struct alert *alert_rows_of_session(struct ledger *ledger, int64_t session, size_t *count);

/* Makes the row of a new id, or takes it over from another unit: a session may
 * change its client. */
void alert_rows_claim(
    struct ledger *ledger, const struct alert *alert, enum subject_kind kind, int64_t unit);

#endif
