/* range.h - is every value of a decoded message one that can be?
 *
 * What:    walks a message along its descriptor and holds each field against one
 *          table: numbers against domain 1.3 and 9.1, dates against the calendar,
 *          strings against their alphabet (P10), enums against their values, ids
 *          against their length, lists against their maximum.
 * Not:     limits that a check judges (policy, profiles): those are judged.
 * Use:     inside this room (reading.c).
 * Changes: what is out of range is withheld: optional numbers and strings are
 *          unset and zeroed, lists cut. A required value cannot be unset; the
 *          message is parked then.
 */
#ifndef CARE_RANGE_H
#define CARE_RANGE_H

#include "care/reading.h"

/* The worst thing found, and the first place where it was found. */
struct range_fault {
	enum reading_result result; /* READING_OK, _RANGE, _PARKED or _PRIVACY */
	const ProtobufCMessageDescriptor *message;
	const ProtobufCFieldDescriptor *field;
};

/* An Up or an Order, everything below included. */
struct range_fault range_check(ProtobufCMessage *message);

/* Is there a rule of its own for this field? For the test that no field whose
 * name promises a date, a time or a range of zones was forgotten. */
bool range_has_rule(
    const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field);

#endif
