/* message.h - an input of a world as protobuf bytes. */
#ifndef PROPERTY_MESSAGE_H
#define PROPERTY_MESSAGE_H

#include "base/arena.h"
#include "world.h"

#include <stdio.h>

/* What may differ between two copies of one message (telemetry.proto, Up). */
struct delivery {
	bool is_replay;
	uint64_t sent_mono_ms;
};

/* The bytes, in the arena. */
struct slice message_bytes(const struct cast *cast, const struct input *input,
    const struct delivery *delivery, struct arena *arena);

/* "up <hex>" or "order <hex>", for oracle.py. */
void message_trace(const struct cast *cast, const struct input *input, FILE *out);

#endif
