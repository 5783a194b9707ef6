/* The fold of a session's stream: whatever the order of arrival, the copies, the splits
 * and the restarts, it is the fold of all messages by their names (P3, P4). */
#include "ledger_bench.h"

#include "care/stream/guard.h"
#include "ledger/past/verify.h"
#include "property/rng.h"

#define SEEDS 3000
#define LEDGER_SEEDS 12
#define MESSAGES 40
#define VALUES_MAX 8

/* --- a stream of some seed ------------------------------------------------------------------ */

struct story {
	struct rng rng;
	struct limits limits;
	struct reading readings[MESSAGES]; /* by name */
	Carepace__V1__Up ups[MESSAGES];
	Carepace__V1__Samples samples[MESSAGES];
	Carepace__V1__Sample sample[MESSAGES][VALUES_MAX];
	Carepace__V1__Sample *sample_at[MESSAGES][VALUES_MAX];
	Carepace__V1__Pulses pulses[MESSAGES];
	Carepace__V1__Pulse pulse[MESSAGES][VALUES_MAX];
	Carepace__V1__Pulse *pulse_at[MESSAGES][VALUES_MAX];
	Carepace__V1__Param params[MESSAGES];
	Carepace__V1__Fault faults[MESSAGES];
};

static void set_limits(struct limits *limits)
{
	memset(limits, 0, sizeof(*limits));
	for (size_t i = 0; i < LIMITS; i++)
		limits->debounce[i] = (struct debounce){1, 0, 1, 0};
	limits->debounce[LIMIT_DEPTH_ZONE] = (struct debounce){2, 0, 1, 3000};
	limits->debounce[LIMIT_DEPTH_DEVIATION] = (struct debounce){3, 2000, 2, 1000};
	limits->debounce[LIMIT_IMPEDANCE] = (struct debounce){1, 0, 5, 0};
	limits->preset_depth_um = limits->preset_rate_dhz = limits->preset_energy_uj = -1;
	for (size_t zone = 0; zone < LIMIT_ZONES; zone++) {
		limits->zone_depth_um[zone] = 1000 + 100 * (int32_t)(zone % 3);
		limits->label_depth_um[zone] = limits->energy_uj[zone] = LIMIT_NONE;
		limits->power_mw[zone] = limits->pulse_us[zone] = LIMIT_NONE;
	}
	limits->scope_depth_um = limits->skin_type_energy_uj = LIMIT_NONE;
	limits->depth_tolerance_um = 150;
	limits->min_impedance_ohm = 100;
	limits->max_impedance_ohm = 1000;
	limits->impedance_pulses = 2;
	limits->impedance_window = 5;
	limits->contact_pct = 20;
	limits->contact_clear_pct = 10;
	limits->contact_window = 10;
	limits->contact_min_pulses = 4;
	limits->stack_gap_ms = 2000;
	limits->skin_cdegc = limits->skin_clear_cdegc = 4300;
	limits->needle_cdegc = 7000;
	limits->cooling_ms = 2000;
	limits->silent_ms = 20000;
}

static void fill_samples(struct story *s, size_t i)
{
	carepace__v1__samples__init(&s->samples[i]);
	s->samples[i].n_sample = 1 + rng_below(&s->rng, VALUES_MAX);
	s->samples[i].sample = s->sample_at[i];
	for (size_t k = 0; k < s->samples[i].n_sample; k++) {
		Carepace__V1__Sample *one = s->sample_at[i][k] = &s->sample[i][k];
		carepace__v1__sample__init(one);
		one->dt_ms = (uint32_t)k * 1000;
		one->has_depth_um = 1;
		one->depth_um = (uint32_t)rng_range(&s->rng, 900, 1250);
		one->has_zone = rng_percent(&s->rng, 30);
		one->zone = (Carepace__V1__Zone)rng_below(&s->rng, 5);
		one->has_skin_temp_cdegc = 1;
		one->skin_temp_cdegc = (int32_t)rng_range(&s->rng, 4200, 4320);
	}
	s->ups[i].samples = &s->samples[i];
	s->readings[i].kind = READING_SAMPLES;
}

static void fill_pulses(struct story *s, size_t i)
{
	carepace__v1__pulses__init(&s->pulses[i]);
	s->pulses[i].n_pulse = 1 + rng_below(&s->rng, VALUES_MAX);
	s->pulses[i].pulse = s->pulse_at[i];
	for (size_t k = 0; k < s->pulses[i].n_pulse; k++) {
		Carepace__V1__Pulse *one = s->pulse_at[i][k] = &s->pulse[i][k];
		carepace__v1__pulse__init(one);
		one->dt_ms = (uint32_t)k * 700;
		one->has_site = 1;
		one->site = (uint32_t)rng_below(&s->rng, 6);
		one->has_impedance_ohm = 1;
		one->impedance_ohm = (uint32_t)rng_range(&s->rng, 80, 400);
		one->flags = rng_percent(&s->rng, 15);
	}
	s->ups[i].pulses = &s->pulses[i];
	s->readings[i].kind = READING_PULSES;
}

static void fill_other(struct story *s, size_t i)
{
	if (rng_percent(&s->rng, 50)) {
		carepace__v1__param__init(&s->params[i]);
		s->params[i].has_depth_um = 1;
		s->params[i].depth_um = (uint32_t)rng_range(&s->rng, 900, 1250);
		s->ups[i].param = &s->params[i];
		s->readings[i].kind = READING_PARAM;
		return;
	}
	carepace__v1__fault__init(&s->faults[i]);
	s->faults[i].code = 1;
	s->faults[i].on = rng_percent(&s->rng, 50);
	s->ups[i].fault = &s->faults[i];
	s->readings[i].kind = READING_FAULT;
}

static struct story *story_new(uint64_t seed)
{
	struct story *s = calloc(1, sizeof(*s));
	event_ms at = 1772442000000;

	assert_non_null(s);
	s->rng.state = seed;
	set_limits(&s->limits);
	for (size_t i = 0; i < MESSAGES; i++) {
		carepace__v1__up__init(&s->ups[i]);
		s->readings[i] = (struct reading){.up = &s->ups[i],
		    .boot = 1 + (uint32_t)(i / 25),
		    .seq = 1 + (uint32_t)(i % 25),
		    .ts = at};
		unsigned dice = (unsigned)rng_below(&s->rng, 100);
		if (dice < 55)
			fill_samples(s, i);
		else if (dice < 85)
			fill_pulses(s, i);
		else
			fill_other(s, i);
		at += rng_range(&s->rng, 1000, rng_percent(&s->rng, 5) ? 60000 : 9000);
	}
	return s;
}

static void fold_known(const struct story *s, const bool *is_known, struct guard *guard)
{
	guard_begin(guard, &s->limits);
	for (size_t i = 0; i < MESSAGES; i++)
		if (is_known[i])
			guard_fold(guard, &s->limits, &s->readings[i]);
}

static void shuffle(struct rng *rng, size_t order[MESSAGES])
{
	for (size_t i = 0; i < MESSAGES; i++)
		order[i] = i;
	/* Mostly near their place, as messages are; sometimes far. */
	for (size_t i = MESSAGES; i > 1; i--) {
		size_t reach = rng_percent(rng, 10) ? i : 3;
		size_t j = i - 1 - rng_below(rng, reach < i ? reach : i);
		size_t kept = order[i - 1];
		order[i - 1] = order[j];
		order[j] = kept;
	}
}

/* --- the fold and its cache ----------------------------------------------------------------------
 */

static void the_cache_is_the_fold(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct story *s = story_new(seed);
		bool is_known[MESSAGES] = {false};
		size_t order[MESSAGES];
		struct guard cache;
		struct guard whole;
		bool is_stale = false;

		shuffle(&s->rng, order);
		guard_begin(&cache, &s->limits);
		for (size_t i = 0; i < MESSAGES; i++) {
			const struct reading *reading = &s->readings[order[i]];
			is_known[order[i]] = true;
			if (!guard_is_next(&cache, message_no(reading->boot, reading->seq)))
				is_stale = true;
			if (!is_stale)
				guard_fold(&cache, &s->limits, reading);
			if (!rng_percent(&s->rng, 40))
				continue;
			/* It is judged; after that perhaps stored and loaded. */
			fold_known(s, is_known, &whole);
			if (is_stale)
				memcpy(&cache, &whole, sizeof(cache));
			is_stale = false;
			if (memcmp(&cache, &whole, sizeof(cache)) != 0)
				fail_msg("seed %d, message %d", (int)seed, (int)i);
		}
		free(s);
	}
}

/* The control: who folds in the order of arrival finds other episodes. */
static void in_the_order_of_arrival_it_is_not(void **state)
{
	size_t different = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct story *s = story_new(seed);
		size_t order[MESSAGES];
		struct guard arrived;
		struct guard whole;

		guard_begin(&whole, &s->limits);
		guard_begin(&arrived, &s->limits);
		shuffle(&s->rng, order);
		for (size_t i = 0; i < MESSAGES; i++)
			guard_fold(&whole, &s->limits, &s->readings[i]);
		for (size_t i = 0; i < MESSAGES; i++) {
			struct reading late = s->readings[order[i]];
			late.boot = 1;
			late.seq = (uint32_t)i + 1;
			guard_fold(&arrived, &s->limits, &late);
		}
		different += memcmp(whole.episodes, arrived.episodes, sizeof(whole.episodes)) != 0;
		free(s);
	}
	assert_true(different > SEEDS * 9 / 10);
}

/* Every rule and the silence must have something to say, or the rest proves nothing. */
static void the_stories_meet_the_checks(void **state)
{
	static const enum check met[] = {CHECK_DEPTH_OVER_ZONE, CHECK_DEPTH_DEVIATION,
	    CHECK_TEMP_SKIN_OVER, CHECK_IMPEDANCE_OUT, CHECK_CONTACT_FAULTS, CHECK_STACKING,
	    CHECK_COOLING_FAULT, CHECK_SESSION_ORPHAN};
	size_t times[CP_COUNT(met)] = {0};

	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct story *s = story_new(seed);
		struct guard guard;

		guard_begin(&guard, &s->limits);
		for (size_t i = 0; i < MESSAGES; i++)
			guard_fold(&guard, &s->limits, &s->readings[i]);
		for (size_t i = 0; i < CP_COUNT(met); i++)
			times[i] += guard_found(&guard, met[i]).count > 0;
		free(s);
	}
	for (size_t i = 0; i < CP_COUNT(met); i++)
		if (times[i] < SEEDS / 20)
			fail_msg("check %d is met by %zu stories only", (int)met[i], times[i]);
}

static void a_session_does_not_reach_for_ever(void **state)
{
	(void)state;
	assert_true(guard_reaches(message_no(7, 100), message_no(7, 100 + GUARD_SEQS_MAX - 1)));
	assert_false(guard_reaches(message_no(7, 100), message_no(7, 100 + GUARD_SEQS_MAX)));
	assert_true(guard_reaches(message_no(7, 100), message_no(8, 1)));
	assert_true(guard_reaches(message_no(7, 100), message_no(7 + GUARD_BOOTS_MAX - 1, 1)));
	assert_false(guard_reaches(message_no(7, 100), message_no(7 + GUARD_BOOTS_MAX, 1)));
}

/* --- the same through the ledger
 * ---------------------------------------------------------------------- */

#define FINDINGS                                                                                   \
	"SELECT group_concat(check_id || ' ' || onset || ' ' || from_at || ' ' || until_at || ' "  \
	"' ||"                                                                                     \
	" value || ' ' || lim || ' ' || count || ' ' || max || ' ' || zones || ' ' || severity)"   \
	" FROM (SELECT * FROM alert WHERE state != 5 AND unit_kind = 1 AND check_id != 322"        \
	" ORDER BY check_id)"

/* Equal dice say the same in both ways; `rng` perturbs. */
static void tell(void **state, uint64_t seed, struct rng *rng, char out[2048])
{
	struct clinic *clinic = open_store(state, "1");
	struct rng dice = {.state = seed};
	char line[160];

	say(clinic, "2026-03-02 10:00 P1 start A c1 PERIORBITAL");
	for (size_t i = 0; i < 25; i++) {
		if (rng && rng_percent(rng, 15)) {
			say(clinic, "+0s P1 online backwards");
			clinic = reopen_store(state, "1");
		}
		if (rng && rng_percent(rng, 15))
			say(clinic, rng_percent(rng, 50) ? "+0s P1 slow" : "+0s P1 offline");
		if (rng && rng_percent(rng, 30))
			say(clinic,
			    rng_percent(rng, 50) ? "+0s P1 online backwards" : "+0s P1 online");
		if (rng_percent(&dice, 12))
			snprintf(line, sizeof(line), "+1s P1 param A depth %d",
			    (int)rng_range(&dice, 300, 800));
		else
			snprintf(line, sizeof(line),
			    "+1s P1 sample A for %d zone PERIORBITAL depth %d rate %d",
			    (int)rng_range(&dice, 1, 6), (int)rng_range(&dice, 400, 600),
			    (int)rng_range(&dice, 900, 1300));
		say(clinic, line);
		if (rng && clinic_device(clinic, "P1")->last && rng_percent(rng, 10))
			say(clinic, "+0s P1 repeat");
	}
	say(clinic, "+0s P1 online backwards");
	say(clinic, "+1s P1 end A COMPLETED");
	struct db_rows rows = db_query(&clinic->ledger->db, FINDINGS, "");
	assert_true(db_next(&rows));
	snprintf(out, 2048, "%s", db_text(&rows, 0));
	db_end(&rows);
}

static void any_arrival_finds_the_same(void **state)
{
	size_t found = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= LEDGER_SEEDS; seed++) {
		struct rng rng = {.state = seed * 7919};
		char straight[2048];
		char winding[2048];
		struct verify_result result;
		char why[256];
		void *fresh;

		assert_int_equal(bench_set_up(&fresh), 0);
		tell(&fresh, seed, NULL, straight);
		bench_tear_down(&fresh);
		assert_int_equal(bench_set_up(&fresh), 0);
		tell(&fresh, seed, &rng, winding);
		struct policy policy = policy_default(&bench_of(&fresh)->clinic.zone);
		assert_int_equal(
		    verify_store(bench_of(&fresh)->path, &policy, NULL, NULL, &result, why), CP_OK);
		bench_tear_down(&fresh);
		if (strcmp(straight, winding) != 0)
			fail_msg("seed %d:\n%s\n%s", (int)seed, straight, winding);
		assert_int_equal(result.differences, 0);
		found += straight[0] != '\0';
	}
	assert_true(found > LEDGER_SEEDS / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_cache_is_the_fold),
	    cmocka_unit_test(in_the_order_of_arrival_it_is_not),
	    cmocka_unit_test(the_stories_meet_the_checks),
	    cmocka_unit_test(a_session_does_not_reach_for_ever),
	    cmocka_unit_test(any_arrival_finds_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
