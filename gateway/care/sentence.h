/* sentence.h - what a therapist reads (DESIGN: every alert explains itself).
 *
 * One sentence or two, plain words, the next safe date where there is one. The
 * template is its check's row in the catalogue; these words stand for what differs:
 *
 *     {value} {limit} {max}  in the check's unit: 27 days, 1.75 mm, 43.1 degrees
 *     {ago}                  value in days: earlier today, yesterday, 27 days ago
 *     {day} {earliest}       effective day, next safe day: 29 September 2026
 *     {zones}                the cheek and the neck
 *     {subject} {onset}      as they stand in the finding
 *     {cart}                 the onset up to its '#': GTIN/serial
 *     {slot}                 of the device, after the onset's '#': 0
 *     {what}                 the onset, a code's name, for people: active infection
 *     {count}                episodes
 *
 * Pure; never contains a token (P10).
 */
#ifndef CARE_SENTENCE_H
#define CARE_SENTENCE_H

#include "care/timeline.h"

#define SENTENCE_BYTES 384

/* Returns `out`. */
const char *sentence_of(const struct finding *finding, char out[SENTENCE_BYTES]);

/* "1.75 mm" for a number in a unit. */
#define QUANTITY_BYTES 40
const char *quantity_of(int64_t value, enum check_unit unit, char out[QUANTITY_BYTES]);

#endif
