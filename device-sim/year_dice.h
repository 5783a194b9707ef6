/* year_dice.h - the dice of a seed: equal seeds roll equally, everywhere (SplitMix64). */
#ifndef SIM_YEAR_DICE_H
#define SIM_YEAR_DICE_H

#include "base/id.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct dice {
	uint64_t state;
};

static inline uint64_t dice_roll(struct dice *dice)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* low to high, both included. */
static inline int dice_range(struct dice *dice, int low, int high)
{
	return low + (int)(dice_roll(dice) % (uint64_t)(high - low + 1));
}

static inline bool dice_permille(struct dice *dice, int permille)
{
	return dice_range(dice, 0, 999) < permille;
}

static inline struct id dice_id(struct dice *dice)
{
	uint64_t halves[2] = {dice_roll(dice), dice_roll(dice)};
	struct id id;

	memcpy(id.b, halves, sizeof(id.b));
	return id;
}

#endif
