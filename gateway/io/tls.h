/* tls.h - TLS for devices: bytes to bytes, no sockets.
 *
 * What:    mutual TLS 1.2 by mbedTLS between two bounded buffers, and the one
 *          gate that turns a certificate into a device (P7).
 * Order:   tls_feed() what came, then tls_handshake() until DONE, then
 *          tls_identity(), then tls_read() until MORE; after every call send
 *          what tls_output() shows, also after FAILED: the alert is in it.
 * Threads: a tls_conn touches nothing but itself and its immutable config, so
 *          tls_handshake() may run on a worker as long as one thread at a time
 *          owns the connection. tls_config_new() and tls_config_renew() may run
 *          anywhere; all else the loop only.
 * Memory:  mbedTLS has two buffers of 17 kB for each connection. With
 *          M_MMAP_THRESHOLD 16384 and M_TOP_PAD 0 untouched pages of them are not
 *          backed: an idle device costs 18 kB resident, listener included
 *          (measured on 2.28). So make one only when the first byte is there.
 * Reload:  a config never changes; make another. A connection holds the one it
 *          began with until tls_conn_free().
 * Time:    `now` is an argument; validity is judged by it, not by the library.
 */
#ifndef IO_TLS_H
#define IO_TLS_H

#include "base/buf.h"
#include "base/time.h"
#include "io/tls_keys.h"
#include "pki/registry.h"

#define TLS_RECORD_MAX 16384 /* RFC 5246 6.2.1 */
#define TLS_FEED_MAX 32768   /* ciphertext held for one connection */

/* Why a peer was refused. Counters and log texts follow this order. */
enum tls_reason {
	TLS_OK,
	TLS_NOT_TLS,
	TLS_OLD_VERSION,
	TLS_NO_COMMON_CIPHER,
	TLS_NO_CERTIFICATE,
	TLS_UNKNOWN_CA,
	TLS_WEAK_CERTIFICATE,
	TLS_LONG_CHAIN,
	TLS_WRONG_PURPOSE,
	TLS_EXPIRED,
	TLS_NOT_YET_VALID,
	TLS_NO_IDENTITY,
	TLS_AMBIGUOUS_IDENTITY,
	TLS_NOT_REGISTERED,
	TLS_REVOKED,
	TLS_PEER_ALERT,
	TLS_PEER_LEFT,
	TLS_PEER_LOOKED, /* at our certificate, as carepace doctor does */
	TLS_MALFORMED,
	TLS_NO_MEMORY,
	TLS_REASON_COUNT,
};

enum tls_event {
	TLS_MORE,   /* needs more ciphertext */
	TLS_DONE,   /* handshake only: over, ask the gate */
	TLS_HEAVY,  /* tls_handshake_step() only: see there */
	TLS_DATA,   /* tls_read() only: plaintext was written */
	TLS_CLOSED, /* the peer said close_notify */
	TLS_FAILED, /* see tls_failure() */
};

struct tls_files {
	const char *ca;   /* one or more certificates, PEM */
	const char *cert; /* the listener's, with its chain, PEM */
	const char *key;  /* EC, mode 0600 */
	const char *registry;
	const struct ticket_keys *tickets; /* copied; NULL: no tickets */
};

/* Who is at the other end, as the registry knows it. */
struct tls_peer {
	struct id device;
	enum pki_kind kind;
	char name[REGISTRY_NAME_MAX + 1];
	wall_ms expires_at; /* of the certificate */
};

struct tls_config;
struct tls_conn;

/* Fails closed: no CA, a key that is not the certificate's or not EC, a key that
 * others may read, a registry with a wrong line: no config. Born held once. */
enum cp_err tls_config_new(
    const struct tls_files *files, struct tls_config **out, struct pki_error *error) CP_MUST_CHECK;
/* The credentials of `base`, and the rest of the files as it is now: a registry must
 * not wait for a certificate that is only half replaced. */
enum cp_err tls_config_renew(struct tls_config *base, const struct tls_files *files,
    struct tls_config **out, struct pki_error *error) CP_MUST_CHECK;
struct tls_config *tls_config_hold(struct tls_config *config);
void tls_config_drop(struct tls_config *config); /* NULL is allowed */
size_t tls_config_device_count(const struct tls_config *config);
wall_ms tls_config_expires_at(const struct tls_config *config); /* of the listener */

/* Of the revocation list that was imported last; 0: none was. */
wall_ms tls_config_crl_next_update(const struct tls_config *config);

/* NULL when there is no memory. Holds at most `out_max_bytes` of ciphertext to be
 * sent; a handshake needs about 4 kB. */
struct tls_conn *tls_conn_new(struct tls_config *config, size_t out_max_bytes);
void tls_conn_free(struct tls_conn *conn);

/* Copies. CP_FULL beyond TLS_FEED_MAX: handshake or read first. */
enum cp_err tls_feed(struct tls_conn *conn, struct slice ciphertext) CP_MUST_CHECK;
enum tls_event tls_handshake(struct tls_conn *conn, wall_ms now);

/* The same, but only what costs microseconds: the hello, a resumption, the end of a
 * handshake. HEAVY: public-key arithmetic comes next, call tls_handshake(). */
enum tls_event tls_handshake_step(struct tls_conn *conn, wall_ms now);
bool tls_was_resumed(const struct tls_conn *conn);
enum tls_event tls_read(struct tls_conn *conn, uint8_t *out, size_t cap, size_t *len_bytes);
enum tls_reason tls_failure(const struct tls_conn *conn);

/* The gate: after every handshake, before the first byte of MQTT, and again for
 * live connections when `config` (which may be a newer one) changed. TLS_OK
 * fills *out; otherwise send the alert by tls_refuse() and close. */
enum tls_reason tls_identity(const struct tls_conn *conn, const struct tls_config *config,
    wall_ms now, struct tls_peer *out) CP_MUST_CHECK;
void tls_refuse(struct tls_conn *conn, enum tls_reason reason);

/* Into as few records as possible; all or nothing. CP_FULL when it does not fit
 * behind what waits to be sent, CP_TLS when the connection is broken. */
enum cp_err tls_write(struct tls_conn *conn, struct slice plain) CP_MUST_CHECK;
void tls_close_notify(struct tls_conn *conn);

/* Ciphertext to be sent; valid until the next call. Then say how much of it left,
 * or take it all: moves it into *out, an empty buf. */
struct slice tls_output(const struct tls_conn *conn);
void tls_output_sent(struct tls_conn *conn, size_t len_bytes);
void tls_output_take(struct tls_conn *conn, struct buf *out);

/* The device that a certificate named, checked or not; zero when none did. For
 * the log line of a refusal, never for a decision. */
const struct id *tls_claim(const struct tls_conn *conn);

/* "unknown_ca" for counters; a sentence that says what to do for people. */
const char *tls_reason_name(enum tls_reason reason);
const char *tls_reason_text(enum tls_reason reason);

#endif
