/* judge.h - the pure functions that decide.
 *
 * What:    a judge walks one history once and answers what holds, since when
 *          and until when, and the next moment at which time alone changes the
 *          answer. Late data, timers, restart, verify and `why` are this one
 *          call (DESIGN section 3); there is no second path.
 * Rules:   domain section 7 (R1 to R23), section 8; the numbers stand beside
 *          the code that obeys them.
 * Time:    `now` is an argument. Two calls with equal histories and no
 *          next_change between their `now` give the same timeline (P4).
 * Threads: none; no state is kept (P9).
 */
#ifndef CARE_JUDGE_H
#define CARE_JUDGE_H

#include "care/history.h"
#include "care/history_device.h"
#include "care/history_events.h"
#include "care/policy.h"
#include "care/timeline.h"

/* Derives the session and its cartridge uses from its messages (R12, R13, R23);
 * history->scene is not read. */
void derive_session(struct session_history *history, const struct policy *policy, wall_ms now);

/* Adds what the scene tells of the session itself: its model. */
void derive_from_scene(struct session_history *history);

/* And what history->guard has counted: the pulses of its tips. */
void derive_tips(struct session_history *history);

/* What one session and the scene around it tell: 8.2, 8.3, and of 8.1, 8.4, 8.5 and
 * 8.7 what needs no other history. */
void judge_session(const struct session_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline);

/* So long after its end a session may still have a finding that begins then. */
int64_t aftercare_longest_ms(const struct policy *policy);

/* Spacing, courses (8.1), rollers at home (8.7); sets `visit` of every session (R13). */
void judge_client(struct client_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline);

/* Reuse, tips, rollers, billing (8.4). */
void judge_cartridge(const struct cartridge_history *history, const struct policy *policy,
    wall_ms now, struct timeline *timeline);

/* Maintenance and what the device says of itself (8.5). */
void judge_device(const struct device_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline);
void judge_device_day(
    const struct device_day *history, const struct policy *policy, struct timeline *timeline);
void judge_presence(const struct presence *presence, const struct policy *policy, wall_ms now,
    struct timeline *timeline);

/* Certificates (8.7). */
void judge_operator(const struct subject_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline);

/* An adverse-event case (8.6). */
void judge_case(const struct case_history *history, const struct policy *policy, wall_ms now,
    struct timeline *timeline);

/* What it counts for in clusters. False: for nothing. */
bool case_clusters(const struct case_history *history, const struct policy *policy,
    struct cluster_case *out, const struct session **blamed);

/* The cases of a device or lot together (8.6). */
void judge_cluster(
    const struct cluster_history *history, const struct policy *policy, struct timeline *timeline);

/* The gateway itself (8.8). */
void judge_gateway(
    const struct gateway_history *history, const struct policy *policy, struct timeline *timeline);

#endif
