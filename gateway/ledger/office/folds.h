/* folds.h - a storm of alerts goes to head office as one.
 *
 * What:    of one check on one civil day of a device FOLD_ALONE_MAX alerts go up each on its
 *          own; those that come after them are told of together, in one alert about the
 *          device and that day, with their count. Which way an alert goes is decided when
 *          it is put first, and stays. People here see all of them.
 * Promise: P6: what one device can send to head office in a day is bounded.
 */
#ifndef LEDGER_OFFICE_FOLDS_H
#define LEDGER_OFFICE_FOLDS_H

#include "care/alert.h"
#include "ledger/state.h"

/* A busy device has some fifteen sessions a day: more alerts of one check than one for each
 * of them are a storm, and nobody reads them one by one. */
#define FOLD_ALONE_MAX 20

/* Into the outbox, alone or with its fold. That of a test stays here (R22), but for one that was
 * told before its session turned out to be a test: head office reads of it as taken back. */
void folds_put_alert(struct ledger *ledger, const struct alert *alert);

/* All that were ever told. */
void folds_offer_all(struct ledger *ledger);

#endif
