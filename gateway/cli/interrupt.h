/* interrupt.h - somebody wants a long work to stop, which has something to tidy up first.
 *
 * What:    SIGINT, SIGTERM and SIGHUP wait from interrupt_hold() on; interrupt_came() looks.
 *          interrupt_release() lets them do what they do.
 * Threads: of a process with one.
 */
#ifndef CLI_INTERRUPT_H
#define CLI_INTERRUPT_H

#include <stdbool.h>

void interrupt_hold(void);
bool interrupt_came(void);
void interrupt_release(void);

#endif
