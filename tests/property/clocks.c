#include "clocks.h"

#include "rng.h"

#define YEAR_MS (365 * MS_PER_DAY)
#define LOST INT64_MIN /* says 1970 and counts from there */

struct boot {
	size_t device;
	uint32_t boot;
	wall_ms booted_at;
	int64_t off_ms;
	int64_t off_later_ms; /* from some message on */
	event_ms later;
	bool is_alone; /* nobody sees it live */
};

static int64_t draw_off(struct rng *rng)
{
	static const int64_t offs[] = {0, 0, 0, 60 * MS_PER_SECOND, -200 * MS_PER_SECOND,
	    299 * MS_PER_SECOND, -299 * MS_PER_SECOND, 10 * MS_PER_MINUTE, -2 * MS_PER_HOUR,
	    -YEAR_MS, 11 * YEAR_MS, LOST};

	return RNG_PICK(rng, offs);
}

static struct boot draw_boot(struct rng *rng, const struct input *first)
{
	struct boot boot = {
	    .device = first->device,
	    .boot = first->boot,
	    .booted_at = first->ts - rng_range(rng, 0, MS_PER_HOUR),
	    .off_ms = draw_off(rng),
	    .is_alone = rng_percent(rng, 35),
	};

	boot.off_later_ms = rng_percent(rng, 20) ? draw_off(rng) : boot.off_ms;
	boot.later = first->ts + rng_range(rng, 0, 20 * MS_PER_DAY);
	return boot;
}

static int64_t off_at(const struct boot *boot, event_ms at)
{
	int64_t off = at >= boot->later ? boot->off_later_ms : boot->off_ms;

	if (off == LOST)
		off = -boot->booted_at;
	return at + off < 0 ? -at : off;
}

/* Neighbours in seq may stand the other way round in time: a boot begins before both. */
static void set(struct input *input, const struct boot *boot, struct rng *rng)
{
	int64_t delay = rng_range(rng, 0, 3000);

	input->booted_at = boot->booted_at;
	input->clock_off_ms = off_at(boot, input->ts);
	input->is_buffered = !input_is_live(input) && (boot->is_alone || rng_percent(rng, 20));
	if (input->is_buffered)
		delay = rng_range(rng, MS_PER_MINUTE, 30 * MS_PER_DAY);
	else if (!input_is_live(input) && rng_percent(rng, 10))
		delay = rng_range(rng, 0, MS_PER_HOUR); /* on the way */
	input->recv = input->ts + delay;
}

void clocks_break(struct world *world)
{
	struct rng rng = {.state = world->seed ^ UINT64_C(0xc10c)};
	struct boot boots[WORLD_DEVICES + 1] = {0};

	for (size_t i = 0; i < world->count; i++) {
		struct input *input = &world->inputs[i];
		if (input_is_order(input))
			continue;
		struct boot *boot = &boots[input->device];
		if (boot->boot != input->boot)
			*boot = draw_boot(&rng, input);
		set(input, boot, &rng);
	}
}
