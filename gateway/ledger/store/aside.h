/* aside.h - a store that is damaged makes room for a new one (DESIGN section 6: with an epoch of
 * its own).
 *
 * What:    its files get other names, "<store>.damaged-<when>" and the same with -wal, so that
 *          SQLite's own tools find them as a pair. Nothing is deleted but the index of the log,
 *          which is made of it.
 * Found:   by the first words of an open, which read the header, the size and the schema; and,
 *          where something is damaged further within, by whoever comes upon it: then the whole
 *          is checked at the next open.
 */
#ifndef LEDGER_STORE_ASIDE_H
#define LEDGER_STORE_ASIDE_H

#include "ledger/state.h"

#define ASIDE_NAME_BYTES 512

/* Durably. `to` has the new name; on an error `why` what fails. */
enum cp_err aside_put(const char *path, wall_ms now, char to[ASIDE_NAME_BYTES], char *why,
    size_t why_bytes) CP_MUST_CHECK;

/* There is a log, and the store that it belongs to is gone or empty: SQLite would delete it. */
bool aside_is_log_alone(const char *path);

/* Something was damaged: the next open checks the whole. */
void aside_ask_check(const char *path);
bool aside_is_check_asked(const char *path);
void aside_check_done(const char *path);

#endif
