/* What joins head office to the ledger, between an upstream thread that the test
 * plays, a real store, and an open batch in memory.
 */
#include "shell/head_office.h"
#include "capture.h"
#include "treatments.h"

#include <uv.h>

/* --- the upstream thread -------------------------------------------------------------- */

struct upstream_thread {
	struct upstream_source source;
	void *ctx;
	bool hangs; /* the MQTT library does not come back */
};

static struct upstream_thread upstream;

enum cp_err upstream_thread_start(struct upstream_thread **out,
    const struct upstream_config *config, const struct upstream_source *source, void *ctx)
{
	(void)config;
	upstream = (struct upstream_thread){.source = *source, .ctx = ctx};
	*out = &upstream;
	return CP_OK;
}

bool upstream_thread_stop(struct upstream_thread *thread)
{
	return !thread->hangs;
}

void upstream_thread_poke(struct upstream_thread *thread)
{
	(void)thread;
}

bool upstream_thread_receipt(struct upstream_thread *thread, struct slice payload)
{
	(void)thread, (void)payload;
	return true;
}

bool upstream_thread_answers(struct upstream_thread *thread)
{
	(void)thread;
	return true;
}

void upstream_thread_counts(struct upstream_thread *thread, struct upstream_counts *out)
{
	(void)thread;
	*out = (struct upstream_counts){0};
}

static size_t next(struct upstream_item items[WINDOW_ROWS])
{
	const uint64_t after[WINDOW_KINDS] = {0};

	return upstream.source.next(upstream.ctx, after, items, WINDOW_ROWS);
}

/* --- the intake ---------------------------------------------------------------------------- */

static struct intake {
	struct batch *batch;
	bool is_full;
} intake;

bool intake_is_full(const struct intake *in)
{
	return in->is_full;
}

struct batch *intake_batch(struct intake *in)
{
	return in->batch;
}

void intake_added(struct intake *in, bool is_urgent)
{
	(void)in, (void)is_urgent;
}

/* --- begin and end ------------------------------------------------------------------------------
 */

static uv_loop_t loop;
static struct treatments *store;
static struct head_office *office;

static bool waits_for_receipts;

static void open_office(const char *store_file)
{
	static char site[] = "berlin-1";
	static char timezone[] = "Europe/Berlin";
	static char server[] = "ssl://127.0.0.1:1";
	static char *servers[] = {server};
	static struct config config;

	config = (struct config){.site = {.name = site, .timezone = timezone},
	    .upstream = {.servers = servers, .server_count = 1, .receipts = waits_for_receipts}};

	assert_int_equal(head_office_open(&loop, &config, store_file, &intake, &office), CP_OK);
}

static int setup(void **state)
{
	(void)state;
	store = treatments_new();
	intake = (struct intake){.batch = batch_new()};
	return intake.batch && uv_loop_init(&loop) == 0 ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	head_office_close(office);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&loop), 0);
	batch_free(intake.batch);
	treatments_free(store);
	return 0;
}

static void run_loop(void)
{
	uv_run(&loop, UV_RUN_NOWAIT);
}

/* --- tests
 * ----------------------------------------------------------------------------------------- */

static void a_store_that_cannot_be_read_is_not_an_empty_outbox(void **state)
{
	struct upstream_item items[WINDOW_ROWS];
	char said[OUTPUT_BYTES];

	(void)state;
	open_office("/nonexistent/" LEDGER_FILE_NAME);
	struct capture capture = capture_begin(STDERR_FILENO);
	assert_int_equal(next(items), UPSTREAM_LATER);
	capture_end(&capture, said);
	assert_non_null(strstr(said, "WARNING cannot read the outbox: "));
	assert_non_null(strstr(said, "; trying again"));
}

/* The ledger takes nothing for a while, and the broker is quick. Room on the disk has
 * nothing to do with it: an order that waits for some is passed. */
static void rows_that_wait_for_the_loop_are_bounded(void **state)
{
	struct upstream_item items[WINDOW_ROWS];
	struct window_row rows[WINDOW_ROWS];
	size_t done = 0;

	(void)state;
	open_office(store->path);
	intake.is_full = true;
	assert_true(upstream.source.order(upstream.ctx, slice_str("an order")));
	while (next(items) != UPSTREAM_LATER) {
		for (size_t i = 0; i < WINDOW_ROWS; i++)
			rows[i] = (struct window_row){.kind = 1, .n = ++done};
		upstream.source.done(upstream.ctx, rows, WINDOW_ROWS);
		run_loop();
		assert_true(done <= BATCH_DONE_MAX + HEAD_OFFICE_DONE_MAX + WINDOW_ROWS);
	}
	assert_true(done >= BATCH_DONE_MAX + HEAD_OFFICE_DONE_MAX - WINDOW_ROWS);

	size_t taken = 0;
	for (int i = 0; i < 3; i++) {
		taken += intake.batch->done_count;
		batch_reset(intake.batch);
		head_office_has_room(office);
	}
	assert_int_equal(taken + intake.batch->done_count, done);
	assert_int_not_equal(next(items), UPSTREAM_LATER);
	assert_int_equal(intake.batch->entry_count, 0);

	intake.is_full = false;
	head_office_has_room(office);
	assert_int_equal(intake.batch->entry_count, 1);
}

/* The thread hangs in the MQTT library, amid the rows it was given. */
static void what_an_abandoned_thread_may_read_stays(void **state)
{
	struct upstream_item items[WINDOW_ROWS];
	char serial[] = "PEN-1";
	uint64_t sum = 0;

	(void)state;
	device_hello(store, 1, CAREPACE__V1__DEVICE_KIND__DEVICE_PEN, serial);
	/* Two days after the first: too soon, which is an alert. */
	treat(store, &(struct treatment){
	                 .device = 1, .sid = 10, .client = 20, .start = at(store, 8, 3, 10, 0)});
	treat(store, &(struct treatment){
	                 .device = 1, .sid = 11, .client = 20, .start = at(store, 8, 5, 10, 0)});
	open_office(store->path);
	size_t count = next(items);
	assert_in_range(count, 1, WINDOW_ROWS);
	upstream.hangs = true;
	head_office_close(office);
	office = NULL;
	uv_run(&loop, UV_RUN_DEFAULT);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < items[i].payload.len; j++)
			sum += items[i].payload.p[j];
	assert_int_not_equal(sum, 0);
}

static void a_receipt_that_is_refused_is_said_once(void **state)
{
	char said[OUTPUT_BYTES];

	(void)state;
	open_office(store->path);
	intake.batch->fault = RECEIPT_OF_FUTURE;
	intake.batch->refused = (struct batch_done){.kind = 1, .n = 77};
	struct capture capture = capture_begin(STDERR_FILENO);
	head_office_settled(office, intake.batch);
	capture_end(&capture, said);
	assert_non_null(strstr(said, "WARNING head office sent a receipt (kind 1, up to 77) "
	                             "for reports that were never sent"));
	capture = capture_begin(STDERR_FILENO);
	head_office_settled(office, intake.batch);
	capture_end(&capture, said);
	assert_string_equal(said, "");
}

static void what_is_given_up_is_said_once(void **state)
{
	char said[OUTPUT_BYTES];

	(void)state;
	open_office(store->path);
	intake.batch->evicted[EVICTED_BY_AGE] = 3;
	struct capture capture = capture_begin(STDERR_FILENO);
	head_office_settled(office, intake.batch);
	head_office_settled(office, intake.batch);
	capture_end(&capture, said);
	assert_ptr_equal(strstr(said, "WARNING reports for head office are given up"), said);
	assert_non_null(strstr(said, "longer than upstream.outbox_days"));
	assert_null(strstr(said + 1, "WARNING"));
}

/* P5: what the broker has, head office may not have. */
static void with_receipts_only_they_delete(void **state)
{
	const struct window_row row = {.kind = 1, .n = 1};

	(void)state;
	open_office(store->path);
	assert_false(upstream.source.has_receipts);
	head_office_close(office);
	uv_run(&loop, UV_RUN_DEFAULT);
	waits_for_receipts = true;
	open_office(store->path);
	waits_for_receipts = false;
	assert_true(upstream.source.has_receipts);
	upstream.source.done(upstream.ctx, &row, 1);
	run_loop();
	assert_int_equal(intake.batch->done_count, 0);
}

#define office_test(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    office_test(a_store_that_cannot_be_read_is_not_an_empty_outbox),
	    office_test(rows_that_wait_for_the_loop_are_bounded),
	    office_test(a_receipt_that_is_refused_is_said_once),
	    office_test(what_is_given_up_is_said_once),
	    office_test(with_receipts_only_they_delete),
	    office_test(what_an_abandoned_thread_may_read_stays),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
