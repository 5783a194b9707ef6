#include "cli/pki_entry.h"

#include "base/hex.h"
#include "cli/output.h"
#include "base/suggest.h"
#include "pki/date.h"

enum pki_state pki_state_of(const struct registry_entry *entry, wall_ms now)
{
	if (entry->is_revoked)
		return PKI_REVOKED;
	if (entry->expires_at < now)
		return PKI_EXPIRED;
	return entry->expires_at - now < PKI_SOON_DAYS * MS_PER_DAY ? PKI_ENDS_SOON : PKI_ACTIVE;
}

const char *pki_state_name(enum pki_state state)
{
	static const char *const names[PKI_STATE_COUNT] = {
	    [PKI_ACTIVE] = "active",
	    [PKI_ENDS_SOON] = "ends-soon",
	    [PKI_EXPIRED] = "expired",
	    [PKI_REVOKED] = "revoked",
	};

	return names[state];
}

/* --- which one ------------------------------------------------------------ */

static enum cp_err no_such_name(
    const char *name, const struct registry *registry, struct pki_error *error)
{
	struct suggestion suggestion = suggest_for(name);

	for (size_t i = 0; i < registry_count(registry); i++)
		suggest_offer(&suggestion, registry_at(registry, i)->name);
	if (suggestion.best)
		return pki_fail(error, CP_NOTFOUND,
		    "there is no device \"%.40s\" in the registry; did you mean \"%s\"?", name,
		    suggestion.best);
	return pki_fail(error, CP_NOTFOUND,
	    "there is no device \"%.40s\" in the registry; carepace pki list shows all", name);
}

static enum cp_err find_name(const char *name, const struct registry *registry,
    const struct registry_entry **out, struct pki_error *error)
{
	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct registry_entry *entry = registry_at(registry, i);
		if (strcmp(entry->name, name) != 0)
			continue;
		if (*out && !id_eq(&(*out)->device, &entry->device))
			return pki_fail(error, CP_INVALID,
			    "more than one device has the name \"%.40s\": say --id", name);
		*out = entry;
	}
	return *out ? CP_OK : no_such_name(name, registry, error);
}

enum cp_err pki_find_device(const struct pki_request *request, const struct registry *registry,
    const struct registry_entry **out, struct pki_error *error)
{
	char hex[ID_HEX_LEN + 1];

	*out = NULL;
	if (id_is_zero(&request->id) == !request->name)
		return pki_fail(error, CP_INVALID, "say which device, by --id or by --name");
	if (request->name)
		return find_name(request->name, registry, out, error);
	for (size_t i = 0; i < registry_count(registry); i++)
		if (id_eq(&registry_at(registry, i)->device, &request->id))
			*out = registry_at(registry, i);
	if (*out)
		return CP_OK;
	return pki_fail(error, CP_NOTFOUND,
	    "there is no device %s in the registry; carepace pki list shows all",
	    id_hex(&request->id, hex));
}

/* --- how it is shown ------------------------------------------------------ */

const char *pki_serial(const struct registry_entry *entry, char out[2 * SERIAL_MAX_BYTES + 1])
{
	return hex_format(slice_of(entry->serial, entry->serial_len), out);
}

json_t *pki_entry_json(const struct registry_entry *entry, wall_ms now)
{
	json_t *json = json_object();
	char serial[2 * SERIAL_MAX_BYTES + 1];
	char date[DATE_TEXT_LEN + 1];

	json_put_id(json, "id", &entry->device);
	json_put_text(json, "kind", pki_kind_name(entry->kind));
	json_put_text(json, "name", entry->name);
	json_put_text(json, "serial", pki_serial(entry, serial));
	json_put_text(json, "state", pki_state_name(pki_state_of(entry, now)));
	json_put_text(json, "issued", date_text(entry->issued_at, date));
	json_put_text(json, "expires", date_text(entry->expires_at, date));
	json_put_text(
	    json, "revoked", entry->revoked_at ? date_text(entry->revoked_at, date) : NULL);
	json_put_text(json, "reason", entry->is_revoked ? revocation_name(entry->reason) : NULL);
	return json;
}
