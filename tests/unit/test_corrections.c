/* R21: what people put right, and whom they want forgotten, in whatever order it comes (P4),
 * equals a recount (P3). */
#include "base/buf.h"
#include "care/alert.h"
#include "ledger/past/verify.h"
#include "ledger_bench.h"
#include "property/rng.h"

/* --- one world, many orders of arrival ------------------------------------------------- */

#define SEEDS 20
#define ORDERS 3
#define SESSIONS 6
#define CORRECTIONS 8
#define CLIENTS 4
#define NEWS (SESSIONS + CORRECTIONS)
#define LINE_BYTES 160
#define TRUTH_BYTES_MAX (1U << 20)

struct world {
	char sessions[SESSIONS][LINE_BYTES]; /* by time, each on a device of its own */
	char news[NEWS][LINE_BYTES];         /* in any order */
};

static void draw_session(struct rng *rng, size_t i, char out[LINE_BYTES])
{
	static const char *const ends[] = {"lasting 20m", "lasting 20m", "lasting 5m ends FAULT"};
	int day = 1 + (int)(i * 4) + (int)rng_below(rng, 4);

	snprintf(out, LINE_BYTES, "2026-03-%02d 10:%02d P%u session %c c%u cart 100%u course 1 %s",
	    day, (int)i, (unsigned)i + 1, 'A' + (int)i, 1 + (unsigned)rng_below(rng, CLIENTS),
	    (unsigned)rng_below(rng, 3), RNG_PICK(rng, ends));
}

/* Half of them about one of two sessions, so that they meet; merges make chains and rings. */
static void draw_correction(struct rng *rng, size_t i, char out[LINE_BYTES])
{
	char what[80];
	char since[40];
	char sid = (char)('A' + (rng_percent(rng, 50) ? rng_below(rng, 2) : rng_below(rng, 6)));
	unsigned from = 1 + (unsigned)rng_below(rng, CLIENTS);
	unsigned to = 1 + (unsigned)rng_below(rng, CLIENTS);

	snprintf(since, sizeof(since), "since 2026-03-%02d 12:%02d", 1 + (int)rng_below(rng, 28),
	    (int)i);
	switch (rng_below(rng, 9)) {
	case 8:
		snprintf(out, LINE_BYTES, "+1m HQ tell client_forget client=c%u %s", from, since);
		return;
	case 0:
		snprintf(what, sizeof(what), "sid=%c kind=VOID", sid);
		break;
	case 1:
		snprintf(what, sizeof(what), "sid=%c kind=COUNT_OVERRIDE", sid);
		break;
	case 2:
	case 3:
	case 4:
		snprintf(what, sizeof(what), "sid=%c kind=REASSIGN_CLIENT new_client=c%u", sid, to);
		break;
	default:
		snprintf(
		    what, sizeof(what), "kind=MERGE_CLIENTS client=c%u new_client=c%u", from, to);
		break;
	}
	snprintf(out, LINE_BYTES, "+1m HQ tell correction %s by=o1 %s", what, since);
}

static void draw(struct world *world, uint64_t seed)
{
	struct rng rng = {.state = seed};

	for (size_t i = 0; i < SESSIONS; i++) {
		draw_session(&rng, i, world->sessions[i]);
		snprintf(world->news[i], LINE_BYTES, "+1m P%u online", (unsigned)i + 1);
	}
	for (size_t i = 0; i < CORRECTIONS; i++)
		draw_correction(&rng, i, world->news[SESSIONS + i]);
}

static void set_up_clinic(struct clinic *clinic)
{
	static const char *const lines[] = {
	    "2026-02-01 12:00 HQ plan 1 c1 MILD 4",
	    "+0s HQ client c2 flag PREGNANT_NURSING:YES",
	    "+0s HQ client c3",
	    "+0s HQ tell booking booking=1 client=c4 start_ts=2026-03-31T10:00"
	    " end_ts=2026-03-31T11:00 site=ber zones=CHEEK state=BOOKED",
	};

	for (size_t i = 0; i < CP_COUNT(lines); i++)
		say(clinic, lines[i]);
}

static void add_line(void *ctx, const char *line)
{
	struct buf *truth = ctx;

	assert_int_equal(buf_append(truth, line, strlen(line)), CP_OK);
	assert_int_equal(buf_append(truth, "\n", 1), CP_OK);
}

static void must_equal_recount(struct clinic *clinic, const char *path)
{
	struct policy policy = policy_default(&clinic->zone);
	struct verify_result result;
	char why[256];

	assert_int_equal(verify_store(path, &policy, NULL, NULL, &result, why), CP_OK);
	assert_int_equal(result.differences, 0);
	assert_true(result.findings > 0);
}

static void live(const struct world *world, struct rng *rng, bool is_in_order, struct buf *truth)
{
	size_t order[NEWS];
	void *state;

	assert_int_equal(bench_set_up(&state), 0);
	struct clinic *clinic = open_store(&state, "1");
	set_up_clinic(clinic);
	for (size_t i = 0; i < SESSIONS; i++) {
		char line[LINE_BYTES];
		snprintf(line, sizeof(line), "+0s P%u offline", (unsigned)i + 1);
		say(clinic, line);
	}
	for (size_t i = 0; i < SESSIONS; i++)
		say(clinic, world->sessions[i]);
	for (size_t i = 0; i < NEWS; i++) {
		size_t k = is_in_order ? i : rng_below(rng, i + 1);
		order[i] = order[k];
		order[k] = i;
	}
	say(clinic, "2026-04-20 10:00 T1 hello");
	for (size_t i = 0; i < NEWS; i++)
		say(clinic, world->news[order[i]]);
	say(clinic, "2026-04-28 10:00 T1 hello");
	truth_lines(&clinic->ledger->db, add_line, truth);
	must_equal_recount(clinic, bench_of(&state)->path);
	bench_tear_down(&state);
}

static void any_order_of_arrival_gives_one_truth(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct world world;
		struct rng rng = {.state = seed * 977};
		struct buf first;
		draw(&world, seed);
		buf_init(&first, TRUTH_BYTES_MAX);
		live(&world, &rng, true, &first);
		for (size_t i = 1; i < ORDERS; i++) {
			struct buf other;
			buf_init(&other, TRUTH_BYTES_MAX);
			live(&world, &rng, false, &other);
			if (!slice_eq(buf_bytes(&first), buf_bytes(&other)))
				fail_msg("seed %u:\n%.*s\n%.*s", (unsigned)seed,
				    (int)buf_bytes(&first).len, (const char *)buf_bytes(&first).p,
				    (int)buf_bytes(&other).len, (const char *)buf_bytes(&other).p);
			buf_deinit(&other);
		}
		buf_deinit(&first);
	}
}

/* --- head office's word on an alert that is still to come ------------------------------- */

static void head_office_acknowledges_before_there_is_an_alert(void **state)
{
	static const char lines[][LINE_BYTES] = {
	    "2026-03-02 10:00 P1 session A c1",
	    "2026-03-20 10:00 P1 session B c1",
	};
	struct clinic *clinic = open_in_memory(state);
	char hex[ID_HEX_LEN + 1];
	char line[LINE_BYTES];
	struct id id;

	/* Names are the same in every story. */
	only_first_checks(clinic);
	say(clinic, lines[0]);
	say(clinic, lines[1]);
	struct db_rows rows = db_query(&clinic->ledger->db, "SELECT id FROM alert", "");
	assert_true(db_next(&rows));
	assert_true(id_from_bytes(&id, db_blob(&rows, 0)));
	db_end(&rows);
	close_store(state);

	clinic = open_in_memory(state);
	only_first_checks(clinic);
	say(clinic, lines[0]);
	snprintf(line, sizeof(line), "+1h HQ tell alert_ack alert_id=#%s by=o1", id_hex(&id, hex));
	say(clinic, line);
	assert_int_equal(count(clinic, "SELECT count(*) FROM alert"), 0);
	say(clinic, lines[1]);
	assert_int_equal(count(clinic, "SELECT state FROM alert"), ALERT_CLEARED);
	assert_true(count(clinic, "SELECT ack_by FROM alert") > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(any_order_of_arrival_gives_one_truth),
	    LEDGER_TEST(head_office_acknowledges_before_there_is_an_alert),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
