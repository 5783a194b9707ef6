/* registry_text.c - the registry as lines of text. */
#include "pki/registry.h"

#include "base/hex.h"
#include "pki/date.h"
#include "pki/file.h"

#include <stdio.h>

#define HEADER "# carepace device registry 2"
#define HEADER_1 "# carepace device registry 1"
#define COLUMNS "# device kind state serial key_sha256 issued expires revoked reason name"

/* How many fields stand before the name. */
#define FIELDS_1 7
#define FIELDS_2 9
#define FIELDS_MAX FIELDS_2
#define FIELD_REVOKED 7
#define FIELD_REASON 8

/* --- reading -------------------------------------------------------------- */

struct line {
	const char *path;
	unsigned number;
	size_t fields; /* before the name */
	struct slice field[FIELDS_MAX];
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
	for (size_t i = 0; i < line->fields; i++) {
		text = skip_blanks(text);
		size_t len = 0;
		while (len < text.len && !is_blank(text.p[len]))
			len++;
		line->field[i] = slice_of(text.p, len);
		text = slice_from(text, len);
	}
	line->name = skip_blanks(text);
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
	if (!hex_parse(field[3], entry->serial, SERIAL_MAX_BYTES, &entry->serial_len))
		return wrong(line, field[3], "a serial of at most 20 bytes in 0-9a-f", error);
	if (!hex_parse(field[4], entry->key_sha256, HASH_BYTES, &len) || len != HASH_BYTES)
		return wrong(line, field[4], "the key's SHA-256 in 64 digits 0-9a-f", error);
	return CP_OK;
}

static enum cp_err parse_date(
    const struct line *line, size_t index, wall_ms *out, struct pki_error *error)
{
	if (date_parse(line->field[index], out))
		return CP_OK;
	return wrong(line, line->field[index], "a UTC time like 2026-08-29T12:00:00Z", error);
}

/* Version 1 has neither, version 2 may have "-" for both. */
static enum cp_err parse_revocation(
    const struct line *line, struct registry_entry *entry, struct pki_error *error)
{
	if (line->fields <= FIELD_REASON)
		return CP_OK;
	struct slice revoked = line->field[FIELD_REVOKED];
	struct slice reason = line->field[FIELD_REASON];
	bool has_date = !slice_eq_str(revoked, "-");
	bool has_reason = !slice_eq_str(reason, "-");

	if (!entry->is_revoked && (has_date || has_reason))
		return wrong(line, has_date ? revoked : reason, "- since it is active", error);
	if (has_reason && !revocation_from_name(reason, &entry->reason))
		return wrong(
		    line, reason, "a reason of revocation (key-compromise, ...) or -", error);
	return has_date ? parse_date(line, FIELD_REVOKED, &entry->revoked_at, error) : CP_OK;
}

static enum cp_err parse_rest(
    const struct line *line, struct registry_entry *entry, struct pki_error *error)
{
	enum cp_err err = parse_date(line, 5, &entry->issued_at, error);

	if (!err)
		err = parse_date(line, 6, &entry->expires_at, error);
	if (!err)
		err = parse_revocation(line, entry, error);
	if (err)
		return err;
	if (line->name.len == 0 || line->name.len > REGISTRY_NAME_MAX)
		return wrong(line, line->name, "a name of 1 to 40 characters", error);
	memcpy(entry->name, line->name.p, line->name.len);
	return CP_OK;
}

static enum cp_err parse_entry(
    struct registry *registry, const struct line *line, struct pki_error *error)
{
	struct registry_entry entry = {0};
	struct pki_error reason;

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

static enum cp_err parse_crl(
    struct registry *registry, const struct line *line, struct pki_error *error)
{
	struct registry_crl crl;
	enum cp_err err = parse_date(line, 1, &crl.this_update, error);

	if (!err)
		err = parse_date(line, 2, &crl.next_update, error);
	if (!err)
		err = parse_date(line, 3, &crl.imported_at, error);
	if (!err)
		registry_set_crl(registry, &crl);
	return err;
}

static enum cp_err parse_line(
    struct registry *registry, struct line *line, struct slice text, struct pki_error *error)
{
	split(line, text);
	if (line->fields == FIELDS_2 && slice_eq_str(line->field[0], "crl"))
		return parse_crl(registry, line, error);
	return parse_entry(registry, line, error);
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
	struct line line = {.path = path, .number = 1, .fields = FIELDS_2};
	struct slice first = take_line(&text);

	if (slice_eq_str(first, HEADER_1))
		line.fields = FIELDS_1;
	else if (!slice_eq_str(first, HEADER))
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

static enum cp_err append_entry(struct buf *out, const struct registry_entry *entry)
{
	char device[ID_HEX_LEN + 1];
	char serial[2 * SERIAL_MAX_BYTES + 1];
	char key[2 * HASH_BYTES + 1];
	char issued[DATE_TEXT_LEN + 1];
	char expires[DATE_TEXT_LEN + 1];
	char revoked[DATE_TEXT_LEN + 1] = "-";
	char line[REGISTRY_LINE_MAX_BYTES];

	hex_format(slice_of(entry->serial, entry->serial_len), serial);
	hex_format(slice_of(entry->key_sha256, HASH_BYTES), key);
	if (entry->is_revoked && entry->revoked_at)
		date_text(entry->revoked_at, revoked);
	int len = snprintf(line, sizeof(line), "%s %s %s %s %s %s %s %s %s %s\n",
	    id_hex(&entry->device, device), pki_kind_name(entry->kind),
	    entry->is_revoked ? "revoked" : "active", serial, key,
	    date_text(entry->issued_at, issued), date_text(entry->expires_at, expires), revoked,
	    entry->is_revoked ? revocation_name(entry->reason) : "-", entry->name);
	CP_CHECK(len > 0 && (size_t)len < sizeof(line));
	return buf_append(out, line, (size_t)len);
}

static enum cp_err append_crl(struct buf *out, const struct registry_crl *crl)
{
	char this_update[DATE_TEXT_LEN + 1];
	char next_update[DATE_TEXT_LEN + 1];
	char imported[DATE_TEXT_LEN + 1];
	char line[REGISTRY_LINE_MAX_BYTES];
	int len =
	    snprintf(line, sizeof(line), "crl %s %s %s\n", date_text(crl->this_update, this_update),
	        date_text(crl->next_update, next_update), date_text(crl->imported_at, imported));

	CP_CHECK(len > 0 && (size_t)len < sizeof(line));
	return buf_append(out, line, (size_t)len);
}

enum cp_err registry_format(const struct registry *registry, struct buf *out)
{
	static const char head[] = HEADER "\n" COLUMNS "\n";
	enum cp_err err = buf_append(out, head, sizeof(head) - 1);

	for (size_t i = 0; i < registry_count(registry) && !err; i++)
		err = append_entry(out, registry_at(registry, i));
	if (!err && registry_crl(registry))
		err = append_crl(out, registry_crl(registry));
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
