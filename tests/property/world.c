#include "world.h"

#include "base/err.h"
#include "care/time/civil.h"
#include "office.h"
#include "report.pb-c.h"
#include "treatment.h"

#include <stdlib.h>

#define COURSES_MAX (2 * CAST_CLIENTS_MAX)
#define TREATMENTS_WANTED 12
#define COURSE_FIRST 4700
#define VISIT_MS (120 * MS_PER_MINUTE)
#define SILENCE_MS (4 * MS_PER_HOUR)
#define APART_MS 10000 /* between two clients on one device */

struct maker {
	struct world *world;
	struct rng rng;
	const struct zone *zone;
	int32_t first_day;
	struct treatment treatments[CAST_SESSIONS_MAX];
	size_t treatment_count;
	struct id clients[CAST_CLIENTS_MAX + 1]; /* the last one: absent */
	size_t client_count;
	uint64_t courses[COURSES_MAX];
	size_t course_count;
};

struct id world_device(size_t index)
{
	struct id id = {.b = {0xde, 0x1c}};

	id.b[ID_BYTES - 1] = (uint8_t)(index + 1);
	return id;
}

int world_modality(size_t device)
{
	static const int modalities[WORLD_DEVICES] = {
	    CAREPACE__V1__MODALITY__MODALITY_PEN,
	    CAREPACE__V1__MODALITY__MODALITY_RF,
	    CAREPACE__V1__MODALITY__MODALITY_STAMP,
	    CAREPACE__V1__MODALITY__MODALITY_PEN,
	    CAREPACE__V1__MODALITY__MODALITY_ROLLER,
	};

	return modalities[device];
}

bool input_is_live(const struct input *input)
{
	return input->kind == INPUT_HELLO ||
	       (input->kind == INPUT_SAID && input->body == CAREPACE__V1__UP__BODY_HEARTBEAT);
}

static struct id random_id(struct rng *rng)
{
	struct id id;

	for (size_t i = 0; i < ID_BYTES; i++)
		id.b[i] = (uint8_t)rng_next(rng);
	return id;
}

/* --- when ---------------------------------------------------------------------------- */

/* Of a day: around midnight, in the hour that DST skips or repeats, around the
 * daily timer, or in office hours. */
static event_ms draw_time(struct maker *maker, int32_t day)
{
	static const int minutes[] = {0, 0, 24 * 60, 150, 360, 540, 660, 780, 900, 1020, 1080};
	event_ms at = zone_time_at(maker->zone, day, RNG_PICK(&maker->rng, minutes));

	if (rng_percent(&maker->rng, 50))
		return at + rng_range(&maker->rng, -1, 1);
	return at + rng_range(&maker->rng, 0, 50 * MS_PER_MINUTE);
}

static int draw_gap_days(struct rng *rng)
{
	static const int gaps[] = {
	    0, 1, 13, 14, 14, 15, 27, 27, 28, 28, 29, 35, 41, 42, 43, 44, 55, 56, 57, 58};

	return rng_percent(rng, 85) ? RNG_PICK(rng, gaps) : (int)rng_range(rng, 2, 70);
}

/* --- who and on what ------------------------------------------------------------------- */

static bool is_device_free(const struct maker *maker, size_t device, event_ms from, event_ms until)
{
	for (size_t i = 0; i < maker->treatment_count; i++) {
		const struct treatment *other = &maker->treatments[i];
		if (other->device == device && from < other->end + APART_MS &&
		    until > other->start - APART_MS)
			return false;
	}
	return true;
}

static bool find_device(struct maker *maker, struct treatment *treatment)
{
	size_t first = rng_below(&maker->rng, WORLD_DEVICES);

	for (size_t i = 0; i < WORLD_DEVICES; i++) {
		treatment->device = (first + i) % WORLD_DEVICES;
		if (is_device_free(maker, treatment->device, treatment->start, treatment->end))
			return true;
	}
	return false;
}

static uint64_t draw_course(struct maker *maker, size_t client)
{
	if (rng_percent(&maker->rng, 25))
		return 0;
	if (rng_percent(&maker->rng, 10))
		return RNG_PICK(&maker->rng, maker->courses); /* another client's, or nobody's */
	return maker->courses[2 * client % COURSES_MAX + rng_below(&maker->rng, 2)];
}

/* A second device uses the sid of the treatment before; a device itself never does. */
static void use_sid_again(struct treatment *treatment, const struct treatment *other)
{
	if (other->device != treatment->device && !other->has_used_sid) {
		treatment->sid = other->sid;
		treatment->has_used_sid = true;
	}
}

/* NULL when no device is free or there are enough. */
static const struct treatment *treat(
    struct maker *maker, size_t client, event_ms start, const struct treatment *same_device)
{
	if (maker->treatment_count == CAST_SESSIONS_MAX)
		return NULL;
	struct treatment *treatment = &maker->treatments[maker->treatment_count];
	treatment_draw(treatment, &maker->rng, start);
	treatment->client = maker->clients[client];
	treatment->course = draw_course(maker, client);
	if (same_device) {
		treatment->device = same_device->device;
		if (!is_device_free(maker, treatment->device, treatment->start, treatment->end))
			return NULL;
	} else if (!find_device(maker, treatment)) {
		return NULL;
	}
	if (maker->treatment_count > 0 && rng_percent(&maker->rng, 3))
		use_sid_again(treatment, treatment - 1);
	maker->treatment_count++;
	return treatment;
}

/* --- visits -------------------------------------------------------------------------------- */

/* After a session on another client's device that never ended: R23 or four hours. */
static void interrupt(struct maker *maker, const struct treatment *treatment)
{
	static const int64_t after_ms[] = {
	    SILENCE_MS - 1, SILENCE_MS, SILENCE_MS + 1, 30 * MS_PER_MINUTE, 150 * MS_PER_MINUTE};

	if (rng_percent(&maker->rng, 50))
		treat(maker, rng_below(&maker->rng, maker->client_count + 1),
		    treatment->end + RNG_PICK(&maker->rng, after_ms), treatment);
}

static void visit(struct maker *maker, size_t client, int32_t day)
{
	const struct treatment *treatment = treat(maker, client, draw_time(maker, day), NULL);

	while (treatment) {
		bool is_silent = treatment->way == TREATMENT_NEVER_ENDED ||
		                 treatment->way == TREATMENT_NEVER_BEGAN;
		if (is_silent)
			interrupt(maker, treatment);
		if (!rng_percent(&maker->rng, treatment->way == TREATMENT_COMPLETED ? 10 : 45))
			return;
		int64_t after_ms = rng_percent(&maker->rng, 50)
		                       ? VISIT_MS + rng_range(&maker->rng, -1, 1)
		                       : rng_range(&maker->rng, 20, 130) * MS_PER_MINUTE;
		treatment = treat(maker, client, treatment->end + after_ms, NULL);
	}
}

static void make_visits(struct maker *maker)
{
	int32_t days[CAST_CLIENTS_MAX + 1];

	for (size_t i = 0; i <= maker->client_count; i++)
		days[i] = maker->first_day + (int32_t)rng_below(&maker->rng, 10);
	while (maker->treatment_count < TREATMENTS_WANTED) {
		/* An absent client comes now and then. */
		size_t client = rng_percent(&maker->rng, 8)
		                    ? maker->client_count
		                    : rng_below(&maker->rng, maker->client_count);
		visit(maker, client, days[client]);
		days[client] += draw_gap_days(&maker->rng);
	}
	for (size_t i = 0; i < maker->treatment_count; i++)
		treatment_play(&maker->treatments[i], &maker->rng, maker->world);
}

static event_ms last_moment(const struct world *world)
{
	event_ms last = 0;

	for (size_t i = 0; i < world->count; i++) {
		const struct input *input = &world->inputs[i];
		event_ms at = input->ts;
		if (input->entry_count > 0)
			at += input->dt_ms[input->entry_count - 1];
		if (!input_is_order(input) && at > last)
			last = at;
	}
	return last;
}

/* --- names, the end --------------------------------------------------------------------------- */

static int by_moment(const void *a, const void *b)
{
	const struct input *x = a;
	const struct input *y = b;

	return x->ts != y->ts ? (x->ts > y->ts) - (x->ts < y->ts)
	                      : (x->seq > y->seq) - (x->seq < y->seq);
}

/* Boot and seq of a device follow its clock, but for neighbours in seq that a
 * device may have queued the other way round. */
static void name_inputs(struct maker *maker)
{
	struct world *world = maker->world;

	for (size_t device = 0; device <= WORLD_TABLET; device++) {
		uint32_t boot = 1;
		uint32_t seq = 0;
		struct input *previous = NULL;
		for (size_t i = 0; i < world->count; i++) {
			struct input *input = &world->inputs[i];
			if (input_is_order(input) || input->device != device)
				continue;
			if (previous && input->ts - previous->ts > MS_PER_HOUR &&
			    rng_percent(&maker->rng, 15)) {
				boot++;
				seq = 0;
				previous = NULL;
			}
			input->boot = boot;
			input->seq = ++seq;
			if (previous && rng_percent(&maker->rng, 6)) {
				input->seq = previous->seq;
				previous->seq = seq;
			}
			previous = input;
		}
	}
}

static void say_hello(struct maker *maker, size_t device, event_ms at)
{
	world_add(maker->world, INPUT_HELLO, device, at)->modality = world_modality(device);
}

/* Before anything else, and now and then before a treatment. */
static void make_hellos(struct maker *maker)
{
	for (size_t device = 0; device < WORLD_DEVICES; device++)
		say_hello(maker, device, zone_time_at(maker->zone, maker->first_day, 5));
	for (size_t i = 0; i < maker->treatment_count; i++)
		if (rng_percent(&maker->rng, 20))
			say_hello(maker, maker->treatments[i].device,
			    maker->treatments[i].start - rng_range(&maker->rng, 1, 4000));
}

static void make_cast(struct maker *maker)
{
	struct cast *cast = &maker->world->cast;

	cast->client_count = maker->client_count;
	memcpy(cast->clients, maker->clients, sizeof(cast->clients));
	cast->session_count = maker->treatment_count;
	for (size_t i = 0; i < maker->treatment_count; i++) {
		const struct treatment *treatment = &maker->treatments[i];
		cast->sessions[i] = (struct cast_session){
		    .sid = treatment->sid,
		    .device = treatment->device,
		    .start = treatment->start,
		    .end = treatment->end,
		};
	}
}

static wall_ms draw_now(struct maker *maker)
{
	event_ms last = last_moment(maker->world);
	int32_t day = zone_day(maker->zone, last);

	switch (rng_below(&maker->rng, 4)) {
	case 0:
		return last + rng_range(&maker->rng, 0, 10 * MS_PER_MINUTE);
	case 1:
		return last + SILENCE_MS + rng_range(&maker->rng, -1, 1);
	case 2: {
		event_ms at =
		    zone_time_at(maker->zone, day + (int32_t)rng_range(&maker->rng, 28, 60), 360);
		return at + rng_range(&maker->rng, -1, 1);
	}
	default:
		return last + rng_range(&maker->rng, 0, 80 * MS_PER_DAY);
	}
}

void world_make(struct world *world, uint64_t seed, const struct zone *zone, bool is_plain)
{
	struct maker maker = {.world = world, .rng = {.state = seed}, .zone = zone};

	world->seed = seed;
	world->count = 0;
	world->phase_count = 0;
	maker.first_day = civil_from_ymd(2025, 1, 1) + (int32_t)rng_below(&maker.rng, 270);
	maker.client_count = 1 + rng_below(&maker.rng, CAST_CLIENTS_MAX);
	for (size_t i = 0; i < maker.client_count; i++)
		maker.clients[i] = random_id(&maker.rng);
	for (size_t i = 0; i < COURSES_MAX; i++)
		maker.courses[i] = COURSE_FIRST + i;
	make_visits(&maker);
	make_hellos(&maker);
	make_cast(&maker);
	world->cast.is_plain = is_plain;
	office_play(world, &maker.rng, zone, is_plain);
	qsort(world->inputs, world->count, sizeof(world->inputs[0]), by_moment);
	name_inputs(&maker);
	for (size_t i = 0; i < world->count; i++)
		world->inputs[i].draw = rng_next(&maker.rng);
	world->now = draw_now(&maker);
}
