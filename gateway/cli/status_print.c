#include "cli/status.h"

#include "care/sentence.h"
#include "cli/alert_json.h"
#include "cli/doctor.h"
#include "cli/moment.h"

#include <inttypes.h>
#include <unistd.h>

#define LINE(name, format, ...) printf("%-13s" format "\n", name, __VA_ARGS__)

/* --- for people ---------------------------------------------------------------------------- */

/* The word says it; on a terminal the colour says it, too. */
static void print_light(const struct status *status)
{
	static const char *const colours[] = {"\033[1;32m", "\033[1;33m", "\033[1;31m"};
	bool is_terminal = isatty(STDOUT_FILENO);
	size_t count = status->problem_count;

	printf("%s%s%s: ", is_terminal ? colours[status->light] : "",
	    status_light_name(status->light), is_terminal ? "\033[0m" : "");
	if (count == 0)
		printf("all is well\n");
	else if (status->light == STATUS_RED)
		printf("something must be done now\n");
	else
		printf("%s attention\n", count == 1 ? "one thing wants" : "some things want");
	for (size_t i = 0; i < count; i++) {
		printf("  ");
		print_wrapped(status->problems[i].text, 2);
	}
	printf("\n");
}

static void print_daemon(const struct status *status)
{
	const struct daemon *daemon = &status->daemon;
	const struct time_told started = {daemon->started_at, daemon->is_clock_in_doubt};
	char since[WHEN_BYTES];

	LINE("Site", "%s", status->source->site[0] ? status->source->site : "-");
	if (daemon->is_running)
		LINE("Gateway", "%s, version %s, since %s (pid %" PRId64 ")",
		    daemon->is_ready ? "ready" : "not ready", daemon->version,
		    moment_short(&status->source->zone, started, since), daemon->pid);
	else
		LINE("Gateway", "%s", "says nothing; what follows was read in the store");
}

static void print_devices(const struct status *status)
{
	const struct daemon *daemon = &status->daemon;
	wall_ms heard = status->today.last_heard;
	char when[WHEN_BYTES];
	char now[64] = "";

	if (daemon->is_running)
		snprintf(now, sizeof(now), "%" PRId64 " connected of %" PRId64 " registered, ",
		    daemon->connected, daemon->registered);
	LINE("Devices", "%s%" PRId64 " ever heard of, last %s", now, status->today.devices,
	    heard ? moment_short(&status->source->zone, moment_stamped(status->source, heard), when)
	          : "never");
	LINE("Sessions", "%" PRId64 " today", status->today.sessions);
}

static void print_store(const struct status *status)
{
	char size[DOCTOR_SIZE_BYTES];
	char room[DOCTOR_SIZE_BYTES];
	char days[64] = "days until full are known after a day";

	if (status->days_left >= 0)
		snprintf(
		    days, sizeof(days), "enough for about %" PRId64 " days", status->days_left);
	LINE("Store", "%s; %s free, %s",
	    doctor_size(status->health.bytes + status->health.log_bytes, size),
	    doctor_size(status->free_bytes, room), days);
	LINE("Set aside", "%" PRId64 " parked, %" PRId64 " unjudged", status->health.parked,
	    status->health.unjudged);
}

/* No backup is no trouble: whether one is wanted is the clinic's to know. */
static void print_backup(const struct status *status)
{
	const struct last_backup *last = &status->backup;
	char when[WHEN_BYTES];

	if (last->at)
		LINE("Last backup", "%s, %s", when_short(&status->source->zone, last->at, when),
		    last->file);
	else
		LINE("Last backup", "%s", "none yet: carepace backup FILE makes one");
}

/* Without one nothing waits for anybody: what is kept goes by itself (upstream.outbox_days). */
static void print_head_office(const struct status *status)
{
	const struct daemon *daemon = &status->daemon;
	const struct cli_source *source = status->source;
	wall_ms oldest;
	int64_t waiting = status_waiting(status, &oldest);
	char when[WHEN_BYTES] = "";
	char waits[64];

	if (!status_has_office(status)) {
		LINE("Head office", "%s", "none is configured");
		return;
	}
	printf("%-13s", "Head office");
	if (daemon->is_running)
		printf("%s; ", daemon->is_head_office_connected ? "connected" : "not connected");
	if (waiting)
		printf("%s waiting, the oldest since %s\n", count_text(waiting, "report", waits),
		    moment_short(&source->zone, moment_stamped(source, oldest), when));
	else
		printf("nothing waits\n");
}

static void print_certificates(const struct status *status)
{
	char text[300] = "";
	size_t len = 0;

	printf("%-13s", "Certificates");
	for (size_t i = 0; i < CP_COUNT(status->certificates); i++) {
		const struct status_certificate *certificate = &status->certificates[i];
		char until[WHEN_BYTES];
		if (!certificate->ends_at)
			continue;
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s until %.10s",
		    len ? ", " : "", certificate->what,
		    when_short(&status->source->zone, certificate->ends_at, until));
	}
	print_wrapped(len ? text : "not readable here", 13);
}

/* One of its kind, and how many there are: "3 MEDIUM GW_CLOCK". */
static void print_worst(const struct status *status, size_t i, int64_t *told)
{
	const struct view_alert *row = &status->worst[i];
	const struct alert *alert = &row->alert;
	const struct check_row *check = catalogue_find(alert->finding.check);
	int64_t count = status->worst_counts[i];
	char sentence[SENTENCE_BYTES];
	char times[64] = "";
	char hex[ID_HEX_LEN + 1];

	if (count > 1)
		snprintf(times, sizeof(times), ", the newest of %" PRId64, count);
	printf("  %s  %s %s%s%s\n    ", short_hex(&alert->id, CLI_ALERT_DIGITS, hex),
	    severity_name(alert->finding.severity), check ? check->name : "-", times,
	    alert->state == ALERT_RAISED ? "" : ", answered");
	print_wrapped(sentence_of(&alert->finding, sentence), 4);
	*told += count;
}

static void print_alerts(const struct status *status)
{
	int64_t told = 0;
	int64_t total = 0;
	const int64_t *open = status->gauges.open_by_severity;
	bool is_first = true;

	printf("%-13s", "Open alerts");
	for (size_t i = SEVERITY_COUNT - 1; i > SEVERITY_NONE; i--)
		if (open[i]) {
			total += open[i];
			printf("%s%" PRId64 " %s", is_first ? "" : ", ", open[i],
			    severity_name((enum severity)i));
			is_first = false;
		}
	printf("%s\n", is_first ? "none" : "");
	for (size_t i = 0; i < status->worst_count; i++)
		print_worst(status, i, &told);
	if (told < total)
		printf("  and %" PRId64 " more: carepace alerts\n", total - told);
}

void status_print_text(const struct status *status)
{
	print_light(status);
	print_daemon(status);
	if (status->daemon.is_running)
		LINE("Clock", "%s",
		    status->daemon.is_clock_in_doubt ? "in doubt; times with a " TABLE_DOUBT
		                                       " are assumed"
		                                     : "trusted");
	print_certificates(status);
	if (status->store_silence[0])
		return;
	print_devices(status);
	print_head_office(status);
	print_store(status);
	print_backup(status);
	print_alerts(status);
}

/* --- for programs ---------------------------------------------------------------------------- */

static json_t *daemon_json(const struct status *status)
{
	const struct daemon *daemon = &status->daemon;
	json_t *object = json_object();

	json_put(object, "running", json_boolean(daemon->is_running));
	if (!daemon->is_running)
		return object;
	json_put_text(object, "version", daemon->version);
	json_put_int(object, "pid", daemon->pid);
	json_put_moment(object, "started", &status->source->zone,
	    (struct time_told){daemon->started_at, daemon->is_clock_in_doubt});
	json_put(object, "ready", json_boolean(daemon->is_ready));
	json_put_text(object, "why_not", daemon->is_ready ? NULL : daemon->why_not);
	json_put_int(object, "devices_connected", daemon->connected);
	json_put_int(object, "devices_registered", daemon->registered);
	json_put(object, "clock_in_doubt", json_boolean(daemon->is_clock_in_doubt));
	json_put(object, "head_office_connected",
	    daemon->has_head_office ? json_boolean(daemon->is_head_office_connected) : NULL);
	return object;
}

static json_t *store_json(const struct status *status)
{
	const struct view_health *health = &status->health;
	json_t *object = json_object();
	wall_ms oldest;

	json_put_int(object, "bytes", health->bytes + health->log_bytes);
	json_put_int(object, "disk_free_bytes", status->free_bytes);
	json_put(object, "days_until_full",
	    status->days_left >= 0 ? json_integer(status->days_left) : NULL);
	json_put_int(object, "parked", health->parked);
	json_put_int(object, "unjudged", health->unjudged);
	json_put_int(object, "devices_known", status->today.devices);
	json_put_moment(object, "last_heard", &status->source->zone,
	    moment_stamped(status->source, status->today.last_heard));
	json_put_int(object, "sessions_today", status->today.sessions);
	json_put_int(object, "reports_waiting", status_waiting(status, &oldest));
	json_put_moment(
	    object, "oldest_report", &status->source->zone, moment_stamped(status->source, oldest));
	return object;
}

static json_t *backup_json(const struct status *status)
{
	const struct last_backup *last = &status->backup;
	json_t *object = json_object();

	json_put_time(object, "made", &status->source->zone, last->at);
	json_put_text(object, "file", last->file);
	json_put_int(object, "bytes", last->bytes);
	return object;
}

static json_t *alerts_json(const struct status *status)
{
	json_t *object = json_object();
	json_t *worst = json_array();

	for (size_t i = SEVERITY_INFO; i < SEVERITY_COUNT; i++)
		json_put_int(
		    object, severity_name((enum severity)i), status->gauges.open_by_severity[i]);
	for (size_t i = 0; i < status->worst_count; i++)
		json_append(worst, alert_json(status->source, &status->worst[i]));
	json_put(object, "worst", worst);
	return object;
}

void status_print_json(const struct status *status)
{
	json_t *object = json_object();
	json_t *problems = json_array();
	json_t *certificates = json_array();

	for (size_t i = 0; i < status->problem_count; i++)
		json_append(problems,
		    json_pack("{s:s, s:s}", "light", status_light_name(status->problems[i].light),
		        "text", status->problems[i].text));
	for (size_t i = 0; i < CP_COUNT(status->certificates); i++) {
		json_t *one = json_object();
		json_put_text(one, "of", status->certificates[i].what);
		json_put_time(one, "ends", &status->source->zone, status->certificates[i].ends_at);
		json_append(certificates, one);
	}
	json_put_text(object, "light", status_light_name(status->light));
	json_put_text(object, "site", status->source->site);
	json_put(object, "problems", problems);
	json_put(object, "gateway", daemon_json(status));
	json_put(object, "certificates", certificates);
	json_put(object, "store", status->store_silence[0] ? NULL : store_json(status));
	json_put(object, "last_backup", status->backup.at ? backup_json(status) : NULL);
	json_put(object, "open_alerts", status->store_silence[0] ? NULL : alerts_json(status));
	json_print(object);
}
