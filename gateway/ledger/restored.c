#include "ledger/restored.h"

#include "ledger/office/folds.h"
#include "ledger/office/outbox.h"
#include "ledger/office/states.h"
#include "ledger/store/names.h"
#include "ledger/store/store.h"

void restored_open(struct ledger *ledger)
{
	ledger->restored_at = store_meta(ledger, "restored_at", 0);
	if (!store_meta(ledger, "restore_due", 0))
		return;
	ledger->restored_from = store_meta(ledger, "restored_from", 0);
	store_set_meta(ledger, "restore_due", 0);
	db_run(&ledger->db, "UPDATE meta SET value = random() WHERE name = 'epoch'", "");
	outbox_begin_anew(ledger);
	folds_offer_all(ledger);
	states_offer_all(ledger);
}

wall_ms ledger_restored_from(const struct ledger *ledger)
{
	return ledger->restored_from;
}

/* Its HELLO has opened a gap from what the store had of this boot, if anything was said
 * meanwhile. Gaps that were there before are not the restore's doing; nor is one of a boot that
 * began after it. */
uint32_t restored_resume_from(struct ledger *ledger, const struct reading *hello)
{
	struct source_state *source =
	    ledger->restored_at ? names_source(ledger, &hello->source) : NULL;

	if (!source)
		return 0;
	return (uint32_t)db_value(&ledger->db, 0,
	    "SELECT min(g.first) FROM gap g LEFT JOIN boot b ON b.source = g.source"
	    " AND b.boot = g.boot WHERE g.source = ?1 AND g.boot = ?2 AND g.since >= ?3"
	    " AND coalesce(b.anchor, 0) < ?3",
	    "iii", source->no, (int64_t)hello->boot, (int64_t)ledger->restored_at);
}
