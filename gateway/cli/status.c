#include "cli/status.h"

#include "cli/commands.h"
#include "cli/output.h"
#include "io/clock.h"
#include "ledger/ledger.h"
#include "pki/certificate.h"

/* --- the store and the files --------------------------------------------------------------- */

static void read_worst(struct status *status, struct cli_source *source)
{
	struct view_group worst[STATUS_WORST];
	size_t count = view_groups(source->view, worst, STATUS_WORST);
	char hex[ID_HEX_LEN + 1];

	for (size_t i = 0; i < count; i++) {
		status->worst_counts[status->worst_count] = worst[i].count;
		status->worst_count += view_alert_find(source->view, &source->arena,
		                           slice_str(id_hex(&worst[i].newest, hex)),
		                           &status->worst[status->worst_count]) == 1;
	}
}

static void read_store(struct status *status, struct cli_source *source)
{
	const struct zone *zone = &source->zone;
	const char *text;
	char why[256];

	if (view_open(&source->view, source->path, why)) {
		snprintf(status->store_silence, sizeof(status->store_silence), "%s", why);
		return;
	}
	source->doubts = view_doubts(source->view, &source->arena);
	view_health(source->view, source->path, &status->health);
	view_gauges(source->view, &status->gauges);
	view_today(
	    source->view, zone_time_at(zone, zone_day(zone, status->now), 0), &status->today);
	read_worst(status, source);
	if (view_error(source->view, &text))
		snprintf(status->store_silence, sizeof(status->store_silence), "%s", text);
}

static void measure_disk(struct status *status, const char *folder)
{
	int64_t growth = view_growth(&status->health, status->now);
	int64_t used;
	int64_t total;

	ledger_disk(folder, &used, &total);
	status->free_bytes = total - used;
	int64_t room = status->free_bytes + status->health.free_bytes -
	               status->source->config.store.reserve_bytes;
	status->days_left = growth > 0 && room > 0 ? room / growth : growth > 0 ? 0 : -1;
}

static void read_certificates(struct status *status, const struct config *config)
{
	const struct {
		const char *what;
		const char *path;
	} files[] = {
	    {"the gateway", config->listener.certificate},
	    {"the devices' CA", config->listener.ca},
	    {"the way to head office", config->upstream.certificate},
	    {"head office's CA", config->upstream.ca},
	};
	struct certificate certificate;
	struct pki_error error;

	_Static_assert(CP_COUNT(files) == CP_COUNT(status->certificates), "one for each");
	for (size_t i = 0; i < CP_COUNT(files); i++) {
		status->certificates[i].what = files[i].what;
		if (files[i].path && !certificate_load(files[i].path, &certificate, &error))
			status->certificates[i].ends_at = certificate.not_after;
	}
}

static void gather(struct status *status, struct cli_source *source, const char *folder)
{
	status->source = source;
	status->now = clock_wall();
	daemon_ask(folder, &status->daemon);
	read_store(status, source);
	measure_disk(status, folder);
	last_backup_load(folder, &status->backup);
	read_certificates(status, &source->config);
	status_judge(status);
}

int cli_status(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "status",
	    .takes = CLI_TAKES_ALL,
	    .about = "Is all well? Green: yes. Yellow: the clinic works, somebody should look. "
	             "Red: devices are not served, or not rightly. Ends with 1 unless green.",
	};
	struct status status = {0};
	struct cli_options options = {0};
	struct cli_source source;
	int exit_status;

	if (!cli_parse(&syntax, argc, argv, &options, &exit_status))
		return exit_status;
	exit_status = cli_source_load(&source, &options);
	if (!exit_status) {
		gather(&status, &source,
		    options.store_path ? options.store_path : source.config.store.path);
		if (options.is_json)
			status_print_json(&status);
		else
			status_print_text(&status);
		exit_status = cli_finish(&options);
		if (!exit_status && status.light != STATUS_GREEN)
			exit_status = CLI_FOUND;
	}
	cli_source_close(&source);
	return exit_status;
}
