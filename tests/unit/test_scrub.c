/* What leaves the clinic as text: which words go, which stay, and no bytes upset it. */
#include "cli/scrub.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define HEX "00112233445566778899aabbccddeeff"
#define KEY_64 "MHcCAQEEIOxLVGfVnwCzFDkCcVZVnsl3TKPQEYZMLkZBZwoAoGCCqGSM49AwEHo"

static char *scrubbed(struct slice text)
{
	char *out = NULL;
	size_t len;
	FILE *file = open_memstream(&out, &len);

	scrub_print(file, text);
	fclose(file);
	return out;
}

static void check(const char *text, const char *wanted)
{
	char *out = scrubbed(slice_str(text));

	assert_string_equal(out, wanted);
	free(out);
}

static void test_what_goes(void **state)
{
	(void)state;
	check("device " HEX " said", "device 001122... said\n");
	check("(" HEX HEX ")", "(001122...)\n");
	check("00112233-4455-6677-8899-AABBCCDDEEFF", "001122...\n");
	check("a key: " KEY_64, "a key: (removed)\n");
	check("ABEiM0RVZneImaq7zN3u/w==", "(removed)\n");
	check("Password: a b c", "Password: (removed)\n");
	check("{\"api_key\": \"a \\\" b\", \"n\": 1}", "{\"api_key\": \"(removed)\", \"n\": 1}\n");
	check("client_token=5", "client_token=(removed)\n");
	check("Authorization: Bearer x", "Authorization: (removed)\n");
	check("see https://it:pass@wiki/x", "see https://(removed)@wiki/x\n");
	check("a\n-----BEGIN EC PRIVATE KEY-----\nshort\n-----END EC PRIVATE KEY-----\nb",
	    "a\n(a private key was here)\nb\n");
	check("{\"k\": \"-----BEGIN PRIVATE KEY-----\\nx\\n-----END PRIVATE KEY-----\"}\nb",
	    "(a private key was here)\nb\n");
	check("-----BEGIN PRIVATE KEY-----\nit was cut", "(a private key was here)\n");
}

static void test_what_stays(void **state)
{
	static const char *const lines[] = {
	    "key: /etc/carepace/pki/listener.key\n",
	    "servers: [\"ssl://mqtt.head-office.example:8883\"]\n",
	    "2026-11-23T09:28:32+0000 box carepace[615]: 12 devices, 1,204 messages stored\n",
	    "sha256 "
	    "d8:b9:ef:21:31:ba:d2:f1:33:40:e8:0f:d6:4a:38:93:66:25:43:bf:05:e1:b4:6f:af:9a\n",
	    "/var/lib/carepace/some/very/long/path/of/letters/only/carepace.db\n",
	    "the token of nobody\n",
	    "deadbeef is a word of hex\n",
	    "-----BEGIN CERTIFICATE-----\n",
	    "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		check(lines[i], lines[i]);
	check("", "");
}

/* Every cut and every byte: the sanitizers look on. */
static void test_no_bytes_upset_it(void **state)
{
	static const char seed[] = "x=\"-----BEGIN PRIVATE KEY-----\ntoken: '\\'" HEX
	                           "://a@b secret = \"\\\n" KEY_64 "=\n-----END";
	uint8_t bytes[sizeof(seed)];
	uint32_t random = 1;

	(void)state;
	for (size_t len = 0; len < sizeof(seed); len++) {
		/* Of the exact size, so that a byte too far is one outside. */
		uint8_t *copy = malloc(len + 1);
		memcpy(copy + 1, seed, len);
		free(scrubbed(slice_of(copy + 1, len)));
		free(copy);
	}
	for (int round = 0; round < 2000; round++) {
		memcpy(bytes, seed, sizeof(bytes));
		for (int i = 0; i < 4; i++) {
			random = random * 1664525 + 1013904223;
			bytes[(random >> 8) % sizeof(bytes)] = (uint8_t)(random >> 24);
		}
		free(scrubbed(slice_of(bytes, sizeof(bytes))));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_goes),
	    cmocka_unit_test(test_what_stays),
	    cmocka_unit_test(test_no_bytes_upset_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
