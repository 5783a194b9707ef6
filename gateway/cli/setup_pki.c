/* The certificates of `carepace setup`: the clinic's authority, a first device, head office. */
#include "cli/setup.h"

#include "cli/output.h"
#include "cli/pki_entry.h"
#include "cli/pki_folder.h"
#include "pki/certificate.h"
#include "pki/csr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX_BYTES 262144

/* --- the authority ------------------------------------------------------------------------- */

static void split_hosts(char *hosts, struct pki_request *request)
{
	for (char *at = hosts; *at && request->host_count < CERT_SANS_MAX;) {
		size_t len = strcspn(at, ", ");
		char *next = at + len + (at[len] != '\0');
		at[len] = '\0';
		if (len)
			request->hosts[request->host_count++] = at;
		at = next;
	}
}

/* `carepace pki` keeps its folder to itself; the service reads certificates and registry. */
enum cp_err setup_authority(struct setup *setup, struct pki_error *error)
{
	char hosts[SETUP_ANSWER_BYTES];
	char ca_key[PATH_MAX];
	char key[PATH_MAX];
	struct pki_request request = {
	    .options = setup->options,
	    .dir = setup->pki,
	    .site = setup->site,
	    .days = PKI_LISTENER_DAYS,
	    .is_silent = true,
	};
	enum cp_err err = file_join(ca_key, setup->pki, "ca.key", error);

	if (!err)
		err = file_join(key, setup->pki, "listener.key", error);
	if (err)
		return err;
	snprintf(hosts, sizeof(hosts), "%s", setup->hosts);
	split_hosts(hosts, &request);
	if (access(ca_key, F_OK) == 0)
		setup_kept(setup, setup->pki, "the clinic's authority");
	else if (!(err = pki_init(&request, error)))
		setup_wrote(
		    setup, setup->pki, "the clinic's authority, keep ca.key secret and safe");
	if (!err)
		err = setup_give_key(setup, key, error);
	return err ? err : setup_share(setup, setup->pki, 0750, error);
}

/* --- a first device -------------------------------------------------------------------------- */

static void put_device(struct setup *setup, const struct pki_folder *folder, const struct id *id)
{
	char hex[ID_HEX_LEN + 1];
	char text[PATH_MAX + 64];
	json_t *device = json_object();

	json_put_text(device, "name", setup->device);
	json_put_text(device, "id", id_hex(id, hex));
	json_put_text(device, "ca", folder->ca);
	snprintf(text, sizeof(text), "%s/%s.pem", folder->devices, hex);
	json_put_text(device, "cert", text);
	snprintf(text, sizeof(text), "%s/%s.key", folder->devices, hex);
	json_put_text(device, "key", text);
	snprintf(text, sizeof(text), "carepace/v1/device/%s/up", hex);
	json_put_text(device, "up", text);
	snprintf(text, sizeof(text), "carepace/v1/device/%s/down", hex);
	json_put_text(device, "down", text);
	json_put(setup->about, "device", device);
}

enum cp_err setup_device(struct setup *setup, struct pki_error *error)
{
	struct pki_request request = {
	    .options = setup->options,
	    .dir = setup->pki,
	    .name = setup->device,
	    .kind = pki_kind_from_name(slice_str(setup->kind)),
	    .days = PKI_DEVICE_DAYS,
	    .count = 1,
	    .is_silent = true,
	};
	struct pki_folder folder = {.lock = -1};

	if (!*setup->device)
		return CP_OK;
	enum cp_err err = pki_folder_open(&folder, setup->pki, PKI_REGISTRY, error);
	const struct registry_entry *bearer =
	    err ? NULL : pki_bearer(folder.registry, setup->device);
	if (bearer && setup->about)
		put_device(setup, &folder, &bearer->device);
	else if (bearer)
		setup_kept(setup, setup->device, "it has a certificate");
	pki_folder_close(&folder);
	if (err || bearer)
		return err;
	err = pki_issue(&request, error);
	if (err)
		return err;
	setup->has_new_device = true;
	setup_wrote(setup, setup->device, "its certificate and key");
	err = pki_folder_open(&folder, setup->pki, PKI_REGISTRY, error);
	bearer = err ? NULL : pki_bearer(folder.registry, setup->device);
	if (bearer && setup->about)
		put_device(setup, &folder, &bearer->device);
	if (bearer)
		id_hex(&bearer->device, setup->device_id);
	pki_folder_close(&folder);
	return err;
}

/* --- head office ---------------------------------------------------------------------------------
 */

static enum cp_err copy(struct setup *setup, const char *from, const char *to, mode_t mode,
    const char *what, struct pki_error *error)
{
	struct buf bytes;
	enum cp_err err = file_read(from, FILE_MAX_BYTES, &bytes, error);

	if (err)
		return err;
	bool is_there = setup_has_content(to, buf_bytes(&bytes));
	if (!is_there)
		err = file_replace(to, mode, buf_bytes(&bytes), error);
	explicit_bzero(bytes.p, bytes.cap); /* it may be a key */
	buf_deinit(&bytes);
	if (is_there)
		setup_kept(setup, to, what);
	else if (!err)
		setup_wrote(setup, to, what);
	return err;
}

static enum cp_err take_ca(struct setup *setup, const char *to, struct pki_error *error)
{
	struct certificate ca;
	enum cp_err err = CP_OK;

	if (!*setup->office_ca)
		return access(to, F_OK) == 0
		           ? CP_OK
		           : pki_fail(error, CP_INVALID,
		                 "say --ca: the authority that signed head office's certificate");
	err = certificate_load(setup->office_ca, &ca, error);
	return err ? err
	           : copy(setup, setup->office_ca, to, 0644, "head office's authority", error);
}

/* The two belong together before either takes a place. */
static enum cp_err take_certificate(
    struct setup *setup, const char *cert, const char *key, struct pki_error *error)
{
	enum cp_err err = csr_check_pair(setup->certificate, *setup->key ? setup->key : key, error);

	if (!err && *setup->key)
		err = copy(setup, setup->key, key, 0600, "the key for head office", error);
	return err ? err
	           : copy(setup, setup->certificate, cert, 0644, "the certificate for head office",
	                 error);
}

static enum cp_err request_certificate(
    struct setup *setup, const char *key, struct pki_error *error)
{
	char request[PATH_MAX];
	enum cp_err err = file_join(request, setup->upstream, "client.csr", error);

	if (err || access(request, F_OK) == 0) {
		setup_kept(setup, request, "the request for a certificate");
		return err;
	}
	err = csr_make(setup->site, key, request, error);
	if (err)
		return err;
	setup_wrote(setup, request, "a request for this box's certificate");
	setup->has_new_request = true;
	return CP_OK;
}

enum cp_err setup_head_office(struct setup *setup, struct pki_error *error)
{
	char ca[PATH_MAX];
	char cert[PATH_MAX];
	char key[PATH_MAX];

	if (!*setup->head_office && !*setup->office_ca && !*setup->certificate)
		return CP_OK;
	enum cp_err err = file_make_dir(setup->upstream, error);
	if (!err)
		err = setup_share(setup, setup->upstream, 0750, error);
	if (!err)
		err = file_join(ca, setup->upstream, "ca.pem", error);
	if (!err)
		err = pki_pair(setup->upstream, "client", cert, key, error);
	if (!err)
		err = take_ca(setup, ca, error);
	if (err)
		return err;
	if (*setup->certificate)
		err = take_certificate(setup, cert, key, error);
	else if (access(cert, F_OK) == 0)
		setup_kept(setup, cert, "the certificate for head office");
	else
		err = request_certificate(setup, key, error);
	if (!err)
		err = setup_give_key(setup, key, error);
	return err ? err : file_sync_dir(setup->upstream, error);
}
