/* report.h - what a person, and what a test, sees of the run.
 *
 * What:    a line per event, as a sentence or as a JSON object; the file of what
 *          was acknowledged; the counters and the summary at the end.
 * Files:   acked is one line per acknowledgement, "source boot seq sha256", written out
 *          before anything else happens: a line that is there was acknowledged.
 *          The hash is message_hash().
 * Memory:  latencies are kept up to REPORT_LATENCIES_MAX, later ones are not.
 * Threads: one.
 */
#ifndef SIM_REPORT_H
#define SIM_REPORT_H

#include "base/err.h"
#include "base/hash.h"
#include "base/id.h"
#include "base/time.h"

#include <jansson.h>
#include <stdio.h>

#define REPORT_LATENCIES_MAX 100000
#define REPORT_DECISIONS 5 /* index: enum Decision */

struct report {
	bool is_json;
	FILE *out;
	FILE *acked; /* NULL: not wanted */
	size_t devices;
	uint64_t sessions_started;
	uint64_t sessions_past; /* of weeks ago, sent late */
	uint64_t messages;      /* different ones */
	uint64_t sends;         /* with every repetition */
	uint64_t resends;       /* after a loss of the connection */
	uint64_t repeats;       /* sent twice on purpose */
	uint64_t acknowledged;
	uint64_t not_recorded; /* the device's buffer was full */
	uint64_t reconnects;
	uint64_t refused_sends;
	uint64_t undecodable;
	uint64_t acks_given; /* by tablets */
	uint64_t overrides_given;
	uint64_t verdicts[REPORT_DECISIONS];
	uint32_t *latencies_ms;
	size_t latency_count;
	size_t latency_cap;
};

/* The device an event is about. */
struct speaker {
	struct id id;
	const char *name;
};

/* acked_path may be NULL. CP_IO when it cannot be written. */
enum cp_err report_open(struct report *report, bool is_json, const char *acked_path) CP_MUST_CHECK;
void report_close(struct report *report);

/* `fields` is taken and may be NULL; the sentence goes on behind the name. */
void report_event(struct report *report, wall_ms at, const struct speaker *speaker,
    const char *event, json_t *fields, const char *format, ...) CP_PRINTF(6, 7);

void report_acked(struct report *report, const struct id *source, uint32_t boot, uint32_t seq,
    const uint8_t hash[HASH_BYTES]);
void report_latency(struct report *report, int64_t latency_ms);

/* Messages that wait for an acknowledgement still. */
static inline uint64_t report_missing(const struct report *report)
{
	return report->messages - report->acknowledged;
}

void report_summary(struct report *report, wall_ms at);

#endif
