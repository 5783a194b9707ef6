/* MQTT packets: what is read, what is refused and why, what is written. */
#include "base/err.h"
#include "mqtt/format.h"
#include "mqtt/packet.h"
#include "mqtt/text.h"
#include "talk.h"

#include <stdlib.h>

#define MAX_PACKET 100000

/* Reads one whole packet. */
static enum mqtt_reason read_packet(struct slice bytes, uint8_t level, struct packet *packet)
{
	struct packet_frame frame;
	enum mqtt_reason reason;

	switch (packet_frame(bytes, MAX_PACKET, &frame, &reason)) {
	case PACKET_BAD:
		assert_int_not_equal(reason, MQTT_OK);
		return reason;
	case PACKET_MORE:
		fail_msg("the packet is not whole");
	default:
		assert_int_equal(frame.len_bytes, bytes.len);
		return packet_parse(&frame, level, packet);
	}
}

/* --- reading ---------------------------------------------------------------- */

static void connect_gives_all_its_fields(void **state)
{
	struct buf bytes = bytes_of("10 [ \"MQTT\" 05 ee 0102 [ 11 00000e10 21 0007 27 00001000 ] "
	                            "\"%id\" [ 18 00000009 ] \"a/b\" 0002 beef \"u\" \"p\" ]");
	struct packet packet;

	(void)state;
	assert_int_equal(read_packet(buf_bytes(&bytes), 0, &packet), MQTT_OK);
	assert_int_equal(packet.type, PACKET_CONNECT);
	assert_true(packet.has_level);
	assert_int_equal(packet.level, MQTT_LEVEL_5);
	assert_true(slice_eq_str(packet.connect.client_id, DEVICE));
	assert_true(packet.connect.clean_start);
	assert_int_equal(packet.connect.keep_alive_s, 0x0102);
	assert_int_equal(packet.connect.session_expiry_s, 3600);
	assert_int_equal(packet.connect.receive_maximum, 7);
	assert_int_equal(packet.connect.max_packet_bytes, 4096);
	assert_false(packet.connect.has_auth_method);
	assert_true(packet.connect.has_will);
	assert_true(slice_eq_str(packet.connect.will.topic, "a/b"));
	assert_int_equal(packet.connect.will.payload.len, 2);
	assert_int_equal(packet.connect.will.delay_s, 9);
	assert_int_equal(packet.connect.will.qos, 1);
	assert_true(packet.connect.will.retain);
	buf_deinit(&bytes);
}

static void connect_has_the_defaults_of_the_standard(void **state)
{
	struct buf bytes = bytes_of("10 [ \"MQTT\" 04 00 0000 \"x\" ]");
	struct packet packet;

	(void)state;
	assert_int_equal(read_packet(buf_bytes(&bytes), 0, &packet), MQTT_OK);
	assert_int_equal(packet.level, MQTT_LEVEL_311);
	assert_false(packet.connect.clean_start);
	assert_int_equal(packet.connect.session_expiry_s, 0);
	assert_int_equal(packet.connect.receive_maximum, 65535);
	assert_true(packet.connect.max_packet_bytes == UINT32_MAX);
	assert_false(packet.connect.has_will);
	buf_deinit(&bytes);
}

static void filters_come_one_by_one(void **state)
{
	struct buf bytes = bytes_of("82 [ 0a0b [ 0b 8001 ] \"a/+\" 02 \"b/#\" 2d ]");
	struct packet_filter filter;
	struct packet packet;

	(void)state;
	assert_int_equal(read_packet(buf_bytes(&bytes), MQTT_LEVEL_5, &packet), MQTT_OK);
	assert_int_equal(packet.filters.packet_id, 0x0a0b);
	assert_int_equal(packet.filters.count, 2);
	assert_true(packet.filters.has_subscription_id);
	assert_true(packet_next_filter(&packet.filters, &filter));
	assert_true(slice_eq_str(filter.topic, "a/+"));
	assert_int_equal(filter.qos, 2);
	assert_true(packet_next_filter(&packet.filters, &filter));
	assert_true(slice_eq_str(filter.topic, "b/#"));
	assert_int_equal(filter.qos, 1);
	assert_false(packet_next_filter(&packet.filters, &filter));
	buf_deinit(&bytes);
}

/* A level of 0 means: look at the packet's own, it is a CONNECT. */
struct bad_packet {
	const char *bytes;
	uint8_t level;
	enum mqtt_reason reason;
};

#define V3 MQTT_LEVEL_311
#define V5 MQTT_LEVEL_5

static const struct bad_packet bad_packets[] = {
    {"00 00", V5, MQTT_BAD_TYPE},
    {"31 02 0000 ", V3, MQTT_BAD_TOPIC},
    {"41 02 0001", V5, MQTT_BAD_FLAGS},
    {"60 02 0001", V5, MQTT_BAD_FLAGS},
    {"83 05 0001 0001 61 00", V3, MQTT_BAD_FLAGS},
    {"c8 00", V3, MQTT_BAD_FLAGS},
    {"c0 8000", V5, MQTT_BAD_LENGTH},
    {"c0 ffffffff", V5, MQTT_BAD_LENGTH},
    {"30 a18d06", V5, MQTT_TOO_LARGE}, /* 100,001 bytes in all */
    {"20 02 0000", V5, MQTT_UNEXPECTED},
    {"90 03 0001 00", V3, MQTT_UNEXPECTED},
    {"b0 02 0001", V3, MQTT_UNEXPECTED},
    {"d0 00", V3, MQTT_UNEXPECTED},
    {"f0 00", V5, MQTT_UNEXPECTED},
    {"10 00", 0, MQTT_TRUNCATED},
    {"10 [ \"MQTT\" ]", 0, MQTT_TRUNCATED},
    {"10 [ \"MQTX\" 04 02 0000 \"x\" ]", 0, MQTT_BAD_PROTOCOL_NAME},
    {"10 [ \"MQTT\" 03 02 0000 \"x\" ]", 0, MQTT_BAD_LEVEL},
    {"10 [ \"MQTT\" 04 03 0000 \"x\" ]", 0, MQTT_BAD_CONNECT_FLAGS},
    {"10 [ \"MQTT\" 04 40 0000 \"x\" \"p\" ]", 0, MQTT_BAD_CONNECT_FLAGS},
    {"10 [ \"MQTT\" 04 20 0000 \"x\" ]", 0, MQTT_BAD_CONNECT_FLAGS},
    {"10 [ \"MQTT\" 04 1c 0000 \"x\" \"t\" \"m\" ]", 0, MQTT_BAD_QOS},
    {"10 [ \"MQTT\" 04 04 0000 \"x\" \"t/#\" \"m\" ]", 0, MQTT_BAD_TOPIC},
    {"10 [ \"MQTT\" 04 02 0000 \"x\" 00 ]", 0, MQTT_TRAILING_BYTES},
    {"10 [ \"MQTT\" 04 02 0000 0002 c080 ]", 0, MQTT_BAD_UTF8},
    {"10 [ \"MQTT\" 05 02 0000 [ 16 0000 ] \"x\" ]", 0, MQTT_BAD_PROPERTY_VALUE},
    {"10 [ \"MQTT\" 05 02 0000 [ 21 0000 ] \"x\" ]", 0, MQTT_BAD_PROPERTY_VALUE},
    {"10 [ \"MQTT\" 05 02 0000 [ 21 0001 21 0001 ] \"x\" ]", 0, MQTT_REPEATED_PROPERTY},
    {"10 [ \"MQTT\" 05 02 0000 [ 01 00 ] \"x\" ]", 0, MQTT_BAD_PROPERTY},
    {"10 [ \"MQTT\" 05 02 0000 [ 00 ] \"x\" ]", 0, MQTT_BAD_PROPERTY},
    {"10 [ \"MQTT\" 05 02 0000 [ 2b ] \"x\" ]", 0, MQTT_BAD_PROPERTY},
    {"10 [ \"MQTT\" 05 02 0000 [ 26 \"k\" ] \"x\" ]", 0, MQTT_TRUNCATED},
    {"36 [ \"t\" 0001 ]", V3, MQTT_BAD_QOS},
    {"38 [ \"t\" ]", V3, MQTT_DUP_AT_QOS_0},
    {"32 [ \"t\" 0000 ]", V3, MQTT_ZERO_PACKET_ID},
    {"32 [ \"t\" 00 ]", V3, MQTT_TRUNCATED},
    {"30 [ \"t/+\" ]", V3, MQTT_BAD_TOPIC},
    {"30 [ \"\" [] ]", V5, MQTT_BAD_TOPIC},
    {"30 [ \"t\" [ 08 \"a/+\" ] ]", V5, MQTT_BAD_TOPIC},
    {"30 [ \"t\" [ 08 \"\" ] ]", V5, MQTT_BAD_TOPIC},
    {"30 [ \"t\" [ 01 02 ] ]", V5, MQTT_BAD_PROPERTY_VALUE},
    {"30 [ \"t\" [ 0b 01 ] ]", V5, MQTT_BAD_PROPERTY},
    {"30 [ \"t\" ]", V5, MQTT_TRUNCATED},
    {"40 [ 0000 ]", V3, MQTT_ZERO_PACKET_ID},
    {"40 [ 0001 00 ]", V3, MQTT_TRAILING_BYTES},
    {"40 [ 0001 01 ]", V5, MQTT_BAD_REASON_CODE},
    {"40 [ 0001 00 [] 00 ]", V5, MQTT_TRAILING_BYTES},
    {"40 [ 0001 00 [ 21 0001 ] ]", V5, MQTT_BAD_PROPERTY},
    {"62 [ 0001 91 ]", V5, MQTT_BAD_REASON_CODE},
    {"82 [ 0001 ]", V3, MQTT_NO_FILTER},
    {"82 [ 0001 \"\" 00 ]", V3, MQTT_BAD_FILTER},
    {"82 [ 0001 \"a#\" 00 ]", V3, MQTT_BAD_FILTER},
    {"82 [ 0001 \"#/\" 00 ]", V3, MQTT_BAD_FILTER},
    {"82 [ 0001 \"+a\" 00 ]", V3, MQTT_BAD_FILTER},
    {"82 [ 0001 \"a+/b\" 00 ]", V3, MQTT_BAD_FILTER},
    {"82 [ 0001 \"a\" 03 ]", V3, MQTT_BAD_OPTION_VALUE},
    {"82 [ 0001 \"a\" 04 ]", V3, MQTT_BAD_OPTIONS},
    {"82 [ 0001 [] \"a\" 30 ]", V5, MQTT_BAD_OPTION_VALUE},
    {"82 [ 0001 [] \"a\" 80 ]", V5, MQTT_BAD_OPTIONS},
    {"82 [ 0001 [ 0b 00 ] \"a\" 00 ]", V5, MQTT_BAD_PROPERTY_VALUE},
    {"82 [ 0001 \"a\" ]", V3, MQTT_TRUNCATED},
    {"a2 [ 0001 ]", V3, MQTT_NO_FILTER},
    {"a2 [ 0001 [] \"a\" 00 ]", V5, MQTT_TRUNCATED},
    {"c0 01 00", V3, MQTT_TRAILING_BYTES},
    {"e0 01 00", V3, MQTT_TRAILING_BYTES},
    {"e0 01 8b", V5, MQTT_BAD_REASON_CODE},
    {"e0 [ 00 [ 1c \"x\" ] ]", V5, MQTT_BAD_PROPERTY},
};

static void every_fault_has_its_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < CP_COUNT(bad_packets); i++) {
		const struct bad_packet *bad = &bad_packets[i];
		struct buf bytes = bytes_of(bad->bytes);
		struct packet packet;
		enum mqtt_reason reason = read_packet(buf_bytes(&bytes), bad->level, &packet);
		if (reason != bad->reason)
			fail_msg("%s: %s", bad->bytes, mqtt_reason_row(reason)->text);
		buf_deinit(&bytes);
	}
}

static void every_reason_has_a_row(void **state)
{
	(void)state;
	for (int i = 0; i < MQTT_REASON_COUNT; i++) {
		const struct mqtt_reason_row *row = mqtt_reason_row((enum mqtt_reason)i);
		assert_non_null(row->counter);
		assert_non_null(row->text);
		assert_memory_equal(row->counter, "mqtt_", 5);
		for (int other = 0; other < i; other++)
			assert_string_not_equal(
			    row->counter, mqtt_reason_row((enum mqtt_reason)other)->counter);
	}
}

/* --- every split, every cut, every change --------------------------------------- */

/* What can be left off at the end, a payload, a filter, or what MQTT 5 lets be
 * missing, may be: from `shortest` body bytes on. 0xffff: nothing. */
#define NOTHING 0xffff

static const struct {
	const char *bytes;
	uint8_t level;
	size_t shortest;
} good_packets[] = {
    {"10 [ \"MQTT\" 04 ee 003c \"%id\" \"t\" \"m\" \"u\" \"p\" ]", 0, NOTHING},
    {"10 [ \"MQTT\" 05 ee 003c [ 11 00000001 21 0001 22 0001 27 00000001 17 00 19 00 "
     "26 \"k\" \"v\" 15 \"m\" 16 \"d\" ] \"%id\" "
     "[ 18 00000001 01 00 02 00000001 03 \"c\" 08 \"r\" 09 \"d\" ] \"t\" \"m\" \"u\" \"p\" ]",
        0, NOTHING},
    {"3b [ \"t/\xc3\xa4\" 0001 'payload' ]", V3, 8},
    {"30 [ \"t\" [ 01 01 02 00000001 03 \"c\" 08 \"r\" 09 \"d\" 23 0001 26 \"k\" \"v\" ] ]", V5,
        NOTHING},
    {"40 [ 0001 ]", V3, NOTHING},
    {"50 [ 0001 97 [ 1f \"r\" 26 \"k\" \"v\" ] ]", V5, 2},
    {"62 [ 0001 92 ]", V5, 2},
    {"70 [ 0001 ]", V5, NOTHING},
    {"82 [ 0001 \"a\" 00 \"b/+/c\" 01 \"#\" 02 ]", V3, 6},
    {"82 [ 0001 [ 0b 01 26 \"k\" \"v\" ] \"a\" 2e ]", V5, NOTHING},
    {"a2 [ 0001 \"a\" \"b\" ]", V3, 5},
    {"a2 [ 0001 [ 26 \"k\" \"v\" ] \"a\" ]", V5, NOTHING},
    {"c0 00", V3, NOTHING},
    {"e0 00", V3, NOTHING},
    {"e0 [ 04 [ 11 00000001 1f \"r\" 26 \"k\" \"v\" ] ]", V5, 0},
    {"30 [ \"t\" [] 41*300 ]", V5, 4},
};

static void a_packet_is_found_only_when_it_is_whole(void **state)
{
	(void)state;
	for (size_t i = 0; i < CP_COUNT(good_packets); i++) {
		struct buf bytes = bytes_of(good_packets[i].bytes);
		struct packet_frame frame;
		enum mqtt_reason reason;
		struct packet packet;

		for (size_t len = 0; len < bytes.len; len++) {
			struct slice begun = slice_of(bytes.p, len);
			assert_int_equal(
			    packet_frame(begun, MAX_PACKET, &frame, &reason), PACKET_MORE);
			assert_int_equal(frame.type, len ? bytes.p[0] >> 4 : 0);
		}
		if (read_packet(buf_bytes(&bytes), good_packets[i].level, &packet) != MQTT_OK)
			fail_msg("refused: %s", good_packets[i].bytes);
		assert_int_equal(
		    packet_frame(buf_bytes(&bytes), bytes.len - 1, &frame, &reason), PACKET_BAD);
		assert_int_equal(reason, MQTT_TOO_LARGE);
		buf_deinit(&bytes);
	}
}

/* The body lies in memory of exactly its size, so that the address sanitizer sees
 * a byte read too far. */
static enum mqtt_reason parse_exact(
    uint8_t first, struct slice body, uint8_t level, struct packet *packet, uint8_t **memory)
{
	struct packet_frame frame = {
	    .type = (enum packet_type)(first >> 4),
	    .flags = first & 15,
	    .len_bytes = body.len + 2,
	};

	*memory = malloc(body.len ? body.len : 1);
	assert_non_null(*memory);
	if (body.len)
		memcpy(*memory, body.p, body.len);
	frame.body = slice_of(*memory, body.len);
	return packet_parse(&frame, level, packet);
}

static struct slice body_of(struct slice packet)
{
	struct packet_frame frame;
	enum mqtt_reason reason;

	assert_int_equal(packet_frame(packet, MAX_PACKET, &frame, &reason), PACKET_DONE);
	return frame.body;
}

static void a_cut_packet_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < CP_COUNT(good_packets); i++) {
		struct buf bytes = bytes_of(good_packets[i].bytes);
		struct slice body = body_of(buf_bytes(&bytes));
		uint8_t level = good_packets[i].level;

		for (size_t len = 0; len < body.len; len++) {
			struct packet packet;
			uint8_t *memory;
			enum mqtt_reason reason =
			    parse_exact(bytes.p[0], slice_of(body.p, len), level, &packet, &memory);
			if (reason == MQTT_OK && len < good_packets[i].shortest)
				fail_msg("%s: taken with %zu of %zu bytes", good_packets[i].bytes,
				    len, body.len);
			free(memory);
		}
		buf_deinit(&bytes);
	}
}

static void a_changed_byte_is_read_within_bounds(void **state)
{
	static const uint8_t values[] = {0x00, 0x01, 0x02, 0x7f, 0x80, 0x81, 0xc0, 0xff};
	size_t taken = 0;
	size_t refused = 0;

	(void)state;
	for (size_t i = 0; i < CP_COUNT(good_packets); i++) {
		struct buf bytes = bytes_of(good_packets[i].bytes);
		struct slice body = body_of(buf_bytes(&bytes));

		for (size_t at = 0; at < body.len * CP_COUNT(values); at++) {
			struct packet packet;
			struct packet_filter filter;
			uint8_t *memory;
			uint8_t *changed = bytes.p + (body.p - bytes.p) + at / CP_COUNT(values);
			uint8_t before = *changed;

			*changed = values[at % CP_COUNT(values)];
			enum mqtt_reason reason =
			    parse_exact(bytes.p[0], body, good_packets[i].level, &packet, &memory);
			*changed = before;
			taken += reason == MQTT_OK;
			refused += reason != MQTT_OK;
			if (reason == MQTT_OK && (packet.type == PACKET_SUBSCRIBE ||
			                             packet.type == PACKET_UNSUBSCRIBE)) {
				size_t count = packet.filters.count;
				while (packet_next_filter(&packet.filters, &filter))
					count--;
				assert_int_equal(count, 0);
			}
			free(memory);
		}
		buf_deinit(&bytes);
	}
	assert_true(taken > 1000 && refused > 1000);
}

/* --- text ----------------------------------------------------------------------- */

static size_t encode(uint32_t c, uint8_t out[4])
{
	if (c < 0x80) {
		out[0] = (uint8_t)c;
		return 1;
	}
	size_t len = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	for (size_t i = len - 1; i > 0; i--, c >>= 6)
		out[i] = (uint8_t)(0x80 | (c & 0x3F));
	out[0] = (uint8_t)(0xF00U >> len | c);
	return len;
}

static void utf8_takes_every_character_and_no_surrogate(void **state)
{
	uint8_t out[4];

	(void)state;
	for (uint32_t c = 0; c < 0x120000; c++) {
		size_t len = encode(c, out);
		bool is_character = c > 0 && (c < 0xD800 || c > 0xDFFF) && c <= 0x10FFFF;
		assert_int_equal(mqtt_utf8_is_valid(slice_of(out, len)), is_character);
		assert_false(len > 1 && mqtt_utf8_is_valid(slice_of(out, len - 1)));
	}
}

/* Every sequence of two and three bytes with a leading one, and a net of four. The
 * other opinion: decode by the bit patterns alone, encode again, compare. */
static void utf8_takes_only_what_encoding_gives(void **state)
{
	static const uint8_t net[] = {
	    0x00, 0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xff};

	(void)state;
	for (uint32_t first = 0xC0; first < 0x100; first++) {
		size_t len = first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
		for (uint32_t i = 0; i < CP_COUNT(net) * CP_COUNT(net) * 256; i++) {
			const uint8_t p[4] = {(uint8_t)first, (uint8_t)i,
			    net[i / 256 % CP_COUNT(net)], net[i / 256 / CP_COUNT(net)]};
			uint8_t again[4];
			uint32_t c = first & (0xFFU >> (len + 1));
			for (size_t k = 1; k < len; k++)
				c = c << 6 | (p[k] & 0x3F);
			bool is_same = c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF) && c > 0 &&
			               encode(c, again) == len && memcmp(p, again, len) == 0;
			assert_int_equal(mqtt_utf8_is_valid(slice_of(p, len)), is_same);
		}
	}
}

static void filters_follow_the_standard_s_examples(void **state)
{
	static const char *const good[] = {"#", "+", "/", "/+", "+/#", "sport/#", "sport/tennis/+",
	    "+/tennis/#", "sport/+/player1", "a/+/+", "$SYS/#"};
	static const char *const bad[] = {"", "sport/tennis#", "sport/tennis/#/ranking", "sport+",
	    "##", "++", "#/", "+#", "a/b#", "a/+b", "a/#/#"};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(good); i++)
		assert_true(mqtt_filter_is_valid(slice_str(good[i])));
	for (size_t i = 0; i < CP_COUNT(bad); i++)
		assert_false(mqtt_filter_is_valid(slice_str(bad[i])));
	assert_true(mqtt_filter_is_shared(slice_str("$share/g/a")));
	assert_false(mqtt_filter_is_shared(slice_str("$shared/g")));
	assert_false(mqtt_filter_is_shared(slice_str("$share")));
}

/* --- writing --------------------------------------------------------------------- */

static void expect_bytes(struct buf *out, const char *text)
{
	struct buf want = bytes_of(text);

	if (!slice_eq(buf_bytes(out), buf_bytes(&want)))
		fail_msg("not written: %s", text);
	buf_consume(out, out->len);
	buf_deinit(&want);
}

static void answers_are_written_as_the_standard_says(void **state)
{
	const uint8_t codes[] = {0x01, 0x87};
	struct packet_connack connack = {.receive_maximum = 9, .max_packet_bytes = 8};
	struct buf out;

	(void)state;
	buf_init(&out, 1000);
	assert_int_equal(packet_format_connack(&out, V3, &connack), CP_OK);
	expect_bytes(&out, "20 02 00 00");
	connack.session_present = true;
	assert_int_equal(packet_format_connack(&out, V5, &connack), CP_OK);
	expect_bytes(&out, "20 [ 01 00 [ 21 0009 25 00 27 00000008 28 00 29 00 2a 00 ] ]");
	connack.topic_alias_maximum = 3;
	assert_int_equal(packet_format_connack(&out, V5, &connack), CP_OK);
	expect_bytes(&out, "20 [ 01 00 [ 21 0009 25 00 27 00000008 22 0003 28 00 29 00 2a 00 ] ]");
	assert_int_equal(
	    packet_format_ack(&out, V5, PACKET_PUBACK, (struct packet_ack){0x0102, 0}), CP_OK);
	expect_bytes(&out, "40 02 0102");
	assert_int_equal(
	    packet_format_ack(&out, V5, PACKET_PUBACK, (struct packet_ack){0x0102, 0x87}), CP_OK);
	expect_bytes(&out, "40 03 0102 87");
	assert_int_equal(
	    packet_format_codes(&out, V3, PACKET_SUBACK, 7, slice_of(codes, 2)), CP_OK);
	expect_bytes(&out, "90 04 0007 01 87");
	assert_int_equal(
	    packet_format_codes(&out, V5, PACKET_UNSUBACK, 7, slice_of(codes, 2)), CP_OK);
	expect_bytes(&out, "b0 05 0007 00 01 87");
	assert_int_equal(
	    packet_format_codes(&out, V3, PACKET_UNSUBACK, 7, slice_of(codes, 2)), CP_OK);
	expect_bytes(&out, "b0 02 0007");
	assert_int_equal(packet_format_pingresp(&out), CP_OK);
	expect_bytes(&out, "d0 00");
	assert_int_equal(packet_format_disconnect(&out, 0x8e), CP_OK);
	expect_bytes(&out, "e0 01 8e");
	buf_deinit(&out);
}

/* Round trip, with the payloads around which the length grows by a byte. */
static void a_publish_is_read_as_it_was_written(void **state)
{
	static const size_t sizes[] = {0, 1, 110, 120, 127, 128, 16370, 16383, 16384, 70000};
	static uint8_t payload[70000];
	struct packet packet;
	struct buf out;

	(void)state;
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7);
	buf_init(&out, sizeof(payload) + 100);
	for (size_t i = 0; i < CP_COUNT(sizes) * 8; i++) {
		uint8_t level = i & 1 ? V5 : V3;
		struct packet_out publish = {
		    .topic = slice_str("carepace/v1"),
		    .payload = slice_of(payload, sizes[i / 8]),
		    .packet_id = i & 2 ? 0xfffe : 0,
		    .expiry_s = i & 4 ? 60 : 0,
		};
		assert_int_equal(packet_format_publish(&out, level, &publish), CP_OK);
		assert_int_equal(out.len, packet_publish_len(level, &publish));
		assert_int_equal(read_packet(buf_bytes(&out), level, &packet), MQTT_OK);
		assert_true(slice_eq(packet.publish.topic, publish.topic));
		assert_true(slice_eq(packet.publish.payload, publish.payload));
		assert_int_equal(packet.publish.packet_id, publish.packet_id);
		assert_int_equal(packet.publish.qos, publish.packet_id ? 1 : 0);
		assert_false(packet.publish.dup || packet.publish.retain);
		buf_consume(&out, out.len);
	}
	buf_deinit(&out);
}

static void a_full_buffer_is_left_as_it_was(void **state)
{
	struct packet_out publish = {.topic = slice_str("t"), .payload = slice_str("12345")};
	struct buf out;

	(void)state;
	buf_init(&out, 12);
	assert_int_equal(packet_format_publish(&out, V3, &publish), CP_OK);
	assert_int_equal(out.len, 10);
	assert_int_equal(packet_format_publish(&out, V3, &publish), CP_FULL);
	assert_int_equal(packet_format_disconnect(&out, 0), CP_FULL);
	assert_int_equal(out.len, 10);
	assert_int_equal(packet_format_pingresp(&out), CP_OK);
	buf_deinit(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(connect_gives_all_its_fields),
	    cmocka_unit_test(connect_has_the_defaults_of_the_standard),
	    cmocka_unit_test(filters_come_one_by_one),
	    cmocka_unit_test(every_fault_has_its_reason),
	    cmocka_unit_test(every_reason_has_a_row),
	    cmocka_unit_test(a_packet_is_found_only_when_it_is_whole),
	    cmocka_unit_test(a_cut_packet_is_refused),
	    cmocka_unit_test(a_changed_byte_is_read_within_bounds),
	    cmocka_unit_test(utf8_takes_every_character_and_no_surrogate),
	    cmocka_unit_test(utf8_takes_only_what_encoding_gives),
	    cmocka_unit_test(filters_follow_the_standard_s_examples),
	    cmocka_unit_test(answers_are_written_as_the_standard_says),
	    cmocka_unit_test(a_publish_is_read_as_it_was_written),
	    cmocka_unit_test(a_full_buffer_is_left_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
