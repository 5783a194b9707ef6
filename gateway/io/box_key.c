#include "io/box_key.h"

#include "base/hex.h"
#include "pki/file.h"
#include "pki/rng.h"

#include <stdio.h>

#define FIRST_LINE "# carepace box key 1\n"
#define FIRST_LINE_LEN (sizeof(FIRST_LINE) - 1)
#define TEXT_LEN (FIRST_LINE_LEN + 2 * HASH_BYTES + 1)

static bool parse(struct slice text, uint8_t key[HASH_BYTES])
{
	size_t len;

	return text.len == TEXT_LEN && memcmp(text.p, FIRST_LINE, FIRST_LINE_LEN) == 0 &&
	       text.p[TEXT_LEN - 1] == '\n' &&
	       hex_parse(slice_of(text.p + FIRST_LINE_LEN, 2 * HASH_BYTES), key, HASH_BYTES, &len);
}

enum cp_err box_key_save(const char *folder, const uint8_t key[HASH_BYTES], struct pki_error *error)
{
	char text[TEXT_LEN + 1] = FIRST_LINE;
	char path[PATH_MAX];

	hex_format(slice_of(key, HASH_BYTES), text + FIRST_LINE_LEN);
	text[TEXT_LEN - 1] = '\n';
	enum cp_err err = file_join(path, folder, BOX_KEY_FILE_NAME, error);
	if (!err)
		err = file_replace(path, 0600, slice_of(text, TEXT_LEN), error);
	return err ? err : file_sync_dir(folder, error);
}

enum cp_err box_key_read(const char *folder, uint8_t key[HASH_BYTES], struct pki_error *error)
{
	char path[PATH_MAX];
	struct buf text;
	enum cp_err err = file_join(path, folder, BOX_KEY_FILE_NAME, error);

	if (!err)
		err = file_check_secret(path, error);
	if (!err)
		err = file_read(path, TEXT_LEN, &text, error);
	if (err)
		return err;
	if (!parse(slice_of(text.p, text.len), key))
		err = pki_fail(error, CP_CORRUPT,
		    "%s does not hold the key of this box; bring it back from a copy. Without one, "
		    "delete it: a new one is made, and clients who were forgotten are not known "
		    "again if messages of theirs come late",
		    path);
	buf_deinit(&text);
	return err;
}

enum cp_err box_key_load(const char *folder, uint8_t key[HASH_BYTES], struct pki_error *error)
{
	enum cp_err err = box_key_read(folder, key, error);

	if (err != CP_NOTFOUND)
		return err;
	if (rng_bytes(key, HASH_BYTES))
		return pki_fail(error, CP_IO, "no random bytes for the key of this box");
	return box_key_save(folder, key, error);
}
