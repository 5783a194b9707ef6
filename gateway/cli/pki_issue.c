/* pki_issue.c - `carepace pki issue` and `carepace pki renew`. */
#include "cli/output.h"
#include "cli/pki_entry.h"
#include "cli/pki_folder.h"
#include "io/clock.h"
#include "pki/date.h"
#include "pki/rng.h"

/* --- shared --------------------------------------------------------------- */

/* One key, one device; and a key that somebody may have is nobody's any more. */
static enum cp_err check_key(const struct pki_request *request, const struct registry *registry,
    const struct registry_entry *entry, struct pki_error *error)
{
	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct registry_entry *other = registry_at(registry, i);
		if (memcmp(other->key_sha256, entry->key_sha256, HASH_BYTES) != 0)
			continue;
		if (!id_eq(&other->device, &entry->device))
			return pki_fail(error, CP_CONFIG,
			    "%s: this is the key of %s: make another one on this device",
			    request->csr, other->name);
		if (other->reason == REVOKED_KEY_COMPROMISE)
			return pki_fail(error, CP_CONFIG,
			    "%s: this key was revoked (key-compromise): make a new one on the "
			    "device",
			    request->csr);
	}
	return CP_OK;
}

/* The certificate for `entry`, which has device, kind and name: files first, then
 * the registry in memory. */
static enum cp_err certify(const struct pki_request *request, const struct pki_folder *folder,
    struct registry_entry *entry, struct pki_error *error)
{
	struct issued issued = {0};
	struct validity validity = pki_valid_for(request->days);
	char hex[ID_HEX_LEN + 1];
	char cert[PATH_MAX];
	char key[PATH_MAX];

	enum cp_err err = pki_pair(request->out, id_hex(&entry->device, hex), cert, key, error);
	if (!err)
		err = authority_sign_device(
		    folder->authority, &entry->device, request->csr, validity, &issued, error);
	if (!err) {
		memcpy(entry->serial, issued.serial, sizeof(entry->serial));
		entry->serial_len = issued.serial_len;
		memcpy(entry->key_sha256, issued.key_sha256, sizeof(entry->key_sha256));
		entry->issued_at = validity.not_before + PKI_BACKDATE_MS;
		entry->expires_at = validity.not_after;
		err = check_key(request, folder->registry, entry, error);
	}
	if (!err)
		err = issued_save(&issued, cert, key, error);
	if (!err)
		err = registry_add(folder->registry, entry, error);
	issued_wipe(&issued);
	return err;
}

static void print_entries(
    const struct pki_request *request, const struct pki_folder *folder, size_t first)
{
	json_t *all = json_array();
	wall_ms now = clock_wall();

	for (size_t i = first; i < registry_count(folder->registry); i++) {
		const struct registry_entry *entry = registry_at(folder->registry, i);
		struct pki_error unused; /* the same paths were good a moment ago */
		char hex[ID_HEX_LEN + 1];
		char until[DATE_TEXT_LEN + 1];
		char cert[PATH_MAX];
		char key[PATH_MAX];

		id_hex(&entry->device, hex);
		CP_CHECK(pki_pair(request->out, hex, cert, key, &unused) == CP_OK);
		if (!request->options.is_json) {
			printf("%s  %s (%s), until %.10s: %s%s\n", hex, entry->name,
			    pki_kind_name(entry->kind), date_text(entry->expires_at, until), cert,
			    request->csr ? "" : " and .key");
			continue;
		}
		json_t *one = pki_entry_json(entry, now);
		json_put_text(one, "cert", cert);
		json_put_text(one, "key", request->csr ? NULL : key);
		json_append(all, one);
	}
	if (request->options.is_json)
		json_print(all);
	else
		json_decref(all);
}

/* What both do around their own part. Certificates first, the registry last: what
 * it names is on disk. */
static enum cp_err with_folder(struct pki_request *request,
    enum cp_err (*make)(
        const struct pki_request *request, struct pki_folder *folder, struct pki_error *error),
    struct pki_error *error)
{
	struct pki_folder folder;
	size_t first = 0;

	enum cp_err err =
	    pki_folder_open(&folder, request->dir, PKI_LOCK | PKI_AUTHORITY | PKI_REGISTRY, error);
	if (!err) {
		first = registry_count(folder.registry);
		request->out = request->out ? request->out : folder.devices;
		err = file_make_dir(request->out, error);
	}
	if (!err)
		err = make(request, &folder, error);
	if (!err)
		err = file_sync_dir(request->out, error);
	if (!err)
		err = pki_folder_save(&folder, error);
	if (!err && !request->is_silent)
		print_entries(request, &folder, first);
	pki_folder_close(&folder);
	return err;
}

/* --- issue ---------------------------------------------------------------- */

static enum cp_err name_device(const struct pki_request *request, unsigned number,
    struct registry_entry *entry, struct pki_error *error)
{
	int len = request->count == 1
	              ? snprintf(entry->name, sizeof(entry->name), "%s", request->name)
	              : snprintf(entry->name, sizeof(entry->name), "%s %u", request->name, number);

	if (len < 0 || (size_t)len >= sizeof(entry->name) || !registry_name_is_valid(entry->name))
		return pki_fail(error, CP_INVALID,
		    "a name has 1 to %d of A-Z a-z 0-9 . _ - and blanks between, not \"%s\"",
		    REGISTRY_NAME_MAX, request->name);
	entry->kind = request->kind;
	entry->device = request->id;
	if (!id_is_zero(&request->id))
		return CP_OK;
	return rng_bytes(entry->device.b, ID_BYTES)
	           ? pki_fail(error, CP_IO, "the system gives no random bytes")
	           : CP_OK;
}

static enum cp_err check_is_new(
    const struct registry *registry, const struct id *device, struct pki_error *error)
{
	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct registry_entry *other = registry_at(registry, i);
		if (id_eq(&other->device, device))
			return pki_fail(error, CP_INVALID,
			    "this id is %s (%s) in the registry; carepace pki renew makes a new "
			    "certificate for it",
			    other->name, pki_kind_name(other->kind));
	}
	return CP_OK;
}

/* People know a device by its name: two of one name cannot be told apart on the day that one of
 * them is lost. */
static enum cp_err check_name_is_free(const struct pki_request *request,
    const struct registry *registry, const char *name, struct pki_error *error)
{
	const struct registry_entry *bearer = pki_bearer(registry, name);
	char hex[ID_HEX_LEN + 1];

	if (!bearer || request->does_replace)
		return CP_OK;
	return pki_fail(error, CP_INVALID,
	    "\"%.40s\" is the name of a %s already (%s): choose another one; if the new device "
	    "takes its place, --replace revokes the old one",
	    name, pki_kind_name(bearer->kind), id_hex(&bearer->device, hex));
}

/* All who have had the name until now give it up. */
static void replace(struct registry *registry, const struct registry_entry *by)
{
	wall_ms now = clock_wall();

	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct registry_entry *entry = registry_at(registry, i);
		if (!entry->is_revoked && !id_eq(&entry->device, &by->device) &&
		    strcmp(entry->name, by->name) == 0)
			registry_revoke(registry, i, REVOKED_SUPERSEDED, now);
	}
}

static enum cp_err make_new(
    const struct pki_request *request, struct pki_folder *folder, struct pki_error *error)
{
	enum cp_err err = CP_OK;

	for (unsigned i = 1; i <= request->count && !err; i++) {
		struct registry_entry entry = {0};
		err = name_device(request, i, &entry, error);
		if (!err)
			err = check_is_new(folder->registry, &entry.device, error);
		if (!err)
			err = check_name_is_free(request, folder->registry, entry.name, error);
		if (!err)
			err = certify(request, folder, &entry, error);
		if (!err)
			replace(folder->registry, &entry);
	}
	return err;
}

enum cp_err pki_issue(struct pki_request *request, struct pki_error *error)
{
	if (!request->kind || !request->name)
		return pki_fail(error, CP_INVALID, "say --kind and --name");
	if (request->count > 1 && !id_is_zero(&request->id))
		return pki_fail(error, CP_INVALID, "--id and --count do not go together");
	if (request->count > 1 && request->csr)
		return pki_fail(error, CP_INVALID, "--csr and --count do not go together");
	return with_folder(request, make_new, error);
}

/* --- renew ---------------------------------------------------------------- */

static void supersede(struct registry *registry, const struct id *device, size_t before)
{
	wall_ms now = clock_wall();

	for (size_t i = 0; i < before; i++) {
		const struct registry_entry *entry = registry_at(registry, i);
		if (id_eq(&entry->device, device) && !entry->is_revoked)
			registry_revoke(registry, i, REVOKED_SUPERSEDED, now);
	}
}

static enum cp_err make_again(
    const struct pki_request *request, struct pki_folder *folder, struct pki_error *error)
{
	const struct registry_entry *newest;
	size_t before = registry_count(folder->registry);
	enum cp_err err = pki_find_device(request, folder->registry, &newest, error);

	if (err)
		return err;
	struct registry_entry entry = {.device = newest->device, .kind = newest->kind};
	memcpy(entry.name, newest->name, sizeof(entry.name));
	err = certify(request, folder, &entry, error);
	if (!err && request->does_revoke_old)
		supersede(folder->registry, &entry.device, before);
	return err;
}

enum cp_err pki_renew(struct pki_request *request, struct pki_error *error)
{
	return with_folder(request, make_again, error);
}
