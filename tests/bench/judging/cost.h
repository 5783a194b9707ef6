/* cost.h - where the time of a batch goes, told by wrappers around the real functions.
 *
 * Linked with --wrap (tests/bench/CMakeLists.txt): every line of the ledger is the
 * real one, and a clock is read before and after some of its calls.
 */
#ifndef BENCH_JUDGING_COST_H
#define BENCH_JUDGING_COST_H

#include <stdint.h>

struct cost {
	int64_t pure_ns;   /* judges, derivation and verdict: no store is read */
	int64_t judged_ns; /* subjects_judge(): these, their reads and their rows */
	int64_t batch_ns;  /* ledger_apply() but for the commit */
};

/* Of the thread, user and system: other load does not count. */
int64_t cpu_ns(void);

/* Of all that happened since the last call. */
struct cost cost_take(void);

#endif
