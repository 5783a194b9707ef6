/* pki_list.c - `carepace pki list`. */
#include "cli/output.h"
#include "cli/pki_entry.h"
#include "cli/pki_folder.h"
#include "io/clock.h"
#include "pki/date.h"

#define TABLE_BLOCK_BYTES 65536
#define TABLE_MAX_BYTES ((size_t)64 << 20)

/* A newer certificate of this device is in use: nobody needs to act on this one. */
static bool is_renewed(const struct registry *registry, size_t index, wall_ms now)
{
	const struct registry_entry *entry = registry_at(registry, index);

	for (size_t i = index + 1; i < registry_count(registry); i++) {
		const struct registry_entry *other = registry_at(registry, i);
		enum pki_state state = pki_state_of(other, now);
		if (id_eq(&other->device, &entry->device) && state < PKI_EXPIRED)
			return true;
	}
	return false;
}

/* "ends in 12 days, renewed", "revoked 2026-11-22 (key-compromise)" */
static const char *state_text(
    const struct registry_entry *entry, bool renewed, wall_ms now, char out[96])
{
	const char *more = renewed ? ", renewed" : "";
	char date[DATE_TEXT_LEN + 1] = "";

	switch (pki_state_of(entry, now)) {
	case PKI_REVOKED:
		if (entry->revoked_at)
			date_text(entry->revoked_at, date);
		snprintf(out, 96, "revoked %.10s (%s)", date, revocation_name(entry->reason));
		break;
	case PKI_ENDS_SOON:
		snprintf(out, 96, "ends in %d days%s",
		    (int)((entry->expires_at - now) / MS_PER_DAY), more);
		break;
	default:
		snprintf(out, 96, "%s%s", pki_state_name(pki_state_of(entry, now)), more);
	}
	return out;
}

static void print_crl(const struct registry_crl *crl, wall_ms now)
{
	char date[DATE_TEXT_LEN + 1];

	if (!crl)
		return;
	printf("The revocation list is of %.10s; ", date_text(crl->this_update, date));
	printf(crl->next_update < now ? "a newer one was due on %.10s: import it.\n"
	                              : "the next is due on %.10s.\n",
	    date_text(crl->next_update, date));
}

static void print_sum(const struct registry *registry, wall_ms now)
{
	size_t counts[PKI_STATE_COUNT] = {0};
	size_t ending = 0;

	for (size_t i = 0; i < registry_count(registry); i++) {
		enum pki_state state = pki_state_of(registry_at(registry, i), now);
		counts[state]++;
		ending += state == PKI_ENDS_SOON && !is_renewed(registry, i, now);
	}
	printf("%zu certificates: %zu active, %zu expired, %zu revoked", registry_count(registry),
	    counts[PKI_ACTIVE] + counts[PKI_ENDS_SOON], counts[PKI_EXPIRED], counts[PKI_REVOKED]);
	if (ending)
		printf("; %zu to renew by carepace pki renew", ending);
	puts(".");
	print_crl(registry_crl(registry), now);
}

static void print_text(const struct registry *registry, wall_ms now)
{
	static const char *const heads[] = {"NAME", "KIND", "DEVICE", "SERIAL", "UNTIL", "STATE"};
	struct arena arena;
	struct table table;

	arena_init(&arena, TABLE_BLOCK_BYTES, TABLE_MAX_BYTES);
	table_init(&table, &arena, heads, CP_COUNT(heads));
	for (size_t i = 0; i < registry_count(registry); i++) {
		const struct registry_entry *entry = registry_at(registry, i);
		char hex[ID_HEX_LEN + 1];
		char serial[2 * SERIAL_MAX_BYTES + 1];
		char until[DATE_TEXT_LEN + 1];
		char state[96];

		table_add(&table, entry->name);
		table_add(&table, pki_kind_name(entry->kind));
		table_add(&table, id_hex(&entry->device, hex));
		table_add(&table, pki_serial(entry, serial));
		date_text(entry->expires_at, until);
		until[sizeof("2026-08-29") - 1] = '\0';
		table_add(&table, until);
		table_add(&table, state_text(entry, is_renewed(registry, i, now), now, state));
	}
	if (registry_count(registry))
		table_print(&table, "", stdout);
	print_sum(registry, now);
	arena_deinit(&arena);
}

static json_t *crl_json(const struct registry_crl *crl)
{
	char date[DATE_TEXT_LEN + 1];

	if (!crl)
		return json_null();
	json_t *json = json_object();
	json_put_text(json, "this_update", date_text(crl->this_update, date));
	json_put_text(json, "next_update", date_text(crl->next_update, date));
	json_put_text(json, "imported", date_text(crl->imported_at, date));
	return json;
}

static void print_json(const struct registry *registry, wall_ms now)
{
	json_t *all = json_array();

	for (size_t i = 0; i < registry_count(registry); i++) {
		json_t *one = pki_entry_json(registry_at(registry, i), now);
		json_put(one, "renewed", json_boolean(is_renewed(registry, i, now)));
		json_append(all, one);
	}
	json_print(
	    json_pack("{s:o, s:o}", "certificates", all, "crl", crl_json(registry_crl(registry))));
}

enum cp_err pki_list(struct pki_request *request, struct pki_error *error)
{
	struct pki_folder folder;
	enum cp_err err = pki_folder_open(&folder, request->dir, PKI_REGISTRY, error);

	if (!err && request->options.is_json)
		print_json(folder.registry, clock_wall());
	else if (!err)
		print_text(folder.registry, clock_wall());
	pki_folder_close(&folder);
	return err;
}
