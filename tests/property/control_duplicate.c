/* control_duplicate.c - the test for duplicates removed: a copy of a sample or pulse
 * message counts as one more message (P2 broken). */
#include "control.h"
#include "ledger/store/journal.h"

#define NEW_NAMES_FROM 1000000

enum batch_outcome __real_journal_append(struct ledger *ledger, const struct reading *reading,
    struct stamp stamp, struct journal_row *row);
enum batch_outcome __wrap_journal_append(struct ledger *ledger, const struct reading *reading,
    struct stamp stamp, struct journal_row *row);

void control_begin_run(void)
{
}

enum batch_outcome __wrap_journal_append(struct ledger *ledger, const struct reading *reading,
    struct stamp stamp, struct journal_row *row)
{
	enum batch_outcome outcome = __real_journal_append(ledger, reading, stamp, row);

	if (outcome != BATCH_DUPLICATE || !reading_is_stream(reading->kind))
		return outcome;
	struct reading copy = *reading;
	copy.seq += NEW_NAMES_FROM;
	return __real_journal_append(ledger, &copy, stamp, row);
}
