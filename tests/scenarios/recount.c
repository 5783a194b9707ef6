#include "recount.h"

#include "ledger/state.h"
#include "ledger/verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void recount_open(struct recount *recount, struct clinic *clinic, const char *zone_name)
{
	snprintf(recount->folder, sizeof(recount->folder), "%s/scenario-XXXXXX", clinic_place());
	CP_CHECK(mkdtemp(recount->folder));
	snprintf(recount->path, sizeof(recount->path), "%s/store", recount->folder);
	clinic_open_store(clinic, zone_name, recount->path, "1", 0);
	clinic->next_wake = TIME_NEVER;
}

static void say_difference(void *ctx, const char *difference)
{
	clinic_fail(ctx, "the recount differs: %s", difference);
}

void recount_check(const struct recount *recount, struct clinic *clinic)
{
	struct policy policy = policy_default(&clinic->zone);
	struct verify_result result;
	char why[256];

	policy.site = clinic->ledger->config.site;
	if (verify_store(recount->path, &policy, say_difference, clinic, &result, why))
		clinic_fail(clinic, "the recount: %s", why);
}

void recount_close(struct recount *recount, struct clinic *clinic)
{
	static const char *const ends[] = {"", "-wal", "-shm"};

	clinic_close(clinic);
	for (size_t i = 0; i < CP_COUNT(ends); i++) {
		char path[sizeof(recount->path) + 8];
		snprintf(path, sizeof(path), "%s%s", recount->path, ends[i]);
		unlink(path);
	}
	rmdir(recount->folder);
}
