/* What head office is told of things that change: once they are over, paced, with
 * revisions that rise, in both forms; and what it says comes in in both forms. */
#include "states_bench.h"

/* --- summaries --------------------------------------------------------------------------- */

static void a_session_is_told_once_it_is_over(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 start A c5");
	say(clinic, "+1m P1 sample A");
	say(clinic, "+20m P1 hello");
	assert_int_equal(waiting(clinic, OUTBOX_SUMMARY), 0);
	say(clinic, "+0s P1 end A COMPLETED");
	say(clinic, "+11m P1 hello");
	assert_int_equal(waiting(clinic, OUTBOX_SUMMARY), 1);
}

static void all_of_it_is_told(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-03-30 10:00 HQ plan 5 c5 MILD 4");
	say(clinic, "2026-04-01 10:00 P1 session A c5 course 5 cart 1001");
	say(clinic, "2026-04-01 12:00 P1 hello");
	struct sent sent = look(clinic, &in_bytes, OUTBOX_SUMMARY);
	struct sent as_json = look(clinic, &in_json, OUTBOX_SUMMARY);

	assert_int_equal(sent.count, 1);
	assert_string_equal(sent.rows[0].topic, "session");
	const Carepace__V1__Report *report = sent.reports[0];
	const Carepace__V1__SessionSummary *summary = report->session_summary;
	assert_int_equal(report->kind, CAREPACE__V1__REPORT_KIND__REPORT_SESSION_SUMMARY);
	assert_int_equal(report->revision, 1);
	assert_int_equal(strlen(report->key), 2 * ID_HEX_LEN + 1);
	assert_int_equal(summary->end->reason, CAREPACE__V1__END_REASON__END_COMPLETED);
	assert_int_equal(summary->local_date, 20260401);
	assert_string_equal(summary->site, "berlin-1");
	assert_string_equal(summary->tz, "Europe/Berlin");
	assert_int_equal(summary->client_token.data[0], ID_CLIENT);
	assert_int_equal(summary->course, 5);
	assert_true(summary->exposing && summary->completed && !summary->voided);
	assert_int_equal(summary->decision, CAREPACE__V1__DECISION__PERMIT);
	assert_int_equal(summary->n_cart, 1);
	assert_string_equal(summary->cart[0]->serial, "1001");
	assert_memory_equal(summary->visit_id.data, summary->end->sid.data, ID_BYTES);

	assert_int_equal(as_json.count, 1);
	assert_int_equal(protobuf_c_message_get_packed_size(&report->base),
	    protobuf_c_message_get_packed_size(&as_json.reports[0]->base));
	look_away(&sent);
	look_away(&as_json);
}

static void what_came_late_is_another_revision(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c5");
	say(clinic, "2026-04-01 12:00 P1 hello");
	acknowledge(clinic, OUTBOX_SUMMARY);
	assert_int_equal(waiting(clinic, OUTBOX_SUMMARY), 0);
	say(clinic, "2026-04-01 13:00 HQ tell correction sid=A kind=VOID by=o1");
	assert_int_equal(waiting(clinic, OUTBOX_SUMMARY), 0);
	say(clinic, "+11m P1 hello");
	struct sent sent = look(clinic, &in_bytes, OUTBOX_SUMMARY);
	assert_int_equal(sent.count, 1);
	assert_int_equal(sent.reports[0]->revision, 2);
	assert_true(sent.reports[0]->session_summary->voided);
	look_away(&sent);
}

static void what_did_not_change_is_not_told_again(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c5");
	say(clinic, "2026-04-01 12:00 P1 hello");
	acknowledge(clinic, OUTBOX_SUMMARY);
	say(clinic, "2026-04-01 13:00 T1 tell aftercare sid=A kind=MAKEUP");
	say(clinic, "2026-04-01 14:00 P1 hello");
	assert_int_equal(waiting(clinic, OUTBOX_SUMMARY), 0);
}

static void a_test_is_nobodys_session(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2026-04-01 10:00 P1 session A c5 test");
	say(clinic, "2026-04-01 16:00 P1 hello");
	assert_int_equal(waiting(clinic, OUTBOX_SUMMARY), 0);
}

static void a_session_that_turns_out_to_be_a_test_is_told_as_one(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2026-04-01 10:00 P1 start A c5 seq 20");
	say(clinic, "+10m P1 end A COMPLETED seq 21");
	say(clinic, "2026-04-01 12:00 P1 hello seq 22");
	acknowledge(clinic, OUTBOX_SUMMARY);
	say(clinic, "+0s P1 start A c5 test ts 2026-04-01T10:00 mono 0s seq 10");
	say(clinic, "+11m P1 hello seq 23");
	struct sent sent = look(clinic, &in_bytes, OUTBOX_SUMMARY);
	assert_int_equal(sent.count, 1);
	assert_int_equal(sent.reports[0]->revision, 2);
	assert_true(sent.reports[0]->session_summary->test);
	look_away(&sent);
}

/* P10: tokens are in two tables. */
static void a_state_holds_no_token(void **state)
{
	struct clinic *clinic = open_store(state, "1");
	struct id client = id_named(ID_CLIENT, "c5");

	say(clinic, "2026-04-01 10:00 P1 session A c5");
	say(clinic, "2026-04-01 12:00 P1 hello");
	assert_int_equal(
	    db_value(&clinic->ledger->db, -1, "SELECT count(*) FROM state WHERE instr(body, ?) > 0",
	        "b", slice_of(client.b, ID_BYTES)),
	    0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_session_is_told_once_it_is_over),
	    LEDGER_TEST(all_of_it_is_told),
	    LEDGER_TEST(what_came_late_is_another_revision),
	    LEDGER_TEST(what_did_not_change_is_not_told_again),
	    LEDGER_TEST(a_test_is_nobodys_session),
	    LEDGER_TEST(a_session_that_turns_out_to_be_a_test_is_told_as_one),
	    LEDGER_TEST(a_state_holds_no_token),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
