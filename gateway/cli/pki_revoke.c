/* pki_revoke.c - `carepace pki revoke`. */
#include "cli/output.h"
#include "cli/pki_entry.h"
#include "cli/pki_folder.h"
#include "io/clock.h"
#include "pki/date.h"

/* What was asked for: one certificate, or all of one device. */
struct choice {
	struct id device;
	struct slice serial; /* empty: all of the device */
};

static bool is_chosen(const struct choice *choice, const struct registry_entry *entry)
{
	struct slice serial = slice_of(entry->serial, entry->serial_len);

	return id_eq(&entry->device, &choice->device) &&
	       (choice->serial.len == 0 || slice_eq(serial, choice->serial));
}

static enum cp_err choose(const struct pki_request *request, const struct registry *registry,
    struct choice *out, struct pki_error *error)
{
	const struct registry_entry *entry;
	size_t index;

	if (!request->serial_len) {
		enum cp_err err = pki_find_device(request, registry, &entry, error);
		if (!err)
			*out = (struct choice){.device = entry->device};
		return err;
	}
	if (request->name || !id_is_zero(&request->id))
		return pki_fail(
		    error, CP_INVALID, "--serial says which certificate; leave out the rest");
	if (!registry_find_serial(registry, slice_of(request->serial, request->serial_len), &index))
		return pki_fail(error, CP_NOTFOUND,
		    "no certificate in the registry has this serial; carepace pki list shows all");
	entry = registry_at(registry, index);
	*out = (struct choice){entry->device, slice_of(entry->serial, entry->serial_len)};
	return CP_OK;
}

/* How many were not revoked yet. */
static size_t revoke_chosen(
    struct registry *registry, const struct choice *choice, enum revocation reason, wall_ms now)
{
	size_t count = 0;

	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct registry_entry *entry = registry_at(registry, i);
		if (entry->is_revoked || !is_chosen(choice, entry))
			continue;
		registry_revoke(registry, i, reason, now);
		count++;
	}
	return count;
}

static void print_text(
    const struct registry *registry, const struct choice *choice, size_t count, wall_ms now)
{
	char hex[ID_HEX_LEN + 1];
	char serial[2 * SERIAL_MAX_BYTES + 1];
	char date[DATE_TEXT_LEN + 1];

	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct registry_entry *entry = registry_at(registry, i);
		if (!id_eq(&entry->device, &choice->device))
			continue;
		printf("%s  %s (%s), certificate %s: ", id_hex(&entry->device, hex), entry->name,
		    pki_kind_name(entry->kind), pki_serial(entry, serial));
		if (!entry->is_revoked)
			printf("%s until %.10s\n", pki_state_name(pki_state_of(entry, now)),
			    date_text(entry->expires_at, date));
		else if (entry->revoked_at)
			printf("revoked on %.10s (%s)\n", date_text(entry->revoked_at, date),
			    revocation_name(entry->reason));
		else
			printf("revoked\n");
	}
	puts(count ? "The gateway closes its connection within 5 s."
	           : "It was revoked before; nothing was changed.");
}

static void print_json(
    const struct registry *registry, const struct choice *choice, size_t count, wall_ms now)
{
	json_t *all = json_array();

	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct registry_entry *entry = registry_at(registry, i);
		if (id_eq(&entry->device, &choice->device))
			json_append(all, pki_entry_json(entry, now));
	}
	json_print(json_pack("{s:I, s:o}", "revoked", (json_int_t)count, "certificates", all));
}

enum cp_err pki_revoke(struct pki_request *request, struct pki_error *error)
{
	struct pki_folder folder;
	struct choice choice = {0};
	size_t count = 0;
	wall_ms now = clock_wall();

	enum cp_err err = pki_folder_open(&folder, request->dir, PKI_LOCK | PKI_REGISTRY, error);
	if (!err)
		err = choose(request, folder.registry, &choice, error);
	if (!err) {
		count = revoke_chosen(folder.registry, &choice, request->reason, now);
		if (count)
			err = pki_folder_save(&folder, error);
	}
	if (!err && request->options.is_json)
		print_json(folder.registry, &choice, count, now);
	else if (!err)
		print_text(folder.registry, &choice, count, now);
	pki_folder_close(&folder);
	return err;
}
