#include "care/stream/seal.h"

#include "base/err.h"

#include <string.h>

_Static_assert(GUARD_VERSION == 2, "seals of version 2 must stay readable: bring a reader of them");

/* A whole number of so many bytes, or an array of them or of structs. */
struct shape;
struct part {
	size_t offset;
	size_t size_bytes; /* of one */
	size_t count;
	const struct shape *shape; /* NULL: a number */
};
struct shape {
	const struct part *parts;
	size_t count;
};

#define NUMBER(type, member)                                                                       \
	{                                                                                          \
		.offset = offsetof(type, member), .size_bytes = sizeof(((type *)0)->member),       \
		.count = 1                                                                         \
	}
#define STRUCTS(type, member, n, of)                                                               \
	{                                                                                          \
		.offset = offsetof(type, member), .size_bytes = sizeof(((type *)0)->member) / (n), \
		.count = (n), .shape = &(of)                                                       \
	}

static const struct part episode_parts[] = {
    NUMBER(struct episode, from),
    NUMBER(struct episode, until),
    NUMBER(struct episode, run_from),
    NUMBER(struct episode, count),
    NUMBER(struct episode, run),
    NUMBER(struct episode, zones),
    NUMBER(struct episode, value),
    NUMBER(struct episode, limit),
    NUMBER(struct episode, max),
    NUMBER(struct episode, run_max),
};
static const struct shape episode_shape = {episode_parts, CP_COUNT(episode_parts)};

static const struct part ring_parts[] = {
    NUMBER(struct pulse_ring, bits),
    NUMBER(struct pulse_ring, count),
};
static const struct shape ring_shape = {ring_parts, CP_COUNT(ring_parts)};

static const struct part spot_parts[] = {
    NUMBER(struct guard_spot, at),
    NUMBER(struct guard_spot, site),
    NUMBER(struct guard_spot, zone),
};
static const struct shape spot_shape = {spot_parts, CP_COUNT(spot_parts)};

static const struct part fault_parts[] = {
    NUMBER(struct guard_fault, on),
    NUMBER(struct guard_fault, off),
};
static const struct shape fault_shape = {fault_parts, CP_COUNT(fault_parts)};

static const struct part tip_parts[] = {
    NUMBER(struct tip, attach),
    NUMBER(struct tip, low_at),
    NUMBER(struct tip, exhausted_at),
    NUMBER(struct tip, used),
    NUMBER(struct tip, limit),
    NUMBER(struct tip, slot),
    NUMBER(struct tip, is_mounted),
};
static const struct shape tip_shape = {tip_parts, CP_COUNT(tip_parts)};

static const struct part guard_parts[] = {
    NUMBER(struct guard, first),
    NUMBER(struct guard, last),
    NUMBER(struct guard, rows),
    NUMBER(struct guard, zone),
    NUMBER(struct guard, set_depth_um),
    NUMBER(struct guard, set_rate_dhz),
    NUMBER(struct guard, pins),
    NUMBER(struct guard, first_battery_pct),
    NUMBER(struct guard, is_ended),
    NUMBER(struct guard, busy),
    STRUCTS(struct guard, mismatches, 1, ring_shape),
    STRUCTS(struct guard, impedances, 1, ring_shape),
    STRUCTS(struct guard, contacts, 1, ring_shape),
    STRUCTS(struct guard, spots, GUARD_SPOTS, spot_shape),
    NUMBER(struct guard, spot_count),
    NUMBER(struct guard, fault_count),
    STRUCTS(struct guard, faults, GUARD_FAULTS, fault_shape),
    STRUCTS(struct guard, tips.items, TIPS_MAX, tip_shape),
    NUMBER(struct guard, tips.count),
    NUMBER(struct guard, tips.mounted),
    NUMBER(struct guard, heard_at),
    STRUCTS(struct guard, silence, 1, episode_shape),
    STRUCTS(struct guard, episodes, GUARD_RULES, episode_shape),
};
static const struct shape guard_shape = {guard_parts, CP_COUNT(guard_parts)};

static const struct part debounce_parts[] = {
    NUMBER(struct debounce, raise_count),
    NUMBER(struct debounce, raise_ms),
    NUMBER(struct debounce, clear_count),
    NUMBER(struct debounce, clear_ms),
};
static const struct shape debounce_shape = {debounce_parts, CP_COUNT(debounce_parts)};

/* From the first preset to the last limit there is nothing but int32_t. */
static const struct part limits_parts[] = {
    STRUCTS(struct limits, debounce, LIMITS, debounce_shape),
    NUMBER(struct limits, start),
    {.offset = offsetof(struct limits, preset_depth_um),
        .size_bytes = sizeof(int32_t),
        .count = (offsetof(struct limits, battery_pct) - offsetof(struct limits, preset_depth_um)) /
                     sizeof(int32_t) +
                 1},
};
static const struct shape limits_shape = {limits_parts, CP_COUNT(limits_parts)};

/* --- numbers ------------------------------------------------------------------------------ */

/* With its sign or without: cut to its size again it is the same. */
static int64_t load(const uint8_t *at, size_t size_bytes)
{
	uint64_t value = 0;

	CP_CHECK(size_bytes > 0 && size_bytes <= sizeof(value));
	for (size_t i = size_bytes; i-- > 0;)
		value = value << 8 | at[i];
	unsigned unused = 64 - 8 * (unsigned)size_bytes;
	return (int64_t)(value << unused) >> unused;
}

static void store(uint8_t *at, size_t size_bytes, int64_t number)
{
	for (size_t i = 0; i < size_bytes; i++)
		at[i] = (uint8_t)((uint64_t)number >> (8 * i));
}

static void put(struct seal_numbers *out, int64_t number)
{
	if (out->count > 0 && out->items[out->count - 2] == number) {
		out->items[out->count - 1]++;
		return;
	}
	CP_CHECK(out->count + 2 <= SEAL_NUMBERS_MAX);
	out->items[out->count++] = number;
	out->items[out->count++] = 1;
}

static void pack(const struct shape *shape, const uint8_t *at, struct seal_numbers *out)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct part *part = &shape->parts[i];
		for (size_t k = 0; k < part->count; k++) {
			const uint8_t *one = at + part->offset + k * part->size_bytes;
			if (part->shape)
				pack(part->shape, one, out);
			else
				put(out, load(one, part->size_bytes));
		}
	}
}

struct reader {
	const int64_t *numbers;
	size_t count;
	size_t at;
	int64_t taken; /* of the number at hand */
	bool is_short;
};

static int64_t take(struct reader *reader)
{
	while (reader->at + 1 < reader->count && reader->taken >= reader->numbers[reader->at + 1]) {
		reader->at += 2;
		reader->taken = 0;
	}
	if (reader->at + 1 >= reader->count) {
		reader->is_short = true;
		return 0;
	}
	reader->taken++;
	return reader->numbers[reader->at];
}

static void unpack(const struct shape *shape, uint8_t *at, struct reader *reader)
{
	for (size_t i = 0; i < shape->count; i++) {
		const struct part *part = &shape->parts[i];
		for (size_t k = 0; k < part->count; k++) {
			uint8_t *one = at + part->offset + k * part->size_bytes;
			if (part->shape)
				unpack(part->shape, one, reader);
			else
				store(one, part->size_bytes, take(reader));
		}
	}
}

static bool is_whole(const struct reader *reader)
{
	return !reader->is_short && reader->at + 2 == reader->count &&
	       reader->taken == reader->numbers[reader->at + 1];
}

static bool read(const struct shape *shape, const int64_t *numbers, size_t count, uint32_t version,
    void *out, size_t out_bytes)
{
	struct reader reader = {.numbers = numbers, .count = count};

	memset(out, 0, out_bytes);
	if (version != GUARD_VERSION)
		return false;
	unpack(shape, out, &reader);
	if (is_whole(&reader))
		return true;
	memset(out, 0, out_bytes);
	return false;
}

void seal_pack_guard(const struct guard *guard, struct seal_numbers *out)
{
	out->count = 0;
	pack(&guard_shape, (const uint8_t *)guard, out);
}

void seal_pack_limits(const struct limits *limits, struct seal_numbers *out)
{
	out->count = 0;
	pack(&limits_shape, (const uint8_t *)limits, out);
}

bool seal_read_guard(const int64_t *numbers, size_t count, uint32_t version, struct guard *out)
{
	return read(&guard_shape, numbers, count, version, out, sizeof(*out));
}

bool seal_read_limits(const int64_t *numbers, size_t count, uint32_t version, struct limits *out)
{
	return read(&limits_shape, numbers, count, version, out, sizeof(*out));
}
