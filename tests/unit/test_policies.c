/* What holds for the site, and since when: head office's orders and the clinic's own. */
#include "ledger_bench.h"

#include "ledger/past/verify.h"

static void min_days_since(struct clinic *clinic, uint64_t revision, event_ms since, int64_t days)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	Carepace__V1__Policy policy = CAREPACE__V1__POLICY__INIT;
	Carepace__V1__PolicySetting setting = CAREPACE__V1__POLICY_SETTING__INIT;
	Carepace__V1__PolicySetting *settings[] = {&setting};
	char key[] = "chain";
	char name[] = "min_days";

	setting.check = CAREPACE__V1__CHECK__INTERVAL_TOO_SOON;
	setting.parameter = name;
	setting.value = days;
	policy.n_setting = 1;
	policy.setting = settings;
	order.ts_ms = since;
	order.key = key;
	order.revision = revision;
	order.body_case = CAREPACE__V1__ORDER__BODY_POLICY;
	order.policy = &policy;
	clinic_order(clinic, &order);
}

/* A change of the numbers judges what happens from then on, not the past; and one that
 * comes late changes what was judged meanwhile. */
static void a_policy_judges_what_happened_while_it_was_in_force(void **state)
{
	const char *path = bench_of(state)->path;
	struct clinic *clinic = open_store(state, "1");
	struct verify_result result;
	char why[256];

	only_first_checks(clinic);
	say(clinic, "2026-03-02 10:00 P1 session A c1");
	say(clinic, "2026-04-02 10:00 P1 session B c1"); /* 31 days */
	say(clinic, "2026-05-05 10:00 P1 session C c1"); /* 33 days */
	assert_int_equal(count(clinic, "SELECT count(*) FROM alert"), 0);

	min_days_since(clinic, 1, INT64_C(1775779200000), 35); /* 10 April */
	min_days_since(clinic, 2, INT64_C(1779235200000), 28); /* 20 May */
	clinic = reopen_store(state, "1");
	say(clinic, "2026-06-03 10:00 P1 session D c1"); /* 29 days */
	assert_int_equal(count(clinic, "SELECT count(*) FROM alert"), 1);
	assert_int_equal(count(clinic, "SELECT lim FROM alert"), 35);
	assert_int_equal(count(clinic, "SELECT value FROM alert"), 33);

	/* A recount takes what the store knows, not what is configured. */
	struct policy other = policy_default(&clinic->zone);
	assert_int_equal(verify_store(path, &other, NULL, NULL, &result, why), CP_OK);
	assert_int_equal(result.findings, 1);
	assert_int_equal(result.differences, 0);
}

/* As the daemon starts with a configuration. */
static struct clinic *reopen_with_min_days(void **state, int64_t days)
{
	struct bench *bench = bench_of(state);
	Carepace__V1__Policy policy = CAREPACE__V1__POLICY__INIT;
	Carepace__V1__PolicySetting setting = CAREPACE__V1__POLICY_SETTING__INIT;
	Carepace__V1__PolicySetting *settings[] = {&setting};
	struct ledger_own own = {.kind = READING_POLICY, .key = "own/policy", .body = &policy.base};
	struct zone zone = {0};
	struct ledger_config config = {.path = bench->path,
	    .site = "ber",
	    .version = "1",
	    .policy = policy_default(&zone),
	    .own = &own,
	    .own_count = 1};
	struct ledger *ledger;
	char name[] = "min_days";
	char why[256];

	setting.check = CAREPACE__V1__CHECK__INTERVAL_TOO_SOON;
	setting.parameter = name;
	setting.value = days;
	policy.n_setting = 1;
	policy.setting = settings;
	close_store(state);
	assert_int_equal(ledger_open(&config, bench->now, &ledger, why), CP_OK);
	ledger_close(ledger);
	return reopen_store(state, "1");
}

/* The clinic's own numbers become inputs: once, and in force since then. */
static void the_clinics_own_policy_is_an_input(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	const struct policy *policy = &clinic->ledger->config.policy;

	assert_int_equal(policy_number(policy, PARAM_MIN_DAYS, 0), 28);
	clinic = reopen_with_min_days(state, 30);
	policy = &clinic->ledger->config.policy;
	assert_int_equal(policy_number(policy, PARAM_MIN_DAYS, 0), 30);
	say(clinic, "2026-03-02 10:00 P1 session A c1");
	clinic = reopen_with_min_days(state, 30);
	assert_int_equal(count(clinic, "SELECT count(*) FROM journal WHERE source = 1"), 1);

	clinic = reopen_with_min_days(state, 28);
	policy = &clinic->ledger->config.policy;
	assert_int_equal(count(clinic, "SELECT count(*) FROM journal WHERE source = 1"), 2);
	assert_int_equal(policy_number(policy, PARAM_MIN_DAYS, clinic->now - 1), 30);
	assert_int_equal(policy_number(policy, PARAM_MIN_DAYS, clinic->now), 28);
}

/* --- the file, read again ------------------------------------------------------------------- */

static struct own_policy take(struct clinic *clinic, const struct ledger_own *orders, size_t count)
{
	struct own_policy own = {.orders = orders, .count = count};

	clinic->batch->own = own;
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
	own = clinic->batch->own;
	batch_reset(clinic->batch);
	return own;
}

/* What is new holds from now on; what left the file gives way to head office's. */
static void a_file_is_taken_again_while_the_box_runs(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	const struct policy *policy = &clinic->ledger->config.policy;
	Carepace__V1__Policy numbers = CAREPACE__V1__POLICY__INIT;
	Carepace__V1__ModelProfile profile = CAREPACE__V1__MODEL_PROFILE__INIT;
	const struct ledger_own orders[] = {
	    {.kind = READING_POLICY, .key = "own/policy", .body = &numbers.base},
	    {.kind = READING_MODEL_PROFILE, .key = "own/profile/7", .body = &profile.base}};
	struct verify_result result;
	char why[256];

	numbers.version = 1;
	profile.model = 7;
	profile.kind = CAREPACE__V1__DEVICE_KIND__DEVICE_PEN;
	profile.has_pins = true;
	profile.pins = 14;
	say(clinic, "2026-03-02 10:00 HQ tell model_profile model=7 kind=PEN pins=12");
	struct own_policy own = take(clinic, orders, 2);
	assert_true(own.is_taken);
	assert_string_equal(own.news, "policy, profile/7");
	assert_int_equal(policy_profile(policy, 7, clinic->now)->pins, 14);
	assert_string_equal(take(clinic, orders, 2).news, "");

	say(clinic, "2026-03-05 10:00 P1 session A c1");
	assert_string_equal(take(clinic, orders, 1).news, "profile/7 (withdrawn)");
	assert_int_equal(policy_profile(policy, 7, clinic->now)->pins, 12);
	assert_int_equal(policy_profile(policy, 7, clinic->now - 1)->pins, 14);
	assert_string_equal(take(clinic, orders, 1).news, "");

	say(clinic, "2026-03-06 10:00 P1 session B c2");
	assert_string_equal(take(clinic, orders, 2).news, "profile/7");
	assert_int_equal(policy_profile(policy, 7, clinic->now)->pins, 14);
	assert_int_equal(policy_profile(policy, 7, clinic->now - 1)->pins, 12);

	/* Who opens the store without the file withdraws nothing; a recount agrees. */
	clinic = reopen_store(state, "1");
	assert_int_equal(policy_profile(&clinic->ledger->config.policy, 7, clinic->now)->pins, 14);
	struct policy other = policy_default(&clinic->zone);
	assert_int_equal(
	    verify_store(bench_of(state)->path, &other, NULL, NULL, &result, why), CP_OK);
	assert_int_equal(result.differences, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_policy_judges_what_happened_while_it_was_in_force),
	    LEDGER_TEST(the_clinics_own_policy_is_an_input),
	    LEDGER_TEST(a_file_is_taken_again_while_the_box_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
