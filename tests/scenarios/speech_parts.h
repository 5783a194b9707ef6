/* speech_parts.h - what the files of speech share.
 *
 * A sentence is a body of the contract with its usual fields said by place, and its
 * usual values left out; everything else follows by name.
 */
#ifndef SCENARIOS_SPEECH_PARTS_H
#define SCENARIOS_SPEECH_PARTS_H

#include "tell.h"

struct sentence {
	const char *verb;
	const char *body;
	const char *places; /* fields that are said without their names; "?zones" may be left out */
	const char *defaults;                                         /* FIELD=VALUE ... */
	void (*fill)(struct told *told, const struct device *device); /* other defaults */
};

/* The sentence of that verb; "tell" takes its body from the words and has no defaults. */
struct sentence speech_find(
    const struct sentence *sentences, size_t count, const char *verb, struct words *words);

/* The field of an envelope that holds the body; NULL and failed if there is none. */
const ProtobufCFieldDescriptor *speech_body(
    struct clinic *clinic, const ProtobufCMessageDescriptor *envelope, const char *name);

/* The body, of all words left. */
ProtobufCMessage *speech_compose(struct words *words, const struct sentence *sentence,
    const ProtobufCFieldDescriptor *body, const struct device *device);
void speech_put_body(
    ProtobufCMessage *envelope, const ProtobufCFieldDescriptor *field, ProtobufCMessage *body);

/* What may be said about the message rather than in it. */
struct envelope {
	bool is_test;
	bool is_replay;
	bool has_mono;
	int64_t mono_ms;
	wall_ms ts;    /* 0: as the device's clock says */
	uint32_t boot; /* 0: the device's */
};

struct envelope speech_envelope(struct words *words, struct device *device);
void speech_up(struct clinic *clinic, struct device *device, const struct envelope *envelope,
    const ProtobufCFieldDescriptor *field, ProtobufCMessage *body, wall_ms at);

/* A whole sentence of a device; from words or as text. */
void speech_device(struct clinic *clinic, struct device *device, struct words *words);
void speech_say(struct clinic *clinic, struct device *device, const char *format, ...)
    CP_PRINTF(3, 4);

/* The sentences that are more than one message, or many values in one. */
typedef void speech_verb(struct clinic *clinic, struct device *device, struct words *words);
speech_verb speech_session, speech_sample, speech_pulses;

void speech_head_office(struct clinic *clinic, struct words *words);

/* The policy of clinic->chain, as an order. */
void speech_policy(struct clinic *clinic, wall_ms since);

#endif
