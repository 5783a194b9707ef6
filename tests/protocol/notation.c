#include "notation.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_DEPTH 16

static void fail(struct notation *notation, const char *what)
{
	if (!notation->wrong)
		notation->wrong = what;
}

static bool add(struct notation *notation, struct buf *out, const void *bytes, size_t len_bytes)
{
	if (buf_append(out, bytes, len_bytes) == CP_OK)
		return true;
	fail(notation, "too many bytes");
	return false;
}

static void add_varint(struct notation *notation, struct buf *out, size_t value)
{
	do {
		uint8_t byte = (uint8_t)(value & 0x7F);
		value >>= 7;
		if (value > 0)
			byte |= 0x80;
		add(notation, out, &byte, 1);
	} while (value > 0);
}

static void add_u16(struct notation *notation, struct buf *out, size_t value)
{
	const uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};

	add(notation, out, bytes, sizeof(bytes));
}

/* "abc" with its length in front, 'abc' without; %id is the device. */
static const char *add_quoted(struct notation *notation, struct buf *out, const char *at)
{
	char quote = *at++;
	struct buf text;

	buf_init(&text, UINT16_MAX);
	while (*at && *at != quote) {
		bool is_id = strncmp(at, "%id", 3) == 0;
		add(notation, &text, is_id ? notation->device : at,
		    is_id ? strlen(notation->device) : 1);
		at += is_id ? 3 : 1;
	}
	if (*at != quote)
		fail(notation, "a quote is not closed");
	else
		at++;
	if (quote == '"')
		add_u16(notation, out, text.len);
	add(notation, out, buf_bytes(&text).p, text.len);
	buf_deinit(&text);
	return at;
}

static int hex_digit(char c)
{
	if (isdigit((unsigned char)c))
		return c - '0';
	return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* 0a1b, or 41*300 for one byte many times. */
static const char *add_hex(struct notation *notation, struct buf *out, const char *at)
{
	uint8_t byte = 0;

	while (hex_digit(at[0]) >= 0 && hex_digit(at[1]) >= 0) {
		byte = (uint8_t)(hex_digit(at[0]) << 4 | hex_digit(at[1]));
		add(notation, out, &byte, 1);
		at += 2;
	}
	if (*at == '*') {
		char *end;
		long times = strtol(at + 1, &end, 10);
		for (long i = 1; i < times; i++)
			if (!add(notation, out, &byte, 1))
				break;
		at = end;
	}
	if (*at && !isspace((unsigned char)*at) && *at != '[' && *at != ']')
		fail(notation, "not bytes");
	return *at ? at : "";
}

static const char *add_bytes(
    struct notation *notation, struct buf *out, const char *at, long counter, int depth);

static const char *add_define(
    struct notation *notation, struct buf *out, const char *at, long counter, int depth)
{
	size_t len = strcspn(at, " \t[]");

	for (size_t i = 0; i < notation->define_count; i++) {
		const struct notation_define *define = &notation->defines[i];
		if (strlen(define->name) == len && strncmp(define->name, at, len) == 0) {
			add_bytes(notation, out, define->text, counter, depth + 1);
			return at + len;
		}
	}
	fail(notation, "not defined");
	return at + len;
}

/* [ ... ] is its content with the length in front, as a variable byte integer. */
static const char *add_group(
    struct notation *notation, struct buf *out, const char *at, long counter, int depth)
{
	struct buf inner;

	buf_init(&inner, NOTATION_MAX_BYTES);
	at = add_bytes(notation, &inner, at, counter, depth + 1);
	if (*at == ']')
		at++;
	else
		fail(notation, "a bracket is not closed");
	add_varint(notation, out, inner.len);
	add(notation, out, buf_bytes(&inner).p, inner.len);
	buf_deinit(&inner);
	return at;
}

/* Up to the end or to a closing bracket, which is left there. */
static const char *add_bytes(
    struct notation *notation, struct buf *out, const char *at, long counter, int depth)
{
	if (depth > MAX_DEPTH)
		fail(notation, "too deep");
	while (!notation->wrong) {
		at += strspn(at, " \t");
		if (*at == '\0' || *at == ']')
			return at;
		if (*at == '"' || *at == '\'') {
			at = add_quoted(notation, out, at);
		} else if (*at == '[') {
			at = add_group(notation, out, at + 1, counter, depth);
		} else if (*at == '$') {
			at = add_define(notation, out, at + 1, counter, depth);
		} else if (strncmp(at, "%n", 2) == 0) {
			add_u16(notation, out, (size_t)counter);
			at += 2;
		} else {
			at = add_hex(notation, out, at);
		}
	}
	return "";
}

/* A range in front means once for every %n. */
bool notation_parse(struct notation *notation, const char *text, struct buf *out)
{
	long from = 0;
	long to = 0;
	int skip = 0;

	if (sscanf(text, "%ld..%ld %n", &from, &to, &skip) < 2)
		from = to = skip = 0;
	for (long n = from; n <= to && !notation->wrong; n++)
		if (*add_bytes(notation, out, text + skip, n, 0) == ']')
			fail(notation, "a bracket too many");
	return !notation->wrong;
}

void notation_define(struct notation *notation, const char *text)
{
	size_t len = strcspn(text, " \t");

	if (notation->define_count == NOTATION_MAX_DEFINES) {
		fail(notation, "too many definitions");
		return;
	}
	struct notation_define *define = &notation->defines[notation->define_count++];
	define->name = strndup(text, len);
	define->text = strdup(text + len);
}

void notation_init(struct notation *notation, const char *device)
{
	*notation = (struct notation){.device = device};
}

void notation_deinit(struct notation *notation)
{
	for (size_t i = 0; i < notation->define_count; i++) {
		free(notation->defines[i].name);
		free(notation->defines[i].text);
	}
}
