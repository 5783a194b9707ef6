/* A TZif file is a header and a block of 32-bit data; from version 2 on a second
 * header, the same data with 64-bit times, and a line with the rule for all
 * times after the last change. Every count is checked against its limit before
 * it is multiplied, and every read against the bytes that are left: `bad` is set
 * once, by the first check that fails, and all later reads answer 0. */
#include "care/time/zone.h"

#include "care/time/civil.h"

#include <stdlib.h>

#define DAY_S INT64_C(86400)
#define MAGIC_BYTES 20 /* "TZif", version, 15 reserved */
#define TYPE_BYTES 6
#define MAX_TYPES 256
#define MAX_NAME_BYTES 2048
/* RFC 8536 3.2: offsets from -25 to +26 hours are all that a reader need take. */
#define OFFSET_MIN_S (-89999)
#define OFFSET_MAX_S 93599

struct reader {
	struct slice left;
	const char *bad;
};

/* The six counts of a header, in file order. */
struct counts {
	uint32_t is_ut;
	uint32_t is_std;
	uint32_t leap;
	uint32_t time;
	uint32_t type;
	uint32_t name_bytes;
};

static void refuse(struct reader *in, const char *reason)
{
	if (!in->bad)
		in->bad = reason;
	in->left = slice_of(NULL, 0);
}

static struct slice take(struct reader *in, size_t len_bytes)
{
	if (in->left.len < len_bytes) {
		refuse(in, "the file ends too early");
		return slice_of(NULL, 0);
	}
	struct slice taken = slice_of(in->left.p, len_bytes);

	in->left = slice_from(in->left, len_bytes);
	return taken;
}

static uint64_t big_endian(struct slice bytes)
{
	uint64_t value = 0;

	for (size_t i = 0; i < bytes.len; i++)
		value = value << 8 | bytes.p[i];
	return value;
}

static uint32_t take_u32(struct reader *in)
{
	return (uint32_t)big_endian(take(in, 4));
}

/* The version as a character: NUL, '2', '3' ... */
static uint8_t take_header(struct reader *in, struct counts *counts)
{
	struct slice magic = take(in, MAGIC_BYTES);

	counts->is_ut = take_u32(in);
	counts->is_std = take_u32(in);
	counts->leap = take_u32(in);
	counts->time = take_u32(in);
	counts->type = take_u32(in);
	counts->name_bytes = take_u32(in);
	if (in->bad)
		return 0;
	if (memcmp(magic.p, "TZif", 4) != 0)
		refuse(in, "not a TZif file");
	else if (counts->time > ZONE_MAX_CHANGES)
		refuse(in, "too many transitions");
	else if (counts->type == 0 || counts->type > MAX_TYPES)
		refuse(in, "wrong number of local time types");
	else if (counts->name_bytes == 0 || counts->name_bytes > MAX_NAME_BYTES)
		refuse(in, "wrong length of the abbreviations");
	else if (counts->leap != 0)
		refuse(in, "it counts leap seconds");
	else if ((counts->is_ut != 0 && counts->is_ut != counts->type) ||
	         (counts->is_std != 0 && counts->is_std != counts->type))
		refuse(in, "wrong number of indicators");
	return in->bad ? 0 : magic.p[4];
}

static size_t block_bytes(const struct counts *counts, size_t time_bytes)
{
	return counts->time * (time_bytes + 1) + counts->type * TYPE_BYTES + counts->name_bytes +
	       counts->is_std + counts->is_ut;
}

static void read_types(struct reader *in, const struct counts *counts, int32_t offsets_s[MAX_TYPES])
{
	for (uint32_t i = 0; i < counts->type; i++) {
		int32_t offset_s = (int32_t)take_u32(in);
		struct slice rest = take(in, 2);

		if (in->bad)
			return;
		offsets_s[i] = offset_s;
		if (offset_s < OFFSET_MIN_S || offset_s > OFFSET_MAX_S)
			refuse(in, "an offset of more than a day");
		else if (rest.p[0] > 1 || rest.p[1] >= counts->name_bytes)
			refuse(in, "a malformed local time type");
	}
}

static int64_t time_at(struct slice times, size_t index, size_t time_bytes)
{
	uint64_t raw = big_endian(slice_of(times.p + index * time_bytes, time_bytes));

	return time_bytes == 4 ? (int32_t)(uint32_t)raw : (int64_t)raw;
}

static void read_changes(struct zone *zone, struct reader *in, const struct counts *counts,
    struct slice times, size_t time_bytes, struct slice indices, const int32_t *offsets_s)
{
	for (size_t i = 0; i < counts->time; i++) {
		int64_t at_s = time_at(times, i, time_bytes);

		if (indices.p[i] >= counts->type) {
			refuse(in, "a transition to a type that is not there");
			return;
		}
		if (i > 0 && at_s <= zone->changes[i - 1].at_s) {
			refuse(in, "transitions out of order");
			return;
		}
		zone->changes[i] =
		    (struct zone_change){.at_s = at_s, .offset_s = offsets_s[indices.p[i]]};
	}
	zone->count = counts->time;
}

static enum cp_err read_block(
    struct zone *zone, struct reader *in, const struct counts *counts, size_t time_bytes)
{
	int32_t offsets_s[MAX_TYPES];
	struct slice times = take(in, counts->time * time_bytes);
	struct slice indices = take(in, counts->time);

	read_types(in, counts, offsets_s);
	(void)take(in, counts->name_bytes + counts->is_std + counts->is_ut);
	if (in->bad)
		return CP_INVALID;
	zone->first_offset_s = offsets_s[0];
	if (counts->time == 0)
		return CP_OK;
	zone->changes = calloc(counts->time, sizeof(*zone->changes));
	if (!zone->changes)
		return CP_NOMEM;
	read_changes(zone, in, counts, times, time_bytes, indices, offsets_s);
	return in->bad ? CP_INVALID : CP_OK;
}

/* The last line. Empty means that nothing is known about later times: the last
 * change then stays in force. */
static void read_footer(struct zone *zone, struct reader *in)
{
	struct slice open = take(in, 1);
	size_t len = 0;

	if (in->bad)
		return;
	while (len < in->left.len && in->left.p[len] != '\n')
		len++;
	if (open.p[0] != '\n' || len == in->left.len) {
		refuse(in, "the footer is not one line");
		return;
	}
	if (len == 0)
		return;
	zone->has_rule = zone_rule_parse(&zone->rule, slice_of(in->left.p, len));
	if (!zone->has_rule)
		refuse(in, "the rule in the footer is malformed");
}

static enum cp_err read_file(struct zone *zone, struct reader *in)
{
	struct counts counts;
	uint8_t version = take_header(in, &counts);

	if (in->bad)
		return CP_INVALID;
	if (version < '2')
		return read_block(zone, in, &counts, 4);
	(void)take(in, block_bytes(&counts, 4));
	(void)take_header(in, &counts);
	if (in->bad)
		return CP_INVALID;
	enum cp_err err = read_block(zone, in, &counts, 8);

	if (err)
		return err;
	read_footer(zone, in);
	return in->bad ? CP_INVALID : CP_OK;
}

enum cp_err zone_parse(struct zone *zone, struct slice tzif)
{
	struct reader in = {.left = tzif};

	*zone = (struct zone){0};
	enum cp_err err = read_file(zone, &in);

	if (err) {
		zone_deinit(zone);
		zone->bad = in.bad;
	}
	return err;
}

void zone_deinit(struct zone *zone)
{
	free(zone->changes);
	*zone = (struct zone){0};
}

static int64_t floor_div(int64_t value, int64_t by)
{
	return value / by - (value % by < 0);
}

static int64_t clamp_s(int64_t utc_s)
{
	if (utc_s < CIVIL_DAY_MIN * DAY_S)
		return CIVIL_DAY_MIN * DAY_S;
	return utc_s > CIVIL_DAY_MAX * DAY_S ? CIVIL_DAY_MAX * DAY_S : utc_s;
}

static int32_t offset_at(const struct zone *zone, int64_t utc_s)
{
	size_t low = 0, high = zone->count; /* changes[0 .. low) are not later */

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (zone->changes[middle].at_s <= utc_s)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == zone->count && zone->has_rule)
		return zone_rule_offset_s(&zone->rule, utc_s);
	return low == 0 ? zone->first_offset_s : zone->changes[low - 1].offset_s;
}

int32_t zone_offset_s(const struct zone *zone, int64_t utc_ms)
{
	return offset_at(zone, clamp_s(floor_div(utc_ms, MS_PER_SECOND)));
}

int32_t zone_day(const struct zone *zone, event_ms at)
{
	int64_t utc_s = clamp_s(floor_div(at, MS_PER_SECOND));
	int64_t day = floor_div(utc_s + offset_at(zone, utc_s), DAY_S);

	if (day < CIVIL_DAY_MIN)
		return CIVIL_DAY_MIN;
	return day > CIVIL_DAY_MAX ? CIVIL_DAY_MAX : (int32_t)day;
}

/* The clocks jump over local_s somewhere in (from_s, to_s]: the first second at
 * which they show it or more. */
static int64_t gap_end(const struct zone *zone, int64_t local_s, int64_t from_s, int64_t to_s)
{
	while (to_s - from_s > 1) {
		int64_t middle_s = from_s + (to_s - from_s) / 2;

		if (middle_s + offset_at(zone, middle_s) >= local_s)
			to_s = middle_s;
		else
			from_s = middle_s;
	}
	return to_s;
}

event_ms zone_time_at(const struct zone *zone, int32_t day, int minutes)
{
	int64_t local_s = clamp_s((int64_t)day * DAY_S + (int64_t)minutes * 60);
	/* A day before and a day after every offset there is: at most one change
	 * lies between, and these are the offsets on its two sides. */
	int32_t before_s = offset_at(zone, clamp_s(local_s - DAY_S));
	int32_t after_s = offset_at(zone, clamp_s(local_s + DAY_S));
	int64_t with_before = local_s - before_s;
	int64_t with_after = local_s - after_s;

	if (offset_at(zone, with_before) == before_s)
		return with_before * MS_PER_SECOND;
	if (offset_at(zone, with_after) == after_s)
		return with_after * MS_PER_SECOND;
	return gap_end(zone, local_s, with_after, with_before) * MS_PER_SECOND;
}
