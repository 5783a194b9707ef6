/* A revocation list. The first byte says whether its signature is believed: no dice sign
 * anything, and what stands behind the signature is read, too. */
#include "x509_input.h"

#include "pki/crl.h"
#include "pki/x509.h"

#include <mbedtls/x509_crl.h>

#define NOW (INT64_C(1790000000) * MS_PER_SECOND)
#define DEVICES 4

static bool is_believed;

bool __real_x509_is_signed_by(mbedtls_pk_context *key, mbedtls_pk_type_t type,
    mbedtls_md_type_t hash, const mbedtls_x509_buf *body, const mbedtls_x509_buf *signature);
bool __wrap_x509_is_signed_by(mbedtls_pk_context *key, mbedtls_pk_type_t type,
    mbedtls_md_type_t hash, const mbedtls_x509_buf *body, const mbedtls_x509_buf *signature);

bool __wrap_x509_is_signed_by(mbedtls_pk_context *key, mbedtls_pk_type_t type,
    mbedtls_md_type_t hash, const mbedtls_x509_buf *body, const mbedtls_x509_buf *signature)
{
	return is_believed || __real_x509_is_signed_by(key, type, hash, body, signature);
}

int __real_mbedtls_x509_crl_parse(mbedtls_x509_crl *chain, const unsigned char *p, size_t len);
int __wrap_mbedtls_x509_crl_parse(mbedtls_x509_crl *chain, const unsigned char *p, size_t len);

int __wrap_mbedtls_x509_crl_parse(mbedtls_x509_crl *chain, const unsigned char *p, size_t len)
{
	int answer = __real_mbedtls_x509_crl_parse(chain, p, len);

	fuzz_mark_answer(answer);
	return answer;
}

/* --- the clinic -------------------------------------------------------------------- */

/* Whose key seeds.py has. */
static mbedtls_x509_crt *authority(void)
{
	static mbedtls_x509_crt ca;
	struct pki_error error;

	if (ca.raw.len == 0)
		CP_CHECK(x509_load_certs(FUZZ_AUTHORITY, &ca, &error) == CP_OK);
	return &ca;
}

/* Serials 1 to 4, the last one revoked. */
static struct registry *registry_of_clinic(void)
{
	struct registry *registry;
	struct pki_error error;

	CP_CHECK(registry_new(&registry, &error) == CP_OK);
	for (uint8_t i = 1; i <= DEVICES; i++) {
		struct registry_entry entry = {
		    .device.b = {i},
		    .kind = PKI_PEN,
		    .serial = {i},
		    .serial_len = 1,
		    .issued_at = NOW - MS_PER_DAY,
		    .expires_at = NOW + MS_PER_DAY,
		    .name = "Pen",
		};
		CP_CHECK(registry_add(registry, &entry, &error) == CP_OK);
	}
	registry_revoke(registry, DEVICES - 1, REVOKED_SUPERSEDED, NOW - MS_PER_HOUR);
	return registry;
}

static size_t revoked_in(const struct registry *registry)
{
	size_t revoked = 0;

	for (size_t i = 0; i < registry_count(registry); i++)
		revoked += registry_at(registry, i)->is_revoked;
	return revoked;
}

/* --- what must hold ------------------------------------------------------------------ */

static void check_refused(const struct registry *registry, const struct crl_result *result,
    enum cp_err err, const struct pki_error *error)
{
	fuzz_check_refused(err, error);
	CP_CHECK(!registry_crl(registry) && revoked_in(registry) == 1);
	CP_CHECK(result->listed == 0 && result->revoked == 0 && result->known == 0);
}

static void check_merged(const struct registry *registry, const struct crl_result *result)
{
	const struct registry_crl *crl = registry_crl(registry);
	const struct registry_entry *last = registry_at(registry, DEVICES - 1);

	CP_CHECK(crl && crl->imported_at == NOW && crl->this_update < crl->next_update);
	CP_CHECK(crl->next_update >= NOW && crl->this_update <= NOW + MS_PER_HOUR);
	CP_CHECK(registry_count(registry) == DEVICES);
	CP_CHECK(revoked_in(registry) == 1 + result->revoked);
	CP_CHECK(result->listed >= result->revoked + result->known);
	/* Who was revoked stays so as he was. */
	CP_CHECK(last->reason == REVOKED_SUPERSEDED && last->revoked_at == NOW - MS_PER_HOUR);
	for (size_t i = 0; i < DEVICES; i++)
		CP_CHECK(registry_at(registry, i)->reason < REVOCATION_COUNT);
}

/* It can be saved, and says nothing new the second time. */
static void check_again(
    struct slice file, struct registry *registry, const struct crl_result *first)
{
	struct crl_result second;
	struct registry *again;
	struct pki_error error;
	struct buf text;

	buf_init(&text, REGISTRY_FILE_MAX_BYTES);
	CP_CHECK(registry_format(registry, &text) == CP_OK);
	CP_CHECK(registry_parse("again", buf_bytes(&text), &again, &error) == CP_OK);
	CP_CHECK(crl_merge(FUZZ_PATH, file, authority(), NOW, again, &second, &error) == CP_OK);
	CP_CHECK(second.listed == first->listed && second.revoked == 0);
	CP_CHECK(second.known == first->revoked + first->known);
	registry_free(again);
	buf_deinit(&text);
}

void fuzz_one(struct slice bytes)
{
	struct registry *registry = registry_of_clinic();
	struct pki_error error = {0};
	struct crl_result result;

	is_believed = fuzz_take_byte(&bytes) & 1;
	uint8_t *p = fuzz_file(bytes);
	struct slice file = slice_of(p, bytes.len);
	enum cp_err err = crl_merge(FUZZ_PATH, file, authority(), NOW, registry, &result, &error);
	if (err) {
		check_refused(registry, &result, err, &error);
	} else {
		fuzz_mark((unsigned)(result.revoked + result.known * DEVICES));
		check_merged(registry, &result);
		check_again(file, registry, &result);
	}
	registry_free(registry);
	free(p);
}
