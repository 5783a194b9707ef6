/* downs.h - messages for devices, packed into the batch that causes them. */
#ifndef LEDGER_DOWNS_H
#define LEDGER_DOWNS_H

#include "care/outlook.h"
#include "care/session.h"
#include "care/verdict.h"
#include "ledger/store/journal.h"

/* How often a device shall send HEARTBEAT (domain 9.1). */
#define HEARTBEAT_S 30

/* Its clock is off (R18). */
void downs_set_time(struct ledger *ledger, const struct id *device);

void downs_hello_ack(struct ledger *ledger, const struct reading *reading);

/* What the device that waits for the entry's answer is told beyond its PUBACK. */
void downs_receipt(struct ledger *ledger, const struct batch_entry *entry);

/* The Verdict message with rev 0: equal bytes are an equal answer. Empty when
 * out of memory (db.err is set). */
struct slice downs_pack_verdict(
    struct ledger *ledger, const struct id *sid, const struct verdict *verdict);

/* A packed verdict goes, as revision `rev`, to its device and to the site's tablets (R19). */
void downs_verdict(
    struct ledger *ledger, const struct id *device, struct slice packed, uint32_t rev);

/* A device is out of use, or is not any more; and why it is or was (enum check). */
void downs_quarantine(struct ledger *ledger, const struct id *device, bool is_on, int64_t reason);

/* From when on a client may be treated again, to the device and to the site's tablets; the
 * day may be told until a moment. */
void downs_show_next_allowed(struct ledger *ledger, const struct session *session,
    const struct zones_outlook *outlook, wall_ms until);

/* Something came up in the session, or is over: worth as long as a verdict. */
void downs_advise(struct ledger *ledger, const struct session *session, enum check check,
    enum severity severity, bool is_on);
void downs_request_stop(struct ledger *ledger, const struct session *session, enum check check);

#endif
