/* A ticket, and what it is worth:
 *
 *   name 16 | nonce 12 | AES-256-GCM( issued at 8 | session ) | tag 16
 *
 * The session is mbedTLS's, with the device's certificate in it; the gate reads the
 * identity there as after a full handshake. The key's name and the hash of our
 * authorities are authenticated with it: under another authority it is worth nothing.
 *
 * Whatever is wrong with a ticket, it is as if none had been shown: a full handshake
 * follows. TLS 1.3 has none: its session would not carry the certificate.
 */
#include "io/tls_state.h"

#include <mbedtls/gcm.h>

#ifndef MBEDTLS_SSL_KEEP_PEER_CERTIFICATE
#error "a ticket without the device's certificate would have no identity"
#endif

#define NAME_BYTES sizeof(struct id)
#define NONCE_BYTES 12
#define TIME_BYTES sizeof(wall_ms)
#define TAG_BYTES 16
#define HEAD_BYTES (NAME_BYTES + NONCE_BYTES)

/* The library gives the callbacks the configuration and not the connection (2.28),
 * so the time of the step is left here by whoever makes it. */
static _Thread_local wall_ms step_now;

void tls_ticket_set_now(wall_ms now)
{
	step_now = now;
}

struct associated {
	struct id name;
	uint8_t authorities[HASH_BYTES];
};

static struct associated associated_of(
    const struct tls_config *config, const struct ticket_key *key)
{
	struct associated out = {.name = key->name};

	memcpy(out.authorities, config->credentials->ca_sha256, HASH_BYTES);
	return out;
}

/* `plain` becomes ciphertext with its tag behind it. */
static int encrypt(
    const struct tls_config *config, const uint8_t *nonce, uint8_t *plain, size_t len_bytes)
{
	const struct ticket_key *key = &config->tickets.keys[0];
	struct associated associated = associated_of(config, key);
	mbedtls_gcm_context gcm;

	mbedtls_gcm_init(&gcm);
	int rc = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key->key, 8 * TICKET_KEY_BYTES);
	if (rc == 0)
		rc = mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, len_bytes, nonce,
		    NONCE_BYTES, (const unsigned char *)&associated, sizeof(associated), plain,
		    plain, TAG_BYTES, plain + len_bytes);
	mbedtls_gcm_free(&gcm);
	return rc;
}

static int decrypt(const struct tls_config *config, const struct ticket_key *key,
    const uint8_t *nonce, uint8_t *cipher, size_t len_bytes)
{
	struct associated associated = associated_of(config, key);
	mbedtls_gcm_context gcm;

	mbedtls_gcm_init(&gcm);
	int rc = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, key->key, 8 * TICKET_KEY_BYTES);
	if (rc == 0)
		rc = mbedtls_gcm_auth_decrypt(&gcm, len_bytes, nonce, NONCE_BYTES,
		    (const unsigned char *)&associated, sizeof(associated), cipher + len_bytes,
		    TAG_BYTES, cipher, cipher);
	mbedtls_gcm_free(&gcm);
	return rc;
}

static int write_ticket(void *context, const mbedtls_ssl_session *session, unsigned char *start,
    const unsigned char *end, size_t *len_bytes, uint32_t *lifetime_s)
{
	const struct tls_config *config = context;
	size_t room = (size_t)(end - start);
	uint8_t *plain = start + HEAD_BYTES;
	size_t session_len;

	if (room < HEAD_BYTES + TIME_BYTES + TAG_BYTES)
		return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
	memcpy(start, &config->tickets.keys[0].name, NAME_BYTES);
	int rc = rng_mbedtls(NULL, start + NAME_BYTES, NONCE_BYTES);
	memcpy(plain, &step_now, TIME_BYTES);
	if (rc == 0)
		rc = mbedtls_ssl_session_save(session, plain + TIME_BYTES,
		    room - HEAD_BYTES - TIME_BYTES - TAG_BYTES, &session_len);
	if (rc == 0)
		rc = encrypt(config, start + NAME_BYTES, plain, TIME_BYTES + session_len);
	if (rc)
		return rc;
	*len_bytes = HEAD_BYTES + TIME_BYTES + session_len + TAG_BYTES;
	*lifetime_s = TICKET_LIFETIME_MS / MS_PER_SECOND;
	return 0;
}

static const struct ticket_key *key_of(const struct tls_config *config, const uint8_t *name)
{
	for (size_t i = 0; i < config->tickets.count; i++)
		if (memcmp(&config->tickets.keys[i].name, name, NAME_BYTES) == 0)
			return &config->tickets.keys[i];
	return NULL;
}

static int parse_ticket(
    void *context, mbedtls_ssl_session *session, unsigned char *ticket, size_t len_bytes)
{
	const struct tls_config *config = context;
	wall_ms issued_at;

	if (len_bytes < HEAD_BYTES + TIME_BYTES + TAG_BYTES)
		return MBEDTLS_ERR_SSL_INVALID_MAC;
	const struct ticket_key *key = key_of(config, ticket);
	uint8_t *plain = ticket + HEAD_BYTES;
	size_t plain_len = len_bytes - HEAD_BYTES - TAG_BYTES;
	if (!key || decrypt(config, key, ticket + NAME_BYTES, plain, plain_len))
		return MBEDTLS_ERR_SSL_INVALID_MAC;

	memcpy(&issued_at, plain, TIME_BYTES);
	if (issued_at > step_now || step_now - issued_at >= TICKET_LIFETIME_MS)
		return MBEDTLS_ERR_SSL_SESSION_TICKET_EXPIRED;
	return mbedtls_ssl_session_load(session, plain + TIME_BYTES, plain_len - TIME_BYTES);
}

void tls_ticket_set_up(struct tls_config *config)
{
	if (config->tickets.count > 0)
		mbedtls_ssl_conf_session_tickets_cb(
		    &config->ssl, write_ticket, parse_ticket, config);
}
