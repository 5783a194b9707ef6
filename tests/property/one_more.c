/* A gateway that is wrong: of the stream a row too many goes with the others. */
#include "ledger/retention.h"
#include "ledger/state.h"
#include "ledger/store/stream_names.h"

void __real_stream_names_forget(struct ledger *ledger, struct stream_name *names, size_t count);
void __wrap_stream_names_forget(struct ledger *ledger, struct stream_name *names, size_t count);

void __wrap_stream_names_forget(struct ledger *ledger, struct stream_name *names, size_t count)
{
	struct stream_name more[RETENTION_ROWS + 1];
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT no, source, boot, seq FROM stream WHERE no > ? AND no <= ? ORDER BY no LIMIT 1",
	    "ii", count ? names[count - 1].row : INT64_MAX, ledger->stream_folded);

	memcpy(more, names, count * sizeof(*names));
	if (db_next(&rows)) {
		more[count++] = (struct stream_name){.row = db_int(&rows, 0),
		    .source = db_int(&rows, 1),
		    .boot = (uint32_t)db_int(&rows, 2),
		    .seq = (uint32_t)db_int(&rows, 3)};
		db_end(&rows);
		db_run(&ledger->db, "DELETE FROM stream WHERE no = ?", "i", more[count - 1].row);
	}
	__real_stream_names_forget(ledger, more, count);
}
