#include "cli/pki_request.h"

#include "io/clock.h"
#include "pki/date.h"
#include "pki/file.h"
#include "pki/rng.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AUTHORITY_DAYS 7300       /* must outlive what it issues */
#define BACKDATE_MS (MS_PER_HOUR) /* for devices whose clock is a little behind */

/* The paths in a directory that more than one function needs. */
struct paths {
	char ca[PATH_MAX];
	char ca_key[PATH_MAX];
	char listener[PATH_MAX];
	char listener_key[PATH_MAX];
	char registry[PATH_MAX];
	char devices[PATH_MAX];
};

/* --- shared --------------------------------------------------------------- */

static int answer(const struct pki_request *request, enum cp_err err, const struct pki_error *error)
{
	if (!err)
		return EXIT_SUCCESS;
	fprintf(stderr, "%s: %s\n", request->command, error->text);
	return err == CP_INVALID ? EXIT_WRONG_ARGUMENT : EXIT_FAILURE;
}

static void print_json(json_t *json)
{
	CP_CHECK(json);
	json_dumpf(json, stdout, JSON_INDENT(1) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(json);
}

static struct validity valid_for(unsigned days)
{
	wall_ms now = clock_wall();

	return (struct validity){now - BACKDATE_MS, now + days * MS_PER_DAY};
}

static enum cp_err find_paths(const char *dir, struct paths *out, struct pki_error *error)
{
	struct {
		char *path;
		const char *name;
	} files[] = {
	    {out->ca, "ca.pem"},
	    {out->ca_key, "ca.key"},
	    {out->listener, "listener.pem"},
	    {out->listener_key, "listener.key"},
	    {out->registry, "registry"},
	    {out->devices, "devices"},
	};

	for (size_t i = 0; i < CP_COUNT(files); i++) {
		enum cp_err err = file_join(files[i].path, dir, files[i].name, error);
		if (err)
			return err;
	}
	return CP_OK;
}

/* DIR/NAME.pem and DIR/NAME.key */
static enum cp_err find_pair(const char *dir, const char *name, char cert[PATH_MAX],
    char key[PATH_MAX], struct pki_error *error)
{
	char file[NAME_MAX + 1];

	snprintf(file, sizeof(file), "%s.pem", name);
	enum cp_err err = file_join(cert, dir, file, error);
	snprintf(file, sizeof(file), "%s.key", name);
	return err ? err : file_join(key, dir, file, error);
}

/* --- init ----------------------------------------------------------------- */

static enum cp_err init_listener(const struct pki_request *request,
    const struct authority *authority, const struct paths *paths, struct pki_error *error)
{
	struct issued issued;
	enum cp_err err = authority_issue_listener(authority, request->hosts, request->host_count,
	    valid_for(request->days), &issued, error);

	if (!err)
		err = issued_save(&issued, paths->listener, paths->listener_key, error);
	issued_wipe(&issued);
	return err;
}

static enum cp_err init_registry(const char *path, struct pki_error *error)
{
	struct registry *registry;
	enum cp_err err = registry_new(&registry, error);

	if (!err)
		err = registry_save(registry, path, error);
	registry_free(registry);
	return err;
}

/* The authority's key comes last: without it an interrupted init is begun again. */
static enum cp_err init_files(
    const struct pki_request *request, const struct paths *paths, struct pki_error *error)
{
	struct authority *authority;
	char name[CERT_SUBJECT_MAX + 1];

	if (access(paths->ca_key, F_OK) == 0)
		return pki_fail(error, CP_BUSY,
		    "%s has an authority already; a new one would lock out every device",
		    request->dir);
	snprintf(name, sizeof(name), "Carepace %s CA", request->site);
	enum cp_err err = authority_new(name, valid_for(AUTHORITY_DAYS), &authority, error);
	if (!err)
		err = init_listener(request, authority, paths, error);
	if (!err)
		err = init_registry(paths->registry, error);
	if (!err)
		err = file_make_dir(paths->devices, error);
	if (!err)
		err = authority_save(authority, paths->ca, paths->ca_key, error);
	if (!err)
		err = file_sync_dir(request->dir, error);
	authority_free(authority);
	return err;
}

static void init_print(const struct pki_request *request, const struct paths *paths)
{
	char until[DATE_TEXT_LEN + 1];

	date_text(valid_for(request->days).not_after, until);
	if (!request->is_json) {
		printf("authority  %s (keep %s secret and safe)\n", paths->ca, paths->ca_key);
		printf("listener   %s for", paths->listener);
		for (size_t i = 0; i < request->host_count; i++)
			printf(" %s", request->hosts[i]);
		printf(", until %.10s\n", until);
		printf("registry   %s\n", paths->registry);
		return;
	}
	json_t *hosts = json_array();
	for (size_t i = 0; i < request->host_count; i++)
		json_array_append_new(hosts, json_string(request->hosts[i]));
	print_json(json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "ca", paths->ca, "ca_key",
	    paths->ca_key, "cert", paths->listener, "key", paths->listener_key, "registry",
	    paths->registry, "expires", until, "hosts", hosts));
}

int pki_run_init(struct pki_request *request)
{
	struct pki_error error;
	struct paths paths;
	int lock = -1;

	if (request->host_count == 0) {
		request->hosts[request->host_count++] = "localhost";
		request->hosts[request->host_count++] = "127.0.0.1";
	}
	enum cp_err err = find_paths(request->dir, &paths, &error);
	if (!err)
		err = file_make_dir(request->dir, &error);
	if (!err)
		err = file_lock_dir(request->dir, &lock, &error);
	if (!err)
		err = init_files(request, &paths, &error);
	file_unlock(lock);
	if (!err)
		init_print(request, &paths);
	return answer(request, err, &error);
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

/* A device that was renewed is still what it was. */
static enum cp_err check_kind(
    const struct registry *registry, const struct registry_entry *entry, struct pki_error *error)
{
	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct registry_entry *other = registry_at(registry, i);
		if (id_eq(&other->device, &entry->device) && other->kind != entry->kind)
			return pki_fail(error, CP_INVALID, "this device is a %s in the registry",
			    pki_kind_name(other->kind));
	}
	return CP_OK;
}

static enum cp_err issue_one(const struct pki_request *request, const struct authority *authority,
    struct registry *registry, unsigned number, struct pki_error *error)
{
	struct registry_entry entry = {0};
	struct issued issued = {0};
	struct validity validity = valid_for(request->days);
	char hex[ID_HEX_LEN + 1];
	char cert[PATH_MAX];
	char key[PATH_MAX];

	enum cp_err err = name_device(request, number, &entry, error);
	if (!err)
		err = check_kind(registry, &entry, error);
	if (!err)
		err = find_pair(request->out, id_hex(&entry.device, hex), cert, key, error);
	if (!err)
		err = authority_issue_device(authority, &entry.device, validity, &issued, error);
	if (!err)
		err = issued_save(&issued, cert, key, error);
	if (!err) {
		memcpy(entry.serial, issued.serial, sizeof(entry.serial));
		entry.serial_len = issued.serial_len;
		memcpy(entry.key_sha256, issued.key_sha256, sizeof(entry.key_sha256));
		entry.issued_at = validity.not_before + BACKDATE_MS;
		entry.expires_at = validity.not_after;
		err = registry_add(registry, &entry, error);
	}
	issued_wipe(&issued);
	return err;
}

/* Certificates first, the registry last: what it names is on disk. */
static enum cp_err issue_files(const struct pki_request *request, const struct paths *paths,
    const struct authority *authority, struct registry *registry, struct pki_error *error)
{
	enum cp_err err = file_make_dir(request->out, error);

	for (unsigned i = 1; i <= request->count && !err; i++)
		err = issue_one(request, authority, registry, i, error);
	if (!err)
		err = file_sync_dir(request->out, error);
	if (!err)
		err = registry_save(registry, paths->registry, error);
	if (!err)
		err = file_sync_dir(request->dir, error);
	return err;
}

static enum cp_err issue_print(const struct pki_request *request, const struct registry *registry,
    size_t first, struct pki_error *error)
{
	json_t *all = json_array();

	for (size_t i = first; i < registry_count(registry); i++) {
		const struct registry_entry *entry = registry_at(registry, i);
		char hex[ID_HEX_LEN + 1];
		char until[DATE_TEXT_LEN + 1];
		char cert[PATH_MAX];
		char key[PATH_MAX];
		enum cp_err err =
		    find_pair(request->out, id_hex(&entry->device, hex), cert, key, error);
		if (err) {
			json_decref(all);
			return err;
		}
		date_text(entry->expires_at, until);
		if (request->is_json)
			json_array_append_new(
			    all, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", hex, "kind",
			             pki_kind_name(entry->kind), "name", entry->name, "expires",
			             until, "cert", cert, "key", key));
		else
			printf("%s  %s (%s), until %.10s: %s and .key\n", hex, entry->name,
			    pki_kind_name(entry->kind), until, cert);
	}
	if (request->is_json)
		print_json(json_incref(all));
	json_decref(all);
	return CP_OK;
}

int pki_run_issue(struct pki_request *request)
{
	struct authority *authority = NULL;
	struct registry *registry = NULL;
	struct pki_error error;
	struct paths paths;
	size_t first = 0;
	int lock = -1;

	if (!request->kind || !request->name) {
		pki_wrong(request, "say --kind and --name");
		return EXIT_WRONG_ARGUMENT;
	}
	if (request->count > 1 && !id_is_zero(&request->id)) {
		pki_wrong(request, "--id and --count do not go together");
		return EXIT_WRONG_ARGUMENT;
	}
	enum cp_err err = find_paths(request->dir, &paths, &error);
	if (!err)
		err = file_lock_dir(request->dir, &lock, &error);
	if (!err)
		err = authority_load(paths.ca, paths.ca_key, &authority, &error);
	if (!err)
		err = registry_load(paths.registry, &registry, &error);
	if (!err) {
		request->out = request->out ? request->out : paths.devices;
		first = registry_count(registry);
		err = issue_files(request, &paths, authority, registry, &error);
	}
	if (!err)
		err = issue_print(request, registry, first, &error);
	registry_free(registry);
	authority_free(authority);
	file_unlock(lock);
	return answer(request, err, &error);
}

/* --- client --------------------------------------------------------------- */

static enum cp_err client_files(const struct pki_request *request,
    const struct authority *authority, const char *cert, const char *key, struct pki_error *error)
{
	struct issued issued;
	enum cp_err err = file_make_dir(request->out, error);

	if (err)
		return err;
	err = authority_issue_client(
	    authority, request->name, valid_for(request->days), &issued, error);
	if (!err)
		err = issued_save(&issued, cert, key, error);
	if (!err)
		err = file_sync_dir(request->out, error);
	issued_wipe(&issued);
	return err;
}

int pki_run_client(struct pki_request *request)
{
	struct authority *authority = NULL;
	struct pki_error error;
	struct paths paths;
	char file[SITE_MAX + 8];
	char cert[PATH_MAX];
	char key[PATH_MAX];

	if (!request->name || !pki_is_site(request->name)) {
		pki_wrong(request, "say --name, 1 to %d of a-z 0-9 -", SITE_MAX);
		return EXIT_WRONG_ARGUMENT;
	}
	request->out = request->out ? request->out : request->dir;
	snprintf(file, sizeof(file), "client-%s", request->name); /* never ca or listener */
	enum cp_err err = find_paths(request->dir, &paths, &error);
	if (!err)
		err = find_pair(request->out, file, cert, key, &error);
	if (!err)
		err = authority_load(paths.ca, paths.ca_key, &authority, &error);
	if (!err)
		err = client_files(request, authority, cert, key, &error);
	authority_free(authority);
	if (!err && request->is_json)
		print_json(json_pack("{s:s, s:s, s:s}", "ca", paths.ca, "cert", cert, "key", key));
	else if (!err)
		printf("%s and .key, to be trusted by %s\n", cert, paths.ca);
	return answer(request, err, &error);
}
