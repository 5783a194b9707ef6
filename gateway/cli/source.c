#include "cli/source.h"

#include "cli/commands.h"
#include "cli/config_file.h"
#include "io/tzfile.h"

#include <string.h>

#define ARENA_BYTES_MAX (256U << 20)
#define ZONE_WITHOUT_CONFIG "Etc/UTC" /* and none in the store */

static int load_config(struct cli_source *source, const struct cli_options *options)
{
	if (options->store_path && !options->is_config_given)
		return CLI_OK;
	return cli_load_config(options, &source->config) ? CLI_UNREADABLE : CLI_OK;
}

static int find_store(struct cli_source *source, const struct cli_options *options)
{
	const char *folder = options->store_path ? options->store_path : source->config.store.path;
	int len = snprintf(source->path, sizeof(source->path), "%s/%s", folder, LEDGER_FILE_NAME);

	if (len > 0 && (size_t)len < sizeof(source->path))
		return CLI_OK;
	cli_say(options, "the path of the store is too long");
	return CLI_UNREADABLE;
}

static void name_clinic(struct cli_source *source)
{
	const struct config_site *site = &source->config.site;

	if (!site->name) {
		view_meta(source->path, "site", source->site);
		view_meta(source->path, "timezone", source->zone_name);
		return;
	}
	snprintf(source->site, sizeof(source->site), "%s", site->name);
	snprintf(source->zone_name, sizeof(source->zone_name), "%s", site->timezone);
}

static int load_zone(struct cli_source *source, const struct cli_options *options)
{
	const char *name = *source->zone_name ? source->zone_name : ZONE_WITHOUT_CONFIG;
	enum cp_err err = tzfile_load(name, &source->zone);
	if (!err)
		return CLI_OK;
	cli_say(options, "the time zone %s cannot be read: %s", name,
	    source->zone.bad ? source->zone.bad : cp_err_text(err));
	return CLI_UNREADABLE;
}

int cli_source_load(struct cli_source *source, const struct cli_options *options)
{
	memset(source, 0, sizeof(*source));
	arena_init(&source->arena, 64 * 1024, ARENA_BYTES_MAX);
	int status = load_config(source, options);
	if (!status)
		status = find_store(source, options);
	if (!status) {
		name_clinic(source);
		status = load_zone(source, options);
	}
	source->policy = policy_default(&source->zone);
	return status;
}

int cli_source_open(struct cli_source *source, const struct cli_options *options)
{
	char why[256];
	int status = cli_source_load(source, options);

	if (status)
		return status;
	enum cp_err err = view_open(&source->view, source->path, why);
	if (!err) {
		source->doubts = view_doubts(source->view, &source->arena);
		return CLI_OK;
	}
	cli_say(options, "%s%s", why,
	    err == CP_NOTFOUND && !options->store_path ? "; start it: sudo systemctl start carepace"
	                                               : "");
	return CLI_UNREADABLE;
}

void cli_source_close(struct cli_source *source)
{
	view_close(source->view);
	arena_deinit(&source->arena);
	zone_deinit(&source->zone);
	config_free(&source->config);
}

int cli_source_check(const struct cli_source *source, const struct cli_options *options)
{
	const char *text;

	if (view_error(source->view, &text) == CP_OK)
		return CLI_OK;
	cli_say(options, "%s: %s", source->path, text);
	return CLI_UNREADABLE;
}

event_ms cli_since(const struct cli_source *source, const struct cli_options *options)
{
	return options->since ? zone_time_at(&source->zone, options->since_day, 0) : 0;
}

int cli_source_run(
    const struct cli_syntax *syntax, int argc, char **argv, void *request, cli_source_fn *run)
{
	struct cli_options *options = request;
	struct cli_source source;
	int status;

	if (!cli_parse(syntax, argc, argv, options, &status))
		return status;
	status = cli_source_open(&source, options);
	if (!status)
		status = run(&source, request);
	cli_source_close(&source);
	return status;
}
