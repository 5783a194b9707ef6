#include "pki/registry.h"

#include <stdlib.h>

/* Entries in the order of the file; `by_serial` is the order to search in. */
struct registry {
	struct registry_entry *entries;
	uint32_t *by_serial;
	size_t count;
	size_t cap;
	struct registry_crl crl;
};

static const char *const kind_names[] = {
    [PKI_PEN] = "pen",
    [PKI_STAMP] = "stamp",
    [PKI_ROLLER] = "roller",
    [PKI_RF] = "rf",
    [PKI_TABLET] = "tablet",
};

const char *pki_kind_name(enum pki_kind kind)
{
	bool is_known = kind > PKI_KIND_NONE && (size_t)kind < CP_COUNT(kind_names);

	return is_known ? kind_names[kind] : "unknown";
}

enum pki_kind pki_kind_from_name(struct slice name)
{
	for (size_t i = PKI_PEN; i < CP_COUNT(kind_names); i++)
		if (slice_eq_str(name, kind_names[i]))
			return (enum pki_kind)i;
	return PKI_KIND_NONE;
}

static bool is_name_byte(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
	       c == ' ' || c == '.' || c == '_' || c == '-';
}

bool registry_name_is_valid(const char *name)
{
	size_t len = strnlen(name, REGISTRY_NAME_MAX + 1);

	if (len == 0 || len > REGISTRY_NAME_MAX || name[0] == ' ' || name[len - 1] == ' ')
		return false;
	for (size_t i = 0; i < len; i++)
		if (!is_name_byte(name[i]))
			return false;
	return true;
}

/* --- in memory ------------------------------------------------------------ */

enum cp_err registry_new(struct registry **out, struct pki_error *error)
{
	*out = calloc(1, sizeof(**out));
	return *out ? CP_OK : pki_fail(error, CP_NOMEM, "no memory for the registry");
}

void registry_free(struct registry *registry)
{
	if (!registry)
		return;
	free(registry->entries);
	free(registry->by_serial);
	free(registry);
}

size_t registry_count(const struct registry *registry)
{
	return registry->count;
}

const struct registry_entry *registry_at(const struct registry *registry, size_t index)
{
	CP_CHECK(index < registry->count);
	return &registry->entries[index];
}

static struct slice without_zeros(struct slice serial)
{
	while (serial.len > 0 && serial.p[0] == 0)
		serial = slice_from(serial, 1);
	return serial;
}

static int serial_cmp(const struct registry_entry *entry, struct slice serial)
{
	if (entry->serial_len != serial.len)
		return entry->serial_len < serial.len ? -1 : 1;
	return memcmp(entry->serial, serial.p, serial.len);
}

/* The first place in by_serial whose serial is not smaller. */
static size_t lower_bound(const struct registry *registry, struct slice serial)
{
	size_t from = 0;
	size_t to = registry->count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		if (serial_cmp(&registry->entries[registry->by_serial[middle]], serial) < 0)
			from = middle + 1;
		else
			to = middle;
	}
	return from;
}

static const struct registry_entry *with_serial(
    const struct registry *registry, struct slice serial, size_t at)
{
	if (at == registry->count)
		return NULL;
	const struct registry_entry *entry = &registry->entries[registry->by_serial[at]];
	return serial_cmp(entry, serial) == 0 ? entry : NULL;
}

const struct registry_entry *registry_find(
    const struct registry *registry, struct slice serial, const uint8_t key_sha256[HASH_BYTES])
{
	serial = without_zeros(serial);
	if (serial.len == 0)
		return NULL;

	size_t at = lower_bound(registry, serial);
	const struct registry_entry *entry = with_serial(registry, serial, at);
	bool is_same_key = entry && memcmp(entry->key_sha256, key_sha256, HASH_BYTES) == 0;
	return is_same_key ? entry : NULL;
}

bool registry_find_serial(const struct registry *registry, struct slice serial, size_t *index)
{
	serial = without_zeros(serial);
	size_t at = lower_bound(registry, serial);
	bool is_there = serial.len > 0 && with_serial(registry, serial, at);

	if (is_there)
		*index = registry->by_serial[at];
	return is_there;
}

static bool grow(struct registry *registry)
{
	if (registry->count < registry->cap)
		return true;
	size_t cap = registry->cap ? registry->cap * 2 : 64;
	struct registry_entry *entries =
	    realloc(registry->entries, cap * sizeof(*registry->entries));
	if (!entries)
		return false;
	registry->entries = entries;
	uint32_t *by_serial = realloc(registry->by_serial, cap * sizeof(*registry->by_serial));
	if (!by_serial)
		return false;
	registry->by_serial = by_serial;
	registry->cap = cap;
	return true;
}

enum cp_err registry_add(
    struct registry *registry, const struct registry_entry *entry, struct pki_error *error)
{
	struct slice serial = slice_of(entry->serial, entry->serial_len);

	if (id_is_zero(&entry->device))
		return pki_fail(error, CP_INVALID, "the device id is zero");
	if (!registry_name_is_valid(entry->name))
		return pki_fail(error, CP_INVALID,
		    "a name has 1 to %d of A-Z a-z 0-9 . _ - and blanks between",
		    REGISTRY_NAME_MAX);
	if (serial.len == 0 || serial.len > SERIAL_MAX_BYTES || serial.p[0] == 0)
		return pki_fail(error, CP_INVALID, "a serial has 1 to %d bytes, the first not zero",
		    SERIAL_MAX_BYTES);

	size_t at = lower_bound(registry, serial);
	if (with_serial(registry, serial, at))
		return pki_fail(error, CP_BUSY, "this serial is there already");
	if (registry->count == REGISTRY_ENTRIES_MAX)
		return pki_fail(error, CP_FULL, "more than %d devices", REGISTRY_ENTRIES_MAX);
	if (!grow(registry))
		return pki_fail(error, CP_NOMEM, "no memory for the registry");

	memmove(registry->by_serial + at + 1, registry->by_serial + at,
	    (registry->count - at) * sizeof(*registry->by_serial));
	registry->by_serial[at] = (uint32_t)registry->count;
	registry->entries[registry->count++] = *entry;
	return CP_OK;
}

void registry_revoke(
    struct registry *registry, size_t index, enum revocation reason, wall_ms revoked_at)
{
	CP_CHECK(index < registry->count);
	struct registry_entry *entry = &registry->entries[index];
	entry->is_revoked = true;
	entry->reason = reason;
	entry->revoked_at = revoked_at;
}

const struct registry_crl *registry_crl(const struct registry *registry)
{
	return registry->crl.imported_at ? &registry->crl : NULL;
}

void registry_set_crl(struct registry *registry, const struct registry_crl *crl)
{
	registry->crl = *crl;
}
