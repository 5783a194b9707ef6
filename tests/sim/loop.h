/* loop.h - of libuv's loop what shell/intake needs, in virtual time; by --wrap. */
#ifndef SIM_LOOP_H
#define SIM_LOOP_H

/* Timers that are due, then the end of the turn. */
void loop_turn(void);

#endif
