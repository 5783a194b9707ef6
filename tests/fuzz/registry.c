/* A registry of devices. */
#include "fuzz.h"

#include "pki/registry.h"

static void check_entry(const struct registry *registry, const struct registry_entry *entry)
{
	CP_CHECK(!id_is_zero(&entry->device) && registry_name_is_valid(entry->name));
	CP_CHECK(entry->serial_len >= 1 && entry->serial[0] != 0);
	CP_CHECK(pki_kind_from_name(slice_str(pki_kind_name(entry->kind))) == entry->kind);
	CP_CHECK(registry_find(registry, slice_of(entry->serial, entry->serial_len),
	             entry->key_sha256) == entry);
}

static void check_equal(const struct registry_entry *a, const struct registry_entry *b)
{
	CP_CHECK(id_eq(&a->device, &b->device) && a->kind == b->kind);
	CP_CHECK(a->is_revoked == b->is_revoked);
	CP_CHECK(slice_eq(slice_of(a->serial, a->serial_len), slice_of(b->serial, b->serial_len)));
	CP_CHECK(memcmp(a->key_sha256, b->key_sha256, HASH_BYTES) == 0);
	CP_CHECK(a->issued_at == b->issued_at && a->expires_at == b->expires_at);
	CP_CHECK(strcmp(a->name, b->name) == 0);
}

/* What is written reads the same. */
static void check_round_trip(const struct registry *registry)
{
	struct registry *again;
	struct pki_error error;
	struct buf text;

	buf_init(&text, REGISTRY_FILE_MAX_BYTES);
	CP_CHECK(registry_format(registry, &text) == CP_OK);
	CP_CHECK(registry_parse("again", buf_bytes(&text), &again, &error) == CP_OK);
	CP_CHECK(registry_count(again) == registry_count(registry));
	for (size_t i = 0; i < registry_count(registry); i++)
		check_equal(registry_at(again, i), registry_at(registry, i));
	registry_free(again);
	buf_deinit(&text);
}

void fuzz_one(struct slice bytes)
{
	struct pki_error error = {0};
	struct registry *registry;

	enum cp_err err = registry_parse("fuzz", bytes, &registry, &error);
	CP_CHECK((err == CP_OK) == (registry != NULL));
	if (err != CP_OK) {
		CP_CHECK(err == CP_CORRUPT && strncmp(error.text, "fuzz:", 5) == 0);
		return;
	}
	for (size_t i = 0; i < registry_count(registry); i++)
		check_entry(registry, registry_at(registry, i));
	check_round_trip(registry);
	registry_free(registry);
}
