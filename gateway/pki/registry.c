#include "pki/registry.h"

#include "pki/date.h"
#include "pki/file.h"

#include <stdio.h>
#include <stdlib.h>

#define HEADER "# carepace device registry 1"
#define COLUMNS "# device kind state serial key_sha256 issued expires name"
#define FIELDS 7 /* before the name */

/* Entries in the order of the file; `by_serial` is the order to search in. */
struct registry {
	struct registry_entry *entries;
	uint32_t *by_serial;
	size_t count;
	size_t cap;
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

/* --- reading -------------------------------------------------------------- */

struct line {
	const char *path;
	unsigned number;
	struct slice field[FIELDS];
	struct slice name;
};

static enum cp_err wrong(
    const struct line *line, struct slice found, const char *expected, struct pki_error *error)
{
	return pki_fail(error, CP_CORRUPT, "%s:%u: expected %s, found \"%.*s\"", line->path,
	    line->number, expected, (int)(found.len < 70 ? found.len : 70),
	    found.len ? (const char *)found.p : "");
}

static bool is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static struct slice skip_blanks(struct slice s)
{
	while (s.len > 0 && is_blank(s.p[0]))
		s = slice_from(s, 1);
	return s;
}

static void split(struct line *line, struct slice text)
{
	for (size_t i = 0; i < FIELDS; i++) {
		text = skip_blanks(text);
		size_t len = 0;
		while (len < text.len && !is_blank(text.p[len]))
			len++;
		line->field[i] = slice_of(text.p, len);
		text = slice_from(text, len);
	}
	line->name = skip_blanks(text);
}

static bool hex_bytes(struct slice hex, uint8_t *out, size_t max_bytes, size_t *len_bytes)
{
	*len_bytes = hex.len / 2;
	if (hex.len % 2 != 0 || hex.len == 0 || *len_bytes > max_bytes)
		return false;
	for (size_t i = 0; i < hex.len; i++) {
		uint8_t c = hex.p[i];
		bool is_digit = c >= '0' && c <= '9';
		if (!is_digit && (c < 'a' || c > 'f'))
			return false;
		uint8_t value = (uint8_t)(is_digit ? c - '0' : c - 'a' + 10);
		out[i / 2] = (uint8_t)(i % 2 == 0 ? value << 4 : out[i / 2] | value);
	}
	return true;
}

static enum cp_err parse_keys(
    const struct line *line, struct registry_entry *entry, struct pki_error *error)
{
	const struct slice *field = line->field;
	size_t len;

	if (!id_from_hex(&entry->device, field[0]))
		return wrong(line, field[0], "a device id of 32 digits 0-9a-f", error);
	entry->kind = pki_kind_from_name(field[1]);
	if (entry->kind == PKI_KIND_NONE)
		return wrong(line, field[1], "a kind (pen, stamp, roller, rf, tablet)", error);
	entry->is_revoked = slice_eq_str(field[2], "revoked");
	if (!entry->is_revoked && !slice_eq_str(field[2], "active"))
		return wrong(line, field[2], "a state (active, revoked)", error);
	if (!hex_bytes(field[3], entry->serial, SERIAL_MAX_BYTES, &entry->serial_len))
		return wrong(line, field[3], "a serial of at most 20 bytes in 0-9a-f", error);
	if (!hex_bytes(field[4], entry->key_sha256, HASH_BYTES, &len) || len != HASH_BYTES)
		return wrong(line, field[4], "the key's SHA-256 in 64 digits 0-9a-f", error);
	return CP_OK;
}

static enum cp_err parse_rest(
    const struct line *line, struct registry_entry *entry, struct pki_error *error)
{
	static const char date[] = "a UTC time like 2026-08-29T12:00:00Z";

	if (!date_parse(line->field[5], &entry->issued_at))
		return wrong(line, line->field[5], date, error);
	if (!date_parse(line->field[6], &entry->expires_at))
		return wrong(line, line->field[6], date, error);
	if (line->name.len == 0 || line->name.len > REGISTRY_NAME_MAX)
		return wrong(line, line->name, "a name of 1 to 40 characters", error);
	memcpy(entry->name, line->name.p, line->name.len);
	return CP_OK;
}

static enum cp_err parse_line(
    struct registry *registry, struct line *line, struct slice text, struct pki_error *error)
{
	struct registry_entry entry = {0};
	struct pki_error reason;

	split(line, text);
	enum cp_err err = parse_keys(line, &entry, error);
	if (!err)
		err = parse_rest(line, &entry, error);
	if (err)
		return err;
	err = registry_add(registry, &entry, &reason);
	if (err == CP_BUSY || err == CP_INVALID)
		err = CP_CORRUPT;
	if (err)
		return pki_fail(error, err, "%s:%u: %s", line->path, line->number, reason.text);
	return CP_OK;
}

static struct slice take_line(struct slice *text)
{
	const uint8_t *end = text->len ? memchr(text->p, '\n', text->len) : NULL;
	size_t len = end ? (size_t)(end - text->p) : text->len;
	struct slice line = slice_of(text->p, len);

	*text = slice_from(*text, len + 1);
	return line;
}

static enum cp_err parse_lines(
    struct registry *registry, const char *path, struct slice text, struct pki_error *error)
{
	struct line line = {.path = path, .number = 1};
	struct slice first = take_line(&text);

	if (!slice_eq_str(first, HEADER))
		return wrong(&line, first, "the line \"" HEADER "\"", error);
	while (text.len > 0) {
		struct slice one = take_line(&text);
		line.number++;
		if (skip_blanks(one).len == 0 || one.p[0] == '#')
			continue;
		enum cp_err err = parse_line(registry, &line, one, error);
		if (err)
			return err;
	}
	return CP_OK;
}

enum cp_err registry_parse(
    const char *path, struct slice text, struct registry **out, struct pki_error *error)
{
	enum cp_err err = registry_new(out, error);

	if (!err)
		err = parse_lines(*out, path, text, error);
	if (err) {
		registry_free(*out);
		*out = NULL;
	}
	return err;
}

enum cp_err registry_load(const char *path, struct registry **out, struct pki_error *error)
{
	struct buf text;

	*out = NULL;
	enum cp_err err = file_read(path, REGISTRY_FILE_MAX_BYTES, &text, error);
	if (err)
		return err;
	err = registry_parse(path, buf_bytes(&text), out, error);
	buf_deinit(&text);
	return err;
}

/* --- writing -------------------------------------------------------------- */

static void hex_text(const uint8_t *bytes, size_t len_bytes, char *out)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < len_bytes; i++) {
		out[2 * i] = digits[bytes[i] >> 4];
		out[2 * i + 1] = digits[bytes[i] & 15];
	}
	out[2 * len_bytes] = '\0';
}

static enum cp_err append_entry(struct buf *out, const struct registry_entry *entry)
{
	char device[ID_HEX_LEN + 1];
	char serial[2 * SERIAL_MAX_BYTES + 1];
	char key[2 * HASH_BYTES + 1];
	char issued[DATE_TEXT_LEN + 1];
	char expires[DATE_TEXT_LEN + 1];
	char line[REGISTRY_LINE_MAX_BYTES];

	hex_text(entry->serial, entry->serial_len, serial);
	hex_text(entry->key_sha256, HASH_BYTES, key);
	int len = snprintf(line, sizeof(line), "%s %s %s %s %s %s %s %s\n",
	    id_hex(&entry->device, device), pki_kind_name(entry->kind),
	    entry->is_revoked ? "revoked" : "active", serial, key,
	    date_text(entry->issued_at, issued), date_text(entry->expires_at, expires),
	    entry->name);
	CP_CHECK(len > 0 && (size_t)len < sizeof(line));
	return buf_append(out, line, (size_t)len);
}

enum cp_err registry_format(const struct registry *registry, struct buf *out)
{
	static const char head[] = HEADER "\n" COLUMNS "\n";
	enum cp_err err = buf_append(out, head, sizeof(head) - 1);

	for (size_t i = 0; i < registry->count && !err; i++)
		err = append_entry(out, &registry->entries[i]);
	return err;
}

enum cp_err registry_save(
    const struct registry *registry, const char *path, struct pki_error *error)
{
	struct buf text;

	buf_init(&text, REGISTRY_FILE_MAX_BYTES);
	enum cp_err err = registry_format(registry, &text);
	if (err)
		pki_fail(error, err, "no memory to write %s", path);
	else
		err = file_replace(path, 0644, buf_bytes(&text), error);
	buf_deinit(&text);
	return err;
}
