/* text.h - what MQTT says about text: UTF-8, topic names, topic filters.
 *
 * Rules:   MQTT 3.1.1 sections 1.5.3 and 4.7; MQTT 5 sections 1.5.4 and 4.7.
 */
#ifndef MQTT_TEXT_H
#define MQTT_TEXT_H

#include "base/slice.h"

/* Well-formed, shortest form, no surrogates, no U+0000. */
bool mqtt_utf8_is_valid(struct slice text);

/* At least one character, no wildcard. */
bool mqtt_topic_is_valid(struct slice topic);

/* At least one character; `+` fills a level, `#` fills the last one. */
bool mqtt_filter_is_valid(struct slice filter);

bool mqtt_filter_has_wildcard(struct slice filter);
bool mqtt_filter_is_shared(struct slice filter); /* "$share/..." */

#endif
