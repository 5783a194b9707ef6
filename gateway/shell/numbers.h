/* numbers.h - the daemon in numbers at one moment.
 *
 * What:    a copy of every counter and of what holds now, so that another thread may look at
 *          it: the loop fills it, whoever asked reads it (shell/web.h).
 * Threads: numbers_take() is the loop's.
 */
#ifndef SHELL_NUMBERS_H
#define SHELL_NUMBERS_H

#include "shell/counts.h"

#define NUMBERS_SENTENCE_BYTES 800

#define NUMBERS_DEVICES_MAX 64

enum {
	HANDSHAKE_FULL,
	HANDSHAKE_RESUMED,
	HANDSHAKE_KINDS
};

struct numbers {
	wall_ms at;
	wall_ms started_at;
	bool is_ready;
	char why_not[NUMBERS_SENTENCE_BYTES]; /* "" when it is */
	bool in_doubt;                        /* the clock */
	struct histogram lateness;            /* of the loop */

	/* "" and 0 until devices are served. */
	struct devices_counters devices;
	struct listener_counters listener;
	struct roster_counters sessions;
	struct downlink_counters downs;
	struct wills_counters wills;
	uint64_t handshakes[HANDSHAKE_KINDS];
	uint64_t connected;
	struct id connected_ids[NUMBERS_DEVICES_MAX]; /* some of them, in no order */
	size_t connected_id_count;
	uint64_t registered;
	wall_ms certificate_until; /* 0: not known */
	struct reload_counters reloads;

	struct intake_counters intake;
	uint64_t waiting;
	int64_t busy_ms;
	uint64_t lacking_bytes;
	uint64_t disk_free_bytes;
	uint64_t disk_bytes; /* 0: cannot be known */

	bool has_office; /* one is configured; with it: */
	bool is_connected;
	int64_t down_ms;
	struct head_office_counters orders;
	struct upstream_counts upstream;

	struct staff_counters staff;
	struct control_counters control;
};

/* Of what there is; `out` zeroed, or filled as far as the caller knows. */
void numbers_take(const struct count_sources *from, const char *store_path, struct numbers *out);

#endif
