/* say.h - what a message says, by the dice: every field of every body of the contract is
 * drawn by a row of one table (words.c), through protobuf's own descriptors.
 *
 * What:    say() makes a whole body; say_rest() fills what a body that was made by hand
 *          leaves open. Ids, sids and moments are those of the world's cast, so that what
 *          is said concerns somebody.
 * Same:    equal dice say equal words: copies of a message are equal.
 * Memory:  everything lies in the arena.
 */
#ifndef PROPERTY_SAY_H
#define PROPERTY_SAY_H

#include "base/arena.h"
#include "world.h"

#include <protobuf-c/protobuf-c.h>

struct saying {
	const struct cast *cast;
	struct arena *arena;
	struct rng rng;  /* of this message */
	struct rng name; /* of what its revisions have in common: whom or what it is about */
	unsigned number; /* of its key */
};

ProtobufCMessage *say(struct saying *saying, const ProtobufCMessageDescriptor *type);
/* `before`: the entry of its list before it, or NULL; streams change slowly. */
void say_rest(struct saying *saying, ProtobufCMessage *message, const ProtobufCMessage *before);

/* The field `name`, if it has one, and it holds ids: they are given this one. */
void say_id(ProtobufCMessage *message, const char *name, const struct id *id);

/* Sets the member of the envelope's body that has the number; NULL: there is none. */
const ProtobufCMessageDescriptor *say_body_type(
    const ProtobufCMessageDescriptor *envelope, unsigned body);
void say_set_body(ProtobufCMessage *envelope, unsigned body, ProtobufCMessage *message);

struct slice say_pack(struct arena *arena, const ProtobufCMessage *message);

#endif
