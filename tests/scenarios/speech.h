/* speech.h - what devices, tablets and head office can say, as words. */
#ifndef SCENARIOS_SPEECH_H
#define SCENARIOS_SPEECH_H

#include "words.h"

#define SPEECH_LINE_BYTES 2048

/* "P1 start A c1 course 7", "HQ plan 7 c1 MILD 4", "gateway sleeps"; with or without
 * a time before it. README.md has them all. */
void speech_line(struct clinic *clinic, const char *line);

/* A line of a head that says which checks are judged, and with what numbers. */
bool speech_is_policy(const char *line);

/* A line of a head: what says from when on a client may come again is expected, too. */
#define SPEECH_HEAR_DATES "hear next allowed"

/* Lines of heads, at the moment the story begins: the policy, then the others. What
 * head office says there holds since long ago. */
void speech_setup(struct clinic *clinic, const char *const *lines, size_t count);

#endif
