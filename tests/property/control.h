/* control.h - what a negative control does to the ledger.
 *
 * ledger_order is linked three times: as it is, and twice with one function of
 * the gateway wrapped (ld --wrap) so that it breaks a promise. Those two must go
 * red, or the test proves nothing.
 */
#ifndef PROPERTY_CONTROL_H
#define PROPERTY_CONTROL_H

/* A run begins with an empty store: forget what the run before was. */
void control_begin_run(void);

#endif
