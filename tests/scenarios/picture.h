/* picture.h - alerts, sessions, verdicts and times as one line of text each.
 *
 * A scenario says what it expects in the same words, so that nothing about an
 * alert can be left out and everything can be read.
 */
#ifndef SCENARIOS_PICTURE_H
#define SCENARIOS_PICTURE_H

#include "care/alert.h"
#include "clinic.h"

#define PICTURE_BYTES 320
#define PICTURE_ALERTS_MAX 128

/* What the batch in hand says to devices goes to clinic->said. */
void picture_downs(struct clinic *clinic);

/* All alerts, retracted ones too, sorted. Returns their number. */
size_t picture_alerts(struct clinic *clinic, char out[PICTURE_ALERTS_MAX][PICTURE_BYTES]);

/* "ended, exposing, completed, visit A". Fails for an unknown session. */
void picture_session(struct clinic *clinic, const char *name, char out[PICTURE_BYTES]);

/* "INTERVAL_OVERDUE 7 after A" -> its id. False if there is no such alert. */
bool picture_find_alert(struct clinic *clinic, const char *name, struct id *out);

#endif
