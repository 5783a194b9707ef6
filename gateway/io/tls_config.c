#include "io/tls_state.h"

#include "pki/file.h"

#include <mbedtls/error.h>
#include <mbedtls/platform_util.h>
#include <stdlib.h>

#define PEM_FILE_MAX_BYTES 262144

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

static enum cp_err parse_certs(const char *path, mbedtls_x509_crt *out, struct pki_error *error)
{
	struct buf pem;
	enum cp_err err = file_read(path, PEM_FILE_MAX_BYTES, &pem, error);

	if (err)
		return err;
	/* The NUL behind the text is counted: that is how mbedTLS knows PEM. A
	 * positive answer is the number of certificates that it could not read. */
	int rc = mbedtls_x509_crt_parse(out, pem.p, buf_bytes(&pem).len + 1);
	if (rc)
		err = pki_fail(error, CP_CONFIG, "%s must hold certificates in PEM form", path);
	buf_deinit(&pem);
	return err;
}

static enum cp_err parse_key(const char *path, mbedtls_pk_context *out, struct pki_error *error)
{
	struct buf pem;
	enum cp_err err = file_check_secret(path, error);

	if (!err)
		err = file_read(path, PEM_FILE_MAX_BYTES, &pem, error);
	if (err)
		return err;
	if (compat_parse_key(out, pem.p, buf_bytes(&pem).len + 1))
		err = pki_fail(error, CP_CONFIG, "%s must hold a private key in PEM form", path);
	else if (!mbedtls_pk_can_do(out, MBEDTLS_PK_ECDSA))
		err = pki_fail(error, CP_CONFIG, "%s must be an EC key (P-256 or P-384)", path);
	mbedtls_platform_zeroize(pem.p, pem.cap);
	buf_deinit(&pem);
	return err;
}

static enum cp_err load_files(
    struct tls_config *config, const struct tls_files *files, struct pki_error *error)
{
	enum cp_err err = parse_certs(files->ca, &config->ca, error);

	if (!err)
		err = parse_certs(files->cert, &config->cert, error);
	if (!err)
		err = parse_key(files->key, &config->key, error);
	if (!err)
		err = registry_load(files->registry, &config->registry, error);
	if (err)
		return err;

	for (const mbedtls_x509_crt *ca = &config->ca; ca; ca = ca->next)
		if (!compat_is_ca(ca))
			return pki_fail(error, CP_CONFIG,
			    "%s holds a certificate that is not an authority's", files->ca);
	if (compat_check_pair(&config->cert.pk, &config->key))
		return pki_fail(error, CP_CONFIG, "%s is not the key of the certificate %s",
		    files->key, files->cert);
	config->expires_at = tls_time_of(&config->cert.valid_to);
	return CP_OK;
}

static enum cp_err set_up(struct tls_config *config, struct pki_error *error)
{
	mbedtls_ssl_config *ssl = &config->ssl;
	int rc = mbedtls_ssl_config_defaults(
	    ssl, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);

	if (rc == 0)
		rc = mbedtls_ssl_conf_own_cert(ssl, &config->cert, &config->key);
	if (rc || !compat_start())
		return pki_fail(error, CP_NOMEM, "no memory for TLS");

	compat_restrict(ssl);
	mbedtls_ssl_conf_ciphersuites(ssl, ciphersuites);
	mbedtls_ssl_conf_cert_profile(ssl, &profile);
	mbedtls_ssl_conf_authmode(ssl, MBEDTLS_SSL_VERIFY_REQUIRED);
	mbedtls_ssl_conf_ca_chain(ssl, &config->ca, NULL);
	mbedtls_ssl_conf_renegotiation(ssl, MBEDTLS_SSL_RENEGOTIATION_DISABLED);
	mbedtls_ssl_conf_rng(ssl, rng_mbedtls, NULL);
	return CP_OK;
}

enum cp_err tls_config_new(
    const struct tls_files *files, struct tls_config **out, struct pki_error *error)
{
	struct tls_config *config = calloc(1, sizeof(*config));

	*out = NULL;
	if (!config)
		return pki_fail(error, CP_NOMEM, "no memory for TLS");
	config->holders = 1;
	mbedtls_ssl_config_init(&config->ssl);
	mbedtls_x509_crt_init(&config->ca);
	mbedtls_x509_crt_init(&config->cert);
	mbedtls_pk_init(&config->key);

	enum cp_err err = load_files(config, files, error);
	if (!err)
		err = set_up(config, error);
	if (err)
		tls_config_drop(config);
	else
		*out = config;
	return err;
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
	mbedtls_pk_free(&config->key);
	mbedtls_x509_crt_free(&config->cert);
	mbedtls_x509_crt_free(&config->ca);
	registry_free(config->registry);
	free(config);
}

size_t tls_config_device_count(const struct tls_config *config)
{
	return registry_count(config->registry);
}

wall_ms tls_config_expires_at(const struct tls_config *config)
{
	return config->expires_at;
}
