#include "cli/export.h"

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/source.h"
#include "ledger/past/inputs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define WRITE_BYTES (1U << 20)

struct output {
	FILE *file;
	const char *timezone;
	struct buf bytes;
};

static enum cp_err flush(struct output *output)
{
	struct slice bytes = buf_bytes(&output->bytes);

	if (bytes.len && fwrite(bytes.p, 1, bytes.len, output->file) != bytes.len)
		return CP_IO;
	buf_consume(&output->bytes, bytes.len);
	return CP_OK;
}

static enum cp_err put_head(void *ctx, const char *site, wall_ms until)
{
	struct output *output = ctx;
	const struct log_head head = {
	    .site = site,
	    .timezone = output->timezone,
	    .writer = "carepace " CAREPACE_VERSION,
	    .until_ms = until,
	};

	return log_put_head(&output->bytes, &head);
}

static enum cp_err put_entry(void *ctx, const struct log_entry *entry)
{
	struct output *output = ctx;
	enum cp_err err = log_put_entry(&output->bytes, entry);

	if (err != CP_FULL)
		return err;
	err = flush(output);
	return err ? err : log_put_entry(&output->bytes, entry);
}

static enum cp_err write_all(
    struct output *output, const char *store, struct inputs_counts *counts, char why[256])
{
	static const struct inputs_ops ops = {.head = put_head, .entry = put_entry};
	uint8_t salt[HASH_BYTES];

	if (getrandom(salt, sizeof(salt), 0) != (ssize_t)sizeof(salt)) {
		snprintf(why, 256, "the system gives no random numbers");
		return CP_IO;
	}
	buf_init(&output->bytes, WRITE_BYTES);
	enum cp_err err = inputs_read(store, salt, &ops, output, counts, why);
	if (!err)
		err = flush(output);
	buf_deinit(&output->bytes);
	explicit_bzero(salt, sizeof(salt)); /* who has it can tell whom a token stands for */
	return err;
}

static void tell(const struct inputs_counts *counts, const char *path)
{
	const struct {
		int64_t count;
		const char *what;
	} left_out[] = {
	    {counts->parked, "that nobody could understand: it may hold a token"},
	    {counts->of_box, "that the box noticed of itself"},
	    {counts->too_large, "that is too large for a log"},
	};
	char text[64];

	for (size_t i = 0; i < CP_COUNT(left_out); i++)
		if (left_out[i].count)
			printf("left out: %s %s\n", count_text(left_out[i].count, "input", text),
			    left_out[i].what);
	printf("%s in %s\n", count_text(counts->entries, "input", text), path);
}

/* What is half written is nobody's log. */
static int give_up(
    const struct cli_options *options, struct output *output, const char *path, const char *why)
{
	fclose(output->file);
	unlink(path);
	cli_say(options, "%s", why);
	return CLI_UNREADABLE;
}

int export_log(struct cli_source *source, const struct cli_options *options, const char *path)
{
	struct output output = {.timezone = source->zone_name};
	struct inputs_counts counts;
	char why[256];

	if (!*output.timezone) {
		cli_say(options, "the store does not say its time zone; name the configuration");
		return CLI_UNREADABLE;
	}
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	output.file = fd < 0 ? NULL : fdopen(fd, "wb");
	if (!output.file) {
		cli_say(options, "%s cannot be made: %s", path, strerror(errno));
		return CLI_UNREADABLE;
	}
	enum cp_err err = write_all(&output, source->path, &counts, why);
	if (err || fflush(output.file) || fsync(fd)) {
		if (!why[0])
			snprintf(why, sizeof(why), "%s cannot be written: %s", path,
			    err == CP_NOMEM ? "out of memory" : strerror(errno));
		return give_up(options, &output, path, why);
	}
	fclose(output.file);
	tell(&counts, path);
	return cli_finish(options);
}
