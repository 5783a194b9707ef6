/* tls_show.h - certificates in a few words, for the log line that says what a reload changed.
 *
 * What:    what we show and whom we trust, towards devices and towards head office. For head
 *          office also whether the files can be used at all: Paho would say so only when it
 *          connects, and a reload must know before it takes anything.
 * Threads: tls_show_client() may run anywhere; tls_show() the loop only.
 */
#ifndef IO_TLS_SHOW_H
#define IO_TLS_SHOW_H

#include "io/tls.h"

#define TLS_SHOWN_BYTES 128

/* Equal when the certificates are: text by text. Zeroed: none. */
struct tls_shown {
	char certificate[TLS_SHOWN_BYTES]; /* "serial 0A1B, valid until 2027-01-31T12:00:00Z" */
	char ca[TLS_SHOWN_BYTES];          /* "SHA-256 1f2e3d4c5b6a7988" */
};

void tls_show(const struct tls_config *config, struct tls_shown *out);

/* Authority, certificate, key: what is no certificate or no key, or not its key, is CP_CONFIG. */
enum cp_err tls_show_client(
    const struct tls_files *files, struct tls_shown *out, struct pki_error *error) CP_MUST_CHECK;

#endif
