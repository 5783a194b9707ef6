/* revocation.h - why a certificate was revoked. Pure.
 *
 * What:    the reasons of RFC 5280 5.3.1 by their numbers there, and their words
 *          in the registry and on the command line.
 */
#ifndef PKI_REVOCATION_H
#define PKI_REVOCATION_H

#include "base/slice.h"

enum revocation {
	REVOKED_UNSPECIFIED = 0,
	REVOKED_KEY_COMPROMISE = 1,
	REVOKED_CA_COMPROMISE = 2,
	REVOKED_AFFILIATION_CHANGED = 3,
	REVOKED_SUPERSEDED = 4,
	REVOKED_CESSATION_OF_OPERATION = 5,
	REVOKED_CERTIFICATE_HOLD = 6,
	REVOKED_PRIVILEGE_WITHDRAWN = 9,
	REVOKED_AA_COMPROMISE = 10,
	REVOCATION_COUNT,
};

/* "key-compromise". A number without a word (7, 8) is unspecified. */
const char *revocation_name(enum revocation reason);

/* False when there is no such word. */
bool revocation_from_name(struct slice name, enum revocation *out);

/* Of the number that a CRL has; what we do not know is unspecified. */
enum revocation revocation_from_number(int number);

#endif
