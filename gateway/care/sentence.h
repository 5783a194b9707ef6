/* sentence.h - what a therapist reads (DESIGN: every alert explains itself).
 *
 * One sentence or two, plain words, the next safe date where there is one.
 * Pure; never contains a token (P10).
 */
#ifndef CARE_SENTENCE_H
#define CARE_SENTENCE_H

#include "care/timeline.h"

#define SENTENCE_BYTES 256

/* Returns `out`. */
const char *sentence_of(const struct finding *finding, char out[SENTENCE_BYTES]);

#endif
