#include "io/systemd_unit.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#define MANAGER "org.freedesktop.systemd1"
#define UNIT MANAGER ".Unit"
#define SERVICE MANAGER ".Service"

static void take_word(sd_bus *bus, const char *path, const char *interface, const char *name,
    char out[SYSTEMD_WORD_BYTES])
{
	char *word = NULL;

	if (sd_bus_get_property_string(bus, MANAGER, path, interface, name, NULL, &word) >= 0)
		snprintf(out, SYSTEMD_WORD_BYTES, "%s", word);
	free(word);
}

/* LoadUnit and not GetUnit: a unit that is stopped may not be in memory. */
static char *path_of(sd_bus *bus, const char *name)
{
	sd_bus_message *reply = NULL;
	const char *path = NULL;
	char *copy = NULL;

	if (sd_bus_call_method(bus, MANAGER, "/org/freedesktop/systemd1", MANAGER ".Manager",
	        "LoadUnit", NULL, &reply, "s", name) >= 0 &&
	    sd_bus_message_read(reply, "o", &path) >= 0)
		copy = strdup(path);
	sd_bus_message_unref(reply);
	return copy;
}

static void take_all(sd_bus *bus, const char *path, struct systemd_unit *out)
{
	char loaded[SYSTEMD_WORD_BYTES] = "";

	take_word(bus, path, UNIT, "LoadState", loaded);
	out->is_there = strcmp(loaded, "loaded") == 0;
	take_word(bus, path, UNIT, "ActiveState", out->active);
	take_word(bus, path, UNIT, "SubState", out->sub);
	take_word(bus, path, UNIT, "UnitFileState", out->enabled);
	take_word(bus, path, SERVICE, "User", out->user);
	(void)sd_bus_get_property_trivial(
	    bus, MANAGER, path, SERVICE, "NRestarts", NULL, 'u', &out->restarts);
	(void)sd_bus_get_property_trivial(
	    bus, MANAGER, path, SERVICE, "LimitNOFILE", NULL, 't', &out->files_max);
}

enum cp_err systemd_unit_ask(const char *name, struct systemd_unit *out)
{
	sd_bus *bus = NULL;
	char *path = NULL;

	*out = (struct systemd_unit){0};
	if (sd_booted() <= 0 || sd_bus_open_system(&bus) < 0)
		return CP_NOTFOUND;
	(void)sd_bus_set_method_call_timeout(bus, UINT64_C(1000) * SYSTEMD_ASK_MS);
	path = path_of(bus, name);
	if (path)
		take_all(bus, path, out);
	enum cp_err err = path ? CP_OK : CP_NOTFOUND;
	free(path);
	sd_bus_flush_close_unref(bus);
	return err;
}

bool systemd_unit_is_installed(const char *root, const char *name)
{
	static const char *const folders[] = {
	    "/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"};
	char path[PATH_MAX];

	for (size_t i = 0; i < CP_COUNT(folders); i++) {
		snprintf(path, sizeof(path), "%.3000s%s/%s", root, folders[i], name);
		if (access(path, F_OK) == 0)
			return true;
	}
	return false;
}
