/* mutant.h - many broken programs in one; which of them it is, is said at run time.
 *
 * What:   tests/mutation/run writes `a < b` in a copy of the tree as
 *         COMPARED(17, a, <, b, <=). Each operand is still worked out once.
 * Env:    MUTANT=17           the comparison 17 is flipped
 *         MUTANT_SEEN=FILE    no one is; the numbers of those that would have
 *                             decided otherwise are appended to FILE at the end
 */
#ifndef MUTANT_H
#define MUTANT_H

#include <stdbool.h>

#define COMPARED(number, left, operator, right, flipped)                                           \
	({                                                                                         \
		__auto_type left_ = (left);                                                        \
		__auto_type right_ = (right);                                                      \
		mutant_decides(number, left_ operator right_, left_ flipped right_);               \
	})

bool mutant_decides(unsigned number, bool is_so, bool is_flipped);

/* A check whose row of the catalogue is gone. The table is written by tests/mutation/run. */
#define MUTANT_CHECKS 1000 /* beyond the last number of a check */
extern const unsigned mutant_of_check[MUTANT_CHECKS];
bool mutant_removes(int check);

#endif
