/* restored.h - what the daemon does about a restore when it starts: finishes it, and says so. */
#ifndef SHELL_RESTORED_H
#define SHELL_RESTORED_H

#include "base/err.h"
#include "ledger/ledger.h"

/* Before the box's key and the store are read; the folder's lock is held. Logs. */
enum cp_err restored_settle(const char *folder) CP_MUST_CHECK;

/* Once, after the store was opened. */
void restored_say(const struct ledger *ledger);

#endif
