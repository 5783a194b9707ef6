/* pki_init.c - `carepace pki init`, `listener` and `client`. */
#include "cli/output.h"
#include "cli/pki_folder.h"
#include "cli/pki_request.h"
#include "pki/date.h"

#include <unistd.h>

#define AUTHORITY_DAYS 7300 /* must outlive what it issues */

/* --- init ----------------------------------------------------------------- */

static enum cp_err save_listener(const struct pki_request *request, const struct pki_folder *folder,
    const struct authority *authority, struct pki_error *error)
{
	struct issued issued;
	enum cp_err err = authority_issue_listener(authority, request->hosts, request->host_count,
	    pki_valid_for(request->days), &issued, error);

	if (!err)
		err = issued_save(&issued, folder->listener, folder->listener_key, error);
	issued_wipe(&issued);
	return err;
}

static enum cp_err save_registry(const char *path, struct pki_error *error)
{
	struct registry *registry;
	enum cp_err err = registry_new(&registry, error);

	if (!err)
		err = registry_save(registry, path, error);
	registry_free(registry);
	return err;
}

/* The authority's key comes last: without it an interrupted init is begun again. */
static enum cp_err save_all(
    const struct pki_request *request, const struct pki_folder *folder, struct pki_error *error)
{
	struct authority *authority;
	char name[CERT_SUBJECT_MAX + 1];

	if (access(folder->ca_key, F_OK) == 0)
		return pki_fail(error, CP_BUSY,
		    "%s has an authority already; a new one would lock out every device",
		    request->dir);
	snprintf(name, sizeof(name), "Carepace %s CA", request->site);
	enum cp_err err = authority_new(name, pki_valid_for(AUTHORITY_DAYS), &authority, error);
	if (!err)
		err = save_listener(request, folder, authority, error);
	if (!err)
		err = save_registry(folder->registry_path, error);
	if (!err)
		err = file_make_dir(folder->devices, error);
	if (!err)
		err = authority_save(authority, folder->ca, folder->ca_key, error);
	if (!err)
		err = file_sync_dir(request->dir, error);
	authority_free(authority);
	return err;
}

static void print_init(const struct pki_request *request, const struct pki_folder *folder)
{
	char until[DATE_TEXT_LEN + 1];

	date_text(pki_valid_for(request->days).not_after, until);
	if (!request->options.is_json) {
		printf("authority  %s (keep %s secret and safe)\n", folder->ca, folder->ca_key);
		printf("listener   %s for", folder->listener);
		for (size_t i = 0; i < request->host_count; i++)
			printf(" %s", request->hosts[i]);
		printf(", until %.10s\n", until);
		printf("registry   %s\n", folder->registry_path);
		return;
	}
	json_t *hosts = json_array();
	for (size_t i = 0; i < request->host_count; i++)
		json_append(hosts, json_string(request->hosts[i]));
	json_print(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "ca", folder->ca, "ca_key",
	    folder->ca_key, "cert", folder->listener, "key", folder->listener_key, "registry",
	    folder->registry_path, "expires", until, "hosts", hosts));
}

enum cp_err pki_init(struct pki_request *request, struct pki_error *error)
{
	struct pki_folder folder = {.lock = -1};

	if (request->host_count == 0) {
		request->hosts[request->host_count++] = "localhost";
		request->hosts[request->host_count++] = "127.0.0.1";
	}
	enum cp_err err = file_make_dir(request->dir, error);
	if (!err)
		err = pki_folder_open(&folder, request->dir, PKI_LOCK, error);
	if (!err)
		err = save_all(request, &folder, error);
	pki_folder_close(&folder);
	if (!err && !request->is_silent)
		print_init(request, &folder);
	return err;
}

/* --- listener ------------------------------------------------------------- */

static void print_listener(const struct pki_request *request, const struct pki_folder *folder)
{
	char until[DATE_TEXT_LEN + 1];

	date_text(pki_valid_for(request->days).not_after, until);
	if (request->options.is_json)
		json_print(json_pack("{s:s, s:s, s:s}", "cert", folder->listener, "key",
		    folder->listener_key, "expires", until));
	else
		printf("%s and .key, until %.10s; the gateway takes it at SIGHUP\n",
		    folder->listener, until);
}

enum cp_err pki_listener(struct pki_request *request, struct pki_error *error)
{
	struct pki_folder folder;

	if (request->host_count == 0)
		return pki_fail(error, CP_INVALID,
		    "say --host, once for each name and address by which devices call the gateway");
	enum cp_err err = pki_folder_open(&folder, request->dir, PKI_LOCK | PKI_AUTHORITY, error);
	if (!err)
		err = save_listener(request, &folder, folder.authority, error);
	if (!err)
		err = file_sync_dir(request->dir, error);
	if (!err)
		print_listener(request, &folder);
	pki_folder_close(&folder);
	return err;
}

/* --- client --------------------------------------------------------------- */

static enum cp_err save_client(const struct pki_request *request, const struct authority *authority,
    const char *cert, const char *key, struct pki_error *error)
{
	struct issued issued;
	enum cp_err err = file_make_dir(request->out, error);

	if (err)
		return err;
	err = authority_issue_client(
	    authority, request->name, pki_valid_for(request->days), &issued, error);
	if (!err)
		err = issued_save(&issued, cert, key, error);
	if (!err)
		err = file_sync_dir(request->out, error);
	issued_wipe(&issued);
	return err;
}

enum cp_err pki_client(struct pki_request *request, struct pki_error *error)
{
	struct pki_folder folder;
	char file[SITE_MAX + 8];
	char cert[PATH_MAX];
	char key[PATH_MAX];

	if (!request->name || !pki_is_site(request->name))
		return pki_fail(error, CP_INVALID, "say --name, 1 to %d of a-z 0-9 -", SITE_MAX);
	request->out = request->out ? request->out : request->dir;
	snprintf(file, sizeof(file), "client-%s", request->name); /* never ca or listener */
	enum cp_err err = pki_folder_open(&folder, request->dir, PKI_LOCK | PKI_AUTHORITY, error);
	if (!err)
		err = pki_pair(request->out, file, cert, key, error);
	if (!err)
		err = save_client(request, folder.authority, cert, key, error);
	pki_folder_close(&folder);
	if (err)
		return err;
	if (request->options.is_json)
		json_print(json_pack("{s:s, s:s, s:s}", "ca", folder.ca, "cert", cert, "key", key));
	else
		printf("%s and .key, to be trusted by %s\n", cert, folder.ca);
	return CP_OK;
}
