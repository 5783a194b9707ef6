/* batch_outbox.h - what a batch says about the outbox, and hears of it. */
#ifndef LEDGER_BATCH_OUTBOX_H
#define LEDGER_BATCH_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

/* A row of the outbox that was acknowledged; or, by head office's own receipt, everything
 * of its kind up to n, if the epoch is still ours. */
struct batch_done {
	uint32_t kind;
	uint64_t n;
	bool is_receipt;
	uint64_t epoch; /* of a receipt */
};

/* Why a receipt of head office's is not believed: then nothing is deleted. */
enum receipt_fault {
	RECEIPT_GOOD,
	RECEIPT_OF_NO_KIND,
	RECEIPT_OF_OTHER_EPOCH,
	RECEIPT_OF_FUTURE, /* for what was never told */
	RECEIPT_FAULTS
};

/* Why a report left the outbox though nobody acknowledged it (P8). */
enum evicted_why {
	EVICTED_BY_LIMIT,
	EVICTED_BY_AGE,
	EVICTED_WHYS
};

#endif
