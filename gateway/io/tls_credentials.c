#include "io/tls_state.h"

#include "pki/file.h"
#include "pki/x509.h"

#include <mbedtls/platform_util.h>
#include <stdlib.h>

#define PEM_FILE_MAX_BYTES 262144

static enum cp_err parse_key(const char *path, mbedtls_pk_context *out, struct pki_error *error)
{
	struct buf pem;
	enum cp_err err = file_read(path, PEM_FILE_MAX_BYTES, &pem, error);

	if (err)
		return err;
	if (compat_parse_key(out, pem.p, buf_bytes(&pem).len + 1))
		err = pki_fail(error, CP_CONFIG, "%s must hold a private key in PEM form", path);
	mbedtls_platform_zeroize(pem.p, pem.cap);
	buf_deinit(&pem);
	return err;
}

/* Only our own have to be as io/tls wants them. */
static enum cp_err load_files(struct tls_credentials *out, const struct tls_files *files,
    bool is_ours, struct pki_error *error)
{
	enum cp_err err = x509_load_certs(files->ca, &out->ca, error);

	if (!err)
		err = x509_load_certs(files->cert, &out->cert, error);
	if (!err)
		err = parse_key(files->key, &out->key, error);
	if (err)
		return err;
	if (is_ours && !mbedtls_pk_can_do(&out->key, MBEDTLS_PK_ECDSA))
		return pki_fail(
		    error, CP_CONFIG, "%s must be an EC key (P-256 or P-384)", files->key);
	if (compat_check_pair(&out->cert.pk, &out->key))
		return pki_fail(error, CP_CONFIG, "%s is not the key of the certificate %s%s",
		    files->key, files->cert,
		    file_is_credential(files->key)
		        ? "; systemd hands keys over at the start, so a new one wants systemctl "
		          "restart carepace"
		        : "");
	out->expires_at = x509_time(&out->cert.valid_to);

	for (const mbedtls_x509_crt *ca = &out->ca; ca; ca = ca->next) {
		struct slice parts[] = {
		    slice_of(out->ca_sha256, HASH_BYTES), slice_of(ca->raw.p, ca->raw.len)};
		if (!compat_is_ca(ca))
			return pki_fail(error, CP_CONFIG,
			    "%s holds a certificate that is not an authority's", files->ca);
		hash_sha256(parts, CP_COUNT(parts), out->ca_sha256);
	}
	return CP_OK;
}

static enum cp_err load(const struct tls_files *files, bool is_ours, struct tls_credentials **out,
    struct pki_error *error)
{
	struct tls_credentials *credentials = calloc(1, sizeof(*credentials));

	*out = NULL;
	if (!credentials)
		return pki_fail(error, CP_NOMEM, "no memory for TLS");
	credentials->holders = 1;
	mbedtls_x509_crt_init(&credentials->ca);
	mbedtls_x509_crt_init(&credentials->cert);
	mbedtls_pk_init(&credentials->key);
	enum cp_err err = load_files(credentials, files, is_ours, error);
	if (err)
		tls_credentials_drop(credentials);
	else
		*out = credentials;
	return err;
}

enum cp_err tls_credentials_load(
    const struct tls_files *files, struct tls_credentials **out, struct pki_error *error)
{
	enum cp_err err = file_check_secret(files->key, error);

	*out = NULL;
	return err ? err : load(files, true, out, error);
}

/* What head office gave us is as it wants. */
enum cp_err tls_credentials_load_client(
    const struct tls_files *files, struct tls_credentials **out, struct pki_error *error)
{
	return load(files, false, out, error);
}

struct tls_credentials *tls_credentials_hold(struct tls_credentials *credentials)
{
	credentials->holders++;
	return credentials;
}

void tls_credentials_drop(struct tls_credentials *credentials)
{
	if (!credentials || --credentials->holders > 0)
		return;
	mbedtls_pk_free(&credentials->key);
	mbedtls_x509_crt_free(&credentials->cert);
	mbedtls_x509_crt_free(&credentials->ca);
	free(credentials);
}
