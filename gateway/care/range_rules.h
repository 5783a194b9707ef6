/* range_rules.h - the table of ranges.
 *
 * What:    one row per field that has a range narrower than its wire type.
 * Shape:   rows of one message stand together; a field is named by its offset in
 *          the generated struct, so that a wrong name does not compile.
 * Use:     inside this room (range.c).
 */
#ifndef CARE_RANGE_RULES_H
#define CARE_RANGE_RULES_H

#include <protobuf-c/protobuf-c.h>

/* 2100-01-01 UTC: no event of this system is later [E]. Zero is allowed: a
 * device that lost its clock says 1970, and R18 decides what that is worth. */
#define RANGE_TS_MAX INT64_C(4102444800000)

/* Bits 0 to 18: enum Zone. */
#define RANGE_ZONES_MAX ((1 << 19) - 1)

enum rule_kind {
	RULE_NUMBER,     /* min..max, or exactly `also`; elements of a list, too */
	RULE_DATE,       /* YYYYMMDD that exists, or 0 */
	RULE_EXPIRY,     /* the same, DD 00 allowed */
	RULE_TEXT,       /* min = enum text_kind */
	RULE_ID_OR_ZERO, /* a required id that may be all zero */
	RULE_COUNT,      /* of a list of messages */
};

struct range_rule {
	const ProtobufCMessageDescriptor *message;
	unsigned offset;
	enum rule_kind kind;
	int64_t min;
	int64_t max;
	int64_t also;
	size_t max_count; /* of a list; 0 = single field */
};

enum text_kind {
	TEXT_CODE, /* domain P10; every string without a row */
	TEXT_GTIN,
	TEXT_SITE,
	TEXT_TZ,
	TEXT_KEY,
	TEXT_PARAMETER,
	TEXT_NAME,
};

struct range_alphabet {
	const char *chars;
	size_t min_len;
	size_t max_len;
};

extern const struct range_alphabet range_alphabets[];

/* The first row of the message; NULL when it has none. */
const struct range_rule *range_rules_of(const ProtobufCMessageDescriptor *message);

/* The row of the field, searched from the message's first one on. */
const struct range_rule *range_rule_for(
    const struct range_rule *first, const ProtobufCFieldDescriptor *field);

#endif
