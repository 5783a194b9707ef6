#include "ledger/view/devices.h"

#include "care/sentence.h"
#include "cli/commands.h"
#include "cli/list.h"
#include "cli/moment.h"
#include "io/clock.h"
#include "pki/registry.h"

#include <inttypes.h>

struct list {
	struct cli_source *source;
	const struct registry *registry; /* NULL: it cannot be read here, and nobody has a name */
	struct view_device *devices;
	size_t count;
	int32_t today;
};

/* The newest certificate's; NULL: none. */
static const char *name_of(const struct list *list, const struct id *device)
{
	size_t count = list->registry ? registry_count(list->registry) : 0;

	while (count-- > 0) {
		const struct registry_entry *entry = registry_at(list->registry, count);
		if (id_eq(&entry->device, device))
			return entry->name;
	}
	return NULL;
}

static const char *service_name(Carepace__V1__MaintKind kind)
{
	switch (kind) {
	case CAREPACE__V1__MAINT_KIND__MAINT_PM:
		return "maintenance";
	case CAREPACE__V1__MAINT_KIND__MAINT_CALIBRATION:
		return "calibration";
	case CAREPACE__V1__MAINT_KIND__MAINT_ELEC_SAFETY:
		return "electrical safety";
	default:
		return "inspection";
	}
}

/* --- for people --------------------------------------------------------------------------- */

static const char *battery_text(int battery_pct, char out[LIST_TEXT_BYTES])
{
	if (battery_pct == BATTERY_UNKNOWN)
		return "-";
	if (battery_pct == BATTERY_MAINS)
		return "mains";
	snprintf(out, LIST_TEXT_BYTES, "%d %%", battery_pct);
	return out;
}

static const char *service_text(const struct view_device *device, char out[LIST_TEXT_BYTES])
{
	char day[WHEN_BYTES];

	if (!device->has_service)
		return "-";
	snprintf(out, LIST_TEXT_BYTES, "%s %s", when_day(device->service.due_day, day),
	    service_name(device->service.kind));
	return out;
}

static const char *out_of_use_text(enum check quarantine)
{
	switch (quarantine) {
	case CHECK_EMERGENCY_STOP:
		return "out of use: emergency stop";
	case CHECK_CALIB_FAIL:
		return "out of use: calibration failed";
	default:
		return "out of use: quarantined";
	}
}

/* What somebody should know of it: "out of use: quarantined, clock 6 min fast". */
static const char *notes_text(
    const struct list *list, const struct view_device *device, char out[LIST_TEXT_BYTES])
{
	size_t len = 0;

	snprintf(out, LIST_TEXT_BYTES, "-");
	if (device->quarantine)
		len += (size_t)snprintf(
		    out, LIST_TEXT_BYTES, "%s", out_of_use_text(device->quarantine));
	if (device->has_service && device->service.due_day < list->today)
		len += (size_t)snprintf(
		    out + len, LIST_TEXT_BYTES - len, "%sservice overdue", len ? ", " : "");
	if (!device->has_clock)
		snprintf(out + len, LIST_TEXT_BYTES - len, "%sclock not known", len ? ", " : "");
	else if (device->skew != CLOCK_IS_GOOD)
		snprintf(out + len, LIST_TEXT_BYTES - len, "%sclock %" PRId64 " min %s",
		    len ? ", " : "",
		    (device->skew_ms < 0 ? -device->skew_ms : device->skew_ms) / MS_PER_MINUTE,
		    device->skew_ms < 0 ? "slow" : "fast");
	return out;
}

static void add_row(struct table *table, const struct list *list, const struct view_device *device)
{
	const char *name = name_of(list, &device->id);
	char text[LIST_TEXT_BYTES];
	char when[WHEN_BYTES];
	char hex[ID_HEX_LEN + 1];

	table_add(table, short_hex(&device->id, CLI_ALERT_DIGITS, hex));
	table_add(table, device_kind_name(device->kind));
	table_add(table, device->serial[0] ? device->serial : "-");
	table_add(table, name ? name : "-");
	snprintf(text, sizeof(text), "%" PRIu32, device->model);
	table_add(table, device->kind ? text : "-");
	table_add(table, device->fw ? quantity_of(device->fw, IN_VERSION, text) : "-");
	table_add(table, device->seen_at ? moment_short(&list->source->zone,
	                                       moment_stamped(list->source, device->seen_at), when)
	                                 : "never");
	table_add(table, battery_text(device->battery_pct, text));
	table_add(table, service_text(device, text));
	table_add(table, open_text(device->open_alerts, device->worst, text));
	table_add(table, notes_text(list, device, text));
}

static void print_table(const struct list *list)
{
	static const char *const heads[] = {"DEVICE", "KIND", "SERIAL", "NAME", "MODEL", "FW",
	    "LAST SEEN", "BATTERY", "NEXT SERVICE", "ALERTS", "NOTES"};
	struct table table;

	table_init(&table, &list->source->arena, heads, CP_COUNT(heads));
	for (size_t i = 0; i < list->count; i++)
		add_row(&table, list, &list->devices[i]);
	if (list->count)
		table_print_list(&table, "");
	else
		puts("No devices.");
}

/* --- for programs --------------------------------------------------------------------------- */

static json_t *clock_json(const struct view_device *device)
{
	static const char *const trust[] = {"good", "off", "wrong"};
	json_t *object = json_object();

	json_put_text(object, "trust", device->has_clock ? trust[device->skew] : "unknown");
	json_put(object, "skew_ms", device->has_clock ? json_integer(device->skew_ms) : NULL);
	return object;
}

static json_t *service_json(const struct list *list, const struct view_device *device)
{
	if (!device->has_service)
		return NULL;
	json_t *object = json_object();
	json_put_text(object, "kind", service_name(device->service.kind));
	json_put_day(object, "due_date", device->service.due_day);
	json_put(object, "overdue", json_boolean(device->service.due_day < list->today));
	return object;
}

static json_t *row_json(const struct list *list, const struct view_device *device)
{
	const struct check_row *check = catalogue_find(device->quarantine);
	bool has_battery = device->battery_pct >= 0 && device->battery_pct != BATTERY_MAINS;
	json_t *object = json_object();
	char fw[QUANTITY_BYTES];

	json_put_int(object, "number", device->no);
	json_put_id(object, "id", &device->id);
	json_put_text(object, "kind", device_kind_name(device->kind));
	json_put_text(object, "serial", device->serial[0] ? device->serial : NULL);
	json_put_text(object, "name", name_of(list, &device->id));
	json_put(object, "model", device->kind ? json_integer(device->model) : NULL);
	json_put_text(
	    object, "firmware", device->fw ? quantity_of(device->fw, IN_VERSION, fw) : NULL);
	json_put_moment(object, "last_seen", &list->source->zone,
	    moment_stamped(list->source, device->seen_at));
	json_put(object, "battery_percent", has_battery ? json_integer(device->battery_pct) : NULL);
	json_put(object, "on_mains", json_boolean(device->battery_pct == BATTERY_MAINS));
	json_put(object, "clock", clock_json(device));
	json_put(object, "next_service", service_json(list, device));
	json_put_text(object, "out_of_use", check ? check->name : NULL);
	list_put_open(object, device->open_alerts, device->worst);
	return object;
}

static void print_json(const struct list *list, const struct view_page *page)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_append(array, row_json(list, &list->devices[i]));
	json_print_page("devices", array, page);
}

/* --- both ------------------------------------------------------------------------------------ */

/* Names are a help, no more: the store of a box can be looked at without its registry. */
static struct registry *load_names(const struct cli_source *source)
{
	struct registry *registry = NULL;
	struct pki_error error;

	if (source->config.listener.registry)
		(void)!registry_load(source->config.listener.registry, &registry, &error);
	return registry;
}

static int work(struct cli_source *source, void *ctx)
{
	const struct cli_options *options = ctx;
	struct view_page page = {.after = options->after, .max = options->limit};
	wall_ms now = clock_wall();
	struct list list = {.source = source, .today = zone_day(&source->zone, now)};

	view_policy(source->view, &source->arena, &source->policy);
	list.devices =
	    view_devices(source->view, &source->arena, &source->policy, now, &page, &list.count);
	int status = cli_source_check(source, options);
	if (status)
		return status;
	struct registry *registry = load_names(source);
	list.registry = registry;
	if (options->is_json) {
		print_json(&list, &page);
	} else {
		print_table(&list);
		print_more(options, &page);
	}
	registry_free(registry);
	return cli_finish(options);
}

int cli_devices(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "devices",
	    .takes = CLI_TAKES_ALL | CLI_TAKES_PAGE,
	    .about = "Lists devices: what they are, when they were heard of last, battery and "
	             "clock, the service that is due next, what is out of use and why. Alerts "
	             "are the open ones about the device itself.",
	};
	struct cli_options options = {0};

	return cli_source_run(&syntax, argc, argv, &options, work);
}
