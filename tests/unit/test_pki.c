/* Certificates as openssl sees them, the registry, dates and file modes. */
#include "pki/authority.h"
#include "pki/date.h"
#include "pki/file.h"
#include "pki/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW INT64_C(1788000000000) /* 2026-08-29T10:40:00Z */
#define YEAR (365 * MS_PER_DAY)

static const struct validity year = {NOW - MS_PER_HOUR, NOW + YEAR};
static const struct validity decade = {NOW - MS_PER_HOUR, NOW + 10 * YEAR};

struct bench {
	char dir[64];
	struct authority *authority;
	struct pki_error error;
};

static const char *path_of(const struct bench *bench, const char *name)
{
	static char path[4][128];
	static unsigned turn;
	char *out = path[turn++ % 4];

	snprintf(out, sizeof(path[0]), "%s/%s", bench->dir, name);
	return out;
}

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	snprintf(bench->dir, sizeof(bench->dir), "/tmp/carepace-pki-XXXXXX");
	assert_non_null(mkdtemp(bench->dir));
	assert_int_equal(
	    authority_new("Carepace test CA", decade, &bench->authority, &bench->error), CP_OK);
	assert_int_equal(authority_save(bench->authority, path_of(bench, "ca.pem"),
	                     path_of(bench, "ca.key"), &bench->error),
	    CP_OK);
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", bench->dir);
	assert_int_equal(system(command), 0);
	authority_free(bench->authority);
	free(bench);
	return 0;
}

/* What a command prints, in a buffer that lives until the next call. */
static const char *output_of(const char *format, ...) CP_PRINTF(1, 2);
static const char *output_of(const char *format, ...)
{
	static char text[16384];
	char command[512];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	FILE *pipe = popen(command, "r");
	assert_non_null(pipe);
	size_t len = fread(text, 1, sizeof(text) - 1, pipe);
	text[len] = '\0';
	pclose(pipe);
	return text;
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 07777;
}

/* Saved as leaf.pem and leaf.key; the text that openssl prints. */
static const char *save_and_print(struct bench *bench, struct issued *issued)
{
	const char *cert = path_of(bench, "leaf.pem");

	assert_int_equal(
	    issued_save(issued, cert, path_of(bench, "leaf.key"), &bench->error), CP_OK);
	return output_of("openssl x509 -in %s -noout -text 2>&1", cert);
}

static void test_authority_is_a_ca(void **state)
{
	struct bench *bench = *state;
	const char *text = output_of(
	    "openssl x509 -in %s -noout -text -nameopt RFC2253 2>&1", path_of(bench, "ca.pem"));

	assert_has(text, "Subject: O=Carepace,CN=Carepace test CA");
	assert_has(text, "CA:TRUE, pathlen:0");
	assert_has(text, "Certificate Sign, CRL Sign");
	assert_has(text, "ecdsa-with-SHA256");
	assert_int_equal(mode_of(path_of(bench, "ca.key")), 0600);
	assert_int_equal(mode_of(path_of(bench, "ca.pem")), 0644);
}

static void test_device_certificate(void **state)
{
	struct bench *bench = *state;
	struct issued issued;
	struct id device = {{0xab, 1, 2, 3}};

	assert_int_equal(
	    authority_issue_device(bench->authority, &device, year, &issued, &bench->error), CP_OK);
	const char *text = save_and_print(bench, &issued);
	assert_has(text, "URI:urn:carepace:device:ab010203000000000000000000000000\n");
	assert_has(text, "TLS Web Client Authentication\n");
	assert_has(text, "CA:FALSE");
	assert_has(text, "NIST CURVE: P-256");
	assert_has(text, "Subject Key Identifier");
	assert_has(text, "Authority Key Identifier");
	assert_int_equal(mode_of(path_of(bench, "leaf.key")), 0600);
	assert_has(output_of("openssl verify -x509_strict -purpose sslclient -CAfile %s %s 2>&1",
	               path_of(bench, "ca.pem"), path_of(bench, "leaf.pem")),
	    "leaf.pem: OK");

	/* The registry's key hash is that of the SubjectPublicKeyInfo. */
	char hex[2 * HASH_BYTES + 1];
	for (size_t i = 0; i < HASH_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", issued.key_sha256[i]);
	assert_has(output_of("openssl x509 -in %s -noout -pubkey | openssl pkey -pubin -outform "
	                     "DER | openssl dgst -sha256 -r",
	               path_of(bench, "leaf.pem")),
	    hex);
	issued_wipe(&issued);
}

static void test_listener_certificate(void **state)
{
	static const char *const hosts[] = {
	    "localhost", "gateway.clinic.example", "127.0.0.1", "::1"};
	struct bench *bench = *state;
	struct issued issued;

	assert_int_equal(authority_issue_listener(bench->authority, hosts, CP_COUNT(hosts), year,
	                     &issued, &bench->error),
	    CP_OK);
	const char *text = save_and_print(bench, &issued);
	assert_has(text, "DNS:localhost, DNS:gateway.clinic.example, IP Address:127.0.0.1, "
	                 "IP Address:0:0:0:0:0:0:0:1\n");
	assert_has(text, "TLS Web Server Authentication\n");
	assert_has(output_of("openssl verify -x509_strict -purpose sslserver -verify_hostname "
	                     "localhost -CAfile %s %s 2>&1",
	               path_of(bench, "ca.pem"), path_of(bench, "leaf.pem")),
	    "leaf.pem: OK");
}

static void test_validity_and_serial(void **state)
{
	struct bench *bench = *state;
	struct validity far = {
	    date_from_parts(2030, 1, 2, 3, 4, 5), date_from_parts(2052, 6, 7, 8, 9, 10)};
	struct authority *authority;
	struct issued issued[2];

	assert_int_equal(authority_new("Far", far, &authority, &bench->error), CP_OK);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(authority_issue_client(
		                     authority, "head office", far, &issued[i], &bench->error),
		    CP_OK);
	assert_int_equal(issued[0].serial_len, 16);
	assert_int_equal(issued[0].serial[0] & 0xc0, 0x40);
	assert_memory_not_equal(issued[0].serial, issued[1].serial, 16);
	const char *text = save_and_print(bench, &issued[0]);
	assert_has(text, "Not Before: Jan  2 03:04:05 2030 GMT");
	assert_has(text, "Not After : Jun  7 08:09:10 2052 GMT");
	assert_null(strstr(text, "Subject Alternative Name"));

	far.not_after += MS_PER_DAY;
	assert_int_equal(
	    authority_issue_client(authority, "head office", far, &issued[0], &bench->error),
	    CP_INVALID);
	assert_has(bench->error.text, "outlive its authority");
	authority_free(authority);
}

static void test_wrong_requests(void **state)
{
	static const char *const bad_hosts[] = {"", "a b", "-x", "a,b", "h\xc3\xa4user"};
	struct bench *bench = *state;
	struct issued issued;
	struct id zero = {0};

	for (size_t i = 0; i < CP_COUNT(bad_hosts); i++)
		assert_int_equal(authority_issue_listener(bench->authority, &bad_hosts[i], 1, year,
		                     &issued, &bench->error),
		    CP_INVALID);
	assert_int_equal(
	    authority_issue_device(bench->authority, &zero, year, &issued, &bench->error),
	    CP_INVALID);
	assert_has(bench->error.text, "the device id is zero");
	assert_int_equal(
	    authority_issue_listener(bench->authority, bad_hosts, 0, year, &issued, &bench->error),
	    CP_INVALID);
	assert_has(bench->error.text, "a listener has 1 to 32 host names");
	assert_int_equal(
	    authority_issue_client(bench->authority, "a,O=b", year, &issued, &bench->error),
	    CP_INVALID);
	struct validity backwards = {NOW, NOW - 1};
	assert_int_equal(
	    authority_issue_client(bench->authority, "a", backwards, &issued, &bench->error),
	    CP_INVALID);
	assert_int_equal(issued.key_pem[0], '\0');
}

static void test_authority_load(void **state)
{
	struct bench *bench = *state;
	struct authority *authority;
	struct issued issued;
	const char *ca = path_of(bench, "ca.pem");
	const char *key = path_of(bench, "ca.key");

	assert_int_equal(authority_load(ca, key, &authority, &bench->error), CP_OK);
	assert_int_equal(
	    authority_issue_client(authority, "again", year, &issued, &bench->error), CP_OK);
	save_and_print(bench, &issued);
	authority_free(authority);
	assert_has(output_of("openssl verify -CAfile %s %s 2>&1", path_of(bench, "ca.pem"),
	               path_of(bench, "leaf.pem")),
	    "leaf.pem: OK");

	assert_int_equal(authority_load(path_of(bench, "leaf.pem"), path_of(bench, "leaf.key"),
	                     &authority, &bench->error),
	    CP_CONFIG);
	assert_has(bench->error.text, "not the certificate of an authority");
	assert_int_equal(authority_load(path_of(bench, "ca.pem"), path_of(bench, "leaf.key"),
	                     &authority, &bench->error),
	    CP_CONFIG);
	assert_has(bench->error.text, "do not belong together");
	assert_int_equal(authority_load(path_of(bench, "none.pem"), path_of(bench, "ca.key"),
	                     &authority, &bench->error),
	    CP_NOTFOUND);
	assert_int_equal(chmod(path_of(bench, "ca.key"), 0640), 0);
	assert_int_equal(authority_load(path_of(bench, "ca.pem"), path_of(bench, "ca.key"),
	                     &authority, &bench->error),
	    CP_CONFIG);
	assert_has(bench->error.text, "may be opened by others (mode 0640)");
	assert_int_equal(chmod(path_of(bench, "ca.key"), 0600), 0);
	assert_null(authority);
}

/* --- the registry --------------------------------------------------------- */

static struct registry_entry entry_of(uint8_t number, const char *name)
{
	struct registry_entry entry = {
	    .device = {{number, 1}},
	    .kind = PKI_PEN,
	    .serial = {0x40, number, 7},
	    .serial_len = 3,
	    .key_sha256 = {number},
	    .issued_at = NOW,
	    .expires_at = NOW + YEAR,
	};

	snprintf(entry.name, sizeof(entry.name), "%s", name);
	return entry;
}

static void test_registry_round_trip(void **state)
{
	struct bench *bench = *state;
	struct registry *registry;
	const char *path = path_of(bench, "registry");

	assert_int_equal(registry_new(&registry, &bench->error), CP_OK);
	for (unsigned i = 0; i < 200; i++) { /* 97 is coprime to 200: not in order */
		uint8_t number = (uint8_t)(i * 97 % 200);
		struct registry_entry entry = entry_of(number, number == 5 ? "Stamp 5" : "Pen");
		entry.is_revoked = number == 5;
		entry.kind = number == 5 ? PKI_STAMP : PKI_PEN;
		assert_int_equal(registry_add(registry, &entry, &bench->error), CP_OK);
	}
	assert_int_equal(registry_save(registry, path, &bench->error), CP_OK);
	registry_free(registry);

	assert_int_equal(registry_load(path, &registry, &bench->error), CP_OK);
	assert_int_equal(registry_count(registry), 200);
	for (unsigned i = 0; i < 200; i++) {
		uint8_t serial[] = {0, 0, 0x40, (uint8_t)i, 7};
		uint8_t key[HASH_BYTES] = {(uint8_t)i};
		const struct registry_entry *entry =
		    registry_find(registry, slice_of(serial, sizeof(serial)), key);
		assert_non_null(entry);
		assert_int_equal(entry->device.b[0], i);
		key[31] = 1; /* the right serial with another key */
		assert_null(registry_find(registry, slice_of(serial, sizeof(serial)), key));
	}
	registry_revoke(registry, 7, REVOKED_KEY_COMPROMISE, NOW);
	registry_set_crl(registry, &(struct registry_crl){NOW, NOW + YEAR, NOW + MS_PER_DAY});
	assert_int_equal(registry_save(registry, path, &bench->error), CP_OK);
	registry_free(registry);
	assert_int_equal(registry_load(path, &registry, &bench->error), CP_OK);
	assert_true(registry_at(registry, 7)->is_revoked);
	assert_int_equal(registry_at(registry, 7)->reason, REVOKED_KEY_COMPROMISE);
	assert_int_equal(registry_at(registry, 7)->revoked_at, NOW);
	assert_int_equal(registry_crl(registry)->next_update, NOW + YEAR);
	struct registry_entry five = entry_of(5, "");
	const struct registry_entry *found =
	    registry_find(registry, slice_of(five.serial, five.serial_len), five.key_sha256);
	assert_true(found->is_revoked);
	assert_int_equal(found->kind, PKI_STAMP);
	assert_string_equal(found->name, "Stamp 5");
	assert_int_equal(found->expires_at, NOW + YEAR);
	assert_int_equal(registry_at(registry, 1)->device.b[0], 97); /* order of the file */
	registry_free(registry);
}

static void test_registry_refuses(void **state)
{
	struct bench *bench = *state;
	struct registry *registry;
	struct registry_entry entry = entry_of(1, "Pen 1");

	assert_int_equal(registry_new(&registry, &bench->error), CP_OK);
	assert_int_equal(registry_add(registry, &entry, &bench->error), CP_OK);
	assert_int_equal(registry_add(registry, &entry, &bench->error), CP_BUSY);
	entry = entry_of(2, "a\nb");
	assert_int_equal(registry_add(registry, &entry, &bench->error), CP_INVALID);
	entry = entry_of(2, "Pen 2");
	entry.device = (struct id){0};
	assert_int_equal(registry_add(registry, &entry, &bench->error), CP_INVALID);
	assert_int_equal(registry_count(registry), 1);
	registry_free(registry);
}

#define HEAD "# carepace device registry 2\n"
#define HEAD_1 "# carepace device registry 1\n"
#define ID "000102030405060708090a0b0c0d0e0f"
#define KEY "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"
#define DATES "2026-08-29T12:00:00Z 2028-08-28T12:00:00Z"
#define GOOD ID " pen active 41ff " KEY " " DATES " - - Pen 1\n"

static void test_registry_errors_name_the_line(void **state)
{
	static const struct {
		const char *text;
		const char *error; /* behind the path */
	} cases[] = {
	    {"", ":1: expected the line \"# carepace device registry 2\", found"},
	    {"something else\n", ":1: expected the line"},
	    {HEAD "\n# note\n" ID " pan active 41 " KEY " " DATES " Pen\n", ":4: expected a kind"},
	    {HEAD "00 pen active 41 " KEY " " DATES " Pen\n", ":2: expected a device id"},
	    {HEAD ID " pen on 41 " KEY " " DATES " Pen\n", ":2: expected a state"},
	    {HEAD ID " pen active 4 " KEY " " DATES " Pen\n", ":2: expected a serial"},
	    {HEAD ID " pen active 41 ff " DATES " Pen\n", ":2: expected the key's SHA-256"},
	    {HEAD ID " pen active 41 " KEY " 2026-02-30T12:00:00Z 2028-08-28T12:00:00Z Pen\n",
	        ":2: expected a UTC time like 2026-08-29T12:00:00Z, found "
	        "\"2026-02-30T12:00:00Z\""},
	    {HEAD ID " pen active 41 " KEY " " DATES " - -\n",
	        ":2: expected a name of 1 to 40 characters, found \"\""},
	    {HEAD ID " pen active 41 " KEY " " DATES " - - Pen\r\n", ":2: a name has"},
	    {HEAD ID " pen active 41 " KEY " " DATES " - superseded Pen\n",
	        ":2: expected - since it is active, found \"superseded\""},
	    {HEAD ID " pen revoked 41 " KEY " " DATES " - lost Pen\n",
	        ":2: expected a reason of revocation (key-compromise, ...) or -"},
	    {HEAD ID " pen revoked 41 " KEY " " DATES " today superseded Pen\n",
	        ":2: expected a UTC time"},
	    {HEAD_1 GOOD "crl " DATES " 2026-08-29T12:00:00Z\n", ":3: expected a device id"},
	    {HEAD "crl " DATES "\n", ":2: expected a UTC time"},
	    {HEAD GOOD GOOD, ":3: this serial is there already"},
	    {HEAD ID " pen\n", ":2: expected a state (active, revoked), found \"\""},
	};
	struct bench *bench = *state;
	struct registry *registry;
	const char *path = path_of(bench, "registry");

	for (size_t i = 0; i < CP_COUNT(cases); i++) {
		assert_int_equal(
		    file_replace(path, 0644, slice_str(cases[i].text), &bench->error), CP_OK);
		assert_int_equal(registry_load(path, &registry, &bench->error), CP_CORRUPT);
		assert_null(registry);
		assert_memory_equal(bench->error.text, path, strlen(path));
		assert_has(bench->error.text + strlen(path), cases[i].error);
	}
	static const char *const good[] = {
	    HEAD "\t" GOOD, HEAD_1 ID " pen active 41ff " KEY " " DATES " Pen 1\n"};
	for (size_t i = 0; i < CP_COUNT(good); i++) {
		assert_int_equal(
		    file_replace(path, 0644, slice_str(good[i]), &bench->error), CP_OK);
		assert_int_equal(registry_load(path, &registry, &bench->error), CP_OK);
		assert_int_equal(registry_count(registry), 1);
		assert_string_equal(registry_at(registry, 0)->name, "Pen 1");
		registry_free(registry);
	}
	assert_int_equal(
	    registry_load(path_of(bench, "none"), &registry, &bench->error), CP_NOTFOUND);
}

/* --- files and dates ------------------------------------------------------ */

static void test_files(void **state)
{
	struct bench *bench = *state;
	struct buf text;
	char path[PATH_MAX];
	mode_t mask = umask(0);

	assert_int_equal(file_make_dir(path_of(bench, "new"), &bench->error), CP_OK);
	assert_int_equal(file_make_dir(path_of(bench, "new"), &bench->error), CP_OK);
	assert_int_equal(mode_of(path_of(bench, "new")), 0700);
	umask(mask);
	assert_int_equal(file_make_dir(path_of(bench, "ca.pem"), &bench->error), CP_CONFIG);

	assert_int_equal(file_join(path, bench->dir, "text", &bench->error), CP_OK);
	assert_int_equal(file_replace(path, 0600, slice_str("one"), &bench->error), CP_OK);
	assert_int_equal(file_replace(path, 0600, slice_str("three"), &bench->error), CP_OK);
	assert_int_equal(file_read(path, 5, &text, &bench->error), CP_OK);
	assert_true(slice_eq_str(buf_bytes(&text), "three"));
	assert_int_equal(text.p[5], '\0');
	buf_deinit(&text);
	assert_int_equal(file_read(path, 4, &text, &bench->error), CP_CONFIG);
	assert_has(bench->error.text, "has more than 4 bytes");
	assert_int_equal(file_read(bench->dir, 4096, &text, &bench->error), CP_CONFIG);
	assert_int_equal(file_sync_dir(bench->dir, &bench->error), CP_OK);
	assert_string_equal(output_of("ls %s | grep -c text", bench->dir), "1\n");
}

static void test_credentials_are_trusted(void **state)
{
	struct bench *bench = *state;
	const char *path = path_of(bench, "credential");

	assert_int_equal(file_replace(path, 0440, slice_str("x"), &bench->error), CP_OK);
	assert_int_equal(file_check_secret(path, &bench->error), CP_CONFIG);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", bench->dir, 1), 0);
	assert_int_equal(file_check_secret(path, &bench->error), CP_OK);
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
}

static void test_dates(void **state)
{
	static const char *const bad[] = {"2026-08-29 12:00:00Z", "2026-8-29T12:00:00Z0",
	    "2026-04-31T12:00:00Z", "2026-01-01T00:00:60Z", "2026-01-01T-1:00:00Z", ""};
	char text[DATE_TEXT_LEN + 1];
	wall_ms at;

	(void)state;
	assert_string_equal(date_text(NOW + 999, text), "2026-08-29T10:40:00Z");
	assert_true(date_parse(slice_str(text), &at));
	assert_int_equal(at, NOW);
	assert_string_equal(date_text(-1, text), "1970-01-01T00:00:00Z");
	assert_string_equal(date_text(INT64_MAX, text), "9999-12-31T23:59:59Z");
	for (size_t i = 0; i < CP_COUNT(bad); i++)
		assert_false(date_parse(slice_str(bad[i]), &at));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_authority_is_a_ca),
	    cmocka_unit_test(test_device_certificate),
	    cmocka_unit_test(test_listener_certificate),
	    cmocka_unit_test(test_validity_and_serial),
	    cmocka_unit_test(test_wrong_requests),
	    cmocka_unit_test(test_authority_load),
	    cmocka_unit_test(test_registry_round_trip),
	    cmocka_unit_test(test_registry_refuses),
	    cmocka_unit_test(test_registry_errors_name_the_line),
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_credentials_are_trusted),
	    cmocka_unit_test(test_dates),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
