/* year_deeds_needles.c - depth, heat, dose, stops and length (domain.md 8.3, 8.5). */
#include "year_books.h"
#include "year_course.h"
#include "year_deeds.h"

#define CHECK(NAME) CAREPACE__V1__CHECK__##NAME
#define IS(NAME) CAREPACE__V1__SEVERITY__##NAME

#define DEEP_UM 1750 /* a pen on the face: 1500 (1.4) */
#define DEEP_LIMIT_UM 1500
#define BEYOND_SCOPE_UM 1400
#define DRIFT_UM 200
#define TOLERANCE_UM 150
#define HOT_CDEGC 7150
#define HOT_LIMIT_CDEGC 7000
#define BATTERY_PCT 15
#define BATTERY_LIMIT_PCT 20
#define SHORT_MS (8 * MS_PER_MINUTE)
#define SHORT_LIMIT_MS (10 * MS_PER_MINUTE)
#define LONG_MS (50 * MS_PER_MINUTE)
#define LONG_LIMIT_MS (45 * MS_PER_MINUTE)
#define FEW_PUNCTURES 500
#define PUNCTURES_LIMIT 1000
#define MANY_PASSES 8
#define STOP_AFTER_MS (12 * MS_PER_MINUTE)
#define SECOND MS_PER_SECOND

static bool is_rf(const struct clinic *clinic, const struct visit *visit)
{
	return clinic->units[visit->unit].kind == CAREPACE__V1__DEVICE_KIND__DEVICE_RF;
}

static bool is_traditional(const struct clinic *clinic, const struct visit *visit)
{
	return !is_rf(clinic, visit);
}

/* So long after the first reading of a batch; it is heard with the batch. */
static struct expected in_batch(const struct visit *visit, Carepace__V1__Check check,
    Carepace__V1__Severity severity, size_t batch, int64_t after_ms)
{
	struct expected finding = visit_finding(visit, check, severity);

	finding.from = AFTER(visit->batches[batch], after_ms);
	finding.raised_by = visit->batches[batch];
	return finding;
}

/* --- depth and heat ------------------------------------------------------------------------------
 */

static void go_deep(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->manners.deep_um = DEEP_UM;
	visit->operator_no = OPERATOR_FIRST;
}

/* Two samples beyond; five seconds within. */
static void expect_deep(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = in_batch(visit, CHECK(DEPTH_OVER_ZONE), IS(HIGH), 1, SECOND);

	finding.until = AFTER(visit->batches[2], 5 * SECOND);
	finding.value = DEEP_UM;
	finding.limit = DEEP_LIMIT_UM;
	expect(&clinic->all, &finding);
}

static void set_beyond_scope(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->operator_no = OPERATOR_NO_RF;
	visit->manners.preset_um = visit->manners.measured_um = BEYOND_SCOPE_UM;
}

static void expect_beyond_scope(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = visit_finding(visit, CHECK(DEPTH_OVER_SCOPE), IS(HIGH));

	finding.value = BEYOND_SCOPE_UM;
	finding.limit = BOOKS_SCOPE_UM;
	deed_leave_open(&finding, visit);
	expect(&clinic->all, &finding);
	visit_weigh(visit, ANSWER_REQUIRE_OVERRIDE);
}

static void drift(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->manners.measured_um = visit->manners.preset_um + DRIFT_UM;
}

/* Ten samples off. */
static void expect_drift(struct clinic *clinic, struct visit *visit)
{
	struct expected finding =
	    in_batch(visit, CHECK(DEPTH_DEVIATION), IS(MEDIUM), 0, 9 * SECOND);

	finding.value = DRIFT_UM;
	finding.limit = TOLERANCE_UM;
	deed_leave_open(&finding, visit);
	expect(&clinic->all, &finding);
}

static void heat(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->manners.peak_cdegc = HOT_CDEGC;
}

/* Two pulses too hot, a second apart; five seconds within. */
static void expect_heat(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = in_batch(visit, CHECK(TEMP_NEEDLE_OVER), IS(HIGH), 1, SECOND);

	finding.until = AFTER(visit->batches[1], 7 * SECOND);
	finding.value = HOT_CDEGC;
	finding.limit = HOT_LIMIT_CDEGC;
	expect(&clinic->all, &finding);
}

/* --- at the end
 * ------------------------------------------------------------------------------------ */

static struct expected at_end(
    const struct visit *visit, Carepace__V1__Check check, int64_t value, int64_t limit)
{
	struct expected finding = visit_finding(visit, check, IS(LOW));

	finding.from = finding.until = WHEN(visit->ended);
	finding.value = value;
	finding.limit = limit;
	return finding;
}

static void hurry(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->end = visit->start + SHORT_MS;
}

static void expect_hurry(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = at_end(visit, CHECK(SESSION_SHORT), SHORT_MS, SHORT_LIMIT_MS);

	expect(&clinic->all, &finding);
}

static void spare(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->manners.punctures = FEW_PUNCTURES;
}

static void expect_spare(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = at_end(visit, CHECK(DOSE_LOW), FEW_PUNCTURES, PUNCTURES_LIMIT);

	expect(&clinic->all, &finding);
}

static void overdo(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->manners.passes = MANY_PASSES;
}

static void expect_overdone(struct clinic *clinic, struct visit *visit)
{
	struct expected finding =
	    at_end(visit, CHECK(PASSES_OVER), MANY_PASSES, is_rf(clinic, visit) ? 4 : 6);

	expect(&clinic->all, &finding);
}

static void linger(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->end = visit->start + LONG_MS;
}

static void expect_long(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = at_end(visit, CHECK(SESSION_LONG), LONG_MS, LONG_LIMIT_MS);

	finding.from = AFTER(visit->started, LONG_LIMIT_MS + 1);
	finding.raised_ms = visit->start + LONG_LIMIT_MS + 1;
	expect(&clinic->all, &finding);
}

/* --- the device
 * -------------------------------------------------------------------------------------- */

/* The device is free again after a self-test that passes: here at once. */
static void stop(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->manners.stopped_at = visit->start + STOP_AFTER_MS;
	visit->manners.silent_from = visit->manners.stopped_at;
	visit->manners.reason = CAREPACE__V1__END_REASON__END_ESTOP;
	visit->end = visit->manners.stopped_at + 20 * SECOND;
	visit->is_completed = false;
}

static void expect_stop(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = visit_finding(visit, CHECK(EMERGENCY_STOP), IS(CRITICAL));
	Carepace__V1__Selftest *test = SAY(&clinic->tape, clinic->units[visit->unit].speaker,
	    visit->end + 5 * MS_PER_MINUTE, SELFTEST);

	test->result = CAREPACE__V1__RESULT__RESULT_PASS;
	finding.from = finding.until = AFTER(visit->started, STOP_AFTER_MS);
	finding.raised_ms = visit->manners.stopped_at;
	finding.state = "RAISED";
	expect(&clinic->all, &finding);
}

static void run_low(struct clinic *clinic, struct visit *visit)
{
	(void)clinic;
	visit->manners.battery_pct = BATTERY_PCT;
}

static void expect_low_battery(struct clinic *clinic, struct visit *visit)
{
	struct expected finding = visit_finding(visit, CHECK(BATTERY_LOW), IS(INFO));

	finding.subject = clinic->units[visit->unit].hex;
	finding.onset = visit_sid(clinic, visit);
	finding.value = BATTERY_PCT;
	finding.limit = BATTERY_LIMIT_PCT;
	finding.raised_by = visit->batches[0];
	deed_leave_open(&finding, visit);
	expect(&clinic->all, &finding);
}

static const struct deed needles[] = {
    {"therapist who goes deep", is_traditional, go_deep, NULL, expect_deep},
    {"operator beyond the scope", is_traditional, set_beyond_scope, NULL, expect_beyond_scope},
    {"drifting handpiece: depth", is_traditional, drift, NULL, expect_drift},
    {"drifting handpiece: heat", is_rf, heat, NULL, expect_heat},
    {"therapist in a hurry", is_traditional, hurry, NULL, expect_hurry},
    {"therapist who spares", is_traditional, spare, NULL, expect_spare},
    {"therapist who overdoes it", NULL, overdo, NULL, expect_overdone},
    {"therapist who lingers", is_traditional, linger, NULL, expect_long},
    {"emergency stop", NULL, stop, NULL, expect_stop},
    {"empty battery", is_traditional, run_low, NULL, expect_low_battery},
};

const struct deeds deeds_of_needles = {needles, sizeof(needles) / sizeof(needles[0])};
