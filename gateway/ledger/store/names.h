/* names.h - local numbers for the long names: sources, tokens, cartridges. */
#ifndef LEDGER_STORE_NAMES_H
#define LEDGER_STORE_NAMES_H

#include "ledger/state.h"

/* Never NULL unless db.err is set; made on first sight. */
struct source_state *names_source(struct ledger *ledger, const struct id *id);

/* Of a device that others speak of, and that need not have said anything. */
int64_t names_device(struct ledger *ledger, const struct id *id);

/* 0 for an absent (zero) token. Made on first sight; of a client who was forgotten the
 * number that is left of them (ledger/forgets.h). */
int64_t names_client(struct ledger *ledger, const struct id *token);
bool names_token(struct ledger *ledger, int64_t client, struct id *token); /* false: forgotten */
int64_t names_operator(struct ledger *ledger, const struct id *token);

/* What has neither token nor table: a sid, a case, a lot. Made on first sight. */
int64_t names_other(struct ledger *ledger, enum subject_kind kind, struct slice key);

/* 0: nobody spoke of it. */
int64_t names_known(struct ledger *ledger, enum subject_kind kind, struct slice key);

int64_t names_cartridge(struct ledger *ledger, const char *gtin, const char *serial);

#endif
