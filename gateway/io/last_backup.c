#include "io/last_backup.h"

#include "pki/file.h"

#include <inttypes.h>
#include <stdio.h>

#define LINE_BYTES (PATH_MAX + 64)

void last_backup_load(const char *folder, struct last_backup *out)
{
	char path[PATH_MAX];
	char line[LINE_BYTES];
	struct pki_error error;
	int at = 0;

	*out = (struct last_backup){0};
	FILE *file = file_join(path, folder, LAST_BACKUP_FILE_NAME, &error) == CP_OK
	                 ? fopen(path, "re")
	                 : NULL;
	if (!file)
		return;
	if (!fgets(line, sizeof(line), file) ||
	    sscanf(line, "%" SCNd64 " ms since 1970, %" SCNd64 " bytes: %n", &out->at, &out->bytes,
	        &at) != 2 ||
	    at == 0)
		*out = (struct last_backup){0};
	else
		snprintf(
		    out->file, sizeof(out->file), "%.*s", (int)strcspn(line + at, "\n"), line + at);
	fclose(file);
}

enum cp_err last_backup_save(
    const char *folder, const struct last_backup *last, struct pki_error *error)
{
	char path[PATH_MAX];
	char line[LINE_BYTES];
	enum cp_err err = file_join(path, folder, LAST_BACKUP_FILE_NAME, error);

	snprintf(line, sizeof(line), "%" PRId64 " ms since 1970, %" PRId64 " bytes: %s\n", last->at,
	    last->bytes, last->file);
	if (!err)
		err = file_replace(path, 0644, slice_str(line), error);
	return err ? err : file_sync_dir(folder, error);
}
