/* tls_keys.h - the keys of TLS tickets, kept across a restart.
 *
 * What:    a device that shows a ticket resumes its session (RFC 5077) for a tenth
 *          of the CPU, also after a restart of the box: the keys are in a file.
 *          Whoever has them reads what was said under their tickets, so the file
 *          has mode 0600 like the listener's key, a key encrypts for an hour, and
 *          it is thrown away when its last ticket has ended.
 * Not:     a right to enter: the gate decides after every handshake (tls.h).
 * Errors:  tickets are an economy. After an error *out has keys all the same, which
 *          a restart will not find; or none, and then there are no tickets.
 */
#ifndef IO_TLS_KEYS_H
#define IO_TLS_KEYS_H

#include "base/id.h"
#include "base/time.h"
#include "pki/error.h"

#define TICKET_LIFETIME_MS MS_PER_HOUR
#define TICKET_KEY_BYTES 32
#define TICKET_KEYS_MAX 2 /* one encrypts, the one before only decrypts */

struct ticket_key {
	struct id name;
	wall_ms made_at;
	uint8_t key[TICKET_KEY_BYTES];
};

/* Newest first. */
struct ticket_keys {
	struct ticket_key keys[TICKET_KEYS_MAX];
	size_t count;
};

/* The keys of the file, and a new one in front when the newest has had its hour; then
 * the file is written. */
enum cp_err ticket_keys_renew(
    const char *path, wall_ms now, struct ticket_keys *out, struct pki_error *error) CP_MUST_CHECK;

/* Whether ticket_keys_renew() would make a key that is made at `now`. */
bool ticket_keys_are_due(const struct ticket_keys *keys, wall_ms now);

#endif
