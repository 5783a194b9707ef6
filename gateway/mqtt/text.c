#include "mqtt/text.h"

static bool is_continuation(uint8_t byte)
{
	return (byte & 0xC0) == 0x80;
}

/* Bytes of the character at p, which is not ASCII; 0 when there is no valid one, as
 * for U+0000. The second byte's range excludes overlong forms, surrogates and what
 * lies above U+10FFFF (Unicode standard, table 3-7). */
static size_t character_len(const uint8_t *p, size_t left)
{
	uint8_t low = 0x80;
	uint8_t high = 0xBF;
	size_t len = 0;

	if (p[0] >= 0xC2 && p[0] <= 0xDF)
		len = 2;
	else if (p[0] >= 0xE0 && p[0] <= 0xEF)
		len = 3;
	else if (p[0] >= 0xF0 && p[0] <= 0xF4)
		len = 4;

	if (p[0] == 0xE0)
		low = 0xA0;
	else if (p[0] == 0xED)
		high = 0x9F;
	else if (p[0] == 0xF0)
		low = 0x90;
	else if (p[0] == 0xF4)
		high = 0x8F;

	if (len == 0 || len > left || p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (!is_continuation(p[i]))
			return 0;
	return len;
}

bool mqtt_utf8_is_valid(struct slice text)
{
	size_t at = 0;

	for (;;) {
		while (at < text.len && text.p[at] > 0 && text.p[at] < 0x80)
			at++; /* nearly everything is ASCII */
		if (at == text.len)
			return true;
		size_t len = character_len(text.p + at, text.len - at);
		if (len == 0)
			return false;
		at += len;
	}
}

static bool has_byte(struct slice text, char byte)
{
	return text.len > 0 && memchr(text.p, byte, text.len) != NULL;
}

bool mqtt_filter_has_wildcard(struct slice filter)
{
	return has_byte(filter, '+') || has_byte(filter, '#');
}

bool mqtt_topic_is_valid(struct slice topic)
{
	return topic.len > 0 && !mqtt_filter_has_wildcard(topic);
}

bool mqtt_filter_is_valid(struct slice filter)
{
	for (size_t i = 0; i < filter.len; i++) {
		if (filter.p[i] != '+' && filter.p[i] != '#')
			continue;
		bool is_last = i + 1 == filter.len;
		bool begins_level = i == 0 || filter.p[i - 1] == '/';
		bool ends_level = is_last || (filter.p[i] == '+' && filter.p[i + 1] == '/');
		if (!begins_level || !ends_level)
			return false;
	}
	return filter.len > 0;
}

bool mqtt_filter_is_shared(struct slice filter)
{
	struct slice share = slice_str("$share/");

	return filter.len >= share.len && memcmp(filter.p, share.p, share.len) == 0;
}
