#include "mqtt/topic.h"

#include "base/err.h"

struct slice topic_format(const char *hex, const char *leaf, uint8_t out[TOPIC_MAX_BYTES])
{
	const struct slice parts[] = {
	    slice_str(TOPIC_PREFIX), slice_of(hex, ID_HEX_LEN), slice_str(leaf)};
	size_t len = 0;

	for (size_t i = 0; i < CP_COUNT(parts); i++) {
		memcpy(out + len, parts[i].p, parts[i].len);
		len += parts[i].len;
	}
	return slice_of(out, len);
}

bool topic_is(struct slice topic, const char *hex, const char *leaf)
{
	uint8_t own[TOPIC_MAX_BYTES];

	return slice_eq(topic, topic_format(hex, leaf, own));
}
