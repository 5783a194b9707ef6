#include "io/failures.h"

#include "base/err.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Oldest first; 0: none. */
struct failures {
	wall_ms at[FAILURES_MAX];
};

static void push(struct failures *failures, wall_ms at)
{
	for (size_t i = 1; i < FAILURES_MAX; i++)
		failures->at[i - 1] = failures->at[i];
	failures->at[FAILURES_MAX - 1] = at;
}

static FILE *open_file(const char *folder, int flags, const char *mode)
{
	char path[600];

	snprintf(path, sizeof(path), "%s/" FAILURES_FILE_NAME, folder);
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return NULL;
	FILE *file = fdopen(fd, mode);
	if (!file)
		close(fd);
	return file;
}

static struct failures load(const char *folder)
{
	struct failures failures = {0};
	FILE *file = open_file(folder, O_RDONLY, "r");
	char line[32];

	if (!file)
		return failures;
	while (fgets(line, sizeof(line), file))
		push(&failures, strtoll(line, NULL, 10));
	fclose(file);
	return failures;
}

void failures_add(const char *folder, wall_ms now)
{
	struct failures failures = load(folder);
	FILE *file = open_file(folder, O_WRONLY | O_CREAT | O_TRUNC, "w");

	if (!file)
		return;
	push(&failures, now);
	for (size_t i = 0; i < FAILURES_MAX; i++)
		if (failures.at[i])
			fprintf(file, "%" PRId64 "\n", failures.at[i]);
	fclose(file);
}

wall_ms failures_rest_until(const char *folder, wall_ms now)
{
	struct failures failures = load(folder);

	for (size_t i = 0; i < FAILURES_MAX; i++)
		if (failures.at[i] == 0 || failures.at[i] <= now - FAILURES_WINDOW_MS ||
		    failures.at[i] > now)
			return now;
	return failures.at[0] + FAILURES_WINDOW_MS;
}

const char *failures_text(char out[FAILURES_TEXT_BYTES], const char *folder)
{
	snprintf(out, FAILURES_TEXT_BYTES,
	    "the store in %.150s has failed %d times within ten minutes", folder, FAILURES_MAX);
	return out;
}
