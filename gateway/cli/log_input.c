#include "cli/log_input.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define READ_BYTES (1U << 20)

static enum log_what say_bad(const struct log_input *input)
{
	cli_say(input->options, "%s cannot be read from byte %" PRIu64 " on: %s", input->path,
	    input->reader.offset, input->reader.why);
	return LOG_BAD;
}

static enum log_what say_unread(const struct log_input *input, const char *why)
{
	cli_say(input->options, "%s cannot be read: %s", input->path, why);
	return LOG_BAD;
}

/* LOG_ENTRY: there are more bytes now. */
static enum log_what read_more(struct log_input *input)
{
	uint8_t *room = buf_extend(&input->bytes, READ_BYTES);

	if (!room)
		return say_unread(input, "out of memory");
	size_t len = fread(room, 1, READ_BYTES, input->file);
	buf_trim(&input->bytes, READ_BYTES - len);
	if (len > 0)
		return LOG_ENTRY;
	if (ferror(input->file))
		return say_unread(input, strerror(errno));
	return log_end(&input->reader, buf_bytes(&input->bytes)) ? LOG_MORE : say_bad(input);
}

enum log_what log_input_next(struct log_input *input)
{
	for (;;) {
		size_t used;
		enum log_what what = log_next(&input->reader, buf_bytes(&input->bytes), &used);
		buf_consume(&input->bytes, used);
		if (what == LOG_BAD)
			return say_bad(input);
		if (what != LOG_MORE)
			return what;
		what = read_more(input);
		if (what != LOG_ENTRY)
			return what;
	}
}

bool log_input_open(struct log_input *input, const struct cli_options *options, const char *path)
{
	struct stat info;

	*input = (struct log_input){.options = options, .path = path, .file = fopen(path, "rb")};
	log_reader_init(&input->reader);
	buf_init(&input->bytes, READ_BYTES + LOG_FRAME_BYTES_MAX + 1);
	if (!input->file || fstat(fileno(input->file), &info)) {
		say_unread(input, strerror(errno));
		return false;
	}
	input->size_bytes = S_ISREG(info.st_mode) ? info.st_size : 0;
	return log_input_next(input) == LOG_HEAD;
}

void log_input_close(struct log_input *input)
{
	if (input->file)
		fclose(input->file);
	buf_deinit(&input->bytes);
	log_reader_deinit(&input->reader);
}
