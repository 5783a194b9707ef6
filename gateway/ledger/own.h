/* own.h - what the clinic's own files and people say, on its way into the store.
 *
 * Memory: the orders are the caller's, until the batch that brought them is back.
 */
#ifndef LEDGER_OWN_H
#define LEDGER_OWN_H

#include "base/id.h"
#include "care/reading_kind.h"

#include <protobuf-c/protobuf-c.h>
#include <stdbool.h>
#include <stdint.h>

/* An order that the box gives itself: what holds for the site. */
struct ledger_own {
	enum reading_kind kind;
	const char *key; /* one of this file: "own/policy" */
	const ProtobufCMessage *body;
};

/* What the configuration changes while the store is open. */
struct ledger_limits {
	int64_t reserve_bytes;
	int64_t outbox_max_bytes;
	int outbox_days;
};

#define OWN_NEWS_BYTES 240

struct own_policy {
	const struct ledger_own *orders; /* NULL: none was read */
	size_t count;
	const struct ledger_limits *limits; /* taken with the orders; NULL: as they are */

	/* The answer. */
	bool is_taken;             /* it is in force now; false when the disk is full */
	char news[OWN_NEWS_BYTES]; /* "policy, profile/7 (withdrawn)"; "": nothing changed */
};

/* --- people at the box (ledger/acknowledge.h) --- */

enum acknowledge_answer {
	ACKNOWLEDGE_ASKED,
	ACKNOWLEDGE_TAKEN,
	ACKNOWLEDGE_UNKNOWN,
	ACKNOWLEDGE_ALREADY,   /* for the severity that it has */
	ACKNOWLEDGE_OVER,      /* it was cleared */
	ACKNOWLEDGE_WITHDRAWN, /* it was never true */
	ACKNOWLEDGE_NO_ROOM,   /* the disk is full; ask again */
};

struct acknowledge {
	uint64_t asker; /* the shell's, opaque here */
	struct id alert;
	struct id by; /* token of who says so; not zero (domain 9.1) */
	uint32_t reason;
	enum acknowledge_answer answer;
};

#endif
