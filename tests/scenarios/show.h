/* show.h - one field of a message as the word that would have said it. */
#ifndef SCENARIOS_SHOW_H
#define SCENARIOS_SHOW_H

#include "clinic.h"

#define SHOW_BYTES 128

/* "MILD", "c1", "2026-09-29", "on"; "" when the field is not there or is a list. A
 * cartridge is its GTIN (but for the common one) and serial. */
const char *show_field(
    const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, char out[SHOW_BYTES]);

/* The same by the field's exact name. */
const char *show_named(const ProtobufCMessage *message, const char *name, char out[SHOW_BYTES]);

#endif
