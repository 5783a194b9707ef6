/* pki_request.h - what `carepace pki` was asked for; shared by its two files. */
#ifndef CLI_PKI_REQUEST_H
#define CLI_PKI_REQUEST_H

#include "pki/registry.h"

#define EXIT_WRONG_ARGUMENT 2
#define SITE_MAX 32 /* DESIGN section 5 */

struct pki_request {
	const char *command; /* "carepace pki issue", for messages */
	const char *dir;
	const char *out;
	const char *site;
	const char *name;
	const char *hosts[CERT_SANS_MAX];
	size_t host_count;
	enum pki_kind kind;
	struct id id; /* zero: a new one */
	unsigned days;
	unsigned count;
	bool is_json;
};

/* One sentence on stderr; answers EINVAL. */
int pki_wrong(const struct pki_request *request, const char *format, ...) CP_PRINTF(2, 3);
bool pki_is_site(const char *text);

/* Each answers the exit code. */
int pki_run_init(struct pki_request *request);
int pki_run_issue(struct pki_request *request);
int pki_run_client(struct pki_request *request);

#endif
