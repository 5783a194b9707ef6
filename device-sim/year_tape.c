#include "year_tape.h"

#include "wire/pack.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define TAPE_MAX_BYTES ((size_t)4 << 30)
#define BLOCK_BYTES ((size_t)1 << 20)
#define TEXT_BYTES 160
#define SKEW_MAX_MS (300 * MS_PER_SECOND) /* R18: beyond it a clock is not believed */
#define EPOCH_CLOCK_MS MS_PER_DAY         /* what a device without a clock begins with */
#define FLUSH_AFTER_MS 2000               /* connected again, it sends what waited */
#define FLUSH_PITCH_MS 40

static const struct id head_office = {.b = {[ID_BYTES - 1] = 1}};

void tape_init(struct tape *tape)
{
	*tape = (struct tape){.speaker_count = 1};
	tape->speakers[TAPE_OFFICE].id = head_office;
	arena_init(&tape->arena, BLOCK_BYTES, TAPE_MAX_BYTES);
}

void tape_deinit(struct tape *tape)
{
	arena_deinit(&tape->arena);
}

void *tape_alloc(struct tape *tape, size_t bytes)
{
	void *p = arena_zalloc(&tape->arena, bytes);

	CP_CHECK(p);
	return p;
}

void *tape_list(struct tape *tape, size_t count)
{
	return tape_alloc(tape, count * sizeof(void *));
}

const char *tape_text(struct tape *tape, const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list args;

	va_start(args, format);
	int len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	CP_CHECK(len >= 0 && len < TEXT_BYTES);
	char *copy = tape_alloc(tape, (size_t)len + 1);
	memcpy(copy, text, (size_t)len + 1);
	return copy;
}

void *tape_message(struct tape *tape, const ProtobufCMessageDescriptor *type)
{
	ProtobufCMessage *message = tape_alloc(tape, type->sizeof_message);

	protobuf_c_message_init(type, message);
	return message;
}

ProtobufCBinaryData tape_id(const struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)id->b};
}

/* --- saying ------------------------------------------------------------------------------ */

static void *push(struct tape *tape, void *items, size_t *count, size_t *cap, size_t size)
{
	items = arena_push(&tape->arena, items, (*count)++, cap, size);
	CP_CHECK(items);
	return items;
}

static struct saying *add(struct tape *tape, unsigned speaker, event_ms at)
{
	struct saying *saying = tape_alloc(tape, sizeof(*saying));

	*saying = (struct saying){.speaker = speaker, .place = tape->count, .at = at};
	tape->sayings =
	    push(tape, tape->sayings, &tape->count, &tape->cap, sizeof(struct saying *));
	tape->sayings[tape->count - 1] = saying;
	tape->last = saying;
	return saying;
}

/* The one member of the body, zeroed. */
static void *body_of(struct tape *tape, ProtobufCMessage *message, unsigned number)
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field(message->descriptor, number);
	void *body = tape_message(tape, field->descriptor);

	*(void **)((uint8_t *)message + field->offset) = body;
	*(unsigned *)((uint8_t *)message + field->quantifier_offset) = number;
	return body;
}

void *tape_say(struct tape *tape, unsigned speaker, event_ms at, Carepace__V1__Up__BodyCase body)
{
	struct saying *saying = add(tape, speaker, at);

	saying->up = tape_message(tape, &carepace__v1__up__descriptor);
	return body_of(tape, &saying->up->base, body);
}

void *tape_order(
    struct tape *tape, event_ms at, const char *key, Carepace__V1__Order__BodyCase body)
{
	struct saying *saying = add(tape, TAPE_OFFICE, at);

	saying->order = tape_message(tape, &carepace__v1__order__descriptor);
	saying->order->key = (char *)key;
	saying->order->ts_ms = at;
	saying->order->revision = (uint64_t)at; /* the later word is the higher one */
	return body_of(tape, &saying->order->base, body);
}

void tape_add_shift(struct tape *tape, unsigned speaker, const struct shift *shift)
{
	struct speaker *s = &tape->speakers[speaker];

	CP_CHECK(s->shift_count == 0 || shift->on > s->shifts[s->shift_count - 1].off);
	s->shifts = push(tape, s->shifts, &s->shift_count, &s->shift_cap, sizeof(*shift));
	s->shifts[s->shift_count - 1] = *shift;
}

void tape_add_outage(struct tape *tape, unsigned speaker, const struct outage *outage)
{
	struct speaker *s = &tape->speakers[speaker];

	s->outages = push(tape, s->outages, &s->outage_count, &s->outage_cap, sizeof(*outage));
	s->outages[s->outage_count - 1] = *outage;
}

static const struct outage *outage_at(const struct speaker *speaker, event_ms at)
{
	for (size_t i = 0; i < speaker->outage_count; i++)
		if (at >= speaker->outages[i].from && at < speaker->outages[i].until)
			return &speaker->outages[i];
	return NULL;
}

bool tape_is_out(const struct tape *tape, unsigned speaker, event_ms at)
{
	return outage_at(&tape->speakers[speaker], at) != NULL;
}

/* --- names and ways ---------------------------------------------------------------------- */

static int compare(const void *a, const void *b)
{
	const struct saying *x = *(struct saying *const *)a;
	const struct saying *y = *(struct saying *const *)b;

	if (x->speaker != y->speaker)
		return x->speaker < y->speaker ? -1 : 1;
	if (x->at != y->at)
		return x->at < y->at ? -1 : 1;
	return (x->place > y->place) - (x->place < y->place);
}

static size_t shift_at(const struct speaker *speaker, event_ms at)
{
	size_t low = 0, high = speaker->shift_count; /* shifts[0 .. low) were off by then */

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (speaker->shifts[middle].off < at)
			low = middle + 1;
		else
			high = middle;
	}
	CP_CHECK(low < speaker->shift_count && at >= speaker->shifts[low].on);
	return low;
}

event_ms shift_shows(const struct shift *shift, event_ms at)
{
	return shift->has_no_clock ? EPOCH_CLOCK_MS + at - shift->on : at + shift->clock_off_ms;
}

/* Beyond what is believed the estimate: the moment itself, for the anchor of a boot is kept
 * to the second below, and the way takes less. */
event_ms shift_event(const struct shift *shift, event_ms at)
{
	event_ms shown = shift_shows(shift, at);

	return llabs(shown - at) <= SKEW_MAX_MS ? shown : at;
}

static void name_up(struct tape *tape, struct saying *saying, const struct saying *before)
{
	const struct speaker *speaker = &tape->speakers[saying->speaker];
	size_t shift = shift_at(speaker, saying->at);
	event_ms sent = saying->at + saying->delay_ms;

	saying->boot = (uint32_t)shift + 1;
	saying->seq = before && before->speaker == saying->speaker && before->boot == saying->boot
	                  ? before->seq + 1
	                  : 1;
	saying->up->source = tape_id(&speaker->id);
	saying->up->boot = saying->boot;
	saying->up->seq = saying->seq;
	saying->up->ts_ms = shift_shows(&speaker->shifts[shift], saying->at);
	saying->up->mono_ms = (uint64_t)(saying->at - speaker->shifts[shift].on);
	saying->event = shift_event(&speaker->shifts[shift], saying->at);
	saying->is_held = outage_at(speaker, sent) != NULL;
	saying->received = sent + TAPE_LATENCY_MS;
	saying->up->has_replay = saying->up->replay = saying->is_held;
}

static void name_order(struct saying *saying, uint32_t n)
{
	saying->boot = saying->order->hq_epoch = 1;
	saying->seq = saying->order->n = n;
	saying->event = saying->at;
	saying->received = saying->at + TAPE_LATENCY_MS;
}

/* Where in the flush the i-th of `count` comes. */
static size_t turn_of(const size_t *shuffled, enum flush flush, size_t i, size_t count)
{
	return flush == FLUSH_BACKWARDS ? count - 1 - i : flush == FLUSH_SHUFFLED ? shuffled[i] : i;
}

/* What waited in the device goes out once it is connected again. */
static void flush(struct tape *tape, struct dice *dice, struct saying **held, size_t count,
    const struct outage *outage)
{
	size_t *shuffled = tape_alloc(tape, (count + 1) * sizeof(*shuffled));

	for (size_t i = 0; i < count; i++) {
		size_t k = (size_t)dice_range(dice, 0, (int)i);
		shuffled[i] = shuffled[k];
		shuffled[k] = i;
	}
	for (size_t i = 0; i < count; i++)
		held[i]->received =
		    outage->until + FLUSH_AFTER_MS +
		    FLUSH_PITCH_MS * (event_ms)turn_of(shuffled, outage->flush, i, count);
}

static void flush_all(struct tape *tape, struct dice *dice)
{
	for (size_t i = 0; i < tape->count;) {
		size_t end = i + 1;
		if (tape->sayings[i]->is_held) {
			const struct saying *first = tape->sayings[i];
			const struct speaker *speaker = &tape->speakers[first->speaker];
			const struct outage *outage =
			    outage_at(speaker, first->at + first->delay_ms);
			while (end < tape->count && tape->sayings[end]->is_held &&
			       tape->sayings[end]->speaker == first->speaker &&
			       outage_at(speaker,
			           tape->sayings[end]->at + tape->sayings[end]->delay_ms) == outage)
				end++;
			flush(tape, dice, tape->sayings + i, end - i, outage);
		}
		i = end;
	}
}

void tape_number(struct tape *tape, struct dice *dice)
{
	uint32_t n = 0;

	qsort(tape->sayings, tape->count, sizeof(struct saying *), compare);
	for (size_t i = 0; i < tape->count; i++) {
		if (tape->sayings[i]->order)
			name_order(tape->sayings[i], ++n);
		else
			name_up(tape, tape->sayings[i], i ? tape->sayings[i - 1] : NULL);
	}
	flush_all(tape, dice);
}

const char *tape_name(
    const struct tape *tape, const struct saying *saying, char out[TAPE_NAME_BYTES])
{
	char hex[ID_HEX_LEN + 1];

	(void)snprintf(out, TAPE_NAME_BYTES, "%s/%" PRIu32 "/%" PRIu32,
	    id_hex(&tape->speakers[saying->speaker].id, hex), saying->boot, saying->seq);
	return out;
}
