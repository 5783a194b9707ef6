#include "shell/metrics_print.h"

#include "care/catalogue.h"
#include "report.pb-c.h"

#include <ctype.h>
#include <inttypes.h>

static const void *at(const struct metric *metric, const struct measured *from)
{
	return (const char *)from + metric->offset;
}

static void print_value(
    const struct metric *metric, size_t i, uint64_t value, struct http_reply *reply)
{
	if (metric->label)
		http_print(reply, "%s{%s=\"%s\"} %" PRIu64 "\n", metric->name, metric->label,
		    metric->value_name(i), value);
	else
		http_print(reply, "%s %" PRIu64 "\n", metric->name, value);
}

static size_t count_of(const struct metric *metric)
{
	return metric->label ? metric->count : 1;
}

void print_u64(const struct metric *metric, const struct measured *from, struct http_reply *reply)
{
	const uint64_t *values = at(metric, from);

	for (size_t i = 0; i < count_of(metric); i++)
		print_value(metric, i, values[i], reply);
}

void print_u32(const struct metric *metric, const struct measured *from, struct http_reply *reply)
{
	const uint32_t *value = at(metric, from);

	print_value(metric, 0, *value, reply);
}

void print_bool(const struct metric *metric, const struct measured *from, struct http_reply *reply)
{
	const bool *value = at(metric, from);

	print_value(metric, 0, *value, reply);
}

static void print_ms(const char *name, int64_t ms, struct http_reply *reply)
{
	http_print(
	    reply, "%s %" PRId64 ".%03d\n", name, ms / MS_PER_SECOND, (int)(ms % MS_PER_SECOND));
}

void print_seconds(
    const struct metric *metric, const struct measured *from, struct http_reply *reply)
{
	const int64_t *ms = at(metric, from);

	print_ms(metric->name, *ms, reply);
}

void print_time(const struct metric *metric, const struct measured *from, struct http_reply *reply)
{
	const wall_ms *ms = at(metric, from);

	if (*ms > 0)
		print_ms(metric->name, *ms, reply);
}

void print_histogram(
    const struct metric *metric, const struct measured *from, struct http_reply *reply)
{
	static const char *const bounds[] = {"0.00025", "0.0005", "0.001", "0.0025", "0.005",
	    "0.01", "0.025", "0.05", "0.1", "0.25", "1", "5", "+Inf"};
	const struct histogram *histogram = at(metric, from);
	uint64_t sum = 0;

	_Static_assert(CP_COUNT(bounds) == HISTOGRAM_BUCKETS, "base/histogram.h has them in us");
	for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
		sum += histogram->counts[i];
		http_print(
		    reply, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", metric->name, bounds[i], sum);
	}
	http_print(reply, "%s_sum %" PRId64 ".%06d\n%s_count %" PRIu64 "\n", metric->name,
	    histogram->sum_us / 1000000, (int)(histogram->sum_us % 1000000), metric->name, sum);
}

void print_build(const struct metric *metric, const struct measured *from, struct http_reply *reply)
{
	(void)from;
	http_print(reply, "%s{version=\"%s\",contract=\"%s\"} 1\n", metric->name, CAREPACE_VERSION,
	    CAREPACE_CONTRACT);
}

/* --- the outbox -------------------------------------------------------------------------- */

/* REPORT_SESSION_SUMMARY -> "session_summary"; NULL: there is no such kind. */
static const char *kind_name(size_t kind, char out[40])
{
	const ProtobufCEnumValue *value =
	    protobuf_c_enum_descriptor_get_value(&carepace__v1__report_kind__descriptor, (int)kind);

	if (kind == 0 || !value)
		return NULL;
	snprintf(out, 40, "%s", value->name + strlen("REPORT_"));
	for (char *c = out; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return out;
}

void print_outbox(
    const struct metric *metric, const struct measured *from, struct http_reply *reply)
{
	char name[40];

	for (size_t i = 0; i < VIEW_KINDS_MAX; i++)
		if (kind_name(i, name))
			http_print(reply, "%s{kind=\"%s\"} %" PRId64 "\n", metric->name, name,
			    from->store.outbox[i]);
}

void print_outbox_age(
    const struct metric *metric, const struct measured *from, struct http_reply *reply)
{
	char name[40];

	for (size_t i = 0; i < VIEW_KINDS_MAX; i++) {
		wall_ms oldest = from->store.outbox_oldest[i];
		int64_t age_ms = oldest < from->now.at ? from->now.at - oldest : 0;
		if (kind_name(i, name))
			http_print(reply, "%s{kind=\"%s\"} %" PRId64 ".%03d\n", metric->name, name,
			    age_ms / MS_PER_SECOND, (int)(age_ms % MS_PER_SECOND));
	}
}

/* --- alerts ------------------------------------------------------------------------------- */

void print_alerts(
    const struct metric *metric, const struct measured *from, struct http_reply *reply)
{
	for (size_t i = SEVERITY_INFO; i < SEVERITY_COUNT; i++)
		http_print(reply, "%s{severity=\"%s\"} %" PRId64 "\n", metric->name,
		    severity_name((enum severity)i), from->store.open_by_severity[i]);
}

void print_alert_checks(
    const struct metric *metric, const struct measured *from, struct http_reply *reply)
{
	for (size_t i = 0; i < from->store.open_count; i++) {
		const struct view_open *open = &from->store.open[i];
		const struct check_row *row = catalogue_find(open->check);
		if (row)
			http_print(reply, "%s{check=\"%s\",severity=\"%s\"} %" PRId64 "\n",
			    metric->name, row->name, severity_name(open->severity), open->count);
	}
}
