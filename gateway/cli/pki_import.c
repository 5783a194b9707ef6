/* pki_import.c - `carepace pki import-crl`. */
#include "cli/output.h"
#include "cli/pki_folder.h"
#include "cli/pki_request.h"
#include "io/clock.h"
#include "pki/crl.h"
#include "pki/date.h"

static void print_result(const struct pki_request *request, const struct registry_crl *crl,
    const struct crl_result *result)
{
	char date[DATE_TEXT_LEN + 1];

	date_text(crl->next_update, date);
	if (request->options.is_json) {
		json_print(json_pack("{s:I, s:I, s:I, s:s}", "listed", (json_int_t)result->listed,
		    "revoked", (json_int_t)result->revoked, "known", (json_int_t)result->known,
		    "next_update", date));
		return;
	}
	printf("%s lists %zu certificates: %zu are revoked now, %zu were before, %zu are not in "
	       "the registry. The next list is due on %.10s.\n",
	    request->crl, result->listed, result->revoked, result->known,
	    result->listed - result->revoked - result->known, date);
	if (result->revoked)
		puts("The gateway closes their connections within 5 s.");
}

enum cp_err pki_import_crl(struct pki_request *request, struct pki_error *error)
{
	struct pki_folder folder;
	struct crl_result result;
	enum cp_err err = pki_folder_open(&folder, request->dir, PKI_LOCK | PKI_REGISTRY, error);

	if (!err)
		err = crl_import(
		    request->crl, folder.ca, clock_wall(), folder.registry, &result, error);
	if (!err)
		err = pki_folder_save(&folder, error);
	if (!err)
		print_result(request, registry_crl(folder.registry), &result);
	pki_folder_close(&folder);
	return err;
}
