#include "io/tzfile.h"

#include "base/buf.h"
#include "base/suggest.h"
#include "io/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* "Europe/Berlin", "Etc/GMT+1": letters, digits and _+-/ only, so neither ".."
 * nor a hidden file can be meant. */
static bool is_name(const char *name)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";

	return name[0] != '\0' && name[0] != '/' && name[strspn(name, letters)] == '\0';
}

static enum cp_err open_zone(const char *name, int *fd)
{
	char path[PATH_MAX];
	struct stat st;
	int len = snprintf(path, sizeof(path), "%s/%s", CONFIG_ZONEINFO_DIR, name);

	if (!is_name(name) || len < 0 || (size_t)len >= sizeof(path))
		return CP_CONFIG;
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (*fd < 0)
		return errno == ENOENT || errno == ENOTDIR ? CP_NOTFOUND : CP_IO;
	if (fstat(*fd, &st) == 0 && S_ISREG(st.st_mode))
		return CP_OK;
	close(*fd);
	return CP_NOTFOUND; /* "Europe" is a folder */
}

static enum cp_err read_all(int fd, struct buf *buf)
{
	uint8_t bytes[4096];

	for (;;) {
		ssize_t got = read(fd, bytes, sizeof(bytes));
		if (got < 0)
			return CP_IO;
		if (got == 0)
			return CP_OK;
		enum cp_err err = buf_append(buf, bytes, (size_t)got);
		if (err)
			return err == CP_FULL ? CP_INVALID : err;
	}
}

enum cp_err tzfile_load(const char *name, struct zone *out)
{
	struct buf buf;
	int fd;

	*out = (struct zone){0};
	enum cp_err err = open_zone(name, &fd);
	if (err)
		return err;
	buf_init(&buf, TZFILE_MAX_BYTES);
	err = read_all(fd, &buf);
	close(fd);
	if (err == CP_INVALID)
		out->bad = "it is too long for a zone file";
	if (!err)
		err = zone_parse(out, buf_bytes(&buf));
	buf_deinit(&buf);
	return err;
}

struct search {
	char word[TZFILE_NAME_BYTES];
	struct suggestion near;
	char *out;
	bool is_found;
};

static void offer(struct search *search, const char *name)
{
	const char *city = strrchr(name, '/');

	if (search->is_found || strlen(name) >= TZFILE_NAME_BYTES)
		return;
	search->is_found = strcasecmp(search->word, name) == 0;
	if (suggest_offer(&search->near, name) ||
	    (city && suggest_offer(&search->near, city + 1)) || search->is_found)
		snprintf(search->out, TZFILE_NAME_BYTES, "%s", name);
}

bool tzfile_find(const char *word, char out[TZFILE_NAME_BYTES])
{
	struct search search = {.out = out};
	FILE *file = fopen(CONFIG_ZONEINFO_DIR "/tzdata.zi", "re");
	char line[256];
	char name[TZFILE_NAME_BYTES];

	out[0] = '\0';
	snprintf(search.word, sizeof(search.word), "%s", word);
	for (char *blank = search.word; (blank = strchr(blank, ' '));)
		*blank = '_';
	search.near = suggest_for(search.word);
	/* "Z Europe/Berlin 0:53:28 ...", "L Europe/Berlin Europe/Oslo" */
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Z %63s", name) == 1 || sscanf(line, "L %*s %63s", name) == 1)
			offer(&search, name);
	if (file)
		fclose(file);
	return search.is_found;
}

/* The first line of the text that the zones were made from. */
bool tzfile_version(char out[TZFILE_VERSION_BYTES])
{
	FILE *file = fopen(CONFIG_ZONEINFO_DIR "/tzdata.zi", "re");
	bool is_told = file && fscanf(file, "# version %15[0-9a-z]", out) == 1;

	if (file)
		fclose(file);
	return is_told;
}
