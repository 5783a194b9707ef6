#include "ledger/store/kept_sessions.h"

#include <stdlib.h>

void kept_sessions_init(struct kept_sessions *kept)
{
	kept->slots = calloc(KEPT_SESSIONS, sizeof(*kept->slots));
}

void kept_sessions_deinit(struct kept_sessions *kept)
{
	free(kept->slots);
	*kept = (struct kept_sessions){0};
}

static struct session *slot_of(const struct kept_sessions *kept, int64_t no)
{
	return &kept->slots[(uint64_t)no % KEPT_SESSIONS];
}

const struct session *kept_sessions_get(const struct kept_sessions *kept, int64_t no)
{
	const struct session *slot = kept->slots ? slot_of(kept, no) : NULL;

	return slot && slot->no == no ? slot : NULL;
}

void kept_sessions_put(struct kept_sessions *kept, const struct session *session)
{
	if (kept->slots)
		*slot_of(kept, session->no) = *session;
}

void kept_sessions_forget(struct kept_sessions *kept, int64_t no)
{
	if (kept_sessions_get(kept, no))
		slot_of(kept, no)->no = 0;
}
