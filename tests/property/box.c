#include "box.h"

#include "rng.h"

#include <stdlib.h>

#define YEAR_MS (365 * MS_PER_DAY)
#define LOST INT64_MIN /* says 1970 when it starts */

static int by_time(const void *a, const void *b)
{
	wall_ms x = *(const wall_ms *)a;
	wall_ms y = *(const wall_ms *)b;

	return (x > y) - (x < y);
}

/* Each begins as something comes in: none is empty. */
static void draw_times(struct world *world, struct rng *rng)
{
	wall_ms times[BOX_PHASES_MAX] = {world->inputs[0].ts};
	size_t count = (size_t)rng_range(rng, 2, BOX_PHASES_MAX);

	for (size_t i = 1; i < count; i++)
		times[i] = world->inputs[rng_below(rng, world->count)].recv;
	qsort(times, count, sizeof(times[0]), by_time);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || times[i] != times[i - 1])
			world->phases[world->phase_count++].from = times[i];
}

/* An unsynchronised clock that is right may be confirmed by devices, or the program was started
 * again before the third of them: time that was set right comes next, no restart. */
static void draw_phase(struct world *world, size_t at, struct rng *rng)
{
	static const int64_t offs[] = {
	    0, 217 * MS_PER_MINUTE, -319 * MS_PER_MINUTE, 3 * YEAR_MS, LOST};
	struct box_phase *phase = &world->phases[at];
	const struct box_phase *before = at > 0 ? phase - 1 : NULL;
	bool is_open = before && !before->is_synced && before->off_ms == 0;
	bool is_last = at + 1 == world->phase_count;

	phase->is_restart = !before || (!is_open && rng_percent(rng, 50));
	phase->booted_at = phase->is_restart ? phase->from : before->booted_at;
	phase->boot = before ? before->boot + phase->is_restart : 1;
	phase->is_synced = is_last || is_open || rng_percent(rng, 30);
	phase->off_ms = phase->is_synced ? 0 : RNG_PICK(rng, offs);
	if (phase->off_ms == LOST)
		phase->off_ms = -phase->booted_at;
}

void box_play(struct world *world)
{
	struct rng rng = {.state = world->seed ^ UINT64_C(0xb0c5)};

	for (size_t i = 0; i < world->count; i++) {
		struct input *input = &world->inputs[i];
		if (input_is_order(input))
			input->recv = input->ts;
		if (input->recv > world->now)
			world->now = input->recv;
	}
	draw_times(world, &rng);
	for (size_t i = 0; i < world->phase_count; i++)
		draw_phase(world, i, &rng);
}

size_t box_phase_at(const struct world *world, wall_ms recv)
{
	size_t at = 0;

	while (at + 1 < world->phase_count && world->phases[at + 1].from <= recv)
		at++;
	return at;
}

struct clock_reading box_reading(const struct box_phase *phase, wall_ms now)
{
	return (struct clock_reading){
	    .is_taken = true,
	    .since_boot = now - phase->booted_at,
	    .wall = now + phase->off_ms,
	    .is_synced = phase->is_synced,
	};
}

struct clock_start box_start(const struct world *world, const struct box_phase *phase, wall_ms now)
{
	return (struct clock_start){
	    .boot = {.b = {0xb0, (uint8_t)phase->boot}},
	    .built_at = world->inputs[0].ts - YEAR_MS,
	    .reading = box_reading(phase, now),
	};
}
