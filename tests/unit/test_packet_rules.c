/* The tables of the standard, once more and by another hand: flags of the fixed header,
 * which property stands in which packet, which reason code, every text field. What a
 * client may send is taken, everything else is refused.
 */
#include "mqtt/packet.h"
#include "talk.h"

#include <stdio.h>

#define MAX_PACKET 100000

/* `text` with something in the place of its %. */
struct filled {
	char text[400];
};

static struct filled fill(const char *text, const char *with)
{
	const char *gap = strchr(text, '%');
	struct filled out;

	assert_non_null(gap);
	snprintf(out.text, sizeof(out.text), "%.*s%s%s", (int)(gap - text), text, with, gap + 1);
	return out;
}

static enum mqtt_reason read_packet(const char *text, uint8_t level)
{
	struct buf bytes = bytes_of(text);
	struct packet_frame frame;
	enum mqtt_reason reason;
	struct packet packet;
	enum packet_progress progress =
	    packet_frame(buf_bytes(&bytes), MAX_PACKET, &frame, &reason);

	assert_int_not_equal(progress, PACKET_MORE);
	if (progress == PACKET_DONE)
		reason = packet_parse(&frame, level, &packet);
	buf_deinit(&bytes);
	return reason;
}

/* --- the fixed header ---------------------------------------------------------- */

/* MQTT 5 table 2-2, 3.1.1 table 2.2. Type 3 is PUBLISH. */
static void only_the_flags_of_the_table_are_taken(void **state)
{
	static const int flags_of[16] = {-1, 0, 0, -2, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, 0};
	struct packet_frame frame;
	enum mqtt_reason reason;

	(void)state;
	for (unsigned first = 0; first < 256; first++) {
		const uint8_t bytes[] = {(uint8_t)first, 0};
		int wanted = flags_of[first >> 4];
		bool is_good = wanted == -2 || wanted == (int)(first & 15);
		enum packet_progress progress =
		    packet_frame(slice_of(bytes, 2), MAX_PACKET, &frame, &reason);
		assert_int_equal(progress, is_good ? PACKET_DONE : PACKET_BAD);
		if (!is_good)
			assert_int_equal(reason, wanted == -1 ? MQTT_BAD_TYPE : MQTT_BAD_FLAGS);
	}
}

/* Every length on both sides of where one more byte is needed. */
static void a_length_has_one_form(void **state)
{
	static const uint32_t lengths[] = {0, 127, 128, 16383, 16384, 2097151, 2097152, 268435455};
	struct packet_frame frame;
	enum mqtt_reason reason;

	(void)state;
	for (size_t i = 0; i < CP_COUNT(lengths); i++) {
		uint8_t bytes[6] = {0x30};
		size_t len = 1;
		uint32_t left = lengths[i];
		for (; left >= 0x80; left >>= 7)
			bytes[len++] = (uint8_t)(left | 0x80);
		bytes[len++] = (uint8_t)left;
		enum packet_progress progress =
		    packet_frame(slice_of(bytes, len), SIZE_MAX, &frame, &reason);
		assert_int_equal(progress, lengths[i] ? PACKET_MORE : PACKET_DONE);
		assert_int_equal(frame.len_bytes, len + lengths[i]);

		bytes[len - 1] |= 0x80; /* the same in one byte more than needed, or in five */
		bytes[len++] = 0;
		progress = packet_frame(slice_of(bytes, len), SIZE_MAX, &frame, &reason);
		assert_int_equal(progress, PACKET_BAD);
		assert_int_equal(reason, MQTT_BAD_LENGTH);
	}
}

/* --- properties ------------------------------------------------------------------- */

/* Where a client may put properties; % is their place. */
enum place {
	CONNECT,
	WILL,
	PUBLISH,
	PUBACK,
	PUBREC,
	PUBREL,
	PUBCOMP,
	SUBSCRIBE,
	UNSUBSCRIBE,
	DISCONNECT,
	PLACE_COUNT
};

static const char *const packets[PLACE_COUNT] = {
    [CONNECT] = "10 [ \"MQTT\" 05 02 0000 [ % ] \"x\" ]",
    [WILL] = "10 [ \"MQTT\" 05 06 0000 [] \"x\" [ % ] \"t\" \"m\" ]",
    [PUBLISH] = "32 [ \"t\" 0001 [ % ] ]",
    [PUBACK] = "40 [ 0001 00 [ % ] ]",
    [PUBREC] = "50 [ 0001 00 [ % ] ]",
    [PUBREL] = "62 [ 0001 00 [ % ] ]",
    [PUBCOMP] = "70 [ 0001 00 [ % ] ]",
    [SUBSCRIBE] = "82 [ 0001 [ % ] \"t\" 00 ]",
    [UNSUBSCRIBE] = "a2 [ 0001 [ % ] \"t\" ]",
    [DISCONNECT] = "e0 [ 00 [ % ] ]",
};

#define AT(place) (1U << (place))
#define ACKS (AT(PUBACK) | AT(PUBREC) | AT(PUBREL) | AT(PUBCOMP))
#define ALL (AT(PLACE_COUNT) - 1)

struct property {
	const char *value;
	unsigned places;
};

#define USER_PROPERTY 0x26 /* the one that may come again */

/* MQTT 5, table 2-4 and the sections on each packet: from a client. */
static const struct property properties[256] = {
    [0x01] = {"01", AT(PUBLISH) | AT(WILL)},
    [0x02] = {"00000001", AT(PUBLISH) | AT(WILL)},
    [0x03] = {"\"text\"", AT(PUBLISH) | AT(WILL)},
    [0x08] = {"\"a/b\"", AT(PUBLISH) | AT(WILL)},
    [0x09] = {"0002 00ff", AT(PUBLISH) | AT(WILL)},
    [0x0b] = {"01", AT(SUBSCRIBE)},
    [0x11] = {"00000001", AT(CONNECT) | AT(DISCONNECT)},
    [0x12] = {"\"id\"", 0},
    [0x13] = {"0001", 0},
    [0x15] = {"\"method\"", AT(CONNECT)},
    [0x16] = {"0001 00", 0}, /* CONNECT, but only behind a method */
    [0x17] = {"01", AT(CONNECT)},
    [0x18] = {"00000001", AT(WILL)},
    [0x19] = {"01", AT(CONNECT)},
    [0x1a] = {"\"info\"", 0},
    [0x1c] = {"\"server\"", 0},
    [0x1f] = {"\"why\"", ACKS | AT(DISCONNECT)},
    [0x21] = {"0001", AT(CONNECT)},
    [0x22] = {"0001", AT(CONNECT)},
    [0x23] = {"0001", AT(PUBLISH)},
    [0x24] = {"01", 0},
    [0x25] = {"01", 0},
    [USER_PROPERTY] = {"\"k\" \"v\"", ALL},
    [0x27] = {"00000001", AT(CONNECT)},
    [0x28] = {"01", 0},
    [0x29] = {"01", 0},
    [0x2a] = {"01", 0},
};

static enum mqtt_reason read_with(enum place place, const char *props)
{
	return read_packet(fill(packets[place], props).text, MQTT_LEVEL_5);
}

static void each_property_is_taken_where_it_belongs(void **state)
{
	char props[100];
	int taken = 0;

	(void)state;
	for (unsigned id = 0; id < 0x80; id++) {
		const struct property *property = &properties[id];
		const char *value = property->value ? property->value : "00";
		for (int place = 0; place < PLACE_COUNT; place++) {
			bool is_good = property->places >> place & 1;
			snprintf(props, sizeof(props), "%02x %s", id, value);
			enum mqtt_reason reason = read_with((enum place)place, props);
			if ((reason == MQTT_OK) != is_good)
				fail_msg("property %02x, %s", id, packets[place]);
			taken += is_good;
			if (!is_good)
				continue;
			snprintf(props, sizeof(props), "%02x %s %02x %s", id, value, id, value);
			assert_int_equal(read_with((enum place)place, props),
			    id == USER_PROPERTY ? MQTT_OK : MQTT_REPEATED_PROPERTY);
		}
	}
	assert_int_equal(taken, 36);
	assert_int_equal(read_with(CONNECT, "15 \"m\" 16 0001 00"), MQTT_OK);
	assert_int_equal(read_with(CONNECT, "16 0001 00"), MQTT_BAD_PROPERTY_VALUE);
}

/* --- reason codes ------------------------------------------------------------------- */

/* MQTT 5, section 2.4: what stands in the row of each packet, from a client. */
static const char *const reason_codes[PLACE_COUNT] = {
    [PUBACK] = "\x10\x80\x83\x87\x90\x91\x97\x99",
    [PUBREC] = "\x10\x80\x83\x87\x90\x91\x97\x99",
    [PUBREL] = "\x92",
    [PUBCOMP] = "\x92",
    [DISCONNECT] = "\x04\x80\x81\x82\x83\x90\x93\x94\x95\x96\x97\x98\x99",
};

static void each_packet_has_its_reason_codes(void **state)
{
	static const struct {
		enum place place;
		const char *packet;
	} rows[] = {
	    {PUBACK, "40 [ 0001 % ]"},
	    {PUBREC, "50 [ 0001 % ]"},
	    {PUBREL, "62 [ 0001 % ]"},
	    {PUBCOMP, "70 [ 0001 % ]"},
	    {DISCONNECT, "e0 [ % ]"},
	};
	char hex[12];

	(void)state;
	for (size_t i = 0; i < CP_COUNT(rows); i++) {
		for (int code = 0; code < 256; code++) {
			bool is_good = code == 0 || strchr(reason_codes[rows[i].place], code);
			snprintf(hex, sizeof(hex), "%02x", (unsigned)code);
			enum mqtt_reason reason =
			    read_packet(fill(rows[i].packet, hex).text, MQTT_LEVEL_5);
			assert_int_equal(reason, is_good ? MQTT_OK : MQTT_BAD_REASON_CODE);
		}
	}
}

/* --- text ---------------------------------------------------------------------------- */

/* [MQTT-1.5.4-1], [MQTT-1.5.4-2], in 3.1.1 [MQTT-1.5.3-1], [MQTT-1.5.3-2]. */
static void every_text_field_is_utf8(void **state)
{
	static const struct {
		uint8_t level;
		const char *packet; /* %: a text with its length */
	} fields[] = {
	    {0, "10 [ \"MQTT\" 04 02 0000 % ]"},
	    {0, "10 [ \"MQTT\" 04 06 0000 \"x\" % \"m\" ]"},
	    {0, "10 [ \"MQTT\" 04 82 0000 \"x\" % ]"},
	    {4, "30 [ % ]"},
	    {4, "82 [ 0001 % 00 ]"},
	    {4, "a2 [ 0001 % ]"},
	    {0, "10 [ \"MQTT\" 05 02 0000 [] % ]"},
	    {0, "10 [ \"MQTT\" 05 02 0000 [ 15 % ] \"x\" ]"},
	    {0, "10 [ \"MQTT\" 05 02 0000 [ 26 % \"v\" ] \"x\" ]"},
	    {0, "10 [ \"MQTT\" 05 02 0000 [ 26 \"k\" % ] \"x\" ]"},
	    {0, "10 [ \"MQTT\" 05 06 0000 [] \"x\" [] % \"m\" ]"},
	    {0, "10 [ \"MQTT\" 05 06 0000 [] \"x\" [ 03 % ] \"t\" \"m\" ]"},
	    {0, "10 [ \"MQTT\" 05 06 0000 [] \"x\" [ 08 % ] \"t\" \"m\" ]"},
	    {0, "10 [ \"MQTT\" 05 82 0000 [] \"x\" % ]"},
	    {5, "30 [ % [] ]"},
	    {5, "30 [ \"t\" [ 03 % ] ]"},
	    {5, "30 [ \"t\" [ 08 % ] ]"},
	    {5, "40 [ 0001 00 [ 1f % ] ]"},
	    {5, "82 [ 0001 [] % 00 ]"},
	    {5, "a2 [ 0001 [] % ]"},
	    {5, "e0 [ 00 [ 1f % ] ]"},
	};
	/* U+0000, a surrogate, an overlong /, the end missing, above U+10FFFF, 0xff */
	static const char *const bad[] = {
	    "0003 610061", "0003 eda080", "0002 c0af", "0002 e282", "0004 f4908080", "0001 ff"};
	/* U+FEFF is a character [MQTT-1.5.4-3], and so is what Unicode calls none */
	static const char *const good[] = {"0003 efbbbf", "0003 efbfbf", "0002 c280", "0001 7f"};

	(void)state;
	for (size_t i = 0; i < CP_COUNT(fields); i++) {
		for (size_t k = 0; k < CP_COUNT(bad); k++) {
			struct filled packet = fill(fields[i].packet, bad[k]);
			assert_int_equal(read_packet(packet.text, fields[i].level), MQTT_BAD_UTF8);
		}
		for (size_t k = 0; k < CP_COUNT(good); k++) {
			struct filled packet = fill(fields[i].packet, good[k]);
			assert_int_equal(read_packet(packet.text, fields[i].level), MQTT_OK);
		}
	}
	/* Binary fields hold anything: password, will payload, correlation data. */
	assert_int_equal(
	    read_packet("10 [ \"MQTT\" 04 c6 0000 \"x\" \"t\" 0002 00ff \"u\" 0002 00ff ]", 0),
	    MQTT_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_the_flags_of_the_table_are_taken),
	    cmocka_unit_test(a_length_has_one_form),
	    cmocka_unit_test(each_property_is_taken_where_it_belongs),
	    cmocka_unit_test(each_packet_has_its_reason_codes),
	    cmocka_unit_test(every_text_field_is_utf8),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
