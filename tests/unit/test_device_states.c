/* How devices do, as head office is told: only what is news, and silence of a healthy one is not;
 * and adverse events, at once. */
#include "states_bench.h"

#include "care/time/civil.h"

#define STATE(name) CAREPACE__V1__UNIT_STATE__DEVICE_STATUS_##name

static struct clinic *open_clinic(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2020-01-01 00:00 HQ policy only DEVICE_OFFLINE, DEVICE_QUARANTINED_USE,"
	            " PM_OVERDUE, AE_REPORT_DUE, AE_REPORT_OVERDUE");
	return clinic;
}

/* The status of the one device that waits, some time after the last line. */
static Carepace__V1__DeviceStatus told_status(struct clinic *clinic)
{
	say(clinic, "+13m HQ tell site_time hq_ts_ms=+0m");
	struct sent sent = look(clinic, &in_bytes, OUTBOX_DEVICE);
	assert_int_equal(sent.count, 1);
	Carepace__V1__DeviceStatus status = *sent.reports[0]->device_status;

	assert_string_equal(sent.rows[0].topic, "status");
	assert_int_equal(strlen(sent.reports[0]->key), ID_HEX_LEN);
	assert_string_equal(status.site, "berlin-1");
	look_away(&sent);
	acknowledge(clinic, OUTBOX_DEVICE);
	return status;
}

static void what_a_device_is_and_when_it_is_due(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-01 09:00 HQ tell device device=P1 last_pm_date=2026-01-10"
	            " last_inspection_date=2026-02-20");
	say(clinic, "2026-03-02 09:00 P1 hello model 7 fw 1.2.3 life_pulses 500");
	say(clinic, "+30s P1 heartbeat battery 87");
	Carepace__V1__DeviceStatus status = told_status(clinic);

	assert_int_equal(status.state, STATE(OK));
	assert_int_equal(status.model, 7);
	assert_int_equal(status.life_pulses, 500);
	assert_int_equal(status.pm_due_date, 20270110);
	assert_int_equal(status.inspection_due_date, 20260323);
	assert_false(status.has_calibration_due_date);
	assert_int_equal(status.battery_pct, 80);
}

static void a_healthy_device_that_goes_on_is_no_news(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-02 09:00 P1 hello");
	say(clinic, "+30s P1 heartbeat battery 87");
	told_status(clinic);
	for (int i = 0; i < 6; i++) {
		say(clinic, "+15m P1 heartbeat battery 84");
		say(clinic, "+1m P1 hello");
	}
	say(clinic, "+11m P1 heartbeat battery 84");
	assert_int_equal(waiting(clinic, OUTBOX_DEVICE), 0);
	say(clinic, "+1m P1 heartbeat battery 79");
	wall_ms seen_at = clinic->now;
	Carepace__V1__DeviceStatus status = told_status(clinic);
	assert_int_equal(status.battery_pct, 70);
	assert_int_equal(status.last_seen_ts_ms, seen_at);
}

static Carepace__V1__UnitState status_of_beating(struct clinic *clinic, const char *beat)
{
	for (int i = 0; i < 12; i++)
		say(clinic, beat);
	struct sent sent = look(clinic, &in_bytes, OUTBOX_DEVICE);
	assert_int_equal(sent.count, 1);
	Carepace__V1__UnitState state = sent.reports[0]->device_status->state;
	look_away(&sent);
	acknowledge(clinic, OUTBOX_DEVICE);
	return state;
}

static void fault_quarantine_and_silence_are_told(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-02 08:00 HQ tell calendar tz=Europe/Berlin opening=1:480:1200");
	say(clinic, "2026-03-02 09:00 P1 hello");
	assert_int_equal(
	    status_of_beating(clinic, "+1m P1 heartbeat battery 80 state FAULT"), STATE(FAULT));
	assert_int_equal(told_status(clinic).state, STATE(OFFLINE));
	say(clinic, "+1m P1 tell maint kind=QUARANTINE");
	assert_int_equal(told_status(clinic).state, STATE(QUARANTINED));
	say(clinic, "+1m P1 tell maint kind=RELEASE");
	assert_int_equal(status_of_beating(clinic, "+1m P1 heartbeat battery 80"), STATE(OK));
}

static void of_whom_nobody_has_heard_nothing_is_told(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-01 09:00 HQ tell device device=P1 last_pm_date=2026-01-10");
	say(clinic, "+30m HQ tell site_time hq_ts_ms=+0m");
	assert_int_equal(waiting(clinic, OUTBOX_DEVICE), 0);
}

/* --- adverse events ------------------------------------------------------------------------ */

static Carepace__V1__AeCase told_case(struct clinic *clinic)
{
	struct sent sent = look(clinic, &in_bytes, OUTBOX_CASE);

	assert_int_equal(sent.count, 1);
	Carepace__V1__AeCase told = *sent.reports[0]->ae_case;
	assert_string_equal(sent.rows[0].topic, "alert");
	assert_string_equal(told.site, "berlin-1");
	look_away(&sent);
	acknowledge(clinic, OUTBOX_CASE);
	return told;
}

static void a_case_is_told_at_once(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-01 09:00 HQ tell clinic_role mdr_role=EU_MAKER");
	say(clinic, "2026-03-02 10:00 T1 tell ae_report ae=X1 code=BURN serious=SERIOUS"
	            " aware_ts_ms=2026-03-02T09:00");
	Carepace__V1__AeCase told = told_case(clinic);
	assert_int_equal(told.state, CAREPACE__V1__AE_STATE__AE_OPEN);
	assert_int_equal(told.role, CAREPACE__V1__MDR_ROLE__MDR_EU_MAKER);
	assert_int_equal(told.code, CAREPACE__V1__AE_CODE__BURN);
	assert_int_equal(told.serious, CAREPACE__V1__SERIOUSNESS__SERIOUS);
	assert_int_equal(told.deadline_date, 20260317);
	say(clinic, "+1m T1 tell ae_update ae=X1 reported_to=AUTHORITY");
	told = told_case(clinic);
	assert_int_equal(told.deadline_date, 0);
	assert_int_equal(told.reported_to, CAREPACE__V1__REPORTED_TO__REPORTED_TO_AUTHORITY);
	say(clinic, "+1m T1 tell ae_update ae=X1 state=RESOLVED");
	assert_int_equal(told_case(clinic).state, CAREPACE__V1__AE_STATE__AE_RESOLVED);
	say(clinic, "+1m T1 tell ae_update ae=X1 state=RESOLVED");
	assert_int_equal(waiting(clinic, OUTBOX_CASE), 0);
}

/* Of every role: through the deadline it is due, from the day after on overdue. */
static void the_deadline_is_that_of_the_findings(void **state)
{
	static const char *const roles[] = {"USER_FACILITY", "EU_CLINIC", "EU_MAKER"};

	for (size_t i = 0; i < CP_COUNT(roles); i++) {
		struct clinic *clinic = open_clinic(state);
		char line[200];
		int32_t day;

		snprintf(line, sizeof(line), "2026-03-01 09:00 HQ tell clinic_role mdr_role=%s",
		    roles[i]);
		say(clinic, line);
		say(clinic, "2026-03-02 10:00 T1 tell ae_report ae=X1 code=BURN serious=SERIOUS");
		assert_true(civil_parse_yyyymmdd(told_case(clinic).deadline_date, &day));
		for (int32_t after = 0; after <= 1; after++) {
			struct civil_ymd date = civil_to_ymd(day + after);
			snprintf(line, sizeof(line), "%04d-%02d-%02d 12:00 T1 hello", date.year,
			    date.month, date.day);
			say(clinic, line);
			assert_int_equal(count(clinic, "SELECT count(*) FROM alert WHERE"
			                               " check_id = 609 AND state = 1"),
			    after);
		}
		bench_tear_down(state);
		assert_int_equal(bench_set_up(state), 0);
	}
}

static void a_test_is_nobodys_case(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-02 10:00 T1 tell ae_report ae=X1 code=BURN test");
	assert_int_equal(waiting(clinic, OUTBOX_CASE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(what_a_device_is_and_when_it_is_due),
	    LEDGER_TEST(a_healthy_device_that_goes_on_is_no_news),
	    LEDGER_TEST(fault_quarantine_and_silence_are_told),
	    LEDGER_TEST(of_whom_nobody_has_heard_nothing_is_told),
	    LEDGER_TEST(a_case_is_told_at_once),
	    LEDGER_TEST(the_deadline_is_that_of_the_findings),
	    LEDGER_TEST(a_test_is_nobodys_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
