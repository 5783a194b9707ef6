/* pulse.h - whether a thread still reads its mail.
 *
 * What:    a question that is posted to a thread's mailbox and counts as answered when
 *          the thread has read it: a thread that hangs in its work does not.
 * Use:     the thread calls pulse_answer() when `mail` is what it read; whoever watches
 *          calls pulse_ask() now and then.
 * Threads: one asks, one answers.
 * Memory:  the owner's, as long as its mailbox is open.
 */
#ifndef SHELL_PULSE_H
#define SHELL_PULSE_H

#include <stdatomic.h>

#include "io/mailbox.h"

struct pulse {
	struct mail mail;
	atomic_bool is_asked;
};

/* Asks again when the last question was answered, and true then. A mailbox that is
 * closed counts as an answer: its thread ends. */
bool pulse_ask(struct pulse *pulse, struct mailbox *mailbox);

void pulse_answer(struct pulse *pulse);

#endif
