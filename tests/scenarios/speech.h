/* speech.h - what devices, tablets and head office can say, as words. */
#ifndef SCENARIOS_SPEECH_H
#define SCENARIOS_SPEECH_H

#include "words.h"

/* "P1 start A c1 course 7", "HQ plan 7 c1 MILD 4", "gateway sleeps"; with or without
 * a time before it. README.md has them all. */
void speech_line(struct clinic *clinic, const char *line);

#endif
