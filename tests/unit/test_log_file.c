/* Logs: what is written is read, however it is cut; and what is wrong is named. */
#include "wire/log_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#define MAGIC "CPLOG1\r\n"

static const struct id pen = {.b = {'d', 'P', '1'}};

static void put_head(struct buf *buf)
{
	const struct log_head head = {
	    .site = "ber", .timezone = "Europe/Berlin", .until_ms = 1900000000000};

	assert_int_equal(log_put_head(buf, &head), CP_OK);
}

static void put_up(struct buf *buf, wall_ms at, struct slice payload)
{
	const struct log_entry entry = {.received_ms = at,
	    .device = pen,
	    .kind = CAREPACE__V1__DEVICE_KIND__DEVICE_STAMP,
	    .payload = payload};

	assert_int_equal(log_put_entry(buf, &entry), CP_OK);
}

static struct buf new_log(void)
{
	struct buf buf;

	buf_init(&buf, 1U << 20);
	put_head(&buf);
	return buf;
}

static struct buf three_entries(void)
{
	const struct log_entry order = {
	    .received_ms = 2000, .is_order = true, .payload = slice_str("order")};
	struct buf buf = new_log();

	put_up(&buf, 1000, slice_str("hello"));
	assert_int_equal(log_put_entry(&buf, &order), CP_OK);
	put_up(&buf, 2000, slice_of(NULL, 0));
	return buf;
}

static void must_be_entry(const struct log_reader *reader, int at)
{
	const struct log_entry *entry = &reader->entry;

	assert_int_equal(entry->received_ms, at == 0 ? 1000 : 2000);
	assert_int_equal(entry->is_order, at == 1);
	assert_true(slice_eq_str(entry->payload, at == 0 ? "hello" : at == 1 ? "order" : ""));
	if (entry->is_order)
		return;
	assert_true(id_eq(&entry->device, &pen));
	assert_int_equal(entry->kind, CAREPACE__V1__DEVICE_KIND__DEVICE_STAMP);
}

/* At most `step` bytes more at a time. */
static void read_all(struct slice bytes, size_t step)
{
	struct log_reader reader;
	size_t from = 0;
	size_t to = 0;
	int count = -1;

	log_reader_init(&reader);
	for (;;) {
		size_t used;
		enum log_what what = log_next(&reader, slice_of(bytes.p + from, to - from), &used);
		from += used;
		assert_int_equal(reader.offset, from);
		if (what == LOG_MORE && to == bytes.len)
			break;
		if (what == LOG_MORE) {
			to = to + step < bytes.len ? to + step : bytes.len;
			continue;
		}
		assert_int_equal(what, count < 0 ? LOG_HEAD : LOG_ENTRY);
		if (what == LOG_ENTRY)
			must_be_entry(&reader, count);
		count++;
	}
	assert_int_equal(count, 3);
	assert_string_equal(reader.head.site, "ber");
	assert_string_equal(reader.head.timezone, "Europe/Berlin");
	assert_null(reader.head.writer);
	assert_int_equal(reader.head.from_ms, 0);
	assert_int_equal(reader.head.until_ms, 1900000000000); /* to the end */
	assert_true(log_end(&reader, slice_of(bytes.p + from, to - from)));
	log_reader_deinit(&reader);
}

static void what_is_written_is_read_however_it_is_cut(void **state)
{
	struct buf buf = three_entries();

	(void)state;
	for (size_t step = 1; step <= buf_bytes(&buf).len; step++)
		read_all(buf_bytes(&buf), step);
	buf_deinit(&buf);
}

/* Reads to the end; NULL: no fault. */
static const char *fault_of(struct slice bytes, uint64_t *offset)
{
	static struct log_reader reader; /* the sentence outlives its arena */
	enum log_what what;
	size_t from = 0;

	log_reader_init(&reader);
	do {
		size_t used;
		what = log_next(&reader, slice_from(bytes, from), &used);
		from += used;
	} while (what == LOG_HEAD || what == LOG_ENTRY);
	const char *why =
	    what == LOG_BAD || !log_end(&reader, slice_from(bytes, from)) ? reader.why : NULL;
	*offset = reader.offset;
	log_reader_deinit(&reader);
	return why;
}

static void must_be_bad(struct slice bytes, uint64_t at, const char *why)
{
	uint64_t offset;
	const char *found = fault_of(bytes, &offset);

	if (!found)
		fail_msg("no fault, expected: %s", why);
	assert_string_equal(found, why);
	assert_int_equal(offset, at);
}

static void a_log_that_is_none_is_refused_at_its_first_byte(void **state)
{
	(void)state;
	must_be_bad(slice_str("SQLite format 3"), 0, "it does not begin like a log of carepace");
	must_be_bad(slice_str("CPLOG2\r\n"), 0, "it does not begin like a log of carepace");
	must_be_bad(slice_str("CPLO"), 0, "it is cut: the file ends within a message");
	must_be_bad(slice_of(NULL, 0), 0, "it is empty");
	must_be_bad(slice_str(MAGIC), 0, "it is cut: the file ends within a message");
	must_be_bad(slice_str(MAGIC "\x05"), 0, "it is cut: the file ends within a message");
	must_be_bad(slice_of(MAGIC, 9), 0, "a required field is missing"); /* a head of 0 bytes */
}

/* Wherever it is cut, but for between two messages: the sentence names where the cut
 * message begins. */
static void a_cut_log_is_named_where_its_last_message_begins(void **state)
{
	struct buf buf = new_log();
	size_t whole = buf_bytes(&buf).len;

	(void)state;
	put_up(&buf, 1000, slice_str("hello"));
	struct slice all = buf_bytes(&buf);
	for (size_t len = whole + 1; len < all.len; len++)
		must_be_bad(
		    slice_of(all.p, len), whole, "it is cut: the file ends within a message");
	uint64_t offset;
	assert_null(fault_of(slice_of(all.p, whole), &offset));
	buf_deinit(&buf);
}

static void bad_entries_are_named_where_they_begin(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *why;
	} cases[] = {
	    {"\xff\xff\xff\xff", 4, "a message is longer than 65,535 bytes"},
	    {"\x80\x80\x04", 3, "a message is longer than 65,535 bytes"},
	    {"\x02\x08\x01", 3, "an entry holds no input that this version knows"},
	    {"\x05\x1a\x03"
	     "abc",
	        6, "a required field is missing"},
	    {"\x0c\x08\x01\x12\x08\x0a\x02xy\x10\x01\x1a\x00", 13, "a device's id is not 16 bytes"},
	    {"\x1a\x08\x01\x12\x16\x0a\x10yyyyyyyyyyyyyyyy\x10\x06\x1a\x00", 27,
	        "a device is of no kind that this version knows"},
	    {"\x05\x08\x01\x1a\x05x", 6, "ends inside a field"},
	    {"\x0a\x08\x80\x80\xb4\xcc\xd2\xf8\x79\x1a\x00", 11, "the time is after the year 2100"},
	};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		struct buf buf = new_log();
		size_t before = buf_bytes(&buf).len;
		print_message("  %s\n", cases[i].why);
		assert_int_equal(buf_append(&buf, cases[i].bytes, cases[i].len), CP_OK);
		must_be_bad(buf_bytes(&buf), before, cases[i].why);
		buf_deinit(&buf);
	}
}

static void time_never_falls(void **state)
{
	struct buf buf = new_log();

	(void)state;
	put_up(&buf, 2000, slice_str("a"));
	put_up(&buf, 2000, slice_str("b"));
	size_t before = buf_bytes(&buf).len;
	put_up(&buf, 1999, slice_str("c"));
	must_be_bad(buf_bytes(&buf), before,
	    "the time falls: an entry was received before the one before it");
	buf_deinit(&buf);
}

static void what_is_too_large_is_not_written(void **state)
{
	static uint8_t bytes[WIRE_MAX_BYTES];
	struct log_entry entry = {
	    .received_ms = 1, .is_order = true, .payload = slice_of(bytes, sizeof(bytes))};
	struct buf buf;

	(void)state;
	buf_init(&buf, 1U << 20);
	assert_int_equal(log_put_entry(&buf, &entry), CP_INVALID);
	assert_int_equal(buf_bytes(&buf).len, 0);
	entry.payload.len -= 8;
	assert_int_equal(log_put_entry(&buf, &entry), CP_OK);
	buf_deinit(&buf);

	buf_init(&buf, 1000);
	assert_int_equal(log_put_entry(&buf, &entry), CP_FULL);
	assert_int_equal(buf_bytes(&buf).len, 0);
	buf_deinit(&buf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_written_is_read_however_it_is_cut),
	    cmocka_unit_test(a_log_that_is_none_is_refused_at_its_first_byte),
	    cmocka_unit_test(a_cut_log_is_named_where_its_last_message_begins),
	    cmocka_unit_test(bad_entries_are_named_where_they_begin),
	    cmocka_unit_test(time_never_falls),
	    cmocka_unit_test(what_is_too_large_is_not_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
