#include "story.h"

#include "../model/parties.h"
#include "../property/message.h"
#include "io/clock.h"

#include <stdlib.h>

#define LIVE_MS (2 * MS_PER_MINUTE)
#define ORDERS_KEPT_PERCENT 12
#define RETOLD_AT_ONCE 40

struct said {
	struct input input;
	bool is_said;
	struct stored stored;
};

static struct story {
	struct world world; /* large; its inputs are not needed any more */
	struct said said[STORY_SAID_MAX];
	size_t said_count;
	struct said *of_reading[MODEL_DEVICES][STORY_SAID_MAX];
	struct story_order orders[STORY_ORDERS_MAX];
	size_t order_count;
} story;

/* --- the stretch ------------------------------------------------------------------------ */

static void take_orders(size_t max)
{
	for (size_t i = 0; i < story.world.count && story.order_count < max; i++) {
		const struct input *input = &story.world.inputs[i];
		if (input_is_order(input) && rng_percent(&model.rng, ORDERS_KEPT_PERCENT))
			story.orders[story.order_count++].input = *input;
	}
}

static void take_said(size_t first, size_t max)
{
	for (size_t i = first; i < story.world.count && story.said_count < max; i++)
		if (!input_is_order(&story.world.inputs[i]))
			story.said[story.said_count++].input = story.world.inputs[i];
}

void story_begin(uint64_t seed, const struct zone *zone, size_t said, size_t orders)
{
	story.said_count = story.order_count = 0;
	memset(story.said, 0, sizeof(story.said));
	memset(story.orders, 0, sizeof(story.orders));
	world_make(&story.world, seed, zone, false);
	CP_CHECK(said <= STORY_SAID_MAX && orders <= STORY_ORDERS_MAX);
	take_said(rng_below(&model.rng, story.world.count / 2), said);
	take_orders(orders);
	port_begin(story.said[0].input.ts - MS_PER_MINUTE);
	for (size_t i = 0; i < model.device_count; i++) {
		static const enum pki_kind kinds[] = {
		    PKI_PEN, PKI_RF, PKI_STAMP, PKI_PEN, PKI_ROLLER, PKI_TABLET};
		model.devices[i].id = world_device(i);
		model.devices[i].kind = kinds[i];
	}
}

/* The earliest after a moment. */
static wall_ms next_after(wall_ms after)
{
	wall_ms next = TIME_NEVER;

	for (size_t i = 0; i < story.said_count; i++) {
		const struct said *said = &story.said[i];
		if (!said->is_said && said->input.ts > after && said->input.ts < next)
			next = said->input.ts;
	}
	for (size_t i = 0; i < story.order_count; i++) {
		const struct story_order *order = &story.orders[i];
		if (!order->is_sent && order->input.ts > after && order->input.ts < next)
			next = order->input.ts;
	}
	return next;
}

wall_ms story_next_at(void)
{
	return next_after(INT64_MIN);
}

wall_ms story_soon_at(size_t skip)
{
	wall_ms at = next_after(INT64_MIN);
	wall_ms later;

	while (skip-- > 0 && (later = next_after(at)) != TIME_NEVER)
		at = later;
	return at;
}

/* --- readings (../model/parties.h) ------------------------------------------------------- */

static size_t index_of(const struct model_device *device)
{
	return (size_t)(device - model.devices);
}

/* NULL: nothing now. */
static struct said *due(const struct model_device *device)
{
	for (size_t i = 0; i < story.said_count; i++) {
		struct said *said = &story.said[i];
		if (!said->is_said && said->input.device == index_of(device))
			return said->input.ts <= clock_wall() ? said : NULL;
	}
	return NULL;
}

bool story_is_due(const struct model_device *device)
{
	return due(device) != NULL;
}

size_t reading_next(struct model_device *device)
{
	struct said *said = due(device);

	if (!said)
		return NO_READING;
	said->is_said = true;
	story.of_reading[index_of(device)][device->reading_count] = said;
	device->readings[device->reading_count] = (struct reading_said){0};
	return device->reading_count++;
}

/* What it says has its time; a will has not. */
size_t reading_for_will(struct model_device *device)
{
	(void)device;
	return NO_READING;
}

static struct slice bytes_of(const struct input *input, bool is_replay, struct arena *arena)
{
	const struct delivery delivery = {.is_replay = is_replay, .sent_mono_ms = is_replay};

	return message_bytes(&story.world.cast, input, &delivery, arena);
}

/* Said again later, it comes from the device's buffer. */
struct slice reading_payload(const struct model_device *device, size_t reading, struct arena *arena)
{
	const struct said *said = story.of_reading[index_of(device)][reading];

	return bytes_of(&said->input, clock_wall() - said->input.ts > LIVE_MS, arena);
}

static bool is_it(const struct input *input, const struct reading *reading)
{
	return input->boot == reading->boot && input->seq == reading->seq;
}

size_t reading_find(const struct model_device *device, const struct reading *reading)
{
	for (size_t i = 0; i < device->reading_count; i++)
		if (is_it(&story.of_reading[index_of(device)][i]->input, reading))
			return i;
	return NO_READING;
}

/* --- orders --------------------------------------------------------------------------------- */

size_t story_order_count(void)
{
	return story.order_count;
}

struct story_order *story_order(size_t index)
{
	return &story.orders[index];
}

struct slice story_order_bytes(const struct story_order *order, struct arena *arena)
{
	return bytes_of(&order->input, false, arena);
}

/* --- what was stored ----------------------------------------------------------------------------
 */

static struct stored *place_of(const struct reading *reading)
{
	for (size_t i = 0; i < story.said_count; i++)
		if (id_eq(&story.said[i].input.source, &reading->source) &&
		    is_it(&story.said[i].input, reading))
			return &story.said[i].stored;
	for (size_t i = 0; i < story.order_count; i++)
		if (id_eq(&reading_head_office, &reading->source) &&
		    is_it(&story.orders[i].input, reading))
			return &story.orders[i].stored;
	return NULL;
}

void story_stored(const struct batch_entry *entry)
{
	struct stored *stored = place_of(&entry->reading);

	if (!stored || stored->is_stored)
		return;
	*stored = (struct stored){
	    .is_stored = true,
	    .is_replay = entry->reading.is_replay,
	    .recv = entry->recv + clock_wall() - clock_since_boot(),
	};
}

static void add(
    struct batch *batch, const struct input *input, const struct stored *stored, struct slice bytes)
{
	struct batch_entry *entry = batch_add(batch);
	enum reading_result gate;

	if (input_is_order(input))
		gate = reading_parse_order(&batch->arena, bytes, &entry->reading, &entry->why);
	else
		gate = reading_parse(&batch->arena, bytes, &input->source,
		    input->device == WORLD_TABLET, &entry->reading, &entry->why);
	CP_CHECK(gate == READING_OK || gate == READING_RANGE);
	entry->what = BATCH_READING;
	entry->recv = stored->recv;
}

/* Of all that is said, then all that is ordered; NULL: behind the last. */
static const struct input *at(size_t index, const struct stored **stored)
{
	if (index < story.said_count) {
		*stored = &story.said[index].stored;
		return &story.said[index].input;
	}
	index -= story.said_count;
	*stored = index < story.order_count ? &story.orders[index].stored : NULL;
	return *stored ? &story.orders[index].input : NULL;
}

const struct input *story_next_stored(size_t *next, const struct stored **stored)
{
	const struct input *input = at((*next)++, stored);

	while (input && !(*stored)->is_stored)
		input = at((*next)++, stored);
	return input;
}

struct batch *story_retell(struct batch *batch, size_t *next)
{
	const struct stored *stored;
	const struct input *input;

	batch_reset(batch);
	while (batch->entry_count < RETOLD_AT_ONCE && (input = story_next_stored(next, &stored)))
		add(batch, input, stored, bytes_of(input, stored->is_replay, &batch->arena));
	return batch->entry_count > 0 ? batch : NULL;
}
