/* What the log must never do: let a device forge a line, print a whole token,
 * flood, or lose count of what it hid. */
#include "io/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

static int real_stderr;
static int capture_fd;
static char captured[64 * 1024];

static void capture_begin(void)
{
	char name[] = "/tmp/carepace-log-XXXXXX";

	real_stderr = dup(STDERR_FILENO);
	capture_fd = mkstemp(name);
	assert_true(capture_fd >= 0);
	assert_int_equal(unlink(name), 0);
	assert_int_equal(dup2(capture_fd, STDERR_FILENO), STDERR_FILENO);
}

static const char *capture_end(void)
{
	assert_int_equal(dup2(real_stderr, STDERR_FILENO), STDERR_FILENO);
	close(real_stderr);
	ssize_t len = pread(capture_fd, captured, sizeof(captured) - 1, 0);
	assert_true(len >= 0);
	captured[len] = '\0';
	close(capture_fd);
	return captured;
}

static int lines_in(const char *text)
{
	int count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void a_device_cannot_forge_a_line(void **state)
{
	(void)state;
	capture_begin();
	log_warning("device said %s", "a\nERROR \x1b[2J\xc3\xa9\\x0a\x7f");
	assert_string_equal(
	    capture_end(), "WARNING device said a\\x0aERROR \\x1b[2J\\xc3\\xa9\\\\x0a\\x7f\n");
}

static void a_line_has_an_end(void **state)
{
	char flood[3 * LOG_LINE_BYTES];

	(void)state;
	memset(flood, 0x01, sizeof(flood) - 1);
	flood[sizeof(flood) - 1] = '\0';
	capture_begin();
	log_error("%s", flood);
	memset(flood, 'x', sizeof(flood) - 1);
	log_error("%s", flood);
	const char *text = capture_end();
	assert_int_equal(lines_in(text), 2);
	assert_true(strlen(text) < 2 * (LOG_LINE_BYTES + 16));
	assert_non_null(strstr(text, "x...\n"));
}

static void levels_are_obeyed_and_named(void **state)
{
	enum log_level level;

	(void)state;
	capture_begin();
	log_debug("too low");
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("now seen");
	log_set_level(LOG_LEVEL_ERROR);
	log_notice("too low again");
	log_set_level(LOG_LEVEL_INFO);
	assert_string_equal(capture_end(), "DEBUG now seen\n");
	assert_true(log_level_from_name(&level, "warning"));
	assert_int_equal(level, LOG_LEVEL_WARNING);
	assert_string_equal(log_level_name(level), "warning");
	assert_false(log_level_from_name(&level, "loud"));
}

static void a_flood_is_counted(void **state)
{
	(void)state;
	capture_begin();
	for (int i = 0; i < LOG_BURST + 7; i++)
		log_info("again %d", i);
	log_info("another site still speaks");
	log_tick(); /* the window is not over: nothing to say yet */
	log_finish();
	log_finish();
	const char *text = capture_end();
	assert_int_equal(lines_in(text), LOG_BURST + 2);
	assert_non_null(strstr(text, "INFO another site still speaks\n"));
	assert_non_null(strstr(text, "INFO 7 more suppressed of the kind in a_flood_is_counted\n"));
}

static void complain(const struct id *device, int number)
{
	log_warning_about(device, "device %d, line %d", device->b[0], number);
}

/* One that never stops hides nothing of another one. */
static void one_device_does_not_silence_the_others(void **state)
{
	struct id loud = {{1}};
	struct id other = {{2}};

	(void)state;
	capture_begin();
	for (int i = 0; i < 100; i++)
		complain(&loud, i);
	complain(&other, 1);
	log_finish();
	const char *text = capture_end();
	assert_int_equal(lines_in(text), LOG_BURST_ABOUT + 2);
	assert_non_null(strstr(text, "WARNING device 1, line 4\n"));
	assert_non_null(strstr(text, "WARNING device 2, line 1\n"));
	assert_non_null(strstr(text, "WARNING 95 more suppressed of the kind in complain about "
	                             "01000000000000000000000000000000\n"));
}

/* And all together write no more than the site may, whatever the table holds. */
static void many_devices_are_bounded_too(void **state)
{
	unsigned said = 0;
	unsigned suppressed = 0;

	(void)state;
	capture_begin();
	for (unsigned i = 0; i < 4 * LOG_SUBJECTS_MAX; i++) {
		struct id device = {.b = {[ID_BYTES - 2] = (uint8_t)(i >> 8), (uint8_t)i}};
		log_warning_about(&device, "one of many");
	}
	log_finish();
	for (const char *at = capture_end(); at && *at; at = strchr(at, '\n') + 1) {
		unsigned count = 0;
		said += strncmp(at, "WARNING one of many", 19) == 0;
		if (sscanf(at, "WARNING %u more", &count) == 1)
			suppressed += count;
	}
	assert_int_equal(said, LOG_BURST);
	assert_int_equal(said + suppressed, 4 * LOG_SUBJECTS_MAX);
}

static void a_token_is_never_whole(void **state)
{
	struct id token = {{0xab, 0xcd, 0xef, 0x01}};
	struct id absent = {{0}};
	char out[LOG_TOKEN_LEN + 1];

	(void)state;
	assert_string_equal(log_token(&token, out), "abcdef");
	assert_string_equal(log_token(&absent, out), "-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_device_cannot_forge_a_line),
	    cmocka_unit_test(a_line_has_an_end),
	    cmocka_unit_test(levels_are_obeyed_and_named),
	    cmocka_unit_test(a_flood_is_counted),
	    cmocka_unit_test(one_device_does_not_silence_the_others),
	    cmocka_unit_test(many_devices_are_bounded_too),
	    cmocka_unit_test(a_token_is_never_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
