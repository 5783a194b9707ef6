/* fail.h - how a measurement ends that is not one: says why, status 1.
 *
 * A benchmark has nobody to recover for; a figure from a run that lost something
 * would be worse than none.
 */
#ifndef BENCH_FAIL_H
#define BENCH_FAIL_H

#include "base/err.h"

_Noreturn void fail(const char *format, ...) CP_PRINTF(1, 2);

#endif
