#include "pki/revocation.h"

#include "base/err.h"

static const char *const names[REVOCATION_COUNT] = {
    [REVOKED_UNSPECIFIED] = "unspecified",
    [REVOKED_KEY_COMPROMISE] = "key-compromise",
    [REVOKED_CA_COMPROMISE] = "ca-compromise",
    [REVOKED_AFFILIATION_CHANGED] = "affiliation-changed",
    [REVOKED_SUPERSEDED] = "superseded",
    [REVOKED_CESSATION_OF_OPERATION] = "cessation-of-operation",
    [REVOKED_CERTIFICATE_HOLD] = "certificate-hold",
    [REVOKED_PRIVILEGE_WITHDRAWN] = "privilege-withdrawn",
    [REVOKED_AA_COMPROMISE] = "aa-compromise",
};

const char *revocation_name(enum revocation reason)
{
	return names[revocation_from_number((int)reason)];
}

bool revocation_from_name(struct slice name, enum revocation *out)
{
	for (size_t i = 0; i < REVOCATION_COUNT; i++)
		if (names[i] && slice_eq_str(name, names[i])) {
			*out = (enum revocation)i;
			return true;
		}
	return false;
}

enum revocation revocation_from_number(int number)
{
	bool is_known = number >= 0 && number < REVOCATION_COUNT && names[number];

	return is_known ? (enum revocation)number : REVOKED_UNSPECIFIED;
}
