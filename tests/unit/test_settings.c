/* Every setting of the table, wrong in every way that its type can be: a new row is tested by
 * being there. Word for word the messages stand in test_config. */
#include "io/settings.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define FILE_NAME "f.yaml"
#define TEXT_BYTES 4096

/* The setting under test stands alone in its section, in this line. */
#define LINE 3

static struct config config;
static char said[TEXT_BYTES];

static enum cp_err parse(const char *yaml)
{
	struct buf faults;

	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	enum cp_err err = config_parse(&config, FILE_NAME, slice_str(yaml), &faults);
	struct slice text = buf_bytes(&faults);
	snprintf(said, sizeof(said), "%.*s", (int)text.len, text.len ? (const char *)text.p : "");
	buf_deinit(&faults);
	return err;
}

static bool is(const struct setting *setting, const char *section, const char *name)
{
	return strcmp(setting->section, section) == 0 && strcmp(setting->name, name) == 0;
}

/* A file whose first fault can only be what `text` says in line LINE: what is required beside it
 * comes behind. */
static const char *file_with(const struct setting *setting, const char *text)
{
	static char yaml[TEXT_BYTES];
	bool is_site = strcmp(setting->section, "site") == 0;
	bool is_upstream = strcmp(setting->section, "upstream") == 0;
	int len = snprintf(yaml, sizeof(yaml), "# one setting\n%s:\n%s", setting->section, text);

	if (is_upstream && !is(setting, "upstream", "ca"))
		len += snprintf(yaml + len, sizeof(yaml) - (size_t)len, "  ca: a\n");
	if (is_upstream && !is(setting, "upstream", "certificate"))
		len += snprintf(yaml + len, sizeof(yaml) - (size_t)len, "  certificate: b\n");
	if (is_upstream && !is(setting, "upstream", "key"))
		len += snprintf(yaml + len, sizeof(yaml) - (size_t)len, "  key: c\n");
	if (!is_site)
		len += snprintf(yaml + len, sizeof(yaml) - (size_t)len, "site:\n");
	if (!is(setting, "site", "name"))
		len += snprintf(yaml + len, sizeof(yaml) - (size_t)len, "  name: c\n");
	if (!is(setting, "site", "timezone"))
		len += snprintf(yaml + len, sizeof(yaml) - (size_t)len, "  timezone: UTC\n");
	assert_true((size_t)len < sizeof(yaml));
	return yaml;
}

/* `found` is what the fault calls the value. */
static void assert_refused(const struct setting *setting, const char *value, const char *found)
{
	char expected[512];
	char line[1024];
	char text[1600];

	snprintf(text, sizeof(text), "  %s: %s\n", setting->name, value);
	setting_expected(setting, expected, sizeof(expected));
	snprintf(line, sizeof(line), FILE_NAME ":%d: %s.%s: expected %s, found %s\n", LINE,
	    setting->section, setting->name, expected, found);
	if (parse(file_with(setting, text)) != CP_CONFIG)
		fail_msg("taken: %s.%s: %s", setting->section, setting->name, value);
	assert_string_equal(said, line);
}

static void assert_taken(const struct setting *setting, const char *value)
{
	char text[1600];

	snprintf(text, sizeof(text), "  %s: %s\n", setting->name, value);
	if (parse(file_with(setting, text)) != CP_OK)
		fail_msg("%s", said);
	config_free(&config);
}

/* --- by type --------------------------------------------------------------------------- */

static void refuse_all(const struct setting *setting, const char *const *values)
{
	for (; *values; values++)
		assert_refused(setting, *values, *values);
}

static void refuse_number(const struct setting *setting, int64_t number, const char *unit)
{
	char value[40];

	snprintf(value, sizeof(value), "%" PRId64 "%s", number, unit);
	assert_refused(setting, value, value);
}

static void take_number(const struct setting *setting, int64_t number, const char *unit)
{
	char value[40];

	snprintf(value, sizeof(value), "%" PRId64 "%s", number, unit);
	assert_taken(setting, value);
}

/* Exactly on the limit is fine, beyond it is not. */
static void check_limits(const struct setting *setting, const char *unit)
{
	static const char *const wrong[] = {"many", "-1", "+5", "1.5", "010", "0x10", "1e3", "5 5",
	    "5GB", "5%", "\"5\"", "true", ".inf", "99999999999999999999", NULL};

	refuse_all(setting, wrong);
	refuse_number(setting, (int64_t)setting->min - 1, unit);
	refuse_number(setting, (int64_t)setting->max + 1, unit);
	take_number(setting, setting->min, unit);
	take_number(setting, setting->max, unit);
}

static void check_path(const struct setting *setting)
{
	static char longest[1024 + 2];

	memset(longest, 'a', sizeof(longest) - 1);
	longest[0] = '/';
	assert_refused(setting, longest, "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa...");
	longest[1024] = '\0';
	assert_taken(setting, longest);
	assert_refused(setting, "\"\"", "\"\"");
	assert_refused(setting, "\"/a\\0b\"", "\"/a?b\"");
	assert_refused(setting, "\"/a\\nb\"", "\"/a?b\"");
}

static void check_servers(const struct setting *setting)
{
	static const char *const wrong[] = {"a", "\"a:\"", "\":1\"", "a:0", "a:65536", "a:1x",
	    "tcp://a:1", "ssl://", "-a:1", "a b:1", "\"[::1:1\"", NULL};
	char list[64] = "[";
	char last[72];

	refuse_all(setting, wrong);
	assert_refused(setting, "[[a:1]]", "a list");
	assert_refused(setting, "[{a: 1}]", "a group of settings");
	for (int i = 0; i < setting->max; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list), "a:%d,", i + 1);
	snprintf(last, sizeof(last), "%s]", list);
	assert_taken(setting, last);
	snprintf(last, sizeof(last), "%sz:9]", list);
	assert_refused(setting, last, "z:9");
}

static void check_type(const struct setting *setting)
{
	static const char *const no_site[] = {
	    "Berlin", "a_b", "a b", "\"\"", "abcdefghijklmnopqrstuvwxyz0123456", NULL};
	static const char *const no_zone[] = {"Mars/Olympus", "../../etc/passwd", "/etc/localtime",
	    "Europe", "europe/berlin", "\"\"", "CEST+1", NULL};
	static const char *const no_address[] = {
	    "localhost", "1.2.3", "1.2.3.4.5", "256.0.0.1", "1.2.3.4:5", "\"::g\"", "\"\"", NULL};
	static const char *const no_bool[] = {"yes", "on", "1", "True", "TRUE", "\"true\"", NULL};
	static const char *const no_level[] = {"loud", "7", "INFO", "\"\"", NULL};

	switch (setting->type) {
	case SETTING_SITE:
		refuse_all(setting, no_site);
		assert_taken(setting, "abcdefghijklmnopqrstuvwxyz-01234");
		break;
	case SETTING_ZONE:
		refuse_all(setting, no_zone);
		break;
	case SETTING_ADDRESS:
		refuse_all(setting, no_address);
		assert_taken(setting, "\"::\"");
		break;
	case SETTING_BOOL:
		refuse_all(setting, no_bool);
		assert_taken(setting, "true");
		assert_taken(setting, "false");
		break;
	case SETTING_LEVEL:
		refuse_all(setting, no_level);
		break;
	case SETTING_PATH:
		check_path(setting);
		break;
	case SETTING_SERVERS:
		check_servers(setting);
		break;
	case SETTING_NUMBER:
	case SETTING_BYTES:
		check_limits(setting, "");
		break;
	case SETTING_SECONDS:
		check_limits(setting, "s");
		refuse_number(setting, setting->max, ""); /* of what? */
		break;
	}
}

static void a_value_that_its_type_does_not_allow(void **state)
{
	(void)state;
	for (size_t i = 0; i < setting_count; i++)
		check_type(&settings[i]);
}

/* --- of all types ------------------------------------------------------------------------ */

static void what_no_setting_takes(void **state)
{
	(void)state;
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];

		assert_refused(setting, "", "nothing");
		assert_refused(setting, "~", "nothing");
		assert_refused(setting, "{a: b}", "a group of settings");
		if (setting->type != SETTING_SERVERS)
			assert_refused(setting, "[a]", "a list");
	}
}

static void its_own_default_or_sample_is_good(void **state)
{
	(void)state;
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];
		const char *value = setting->fallback ? setting->fallback : setting->sample;
		char text[256];

		assert_non_null(value);
		snprintf(text, sizeof(text), strchr(value, ':') == value ? "\"%s\"" : "%s", value);
		assert_taken(setting, text);
	}
}

static void a_setting_that_stands_there_twice(void **state)
{
	char text[512];
	char line[256];

	(void)state;
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];
		const char *value = setting->fallback ? setting->fallback : setting->sample;

		snprintf(text, sizeof(text), "  %s: %s\n  %s: %s\n", setting->name, value,
		    setting->name, value);
		snprintf(line, sizeof(line),
		    FILE_NAME ":%d: %s.%s: expected once, found again (first in line %d)\n",
		    LINE + 1, setting->section, setting->name, LINE);
		assert_int_equal(parse(file_with(setting, text)), CP_CONFIG);
		assert_string_equal(said, line);
	}
}

/* A slip of the finger in the middle of the name, and one letter too many at the end of the
 * section's. */
static void a_misspelt_name_is_suggested(void **state)
{
	char name[64];
	char text[512];
	char line[256];

	(void)state;
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];
		size_t len = strlen(setting->name);

		if (setting->is_required)
			continue; /* it would be missing as well */
		snprintf(name, sizeof(name), "%.*s_%s", (int)(len / 2), setting->name,
		    setting->name + len / 2);
		snprintf(text, sizeof(text), "  %s: 1\n", name);
		snprintf(line, sizeof(line),
		    FILE_NAME ":%d: %s.%s: expected the name of a setting, found an unknown one "
		              "(did you mean %s.%s?)\n",
		    LINE, setting->section, name, setting->section, setting->name);
		assert_int_equal(parse(file_with(setting, text)), CP_CONFIG);
		assert_string_equal(said, line);

		snprintf(text, sizeof(text), "site: {name: c, timezone: UTC}\n%ss: {}\n",
		    setting->section);
		snprintf(line, sizeof(line),
		    FILE_NAME ":2: %ss: expected the name of a section, found an unknown one "
		              "(did you mean %s?)\n",
		    setting->section, setting->section);
		assert_int_equal(parse(text), CP_CONFIG);
		assert_string_equal(said, line);
	}
}

static void a_required_one_that_is_missing(void **state)
{
	char expected[256];
	char line[512];
	unsigned required = 0;

	(void)state;
	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];

		if (!setting->is_required)
			continue;
		required++;
		setting_expected(setting, expected, sizeof(expected));
		snprintf(line, sizeof(line), FILE_NAME ":2: %s.%s: expected %s, found nothing\n",
		    setting->section, setting->name, expected);
		assert_int_equal(parse(file_with(setting, "")), CP_CONFIG);
		assert_string_equal(said, line);
	}
	assert_int_equal(required, 2);
}

/* What a reload compares and prints: as it could stand in the file, whatever was written. */
static void a_value_is_printed_as_it_could_stand_there(void **state)
{
	static const struct {
		const char *section, *name, *written, *printed;
	} cases[] = {
	    {"listener", "max_packet_bytes", "65536", "64KiB"},
	    {"listener", "max_packet_bytes", "66000", "66000"},
	    {"upstream", "outbox_max", "2048KiB", "2MiB"},
	    {"listener", "max_keep_alive", "90s", "90s"},
	    {"listener", "max_keep_alive", "3600s", "1h"},
	    {"listener", "session_expiry_max", "0s", "0s"},
	    {"upstream", "servers", "[a:1, 'ssl://b:2']", "a:1, b:2"},
	    {"upstream", "receipts", "true", "true"},
	    {"log", "level", "debug", "debug"},
	    {"store", "path", "/x", "/x"},
	};
	char printed[SETTING_TEXT_BYTES];
	char text[256];

	(void)state;
	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		const struct setting *setting = settings;

		while (!is(setting, cases[i].section, cases[i].name))
			setting++;
		snprintf(text, sizeof(text), "  %s: %s\n", setting->name, cases[i].written);
		assert_int_equal(parse(file_with(setting, text)), CP_OK);
		assert_string_equal(setting_print(setting, &config, printed), cases[i].printed);
		config_free(&config);
	}
	assert_string_equal(setting_print(&settings[0], &config, printed), "-");
}

/* Each setting alone goes over to the other, and nothing is freed twice or left behind. */
static void a_value_changes_places(void **state)
{
	char before[SETTING_TEXT_BYTES];
	char after[SETTING_TEXT_BYTES];
	struct config other;

	(void)state;
	assert_int_equal(parse("site: {name: other, timezone: UTC}\n"
	                       "store: {path: /o, reserve: 2MiB}\n"
	                       "upstream: {servers: [a:1], ca: a, certificate: b, key: c, "
	                       "receipts: true, json: true}\n"
	                       "log: {level: error}\n"),
	    CP_OK);
	other = config;
	for (size_t i = 0; i < setting_count; i++) {
		assert_int_equal(parse("site: {name: c, timezone: Europe/Berlin}\n"), CP_OK);
		setting_print(&settings[i], &config, before);
		setting_swap(&settings[i], &config, &other);
		assert_string_equal(setting_print(&settings[i], &other, after), before);
		setting_swap(&settings[i], &config, &other);
		assert_string_equal(setting_print(&settings[i], &config, after), before);
		config_free(&config);
	}
	config_free(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_value_that_its_type_does_not_allow),
	    cmocka_unit_test(what_no_setting_takes),
	    cmocka_unit_test(its_own_default_or_sample_is_good),
	    cmocka_unit_test(a_setting_that_stands_there_twice),
	    cmocka_unit_test(a_misspelt_name_is_suggested),
	    cmocka_unit_test(a_required_one_that_is_missing),
	    cmocka_unit_test(a_value_is_printed_as_it_could_stand_there),
	    cmocka_unit_test(a_value_changes_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
