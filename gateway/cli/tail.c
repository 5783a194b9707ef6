#include "cli/tail.h"

#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/list.h"
#include "io/clock.h"
#include "ledger/view/devices.h"

#include <poll.h>
#include <strings.h>

enum {
	KEY_DEVICE = 512,
	KEY_CHECK,
	KEY_SEVERITY,
};

static const struct argp_option options[] = {
    {"device", KEY_DEVICE, "DEVICE", 0, "of one device: its serial or the first digits of its id",
        0},
    {"check", KEY_CHECK, "NAME", 0, "alerts of one check only; see carepace checks", 0},
    {"severity", KEY_SEVERITY, "LEVEL", 0,
        "alerts as grave as this at least: INFO, LOW, MEDIUM, "
        "HIGH, CRITICAL",
        0},
    {0},
};

static error_t take_check(struct tail *tail, const char *name)
{
	const struct check_row *row = catalogue_find_name(name);

	if (!row)
		return cli_wrong(
		    &tail->options, "there is no check \"%s\"; carepace checks lists them", name);
	tail->check = row->check;
	return 0;
}

static error_t take_severity(struct tail *tail, const char *name)
{
	for (size_t i = SEVERITY_INFO; i < SEVERITY_COUNT; i++)
		if (strcasecmp(name, severity_name((enum severity)i)) == 0) {
			tail->severity = (enum severity)i;
			return 0;
		}
	return cli_wrong(&tail->options,
	    "there is no severity \"%s\": INFO, LOW, MEDIUM, HIGH, CRITICAL are known", name);
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct tail *tail = state->input;

	switch (key) {
	case KEY_DEVICE:
		tail->device_word = value;
		return 0;
	case KEY_CHECK:
		return take_check(tail, value);
	case KEY_SEVERITY:
		return take_severity(tail, value);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- the running gateway -------------------------------------------------------------------- */

static bool is_among(const struct daemon *daemon, const struct id *id)
{
	for (size_t i = 0; i < daemon->device_count; i++)
		if (id_eq(&daemon->devices[i], id))
			return true;
	return false;
}

static void tell_devices(
    const struct tail *tail, const struct daemon *before, const struct daemon *now)
{
	char text[64];

	if (before->connected > DAEMON_DEVICES_MAX || now->connected > DAEMON_DEVICES_MAX) {
		snprintf(text, sizeof(text), "%lld are connected", (long long)now->connected);
		if (before->connected != now->connected)
			tail_tell(tail, "devices", text);
		return;
	}
	for (size_t i = 0; i < before->device_count; i++)
		if (!is_among(now, &before->devices[i]))
			tail_tell_device(tail, "device disconnected", &before->devices[i]);
	for (size_t i = 0; i < now->device_count; i++)
		if (!is_among(before, &now->devices[i]))
			tail_tell_device(tail, "device connected", &now->devices[i]);
}

static void look_at_daemon(struct tail *tail, const char *folder, bool is_first)
{
	struct daemon before = tail->daemon;
	struct daemon *now = &tail->daemon;

	*now = (struct daemon){0};
	daemon_ask(folder, now);
	if (is_first)
		return;
	if (before.is_running != now->is_running)
		tail_tell(
		    tail, now->is_running ? "gateway answers" : "gateway silent", now->silence);
	tell_devices(tail, &before, now);
	if (!before.is_running || !now->is_running)
		return;
	if (before.is_ready != now->is_ready)
		tail_tell(tail, now->is_ready ? "ready" : "not ready", now->why_not);
	if (before.is_clock_in_doubt != now->is_clock_in_doubt)
		tail_tell(tail, now->is_clock_in_doubt ? "clock in doubt" : "clock trusted", "");
	if (before.is_head_office_connected != now->is_head_office_connected)
		tail_tell(tail,
		    now->is_head_office_connected ? "head office connected" : "head office lost",
		    "");
}

/* --- the command -------------------------------------------------------------------------------
 */

static int find_device(struct tail *tail)
{
	struct view_page page = {.max = 1};
	size_t count;
	int64_t no;
	int status = cli_find_device(tail->source, &tail->options, tail->device_word, &no);

	if (status)
		return status;
	page.after = no - 1;
	const struct view_device *device = view_devices(tail->source->view, &tail->source->arena,
	    &tail->source->policy, tail->now, &page, &count);
	tail->has_device = device && device->no == no;
	if (tail->has_device)
		tail->device = device->id;
	return cli_source_check(tail->source, &tail->options);
}

/* A view's errors are sticky: after a restore, say, the store is opened anew. */
static bool open_again(struct cli_source *source)
{
	char why[256];

	view_close(source->view);
	source->view = NULL;
	return view_open(&source->view, source->path, why) == CP_OK;
}

static int follow(struct cli_source *source, void *request)
{
	struct tail *tail = request;
	const char *folder =
	    tail->options.store_path ? tail->options.store_path : source->config.store.path;
	bool is_first = true;

	tail->source = source;
	tail->now = tail->raised_since = clock_wall();
	int status = tail->device_word ? find_device(tail) : CLI_OK;
	while (!status && !ferror(stdout)) {
		tail->now = clock_wall();
		look_at_daemon(tail, folder, is_first);
		if ((source->view || open_again(source)) && !tail_look_at_store(tail, is_first))
			(void)!open_again(source);
		is_first = false;
		poll(NULL, 0, TAIL_LOOK_MS);
	}
	return status ? status : cli_finish(&tail->options);
}

int cli_tail(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "tail",
	    .takes = CLI_TAKES_ALL,
	    .about =
	        "Follows what happens, a line each: sessions, verdicts, alerts, devices that come "
	        "and go, head office. Until it is stopped: Ctrl-C.",
	    .options = options,
	    .parse = parse,
	};
	struct tail tail = {0};

	return cli_source_run(&syntax, argc, argv, &tail, follow);
}
