/* config_message.h - a YAML mapping as a message of the contract.
 *
 * What:    part of io/config, descriptor-driven: keys are the fields' names, values
 *          what people write: enums by name (PEN for DEVICE_PEN), sets of zones,
 *          modalities and skin types as lists, dates 2026-12-25, times of day 09:00,
 *          versions 1.2.3. Ranges are those of care/range_rules.
 * Errors:  "key: expected ..., found ...", each with its line, all of them.
 * Memory:  the message lies in the arena.
 */
#ifndef IO_CONFIG_MESSAGE_H
#define IO_CONFIG_MESSAGE_H

#include "base/arena.h"
#include "io/config_yaml.h"

#include <protobuf-c/protobuf-c.h>

struct config_reader {
	struct config_yaml *yaml;
	struct arena *arena; /* full: yaml->err is CP_NOMEM */
};

/* NULL when there were faults. `name` is what they call the mapping: "profiles". */
ProtobufCMessage *config_message_read(struct config_reader *reader, yaml_node_t *node,
    const ProtobufCMessageDescriptor *type, const char *name);

/* One value of one field into *out, which is as wide as the field's type. */
bool config_message_read_value(struct config_reader *reader, const yaml_node_t *node,
    const ProtobufCFieldDescriptor *field, const ProtobufCMessageDescriptor *type, const char *name,
    void *out);

/* The number of an enum's value by its name, or the end of one that only one value has;
 * a fault with what was near otherwise. */
bool config_message_read_enum(struct config_reader *reader, const yaml_node_t *node,
    const ProtobufCEnumDescriptor *type, const char *name, int *out);

/* "[-]digits" within a range, or a fault. */
bool config_message_read_number(struct config_reader *reader, const yaml_node_t *node,
    const char *name, int64_t min, int64_t max, int64_t *out);

#endif
