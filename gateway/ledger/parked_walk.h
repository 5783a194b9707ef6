/* parked_walk.h - where the trying of parked messages stands (ledger/parked.h). */
#ifndef LEDGER_PARKED_WALK_H
#define LEDGER_PARKED_WALK_H

#include "base/id.h"

#include <stdbool.h>
#include <stdint.h>

struct parked_walk {
	bool is_under_way;
	bool is_upgrade; /* all of them, because the program is another one */
	int64_t source;  /* the last one tried */
	struct id hash;
	char wanted[ID_HEX_LEN + 1]; /* first digits of the hash; "": all */
};

#endif
