#include "io/config_credential.h"

#include <limits.h>
#include <stdio.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

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

enum cp_err config_credential_take(char **path)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	char name[NAME_MAX + 1];
	char *credential;

	if (!*path || !folder)
		return CP_OK;
	snprintf(name, sizeof(name), "%s", last_two(*path));
	char *slash = strchr(name, '/');
	if (slash)
		*slash = '_';
	if (asprintf(&credential, "%s/%s", folder, name) < 0)
		return CP_NOMEM;
	if (!is_there(credential)) {
		free(credential);
		return CP_OK;
	}
	free(*path);
	*path = credential;
	return CP_OK;
}
