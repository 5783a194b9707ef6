#include "shell/pulse.h"

bool pulse_ask(struct pulse *pulse, struct mailbox *mailbox)
{
	if (atomic_load(&pulse->is_asked))
		return false;
	/* Before it is posted: the answer may come at once. */
	atomic_store(&pulse->is_asked, true);
	if (!mailbox_post(mailbox, &pulse->mail))
		atomic_store(&pulse->is_asked, false);
	return true;
}

void pulse_answer(struct pulse *pulse)
{
	atomic_store(&pulse->is_asked, false);
}
