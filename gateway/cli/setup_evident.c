/* What a box shows by itself, so that people need not say it. */
#include "cli/setup.h"

#include "cli/host.h"
#include "io/tzfile.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *setup_evident_site(char out[SETUP_ANSWER_BYTES])
{
	char name[64] = "";

	(void)gethostname(name, sizeof(name) - 1);
	name[strcspn(name, ".")] = '\0';
	snprintf(out, SETUP_ANSWER_BYTES, "%s", pki_is_site(name) ? name : "clinic");
	return out;
}

/* --- the time zone ------------------------------------------------------------------------- */

/* "/usr/share/zoneinfo/Europe/Berlin", "../usr/share/zoneinfo/Europe/Berlin". */
static void read_link(const struct setup *setup, char out[SETUP_ANSWER_BYTES])
{
	char path[PATH_MAX];
	char target[PATH_MAX];

	snprintf(path, sizeof(path), "%.4000s/etc/localtime", setup->root ? setup->root : "");
	ssize_t len = readlink(path, target, sizeof(target) - 1);
	target[len > 0 ? len : 0] = '\0';
	const char *name = strstr(target, "zoneinfo/");
	snprintf(out, SETUP_ANSWER_BYTES, "%.200s", name ? name + strlen("zoneinfo/") : "");
}

static void read_file(const struct setup *setup, char out[SETUP_ANSWER_BYTES])
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.4000s/etc/timezone", setup->root ? setup->root : "");
	FILE *file = fopen(path, "re");
	if (!file || !fgets(out, SETUP_ANSWER_BYTES, file))
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	if (file)
		fclose(file);
}

/* "Etc/UTC" is what a system has that nobody has told where it stands. */
static bool is_a_place(const char *zone)
{
	char name[TZFILE_NAME_BYTES];

	return strchr(zone, '/') && strncmp(zone, "Etc/", 4) != 0 && tzfile_find(zone, name);
}

const char *setup_evident_zone(struct setup *setup, char out[SETUP_ANSWER_BYTES])
{
	read_link(setup, out);
	setup->zone_from = "as /etc/localtime";
	if (is_a_place(out))
		return out;
	read_file(setup, out);
	setup->zone_from = "as /etc/timezone";
	if (is_a_place(out))
		return out;
	setup->zone_from = NULL;
	out[0] = '\0';
	return out;
}

/* --- hosts --------------------------------------------------------------------------------- */

static void add(char out[SETUP_ANSWER_BYTES], const char *names)
{
	size_t len = strlen(out);

	if (*names && len + strlen(names) + 2 < SETUP_ANSWER_BYTES)
		snprintf(out + len, SETUP_ANSWER_BYTES - len, "%s%s", len ? "," : "", names);
}

/* The box's own name and IPv4 addresses; devices of a clinic's network know no more. Those of
 * another system cannot be seen from here. */
const char *setup_evident_hosts(const struct setup *setup, char out[SETUP_ANSWER_BYTES])
{
	char name[64] = "";
	char addresses[SETUP_ANSWER_BYTES / 2];

	out[0] = '\0';
	if (!setup->root) {
		if (gethostname(name, sizeof(name) - 1) == 0 && !host_wrong(name))
			add(out, name);
		add(out, host_addresses(addresses, sizeof(addresses)));
	}
	add(out, "localhost");
	add(out, "127.0.0.1");
	return out;
}
