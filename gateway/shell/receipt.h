/* receipt.h - what a device is told beyond its PUBACK (domain 9.2).
 *
 * A PUBACK says "on disk". Only what it cannot say is said again: kept but not
 * understood (ACK parked), a value not used (NACK range), free text refused
 * (NACK privacy), no room to park (NACK busy). Pure.
 */
#ifndef SHELL_RECEIPT_H
#define SHELL_RECEIPT_H

#include "ledger/batch.h"

#define RECEIPT_BYTES_MAX 64
#define RECEIPT_VALID_MS (30 * MS_PER_SECOND)

/* Packed into `bytes`; empty when there is nothing to say. */
struct slice receipt_of(
    const struct batch_entry *entry, wall_ms now, uint8_t bytes[RECEIPT_BYTES_MAX]);

#endif
