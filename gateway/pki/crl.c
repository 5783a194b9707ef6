#include "pki/crl.h"

#include "pki/date.h"
#include "pki/file.h"
#include "pki/x509.h"

#include <mbedtls/asn1.h>
#include <mbedtls/x509_crl.h>

#define CRL_FILE_MAX_BYTES (16 << 20)  /* 700,000 certificates */
#define CLOCK_TOLERANCE_MS MS_PER_HOUR /* of the clock that made the list */
#define REMOVE_FROM_CRL 8              /* RFC 5280 5.3.1: of lists of changes */
#define OID_REASON "\x55\x1d\x15"      /* RFC 5280 5.3.1: id-ce 21 */

static enum cp_err wrong(struct pki_error *error, const char *path, const char *what)
{
	return pki_fail(error, CP_CONFIG, "%s: %s", path, what);
}

/* --- is it to be believed? ------------------------------------------------ */

static bool is_issuer(const mbedtls_x509_crl *crl, const mbedtls_x509_crt *ca)
{
	struct slice issuer = slice_of(crl->issuer_raw.p, crl->issuer_raw.len);

	return slice_eq(issuer, slice_of(ca->subject_raw.p, ca->subject_raw.len));
}

/* Of authorities with one name it may be any: a key that was replaced. */
static enum cp_err check_issuer(
    const char *path, const mbedtls_x509_crl *crl, mbedtls_x509_crt *ca, struct pki_error *error)
{
	bool is_named = false;
	char name[128] = "?";

	for (; ca; ca = ca->next) {
		if (!is_issuer(crl, ca))
			continue;
		is_named = true;
		if (compat_is_ca(ca) &&
		    mbedtls_x509_crt_check_key_usage(ca, MBEDTLS_X509_KU_CRL_SIGN) == 0 &&
		    x509_is_signed_by(&ca->pk, crl->COMPAT_PRIVATE(sig_pk),
		        crl->COMPAT_PRIVATE(sig_md), &crl->tbs, &crl->COMPAT_PRIVATE(sig)))
			return CP_OK;
	}
	if (is_named)
		return wrong(error, path,
		    "it is not signed by the clinic's authority: it is broken or forged");
	(void)mbedtls_x509_dn_gets(name, sizeof(name), &crl->issuer);
	return pki_fail(error, CP_CONFIG,
	    "%s: it is of another authority (%s): import the list of the clinic's own", path, name);
}

static enum cp_err check_dates(const char *path, const struct registry_crl *crl,
    const struct registry_crl *last, struct pki_error *error)
{
	wall_ms now = crl->imported_at;
	char date[DATE_TEXT_LEN + 1];

	if (crl->next_update <= crl->this_update)
		return wrong(error, path, "it does not say when the next list is due");
	if (crl->this_update > now + CLOCK_TOLERANCE_MS)
		return pki_fail(error, CP_CONFIG,
		    "%s: it is of %s, which is still to come: set the clock of this box", path,
		    date_text(crl->this_update, date));
	if (crl->next_update < now)
		return pki_fail(error, CP_CONFIG,
		    "%s: it was good until %s: get the current list from the authority", path,
		    date_text(crl->next_update, date));
	if (last && crl->this_update < last->this_update)
		return pki_fail(error, CP_CONFIG,
		    "%s: it is older than the list that was imported last, of %s", path,
		    date_text(last->this_update, date));
	return CP_OK;
}

/* --- what it says --------------------------------------------------------- */

/* One Extension: moves *at behind it. False at the end or when it is malformed;
 * *reason is set when this is the reason. */
static bool take_extension(unsigned char **at, const unsigned char *end, int *reason)
{
	size_t len;
	int is_critical;

	if (mbedtls_asn1_get_tag(at, end, &len, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE))
		return false;
	unsigned char *p = *at;
	*at += len;
	end = *at;
	if (mbedtls_asn1_get_tag(&p, end, &len, MBEDTLS_ASN1_OID))
		return false;
	bool is_reason = slice_eq_str(slice_of(p, len), OID_REASON);
	p += len;
	(void)mbedtls_asn1_get_bool(&p, end, &is_critical); /* moves only if it is there */
	if (mbedtls_asn1_get_tag(&p, end, &len, MBEDTLS_ASN1_OCTET_STRING))
		return false;
	return !is_reason || mbedtls_asn1_get_enum(&p, end, reason) == 0;
}

static int reason_of(const mbedtls_x509_crl *crl, const mbedtls_x509_crl_entry *entry)
{
	const unsigned char *end = crl->raw.p + crl->raw.len;
	unsigned char *at = entry->entry_ext.p;
	int reason = REVOKED_UNSPECIFIED;
	size_t len;

	if (!at ||
	    mbedtls_asn1_get_tag(&at, end, &len, MBEDTLS_ASN1_CONSTRUCTED | MBEDTLS_ASN1_SEQUENCE))
		return reason;
	end = at + len;
	while (at < end && take_extension(&at, end, &reason))
		;
	return reason;
}

static void revoke_listed(
    const mbedtls_x509_crl *crl, struct registry *registry, struct crl_result *out)
{
	const mbedtls_x509_crl_entry *entry = &crl->entry;
	size_t index;

	for (; entry && entry->raw.len > 0; entry = entry->next) {
		struct slice serial = slice_of(entry->serial.p, entry->serial.len);
		int reason = reason_of(crl, entry);

		out->listed++;
		if (reason == REMOVE_FROM_CRL || !registry_find_serial(registry, serial, &index))
			continue;
		if (registry_at(registry, index)->is_revoked) {
			out->known++;
			continue;
		}
		registry_revoke(registry, index, revocation_from_number(reason),
		    x509_time(&entry->revocation_date));
		out->revoked++;
	}
}

static enum cp_err merge(const char *path, const mbedtls_x509_crl *list, mbedtls_x509_crt *ca,
    wall_ms now, struct registry *registry, struct crl_result *out, struct pki_error *error)
{
	struct registry_crl crl = {
	    .this_update = x509_time(&list->this_update),
	    .next_update = x509_time(&list->next_update),
	    .imported_at = now,
	};

	if (list->next)
		return wrong(error, path, "it holds more than one list: import them one by one");
	enum cp_err err = check_issuer(path, list, ca, error);
	if (!err)
		err = check_dates(path, &crl, registry_crl(registry), error);
	if (err)
		return err;
	revoke_listed(list, registry, out);
	registry_set_crl(registry, &crl);
	return CP_OK;
}

/* --- the file ------------------------------------------------------------- */

enum cp_err crl_merge(const char *path, struct slice file, mbedtls_x509_crt *ca, wall_ms now,
    struct registry *registry, struct crl_result *out, struct pki_error *error)
{
	mbedtls_x509_crl crl;
	enum cp_err err;

	*out = (struct crl_result){0};
	mbedtls_x509_crl_init(&crl);
	if (mbedtls_x509_crl_parse(&crl, file.p, x509_len(file)))
		err = wrong(error, path, "this is not a revocation list, in PEM or DER form");
	else
		err = merge(path, &crl, ca, now, registry, out, error);
	mbedtls_x509_crl_free(&crl);
	return err;
}

enum cp_err crl_import(const char *path, const char *ca_path, wall_ms now,
    struct registry *registry, struct crl_result *out, struct pki_error *error)
{
	mbedtls_x509_crt ca;
	struct buf file = {0};

	*out = (struct crl_result){0};
	mbedtls_x509_crt_init(&ca);
	enum cp_err err = x509_load_certs(ca_path, &ca, error);
	if (!err)
		err = file_read(path, CRL_FILE_MAX_BYTES, &file, error);
	if (!err)
		err = crl_merge(path, buf_bytes(&file), &ca, now, registry, out, error);
	buf_deinit(&file);
	mbedtls_x509_crt_free(&ca);
	return err;
}
