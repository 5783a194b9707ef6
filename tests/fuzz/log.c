/* A log file: whatever its bytes, read in pieces of any size it says the same. */
#include "fuzz.h"
#include "wire/log_file.h"

struct answer {
	uint64_t offset;
	wall_ms last_ms;
	size_t entries;
	bool is_good;
};

static struct answer read_all(struct slice bytes, size_t step)
{
	struct answer answer = {0};
	struct log_reader reader;
	enum log_what what;
	size_t from = 0;
	size_t to = 0;

	log_reader_init(&reader);
	do {
		size_t used;
		what = log_next(&reader, slice_of(bytes.p + from, to - from), &used);
		CP_CHECK(
		    used <= to - from && (used > 0) == (what == LOG_HEAD || what == LOG_ENTRY));
		CP_CHECK(what != LOG_MORE || to - from < LOG_FRAME_BYTES_MAX + 8);
		CP_CHECK((what == LOG_BAD) == (reader.why != NULL));
		from += used;
		answer.entries += what == LOG_ENTRY;
		if (what == LOG_MORE && to < bytes.len)
			to = bytes.len - to > step ? to + step : bytes.len;
		else if (what == LOG_MORE)
			break;
	} while (what != LOG_BAD);
	CP_CHECK(reader.offset == from);
	answer.offset = reader.offset;
	answer.last_ms = reader.last_ms;
	answer.is_good = what == LOG_MORE && log_end(&reader, slice_of(bytes.p + from, to - from));
	log_reader_deinit(&reader);
	return answer;
}

void fuzz_one(struct slice bytes)
{
	struct answer whole = read_all(bytes, bytes.len + 1);
	struct answer pieces = read_all(bytes, 1 + bytes.len / 7);

	CP_CHECK(whole.offset == pieces.offset && whole.last_ms == pieces.last_ms);
	CP_CHECK(whole.entries == pieces.entries && whole.is_good == pieces.is_good);
}
