/* What `carepace doctor` looks at in the box itself: files of the configuration, clock, limits,
 * the service. */
#include "cli/doctor.h"

#include "care/time/gateway_clock.h"
#include "cli/daemon.h"
#include "cli/output.h"
#include "io/clock.h"
#include "io/control.h"
#include "io/listener_probe.h"
#include "io/tzfile.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define CONNECTION_BYTES 32000 /* resident, idle (DESIGN section 8) */

/* For a file that has no line to correct. */
static const char *remedy_of(const char *path)
{
	if (access(path, R_OK) == 0)
		return "Correct it, then: carepace check-config";
	if (errno == ENOENT)
		return "Set this box up: carepace setup";
	return geteuid() ? "Ask as root: sudo carepace doctor"
	                 : "Let the user of the service read it: chgrp carepace, chmod g+r.";
}

void doctor_configuration(const struct box *box, struct diagnosis *out)
{
	struct config config;
	struct buf faults;
	char first[512];
	size_t more = 0;

	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	enum cp_err err = config_load(&config, box->config_path, &faults);
	struct slice text = buf_bytes(&faults);
	for (size_t i = 0; i + 1 < text.len; i++)
		more += text.p[i] == '\n';
	const char *end = text.len ? memchr(text.p, '\n', text.len) : NULL;
	snprintf(first, sizeof(first), "%.*s", end ? (int)(end - (const char *)text.p) : 0,
	    text.len ? (const char *)text.p : "");
	buf_deinit(&faults);
	if (!err) {
		config_free(&config);
		doctor_ok(out, "%s has no fault", box->config_path);
	} else if (more) {
		doctor_fail(out, "Correct it; carepace check-config lists all faults.",
		    "%s (and %zu more)", first, more);
	} else {
		doctor_fail(
		    out, remedy_of(box->config_path), "%s", first[0] ? first : cp_err_text(err));
	}
}

void doctor_time_zone(const struct box *box, struct diagnosis *out)
{
	const char *name = box->config.site.timezone;
	char release[TZFILE_VERSION_BYTES];
	struct zone zone;
	enum cp_err err = tzfile_load(name, &zone);

	if (err) {
		doctor_fail(out, "apt install --reinstall tzdata",
		    "cannot read the time zone %s: %s; check site.timezone and the package tzdata",
		    name, zone.bad ? zone.bad : cp_err_text(err));
		return;
	}
	zone_deinit(&zone);
	doctor_ok(out, "%s%s%s", name, tzfile_version(release) ? ", time zones of release " : "",
	    tzfile_version(release) ? release : "");
}

/* The running gateway has heard of somebody who knows the time. */
static bool is_confirmed(const struct box *box)
{
	struct daemon daemon = {0};

	if (box->has_config)
		daemon_ask(box->config.store.path, &daemon);
	return daemon.is_running && !daemon.is_clock_in_doubt;
}

void doctor_clock(const struct box *box, struct diagnosis *out)
{
	static const char remedy[] =
	    "timedatectl timesync-status says which time server is asked. Where the internet is "
	    "closed, name one of the clinic's network (often its router): NTP= in "
	    "/etc/systemd/timesyncd.conf, then systemctl restart systemd-timesyncd. Without any, "
	    "head office or three devices that agree with the clock confirm it, too.";
	struct clock_start start = clock_start();
	char now[WHEN_BYTES];
	char built[WHEN_BYTES];

	(void)box;
	when_utc(start.reading.wall, now);
	if (start.reading.wall < start.built_at)
		doctor_fail(out, remedy,
		    "the clock of this box is in doubt: %s (%s; this program was made on %.10s)",
		    clock_doubt_text(CLOCK_BEFORE_KNOWN), now, when_utc(start.built_at, built));
	else if (!start.reading.is_synced && is_confirmed(box))
		doctor_ok(
		    out, "%s, kept by no time server, but confirmed since this box started", now);
	else if (!start.reading.is_synced)
		doctor_warn(out, remedy,
		    "nothing keeps the clock of this box right: the system says that it is not "
		    "synchronised (it shows %s)",
		    now);
	else
		doctor_ok(out, "%s, kept by a time server", now);
}

/* --- limits -------------------------------------------------------------------------- */

/* Of the gateway that runs, of the one that its unit would start, or of who asks. */
static uint64_t files_allowed(const struct box *box, pid_t running)
{
	struct rlimit limit;

	if (running > 0 && prlimit(running, RLIMIT_NOFILE, NULL, &limit) == 0)
		return limit.rlim_max;
	if (running == 0 && box->unit.is_there && box->unit.files_max)
		return box->unit.files_max;
	return getrlimit(RLIMIT_NOFILE, &limit) ? UINT64_MAX : limit.rlim_max;
}

void doctor_limits(const struct box *box, struct diagnosis *out)
{
	uint32_t connections = (uint32_t)box->config.listener.max_connections;
	uint64_t files = files_allowed(box, control_process(box->config.store.path));
	int64_t memory = (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	char text[LISTENER_TEXT_BYTES];
	char size[DOCTOR_SIZE_BYTES];
	char need[DOCTOR_SIZE_BYTES];

	if (files < listener_files_needed(connections))
		doctor_fail(out,
		    "systemctl edit carepace: [Service] LimitNOFILE=; then systemctl restart "
		    "carepace",
		    "%s", listener_files_text(text, files, connections));
	if ((int64_t)connections * CONNECTION_BYTES > memory / 2)
		doctor_warn(out, "Lower listener.max_connections.",
		    "%u devices at once would need %s of this box's %s of memory", connections,
		    doctor_size((int64_t)connections * CONNECTION_BYTES, need),
		    doctor_size(memory, size));
	doctor_ok(out, "room for %u devices at once, %s of memory", connections,
	    doctor_size(memory, size));
}

/* --- the service --------------------------------------------------------------------- */

static void judge_unit(
    const struct systemd_unit *unit, bool is_not_yet_begun, struct diagnosis *out)
{
	if (strcmp(unit->active, "failed") == 0)
		doctor_fail(out, "journalctl -u carepace -n 50 says why.",
		    "carepace.service has failed and is not started again");
	else if (strcmp(unit->sub, "auto-restart") == 0)
		doctor_fail(out, "journalctl -u carepace -n 50 says why.",
		    "carepace.service ends again and again: started %" PRIu32 " times anew",
		    unit->restarts);
	else if (strcmp(unit->active, "active") != 0 && is_not_yet_begun)
		doctor_skip(out, "carepace.service is not started yet");
	else if (strcmp(unit->active, "active") != 0)
		doctor_warn(out, "systemctl enable --now carepace",
		    "carepace.service does not run (%s)", unit->active);
	else if (strcmp(unit->enabled, "enabled") != 0)
		doctor_warn(out, "systemctl enable carepace",
		    "carepace.service runs, but will not be started with this box (%s)",
		    unit->enabled);
	else
		doctor_ok(out, "carepace.service runs and starts with this box");
}

void doctor_service(const struct box *box, struct diagnosis *out)
{
	pid_t running = box->has_config ? control_process(box->config.store.path) : 0;

	if (box->unit.is_there)
		judge_unit(&box->unit, box->is_not_yet_begun, out);
	else if (running > 0)
		doctor_skip(out, "no unit carepace.service here; a gateway runs as process %d",
		    (int)running);
	else
		doctor_skip(out, "no unit carepace.service here, and no gateway runs");
}
