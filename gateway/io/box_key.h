/* box_key.h - the box's own secret, made at its first start.
 *
 * What:   32 random bytes in a file of mode 0600 beside the store, not in it: who has a copy
 *         of the store alone cannot tell whether a token is one of those that were forgotten
 *         (domain 5). It never changes and goes nowhere but into backups (ledger/backup.h).
 * Errors: a file that is not a key is refused, never overwritten: with another key, late
 *         messages of clients who were forgotten would not be known again.
 */
#ifndef IO_BOX_KEY_H
#define IO_BOX_KEY_H

#include "base/hash.h"
#include "pki/error.h"

#define BOX_KEY_FILE_NAME "box.key" /* in the folder store.path */

enum cp_err box_key_load(
    const char *folder, uint8_t key[HASH_BYTES], struct pki_error *error) CP_MUST_CHECK;

/* The same, but none is made: CP_NOTFOUND. */
enum cp_err box_key_read(
    const char *folder, uint8_t key[HASH_BYTES], struct pki_error *error) CP_MUST_CHECK;

/* That of a backup, into the folder of a store that is made of it. Durable. */
enum cp_err box_key_save(
    const char *folder, const uint8_t key[HASH_BYTES], struct pki_error *error) CP_MUST_CHECK;

#endif
