#include "io/tls_keys.h"

#include "pki/file.h"
#include "pki/rng.h"

#include <inttypes.h>
#include <mbedtls/platform_util.h>
#include <stdio.h>

#define FILE_MAX_BYTES 4096
#define FIRST_LINE "# carepace ticket keys 1\n"
#define KEY_LINE_BYTES 160

/* The key before the newest, however late that was made: its tickets have ended. A
 * key of the future is from before the clock went back. */
#define KEY_AGE_MAX_MS (3 * TICKET_LIFETIME_MS)

_Static_assert(TICKET_KEY_BYTES == 2 * ID_BYTES, "a key is written as two ids");

static bool is_of_use(const struct ticket_key *key, wall_ms now)
{
	return key->made_at <= now && now - key->made_at < KEY_AGE_MAX_MS;
}

bool ticket_keys_are_due(const struct ticket_keys *keys, wall_ms now)
{
	return keys->count == 0 || !is_of_use(&keys->keys[0], now) ||
	       now - keys->keys[0].made_at >= TICKET_LIFETIME_MS;
}

/* --- the file ------------------------------------------------------------- */

static bool parse_key(const char *line, struct ticket_key *out)
{
	char name[ID_HEX_LEN + 1];
	char key[2 * ID_HEX_LEN + 1];
	struct id half[2];

	if (sscanf(line, "%32s %" SCNd64 " %64s", name, &out->made_at, key) != 3)
		return false;
	bool is_good = id_from_hex(&out->name, slice_str(name)) && strlen(key) == 2 * ID_HEX_LEN &&
	               id_from_hex(&half[0], slice_of(key, ID_HEX_LEN)) &&
	               id_from_hex(&half[1], slice_of(key + ID_HEX_LEN, ID_HEX_LEN));
	memcpy(out->key, half, sizeof(out->key));
	mbedtls_platform_zeroize(key, sizeof(key));
	mbedtls_platform_zeroize(half, sizeof(half));
	return is_good;
}

static bool parse(const char *text, wall_ms now, struct ticket_keys *out)
{
	if (strncmp(text, FIRST_LINE, sizeof(FIRST_LINE) - 1) != 0)
		return false;
	for (const char *at = strchr(text, '\n') + 1; *at; at = strchr(at, '\n') + 1) {
		struct ticket_key key;
		if (!strchr(at, '\n') || out->count == TICKET_KEYS_MAX || !parse_key(at, &key))
			return false;
		if (is_of_use(&key, now))
			out->keys[out->count++] = key;
	}
	return true;
}

static enum cp_err load(
    const char *path, wall_ms now, struct ticket_keys *out, struct pki_error *error)
{
	struct buf text;
	enum cp_err err = file_check_secret(path, error);

	if (!err)
		err = file_read(path, FILE_MAX_BYTES, &text, error);
	if (err)
		return err == CP_NOTFOUND ? CP_OK : err;
	if (!parse((const char *)text.p, now, out)) {
		out->count = 0;
		err = pki_fail(error, CP_CORRUPT, "%s must hold ticket keys", path);
	}
	mbedtls_platform_zeroize(text.p, text.cap);
	buf_deinit(&text);
	return err;
}

static enum cp_err save(const char *path, const struct ticket_keys *keys, struct pki_error *error)
{
	char text[sizeof(FIRST_LINE) + TICKET_KEYS_MAX * KEY_LINE_BYTES] = FIRST_LINE;
	size_t len = strlen(text);

	for (size_t i = 0; i < keys->count; i++) {
		const struct ticket_key *key = &keys->keys[i];
		char hex[3][ID_HEX_LEN + 1];
		struct id half[2];
		memcpy(half, key->key, sizeof(half));
		len += (size_t)snprintf(text + len, KEY_LINE_BYTES, "%s %" PRId64 " %s%s\n",
		    id_hex(&key->name, hex[0]), key->made_at, id_hex(&half[0], hex[1]),
		    id_hex(&half[1], hex[2]));
		mbedtls_platform_zeroize(hex, sizeof(hex));
		mbedtls_platform_zeroize(half, sizeof(half));
	}
	enum cp_err err = file_replace(path, 0600, slice_of(text, len), error);
	mbedtls_platform_zeroize(text, sizeof(text));
	return err;
}

/* --- renewal -------------------------------------------------------------- */

static enum cp_err add_new(struct ticket_keys *keys, wall_ms now, struct pki_error *error)
{
	struct ticket_key key = {.made_at = now};

	if (rng_bytes(&key.name, sizeof(key.name)) || rng_bytes(key.key, sizeof(key.key)))
		return pki_fail(error, CP_IO, "no random bytes for a ticket key");
	if (keys->count == TICKET_KEYS_MAX)
		keys->count--;
	memmove(keys->keys + 1, keys->keys, keys->count * sizeof(key));
	keys->keys[0] = key;
	keys->count++;
	mbedtls_platform_zeroize(&key, sizeof(key));
	return CP_OK;
}

enum cp_err ticket_keys_renew(
    const char *path, wall_ms now, struct ticket_keys *out, struct pki_error *error)
{
	struct pki_error why;

	*out = (struct ticket_keys){0};
	enum cp_err err = load(path, now, out, error);
	if (!ticket_keys_are_due(out, now))
		return err;
	enum cp_err next = add_new(out, now, &why);
	if (!next)
		next = save(path, out, &why);
	if (err || !next)
		return err; /* the first thing that went wrong */
	*error = why;
	return next;
}
