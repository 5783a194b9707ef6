#include "state.h"

#include "pki/file.h"

#include <inttypes.h>
#include <stdio.h>

#define STATE_MAX_BYTES 128
#define STATE_MODE 0600

static enum cp_err path_of(
    char out[PATH_MAX], const char *dir, const struct id *device, struct pki_error *error)
{
	char hex[ID_HEX_LEN + 1];

	return file_join(out, dir, id_hex(device, hex), error);
}

enum cp_err state_load(
    const char *dir, const struct id *device, struct device_memory *out, struct pki_error *error)
{
	char path[PATH_MAX];
	struct buf text = {0};
	int end = 0;

	*out = (struct device_memory){0};
	enum cp_err err = path_of(path, dir, device, error);

	if (err)
		return err;
	err = file_read(path, STATE_MAX_BYTES, &text, error);
	if (err == CP_NOTFOUND)
		return CP_OK;
	if (err)
		return err;
	if (sscanf((const char *)buf_bytes(&text).p, "boot %" SCNu32 " seen_at %" SCNd64 "\n%n",
	        &out->last_boot, &out->last_seen_at, &end) != 2 ||
	    (size_t)end != text.len)
		err = pki_fail(error, CP_CORRUPT, "%s: expected \"boot N seen_at MS\"", path);
	buf_deinit(&text);
	return err;
}

enum cp_err state_save(const char *dir, const struct id *device, const struct device_memory *memory,
    struct pki_error *error)
{
	char path[PATH_MAX], text[STATE_MAX_BYTES];
	int len = snprintf(text, sizeof(text), "boot %" PRIu32 " seen_at %" PRId64 "\n",
	    memory->last_boot, memory->last_seen_at);
	enum cp_err err = path_of(path, dir, device, error);

	if (err)
		return err;
	err = file_replace(path, STATE_MODE, slice_of(text, (size_t)len), error);
	return err ? err : file_sync_dir(dir, error);
}
