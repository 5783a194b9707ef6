#include "cli/status.h"

#include "cli/output.h"

#include <inttypes.h>
#include <stdarg.h>

#define SOON_MS (30 * MS_PER_DAY)        /* as carepace doctor */
#define DAYS_LEFT_LOW 30                 /* as carepace doctor */
#define OFFICE_AWAY_MS (6 * MS_PER_HOUR) /* these two as deploy/prometheus */
#define REPORT_WAITS_MS (24 * MS_PER_HOUR)

CP_PRINTF(3, 4)
static void problem(struct status *status, enum status_light light, const char *format, ...)
{
	struct status_problem *next = &status->problems[status->problem_count];
	va_list args;

	if (status->problem_count == STATUS_PROBLEMS_MAX)
		return;
	next->light = light;
	va_start(args, format);
	vsnprintf(next->text, sizeof(next->text), format, args);
	va_end(args);
	status->problem_count++;
	if (light > status->light)
		status->light = light;
}

static void judge_daemon(struct status *status)
{
	const struct daemon *daemon = &status->daemon;

	if (!daemon->is_running)
		problem(status, STATUS_RED, "%s", daemon->silence);
	else if (!daemon->is_ready)
		problem(status, STATUS_RED, "Devices are not served. %s", daemon->why_not);
	if (status->store_silence[0])
		problem(status, STATUS_RED, "The store cannot be read: %s.", status->store_silence);
}

static void judge_certificates(struct status *status)
{
	for (size_t i = 0; i < CP_COUNT(status->certificates); i++) {
		const struct status_certificate *certificate = &status->certificates[i];
		int64_t left_ms = certificate->ends_at - status->now;
		if (!certificate->ends_at || left_ms >= SOON_MS)
			continue;
		if (left_ms < 0)
			problem(status, STATUS_RED,
			    "The certificate of %s has ended: carepace doctor says how to make a "
			    "new one.",
			    certificate->what);
		else
			problem(status, STATUS_YELLOW,
			    "The certificate of %s ends in %" PRId64
			    " days: carepace doctor says how to make a new one.",
			    certificate->what, left_ms / MS_PER_DAY);
	}
}

static void judge_store(struct status *status)
{
	const struct view_health *health = &status->health;
	char count[64];

	if (health->unjudged)
		problem(status, STATUS_RED,
		    "%s set aside because judging it ended the program twice: please report it "
		    "to the maker.",
		    count_text(health->unjudged, "input", count));
	if (health->parked)
		problem(status, STATUS_YELLOW,
		    "%s could not be understood: carepace parked lists what and why.",
		    count_text(health->parked, "message", count));
	if (status->days_left >= 0 && status->days_left < DAYS_LEFT_LOW)
		problem(status, STATUS_YELLOW,
		    "The disk is full in about %" PRId64 " days: free some room where %s lies.",
		    status->days_left, status->source->path);
}

static void judge_head_office(struct status *status)
{
	const struct daemon *daemon = &status->daemon;
	wall_ms oldest;
	int64_t waiting = status_waiting(status, &oldest);

	if (daemon->has_head_office && daemon->head_office_down_ms > OFFICE_AWAY_MS)
		problem(status, STATUS_YELLOW,
		    "There has been no connection to head office for %" PRId64
		    " hours; the log says what it fails at.",
		    daemon->head_office_down_ms / MS_PER_HOUR);
	else if (daemon->has_head_office && waiting && status->now - oldest > REPORT_WAITS_MS)
		problem(status, STATUS_YELLOW,
		    "A report has waited for head office for %" PRId64 " hours.",
		    (status->now - oldest) / MS_PER_HOUR);
}

static void judge_alerts(struct status *status)
{
	const int64_t *open = status->gauges.raised_by_severity;
	int64_t grave = open[SEVERITY_CRITICAL] + open[SEVERITY_HIGH];
	char count[64];

	if (grave)
		problem(status, STATUS_YELLOW,
		    "%s of severity CRITICAL or HIGH: carepace alerts lists them.",
		    count_text(grave, "open alert", count));
}

/* Reds first, each in the order in which they were found. */
static void sort(struct status *status)
{
	for (size_t i = 1; i < status->problem_count; i++) {
		struct status_problem moved = status->problems[i];
		size_t to = i;
		for (; to > 0 && status->problems[to - 1].light < moved.light; to--)
			status->problems[to] = status->problems[to - 1];
		status->problems[to] = moved;
	}
}

void status_judge(struct status *status)
{
	judge_daemon(status);
	judge_certificates(status);
	judge_store(status);
	if (status->daemon.is_clock_in_doubt)
		problem(status, STATUS_YELLOW,
		    "This box does not know the time, so nothing falls due and starts are "
		    "answered with advise, until a time server, head office or three devices "
		    "confirm its clock: carepace doctor says how.");
	judge_head_office(status);
	judge_alerts(status);
	sort(status);
}

const char *status_light_name(enum status_light light)
{
	static const char *const names[] = {"GREEN", "YELLOW", "RED"};

	return names[light];
}

bool status_has_office(const struct status *status)
{
	return status->daemon.is_running ? status->daemon.has_head_office
	                                 : status->source->config.upstream.server_count > 0;
}

/* Without head office what is written for it waits for nobody. */
int64_t status_waiting(const struct status *status, wall_ms *oldest)
{
	int64_t waiting = 0;

	*oldest = TIME_NEVER;
	if (!status_has_office(status))
		return 0;
	for (size_t i = 0; i < VIEW_KINDS_MAX; i++) {
		waiting += status->gauges.outbox[i];
		if (status->gauges.outbox_oldest[i] < *oldest)
			*oldest = status->gauges.outbox_oldest[i];
	}
	return waiting;
}
