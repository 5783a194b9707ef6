/* tls_state.h - what the files of the TLS adapter share; nobody else's business. */
#ifndef IO_TLS_STATE_H
#define IO_TLS_STATE_H

#include "io/tls.h"
#include "io/tls_compat.h"

#include <stdatomic.h>

/* What we show and whom we trust: shared by a config and those renewed from it. */
struct tls_credentials {
	mbedtls_x509_crt ca;
	mbedtls_x509_crt cert;
	mbedtls_pk_context key;
	uint8_t ca_sha256[HASH_BYTES];
	wall_ms expires_at;
	atomic_uint holders; /* a config may be renewed by another thread */
};

struct tls_config {
	mbedtls_ssl_config ssl;
	struct tls_credentials *credentials;
	struct registry *registry;
	struct ticket_keys tickets;
	unsigned holders; /* the loop's, see the header */
};

struct tls_conn {
	mbedtls_ssl_context ssl;
	struct tls_config *config;
	struct buf in;
	struct buf out;
	struct id claim;
	wall_ms now; /* of the handshake step that is running */
	enum tls_reason reason;
	bool has_begun;
	bool was_resumed;
	bool is_open;
};

enum cp_err tls_credentials_load(const struct tls_files *files, struct tls_credentials **out,
    struct pki_error *error) CP_MUST_CHECK;
enum cp_err tls_credentials_load_client(const struct tls_files *files, struct tls_credentials **out,
    struct pki_error *error) CP_MUST_CHECK;
struct tls_credentials *tls_credentials_hold(struct tls_credentials *credentials);
void tls_credentials_drop(struct tls_credentials *credentials);

/* Of the calls into the library that this thread makes next. */
void tls_ticket_set_now(wall_ms now);
void tls_ticket_set_up(struct tls_config *config);

/* The one URI of our scheme: TLS_OK, TLS_NO_IDENTITY or TLS_AMBIGUOUS_IDENTITY. */
enum tls_reason tls_device_of(const mbedtls_x509_crt *cert, struct id *out);

/* What an error of the handshake means; `flags` are mbedTLS's verify result. */
enum tls_reason tls_reason_of(int rc, uint32_t flags);

/* Validity by our clock instead of the library's, and the length of the chain;
 * `context` is the struct tls_conn. */
int tls_verify(void *context, mbedtls_x509_crt *cert, int depth, uint32_t *flags);

#endif
