#include "ledger/corrections.h"

#include "ledger/judging/history.h"
#include "ledger/store/names.h"

struct facts corrections_of(struct ledger *ledger, const struct id *sid)
{
	static const int64_t topics[] = {
	    FACT_TOPIC(READING_CORRECTION, 0),
	    FACT_TOPIC(READING_COUNT_OVERRIDE, 0),
	    FACT_TOPIC(READING_HQ_CORRECTION, 0),
	};
	int64_t no = names_known(ledger, SUBJECT_SID, slice_of(sid->b, ID_BYTES));

	return no ? history_facts(ledger, SUBJECT_SID, no, topics, CP_COUNT(topics))
	          : (struct facts){0};
}
