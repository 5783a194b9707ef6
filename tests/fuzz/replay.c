/* Feeds a target the inputs of its corpus: any compiler, every day.
 *
 *   fuzz_TARGET FOLDER|FILE...
 */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>

#define INPUT_MAX_BYTES (1024 * 1024)
#define PATH_MAX_BYTES 4096

static size_t inputs;

void fuzz_mark(unsigned what)
{
	(void)what; /* nobody is looking for more */
}

static void feed_file(const char *path)
{
	static uint8_t content[INPUT_MAX_BYTES];
	FILE *file = fopen(path, "rb");

	CP_CHECK(file);
	size_t len = fread(content, 1, sizeof(content), file);
	CP_CHECK(feof(file));
	fclose(file);

	uint8_t *bytes = fuzz_copy(slice_of(content, len));
	/* A crash leaves this as the last line. */
	printf("%s\n", path);
	fflush(stdout);
	fuzz_one(slice_of(bytes, len));
	free(bytes);
	inputs++;
}

static void feed_folder(const char *folder)
{
	char path[PATH_MAX_BYTES];
	struct dirent *entry;
	DIR *dir = opendir(folder);

	CP_CHECK(dir);
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		feed_file(path);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat st;

		if (stat(argv[i], &st) != 0) {
			perror(argv[i]);
			return 1;
		}
		if (S_ISDIR(st.st_mode))
			feed_folder(argv[i]);
		else
			feed_file(argv[i]);
	}
	printf("%zu inputs\n", inputs);
	return inputs > 0 ? 0 : 1;
}
