/* For test_poison.py: a gateway whose judge ends the program over one client, the
 * one whose sessions hold a sid that begins with POISON, as a bug in it would. */
#include "care/judge.h"

#include <stdlib.h>

static const uint8_t poison[] = {0xde, 0xad, 0xbe, 0xef};

void __real_judge_client(struct client_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline);
void __wrap_judge_client(struct client_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline);

void __wrap_judge_client(struct client_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline)
{
	for (size_t i = 0; i < history->session_count; i++)
		if (memcmp(history->sessions[i].sid.b, poison, sizeof(poison)) == 0)
			abort();
	__real_judge_client(history, policy, now, timeline);
}
