/* What of a day only the site as a whole has (domain section 6): cartridges billed, appointments
 * that nobody came to, what ends soon. By hand-computed numbers, told late as well. */
#include "days_bench.h"

/* --- cartridges ----------------------------------------------------------------------------- */

/* 1001 twice in one visit, 1002 only attached, 1003 on another device; billed: 1001 and 1002,
 * 1004 was taken back, 1005 is of the next day, 1006 of another clinic. */
static void cartridges_are_counted_once(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 start A c1");
	say(clinic, "+10s P1 attach A 1001");
	say(clinic, "+10s P1 sample A for 10");
	say(clinic, "+1m P1 end A ABORTED_CLIENT");
	say(clinic, "2026-04-01 10:30 P1 start B c1 continues A");
	say(clinic, "+10s P1 attach B 1001");
	say(clinic, "+10s P1 sample B for 10");
	say(clinic, "+1m P1 attach B 1002");
	say(clinic, "+1s P1 attach B 1001");
	say(clinic, "+1m P1 end B COMPLETED");
	say(clinic, "2026-04-01 11:00 P2 session C c2 cart 1003 operator o2");
	say(clinic, "2026-04-01 12:00 HQ tell billing_line line=1 local_date=2026-04-01"
	            " gtin=04012345678901 serial=1001");
	say(clinic, "2026-04-02 06:11 P1 hello");
	assert_day(clinic, "P1", "20260401", "consumables_used", 1);
	assert_day(clinic, "P2", "20260401", "consumables_used", 1);
	assert_day(clinic, "o2", "20260401", "consumables_used", 1);
	assert_day(clinic, "site", "20260401", "consumables_used", 2);
	assert_day(clinic, "site", "20260401", "consumables_billed", 1);
	assert_day(clinic, "P1", "20260401", "consumables_billed", -1);
	say(clinic, "2026-04-02 12:00 HQ tell billing_line line=2 local_date=2026-04-01"
	            " gtin=04012345678901 serial=1002");
	say(clinic, "+1m HQ tell billing_line line=3 local_date=2026-04-01"
	            " gtin=04012345678901 serial=1001");
	say(clinic, "+1m HQ tell billing_line line=4 local_date=2026-04-01"
	            " gtin=04012345678901 serial=1004");
	say(clinic, "+1m HQ tell billing_line line=5 local_date=2026-04-02"
	            " gtin=04012345678901 serial=1005");
	say(clinic, "+1m HQ tell billing_line line=6 local_date=2026-04-01"
	            " gtin=04012345678901 serial=1006 site=hamburg-2");
	say(clinic, "+11m P1 hello");
	assert_day(clinic, "site", "20260401", "consumables_billed", 3);
	say(clinic, "+1m HQ tell billing_line line=4 local_date=2026-04-01"
	            " gtin=04012345678901 serial=1004 credit=yes");
	say(clinic, "+11m P1 hello");
	assert_day(clinic, "site", "20260401", "consumables_billed", 2);
	verify(state);
}

/* Before the first line nobody knows. */
static void a_clinic_that_tells_no_bills_has_no_count_of_them(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-04-01 10:00 P1 session A c1");
	say(clinic, "2026-04-02 10:00 P1 session B c2");
	say(clinic, "2026-04-03 06:11 P1 hello");
	assert_day(clinic, "site", "20260401", "consumables_billed", -1);
	say(clinic, "2026-04-03 12:00 HQ tell billing_line line=1 local_date=2026-04-02"
	            " gtin=04012345678901 serial=1001 since 2026-04-02 08:00");
	say(clinic, "+11m P1 hello");
	assert_day(clinic, "site", "20260401", "consumables_billed", -1);
	assert_day(clinic, "site", "20260402", "consumables_billed", 1);
	verify(state);
}

/* --- appointments ---------------------------------------------------------------------------- */

#define BOOKED(number, client, from, to)                                                           \
	"HQ tell booking booking=" number " client=" client " start=" from " end=" to              \
	" state=BOOKED"

/* 1 is kept by who names it, 2 by who comes in its hour, 3 and 4 by nobody; 5 is cancelled
 * before, 6 too late; to 7 somebody comes an hour and a minute after its end. */
static void who_does_not_come_is_counted(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-03-20 10:00 P1 session Z c9");
	say(clinic, "2026-03-21 06:11 P1 hello");
	assert_day(clinic, "site", "20260320", "no_show", -1);
	say(clinic, "2026-03-31 10:00 " BOOKED("1", "c1", "2026-04-01T09:00", "2026-04-01T10:00"));
	say(clinic, "+1s " BOOKED("2", "c2", "2026-04-01T10:00", "2026-04-01T11:00"));
	say(clinic, "+1s " BOOKED("3", "c3", "2026-04-01T11:00", "2026-04-01T12:00"));
	say(clinic, "+1s " BOOKED("4", "c1", "2026-04-01T16:00", "2026-04-01T17:00"));
	say(clinic, "+1s " BOOKED("5", "c4", "2026-04-01T11:00", "2026-04-01T12:00"));
	say(clinic, "+1s " BOOKED("6", "c5", "2026-04-01T11:00", "2026-04-01T12:00"));
	say(clinic, "+1s " BOOKED("7", "c6", "2026-04-01T11:00", "2026-04-01T12:00"));
	say(clinic, "2026-04-01 06:00 P1 session A c1 booking 1");
	say(clinic, "2026-04-01 10:45 HQ tell booking booking=5 client=c4 start=2026-04-01T11:00"
	            " end=2026-04-01T12:00 state=CANCELLED");
	say(clinic, "2026-04-01 12:00 P1 session B c2");
	say(clinic, "2026-04-01 13:00:00.001 HQ tell booking booking=6 client=c5"
	            " start=2026-04-01T11:00 end=2026-04-01T12:00 state=CANCELLED");
	say(clinic, "2026-04-01 13:01 P1 session C c6 booking 7");
	say(clinic, "2026-04-02 06:11 P1 hello");
	assert_day(clinic, "site", "20260401", "no_show", 4);
	assert_day(clinic, "P1", "20260401", "no_show", -1);
	assert_day(clinic, "o1", "20260401", "no_show", -1);
	verify(state);
}

/* Exactly an hour after the end is in time, and 120 minutes from the beginning its hour. */
static void who_comes_in_the_last_moment_has_come(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-03-31 10:00 " BOOKED("1", "c1", "2026-04-01T09:00", "2026-04-01T10:00"));
	say(clinic, "+1s " BOOKED("2", "c2", "2026-04-01T12:00", "2026-04-01T14:00"));
	say(clinic, "+1s " BOOKED("3", "c3", "2026-04-01T16:00", "2026-04-01T19:00"));
	say(clinic, "2026-04-01 11:00 P1 session A c1");
	say(clinic, "2026-04-01 14:00 P1 session B c2");
	say(clinic, "2026-04-01 18:00 P1 hello");
	say(clinic, "2026-04-01 18:00:00.001 P1 start C c3");
	say(clinic, "+1m P1 end C COMPLETED");
	say(clinic, "2026-04-02 06:11 P1 hello");
	assert_day(clinic, "site", "20260401", "no_show", 1);
	verify(state);
}

/* The day has been told when devices come back with their sessions: the one of 00:30 is another
 * day's, the one of c3 comes a week early. */
static void who_came_is_known_later(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-03-20 10:00 " BOOKED("1", "c1", "2026-04-01T09:00", "2026-04-01T10:00"));
	say(clinic, "+1s " BOOKED("2", "c2", "2026-04-01T23:30", "2026-04-01T23:45"));
	say(clinic, "+1s " BOOKED("3", "c3", "2026-04-01T09:00", "2026-04-01T10:00"));
	say(clinic, "2026-03-25 08:00 P3 hello");
	say(clinic, "+0s P3 offline");
	say(clinic, "+1h P3 session C c3 booking 3");
	say(clinic, "2026-04-01 08:00 P1 hello");
	say(clinic, "+0s P1 offline");
	say(clinic, "+0s P2 hello");
	say(clinic, "+0s P2 offline");
	say(clinic, "+1h P1 session A c1");
	say(clinic, "2026-04-02 00:30 P2 session B c2");
	say(clinic, "2026-04-02 06:11 P4 hello");
	assert_day(clinic, "site", "20260401", "no_show", 3);
	say(clinic, "2026-04-02 12:00 P2 online");
	say(clinic, "+11m P4 hello");
	assert_day(clinic, "site", "20260401", "no_show", 2);
	say(clinic, "2026-04-02 13:00 P3 online");
	say(clinic, "+11m P4 hello");
	assert_day(clinic, "site", "20260401", "no_show", 1);
	say(clinic, "2026-04-02 14:00 P1 online");
	say(clinic, "+11m P4 hello");
	assert_day(clinic, "site", "20260401", "no_show", 0);
	say(clinic, "2026-04-02 15:00 HQ tell correction sid=A kind=VOID by=o1");
	say(clinic, "+11m P4 hello");
	assert_day(clinic, "site", "20260401", "no_show", 1);
	verify(state);
}

/* c1 is c2, who was there; who was forgotten before the hour was over is not asked after. */
static void clients_who_are_one_keep_one_anothers_appointments(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-03-31 10:00 " BOOKED("1", "c1", "2026-04-01T09:00", "2026-04-01T10:00"));
	say(clinic, "+1s " BOOKED("2", "c3", "2026-04-01T09:00", "2026-04-01T10:00"));
	say(clinic, "+1s " BOOKED("3", "c4", "2026-04-01T09:00", "2026-04-01T10:00"));
	say(clinic, "2026-04-01 09:00 P1 session A c2");
	say(clinic, "2026-04-01 11:00:00.001 HQ tell client_forget client=c4");
	say(clinic, "2026-04-02 06:11 P1 hello");
	assert_day(clinic, "site", "20260401", "no_show", 3);
	say(clinic,
	    "2026-04-02 10:00 HQ tell correction client=c1 new_client=c2 kind=MERGE_CLIENTS by=o1");
	say(clinic, "+1s HQ tell client_forget client=c3 since 2026-04-01 10:59");
	say(clinic, "+11m P1 hello");
	assert_day(clinic, "site", "20260401", "no_show", 1);
	verify(state);
}

/* --- what ends soon ----------------------------------------------------------------------------
 */

/* On 1 April: o1's ends on that day, o2's on 1 May, the 30th day; o3's a day later. o4 has
 * another that lasts, o5's was renewed that day. */
static void certificates_that_end_within_thirty_days_are_counted(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-03-01 10:00 HQ tell cert operator=o1 model=1 valid_through=2026-04-01");
	say(clinic, "+1s HQ tell cert operator=o2 model=1 valid_through=2026-05-01");
	say(clinic, "+1s HQ tell cert operator=o3 model=1 valid_through=2026-05-02");
	say(clinic, "+1s HQ tell cert operator=o4 model=1 valid_through=2026-04-10");
	say(clinic,
	    "+1s HQ tell cert operator=o4 model=1 model=2 valid_through=2027-04-10 key four");
	say(clinic, "+1s HQ tell cert operator=o5 model=1 valid_through=2026-04-10");
	say(clinic, "2026-04-01 10:00 P1 session A c1");
	say(clinic, "2026-04-01 23:59 HQ tell cert operator=o5 model=1 valid_through=2027-04-10");
	say(clinic, "2026-04-02 10:00 P1 session B c2");
	say(clinic, "2026-04-03 06:11 P1 hello");
	assert_day(clinic, "site", "20260401", "certs_expiring", 2);
	assert_day(clinic, "site", "20260402", "certs_expiring", 2);
	assert_day(clinic, "P1", "20260402", "certs_expiring", -1);
	say(clinic, "2026-04-03 10:00 HQ tell cert operator=o2 model=1 valid_through=2027-05-01"
	            " since 2026-04-02 12:00");
	say(clinic, "+11m P1 hello");
	assert_day(clinic, "site", "20260401", "certs_expiring", 2);
	assert_day(clinic, "site", "20260402", "certs_expiring", 1);
	verify(state);
}

/* On 1 April: 1001 expires on 31 May, the 60th day, 1002 with the month of May, 1003 in June,
 * 1004 yesterday; 1005 was used up. */
static void stock_that_expires_within_sixty_days_is_counted(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-03-01 10:00 P1 session Z c9");
	say(clinic, "2026-03-02 10:00 HQ tell cart_stock cart={gtin=04012345678901 serial=1001"
	            " expiry=2026-05-31}");
	say(clinic, "+1s HQ tell cart_stock cart={gtin=04012345678901 serial=1002 expiry=2026-05}");
	say(clinic,
	    "+1s HQ tell cart_stock cart={gtin=04012345678901 serial=1003 expiry=2026-06-01}");
	say(clinic,
	    "+1s HQ tell cart_stock cart={gtin=04012345678901 serial=1004 expiry=2026-03-31}");
	say(clinic,
	    "+1s HQ tell cart_stock cart={gtin=04012345678901 serial=1005 expiry=2026-05-31}");
	say(clinic, "+1s HQ tell cart_stock cart={gtin=04012345678901 serial=1006}");
	say(clinic, "2026-04-01 10:00 P1 session A c1");
	say(clinic, "2026-04-01 12:00 HQ tell cart_stock cart={gtin=04012345678901 serial=1005"
	            " expiry=2026-05-31} gone=yes");
	say(clinic, "2026-04-02 06:11 P1 hello");
	assert_day(clinic, "site", "20260301", "carts_expiring", -1);
	assert_day(clinic, "site", "20260401", "carts_expiring", 2);
	verify(state);
}

/* --- where clients stand -------------------------------------------------------------------------
 */

static uint32_t overdue_of(struct clinic *clinic, const char *date, int band)
{
	struct sent told = look(clinic, &in_bytes, OUTBOX_DAY);
	const Carepace__V1__AggDay *day = find(&told, "site", date)->agg_day;
	uint32_t clients = 0;

	for (size_t i = 0; i < day->n_overdue; i++)
		if ((int)day->overdue[i]->band == band)
			clients = day->overdue[i]->clients;
	look_away(&told);
	return clients;
}

/* 42 days after 10 January, on 21 February, nobody is late. c5 has two courses, c6 one that is
 * more than mild; c5 comes again on 1 March for one of them. */
static void clients_who_are_overdue_are_counted_by_band(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2020-01-01 00:00 HQ policy only INTERVAL_OVERDUE");
	say(clinic, "2026-01-09 12:00 HQ plan 5 c5 MILD 4");
	say(clinic, "+1s HQ plan 6 c5 MILD 4");
	say(clinic, "+1s HQ plan 7 c6 MOD_SEVERE 5");
	say(clinic, "2026-01-10 10:00 P1 session A c5 course 5");
	say(clinic, "2026-01-10 11:00 P1 session B c5 course 6");
	say(clinic, "2026-01-10 12:00 P1 session C c6 course 7");
	say(clinic, "2026-02-28 10:00 P1 session D c5 course 5");
	say(clinic, "2026-03-02 06:11 P1 hello");
	assert_day(clinic, "site", "20260221", "overdue_clients", 0);
	assert_day(clinic, "site", "20260222", "overdue_clients", 2);
	assert_int_equal(overdue_of(clinic, "20260222", CAREPACE__V1__BAND__BAND_MILD), 1);
	assert_int_equal(overdue_of(clinic, "20260222", CAREPACE__V1__BAND__BAND_MOD_SEVERE), 1);
	assert_int_equal(overdue_of(clinic, "20260222", CAREPACE__V1__BAND__BAND_TRANSFORM), 0);
	assert_day(clinic, "site", "20260301", "overdue_clients", 2);
	assert_day(clinic, "site", "20260301", "courses_started", -1);
	say(clinic, "2026-03-02 10:00 P1 session E c6 course 7");
	say(clinic, "2026-03-03 06:11 P1 hello");
	assert_day(clinic, "site", "20260302", "overdue_clients", 1);
	assert_int_equal(overdue_of(clinic, "20260302", CAREPACE__V1__BAND__BAND_MOD_SEVERE), 0);
}

/* Nine months after 10 January is 10 October. */
static void courses_count_nine_months_after_their_beginning(void **state)
{
	struct clinic *clinic = open_store(state, "1");

	say(clinic, "2020-01-01 00:00 HQ policy only COURSE_COMPLETE");
	say(clinic, "2026-01-09 12:00 HQ plan 5 c5 MILD 4");
	say(clinic, "+1s HQ plan 6 c6 SINGLE 1");
	say(clinic, "+1s HQ plan 7 c7 SINGLE 1");
	say(clinic, "2026-01-10 10:00 P1 session A c5 course 5");
	say(clinic, "2026-01-10 11:00 P1 session B c6 course 6");
	say(clinic, "2026-01-11 11:00 P1 session C c7 course 7");
	say(clinic, "2026-10-12 06:11 P1 hello");
	assert_day(clinic, "site", "20261009", "courses_started", 0);
	assert_day(clinic, "site", "20261010", "courses_started", 2);
	assert_day(clinic, "site", "20261010", "courses_completed", 1);
	assert_day(clinic, "site", "20261011", "courses_started", 3);
	assert_day(clinic, "site", "20261011", "courses_completed", 2);
	assert_day(clinic, "site", "20261011", "overdue_clients", -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(cartridges_are_counted_once),
	    LEDGER_TEST(a_clinic_that_tells_no_bills_has_no_count_of_them),
	    LEDGER_TEST(who_does_not_come_is_counted),
	    LEDGER_TEST(who_comes_in_the_last_moment_has_come),
	    LEDGER_TEST(who_came_is_known_later),
	    LEDGER_TEST(clients_who_are_one_keep_one_anothers_appointments),
	    LEDGER_TEST(certificates_that_end_within_thirty_days_are_counted),
	    LEDGER_TEST(clients_who_are_overdue_are_counted_by_band),
	    LEDGER_TEST(courses_count_nine_months_after_their_beginning),
	    LEDGER_TEST(stock_that_expires_within_sixty_days_is_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
