/* first_checks.h - a policy of the clinic that leaves INTERVAL_TOO_SOON,
 * INTERVAL_OVERDUE and CART_REUSE on: for tests that look at how findings are stored
 * and told, not at which there are. */
#ifndef UNIT_FIRST_CHECKS_H
#define UNIT_FIRST_CHECKS_H

#include "ledger/ledger.h"

static inline const struct ledger_own *first_checks(void)
{
	static Carepace__V1__Check off[128];
	static Carepace__V1__Policy policy = CAREPACE__V1__POLICY__INIT;
	static const struct ledger_own own = {
	    .kind = READING_POLICY, .key = "own/policy", .body = &policy.base};
	const ProtobufCEnumDescriptor *checks = &carepace__v1__check__descriptor;

	policy.n_off = 0;
	policy.off = off;
	for (unsigned i = 0; i < checks->n_values; i++) {
		int check = checks->values[i].value;
		if (check != CAREPACE__V1__CHECK__CHECK_UNSPECIFIED &&
		    check != CAREPACE__V1__CHECK__INTERVAL_TOO_SOON &&
		    check != CAREPACE__V1__CHECK__INTERVAL_OVERDUE &&
		    check != CAREPACE__V1__CHECK__CART_REUSE)
			off[policy.n_off++] = (Carepace__V1__Check)check;
	}
	return &own;
}

#endif
