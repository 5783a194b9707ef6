/* pki_request.h - what `carepace pki` was asked for; shared by its files. */
#ifndef CLI_PKI_REQUEST_H
#define CLI_PKI_REQUEST_H

#include "cli/options.h"
#include "pki/registry.h"

#define SITE_MAX 32           /* DESIGN section 5 */
#define PKI_LISTENER_DAYS 825 /* the most that Apple's clients accept of a server */
#define PKI_DEVICE_DAYS 730
#define PKI_DIR_DEFAULT "/etc/carepace/pki" /* as carepace setup makes it */

struct pki_request {
	struct cli_options options;
	const char *dir;
	const char *out;
	const char *site;
	const char *name;
	const char *hosts[CERT_SANS_MAX];
	size_t host_count;
	enum pki_kind kind;
	const char *csr; /* NULL: make the device's key */
	const char *crl;
	bool does_take_crl;
	struct id id; /* zero: not given */
	uint8_t serial[SERIAL_MAX_BYTES];
	size_t serial_len; /* 0: not given */
	enum revocation reason;
	bool does_revoke_old;
	bool does_replace; /* issue: who has the name now gives it up */
	bool is_silent;    /* somebody else says what was made */
	unsigned days;
	unsigned count;
};

bool pki_is_site(const char *text);

/* Each prints what it did. CP_INVALID: the arguments do not go together; *error
 * says what is wrong. */
enum cp_err pki_init(struct pki_request *request, struct pki_error *error) CP_MUST_CHECK;
enum cp_err pki_listener(struct pki_request *request, struct pki_error *error) CP_MUST_CHECK;
enum cp_err pki_issue(struct pki_request *request, struct pki_error *error) CP_MUST_CHECK;
enum cp_err pki_renew(struct pki_request *request, struct pki_error *error) CP_MUST_CHECK;
enum cp_err pki_client(struct pki_request *request, struct pki_error *error) CP_MUST_CHECK;
enum cp_err pki_revoke(struct pki_request *request, struct pki_error *error) CP_MUST_CHECK;
enum cp_err pki_import_crl(struct pki_request *request, struct pki_error *error) CP_MUST_CHECK;
enum cp_err pki_list(struct pki_request *request, struct pki_error *error) CP_MUST_CHECK;

#endif
