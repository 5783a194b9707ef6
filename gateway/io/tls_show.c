#include "io/tls_show.h"

#include "io/tls_state.h"
#include "pki/date.h"
#include "pki/x509.h"

#include <stdio.h>

#define DIGEST_SHOWN_BYTES 8

static void show_certificate(const mbedtls_x509_crt *cert, char out[TLS_SHOWN_BYTES])
{
	char until[DATE_TEXT_LEN + 1];
	size_t len = (size_t)snprintf(out, TLS_SHOWN_BYTES, "serial ");

	for (size_t i = 0; i < cert->serial.len && len < TLS_SHOWN_BYTES / 2; i++)
		len +=
		    (size_t)snprintf(out + len, TLS_SHOWN_BYTES - len, "%02X", cert->serial.p[i]);
	snprintf(out + len, TLS_SHOWN_BYTES - len, ", valid until %s",
	    date_text(x509_time(&cert->valid_to), until));
}

static void show_ca(const uint8_t sha256[HASH_BYTES], char out[TLS_SHOWN_BYTES])
{
	size_t len = (size_t)snprintf(out, TLS_SHOWN_BYTES, "SHA-256 ");

	for (size_t i = 0; i < DIGEST_SHOWN_BYTES; i++)
		len += (size_t)snprintf(out + len, TLS_SHOWN_BYTES - len, "%02x", sha256[i]);
}

void tls_show(const struct tls_config *config, struct tls_shown *out)
{
	show_certificate(&config->credentials->cert, out->certificate);
	show_ca(config->credentials->ca_sha256, out->ca);
}

enum cp_err tls_show_client(
    const struct tls_files *files, struct tls_shown *out, struct pki_error *error)
{
	struct tls_credentials *credentials;
	enum cp_err err = tls_credentials_load_client(files, &credentials, error);

	*out = (struct tls_shown){0};
	if (err)
		return err;
	show_certificate(&credentials->cert, out->certificate);
	show_ca(credentials->ca_sha256, out->ca);
	tls_credentials_drop(credentials);
	return CP_OK;
}
