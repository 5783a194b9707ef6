/* topic.h - the two topics of a device: carepace/v1/device/<id>/up and .../down.
 *
 * There is no other topic here: a device speaks only as itself (P7).
 */
#ifndef MQTT_TOPIC_H
#define MQTT_TOPIC_H

#include "base/id.h"
#include "base/slice.h"

#define TOPIC_PREFIX "carepace/v1/device/"
#define TOPIC_UP "/up"
#define TOPIC_DOWN "/down"
#define TOPIC_MAX_BYTES (sizeof(TOPIC_PREFIX) + ID_HEX_LEN + sizeof(TOPIC_DOWN))

/* `hex` are the ID_HEX_LEN digits of the device, `leaf` is TOPIC_UP or TOPIC_DOWN. */
struct slice topic_format(const char *hex, const char *leaf, uint8_t out[TOPIC_MAX_BYTES]);
bool topic_is(struct slice topic, const char *hex, const char *leaf);

#endif
