/* story.h - a clinic that treats for four years, by the words of the scenarios.
 *
 * What:    CLIENTS clients come every 30 days, with course, booking and screening, to
 *          PENS pens that are started, cleaned and serviced as they should be. Nothing
 *          is amiss, so what a start costs is not what its findings cost.
 * Names:   the session of visit 3 of client 7 is S3x7.
 */
#ifndef BENCH_JUDGING_STORY_H
#define BENCH_JUDGING_STORY_H

#include "scenarios/clinic.h"

#define CLIENTS 20
#define PENS 10

/* The store at a path: a new one, or one that the story goes on in. */
void story_open(struct clinic *clinic, const char *path);
void story_close(struct clinic *clinic);

/* One treatment: everything until the client sits on the chair, the start, its
 * cartridge, and the rest with so many messages of eight samples. */
struct treatment {
	unsigned visit;
	unsigned client;
};
void story_prepare(struct clinic *clinic, struct treatment treatment);
void story_start(struct clinic *clinic, struct treatment treatment);
void story_attach(struct clinic *clinic, struct treatment treatment);
void story_finish(struct clinic *clinic, struct treatment treatment, unsigned messages);

#endif
