/* wire_laws.h - what must hold of any bytes that claim to be a message. */
#ifndef FUZZ_WIRE_LAWS_H
#define FUZZ_WIRE_LAWS_H

#include "care/reading.h"
#include "fuzz.h"

/* Memory that ASan can see the ends of: a block for each allocation. */
struct arena wire_laws_arena(void);

/* The scan's verdict is protobuf-c's; memory stays below its maximum; packed and
 * unpacked again a message is the same. */
void wire_laws_message(const ProtobufCMessageDescriptor *type, struct slice bytes);

/* `result` of reading_parse() or reading_parse_order() and what it left: a refused one
 * keeps nothing, a parked one its bytes, an accepted one no token, and the journal
 * reads what was judged (P3, P8, P10). */
void wire_laws_reading(struct slice payload, enum reading_result result,
    const struct reading *reading, const char *why);

#endif
