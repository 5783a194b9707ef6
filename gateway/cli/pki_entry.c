#include "cli/pki_entry.h"

#include "base/hex.h"
#include "base/suggest.h"
#include "cli/output.h"
#include "pki/date.h"

#define BEARERS_MAX 4 /* of one name in one sentence, which has room for so many */

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

const struct registry_entry *pki_bearer(const struct registry *registry, const char *name)
{
	for (size_t i = registry_count(registry); i-- > 0;) {
		const struct registry_entry *entry = registry_at(registry, i);
		if (!entry->is_revoked && strcmp(entry->name, name) == 0)
			return entry;
	}
	return NULL;
}

/* The newest entry of each device that has or had the name; how many there are. */
static size_t list_bearers(const struct registry *registry, const char *name, bool is_revoked,
    const struct registry_entry *out[BEARERS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct registry_entry *entry = registry_at(registry, i);
		size_t at = 0;
		if (entry->is_revoked != is_revoked || strcmp(entry->name, name) != 0)
			continue;
		while (at < count && !id_eq(&out[at]->device, &entry->device))
			at++;
		if (at == BEARERS_MAX)
			return count;
		out[at] = entry;
		count += at == count;
	}
	return count;
}

static enum cp_err ambiguous(const char *name, const struct registry_entry *const *bearers,
    size_t count, struct pki_error *error)
{
	char list[BEARERS_MAX * (ID_HEX_LEN + 16)] = "";
	size_t len = 0;

	for (size_t i = 0; i < count; i++) {
		char hex[ID_HEX_LEN + 1];
		len += (size_t)snprintf(list + len, sizeof(list) - len, "%s%s (%s)", i ? ", " : "",
		    id_hex(&bearers[i]->device, hex), pki_kind_name(bearers[i]->kind));
	}
	return pki_fail(error, CP_INVALID,
	    "%s%zu devices have the name \"%.40s\": say by --id which one: %s",
	    count == BEARERS_MAX ? "at least " : "", count, name, list);
}

/* Who has the name goes before who had it. */
static enum cp_err find_name(const char *name, const struct registry *registry,
    const struct registry_entry **out, struct pki_error *error)
{
	const struct registry_entry *bearers[BEARERS_MAX];
	size_t count = list_bearers(registry, name, false, bearers);

	if (count == 0)
		count = list_bearers(registry, name, true, bearers);
	if (count == 0)
		return no_such_name(name, registry, error);
	if (count > 1)
		return ambiguous(name, bearers, count, error);
	*out = bearers[0];
	return CP_OK;
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
