/* The building blocks: what they promise at their limits. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/map.h"
#include "base/sort.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static void buf_is_a_bounded_queue(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 1000);
	for (int round = 0; round < 50; round++) {
		uint8_t bytes[300];
		memset(bytes, round, sizeof(bytes));
		assert_int_equal(buf_append(&buf, bytes, sizeof(bytes)), CP_OK);
		assert_int_equal(buf_append(&buf, bytes, sizeof(bytes)), CP_OK);
		assert_int_equal(buf_bytes(&buf).p[0], round);
		buf_consume(&buf, 400);
		assert_int_equal(buf_bytes(&buf).len, 200);
		buf_consume(&buf, 200);
		assert_null(buf.p);
	}
	uint8_t big[1000] = {0};
	assert_int_equal(buf_append(&buf, big, 1000), CP_OK);
	assert_int_equal(buf_append(&buf, big, 1), CP_FULL);
	assert_null(buf_extend(&buf, 1));
	assert_int_equal(buf_bytes(&buf).len, 1000);
	buf_deinit(&buf);
}

static void buf_extend_can_be_trimmed(void **state)
{
	struct buf buf;

	(void)state;
	buf_init(&buf, 64);
	uint8_t *at = buf_extend(&buf, 64);
	assert_non_null(at);
	memcpy(at, "abc", 3);
	buf_trim(&buf, 61);
	assert_true(slice_eq_str(buf_bytes(&buf), "abc"));
	buf_deinit(&buf);
}

static void arena_ends_at_its_maximum_and_starts_again(void **state)
{
	struct arena arena;

	(void)state;
	arena_init(&arena, 128, 1024);
	for (int round = 0; round < 3; round++) {
		size_t count = 0;
		while (arena_alloc(&arena, 16))
			count++;
		assert_int_equal(count, 64);
		assert_null(arena_alloc(&arena, SIZE_MAX));
		arena_reset(&arena);
	}
	assert_non_null(arena_alloc(&arena, 1024));
	arena_deinit(&arena);
}

static void arena_push_keeps_what_was_there(void **state)
{
	struct arena arena;
	int *items = NULL;
	size_t cap = 0;

	(void)state;
	arena_init(&arena, 1024, 1 << 20);
	for (int i = 0; i < 1000; i++) {
		items = arena_push(&arena, items, (size_t)i, &cap, sizeof(*items));
		assert_non_null(items);
		items[i] = i;
	}
	for (int i = 0; i < 1000; i++)
		assert_int_equal(items[i], i);
	arena_deinit(&arena);
}

static void id_has_one_form(void **state)
{
	static const char hex[] = "00112233445566778899aabbccddeeff";
	char out[ID_HEX_LEN + 1];
	struct id id;

	(void)state;
	assert_true(id_from_hex(&id, slice_str(hex)));
	assert_string_equal(id_hex(&id, out), hex);
	assert_false(id_from_hex(&id, slice_str("00112233445566778899AABBCCDDEEFF")));
	assert_true(id_is_zero(&id));
	assert_false(id_from_hex(&id, slice_str("0011")));
	assert_false(id_from_bytes(&id, slice_of(hex, 15)));
	assert_true(id_from_bytes(&id, slice_of(hex, 16)));
	assert_false(id_is_zero(&id));
}

static struct id number(uint32_t n)
{
	struct id id = {0};

	memcpy(id.b, &n, sizeof(n));
	return id;
}

/* Random puts and removes against a plain array. */
static void map_forgets_nothing_but_what_was_removed(void **state)
{
	static int values[500];
	bool is_in[500] = {false};
	struct map map = {0};
	uint32_t random = 1;
	size_t count = 0;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		random = random * 1664525 + 1013904223;
		uint32_t n = (random >> 8) % 500;
		struct id key = number(n);
		if (random >> 31) {
			assert_int_equal(map_put(&map, &key, &values[n]), CP_OK);
			count += !is_in[n];
			is_in[n] = true;
		} else {
			map_remove(&map, &key);
			count -= is_in[n];
			is_in[n] = false;
		}
		assert_int_equal(map.count, count);
		key = number((random >> 4) % 500);
		n = (random >> 4) % 500;
		assert_ptr_equal(map_get(&map, &key), is_in[n] ? &values[n] : NULL);
	}
	size_t seen = 0;
	for (size_t at = 0; map_next(&map, &at);)
		seen++;
	assert_int_equal(seen, count);
	map_deinit(&map);
}

static void hash_is_sha256_over_the_parts(void **state)
{
	/* FIPS 180-2, appendix B.1: "abc". */
	static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea};
	struct slice parts[] = {slice_str("a"), slice_of(NULL, 0), slice_str("bc")};
	uint8_t out[HASH_BYTES];

	(void)state;
	hash_sha256(parts, CP_COUNT(parts), out);
	assert_memory_equal(out, abc, sizeof(abc));
}

static int compare_numbers(const void *a, const void *b)
{
	const int *x = a;
	const int *y = b;

	return (*x > *y) - (*x < *y);
}

/* Also when only the last two, or only the first two, are out of order. */
static void sort_finds_what_is_out_of_order(void **state)
{
	static const int cases[][4] = {
	    {1, 2, 3, 4}, {1, 2, 4, 3}, {2, 1, 3, 4}, {4, 3, 2, 1}, {2, 2, 1, 1}};

	(void)state;
	sort_items(NULL, 0, sizeof(int), compare_numbers);
	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		int items[4];
		memcpy(items, cases[i], sizeof(items));
		sort_items(items, 4, sizeof(int), compare_numbers);
		for (size_t k = 1; k < 4; k++)
			assert_true(items[k - 1] <= items[k]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(buf_is_a_bounded_queue),
	    cmocka_unit_test(buf_extend_can_be_trimmed),
	    cmocka_unit_test(arena_ends_at_its_maximum_and_starts_again),
	    cmocka_unit_test(arena_push_keeps_what_was_there),
	    cmocka_unit_test(id_has_one_form),
	    cmocka_unit_test(map_forgets_nothing_but_what_was_removed),
	    cmocka_unit_test(hash_is_sha256_over_the_parts),
	    cmocka_unit_test(sort_finds_what_is_out_of_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
