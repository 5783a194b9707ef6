#include "cli/pki_folder.h"

#include "io/clock.h"

#include <stdio.h>

static enum cp_err find_paths(struct pki_folder *folder, struct pki_error *error)
{
	struct {
		char *path;
		const char *name;
	} files[] = {
	    {folder->ca, "ca.pem"},
	    {folder->ca_key, "ca.key"},
	    {folder->listener, "listener.pem"},
	    {folder->listener_key, "listener.key"},
	    {folder->registry_path, "registry"},
	    {folder->devices, "devices"},
	};

	for (size_t i = 0; i < CP_COUNT(files); i++) {
		enum cp_err err = file_join(files[i].path, folder->dir, files[i].name, error);
		if (err)
			return err;
	}
	return CP_OK;
}

enum cp_err pki_folder_open(
    struct pki_folder *folder, const char *dir, unsigned parts, struct pki_error *error)
{
	*folder = (struct pki_folder){.dir = dir, .lock = -1};
	enum cp_err err = find_paths(folder, error);

	if (!err && (parts & PKI_LOCK))
		err = file_lock_dir(dir, &folder->lock, error);
	if (!err && (parts & PKI_AUTHORITY))
		err = authority_load(folder->ca, folder->ca_key, &folder->authority, error);
	if (!err && (parts & PKI_REGISTRY))
		err = registry_load(folder->registry_path, &folder->registry, error);
	return err;
}

enum cp_err pki_folder_save(const struct pki_folder *folder, struct pki_error *error)
{
	enum cp_err err = registry_save(folder->registry, folder->registry_path, error);

	return err ? err : file_sync_dir(folder->dir, error);
}

void pki_folder_close(struct pki_folder *folder)
{
	registry_free(folder->registry);
	authority_free(folder->authority);
	file_unlock(folder->lock);
}

enum cp_err pki_pair(const char *dir, const char *name, char cert[PATH_MAX], char key[PATH_MAX],
    struct pki_error *error)
{
	char file[NAME_MAX + 1];

	snprintf(file, sizeof(file), "%s.pem", name);
	enum cp_err err = file_join(cert, dir, file, error);
	snprintf(file, sizeof(file), "%s.key", name);
	return err ? err : file_join(key, dir, file, error);
}

struct validity pki_valid_for(unsigned days)
{
	wall_ms now = clock_wall();

	return (struct validity){now - PKI_BACKDATE_MS, now + days * MS_PER_DAY};
}
