/* reader.h - takes MQTT's field types off the front of some bytes.
 *
 * Errors:  the first one stays in `bad`; everything read after it is zero or
 *          empty. So a parser reads all fields and looks at `bad` once.
 * Use:     inside this room (packet.c, props.c).
 */
#ifndef MQTT_READER_H
#define MQTT_READER_H

#include "mqtt/reason.h"
#include "mqtt/text.h"

struct reader {
	struct slice rest;
	enum mqtt_reason bad;
};

static inline void reader_fail(struct reader *reader, enum mqtt_reason reason)
{
	if (!reader->bad)
		reader->bad = reason;
}

static inline struct slice reader_take(struct reader *reader, size_t len_bytes)
{
	if (len_bytes > reader->rest.len)
		reader_fail(reader, MQTT_TRUNCATED);
	if (reader->bad)
		return slice_of(NULL, 0);
	struct slice taken = slice_of(reader->rest.p, len_bytes);
	reader->rest = slice_from(reader->rest, len_bytes);
	return taken;
}

static inline uint8_t reader_u8(struct reader *reader)
{
	struct slice s = reader_take(reader, 1);

	return s.len ? s.p[0] : 0;
}

static inline uint16_t reader_u16(struct reader *reader)
{
	struct slice s = reader_take(reader, 2);

	return s.len ? (uint16_t)((unsigned)s.p[0] << 8 | s.p[1]) : 0;
}

static inline uint32_t reader_u32(struct reader *reader)
{
	uint32_t high = reader_u16(reader);

	return high << 16 | reader_u16(reader);
}

/* At most four bytes, and not longer than needed [MQTT-1.5.5-1]. */
static inline uint32_t reader_varint(struct reader *reader)
{
	uint32_t value = 0;

	for (unsigned shift = 0; shift < 28; shift += 7) {
		uint8_t byte = reader_u8(reader);
		value |= (uint32_t)(byte & 0x7F) << shift;
		if (byte & 0x80)
			continue;
		if (byte == 0 && shift > 0)
			break;
		return value;
	}
	reader_fail(reader, MQTT_BAD_LENGTH);
	return 0;
}

static inline struct slice reader_binary(struct reader *reader)
{
	return reader_take(reader, reader_u16(reader));
}

static inline struct slice reader_text(struct reader *reader)
{
	struct slice text = reader_binary(reader);

	if (!mqtt_utf8_is_valid(text))
		reader_fail(reader, MQTT_BAD_UTF8);
	return text;
}

/* The last field has been read. */
static inline void reader_end(struct reader *reader)
{
	if (reader->rest.len > 0)
		reader_fail(reader, MQTT_TRAILING_BYTES);
}

#endif
