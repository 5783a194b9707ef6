#include "report.h"

#include "clock.h"
#include "telemetry.pb-c.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

enum cp_err report_open(struct report *report, bool is_json, const char *acked_path)
{
	*report = (struct report){.is_json = is_json, .out = stdout};
	if (!acked_path)
		return CP_OK;
	report->acked = fopen(acked_path, "a");
	return report->acked ? CP_OK : CP_IO;
}

void report_close(struct report *report)
{
	if (report->acked)
		fclose(report->acked);
	free(report->latencies_ms);
	*report = (struct report){0};
}

static void print_json(struct report *report, json_t *line)
{
	CP_CHECK(json_dumpf(line, report->out, JSON_COMPACT) == 0);
	fputc('\n', report->out);
	json_decref(line);
}

void report_event(struct report *report, wall_ms at, const struct speaker *speaker,
    const char *event, json_t *fields, const char *format, ...)
{
	char text[CLOCK_TEXT_BYTES], hex[ID_HEX_LEN + 1];
	va_list args;

	if (report->is_json) {
		json_t *line = json_pack("{s:I, s:s, s:s, s:s}", "at_ms", (json_int_t)at, "device",
		    id_hex(&speaker->id, hex), "name", speaker->name, "event", event);

		CP_CHECK(line && (!fields || json_object_update(line, fields) == 0));
		print_json(report, line);
	} else {
		fprintf(report->out, "%s %s (%.4s..) ", clock_text(at, text), speaker->name,
		    id_hex(&speaker->id, hex));
		va_start(args, format);
		vfprintf(report->out, format, args);
		va_end(args);
		fputc('\n', report->out);
	}
	json_decref(fields);
	fflush(report->out);
}

void report_acked(struct report *report, const struct id *source, uint32_t boot, uint32_t seq,
    const uint8_t hash[HASH_BYTES])
{
	char id[ID_HEX_LEN + 1], hex[2 * HASH_BYTES + 1];

	if (!report->acked)
		return;
	for (size_t i = 0; i < HASH_BYTES; i++)
		(void)snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	fprintf(
	    report->acked, "%s %" PRIu32 " %" PRIu32 " %s\n", id_hex(source, id), boot, seq, hex);
	/* A list with holes would let a test pass that must not. */
	CP_CHECK(fflush(report->acked) == 0);
}

void report_latency(struct report *report, int64_t latency_ms)
{
	if (report->latency_count == REPORT_LATENCIES_MAX || latency_ms < 0)
		return;
	if (report->latency_count == report->latency_cap) {
		size_t cap = report->latency_cap ? report->latency_cap * 2 : 256;
		uint32_t *grown = realloc(report->latencies_ms, cap * sizeof(*grown));

		if (!grown)
			return;
		report->latencies_ms = grown;
		report->latency_cap = cap;
	}
	report->latencies_ms[report->latency_count++] = (uint32_t)latency_ms;
}

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The smallest value that so many per cent do not exceed. */
static uint32_t percentile(const struct report *report, size_t percent)
{
	if (report->latency_count == 0)
		return 0;
	size_t rank = (report->latency_count * percent + 99) / 100;

	return report->latencies_ms[rank - 1];
}

static json_t *summary_json(const struct report *report)
{
	const uint64_t *verdicts = report->verdicts;

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I,"
	                 " s:{s:I, s:I, s:I, s:I}, s:I, s:I, s:I}",
	    "devices", (json_int_t)report->devices, "sessions_started",
	    (json_int_t)report->sessions_started, "sessions_past",
	    (json_int_t)report->sessions_past, "messages", (json_int_t)report->messages,
	    "acknowledged", (json_int_t)report->acknowledged, "missing",
	    (json_int_t)report_missing(report), "not_recorded", (json_int_t)report->not_recorded,
	    "sends", (json_int_t)report->sends, "resends", (json_int_t)report->resends, "repeats",
	    (json_int_t)report->repeats, "reconnects", (json_int_t)report->reconnects,
	    "refused_sends", (json_int_t)report->refused_sends, "acks_given",
	    (json_int_t)report->acks_given, "overrides_given", (json_int_t)report->overrides_given,
	    "verdicts", "permit", (json_int_t)verdicts[CAREPACE__V1__DECISION__PERMIT], "advise",
	    (json_int_t)verdicts[CAREPACE__V1__DECISION__ADVISE], "require_override",
	    (json_int_t)verdicts[CAREPACE__V1__DECISION__REQUIRE_OVERRIDE], "deny",
	    (json_int_t)verdicts[CAREPACE__V1__DECISION__DENY], "start_to_verdict_p50_ms",
	    (json_int_t)percentile(report, 50), "start_to_verdict_p99_ms",
	    (json_int_t)percentile(report, 99), "start_to_verdict_count",
	    (json_int_t)report->latency_count);
}

static void summary_text(const struct report *report)
{
	const uint64_t *verdicts = report->verdicts;

	fprintf(report->out,
	    "\n"
	    "devices            %zu\n"
	    "sessions           %" PRIu64 " today, %" PRIu64 " of weeks ago\n"
	    "messages           %" PRIu64 ", acknowledged %" PRIu64 ", missing %" PRIu64
	    ", not recorded %" PRIu64 "\n"
	    "sent               %" PRIu64 " times, %" PRIu64 " again after a loss, %" PRIu64
	    " twice on purpose\n"
	    "reconnects         %" PRIu64 "\n"
	    "verdicts           permit %" PRIu64 ", advise %" PRIu64 ", require override %" PRIu64
	    ", deny %" PRIu64 "\n"
	    "tablets            %" PRIu64 " alerts acknowledged, %" PRIu64 " overridden\n",
	    report->devices, report->sessions_started, report->sessions_past, report->messages,
	    report->acknowledged, report_missing(report), report->not_recorded, report->sends,
	    report->resends, report->repeats, report->reconnects,
	    verdicts[CAREPACE__V1__DECISION__PERMIT], verdicts[CAREPACE__V1__DECISION__ADVISE],
	    verdicts[CAREPACE__V1__DECISION__REQUIRE_OVERRIDE],
	    verdicts[CAREPACE__V1__DECISION__DENY], report->acks_given, report->overrides_given);
	if (report->latency_count > 0)
		fprintf(report->out, "start to verdict   p50 %u ms, p99 %u ms, %zu starts\n",
		    (unsigned)percentile(report, 50), (unsigned)percentile(report, 99),
		    report->latency_count);
}

void report_summary(struct report *report, wall_ms at)
{
	if (report->latency_count > 0)
		qsort(report->latencies_ms, report->latency_count, sizeof(report->latencies_ms[0]),
		    compare_u32);
	if (report->is_json) {
		json_t *line = summary_json(report);

		CP_CHECK(line && json_object_set_new(line, "event", json_string("summary")) == 0 &&
		         json_object_set_new(line, "at_ms", json_integer(at)) == 0);
		print_json(report, line);
	} else {
		summary_text(report);
	}
	fflush(report->out);
}
