#include "io/config_credential.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Of a reload, of the start. */
#define FOLDERS                                                                                    \
	{                                                                                          \
		getenv("RUNTIME_DIRECTORY"), getenv("CREDENTIALS_DIRECTORY")                       \
	}

/* "/etc/carepace/pki/listener.key": "pki/listener.key". */
static const char *last_two(const char *path)
{
	const char *at = path + strlen(path);

	for (int slashes = 0; at > path; at--)
		if (at[-1] == '/' && ++slashes == 2)
			break;
	return at;
}

static bool is_there(const char *path)
{
	char start[sizeof(CONFIG_CREDENTIAL_ABSENT)] = "";
	FILE *file = fopen(path, "re");

	if (!file)
		return false;
	size_t len = fread(start, 1, sizeof(start), file);
	fclose(file);
	return len != strlen(CONFIG_CREDENTIAL_ABSENT) ||
	       memcmp(start, CONFIG_CREDENTIAL_ABSENT, len) != 0;
}

/* *out is on the heap, NULL when the folder has none. */
static enum cp_err find(const char *folder, const char *name, char **out)
{
	*out = NULL;
	if (!folder)
		return CP_OK;
	if (asprintf(out, "%s/%s", folder, name) < 0) {
		*out = NULL;
		return CP_NOMEM;
	}
	if (is_there(*out))
		return CP_OK;
	free(*out);
	*out = NULL;
	return CP_OK;
}

static bool is_copy(const char *path)
{
	const char *folders[] = FOLDERS;

	for (size_t i = 0; i < CP_COUNT(folders); i++) {
		size_t len = folders[i] ? strlen(folders[i]) : 0;
		if (len && strncmp(path, folders[i], len) == 0 && path[len] == '/' &&
		    !strchr(path + len + 1, '/'))
			return true;
	}
	return false;
}

bool config_credential_is_same(const char *one, const char *other)
{
	return is_copy(one) && is_copy(other) &&
	       strcmp(strrchr(one, '/'), strrchr(other, '/')) == 0;
}

enum cp_err config_credential_take(char **path)
{
	const char *folders[] = FOLDERS;
	char name[NAME_MAX + 1];
	char *found = NULL;
	enum cp_err err = CP_OK;

	if (!*path)
		return CP_OK;
	snprintf(name, sizeof(name), "%s", last_two(*path));
	char *slash = strchr(name, '/');
	if (slash)
		*slash = '_';
	for (size_t i = 0; i < CP_COUNT(folders) && !err && !found; i++)
		err = find(folders[i], name, &found);
	if (found) {
		free(*path);
		*path = found;
	}
	return err;
}
