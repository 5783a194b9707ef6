/* P4: a case of an adverse event is the same in whatever order its messages, its session and the
 * one before that arrive. */
#include "ledger_bench.h"

#include "ledger/past/verify.h"
#include "permute.h"

#define LATE 4 /* who is heard in any order */

static void keep_line(void *ctx, const char *line)
{
	char *text = ctx;
	size_t len = strlen(text);

	/* Not the sessions: the visit of a session is judged with its client's. */
	if (strncmp(line, "finding", 7) == 0)
		snprintf(text + len, 8192 - len, "%s\n", line);
}

/* Each speaks at its own time and is heard when `order` says; `out` is the truth. */
static void tell_in_order(const size_t order[LATE], char out[8192])
{
	static const char *const who[] = {"P1", "P2", "T1", "T2"};
	static const char *const said[] = {"2026-03-02 10:00 P1 session A c1 cart 1:L7:2027-01",
	    "2026-03-20 10:00 P2 session B c1 cart 2:L7:2027-01",
	    "2026-03-22 10:00 T1 tell ae_report ae=X1 sid=B code=REDNESS serious=SERIOUS",
	    "2026-03-22 11:00 T2 tell ae_update ae=X1 code=INFECTION state=RESOLVED"};
	struct clinic clinic;
	char line[64];

	clinic_open(&clinic, "Europe/Berlin");
	say(&clinic,
	    "2026-03-01 09:00 HQ policy only INTERVAL_TOO_SOON, AE_RECORDED, AE_PERSISTENT, "
	    "AE_ESCALATE, AE_URGENT, AE_SERIOUS, AE_AFTER_TOO_SOON, AE_CLUSTER, "
	    "AE_REPORT_DUE, AE_REPORT_OVERDUE");
	say(&clinic, "2026-03-02 09:00 HQ tell clinic_role mdr_role=EU_CLINIC");
	/* Seen live once, so that the way to the gateway does not date what they say (R18). */
	for (size_t i = 0; i < LATE; i++) {
		snprintf(line, sizeof(line), "+1s %s hello", who[i]);
		say(&clinic, line);
		snprintf(line, sizeof(line), "+1s %s slow", who[i]);
		say(&clinic, line);
	}
	say(&clinic, "+1s T4 tell ae_report ae=X2 sid=A code=BURN");
	say(&clinic, "+1s T4 tell ae_report ae=X3 sid=B code=BURN");
	for (size_t i = 0; i < LATE; i++)
		say(&clinic, said[i]);
	for (size_t i = 0; i < LATE; i++) {
		snprintf(line, sizeof(line), "+1h %s online", who[order[i]]);
		say(&clinic, line);
	}
	out[0] = '\0';
	truth_lines(&clinic.ledger->db, keep_line, out);
	clinic_close(&clinic);
}

static void any_order_gives_the_same_case(void **state)
{
	size_t order[] = {0, 1, 2, 3};
	char expected[8192];
	char truth[8192];

	(void)state;
	tell_in_order(order, expected);
	assert_non_null(strstr(expected, "finding 606 ")); /* AE_AFTER_TOO_SOON */
	assert_non_null(strstr(expected, "finding 607 ")); /* AE_CLUSTER, of the lot */
	while (permute(order, LATE)) {
		tell_in_order(order, truth);
		assert_string_equal(truth, expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_order_gives_the_same_case),
	};

	return cmocka_run_group_tests_name("cases", tests, NULL, NULL);
}
