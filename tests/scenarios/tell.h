/* tell.h - any message of the contract, from its fields' names and values as words.
 *
 * What:    telemetry.proto and report.proto are read by their descriptors, so every
 *          field that they have or will have can be said. README.md has the notation.
 * Memory:  messages lie in clinic->arena until the next line.
 * Errors:  a field that is none, or a value that does not fit it, fails the case.
 */
#ifndef SCENARIOS_TELL_H
#define SCENARIOS_TELL_H

#include "words.h"

struct told {
	struct clinic *clinic;
	ProtobufCMessage *message;
	uint64_t given; /* bit n: the descriptor's field n was said */
};

struct told tell_begin(struct clinic *clinic, const ProtobufCMessageDescriptor *type);

/* The field of that name, of which an ending may be left out; NULL if there is none, or
 * more than one (and failed). */
const ProtobufCFieldDescriptor *tell_find(
    struct clinic *clinic, const ProtobufCMessageDescriptor *type, const char *name);

bool tell_has(const struct told *told, const char *name);
void tell_field(struct told *told, const char *name, const char *value);
void tell_default(struct told *told, const char *name, const char *value);

/* FIELD=VALUE or FIELD VALUE until there are no more words. */
void tell_words(struct told *told, struct words *words);

/* Everything required was said? */
void tell_end(struct told *told);

/* "BAND_" of enum Band; "" for an enum without a common beginning. */
size_t tell_enum_prefix_len(const ProtobufCEnumDescriptor *type);

/* The letter of the ids in such a field (clinic.h), 0 for other bytes. */
char tell_id_kind(const char *name);

#endif
