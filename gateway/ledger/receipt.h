/* receipt.h - what a device is told beyond its PUBACK (domain 9.2).
 *
 * A PUBACK says "on disk". Only what it cannot say is said again: kept but not
 * understood (ACK parked), a value not used (NACK range), free text refused
 * (NACK privacy), no room to park (NACK busy). Pure.
 */
#ifndef LEDGER_RECEIPT_H
#define LEDGER_RECEIPT_H

#include "ledger/batch.h"

#define RECEIPT_BYTES_MAX 64

/* A device that lost its connection before it heard asks nobody again: it learns of it
 * the next time, but not when the treatment is long over. */
#define RECEIPT_VALID_MS MS_PER_DAY

/* Packed into `bytes`; empty when there is nothing to say. */
struct slice receipt_of(
    const struct batch_entry *entry, wall_ms now, uint8_t bytes[RECEIPT_BYTES_MAX]);

#endif
