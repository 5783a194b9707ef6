/* threads.h - the program's threads and mailboxes, in one thread and virtual time.
 *
 * What:    each thread that the gateway starts is a fiber: it runs when it is told to, until it
 *          waits at its mailbox. io/mailbox.h without locks; pthread_create and
 *          pthread_join by --wrap.
 * Names:   in the order in which they were made: the ledger's is the first, so is its mailbox to
 *          the loop.
 */
#ifndef SIM_THREADS_H
#define SIM_THREADS_H

#include <stdbool.h>
#include <stddef.h>

enum thread_name {
	THREAD_LEDGER,
	THREAD_UPSTREAM,
	THREAD_NAMES
};

/* False: there is none, or nothing that it waits for has come. */
bool thread_run(enum thread_name name);

/* What was posted to the loop, to the mailbox that belongs to the thread. */
bool thread_hear(enum thread_name name);

/* Gives back what all have used. */
void threads_free(void);

#endif
