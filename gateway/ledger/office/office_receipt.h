/* office_receipt.h - what head office is told of its own stream (domain 9.3, RECEIPT).
 *
 * A state, not a log: each receipt says all of it, so that none of them may be missed.
 */
#ifndef LEDGER_OFFICE_OFFICE_RECEIPT_H
#define LEDGER_OFFICE_OFFICE_RECEIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OFFICE_FORGOTTEN_MAX 64

struct office_receipt {
	bool is_due;
	uint64_t epoch; /* of this store */
	uint32_t hq_epoch;
	uint32_t hq_n; /* highest contiguous */

	/* Orders to forget a client that are done, by their keys, newest first. */
	const char **forgotten;
	size_t forgotten_count;
	uint32_t parked;          /* messages that nobody can read yet: they may hold a token */
	uint32_t gone_after_date; /* YYYYMMDD, the last of them; 0: there is none */
};

#endif
