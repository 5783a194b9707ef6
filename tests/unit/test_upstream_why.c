/* Each way to fail gets a sentence that says what to do, from lines as Paho
 * 1.3.12 and OpenSSL 3.0 write them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>
#include <cmocka.h>

#include "io/upstream_why.h"

static const struct upstream_config config = {
    .client_id = "carepace-north-1",
    .ca_file = "/etc/ca.crt",
    .certificate_file = "/etc/client.crt",
    .key_file = "/etc/client.key",
};

struct story {
	const char *trace[3];
	const char *tls;
	struct upstream_failure failure;
	const char *sentence; /* a part of it */
};

#define CONNECT_FAILURE                                                                            \
	{                                                                                          \
		.message = "TCP/TLS connect failure"                                               \
	}
#define VERIFY_FAILED                                                                              \
	"40B7A1:error:0A000086:SSL routines:tls_post_process_server_certificate:"                  \
	"certificate verify failed:../ssl/statem/statem_clnt.c:1889:\n"

static const struct story stories[] = {
    {{"Connecting to serverURI localhost:8883 with MQTT version 5"}, NULL, CONNECT_FAILURE,
        "nothing can be reached at that address"},
    {{NULL}, NULL, {.message = "TCP connect timeout"}, "it does not answer"},
    {{"getaddrinfo failed for addr hq.example with rc -2"}, NULL, {NULL, NULL},
        "its name has no address"},
    {{"SSL alert write:fatal:unknown CA"}, VERIFY_FAILED, CONNECT_FAILURE,
        "its certificate is not from the CA in /etc/ca.crt; put head office's CA there"},
    {{"SSL alert write:fatal:certificate expired"}, VERIFY_FAILED, CONNECT_FAILURE,
        "its certificate has expired"},
    {{"SSL alert write:fatal:unsupported certificate"}, VERIFY_FAILED, CONNECT_FAILURE,
        "not acceptable (unsupported certificate: certificate verify failed)"},
    {{"SSL handshake done read:unknown:unknown",
         "X509_check_host for hostname localhost failed, rc 0"},
        NULL, CONNECT_FAILURE, "its certificate is for another name"},
    {{"SSL handshake done read:unknown:unknown", "SSL alert read:fatal:unknown CA"}, NULL,
        {.message = "TCP connect completion failure"},
        "does not accept our certificate in /etc/client.crt (unknown CA)"},
    {{"SSL handshake done read:unknown:unknown"}, NULL, CONNECT_FAILURE,
        "the broker hung up after the TLS handshake"},
    {{"SSL handshake done read:unknown:unknown"}, NULL, {.message = "TCP connect timeout"},
        "it does not answer"},
    {{NULL}, "40B7A1:error:0480006C:PEM routines:get_name:no start line:../crypto/pem.c:759:\n",
        CONNECT_FAILURE, "TLS failed (no start line); check /etc/client.crt and /etc/client.key"},
    {{"SSL handshake done read:unknown:unknown", "SSL alert read:warning:close notify"}, NULL,
        {.reason = "Not authorized", .message = "CONNACK return code"},
        "the broker answered \"Not authorized\" to client carepace-north-1"},
};

static void test_every_failure_has_its_sentence(void **state)
{
	(void)state;
	for (size_t i = 0; i < CP_COUNT(stories); i++) {
		const struct story *story = &stories[i];
		struct upstream_why why = {0};
		char text[UPSTREAM_TEXT_MAX];

		for (size_t line = 0; line < CP_COUNT(story->trace) && story->trace[line]; line++)
			upstream_why_trace(&why, story->trace[line]);
		if (story->tls)
			upstream_why_tls(&why, slice_str(story->tls));
		upstream_why_text(text, &why, &story->failure, &config);
		if (!strstr(text, story->sentence))
			fail_msg("expected \"%s\", got \"%s\"", story->sentence, text);
	}
}

static void test_strange_and_long_lines_are_cut(void **state)
{
	(void)state;
	const char *const lines[] = {"", ":", ":::::", "::::::::::::::", "a:b:c:d:e:", "\n"};
	struct upstream_why why;
	char long_line[2000];

	for (size_t i = 0; i < CP_COUNT(lines); i++) {
		why = (struct upstream_why){0};
		upstream_why_tls(&why, slice_str(lines[i]));
		assert_string_equal(why.tls_error, "");
	}
	why = (struct upstream_why){0};
	memset(long_line, 'x', sizeof(long_line) - 1);
	long_line[sizeof(long_line) - 1] = '\0';
	memcpy(long_line, "SSL alert read:fatal:", 21);
	upstream_why_trace(&why, long_line);
	assert_int_equal(strlen(why.alert_received), UPSTREAM_WHY_TEXT_MAX - 1);
	memcpy(long_line, "1:2:3:4:5:xxxxxxxxxxx", 21);
	upstream_why_tls(&why, slice_str(long_line));
	assert_int_equal(strlen(why.tls_error), UPSTREAM_WHY_TEXT_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_failure_has_its_sentence),
	    cmocka_unit_test(test_strange_and_long_lines_are_cut),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
