#include "treatment.h"

#include "base/err.h"
#include "telemetry.pb-c.h"

#define PREPARE_MS (60 * MS_PER_SECOND) /* nothing is exposed before */

/* Cartridges and samples never share a millisecond: samples stand on tens. */
#define BESIDE_SAMPLES_MS 7

#define BATCH_MAX 6
#define LONG_BATCH_MAX 25 /* enough for any debounce (R10), and shorter than a third */

static const char *const gtins[] = {"04012345678901", "04012345678918"};
static const char *const serials[] = {"1001", "1002", "1003"};

struct play {
	const struct treatment *treatment;
	struct rng *rng;
	struct world *world;
	uint32_t active_ms; /* as the stream said */
	uint32_t pulses;
};

/* Now and then on or beside 10, 45 or 90 minutes (SESSION_SHORT, SESSION_LONG). */
static int64_t draw_length(struct rng *rng)
{
	static const int64_t minutes[] = {10, 45, 90};

	if (rng_percent(rng, 15))
		return RNG_PICK(rng, minutes) * MS_PER_MINUTE + rng_range(rng, -1, 1);
	return rng_range(rng, 180, 2400) * MS_PER_SECOND;
}

void treatment_draw(struct treatment *treatment, struct rng *rng, event_ms start)
{
	static const unsigned weights[] = {38, 20, 8, 7, 12, 4, 5, 6};
	size_t roll = rng_below(rng, 100);
	unsigned way = 0;

	while (roll >= weights[way])
		roll -= weights[way++];
	treatment->way = (enum course_of_events)way;
	treatment->start = start;
	treatment->end = start + draw_length(rng);
	for (size_t i = 0; i < ID_BYTES; i++)
		treatment->sid.b[i] = (uint8_t)rng_next(rng);
}

struct input *world_add(struct world *world, enum input_kind kind, size_t device, event_ms ts)
{
	CP_CHECK(world->count < WORLD_INPUTS_MAX);
	struct input *input = &world->inputs[world->count++];
	*input = (struct input){
	    .kind = kind, .device = device, .source = world_device(device), .ts = ts};
	return input;
}

static struct input *say(struct play *play, enum input_kind kind, event_ms ts)
{
	struct input *input = world_add(play->world, kind, play->treatment->device, ts);

	input->sid = play->treatment->sid;
	input->is_test = play->treatment->way == TREATMENT_TEST;
	return input;
}

static struct input *say_body(struct play *play, int body, event_ms ts)
{
	struct input *input = say(play, INPUT_SAID, ts);

	input->body = body;
	return input;
}

/* A single reading may be a test in the middle of a treatment, and touches nothing (R22). */
static void perhaps_test(struct play *play, struct input *input)
{
	if (play->treatment->way != TREATMENT_WITHOUT_START && rng_percent(play->rng, 4))
		input->is_test = true;
}

static bool is_exposing(enum course_of_events way)
{
	return way != TREATMENT_ABORTED_DRY && way != TREATMENT_CLAIMED &&
	       way != TREATMENT_NEVER_BEGAN;
}

static bool is_ended(enum course_of_events way)
{
	return way != TREATMENT_NEVER_ENDED && way != TREATMENT_NEVER_BEGAN;
}

/* --- START ------------------------------------------------------------------------- */

#define ZONE(name) (1U << CAREPACE__V1__ZONE__##name)

static void play_start(struct play *play, event_ms ts)
{
	static const uint32_t zones[] = {
	    ZONE(CHEEK),
	    ZONE(CHEEK),
	    ZONE(CHEEK) | ZONE(NOSE),
	    ZONE(NOSE),
	    ZONE(NECK) | ZONE(CHEEK),
	    ZONE(NECK),
	    ZONE(ZONE_UNKNOWN),
	    0,
	};
	struct input *start = say(play, INPUT_START, ts);

	start->client = play->treatment->client;
	start->course = play->treatment->course;
	start->modality = world_modality(play->treatment->device);
	start->zones = RNG_PICK(play->rng, zones);
}

static void play_starts(struct play *play)
{
	if (play->treatment->way == TREATMENT_WITHOUT_START)
		return;
	play_start(play, play->treatment->start);
	if (rng_percent(play->rng, 3)) /* a second one, later: the first counts */
		play_start(play, play->treatment->start + rng_range(play->rng, 0, 30000));
}

/* --- cartridges ---------------------------------------------------------------------- */

static struct input *mount(struct play *play, enum input_kind kind, event_ms ts)
{
	struct input *input = say(play, kind, ts);

	input->gtin = RNG_PICK(play->rng, gtins);
	input->serial = RNG_PICK(play->rng, serials);
	input->slot = rng_percent(play->rng, 80) ? 0 : 1;
	if (rng_percent(play->rng, 4))
		input->serial = NULL;
	else if (kind == INPUT_ATTACH && rng_percent(play->rng, 6))
		input->tip_used = (uint32_t)rng_range(play->rng, 1, 500);
	perhaps_test(play, input);
	return input;
}

static void take_off(struct play *play, const struct input *attach, event_ms ts)
{
	struct input *detach = say(play, INPUT_DETACH, ts);

	detach->gtin = attach->gtin;
	detach->serial = attach->serial;
	detach->slot = attach->slot;
}

static event_ms beside_samples(struct play *play, event_ms from, event_ms until)
{
	event_ms offset = rng_range(play->rng, from, until) - play->treatment->start;

	return play->treatment->start + offset / 10 * 10 + BESIDE_SAMPLES_MS;
}

/* Put on first; perhaps exchanged before any exposure, or between the samples, with
 * or without a DETACH, perhaps for itself; perhaps taken off at the end. */
static void play_cartridges(struct play *play)
{
	event_ms start = play->treatment->start;
	event_ms end = play->treatment->end;
	event_ms at =
	    rng_percent(play->rng, 20) ? start : start + 1000 * rng_range(play->rng, 1, 9);

	if (rng_percent(play->rng, 12))
		return;
	if (rng_percent(play->rng, 5))
		at = start - 4000; /* before its START */
	struct input *attach = mount(play, INPUT_ATTACH, at);

	while (rng_percent(play->rng, 30)) {
		bool is_early = rng_percent(play->rng, 60);
		event_ms from = is_early ? start + 10000 : start + PREPARE_MS;
		event_ms until = is_early ? start + PREPARE_MS - 10000 : end - 10000;
		if (at >= until)
			break;
		event_ms exchange = beside_samples(play, from > at ? from : at, until);
		if (exchange <= at)
			continue;
		if (rng_percent(play->rng, 50))
			take_off(play, attach, exchange);
		struct input *next = mount(play, INPUT_ATTACH, exchange);
		if (rng_percent(play->rng, 15)) {
			next->gtin = attach->gtin;
			next->serial = attach->serial;
		}
		attach = next;
		at = exchange;
	}
	if (rng_percent(play->rng, 30))
		take_off(play, attach, end - (is_ended(play->treatment->way) ? 3 : 1003));
}

/* --- exposure -------------------------------------------------------------------------- */

static void play_samples(struct play *play, event_ms ts)
{
	static const uint32_t active[] = {0, 1, 500, 1000, 1000};
	struct input *input = say(play, INPUT_SAMPLES, ts);

	input->entry_count =
	    1 + rng_below(play->rng, rng_percent(play->rng, 20) ? LONG_BATCH_MAX : BATCH_MAX);
	for (size_t i = 0; i < input->entry_count; i++) {
		input->dt_ms[i] = (uint32_t)(i * 1000);
		input->active_ms[i] = RNG_PICK(play->rng, active);
		play->active_ms += input->active_ms[i];
	}
}

static void play_pulses(struct play *play, event_ms ts)
{
	struct input *input = say(play, INPUT_PULSES, ts);

	input->entry_count = rng_percent(play->rng, 25) ? (size_t)rng_range(play->rng, 49, 51)
	                                                : 1 + rng_below(play->rng, BATCH_MAX);
	for (size_t i = 0; i < input->entry_count; i++)
		input->dt_ms[i] = (uint32_t)(i * 70);
	play->pulses += (uint32_t)input->entry_count;
}

static void play_exposure(struct play *play)
{
	bool is_rf = world_modality(play->treatment->device) == CAREPACE__V1__MODALITY__MODALITY_RF;
	event_ms start = play->treatment->start + PREPARE_MS;
	int64_t room_ms = play->treatment->end - 10000 - start;
	size_t batches = 1 + rng_below(play->rng, 3);

	for (size_t i = 0; i < batches; i++) {
		event_ms at = start + room_ms * (int64_t)i / (int64_t)batches / 10 * 10;
		if (is_rf)
			play_pulses(play, at);
		else
			play_samples(play, at);
	}
	perhaps_test(play, &play->world->inputs[play->world->count - 1]);
}

static void play_noise(struct play *play)
{
	static const int bodies[] = {CAREPACE__V1__UP__BODY_PARAM, CAREPACE__V1__UP__BODY_PARAM,
	    CAREPACE__V1__UP__BODY_FAULT, CAREPACE__V1__UP__BODY_FAULT,
	    CAREPACE__V1__UP__BODY_SESSION_PAUSE, CAREPACE__V1__UP__BODY_SESSION_RESUME,
	    CAREPACE__V1__UP__BODY_ESTOP};
	int64_t length_ms = play->treatment->end - play->treatment->start;

	while (rng_percent(play->rng, 45)) {
		event_ms at = play->treatment->start + rng_range(play->rng, 0, length_ms - 2000);
		perhaps_test(play, say_body(play, RNG_PICK(play->rng, bodies), at));
	}
}

/* --- END ---------------------------------------------------------------------------------- */

/* Never less than what the stream said. */
static void claim(struct play *play, struct input *end)
{
	static const uint32_t active[] = {299999, 300000, 420000};
	static const uint32_t pulses[] = {49, 50, 120};
	bool is_rf = world_modality(play->treatment->device) == CAREPACE__V1__MODALITY__MODALITY_RF;

	end->has_sums = true;
	end->sum_active_ms = play->active_ms;
	end->sum_pulses = play->pulses;
	if (play->treatment->way == TREATMENT_ABORTED_DRY)
		return;
	if (is_rf)
		end->sum_pulses += RNG_PICK(play->rng, pulses);
	else
		end->sum_active_ms += RNG_PICK(play->rng, active);
	if (play->active_ms + play->pulses > 0 && rng_percent(play->rng, 15))
		end->has_sums = false; /* the stream has them */
}

static void play_end(struct play *play)
{
	static const int aborted[] = {
	    CAREPACE__V1__END_REASON__END_ABORTED_CLIENT,
	    CAREPACE__V1__END_REASON__END_ABORTED_OPERATOR,
	    CAREPACE__V1__END_REASON__END_ESTOP,
	    CAREPACE__V1__END_REASON__END_FAULT,
	};
	enum course_of_events way = play->treatment->way;
	struct input *end = say(play, INPUT_END, play->treatment->end);
	bool is_aborted = way == TREATMENT_ABORTED || way == TREATMENT_ABORTED_DRY ||
	                  (way == TREATMENT_CLAIMED && rng_percent(play->rng, 50));

	end->reason =
	    is_aborted ? RNG_PICK(play->rng, aborted) : CAREPACE__V1__END_REASON__END_COMPLETED;
	claim(play, end);
	if (rng_percent(play->rng, 25))
		end->end_ts = end->ts - rng_range(play->rng, 0, 900);
}

void treatment_play(const struct treatment *treatment, struct rng *rng, struct world *world)
{
	struct play play = {.treatment = treatment, .rng = rng, .world = world};

	play_starts(&play);
	play_cartridges(&play);
	if (is_exposing(treatment->way))
		play_exposure(&play);
	play_noise(&play);
	if (is_ended(treatment->way))
		play_end(&play);
	else /* a last word, then silence */
		say_body(&play, CAREPACE__V1__UP__BODY_PARAM, treatment->end);
}
