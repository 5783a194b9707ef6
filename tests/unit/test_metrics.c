/* The table of metrics is what the page and the list for people say. */
#include "shell/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define LIST SOURCE_DIR "/deploy/prometheus/metrics.md"

static bool ends_in(const char *name, const char *end)
{
	size_t len = strlen(name);

	return len > strlen(end) && strcmp(name + len - strlen(end), end) == 0;
}

static void test_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < metric_count; i++) {
		const struct metric *metric = &metrics[i];

		assert_true(strncmp(metric->name, "carepace_", 9) == 0);
		assert_int_equal(ends_in(metric->name, "_total"), metric->type == METRIC_COUNTER);
		assert_true(ends_in(metric->help, "."));
		assert_null(strpbrk(metric->help, "\n\\|"));
		assert_false(strstr(metric->name, "_ms") || strstr(metric->name, "_mb"));
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(metrics[j].name, metric->name);
	}
}

static size_t lines_that_begin(const char *page, const char *with)
{
	size_t count = 0;

	for (const char *at = page; at; at = strchr(at, '\n')) {
		at += *at == '\n';
		count += strncmp(at, with, strlen(with)) == 0;
	}
	return count;
}

static char *print(const struct measured *measured)
{
	struct http_reply reply = {.status = 200};

	buf_init(&reply.body, HTTP_BODY_MAX);
	metrics_print(measured, &reply);
	assert_int_equal(reply.status, 200);
	struct slice body = buf_bytes(&reply.body);
	char *page = calloc(1, body.len + 1);
	assert_non_null(page);
	memcpy(page, body.p, body.len);
	buf_deinit(&reply.body);
	return page;
}

static void test_page(void **state)
{
	struct measured *measured = calloc(1, sizeof(*measured));
	char type[200];

	(void)state;
	assert_non_null(measured);
	measured->always = measured->has_store = measured->now.has_office = true;
	measured->has_backup = true;
	measured->backup_at = 97250;
	measured->now.at = 100000;
	measured->now.started_at = 98500;
	measured->now.down_ms = 61005;
	measured->now.devices.foreign = 7;
	measured->now.devices.privacy = 8;
	measured->now.devices.not_kept = 9;
	measured->now.listener.refused[TLS_REVOKED] = 3;
	measured->store.outbox[1] = 5;
	measured->store.outbox_oldest[1] = 99000;
	measured->store.open[0] = (struct view_open){CHECK_CART_REUSE, SEVERITY_HIGH, 4};
	measured->store.open_count = 1;
	histogram_add(&measured->now.intake.commit, 250);
	histogram_add(&measured->now.intake.commit, 251);
	histogram_add(&measured->now.intake.commit, 60000000);
	char *page = print(measured);
	for (size_t i = 0; i < metric_count; i++) {
		snprintf(type, sizeof(type), "# TYPE %s ", metrics[i].name);
		assert_int_equal(lines_that_begin(page, type), 1);
	}
	static const char *const lines[] = {
	    "carepace_start_time_seconds 98.500\n",
	    "carepace_upstream_down_seconds 61.005\n",
	    "carepace_last_backup_timestamp_seconds 97.250\n",
	    "carepace_messages_refused_total{reason=\"foreign\"} 7\n",
	    "carepace_messages_refused_total{reason=\"privacy\"} 8\n",
	    "carepace_messages_refused_total{reason=\"not_kept\"} 9\n",
	    "carepace_tls_handshakes_failed_total{reason=\"revoked\"} 3\n",
	    "carepace_outbox_reports{kind=\"alert\"} 5\n",
	    "carepace_outbox_oldest_age_seconds{kind=\"alert\"} 1.000\n",
	    "carepace_alerts_open_by_check{check=\"CART_REUSE\",severity=\"HIGH\"} 4\n",
	    "carepace_commit_seconds_bucket{le=\"0.00025\"} 1\n",
	    "carepace_commit_seconds_bucket{le=\"0.0005\"} 2\n",
	    "carepace_commit_seconds_bucket{le=\"5\"} 2\n",
	    "carepace_commit_seconds_bucket{le=\"+Inf\"} 3\n",
	    "carepace_commit_seconds_sum 60.000501\n",
	    "carepace_commit_seconds_count 3\n",
	};
	for (size_t i = 0; i < CP_COUNT(lines); i++)
		assert_int_equal(lines_that_begin(page, lines[i]), 1);
	free(page);
	/* What is not there is not said to be 0. */
	measured->has_store = measured->has_backup = measured->now.has_office = false;
	page = print(measured);
	assert_int_equal(lines_that_begin(page, "carepace_store_bytes"), 0);
	assert_int_equal(lines_that_begin(page, "carepace_upstream_connected"), 0);
	assert_int_equal(lines_that_begin(page, "carepace_last_backup"), 0);
	assert_int_equal(lines_that_begin(page, "carepace_ready 0\n"), 1);
	free(page);
	free(measured);
}

/* CAREPACE_WRITE=1 writes it. */
static void test_list(void **state)
{
	char *is = NULL;
	char *was = NULL;
	size_t is_len;
	size_t was_len = 0;
	FILE *file = open_memstream(&is, &is_len);

	(void)state;
	metrics_print_list(file);
	fclose(file);
	if (getenv("CAREPACE_WRITE")) {
		file = fopen(LIST, "w");
		assert_non_null(file);
		fputs(is, file);
		fclose(file);
	}
	file = fopen(LIST, "r");
	assert_non_null(file);
	assert_true(getdelim(&was, &was_len, '\0', file) > 0);
	fclose(file);
	assert_string_equal(was, is);
	free(is);
	free(was);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_page),
	    cmocka_unit_test(test_list),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
