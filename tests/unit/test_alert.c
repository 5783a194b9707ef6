/* The life of an alert (R9, R17, R20) and what a verdict is made of (R19). */
#include "care/alert.h"
#include "care/verdict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "permute.h"

/* --- the life of an alert (R9, R17, R20) ------------------------------------------- */

static const struct finding latched = {.check = CHECK_CART_REUSE,
    .subject = "s",
    .onset = "o",
    .from = 1000,
    .until = TIME_NEVER,
    .is_latched = true,
    .severity = SEVERITY_MEDIUM};

/* One letter a step, and the state after it:
 *   a ack, o override, u until 2000 (over), n until never (holds),
 *   + - severity up, down, x not in the timeline, = in the timeline again, unchanged,
 *   l no longer latched. */
static enum alert_state step(struct alert *alert, struct finding *finding, char letter)
{
	const struct alert_answer answer = {.at = 3000, .by = 7, .reason = 1};
	enum alert_state before = alert->state;
	uint64_t revision = alert->revision;
	bool is_changed = false;

	if (letter == 'u' || letter == 'n')
		finding->until = letter == 'u' ? 2000 : TIME_NEVER;
	else if (letter == '+')
		finding->severity++;
	else if (letter == '-')
		finding->severity--;
	else if (letter == 'l')
		finding->is_latched = false;
	if (letter == 'a')
		is_changed = alert_ack(alert, &answer, 3000);
	else if (letter == 'o')
		is_changed = alert_override(alert, &answer, 3000);
	else if (letter == 'x')
		is_changed = alert_retract(alert, 3000);
	else
		is_changed = alert_amend(alert, finding, 3000);

	assert_int_equal(alert->revision, revision + is_changed);
	if (!is_changed)
		assert_int_equal(alert->state, before);
	bool is_closed = alert->state == ALERT_CLEARED || alert->state == ALERT_RETRACTED;
	assert_int_equal(alert->cleared_at != 0, is_closed);
	return alert->state;
}

/* R raised, A acked, C cleared, O overridden, X retracted. */
static void live_through(struct finding finding, const char *steps, const char *states)
{
	static const char letters[] = " RACOX";
	struct alert alert = alert_raise(&finding, 1000);

	assert_int_equal(strlen(steps) + 1, strlen(states));
	assert_int_equal(letters[alert.state], states[0]);
	for (size_t i = 0; steps[i]; i++) {
		char state = letters[step(&alert, &finding, steps[i])];
		if (state != states[i + 1])
			print_error(
			    "%s: after step %zu %c, not %c\n", steps, i + 1, state, states[i + 1]);
		assert_int_equal(state, states[i + 1]);
	}
}

static void latched_alerts_live_so(void **state)
{
	static const struct {
		const char *steps;
		const char *states;
	} lives[] = {
	    {"=", "RR"},         /* nothing new */
	    {"uu", "RRR"},       /* over, nobody has seen it */
	    {"au", "RAC"},       /* seen, then over */
	    {"ua", "RRC"},       /* over, then seen */
	    {"auna", "RACAA"},   /* holds again: what was seen covers it */
	    {"aa", "RAA"},       /* once is enough */
	    {"a+a", "RARA"},     /* a rise opens it again */
	    {"ua+a", "RRCRC"},   /* also when it was closed */
	    {"a-", "RAA"},       /* a fall does not */
	    {"a-+", "RAAA"},     /* nor the way back to what was seen */
	    {"o", "RO"},         /* overridden */
	    {"oo", "ROO"},       /* once */
	    {"o+", "ROR"},       /* covers no more than it was given for */
	    {"o+o", "RORO"},     /* (HIGH may be) */
	    {"o++o", "RORRR"},   /* CRITICAL may not */
	    {"++o", "RRRR"},     /* never */
	    {"++o--", "RRRRRR"}, /* and leaves nothing behind */
	    {"o++--", "RORRRO"}, /* back at what it was given for */
	    {"oa", "ROO"},       /* seen too */
	    {"oau", "ROOC"},     /* then over */
	    {"ou", "ROO"},       /* over, but latched: it wants an ack */
	    {"oua", "ROOC"},     /* which it gets */
	    {"ul", "RRC"},       /* replaced before any exposure: live after all */
	    {"x", "RX"},         /* never was */
	    {"xx", "RXX"},       /* still never was */
	    {"x=", "RXR"},       /* was after all */
	    {"xa", "RXX"},       /* nobody sees what is not */
	    {"xo", "RXX"},       /* nor overrides it */
	    {"ax=", "RAXA"},     /* and is known already */
	    {"ox=", "ROXO"},     /* or overridden */
	    {"aux=", "RACXC"},   /* or closed */
	};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(lives); i++)
		live_through(latched, lives[i].steps, lives[i].states);
}

static void live_alerts_live_so(void **state)
{
	static const struct {
		const char *steps;
		const char *states;
	} lives[] = {
	    {"u", "RC"},       /* the condition goes, acked or not */
	    {"au", "RAC"},     /* */
	    {"un", "RCR"},     /* and comes back as the same alert */
	    {"aun", "RACA"},   /* which was seen */
	    {"au+n", "RACCR"}, /* but not as bad as this */
	    {"ou", "ROC"},     /* */
	    {"ux", "RCX"},     /* */
	    {"ux=", "RCXC"},   /* */
	};
	struct finding live = latched;

	(void)state;
	live.is_latched = false;
	for (size_t i = 0; i < CP_COUNT(lives); i++)
		live_through(live, lives[i].steps, lives[i].states);
}

static void a_late_alert_says_so(void **state)
{
	struct finding finding = latched;

	(void)state;
	assert_false(alert_raise(&finding, finding.from).is_late);
	assert_false(alert_raise(&finding, finding.from + 300000).is_late);
	assert_true(alert_raise(&finding, finding.from + 300001).is_late);
	finding.check = CHECK_INTERVAL_OVERDUE; /* not the T checks (R11) */
	assert_false(alert_raise(&finding, finding.from + 300001).is_late);
}

static void what_was_observed_is_written_once(void **state)
{
	struct finding finding = latched;
	struct alert alert = alert_raise(&finding, 1000);

	(void)state;
	finding.value = 12;
	assert_true(alert_amend(&alert, &finding, 900000));
	assert_true(alert_retract(&alert, 900001));
	assert_true(alert_amend(&alert, &finding, 900002));
	assert_int_equal(alert.raised_at, 1000);
	assert_false(alert.is_late);
	assert_int_equal(alert.finding.value, 12);
	assert_int_equal(alert.revision, 4);
}

static void every_field_of_a_finding_amends(void **state)
{
	struct finding changed[] = {latched, latched, latched, latched, latched, latched, latched,
	    latched, latched, latched, latched, latched, latched};
	struct alert alert = alert_raise(&latched, 1000);

	(void)state;
	changed[0].from++;
	changed[1].until = 5000;
	changed[2].is_latched = false;
	changed[3].severity++;
	changed[4].value++;
	changed[5].limit++;
	changed[6].effective_day++;
	changed[7].session++;
	changed[8].client++;
	changed[9].course++;
	changed[10].zones++;
	changed[11].earliest_day++;
	changed[12].related[0].b[0] = 5;
	changed[12].related_count = 1;
	for (size_t i = 0; i < CP_COUNT(changed); i++) {
		struct alert copy = alert;
		assert_true(alert_amend(&copy, &changed[i], 2000));
		assert_int_equal(copy.revision, alert.revision + 1);
		assert_false(alert_amend(&copy, &changed[i], 3000));
	}
}

/* R9: the id is the first 16 bytes of SHA-256 over "INTERVAL_TOO_SOON|subject|onset". */
static void an_id_is_the_hash_of_the_key(void **state)
{
	struct id id = finding_id(CHECK_INTERVAL_TOO_SOON, "subject", "onset");
	char hex[ID_HEX_LEN + 1];

	(void)state;
	assert_string_equal(id_hex(&id, hex), "0584807579c64ccf4c78508c93f01b2b");
}

/* --- verdicts (R19) -------------------------------------------------------------- */

static struct alert alert_of(enum check check, enum severity severity, const char *onset)
{
	struct finding finding = latched;

	finding.check = check;
	finding.severity = severity;
	finding.onset = onset;
	return alert_raise(&finding, 1000);
}

static void nothing_permits(void **state)
{
	(void)state;
	struct verdict verdict = verdict_of(NULL, 0);

	assert_int_equal(verdict.decision, DECISION_PERMIT);
	assert_int_equal(verdict.item_count, 0);
}

static void severity_decides(void **state)
{
	static const enum decision decisions[] = {[SEVERITY_INFO] = DECISION_PERMIT,
	    [SEVERITY_LOW] = DECISION_ADVISE, /* Who includes OP */
	    [SEVERITY_MEDIUM] = DECISION_ADVISE,
	    [SEVERITY_HIGH] = DECISION_REQUIRE_OVERRIDE,
	    [SEVERITY_CRITICAL] = DECISION_DENY};

	(void)state;
	for (enum severity s = SEVERITY_INFO; s <= SEVERITY_CRITICAL; s++) {
		struct alert alert = alert_of(CHECK_CART_REUSE, s, "o");
		assert_int_equal(verdict_of(&alert, 1).decision, decisions[s]);
	}
}

static void the_worst_comes_first_in_any_order(void **state)
{
	const struct alert alerts[] = {alert_of(CHECK_CART_REUSE, SEVERITY_CRITICAL, "a"),
	    alert_of(CHECK_CART_REUSE, SEVERITY_HIGH, "b"),
	    alert_of(CHECK_INTERVAL_TOO_SOON, SEVERITY_HIGH, ""),
	    alert_of(CHECK_CART_REUSE, SEVERITY_MEDIUM, "c"),
	    alert_of(CHECK_INTERVAL_TOO_SOON, SEVERITY_MEDIUM, "d")};
	size_t order[CP_COUNT(alerts)] = {0, 1, 2, 3, 4};
	struct id first[CP_COUNT(alerts)] = {0};

	(void)state;
	do {
		struct alert shuffled[CP_COUNT(alerts)];
		for (size_t i = 0; i < CP_COUNT(alerts); i++)
			shuffled[i] = alerts[order[i]];
		struct verdict verdict = verdict_of(shuffled, CP_COUNT(shuffled));
		assert_int_equal(verdict.decision, DECISION_DENY);
		assert_int_equal(verdict.item_count, CP_COUNT(alerts));
		for (size_t i = 0; i < CP_COUNT(alerts); i++) {
			if (i > 0)
				assert_true(verdict.items[i - 1]->finding.severity >=
				            verdict.items[i]->finding.severity);
			if (id_is_zero(&first[i]))
				first[i] = verdict.items[i]->id;
			assert_true(id_eq(&first[i], &verdict.items[i]->id));
		}
	} while (permute(order, CP_COUNT(order)));
}

static void only_sixteen_items_fit_and_they_are_the_worst(void **state)
{
	struct alert alerts[40];
	char names[40][4];

	(void)state;
	for (size_t i = 0; i < CP_COUNT(alerts); i++) {
		snprintf(names[i], sizeof(names[i]), "%zu", i);
		alerts[i] =
		    alert_of(CHECK_CART_REUSE, i < 24 ? SEVERITY_MEDIUM : SEVERITY_HIGH, names[i]);
	}
	struct verdict verdict = verdict_of(alerts, CP_COUNT(alerts));
	assert_int_equal(verdict.item_count, VERDICT_ITEMS_MAX);
	for (size_t i = 0; i < VERDICT_ITEMS_MAX; i++)
		assert_int_equal(verdict.items[i]->finding.severity, SEVERITY_HIGH);
}

static void what_does_not_stand_does_not_count(void **state)
{
	const struct alert_answer answer = {.at = 2000};
	struct alert alerts[4];

	(void)state;
	alerts[0] = alert_of(CHECK_AE_CLUSTER, SEVERITY_HIGH, "l"); /* of a lot: no start check */
	alerts[1] = alert_of(CHECK_INTERVAL_TOO_SOON, SEVERITY_HIGH, "r");
	alert_retract(&alerts[1], 2000);
	alerts[2] = alert_of(CHECK_CART_REUSE, SEVERITY_CRITICAL, "c"); /* replaced in time */
	alerts[2].finding.is_latched = false;
	alerts[2].finding.until = 1500;
	assert_int_equal(verdict_of(alerts, 3).decision, DECISION_PERMIT);
	assert_int_equal(verdict_of(alerts, 3).item_count, 0);

	/* "Seen" lifts nothing, an override does and stays on the list (R17). */
	alerts[3] = alert_of(CHECK_INTERVAL_TOO_SOON, SEVERITY_HIGH, "");
	alert_ack(&alerts[3], &answer, 2000);
	assert_int_equal(verdict_of(alerts, 4).decision, DECISION_REQUIRE_OVERRIDE);
	alert_override(&alerts[3], &answer, 2000);
	assert_int_equal(verdict_of(alerts, 4).decision, DECISION_PERMIT);
	assert_int_equal(verdict_of(alerts, 4).item_count, 1);
}

/* R19: open about the device counts, about a course is cited only. */
static void what_stands_around_the_session(void **state)
{
	const struct alert_answer answer = {.at = 2000};
	struct alert alerts[2];
	struct finding over;

	(void)state;
	alerts[0] = alert_of(CHECK_INTERVAL_OVERDUE, SEVERITY_MEDIUM, "c");
	alerts[0].finding.until = TIME_NEVER;
	struct verdict verdict = verdict_of(alerts, 1);
	assert_int_equal(verdict.decision, DECISION_PERMIT);
	assert_int_equal(verdict.item_count, 1);

	alerts[1] = alert_of(CHECK_CALIB_FAIL, SEVERITY_HIGH, "d");
	alerts[1].finding.until = TIME_NEVER;
	verdict = verdict_of(alerts, 2);
	assert_int_equal(verdict.decision, DECISION_REQUIRE_OVERRIDE);
	assert_int_equal(verdict.item_count, 2);
	alert_ack(&alerts[1], &answer, 2000);
	assert_int_equal(verdict_of(alerts, 2).decision, DECISION_REQUIRE_OVERRIDE);

	/* What another session found about the device, this one finds itself. */
	alerts[1].finding.session = 7;
	alerts[1].finding.check = CHECK_DUPLICATE_CONFLICT;
	assert_int_equal(verdict_of(alerts, 2).decision, DECISION_PERMIT);
	alerts[1].finding.session = 0;
	assert_int_equal(verdict_of(alerts, 2).decision, DECISION_REQUIRE_OVERRIDE);
	for (size_t i = 0; i < CP_COUNT(alerts); i++) {
		over = alerts[i].finding;
		over.is_latched = false;
		over.until = 3000;
		alert_amend(&alerts[i], &over, 3000);
	}
	assert_int_equal(verdict_of(alerts, 2).decision, DECISION_PERMIT);
	assert_int_equal(verdict_of(alerts, 2).item_count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(latched_alerts_live_so),
	    cmocka_unit_test(live_alerts_live_so),
	    cmocka_unit_test(a_late_alert_says_so),
	    cmocka_unit_test(what_was_observed_is_written_once),
	    cmocka_unit_test(every_field_of_a_finding_amends),
	    cmocka_unit_test(an_id_is_the_hash_of_the_key),
	    cmocka_unit_test(nothing_permits),
	    cmocka_unit_test(severity_decides),
	    cmocka_unit_test(the_worst_comes_first_in_any_order),
	    cmocka_unit_test(only_sixteen_items_fit_and_they_are_the_worst),
	    cmocka_unit_test(what_does_not_stand_does_not_count),
	    cmocka_unit_test(what_stands_around_the_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
