/* Orders come as bytes or as JSON: neither is ever taken for the other. */
#include "care/reading.h"
#include "wire/json.h"
#include "wire/pack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#define NUMBERS 1000

struct forms {
	struct arena arena;
	struct slice bytes;
	struct slice json;
};

static struct forms forms_of(uint32_t epoch, uint32_t n)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	Carepace__V1__SiteTime time = CAREPACE__V1__SITE_TIME__INIT;
	struct forms forms = {0};
	char key[] = "time";

	arena_init(&forms.arena, 4096, 1024 * 1024);
	order.hq_epoch = epoch;
	order.n = n;
	order.ts_ms = time.hq_ts_ms = INT64_C(1772442000000);
	order.key = key;
	order.revision = 1;
	order.body_case = CAREPACE__V1__ORDER__BODY_SITE_TIME;
	order.site_time = &time;
	assert_int_equal(wire_pack(&forms.arena, &order.base, &forms.bytes), CP_OK);
	assert_int_equal(wire_json_print(&forms.arena, &order.base, &forms.json), CP_OK);
	return forms;
}

static struct reading read_as(struct forms *forms, struct slice payload)
{
	struct reading reading;
	const char *why;

	if (reading_parse_order(&forms->arena, payload, &reading, &why) != READING_OK)
		fail_msg("refused: %s", why ? why : "no reason");
	return reading;
}

/* 123 is a brace, and 1 to 32 may be taken for blanks before it. */
static void bytes_are_bytes_whatever_their_numbers(void **state)
{
	static const uint32_t epochs[] = {1, 9, 10, 13, 32, 123};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(epochs); i++) {
		for (uint32_t n = 1; n <= NUMBERS; n++) {
			struct forms forms = forms_of(epochs[i], n);
			struct reading reading = read_as(&forms, forms.bytes);
			assert_int_equal(reading.boot, epochs[i]);
			assert_int_equal(reading.seq, n);
			arena_deinit(&forms.arena);
		}
	}
}

static void both_forms_are_one_order(void **state)
{
	static const char blanks[] = " \t\r\n";
	struct forms forms = forms_of(7, 123);
	uint8_t text[512];

	(void)state;
	memcpy(text, blanks, strlen(blanks));
	memcpy(text + strlen(blanks), forms.json.p, forms.json.len);
	struct reading a = read_as(&forms, forms.bytes);
	struct reading b = read_as(&forms, slice_of(text, strlen(blanks) + forms.json.len));
	assert_int_equal(b.seq, 123);
	assert_true(slice_eq(a.payload, b.payload));
	assert_memory_equal(a.hash, b.hash, sizeof(a.hash));
	arena_deinit(&forms.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_are_bytes_whatever_their_numbers),
	    cmocka_unit_test(both_forms_are_one_order),
	};

	return cmocka_run_group_tests_name("order form", tests, NULL, NULL);
}
