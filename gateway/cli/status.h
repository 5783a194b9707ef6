/* status.h - everything `carepace status` tells: gathered once, judged, told twice.
 *
 * What:    the running gateway says what only it knows, by the control socket; the rest is
 *          read in the store, so that it can be told without a gateway, too.
 */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

#include "cli/daemon.h"
#include "cli/source.h"
#include "io/last_backup.h"
#include "ledger/view/gauges.h"
#include "ledger/view/health.h"

#define STATUS_WORST 3
#define STATUS_PROBLEMS_MAX 16
#define STATUS_TEXT_BYTES 1000

enum status_light {
	STATUS_GREEN,
	STATUS_YELLOW, /* the clinic works; somebody should look */
	STATUS_RED,    /* devices are not served, or not rightly */
};

struct status_certificate {
	const char *what;
	wall_ms ends_at; /* 0: there is none, or this user cannot read it */
};

struct status_problem {
	enum status_light light;
	char text[STATUS_TEXT_BYTES];
};

struct status {
	const struct cli_source *source;
	wall_ms now;
	struct daemon daemon;
	char store_silence[STATUS_TEXT_BYTES]; /* "": it was read; with it: */
	struct view_health health;
	struct view_gauges gauges;
	struct view_today today;
	struct view_alert worst[STATUS_WORST]; /* the newest of its check and severity; of those: */
	int64_t worst_counts[STATUS_WORST];
	size_t worst_count;
	int64_t free_bytes; /* of the disk */
	int64_t days_left;  /* until it is full; -1: not known */
	struct last_backup backup;
	struct status_certificate certificates[4];
	struct status_problem problems[STATUS_PROBLEMS_MAX]; /* the worst light first */
	size_t problem_count;
	enum status_light light;
};

void status_judge(struct status *status);

const char *status_light_name(enum status_light light);               /* "GREEN" */
bool status_has_office(const struct status *status);                  /* is one configured? */
int64_t status_waiting(const struct status *status, wall_ms *oldest); /* for head office */

void status_print_text(const struct status *status);
void status_print_json(const struct status *status);

#endif
