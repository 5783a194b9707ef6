/* The reading side: what the ledger wrote is what the view tells, beside the
 * writer and without it, and what it packs for head office can be unpacked. */
#include "treatments.h"

#include "base/hash.h"
#include "care/verdict.h"
#include "ledger/office/report.h"
#include "ledger/view/session.h"
#include "wire/unpack.h"

#include <sys/stat.h>
#include <unistd.h>

#define PEN 0x11
#define OTHER_PEN 0x12
#define TABLET 0x13
#define COURSE 4711

struct bench {
	struct treatments *t;
	struct view *view;
	struct arena arena;
	struct treatment first;
	struct treatment soon;
	struct treatment foreign;
};

/* A course; its second session 13 days after the first, which is too soon, with
 * the first one's cartridge; then the same cartridge for somebody else. */
static int set_up(void **state)
{
	struct bench *b = calloc(1, sizeof(*b));
	char serial[] = "P-1001";
	static char cart[] = "1001";
	char why[256];

	b->t = treatments_new();
	b->first = (struct treatment){PEN, 0xa1, 0xc1, COURSE, cart, at(b->t, 9, 1, 10, 0)};
	b->soon = (struct treatment){PEN, 0xa2, 0xc1, COURSE, cart, at(b->t, 9, 14, 10, 0)};
	b->foreign = (struct treatment){OTHER_PEN, 0xa3, 0xc2, 0, cart, at(b->t, 9, 15, 9, 0)};
	device_hello(b->t, PEN, CAREPACE__V1__DEVICE_KIND__DEVICE_PEN, serial);
	hq_plan(b->t, COURSE, 0xc1, 0, 1, at(b->t, 8, 2, 8, 0));
	hq_plan(b->t, COURSE, 0xc1, 35, 2, at(b->t, 9, 10, 8, 0));
	treat(b->t, &b->first);
	treat(b->t, &b->soon);
	treat(b->t, &b->foreign);
	arena_init(&b->arena, 4096, 1U << 20);
	if (view_open(&b->view, b->t->path, why))
		fail_msg("%s", why);
	*state = b;
	return 0;
}

static int tear_down(void **state)
{
	struct bench *b = *state;

	view_close(b->view);
	arena_deinit(&b->arena);
	treatments_free(b->t);
	free(b);
	return 0;
}

static void must_be_well(const struct bench *b)
{
	const char *text;

	if (view_error(b->view, &text))
		fail_msg("%s", text);
}

static struct view_alert *alerts_of(struct bench *b, struct view_filter filter, size_t expected)
{
	size_t count;
	struct view_alert *alerts = view_alerts(b->view, &b->arena, &filter, &count);

	must_be_well(b);
	assert_int_equal(count, expected);
	return alerts;
}

static void test_alerts_newest_first(void **state)
{
	struct bench *b = *state;
	struct view_alert *alerts = alerts_of(b, (struct view_filter){0}, 3);
	struct id client = id_of(0xc1);
	struct id device = id_of(PEN);
	struct id sid = id_of(0xa2);
	struct id first = id_of(0xa1);

	assert_int_equal(alerts[0].alert.finding.check, CHECK_CART_REUSE);
	assert_int_equal(alerts[0].alert.finding.severity, SEVERITY_CRITICAL);
	assert_int_equal(alerts[1].alert.finding.check, CHECK_CART_REUSE);
	assert_int_equal(alerts[1].alert.finding.severity, SEVERITY_HIGH);
	assert_int_equal(alerts[2].alert.finding.check, CHECK_INTERVAL_TOO_SOON);
	assert_int_equal(alerts[2].alert.finding.value, 13);
	assert_int_equal(alerts[2].alert.finding.limit, 35);
	assert_true(id_eq(&alerts[2].client, &client));
	assert_true(id_eq(&alerts[2].device, &device));
	assert_true(id_eq(&alerts[2].sid, &sid));
	assert_true(id_eq(&alerts[2].alert.finding.related[0], &first));
	assert_int_equal(alerts[2].operator.b[0], 0x0b);
	assert_true(alerts[2].outbox_n > 0);
	assert_int_equal(alerts[2].queued_at, b->soon.start);
}

static void test_alerts_are_filtered(void **state)
{
	struct bench *b = *state;

	alerts_of(b, (struct view_filter){.check = CHECK_CART_REUSE}, 2);
	alerts_of(b, (struct view_filter){.check = CHECK_INTERVAL_OVERDUE}, 0);
	alerts_of(b, (struct view_filter){.since = b->foreign.start}, 1);
	alerts_of(b, (struct view_filter){.max = 2}, 2);

	treatments_apply(b->t, at(b->t, 11, 1, 12, 0)); /* 48 days: INTERVAL_OVERDUE, LOW */
	struct view_alert *alerts =
	    alerts_of(b, (struct view_filter){.order = VIEW_WORST_FIRST}, 4);
	assert_int_equal(alerts[0].alert.finding.severity, SEVERITY_CRITICAL);
	assert_int_equal(alerts[3].alert.finding.check, CHECK_INTERVAL_OVERDUE);
	alerts = alerts_of(b, (struct view_filter){0}, 4);
	assert_int_equal(alerts[0].alert.finding.check, CHECK_INTERVAL_OVERDUE);
}

/* CLEARED is closed, OVERRIDDEN is not: the alert stays (R17). */
static void test_closed_ones_are_left_out(void **state)
{
	struct bench *b = *state;
	struct view_alert *alerts = alerts_of(b, (struct view_filter){0}, 3);
	struct id too_soon = alerts[2].alert.id;
	struct id reuse = alerts[1].alert.id;

	tablet_ack(b->t, TABLET, too_soon, at(b->t, 9, 14, 11, 0));
	tablet_override(b->t, TABLET, reuse, at(b->t, 9, 14, 11, 5));
	alerts = alerts_of(b, (struct view_filter){0}, 2);
	assert_int_equal(alerts[1].alert.state, ALERT_OVERRIDDEN);
	assert_int_equal(alerts[1].override_by.b[0], 0x0c);
	assert_int_equal(alerts[1].alert.override.reason, 5);
	alerts = alerts_of(b, (struct view_filter){.with_closed = true}, 3);
	assert_int_equal(alerts[2].alert.state, ALERT_CLEARED);
	assert_int_equal(alerts[2].ack_by.b[0], 0x0c);
}

static void test_find_by_prefix(void **state)
{
	struct bench *b = *state;
	struct view_alert *alerts = alerts_of(b, (struct view_filter){0}, 3);
	struct view_alert found;
	char hex[ID_HEX_LEN + 1];

	for (size_t i = 0; i < 3; i++) {
		id_hex(&alerts[i].alert.id, hex);
		for (size_t len = 6; len <= ID_HEX_LEN; len++) {
			assert_int_equal(
			    view_alert_find(b->view, &b->arena, slice_of(hex, len), &found), 1);
			assert_true(id_eq(&found.alert.id, &alerts[i].alert.id));
		}
	}
	assert_int_equal(view_alert_find(b->view, &b->arena, slice_str(""), &found), 0);
	assert_int_equal(view_alert_find(b->view, &b->arena, slice_str("xyz"), &found), 0);
	hex[0] = hex[0] == 'f' ? '0' : 'f';
	assert_int_equal(view_alert_find(b->view, &b->arena, slice_str(hex), &found), 0);
	must_be_well(b);

	struct view_session session;
	assert_int_equal(view_session_find(b->view, &b->arena, slice_str("a2"), &session), 1);
	assert_int_equal(view_session_find(b->view, &b->arena, slice_str("a"), &session), 2);
}

static void test_session(void **state)
{
	struct bench *b = *state;
	struct view_alert *alerts = alerts_of(b, (struct view_filter){0}, 3);
	struct view_session session;
	size_t count;

	assert_true(view_session(b->view, &b->arena, alerts[2].alert.finding.session, &session));
	assert_int_equal(session.session.start, b->soon.start);
	assert_int_equal(session.session.course, COURSE);
	assert_int_equal(session.session.zones, CHEEK);
	assert_int_equal(session.device_kind, CAREPACE__V1__DEVICE_KIND__DEVICE_PEN);
	assert_string_equal(session.serial, "P-1001");
	assert_int_equal(session.model, 7);
	assert_int_equal(session.client.b[0], 0xc1);
	assert_int_equal(session.operator.b[0], 0x0b);
	assert_int_equal(session.decision, DECISION_REQUIRE_OVERRIDE);
	assert_true(session.verdict_rev >= 1);

	struct cart_use *uses = view_cart_uses(b->view, &b->arena, session.session.no, &count);
	assert_int_equal(count, 1);
	assert_string_equal(uses[0].serial, "1001");
	assert_string_equal(uses[0].gtin, "04012345678901");
	assert_false(view_session(b->view, &b->arena, 4242, &session));
	must_be_well(b);
}

static void test_plan_in_force(void **state)
{
	struct bench *b = *state;
	struct plan found;

	assert_false(view_plan(b->view, &b->arena, COURSE, at(b->t, 8, 1, 8, 0), &found));
	assert_true(view_plan(b->view, &b->arena, COURSE, b->first.start, &found));
	assert_int_equal(found.revision, 1);
	assert_int_equal(found.planned, 4);
	assert_true(view_plan(b->view, &b->arena, COURSE, b->soon.start, &found));
	assert_int_equal(found.revision, 2);
	assert_int_equal(found.min_days, 35);
	assert_false(view_plan(b->view, &b->arena, 1, b->soon.start, &found));
	must_be_well(b);
}

static void test_counts(void **state)
{
	struct bench *b = *state;
	struct view_counts counts;

	view_counts(b->view, &counts);
	must_be_well(b);
	assert_int_equal(counts.devices, 2);
	assert_int_equal(counts.sessions, 3);
	assert_int_equal(counts.journal, 1 + 1 + 2 + 3 * 3);
	assert_int_equal(counts.stream, 3);
	assert_int_equal(counts.parked + counts.conflicts + counts.unjudged + counts.pending, 0);
	assert_int_equal(counts.verdicts, 3);
	assert_int_equal(counts.alerts[ALERT_RAISED], 3);
	assert_int_equal(counts.outbox[1], 3);
	/* The audit of the policy that the first batch brought. */
	assert_int_equal(counts.outbox_oldest, at(b->t, 8, 1, 8, 0));
}

/* --- reports -------------------------------------------------------------------------- */

static const Carepace__V1__Report *unpack(struct bench *b, struct slice payload)
{
	ProtobufCMessage *message;
	struct wire_scan scan;

	assert_int_equal(
	    wire_unpack(&b->arena, &carepace__v1__report__descriptor, payload, &message, &scan),
	    WIRE_OK);
	return (const Carepace__V1__Report *)message;
}

static const struct report_style berlin = {.site = "berlin-1", .tz = "Europe/Berlin"};

static size_t outbox_of(struct bench *b, uint64_t after, struct view_outbox_row *rows, size_t max)
{
	uint64_t last[2] = {0, after};
	size_t count = view_outbox(b->view, &b->arena, &berlin, last, 2, rows, max);

	must_be_well(b);
	return count;
}

static void test_report_of_an_alert(void **state)
{
	struct bench *b = *state;
	struct view_alert *alerts = alerts_of(b, (struct view_filter){0}, 3);
	struct view_outbox_row rows[4];
	char hex[ID_HEX_LEN + 1];
	uint8_t hash[HASH_BYTES];

	assert_int_equal(outbox_of(b, 0, rows, 4), 3);
	assert_string_equal(rows[0].topic, "alert");
	const Carepace__V1__Report *report = unpack(b, rows[0].payload);
	const Carepace__V1__Alert *alert = report->alert;
	assert_int_equal(report->kind, CAREPACE__V1__REPORT_KIND__REPORT_ALERT);
	assert_true(report->epoch == view_epoch(b->view));
	assert_int_equal(report->n, rows[0].n);
	assert_int_equal(report->revision, alerts[2].alert.revision);
	assert_string_equal(report->key, id_hex(&alerts[2].alert.id, hex));
	assert_int_equal(report->body_case, CAREPACE__V1__REPORT__BODY_ALERT);

	assert_int_equal(alert->check, CAREPACE__V1__CHECK__INTERVAL_TOO_SOON);
	assert_int_equal(alert->subject, CAREPACE__V1__SUBJECT__SUBJECT_SESSION);
	assert_int_equal(alert->severity, CAREPACE__V1__SEVERITY__HIGH);
	assert_int_equal(alert->state, CAREPACE__V1__ALERT_STATE__ALERT_RAISED);
	assert_int_equal(alert->from_ts_ms, b->soon.start);
	assert_true(alert->has_until_ts_ms);
	assert_int_equal(alert->raised_ts_ms, b->soon.start);
	assert_int_equal(alert->effective_date, 20260914);
	assert_false(alert->has_cleared_ts_ms);
	assert_string_equal(alert->site, "berlin-1");
	assert_int_equal(alert->device.data[0], PEN);
	assert_int_equal(alert->client_token.data[15], 0xc1);
	assert_int_equal(alert->operator_token.data[15], 0x0b);
	assert_int_equal(alert->value, 13);
	assert_int_equal(alert->limit, 35);
	assert_int_equal(alert->unit, CAREPACE__V1__UNIT__UNIT_DAYS);
	assert_int_equal(alert->sid.data[0], 0xa2);
	assert_int_equal(alert->n_related_sid, 1);
	assert_int_equal(alert->related_sid[0].data[0], 0xa1);
	assert_int_equal(alert->related_sid[0].len, ID_BYTES);
	assert_false(alert->late);

	struct slice key = slice_str(alert->alert_key);
	hash_sha256(&key, 1, hash);
	assert_memory_equal(alert->alert_id.data, hash, ID_BYTES);
}

static void test_report_of_a_course(void **state)
{
	struct bench *b = *state;
	struct view_outbox_row rows[4];

	treatments_apply(b->t, at(b->t, 11, 1, 12, 0));
	assert_int_equal(outbox_of(b, 0, rows, 4), 4);
	const Carepace__V1__Alert *alert = unpack(b, rows[3].payload)->alert;
	assert_int_equal(alert->check, CAREPACE__V1__CHECK__INTERVAL_OVERDUE);
	assert_int_equal(alert->subject, CAREPACE__V1__SUBJECT__SUBJECT_COURSE);
	assert_false(alert->has_until_ts_ms);
	assert_false(alert->has_sid);
	assert_false(alert->has_device);
	assert_int_equal(alert->effective_date, 20261027);
	assert_int_equal(alert->related_sid[0].data[0], 0xa2);
}

static void test_outbox_goes_on_after_n(void **state)
{
	struct bench *b = *state;
	struct view_outbox_row rows[4];
	uint64_t none[2] = {0};

	assert_int_equal(outbox_of(b, 0, rows, 2), 2);
	assert_true(rows[0].n < rows[1].n);
	assert_int_equal(outbox_of(b, rows[1].n, rows, 4), 1);
	assert_int_equal(outbox_of(b, rows[0].n, rows, 4), 0);
	assert_int_equal(view_outbox(b->view, &b->arena, &berlin, none, 1, rows, 4), 0);
	assert_int_equal(outbox_of(b, 0, rows, 0), 0);

	/* Acknowledged rows leave; the others stay. */
	assert_int_equal(outbox_of(b, 0, rows, 4), 3);
	assert_true(batch_add_done(b->t->batch, rows[1].kind, rows[1].n));
	treatments_apply(b->t, b->t->now);
	uint64_t kept[2] = {rows[0].n, rows[2].n};
	assert_int_equal(outbox_of(b, 0, rows, 4), 2);
	assert_int_equal(rows[0].n, kept[0]);
	assert_int_equal(rows[1].n, kept[1]);
}

/* Printed when sent: an amended alert goes up once, as it is now (P5). */
static void test_an_amended_alert_goes_up_once(void **state)
{
	struct bench *b = *state;
	struct view_alert *alerts = alerts_of(b, (struct view_filter){0}, 3);
	struct view_outbox_row rows[4];

	tablet_ack(b->t, TABLET, alerts[2].alert.id, at(b->t, 9, 16, 11, 0));
	assert_int_equal(outbox_of(b, 0, rows, 4), 3);
	const Carepace__V1__Report *report = unpack(b, rows[2].payload);
	assert_int_equal(report->alert->state, CAREPACE__V1__ALERT_STATE__ALERT_CLEARED);
	assert_int_equal(report->alert->cleared_ts_ms, at(b->t, 9, 16, 11, 0));
	assert_int_equal(report->revision, alerts[2].alert.revision + 1);
}

/* The buffered session in between made another one too soon; without the
 * first, nothing was: head office hears that too. */
static void test_a_retracted_alert_goes_up(void **state)
{
	struct bench *b = *state;
	struct view_outbox_row rows[8];
	struct treatment continued = b->soon;

	/* Not completed, and 40 min before: one visit with what was "too soon"... */
	continued.sid = 0xa4;
	continued.cart = NULL;
	continued.start = b->soon.start - 40 * MS_PER_MINUTE;
	treatment_start(b->t, &continued);
	treatment_expose(b->t, &continued);
	size_t count = outbox_of(b, 0, rows, 8);
	bool is_retracted = false;
	for (size_t i = 0; i < count; i++) {
		const Carepace__V1__Alert *alert = unpack(b, rows[i].payload)->alert;
		is_retracted |= alert->sid.len && alert->sid.data[0] == 0xa2 &&
		                alert->check == CAREPACE__V1__CHECK__INTERVAL_TOO_SOON &&
		                alert->state == CAREPACE__V1__ALERT_STATE__ALERT_RETRACTED;
	}
	assert_true(is_retracted);
}

static void test_receipt(void **bench)
{
	struct bench *b = *bench;
	const char *keys[] = {"client-forget:1", "client-forget:2"};
	const struct office_receipt state = {
	    .epoch = 77,
	    .hq_epoch = 3,
	    .hq_n = 900,
	    .forgotten = keys,
	    .forgotten_count = 2,
	    .parked = 4,
	    .gone_after_date = 20260401,
	};
	struct slice payload;

	assert_int_equal(report_receipt(&b->arena, &berlin, &state, &payload), CP_OK);
	const Carepace__V1__Report *report = unpack(b, payload);
	assert_int_equal(report->kind, CAREPACE__V1__REPORT_KIND__REPORT_RECEIPT);
	assert_int_equal(report->epoch, 77);
	assert_int_equal(report->n, 0);
	assert_string_equal(report->key, "");
	assert_int_equal(report->body_case, CAREPACE__V1__REPORT__BODY_RECEIPT);
	assert_int_equal(report->receipt->hq_epoch, 3);
	assert_int_equal(report->receipt->n, 900);
	assert_int_equal(report->receipt->n_forgotten, 2);
	const Carepace__V1__ForgetDone *done = report->receipt->forgotten[1];
	assert_string_equal(done->key, "client-forget:2");
	assert_int_equal(done->backups, 0);
	assert_int_equal(done->parked, 4);
	assert_int_equal(done->gone_after_date, 20260401);
}

static void test_what_fits_goes_first(void **state)
{
	struct bench *b = *state;
	struct view_outbox_row rows[4];
	uint64_t last[2] = {0};
	struct arena small;
	const char *text;

	arena_init(&small, 1024, 1024);
	assert_int_equal(view_outbox(b->view, &small, &berlin, last, 2, rows, 4), 1);
	must_be_well(b);
	arena_deinit(&small);
	arena_init(&small, 64, 64);
	assert_int_equal(view_outbox(b->view, &small, &berlin, last, 2, rows, 4), 0);
	assert_int_equal(view_error(b->view, &text), CP_NOMEM);
	assert_string_not_equal(text, "");
	assert_int_equal(view_outbox(b->view, &b->arena, &berlin, last, 2, rows, 4), 0);
	arena_deinit(&small);
}

/* --- opening --------------------------------------------------------------------------- */

static off_t log_size(const struct bench *b)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s-wal", b->t->path);
	assert_int_equal(stat(path, &st), 0);
	return st.st_size;
}

/* Between two calls the view holds nothing: after a checkpoint the log starts
 * anew in its old place instead of growing (TRAPS 7). */
static void test_no_transaction_stays(void **state)
{
	struct bench *b = *state;
	struct view_outbox_row rows[4];
	struct view_session session;
	struct view_counts counts;

	alerts_of(b, (struct view_filter){0}, 3);
	outbox_of(b, 0, rows, 4);
	assert_int_equal(view_session_find(b->view, &b->arena, slice_str("a"), &session), 2);
	view_counts(b->view, &counts);
	must_be_well(b);

	off_t before = log_size(b);
	assert_int_equal(ledger_checkpoint(b->t->ledger), CP_OK);
	device_hello(b->t, OTHER_PEN, CAREPACE__V1__DEVICE_KIND__DEVICE_PEN, b->first.cart);
	assert_int_equal(log_size(b), before);
}

static void test_a_closed_store(void **state)
{
	struct bench *b = *state;
	char why[256];

	view_close(b->view);
	b->view = NULL;
	treatments_close(b->t);
	assert_int_equal(view_open(&b->view, b->t->path, why), CP_OK);
	alerts_of(b, (struct view_filter){0}, 3);
	treatments_open(b->t); /* and nothing that the view left is in the way */
	device_hello(b->t, PEN, CAREPACE__V1__DEVICE_KIND__DEVICE_PEN, b->first.cart);
	struct view_counts counts;
	view_counts(b->view, &counts);
	assert_int_equal(counts.journal, 14);
	must_be_well(b);
}

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void test_what_is_no_store(void **state)
{
	struct bench *b = *state;
	struct view *view;
	char path[128];
	char why[256];

	snprintf(path, sizeof(path), "%s/none.db", b->t->dir);
	assert_int_equal(view_open(&view, path, why), CP_NOTFOUND);
	assert_null(view);
	assert_non_null(strstr(why, "does not exist"));
	write_file(path, "this is a letter to my grandmother, of some length, and no store\n");
	assert_int_equal(view_open(&view, path, why), CP_CORRUPT);
	assert_non_null(strstr(why, "is not a store of carepace"));
	write_file(path, ""); /* which SQLite takes for an empty database */
	assert_int_equal(view_open(&view, path, why), CP_CORRUPT);
	assert_non_null(strstr(why, "is not a store of carepace"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	    TEST(test_alerts_newest_first),
	    TEST(test_alerts_are_filtered),
	    TEST(test_closed_ones_are_left_out),
	    TEST(test_find_by_prefix),
	    TEST(test_session),
	    TEST(test_plan_in_force),
	    TEST(test_counts),
	    TEST(test_report_of_an_alert),
	    TEST(test_report_of_a_course),
	    TEST(test_outbox_goes_on_after_n),
	    TEST(test_an_amended_alert_goes_up_once),
	    TEST(test_a_retracted_alert_goes_up),
	    TEST(test_receipt),
	    TEST(test_what_fits_goes_first),
	    TEST(test_no_transaction_stays),
	    TEST(test_a_closed_store),
	    TEST(test_what_is_no_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
