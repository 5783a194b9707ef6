/* metrics.h - the one table of metrics, and the page that is printed from it.
 *
 * What:    each metric's name, type, help and where its value lies in struct measured.
 *          /metrics (Prometheus' text format 0.0.4) and the list in deploy/prometheus come
 *          from it.
 * Bounds:  labels have values of tables only (reasons, kinds, checks), never what a device
 *          or a person wrote: a thousand devices make no series more (P10).
 * Threads: none; the table is constant.
 */
#ifndef SHELL_METRICS_H
#define SHELL_METRICS_H

#include "io/http.h"
#include "ledger/view/gauges.h"
#include "ledger/view/health.h"
#include "shell/numbers.h"

/* What a page is printed from. */
struct measured {
	bool always; /* true */
	bool has_store;
	struct numbers now;
	struct view_gauges store; /* has_store; these three */
	struct view_health health;
	int64_t growth_a_day; /* bytes; 0: not known yet */
	bool has_backup;
	wall_ms backup_at; /* has_backup */
	uint64_t http[3];  /* answered, refused, cut */
};

enum metric_type {
	METRIC_COUNTER,
	METRIC_GAUGE,
	METRIC_HISTOGRAM
};

struct metric;

/* Writes the lines of a metric that needs more than one value of one kind. */
typedef void metric_fn(
    const struct metric *metric, const struct measured *from, struct http_reply *reply);

struct metric {
	const char *name;
	enum metric_type type;
	const char *help;
	size_t needs; /* a bool of struct measured: no lines without it */
	metric_fn *print;
	size_t offset;
	const char *label; /* of an array; NULL: one value */
	const char *(*value_name)(size_t i);
	size_t count;
};

extern const struct metric metrics[];
extern const size_t metric_count;

void metrics_print(const struct measured *from, struct http_reply *reply);

/* The list for people, in Markdown. */
void metrics_print_list(FILE *out);

#endif
