/* civil_days.h - what concerns a civil day of the site, filed under the day: whoever adds it up
 * (days/counts.h) reads what is of that day, however much else there is.
 *
 * Filed:   emergency stops, appointments, billing lines under their day; certificates and the
 *          stock list under the last day on which something is good.
 * Known:   where head office has never told of appointments or of billing nobody can count
 *          them: since when it does stands under the site, as the first order of its kind.
 */
#ifndef LEDGER_DAYS_CIVIL_DAYS_H
#define LEDGER_DAYS_CIVIL_DAYS_H

#include "care/report/aggregate.h"
#include "ledger/apply.h"

/* For the table in facts.c. */
apply_fn civil_days_stop, civil_days_booking, civil_days_billing, civil_days_cert, civil_days_stock;

/* Of a client whose facts have moved or were forgotten: their
 * appointments are kept by others now, or by nobody in particular. */
void civil_days_touch_client(struct ledger *ledger, int64_t client);

/* Days whose appointments a session may keep or have kept. */
void civil_days_touch_kept(struct ledger *ledger, const struct session *session);

/* --- of one day --------------------------------------------------------------------------- */

uint32_t civil_days_stops(struct ledger *ledger, int32_t day);

/* Cartridges with a billing line that nobody has taken back. */
struct known_count civil_days_billed(struct ledger *ledger, int32_t day);

/* Appointments that nobody came to until an hour after their end. */
struct known_count civil_days_no_shows(struct ledger *ledger, int32_t day);

/* What was on file, or in stock, when the day ended and ends soon. */
struct known_count civil_days_certs_expiring(struct ledger *ledger, int32_t day);
struct known_count civil_days_carts_expiring(struct ledger *ledger, int32_t day);

#endif
