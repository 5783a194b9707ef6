/* complete.h - can a message be acted on?
 *
 * What:    the contract leaves open per kind what a correction or an override must name;
 *          a required token may be zero, which is nobody; a policy may set a number that
 *          no check has. Such a message would be accepted and do nothing; it is parked
 *          instead, as a whole, and its sender told (P8).
 * Not:     a row of the journal: its tokens are blanked.
 */
#ifndef CARE_COMPLETE_H
#define CARE_COMPLETE_H

#include "care/range.h"

/* The first field that is missing or means nothing, with READING_PARKED; else READING_OK. */
struct range_fault complete_check(const ProtobufCMessage *body);

#endif
