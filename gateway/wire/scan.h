/* scan.h - looks through protobuf bytes before anything is built from them.
 *
 * What:    protobuf-c has no limits of its own and makes 68 bytes of memory from
 *          one byte of input. The scan walks the raw bytes along the message's
 *          descriptor and refuses what is malformed or too much; it also finds
 *          the body of the envelope and blanks personal tokens in place (P10).
 * Not:     the meaning of values (care/reading) or building messages (unpack).
 * Memory:  allocates nothing; slices point into the bytes scanned.
 * Stricter than protobuf: a field that may stand once and stands twice is
 *          refused (parsers disagree whether the last wins or both merge), and
 *          so is a number that does not fit its field (protobuf-c would cut it).
 */
#ifndef WIRE_SCAN_H
#define WIRE_SCAN_H

#include "base/slice.h"

#include <protobuf-c/protobuf-c.h>

/* One MQTT payload (domain section 9: size at most 65,535 bytes). */
#define WIRE_MAX_BYTES 65535

/* Messages within messages. The contract needs 4 (Report, SessionSummary,
 * SessionEnd, ZonePasses); a test holds the descriptors against this. */
#define WIRE_MAX_DEPTH 6

/* Fields and repeated elements of a message, at all depths together. The most
 * that the contract allows is Policy: 512 settings of 3 fields, 128 checks. */
#define WIRE_MAX_FIELDS 4096

/* Field numbers as protobuf defines them. */
#define WIRE_MAX_FIELD_NUMBER 536870911

enum wire_bad {
	WIRE_BAD_NONE = 0,
	WIRE_BAD_SIZE,     /* more than WIRE_MAX_BYTES */
	WIRE_BAD_CUT,      /* ends inside a field */
	WIRE_BAD_VARINT,   /* longer than 64 bits, or than its field */
	WIRE_BAD_TAG,      /* field number 0 or too high, a group, wrong wire type */
	WIRE_BAD_TWICE,    /* a single field, or the body, stands twice */
	WIRE_BAD_DEPTH,    /* deeper than WIRE_MAX_DEPTH */
	WIRE_BAD_FIELDS,   /* more than WIRE_MAX_FIELDS */
	WIRE_BAD_REQUIRED, /* a required field is missing */
	WIRE_BAD_MEMORY,   /* would need more than WIRE_MAX_MEMORY_BYTES */
};

/* "a required field is missing": a few words for logs and counters, never NULL. */
const char *wire_bad_text(enum wire_bad bad);

struct wire_scan {
	enum wire_bad bad;
	uint32_t body_field; /* number of the oneof member that is set, 0 = none known */
	struct slice body;   /* its content, without tag and length */
	uint32_t fields;     /* how many were counted */
	bool has_tokens;     /* there is something to blank */
	bool has_nul;        /* a string holds a NUL: C would read it cut */
};

/* True when the bytes may be given to protobuf-c; else out->bad says why not.
 * All of *out is set in either case. */
bool wire_scan(const ProtobufCMessageDescriptor *type, struct slice bytes, struct wire_scan *out);

/* Zeroes the content of every `bytes` field whose name ends in _token, however
 * deep and however often it stands. Only for bytes that wire_scan() let pass;
 * what it does not know (unknown fields) stays as it is. */
void wire_blank_tokens(const ProtobufCMessageDescriptor *type, uint8_t *bytes, size_t len_bytes);

/* The reverse, for messages that name one person: each of those fields becomes the token,
 * which must be as long. */
void wire_fill_tokens(
    const ProtobufCMessageDescriptor *type, uint8_t *bytes, size_t len_bytes, struct slice token);

/* Each of them, to be written in place; none is empty. */
typedef void wire_token_fn(void *ctx, const char *field, uint8_t *token, size_t len_bytes);
void wire_each_token(const ProtobufCMessageDescriptor *type, uint8_t *bytes, size_t len_bytes,
    wire_token_fn *on_token, void *ctx);

/* The structure of any bytes, for people: never a value, since what this program does
 * not know may be a person's token (P10). */
struct wire_outline_field {
	uint32_t depth; /* 1 is the envelope */
	uint32_t number;
	const char *name; /* NULL: not in this contract */
	const char *form; /* "number", "8 bytes", "4 bytes", "bytes", "message"; static */
	size_t len_bytes; /* of bytes and message */
};
typedef void wire_outline_fn(void *ctx, const struct wire_outline_field *field);

/* In their order, at most WIRE_MAX_FIELDS. What ends it, WIRE_BAD_NONE when nothing. */
enum wire_bad wire_outline(const ProtobufCMessageDescriptor *type, struct slice bytes,
    wire_outline_fn *on_field, void *ctx);

/* Is this a field that holds a person's token? */
bool wire_is_token(const ProtobufCFieldDescriptor *field);

#endif
