#include "cost.h"

#include "care/judge.h"
#include "care/verdict.h"
#include "ledger/judging/subjects.h"

#include <time.h>

static struct cost cost;

int64_t cpu_ns(void)
{
	struct timespec used;

	CP_CHECK(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used) == 0);
	return used.tv_sec * INT64_C(1000000000) + used.tv_nsec;
}

struct cost cost_take(void)
{
	struct cost taken = cost;

	cost = (struct cost){0};
	return taken;
}

/* A function of the judges, with and without a result. */
#define PURE(name, parameters, arguments)                                                          \
	void __real_##name parameters;                                                             \
	void __wrap_##name parameters;                                                             \
	void __wrap_##name parameters                                                              \
	{                                                                                          \
		int64_t from = cpu_ns();                                                           \
		__real_##name arguments;                                                           \
		cost.pure_ns += cpu_ns() - from;                                                   \
	}

#define JUDGE(name, type)                                                                          \
	PURE(name,                                                                                 \
	    (type * history, const struct policy *policy, wall_ms now, struct timeline *timeline), \
	    (history, policy, now, timeline))

JUDGE(judge_session, const struct session_history)
JUDGE(judge_client, struct client_history)
JUDGE(judge_cartridge, const struct cartridge_history)
JUDGE(judge_device, const struct device_history)
PURE(derive_session, (struct session_history * history, const struct policy *policy, wall_ms now),
    (history, policy, now))
PURE(derive_from_scene, (struct session_history * history), (history))
PURE(derive_tips, (struct session_history * history), (history))

struct verdict __real_verdict_of(const struct alert *alerts, size_t count);
struct verdict __wrap_verdict_of(const struct alert *alerts, size_t count);
struct verdict __wrap_verdict_of(const struct alert *alerts, size_t count)
{
	int64_t from = cpu_ns();
	struct verdict verdict = __real_verdict_of(alerts, count);

	cost.pure_ns += cpu_ns() - from;
	return verdict;
}

void __real_subjects_judge(struct ledger *ledger);
void __wrap_subjects_judge(struct ledger *ledger);
void __wrap_subjects_judge(struct ledger *ledger)
{
	int64_t from = cpu_ns();

	__real_subjects_judge(ledger);
	cost.judged_ns += cpu_ns() - from;
}

void __real_db_commit(struct db *db);
void __wrap_db_commit(struct db *db);
void __wrap_db_commit(struct db *db)
{
	int64_t from = cpu_ns();

	__real_db_commit(db);
	cost.batch_ns -= cpu_ns() - from;
}

enum cp_err __real_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now);
enum cp_err __wrap_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now);
enum cp_err __wrap_ledger_apply(struct ledger *ledger, struct batch *batch, wall_ms now)
{
	int64_t from = cpu_ns();
	enum cp_err err = __real_ledger_apply(ledger, batch, now);

	cost.batch_ns += cpu_ns() - from;
	return err;
}
