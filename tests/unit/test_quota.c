#include "shell/quota.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static const struct quota_rates rates = {
    .messages = {.per_s = 100, .burst = 400},
    .bytes = {.per_s = 1000, .burst = 4000},
    .connects = {.per_s = 1, .burst = 12},
};

static void a_burst_passes_and_then_the_rate_holds(void **state)
{
	struct quota quota;
	mono_ms now = 5000;
	int64_t taken = 0;

	(void)state;
	quota_init(&quota, &rates, now);
	for (; now < 15000; now++) {
		while (quota_rests_until(&quota, &rates) <= now) {
			bucket_take(&quota.messages, &rates.messages, 1, now);
			taken++;
		}
	}
	/* Ten seconds at 100, the burst, and the one that went into debt. */
	assert_in_range(taken, 400 + 1000, 400 + 1000 + 1);
}

static void one_large_packet_always_passes_and_is_paid_for(void **state)
{
	struct quota quota;

	(void)state;
	quota_init(&quota, &rates, 0);
	assert_true(quota_rests_until(&quota, &rates) <= 0);
	bucket_take(&quota.bytes, &rates.bytes, 64000, 0);
	assert_int_equal(quota_rests_until(&quota, &rates), 60000);
	bucket_take(&quota.bytes, &rates.bytes, 0, 59999);
	assert_int_equal(quota_rests_until(&quota, &rates), 60000);
	bucket_take(&quota.bytes, &rates.bytes, 0, 60000);
	assert_int_equal(quota_rests_until(&quota, &rates), 60000);
}

static void whoever_needs_longer_decides(void **state)
{
	struct quota quota;

	(void)state;
	quota_init(&quota, &rates, 0);
	bucket_take(&quota.messages, &rates.messages, 500, 0); /* 1 s */
	bucket_take(&quota.bytes, &rates.bytes, 7000, 0);      /* 3 s */
	assert_int_equal(quota_rests_until(&quota, &rates), 3000);
	bucket_take(&quota.messages, &rates.messages, 900, 0); /* 10 s */
	assert_int_equal(quota_rests_until(&quota, &rates), 10000);
}

/* A year of silence fills it once and does not overflow. */
static void silence_does_not_save_up(void **state)
{
	const struct quota_rate fast = {.per_s = 1 << 30, .burst = (int64_t)4 << 30};
	struct bucket bucket = {.at = 0, .milli_tokens = fast.burst * 1000};
	mono_ms year = INT64_C(366) * 24 * 3600 * 1000;

	(void)state;
	bucket_take(&bucket, &fast, fast.burst, year);
	assert_int_equal(bucket.milli_tokens, 0);
	bucket_take(&bucket, &fast, 0, INT64_MAX - 1);
	assert_int_equal(bucket.milli_tokens, fast.burst * 1000);
}

static void no_rate_is_no_limit(void **state)
{
	const struct quota_rates none = {0};
	struct quota quota;

	(void)state;
	quota_init(&quota, &none, 7);
	bucket_take(&quota.messages, &none.messages, 1000000, 8);
	assert_true(quota_rests_until(&quota, &none) <= 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_burst_passes_and_then_the_rate_holds),
	    cmocka_unit_test(one_large_packet_always_passes_and_is_paid_for),
	    cmocka_unit_test(whoever_needs_longer_decides),
	    cmocka_unit_test(silence_does_not_save_up),
	    cmocka_unit_test(no_rate_is_no_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
