/* From when on a client may be treated again: what is told at the end of a session is what the
 * next one is judged by, and no row for devices holds a token. Which sessions tell it:
 * tests/scenarios/next_allowed.txt. */
#include "ledger_bench.h"

#include "care/time/civil.h"

/* --- told and judged alike ------------------------------------------------------------------- */

#define WORLDS 16
#define SESSIONS_MAX 6
#define LINES_MAX (SESSIONS_MAX + 3)

/* Lines of a story; the last session's end tells the dates. */
struct world {
	char lines[LINES_MAX][160];
	size_t count;
};

static uint32_t next_random(uint32_t *state, uint32_t below)
{
	*state = *state * 1664525 + 1013904223;
	return (*state >> 8) % below;
}

static void add_line(struct world *world, const char *format, ...) CP_PRINTF(2, 3);
static void add_line(struct world *world, const char *format, ...)
{
	va_list args;

	assert_true(world->count < LINES_MAX);
	va_start(args, format);
	vsnprintf(world->lines[world->count++], sizeof(world->lines[0]), format, args);
	va_end(args);
}

static const char *const zone_names[] = {"CHEEK", "NECK", "CHEEK+NECK", "NOSE+NECK", "UNKNOWN"};

/* Pens, stamps and consoles with gaps of their own, now and then a plan with a longer one. */
static struct world make_world(uint32_t seed)
{
	static const char devices[] = "PSR";
	struct world world = {0};
	uint32_t state = seed;
	int32_t day = civil_from_ymd(2026, 1, 5);

	add_line(&world,
	    "2020-01-01 00:00 HQ policy only INTERVAL_TOO_SOON setting"
	    " INTERVAL_TOO_SOON:min_days:%u:STAMP setting INTERVAL_TOO_SOON:min_days:%u:RF",
	    10 + next_random(&state, 50), 1 + next_random(&state, 40));
	add_line(&world, "2026-01-01 00:00 HQ plan 7 c1 MILD 4 min %u",
	    next_random(&state, 2) ? 28 + next_random(&state, 20) : 28);
	size_t sessions = 1 + next_random(&state, SESSIONS_MAX);
	for (size_t i = 0; i < sessions; i++) {
		struct civil_ymd ymd = civil_to_ymd(day);
		add_line(&world, "%04d-%02d-%02d 12:00 %c1 session S%zu c1 %s%s", ymd.year,
		    ymd.month, ymd.day, devices[next_random(&state, 3)], i,
		    zone_names[next_random(&state, CP_COUNT(zone_names))],
		    next_random(&state, 2) ? " course 7" : "");
		day += 1 + (int32_t)next_random(&state, 40);
	}
	return world;
}

static struct clinic *play(void **state, const struct world *world)
{
	struct clinic *clinic = open_in_memory(state);

	clinic->hears_dates = true;
	for (size_t i = 0; i < world->count; i++) {
		clinic_listen(clinic);
		say(clinic, world->lines[i]);
	}
	return clinic;
}

struct told_date {
	char zones[80];
	int32_t day;
};

/* What was said last. */
static size_t dates_of(const char *said, struct told_date out[8])
{
	static const char words[] = "tablets show next allowed c1 ";
	size_t count = 0;

	for (const char *at = said; (at = strstr(at, words)); count++) {
		int year;
		int month;
		int day;
		at += strlen(words);
		assert_int_equal(
		    sscanf(at, "%d-%d-%d %79[A-Z_+]", &year, &month, &day, out[count].zones), 4);
		out[count].day = civil_from_ymd(year, month, day);
	}
	return count;
}

/* The day from which a start of these zones would be allowed; 0: it is. */
static int64_t earliest_of_start(
    void **state, const struct world *world, const struct told_date *told, int32_t day)
{
	struct civil_ymd ymd = civil_to_ymd(day);
	struct clinic *clinic = play(state, world);
	char line[200];

	snprintf(line, sizeof(line), "%04d-%02d-%02d 13:00 P1 start X c1 %s%s", ymd.year, ymd.month,
	    ymd.day, told->zones,
	    strstr(world->lines[world->count - 1], " course 7") ? " course 7" : "");
	say(clinic, line);
	int64_t earliest = db_value(&clinic->ledger->db, 0,
	    "SELECT a.earliest_day FROM alert a JOIN session s ON s.no = a.session WHERE s.sid = ?",
	    "b", slice_of(id_named(ID_SESSION, "X").b, ID_BYTES));
	close_store(state);
	return earliest;
}

static void what_is_told_is_what_is_judged(void **state)
{
	size_t compared = 0;

	for (uint32_t seed = 1; seed <= WORLDS; seed++) {
		struct world world = make_world(seed);
		struct told_date dates[8];
		struct clinic *clinic = play(state, &world);
		int32_t today = zone_day(&clinic->zone, clinic->now);
		size_t count = dates_of(clinic->said, dates);
		close_store(state);
		if (count == 0)
			fail_msg("seed %u: nothing was told", seed);
		for (size_t i = 0; i < count; i++) {
			if (dates[i].day <= today)
				continue;
			compared++;
			if (earliest_of_start(state, &world, &dates[i], dates[i].day - 1) !=
			        dates[i].day ||
			    earliest_of_start(state, &world, &dates[i], dates[i].day) != 0)
				fail_msg("seed %u: %s is told another day than is judged", seed,
				    dates[i].zones);
		}
	}
	assert_true(compared > WORLDS / 2);
}

/* --- rows ----------------------------------------------------------------------------------------
 */

struct found {
	size_t count;
	struct id token; /* of the last one */
};

static void take_down(void *ctx, const struct batch_down *down)
{
	struct found *found = ctx;
	Carepace__V1__Down *message =
	    carepace__v1__down__unpack(NULL, down->payload.len, down->payload.p);

	assert_non_null(message);
	assert_int_equal(message->body_case, CAREPACE__V1__DOWN__BODY_SHOW_NEXT_ALLOWED);
	const ProtobufCBinaryData *token = &message->show_next_allowed->client_token;
	assert_true(id_from_bytes(&found->token, slice_of(token->data, token->len)));
	found->count++;
	carepace__v1__down__free_unpacked(message, NULL);
}

static struct found waiting(struct clinic *clinic)
{
	struct found found = {0};

	assert_int_equal(ledger_each_down(clinic->ledger, take_down, &found), CP_OK);
	return found;
}

static void a_row_has_no_token_and_its_message_has(void **state)
{
	struct id token = id_named(ID_CLIENT, "c1");
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-03-02 10:00 P1 session A c1");
	assert_int_equal(db_value(&clinic->ledger->db, -1,
	                     "SELECT count(*) FROM down WHERE instr(payload, ?) = 0", "b",
	                     slice_of(token.b, ID_BYTES)),
	    1);
	clinic = reopen_store(state, "1");
	struct found found = waiting(clinic);
	assert_int_equal(found.count, 1);
	assert_true(id_eq(&found.token, &token));

	say(clinic, "2026-03-02 12:00 HQ tell client_forget client=c1");
	assert_int_equal(clinic->batch->down_count, 1);
	assert_int_equal(clinic->batch->downs[0].payload.len, 0);
	assert_int_equal(clinic->batch->downs[0].n, 1);
	assert_int_equal(waiting(clinic).count, 0);
	assert_int_equal(count(clinic, "SELECT count(*) FROM down"), 0);
}

/* Others keep theirs. */
static void who_is_forgotten_takes_no_message_of_others(void **state)
{
	struct id token = id_named(ID_CLIENT, "c2");
	struct clinic *clinic = open_store(state, "1");

	only_first_checks(clinic);
	say(clinic, "2026-03-02 10:00 P1 session A c1");
	say(clinic, "2026-03-02 11:00 P1 session B c2");
	say(clinic, "2026-03-02 12:00 HQ tell client_forget client=c1");
	struct found found = waiting(clinic);
	assert_int_equal(found.count, 1);
	assert_true(id_eq(&found.token, &token));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(what_is_told_is_what_is_judged),
	    LEDGER_TEST(a_row_has_no_token_and_its_message_has),
	    LEDGER_TEST(who_is_forgotten_takes_no_message_of_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
