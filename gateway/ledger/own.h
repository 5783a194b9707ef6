/* own.h - what the clinic's own policy file says, on its way into the store.
 *
 * Memory: the orders are the caller's, until the batch that brought them is back.
 */
#ifndef LEDGER_OWN_H
#define LEDGER_OWN_H

#include "care/reading_kind.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>

/* An order that the box gives itself: what holds for the site. */
struct ledger_own {
	enum reading_kind kind;
	const char *key; /* one of this file: "own/policy" */
	const ProtobufCMessage *body;
};

#define OWN_NEWS_BYTES 240

struct own_policy {
	const struct ledger_own *orders; /* NULL: none was read */
	size_t count;

	/* The answer. */
	bool is_taken;             /* it is in force now; false when the disk is full */
	char news[OWN_NEWS_BYTES]; /* "policy, profile/7 (withdrawn)"; "": nothing changed */
};

#endif
