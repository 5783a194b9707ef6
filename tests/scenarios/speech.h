/* speech.h - what devices, tablets and head office can say, as script verbs. */
#ifndef SCENARIOS_SPEECH_H
#define SCENARIOS_SPEECH_H

#include "words.h"

/* "P1 start A c1 course 7": the words after the name. */
void speech_device(struct clinic *clinic, struct device *device, struct words *words);

/* "HQ plan 7 c1 MILD 4" */
void speech_head_office(struct clinic *clinic, struct words *words);

#endif
