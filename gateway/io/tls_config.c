#include "io/tls_state.h"

#include <mbedtls/platform_util.h>
#include <stdlib.h>

static const int ciphersuites[] = {
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    COMPAT_TLS13_SUITES 0,
};

/* EC and SHA-2 only: Debian 12's RSA lacks a timing fix (reliability, finding 12). */
static const mbedtls_x509_crt_profile profile = {
    .allowed_mds = MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA256) |
                   MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA384) |
                   MBEDTLS_X509_ID_FLAG(MBEDTLS_MD_SHA512),
    .allowed_pks = MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECKEY) | MBEDTLS_X509_ID_FLAG(MBEDTLS_PK_ECDSA),
    .allowed_curves = MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP256R1) |
                      MBEDTLS_X509_ID_FLAG(MBEDTLS_ECP_DP_SECP384R1),
};

static enum cp_err set_up(struct tls_config *config, struct pki_error *error)
{
	struct tls_credentials *credentials = config->credentials;
	mbedtls_ssl_config *ssl = &config->ssl;
	int rc = mbedtls_ssl_config_defaults(
	    ssl, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);

	if (rc == 0)
		rc = mbedtls_ssl_conf_own_cert(ssl, &credentials->cert, &credentials->key);
	if (rc || !compat_start())
		return pki_fail(error, CP_NOMEM, "no memory for TLS");

	compat_restrict(ssl);
	mbedtls_ssl_conf_ciphersuites(ssl, ciphersuites);
	mbedtls_ssl_conf_cert_profile(ssl, &profile);
	mbedtls_ssl_conf_authmode(ssl, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ca_chain(ssl, &credentials->ca, NULL);
	mbedtls_ssl_conf_renegotiation(ssl, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	mbedtls_ssl_conf_rng(ssl, rng_mbedtls, NULL);
	tls_ticket_set_up(config);
	return CP_OK;
}

/* Takes the credentials, also on an error. */
static enum cp_err make(struct tls_credentials *credentials, const struct tls_files *files,
    struct tls_config **out, struct pki_error *error)
{
	struct tls_config *config = calloc(1, sizeof(*config));

	if (!config) {
		tls_credentials_drop(credentials);
		return pki_fail(error, CP_NOMEM, "no memory for TLS");
	}
	config->holders = 1;
	config->credentials = credentials;
	mbedtls_ssl_config_init(&config->ssl);
	if (files->tickets)
		config->tickets = *files->tickets;
	enum cp_err err = registry_load(files->registry, &config->registry, error);
	if (!err)
		err = set_up(config, error);
	if (err)
		tls_config_drop(config);
	else
		*out = config;
	return err;
}

enum cp_err tls_config_new(
    const struct tls_files *files, struct tls_config **out, struct pki_error *error)
{
	struct tls_credentials *credentials;
	enum cp_err err = tls_credentials_load(files, &credentials, error);

	*out = NULL;
	return err ? err : make(credentials, files, out, error);
}

enum cp_err tls_config_renew(struct tls_config *base, const struct tls_files *files,
    struct tls_config **out, struct pki_error *error)
{
	*out = NULL;
	return make(tls_credentials_hold(base->credentials), files, out, error);
}

struct tls_config *tls_config_hold(struct tls_config *config)
{
	config->holders++;
	return config;
}

void tls_config_drop(struct tls_config *config)
{
	if (!config)
		return;
	CP_CHECK(config->holders > 0);
	if (--config->holders > 0)
		return;
	mbedtls_ssl_config_free(&config->ssl);
	tls_credentials_drop(config->credentials);
	registry_free(config->registry);
	mbedtls_platform_zeroize(&config->tickets, sizeof(config->tickets));
	free(config);
}

size_t tls_config_device_count(const struct tls_config *config)
{
	return registry_count(config->registry);
}

wall_ms tls_config_crl_next_update(const struct tls_config *config)
{
	const struct registry_crl *crl = registry_crl(config->registry);

	return crl ? crl->next_update : 0;
}

wall_ms tls_config_expires_at(const struct tls_config *config)
{
	return config->credentials->expires_at;
}
