/* How the box does and who decided what, as head office is told. */
#include "states_bench.h"

static struct clinic *open_clinic(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	acknowledge(clinic, OUTBOX_AUDIT);
	return clinic;
}

/* --- the box ---------------------------------------------------------------------------- */

static void its_health_is_told_each_morning(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-02 09:00 P1 hello");
	say(clinic, "+30s P1 heartbeat battery 80");
	say(clinic, "+30s gateway looks");
	struct sent sent = look(clinic, &in_bytes, OUTBOX_HEALTH);
	assert_int_equal(sent.count, 1);
	const Carepace__V1__GwHealth *health = sent.reports[0]->gw_health;
	assert_string_equal(sent.rows[0].topic, "status");
	assert_string_equal(sent.reports[0]->key, "gateway");
	assert_string_equal(health->version, "1");
	assert_int_equal(health->devices_known, 1);
	assert_int_equal(health->devices_online, 1);
	assert_int_equal(health->at_ts_ms, clinic->now);
	assert_false(health->clock_in_doubt);
	assert_true(health->has_evicted);
	assert_int_equal(health->evicted, 0);
	assert_null(health->tzdata);
	look_away(&sent);
	acknowledge(clinic, OUTBOX_HEALTH);

	say(clinic, "+5h gateway looks");
	say(clinic, "2026-03-03 05:59 gateway looks");
	assert_int_equal(waiting(clinic, OUTBOX_HEALTH), 0);
	say(clinic, "2026-03-03 06:00 gateway looks");
	assert_int_equal(waiting(clinic, OUTBOX_HEALTH), 1);
	acknowledge(clinic, OUTBOX_HEALTH);
	say(clinic, "+1h gateway looks");
	assert_int_equal(waiting(clinic, OUTBOX_HEALTH), 0);
}

static void a_disk_that_fills_up_is_told_soon_and_paced(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-02 09:00 gateway looks disk 900");
	acknowledge(clinic, OUTBOX_HEALTH);
	say(clinic, "+5m gateway looks disk 901");
	assert_int_equal(waiting(clinic, OUTBOX_HEALTH), 0);
	say(clinic, "+5m gateway looks disk 901");
	struct sent sent = look(clinic, &in_bytes, OUTBOX_HEALTH);
	assert_int_equal(sent.count, 1);
	assert_int_equal(sent.reports[0]->gw_health->disk_used_permille, 901);
	look_away(&sent);
}

static void what_was_given_up_is_told_with_it(void **state)
{
	struct clinic *clinic = open_clinic(state);

	clinic->ledger->config.tzdata = "2026a";
	db_run(&clinic->ledger->db, "INSERT INTO meta VALUES('evicted_by_limit', 3)", "");
	db_run(&clinic->ledger->db, "INSERT INTO meta VALUES('evicted_by_age', 4)", "");
	say(clinic, "2026-03-02 09:00 gateway looks");
	struct sent sent = look(clinic, &in_bytes, OUTBOX_HEALTH);
	assert_int_equal(sent.reports[0]->gw_health->evicted, 7);
	assert_string_equal(sent.reports[0]->gw_health->tzdata, "2026a");
	look_away(&sent);
}

/* In doubt of the time it is told within ten minutes that there is doubt, and that there is
 * none any more; no morning comes meanwhile (R18). */
static void a_clock_in_doubt_is_told(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-03-02 09:00 gateway looks");
	acknowledge(clinic, OUTBOX_HEALTH);
	say(clinic, "+1m gateway ntp off");
	say(clinic, "+1m gateway reboots");
	say(clinic, "+11m gateway looks");
	struct sent sent = look(clinic, &in_bytes, OUTBOX_HEALTH);
	assert_int_equal(sent.count, 1);
	assert_true(sent.reports[0]->gw_health->clock_in_doubt);
	look_away(&sent);
	acknowledge(clinic, OUTBOX_HEALTH);
	say(clinic, "+24h gateway looks");
	assert_int_equal(waiting(clinic, OUTBOX_HEALTH), 0);
	say(clinic, "+1m gateway ntp on");
	say(clinic, "+11m gateway looks");
	sent = look(clinic, &in_bytes, OUTBOX_HEALTH);
	assert_int_equal(sent.count, 1);
	assert_false(sent.reports[0]->gw_health->clock_in_doubt);
	look_away(&sent);
}

/* --- audit ------------------------------------------------------------------------------- */

static void who_decided_what_is_told_at_once(void **state)
{
	struct clinic *clinic = open_clinic(state);
	struct id who = id_named(ID_OPERATOR, "o1");

	say(clinic, "2026-04-01 10:00 P1 session A c5");
	say(clinic, "2026-04-11 10:00 P1 start B c5");
	say(clinic, "+1s T1 ack INTERVAL_TOO_SOON B");
	struct sent sent = look(clinic, &in_json, OUTBOX_AUDIT);
	assert_int_equal(sent.count, 1);
	const Carepace__V1__Audit *audit = sent.reports[0]->audit;
	assert_string_equal(sent.rows[0].topic, "status");
	assert_int_equal(audit->action, CAREPACE__V1__AUDIT_ACTION__AUDIT_ACK_ALERT);
	assert_int_equal(strlen(audit->object), ID_HEX_LEN);
	assert_int_equal(audit->at_ts_ms, clinic->now);
	assert_memory_equal(audit->by_token.data, who.b, ID_BYTES);
	look_away(&sent);
	acknowledge(clinic, OUTBOX_AUDIT);

	say(clinic, "+1h T1 tell correction sid=A kind=VOID by=o2");
	say(clinic, "+1m P1 tell maint kind=CLEAN");
	assert_int_equal(waiting(clinic, OUTBOX_AUDIT), 1);
	say(clinic, "+1m T1 repeat");
	assert_int_equal(waiting(clinic, OUTBOX_AUDIT), 1);
}

/* A device is told by its number; of who was forgotten only the order's own name remains. */
static void what_was_done_to_devices_and_clients_is_told(void **state)
{
	struct clinic *clinic = open_clinic(state);
	struct id device = id_named(ID_DEVICE, "P1");
	struct id client = id_named(ID_CLIENT, "c5");
	char hex[ID_HEX_LEN + 1];

	say(clinic, "2026-04-01 10:00 P1 session A c5");
	say(clinic, "+1m P1 tell maint kind=QUARANTINE by=o1");
	say(clinic, "+1m T1 tell maint kind=RELEASE by=o1 device=P1");
	say(clinic, "+1m HQ tell device_assign device=P1 state=RETIRED");
	say(clinic, "+1m HQ tell client_forget client=c5 key f/1");
	struct sent sent = look(clinic, &in_bytes, OUTBOX_AUDIT);
	assert_int_equal(sent.count, 4);
	for (size_t i = 0; i < 3; i++)
		assert_int_equal(
		    sent.reports[i]->audit->action, CAREPACE__V1__AUDIT_ACTION__AUDIT_DEVICE);
	assert_string_equal(sent.reports[0]->audit->object, id_hex(&device, hex));
	assert_string_equal(sent.reports[1]->audit->object, id_hex(&device, hex));
	assert_int_equal(sent.reports[3]->audit->action, CAREPACE__V1__AUDIT_ACTION__AUDIT_FORGET);
	assert_string_equal(sent.reports[3]->audit->object, "f/1");
	look_away(&sent);
	assert_int_equal(
	    db_value(&clinic->ledger->db, -1,
	        "SELECT count(*) FROM state WHERE instr(body, ?) > 0 OR instr(hex(body), ?) > 0",
	        "bt", slice_of(client.b, ID_BYTES), id_hex(&client, hex)),
	    0);
}

static void a_policy_says_which_one_it_replaces(void **state)
{
	struct clinic *clinic = open_clinic(state);
	uint8_t first[32];

	say(clinic, "2026-04-01 10:00 HQ tell model_profile model=7 kind=PEN min_days=30");
	struct sent sent = look(clinic, &in_bytes, OUTBOX_AUDIT);
	assert_int_equal(sent.count, 1);
	assert_int_equal(sent.reports[0]->audit->action, CAREPACE__V1__AUDIT_ACTION__AUDIT_PROFILE);
	assert_false(sent.reports[0]->audit->has_before_hash);
	assert_int_equal(sent.reports[0]->audit->after_hash.len, sizeof(first));
	memcpy(first, sent.reports[0]->audit->after_hash.data, sizeof(first));
	look_away(&sent);
	acknowledge(clinic, OUTBOX_AUDIT);

	say(clinic, "2026-04-02 10:00 HQ tell model_profile model=7 kind=PEN min_days=31");
	sent = look(clinic, &in_bytes, OUTBOX_AUDIT);
	assert_int_equal(sent.count, 1);
	assert_true(sent.reports[0]->audit->has_before_hash);
	assert_memory_equal(sent.reports[0]->audit->before_hash.data, first, sizeof(first));
	assert_memory_not_equal(sent.reports[0]->audit->after_hash.data, first, sizeof(first));
	look_away(&sent);
}

static void a_test_decides_nothing(void **state)
{
	struct clinic *clinic = open_clinic(state);

	say(clinic, "2026-04-01 10:00 P1 tell maint kind=QUARANTINE test");
	assert_int_equal(waiting(clinic, OUTBOX_AUDIT), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(its_health_is_told_each_morning),
	    LEDGER_TEST(what_was_given_up_is_told_with_it),
	    LEDGER_TEST(a_clock_in_doubt_is_told),
	    LEDGER_TEST(a_disk_that_fills_up_is_told_soon_and_paced),
	    LEDGER_TEST(who_decided_what_is_told_at_once),
	    LEDGER_TEST(what_was_done_to_devices_and_clients_is_told),
	    LEDGER_TEST(a_policy_says_which_one_it_replaces),
	    LEDGER_TEST(a_test_decides_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
