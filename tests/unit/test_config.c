/* The configuration: what it accepts, and word for word what it says to a
 * person who got it wrong. */
#include "io/config.h"
#include "io/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#define SITE "site: {name: c, timezone: Europe/Berlin}\n"

static struct config config;
static struct buf faults;

static enum cp_err parse(const char *yaml)
{
	buf_deinit(&faults);
	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	return config_parse(&config, "dir/f.yaml", slice_str(yaml), &faults);
}

static void assert_parses(const char *yaml)
{
	enum cp_err err = parse(yaml);

	if (err != CP_OK)
		print_message("%.*s", (int)faults.len, (const char *)buf_bytes(&faults).p);
	assert_int_equal(err, CP_OK);
	assert_int_equal(faults.len, 0);
}

/* Exactly these lines; "dir/f.yaml" is put in front of each by the caller. */
static void assert_refused(const char *yaml, const char *lines)
{
	static const struct config zero;

	assert_int_equal(parse(yaml), CP_CONFIG);
	assert_int_equal(buf_append(&faults, "", 1), CP_OK);
	assert_string_equal((const char *)buf_bytes(&faults).p, lines);
	assert_memory_equal(&config, &zero, sizeof(config));
}

static int cleanup(void **state)
{
	(void)state;
	config_free(&config);
	buf_deinit(&faults);
	return 0;
}

static void the_least_file_gets_the_defaults(void **state)
{
	(void)state;
	assert_parses(SITE);
	assert_string_equal(config.site.name, "c");
	assert_string_equal(config.site.timezone, "Europe/Berlin");
	assert_string_equal(config.store.path, "/var/lib/carepace");
	assert_int_equal(config.listener.port, 8883);
	assert_int_equal(config.listener.max_keep_alive_s, 1200);
	assert_int_equal(config.listener.max_packet_bytes, 66000);
	assert_int_equal(config.upstream.server_count, 0);
	assert_null(config.upstream.ca);
	assert_false(config.upstream.receipts);
	assert_int_equal(config.upstream.outbox_max_bytes, 256 << 20);
	assert_int_equal(config.upstream.outbox_days, 400);
	assert_null(config.policy.file);
	assert_int_equal(config.log_level, LOG_LEVEL_INFO);
}

static void values_have_their_types(void **state)
{
	(void)state;
	assert_parses("---\n"
	              "site: {name: \"berlin-1\", timezone: America/New_York}\n"
	              "store: {path: data}\n"
	              "listener:\n"
	              "  address: '::1'\n"
	              "  max_keep_alive: 15min\n"
	              "  max_packet_bytes: 64KiB\n"
	              "  key: /k\n"
	              "upstream:\n"
	              "  servers: [hq.example:8883, 'ssl://[::1]:1', 10.0.0.1:65535]\n"
	              "  ca: ca.crt\n"
	              "  certificate: a/b c.crt\n"
	              "  key: k\n"
	              "  receipts: true\n"
	              "  outbox_max: 2MiB\n"
	              "  outbox_days: 30\n"
	              "policy:\n"
	              "log: {level: debug}\n");
	assert_string_equal(config.store.path, "dir/data");
	assert_string_equal(config.listener.address, "::1");
	assert_int_equal(config.listener.max_keep_alive_s, 900);
	assert_int_equal(config.listener.max_packet_bytes, 65536);
	assert_string_equal(config.listener.key, "/k");
	assert_int_equal(config.upstream.server_count, 3);
	assert_string_equal(config.upstream.servers[0], "ssl://hq.example:8883");
	assert_string_equal(config.upstream.servers[1], "ssl://[::1]:1");
	assert_string_equal(config.upstream.servers[2], "ssl://10.0.0.1:65535");
	assert_string_equal(config.upstream.certificate, "dir/a/b c.crt");
	assert_true(config.upstream.receipts);
	assert_int_equal(config.upstream.outbox_max_bytes, 2 << 20);
	assert_int_equal(config.upstream.outbox_days, 30);
	assert_int_equal(config.log_level, LOG_LEVEL_DEBUG);
}

/* What libcyaml let through (TRAPS section 5) and its neighbours. */
static void numbers_are_whole_or_refused(void **state)
{
	static const char *const wrong[] = {"12x", "1.9", "010", "0x50", "-1", "0", "65536", "+1",
	    "1e3", "99999999999999999999", "\"80\"", "80 80", ".nan", "true"};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(wrong); i++) {
		char yaml[128];
		char line[160];

		snprintf(yaml, sizeof(yaml), SITE "listener:\n  port: %s\n", wrong[i]);
		snprintf(line, sizeof(line),
		    "dir/f.yaml:3: listener.port: expected a whole number from 1 to 65535, found "
		    "%s\n",
		    wrong[i]);
		assert_refused(yaml, line);
	}
}

static void every_fault_comes_in_one_pass(void **state)
{
	(void)state;
	assert_refused("site:\n"
	               "  name: Berlin\n"
	               "listener:\n"
	               "  port: 12x\n"
	               "  max_keep_alive: 30\n"
	               "  max_packet_bytes: 10GB\n"
	               "  address: localhost\n"
	               "  certificate: [a]\n"
	               "upstream:\n"
	               "  servers: [tcp://a:1, b, 'c:0']\n"
	               "  receipts: maybe\n"
	               "log:\n"
	               "  level: loud\n"
	               "store:\n"
	               "  path:\n",
	    "dir/f.yaml:1: site.timezone: expected the name of a time zone in "
	    "/usr/share/zoneinfo, such as Europe/Berlin, found nothing\n"
	    "dir/f.yaml:2: site.name: expected 1 to 32 characters of a-z, 0-9 and \"-\", found "
	    "Berlin\n"
	    "dir/f.yaml:4: listener.port: expected a whole number from 1 to 65535, found 12x\n"
	    "dir/f.yaml:5: listener.max_keep_alive: expected a time from 5s to 65535s, such as "
	    "30s, 15min, 2h or 1d, found 30\n"
	    "dir/f.yaml:6: listener.max_packet_bytes: expected 1024 to 1048576 bytes, such as "
	    "66000 or 64KiB, found 10GB\n"
	    "dir/f.yaml:7: listener.address: expected an IPv4 or IPv6 address in numbers, found "
	    "localhost\n"
	    "dir/f.yaml:8: listener.certificate: expected a path of at most 1024 characters, "
	    "found a list\n"
	    "dir/f.yaml:10: upstream.servers: expected a list of at most 8 entries host:port "
	    "(always TLS), found tcp://a:1\n"
	    "dir/f.yaml:10: upstream.servers: expected a list of at most 8 entries host:port "
	    "(always TLS), found b\n"
	    "dir/f.yaml:10: upstream.servers: expected a list of at most 8 entries host:port "
	    "(always TLS), found \"c:0\"\n"
	    "dir/f.yaml:11: upstream.receipts: expected true or false, found maybe\n"
	    "dir/f.yaml:13: log.level: expected error, warning, notice, info or debug, found "
	    "loud\n"
	    "dir/f.yaml:15: store.path: expected a path of at most 1024 characters, found "
	    "nothing\n");
}

static void unknown_names_get_a_suggestion(void **state)
{
	(void)state;
	assert_refused(SITE "listner: {port: 1}\n"
	                    "listener:\n"
	                    "  recieve_maximum: 5\n"
	                    "  colour: red\n"
	                    "  receipts: true\n"
	                    "port: 8883\n"
	                    "? [a]\n"
	                    ": 1\n",
	    "dir/f.yaml:2: listner: expected the name of a section, found an unknown one (did "
	    "you mean listener?)\n"
	    "dir/f.yaml:4: listener.recieve_maximum: expected the name of a setting, found an "
	    "unknown one (did you mean listener.receive_maximum?)\n"
	    "dir/f.yaml:5: listener.colour: expected the name of a setting, found an unknown "
	    "one\n"
	    "dir/f.yaml:6: listener.receipts: expected the name of a setting, found an unknown "
	    "one (did you mean upstream.receipts?)\n"
	    "dir/f.yaml:7: port: expected the name of a section, found an unknown one (did you "
	    "mean listener.port?)\n"
	    "dir/f.yaml:8: expected a name, found a list\n");
}

static void what_yaml_allows_and_we_do_not(void **state)
{
	(void)state;
	assert_refused(SITE "listener:\n  port: 1\n  port: 2\nlistener: {}\n",
	    "dir/f.yaml:4: listener.port: expected once, found again (first in line 3)\n"
	    "dir/f.yaml:5: listener: expected once, found again (first in line 2)\n");
	assert_refused(SITE "store: {path: &a /x}\n",
	    "dir/f.yaml:2: expected a value as it is, found an anchor (&)\n");
	assert_refused(SITE "store: {path: !!str /x}\n",
	    "dir/f.yaml:2: expected a value as it is, found a tag (!)\n");
	assert_refused("%YAML 1.1\n---\n" SITE,
	    "dir/f.yaml:1: expected a value as it is, found a directive (%)\n");
	assert_refused(SITE "---\nlistener: {port: 1}\n",
	    "dir/f.yaml:2: expected one document, found a second one\n");
	assert_refused(SITE "listener:\n  port: {a: {b: [[[[1]]]]}}\n",
	    "dir/f.yaml:3: listener.port: expected a whole number from 1 to 65535, found a group "
	    "of settings\n");
	assert_refused(
	    SITE "listener: 5\n", "dir/f.yaml:2: listener: expected settings below it, found 5\n");
	assert_refused("[1, 2]\n",
	    "dir/f.yaml:1: expected sections, found a list\n"
	    "dir/f.yaml:1: site.name: expected 1 to 32 characters of a-z, 0-9 and \"-\", found "
	    "nothing\n"
	    "dir/f.yaml:1: site.timezone: expected the name of a time zone in "
	    "/usr/share/zoneinfo, such as Europe/Berlin, found nothing\n");
	assert_refused(SITE "store: {path: \"a\\0b\"}\n",
	    "dir/f.yaml:2: store.path: expected a path of at most 1024 characters, found "
	    "\"a?b\"\n");
}

static void an_alias_is_refused_and_shares_nothing(void **state)
{
	(void)state;
	assert_int_equal(parse(SITE "store: {path: &a /x}\nlistener: {key: *a}\n"), CP_CONFIG);
	assert_int_equal(buf_append(&faults, "", 1), CP_OK);
	assert_non_null(strstr((const char *)buf_bytes(&faults).p,
	    "dir/f.yaml:3: expected a value as it is, found an alias (*)\n"));
}

/* A string would end there; the file does not. */
static void a_nul_is_refused(void **state)
{
	static const char yaml[] = SITE "store:\n  path: /a\0b\n";

	(void)state;
	buf_deinit(&faults);
	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	assert_int_equal(
	    config_parse(&config, "f", slice_of(yaml, sizeof(yaml) - 1), &faults), CP_CONFIG);
	assert_int_equal(buf_append(&faults, "", 1), CP_OK);
	assert_string_equal((const char *)buf_bytes(&faults).p,
	    "f:3: expected YAML in UTF-8, found: control characters are not allowed\n");
}

/* Nine levels of nine aliases, and brackets without end: refused by the line where it begins. */
static void bombs_do_not_go_off(void **state)
{
	char *yaml = calloc(1, CONFIG_FILE_MAX_BYTES);
	int len = snprintf(yaml, 4096, "a0: &a0 [x]\n");

	(void)state;
	assert_non_null(yaml);
	for (int i = 1; i < 10; i++) {
		len += snprintf(yaml + len, 4096, "a%d: &a%d [", i, i);
		for (int j = 0; j < 9; j++)
			len += snprintf(yaml + len, 4096, "*a%d,", i - 1);
		len += snprintf(yaml + len, 4096, "]\n");
	}
	assert_int_equal(parse(yaml), CP_CONFIG);
	assert_memory_equal(buf_bytes(&faults).p,
	    "dir/f.yaml:1: expected a value as it is, found an anchor (&)\n", 60);

	memset(yaml, '[', CONFIG_FILE_MAX_BYTES - 1);
	assert_refused(yaml, "dir/f.yaml:1: expected at most 32 levels, found more\n");
	free(yaml);
}

static void syntax_names_its_line(void **state)
{
	(void)state;
	assert_refused(SITE "listener:\n  port: [1\nlog:\n",
	    "dir/f.yaml:4: expected YAML in UTF-8, found: did not find expected ',' or ']', "
	    "while parsing a flow sequence\n");
	assert_refused(SITE "\n# \xff\n",
	    "dir/f.yaml:3: expected YAML in UTF-8, found: invalid leading UTF-8 octet\n");
	assert_refused(SITE "store: {path: a\tb\x01}\n",
	    "dir/f.yaml:2: expected YAML in UTF-8, found: control characters are not allowed\n");
	assert_refused(SITE "\tstore: {}\n",
	    "dir/f.yaml:2: expected YAML in UTF-8, found: found character that cannot start any "
	    "token, while scanning for the next token\n");
	assert_refused(SITE "store: {path: \"a}\n",
	    "dir/f.yaml:3: expected YAML in UTF-8, found: found unexpected end of stream, while "
	    "scanning a quoted scalar\n");
	assert_refused("\xff\xfe"
	               "a",
	    "dir/f.yaml:1: expected YAML in UTF-8, found: invalid leading UTF-8 octet\n");
}

static void settings_must_fit_together(void **state)
{
	(void)state;
	assert_refused(SITE "upstream:\n  servers: hq:1\n  ca: c\n  key: k\n",
	    "dir/f.yaml:3: upstream.certificate: expected a path because upstream.servers is "
	    "given, found nothing\n");
	assert_refused("site: {name: c, timezone: ../../../etc/passwd}\n",
	    "dir/f.yaml:1: site.timezone: expected the name of a time zone in "
	    "/usr/share/zoneinfo, such as Europe/Berlin, found ../../../etc/passwd\n");
	assert_refused("site: {name: c, timezone: Europe/Berln}\n",
	    "dir/f.yaml:1: site.timezone: expected the name of a time zone in "
	    "/usr/share/zoneinfo, such as Europe/Berlin, found Europe/Berln\n");
}

static void long_things_have_an_end(void **state)
{
	char *big = malloc(CONFIG_FILE_MAX_BYTES + 2);
	char yaml[512];

	(void)state;
	assert_non_null(big);
	memset(big, '\n', CONFIG_FILE_MAX_BYTES + 1);
	big[CONFIG_FILE_MAX_BYTES + 1] = '\0';
	assert_refused(big, "dir/f.yaml:1: expected at most 262144 bytes, found more\n");

	/* A host of 255 letters is one, of 256 is none. */
	char host[257];
	memset(host, 'a', 256);
	host[256] = '\0';
	snprintf(yaml, sizeof(yaml),
	    SITE "upstream: {ca: a, certificate: b, key: c, servers: "
	         "['%.255s:1']}\n",
	    host);
	assert_parses(yaml);
	config_free(&config);
	snprintf(yaml, sizeof(yaml), SITE "upstream: {servers: ['%s:1']}\n", host);
	assert_int_equal(parse(yaml), CP_CONFIG);

	/* Faults of a whole file full of them: the first ones and a count. */
	size_t len = 0;
	for (int i = 0; i < 150; i++)
		len += (size_t)snprintf(big + len, 16, "x%d: 1\n", i);
	assert_int_equal(parse(big), CP_CONFIG);
	assert_int_equal(buf_append(&faults, "", 1), CP_OK);
	assert_non_null(strstr((const char *)buf_bytes(&faults).p, "dir/f.yaml: 52 more faults\n"));
	free(big);
}

static char *example(void)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	settings_print_example(out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void the_example_file_is_the_table(void **state)
{
	char *text = example();
	char file[32 * 1024];
	FILE *in = fopen(SOURCE_DIR "/deploy/carepace.yaml", "r");

	(void)state;
	assert_non_null(in);
	file[fread(file, 1, sizeof(file) - 1, in)] = '\0';
	fclose(in);
	assert_string_equal(file, text);
	assert_parses(text);
	assert_string_equal(config.site.name, "example-clinic");
	config_free(&config);

	/* What is commented out is valid too. */
	char *to = text;
	for (const char *at = text; *at; at++)
		if (!(at[0] == '#' && at[1] != ' '))
			*to++ = *at;
	*to = '\0';
	assert_parses(text);
	assert_int_equal(config.upstream.server_count, 1);
	assert_int_equal(config.listener.port, 8883);
	free(text);
}

static void a_file_is_read_or_the_reason_said(void **state)
{
	char name[] = "/tmp/carepace-config-XXXXXX";
	int fd = mkstemp(name);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(write(fd, SITE, strlen(SITE)), strlen(SITE));
	close(fd);
	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	assert_int_equal(config_load(&config, name, &faults), CP_OK);
	assert_string_equal(config.site.name, "c");
	config_free(&config);
	/* root reads everything: as somebody else */
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	else
		assert_int_equal(chmod(name, 0), 0);
	assert_int_equal(config_load(&config, name, &faults), CP_CONFIG);
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(config_load(&config, name, &faults), CP_CONFIG);
	assert_int_equal(config_load(&config, "/tmp", &faults), CP_CONFIG);
	assert_int_equal(buf_append(&faults, "", 1), CP_OK);
	const char *text = (const char *)buf_bytes(&faults).p;
	assert_non_null(strstr(text, ": cannot be read: No such file or directory\n"));
	assert_non_null(strstr(text, "/tmp: cannot be read: Is a directory\n"));
	assert_non_null(strstr(text, ": cannot be read: Permission denied\n"));
}

/* Cut anywhere, or with one byte changed, a file is accepted or refused, and
 * nothing leaks: what a torn write or a typing mistake leaves. */
static void no_mutilated_file_does_harm(void **state)
{
	static const char bytes[] = "\0\n\t&*!%{}[]\"'#:-?\xff";
	char *text = example();
	size_t len = strlen(text);

	(void)state;
	for (size_t i = 0; i < len; i += 7) {
		char kept = text[i];

		text[i] = bytes[i % (sizeof(bytes) - 1)];
		buf_deinit(&faults);
		buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
		enum cp_err err =
		    config_parse(&config, "f", slice_of(text, i % 2 ? i : len), &faults);
		assert_true(err == CP_OK || (err == CP_CONFIG && faults.len > 0));
		config_free(&config);
		text[i] = kept;
	}
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(the_least_file_gets_the_defaults, cleanup),
	    cmocka_unit_test_teardown(values_have_their_types, cleanup),
	    cmocka_unit_test_teardown(numbers_are_whole_or_refused, cleanup),
	    cmocka_unit_test_teardown(every_fault_comes_in_one_pass, cleanup),
	    cmocka_unit_test_teardown(unknown_names_get_a_suggestion, cleanup),
	    cmocka_unit_test_teardown(what_yaml_allows_and_we_do_not, cleanup),
	    cmocka_unit_test_teardown(an_alias_is_refused_and_shares_nothing, cleanup),
	    cmocka_unit_test_teardown(a_nul_is_refused, cleanup),
	    cmocka_unit_test_teardown(bombs_do_not_go_off, cleanup),
	    cmocka_unit_test_teardown(syntax_names_its_line, cleanup),
	    cmocka_unit_test_teardown(settings_must_fit_together, cleanup),
	    cmocka_unit_test_teardown(long_things_have_an_end, cleanup),
	    cmocka_unit_test_teardown(the_example_file_is_the_table, cleanup),
	    cmocka_unit_test_teardown(a_file_is_read_or_the_reason_said, cleanup),
	    cmocka_unit_test_teardown(no_mutilated_file_does_harm, cleanup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
