/* parked.h - `carepace parked`: what its two files share.
 *
 *     parked.c        arguments, list, show: reads the store
 *     parked_retry.c  asks the running daemon; without one does it itself, holding the
 *                     folder's lock as the daemon would
 */
#ifndef CLI_PARKED_H
#define CLI_PARKED_H

#include "cli/source.h"
#include "ledger/view/parked.h"

enum parked_what {
	PARKED_NOTHING,
	PARKED_LIST,
	PARKED_SHOW,
	PARKED_RETRY
};

struct parked_request {
	struct cli_options options;
	enum parked_what what;
	char hash[ID_HEX_LEN + 1]; /* first digits; "": all */
};

int parked_retry_by_person(struct cli_source *source, const struct parked_request *request);

#endif
