/* The clinic's policy file: valid as a whole, or refused with every fault and its line. */
#include "io/config_policy.h"

#include "io/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static enum cp_err parse(struct config_own *own, const char *yaml, char faults[4096])
{
	struct buf buf;

	buf_init(&buf, CONFIG_FAULTS_MAX_BYTES);
	enum cp_err err = config_own_parse(own, "p.yaml", slice_str(yaml), &buf);
	struct slice text = buf_bytes(&buf);
	snprintf(faults, 4096, "%.*s", (int)text.len, text.len ? (const char *)text.p : "");
	buf_deinit(&buf);
	return err;
}

static void must_parse(struct config_own *own, const char *yaml)
{
	char faults[4096];

	if (parse(own, yaml, faults))
		fail_msg("%s", faults);
}

static void assert_refused(const char *yaml, const char *expected)
{
	struct config_own own;
	char faults[4096];

	assert_int_equal(parse(&own, yaml, faults), CP_CONFIG);
	assert_string_equal(faults, expected);
	assert_int_equal(own.count, 0);
}

static const Carepace__V1__Policy *policy_of(const struct config_own *own)
{
	assert_int_equal(own->orders[0].kind, READING_POLICY);
	return (const Carepace__V1__Policy *)own->orders[0].body;
}

/* --- what is good -------------------------------------------------------------------- */

static void an_empty_file_sets_nothing(void **state)
{
	static const char *const files[] = {
	    "", "# nothing\n", "checks:\noff:\nprofiles:\n", "{}\n"};
	struct config_own own;

	(void)state;
	for (size_t i = 0; i < CP_COUNT(files); i++) {
		must_parse(&own, files[i]);
		assert_int_equal(own.count, 1);
		assert_int_equal(policy_of(&own)->n_setting, 0);
		config_own_free(&own);
	}
}

static void numbers_may_be_for_a_zone_or_a_modality(void **state)
{
	struct config_own own;

	(void)state;
	must_parse(&own, "version: 3\n"
	                 "off: [INTERVAL_OVERDUE]\n"
	                 "checks:\n"
	                 "  INTERVAL_TOO_SOON:\n"
	                 "    min_days:\n"
	                 "      - 30\n"
	                 "      - {value: 35, modalities: [RF]}\n"
	                 "      - {value: 42, modalities: [RF, PEN], zones: [NECK]}\n");
	const Carepace__V1__Policy *policy = policy_of(&own);
	assert_int_equal(policy->version, 3);
	assert_int_equal(policy->n_off, 1);
	assert_int_equal(policy->off[0], CAREPACE__V1__CHECK__INTERVAL_OVERDUE);
	assert_int_equal(policy->n_setting, 3);
	assert_string_equal(policy->setting[0]->parameter, "min_days");
	assert_int_equal(policy->setting[0]->value, 30);
	assert_false(policy->setting[0]->has_zones);
	assert_int_equal(policy->setting[1]->modalities, 1U << 4);
	assert_int_equal(policy->setting[2]->modalities, 1U << 4 | 1U << 1);
	assert_int_equal(policy->setting[2]->zones, 1U << CAREPACE__V1__ZONE__NECK);
	config_own_free(&own);
}

static void profiles_are_messages_of_the_contract(void **state)
{
	struct config_own own;

	(void)state;
	must_parse(&own, "profiles:\n"
	                 "  - {model: 7, kind: PEN, pins: 14, cart_gtin: ['04012345678901']}\n"
	                 "  - model: 21\n"
	                 "    kind: DEVICE_RF\n"
	                 "    zone_limit: [{zone: CHEEK, max_depth_um: 2000}, {zone: NECK}]\n"
	                 "    energy_limit:\n"
	                 "      - {zones: [CHEEK], skin_types: [5, 6], max_energy_uj: 62000}\n"
	                 "    allow_stop: true\n"
	                 "firmware: [{model: 7, min_fw: 1.2.0, blocked_fw: [1.3.1]}]\n"
	                 "calendar:\n"
	                 "  opening: [{weekday: 1, open_min: \"09:00\", close_min: \"18:30\"}]\n"
	                 "  holiday_date: [2026-12-25]\n"
	                 "role: {mdr_role: EU_CLINIC}\n");
	assert_int_equal(own.count, 6);
	assert_string_equal(own.orders[2].key, "own/profile/21");
	const Carepace__V1__ModelProfile *pen = (const void *)own.orders[1].body;
	assert_int_equal(pen->kind, CAREPACE__V1__DEVICE_KIND__DEVICE_PEN);
	assert_string_equal(pen->cart_gtin[0], "04012345678901");
	const Carepace__V1__ModelProfile *rf = (const void *)own.orders[2].body;
	assert_int_equal(rf->n_zone_limit, 2);
	assert_true(rf->zone_limit[0]->has_max_depth_um && !rf->zone_limit[1]->has_max_depth_um);
	assert_int_equal(rf->energy_limit[0]->skin_types, 1U << 5 | 1U << 6);
	assert_true(rf->has_allow_stop && rf->allow_stop);
	const Carepace__V1__FirmwarePolicy *firmware = (const void *)own.orders[3].body;
	assert_int_equal(firmware->min_fw, 1U << 22 | 2U << 12);
	assert_int_equal(firmware->blocked_fw[0], 1U << 22 | 3U << 12 | 1);
	const Carepace__V1__Calendar *calendar = (const void *)own.orders[4].body;
	assert_int_equal(calendar->opening[0]->close_min, 18 * 60 + 30);
	assert_int_equal(calendar->holiday_date[0], 20261225);
	config_own_free(&own);
}

/* The delivered example, as it is and with every line of it in force. */
static void the_example_is_good(void **state)
{
	struct config_own own;
	struct buf faults;
	char yaml[8192] = "";
	char line[256];

	(void)state;
	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	assert_int_equal(config_own_load(&own, SOURCE_DIR "/deploy/policy.yaml", &faults), CP_OK);
	assert_int_equal(own.count, 1);
	config_own_free(&own);

	FILE *file = fopen(SOURCE_DIR "/deploy/policy.yaml", "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file)) { /* "#off:", "#  - x", not "# a sentence" */
		bool is_sentence = line[1] == ' ' && line[2] != ' ';
		const char *text = line[0] == '#' && !is_sentence ? line + 1 : line;
		size_t len = strlen(yaml);
		snprintf(yaml + len, sizeof(yaml) - len, "%s", text);
	}
	fclose(file);
	must_parse(&own, yaml);
	assert_int_equal(own.count, 6);
	config_own_free(&own);
	buf_deinit(&faults);
}

/* --- what is not ----------------------------------------------------------------------- */

static void every_fault_has_its_line(void **state)
{
	(void)state;
	assert_refused("checks:\n  INTERVAL_TO_SOON: {min_days: 30}\n",
	    "p.yaml:2: checks: expected a name of Check (did you mean INTERVAL_TOO_SOON?), found "
	    "INTERVAL_TO_SOON\n");
	assert_refused("checks:\n  INTERVAL_TOO_SOON:\n    min_day: 30\n",
	    "p.yaml:3: checks.INTERVAL_TOO_SOON.min_day: expected the name of a number of this "
	    "check, found an unknown one (did you mean min_days?)\n");
	assert_refused("checks:\n  INTERVAL_TOO_SOON: {min_days: 0}\n",
	    "p.yaml:2: checks.INTERVAL_TOO_SOON.min_days: expected a whole number from 1 to 365, "
	    "found 0\n");
	assert_refused("checks:\n  INTERVAL_TOO_SOON: {min_days: '30'}\n",
	    "p.yaml:2: checks.INTERVAL_TOO_SOON.min_days: expected a whole number from 1 to 365, "
	    "found \"30\"\n");
	assert_refused("checks: {INTERVAL_TOO_SOON: {min_days: [{zones: [NECK]}]}}\n",
	    "p.yaml:1: checks.INTERVAL_TOO_SOON.min_days.value: expected a whole number from 1 to "
	    "365, found nothing\n");
	assert_refused("off: [NO_PLAN, NO_PLANE]\n",
	    "p.yaml:1: off: expected a name of Check (did you mean NO_PLAN?), found NO_PLANE\n");
	assert_refused("profile: []\n",
	    "p.yaml:1: profile: expected version, off, checks, profiles, firmware, calendar or "
	    "role, found another name (did you mean profiles?)\n");
	assert_refused("colour: []\n",
	    "p.yaml:1: colour: expected version, off, checks, profiles, firmware, calendar or "
	    "role, found another name\n");
	assert_refused("version: 1\nversion: 2\n",
	    "p.yaml:2: version: expected once, found again (first in line 1)\n");
	assert_refused("checks:\n  INTERVAL_TOO_SOON:\n    min_days: 30\n    min_days: 3\n",
	    "p.yaml:4: checks.INTERVAL_TOO_SOON.min_days: expected once, found again (first in "
	    "line 3)\n");
	assert_refused("checks:\n  INTERVAL_TOO_SOON: {min_days: 30}\n  INTERVAL_TOO_SOON: {}\n",
	    "p.yaml:3: checks.INTERVAL_TOO_SOON: expected once, found again (first in line 2)\n");
	assert_refused("checks: {INTERVAL_TOO_SOON: {min_days: {value: 30, value: 3}}}\n",
	    "p.yaml:1: checks.INTERVAL_TOO_SOON.min_days.value: expected once, found again (first "
	    "in line 1)\n");
}

static void a_profile_is_held_against_the_contract(void **state)
{
	(void)state;
	assert_refused("profiles:\n  - {model: 7}\n",
	    "p.yaml:2: profiles.kind: expected a value, found nothing\n");
	assert_refused("profiles:\n  - model: 7\n    kind: PEN\n    max_depth_um: 9000\n",
	    "p.yaml:4: profiles.max_depth_um: expected a whole number from 0 to 8000, found "
	    "9000\n");
	assert_refused("profiles:\n  - model: 7\n    kind: PEN\n    max_depth: 1\n",
	    "p.yaml:4: profiles.max_depth: expected the name of a setting, found an unknown one "
	    "(did you mean max_depth_um?)\n");
	assert_refused("profiles:\n  - {model: 7, kind: PEN}\n  - {model: 7, kind: PEN}\n",
	    "p.yaml:3: expected once, found again: own/profile/7\n");
	assert_refused("profiles: [{model: 7, kind: PEN, zone_limit: [{zone: CHEAK}]}]\n",
	    "p.yaml:1: profiles.zone_limit.zone: expected a name of Zone (did you mean CHEEK?), "
	    "found CHEAK\n");
	assert_refused("calendar: {holiday_date: [2026-02-29]}\n",
	    "p.yaml:1: calendar.holiday_date: expected a date like 2026-12-25, found 2026-02-29\n");
	assert_refused("calendar: {tz: Europe/Berlin}\n",
	    "p.yaml:1: calendar.tz: expected no time zone (it is site.timezone of the "
	    "configuration), found Europe/Berlin\n");
	assert_refused("firmware: [{model: 7, min_fw: 1.2}]\n",
	    "p.yaml:1: firmware.min_fw: expected a version like 1.2.3, found 1.2\n");
}

static void all_faults_come_out_together(void **state)
{
	(void)state;
	assert_refused("off: 3\nversion: x\nrole: {mdr_role: EU}\n",
	    "p.yaml:1: off: expected a list of checks, found 3\n"
	    "p.yaml:2: version: expected a whole number from 1 to 4294967295, found x\n"
	    "p.yaml:3: role.mdr_role: expected a name of MdrRole, found EU\n");
}

/* What is cut off might have been the half that mattered. */
static void a_file_that_is_too_long_is_refused(void **state)
{
	static char yaml[CONFIG_FILE_MAX_BYTES + 2];

	(void)state;
	memset(yaml, '\n', sizeof(yaml) - 1);
	assert_refused(yaml, "p.yaml:1: expected at most 262144 bytes, found more\n");
}

static void a_file_that_is_not_there_is_a_fault(void **state)
{
	struct config_own own;
	struct buf faults;

	(void)state;
	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	assert_int_equal(config_own_load(&own, "no/such.yaml", &faults), CP_CONFIG);
	assert_int_equal(buf_bytes(&faults).len, strlen("no/such.yaml: cannot be read: No such "
	                                                "file or directory\n"));
	buf_deinit(&faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(an_empty_file_sets_nothing),
	    cmocka_unit_test(numbers_may_be_for_a_zone_or_a_modality),
	    cmocka_unit_test(profiles_are_messages_of_the_contract),
	    cmocka_unit_test(the_example_is_good),
	    cmocka_unit_test(every_fault_has_its_line),
	    cmocka_unit_test(a_profile_is_held_against_the_contract),
	    cmocka_unit_test(all_faults_come_out_together),
	    cmocka_unit_test(a_file_that_is_not_there_is_a_fault),
	    cmocka_unit_test(a_file_that_is_too_long_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
