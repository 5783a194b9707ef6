/* date.h - wall_ms as text: in the registry, for people, in certificates.
 *
 * What:    "2026-08-29T12:00:00Z" and back. UTC, whole seconds. Pure.
 */
#ifndef PKI_DATE_H
#define PKI_DATE_H

#include "base/slice.h"
#include "base/time.h"

#define DATE_TEXT_LEN 20 /* 2026-08-29T12:00:00Z */
#define DATE_X509_LEN 14 /* 20260829120000 */

/* Both write a NUL and answer `out`. Years outside 1970 to 9999 are clamped. */
const char *date_text(wall_ms at, char out[DATE_TEXT_LEN + 1]);
const char *date_x509(wall_ms at, char out[DATE_X509_LEN + 1]);

/* False unless exactly the form above and a day that exists. */
bool date_parse(struct slice text, wall_ms *out);

/* Month 1 to 12, day 1 to 31; the caller has checked them. Before 1970 is 1970, so that
 * what is written reads the same. */
wall_ms date_from_parts(int year, int month, int day, int hour, int minute, int second);

#endif
