#include "io/config_policy.h"

#include "base/suggest.h"
#include "care/parameter.h"
#include "io/config.h"
#include "io/config_message.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SETTINGS_OF_POLICY_MAX 512 /* report.proto */

struct policy_loader {
	struct config_own *own;
	struct config_yaml yaml;
	struct config_reader reader;
	Carepace__V1__Policy *policy;
};

static void *alloc(struct policy_loader *loader, size_t bytes)
{
	void *memory = arena_zalloc(&loader->own->arena, bytes);

	if (!memory)
		loader->yaml.err = CP_NOMEM;
	return memory;
}

static void add_order(struct policy_loader *loader, const yaml_node_t *node, enum reading_kind kind,
    const ProtobufCMessage *body, const char *key)
{
	struct config_own *own = loader->own;
	size_t key_bytes = strlen(key) + 1;
	char *copy = alloc(loader, key_bytes);

	if (!body || !copy)
		return;
	memcpy(copy, key, key_bytes);
	for (size_t i = 0; i < own->count; i++)
		if (strcmp(own->orders[i].key, key) == 0) {
			config_fault_add(&loader->yaml.faults, config_yaml_line(node),
			    "expected once, found again: %s", key);
			return;
		}
	if (own->count == CONFIG_OWN_MAX) {
		config_fault_add(&loader->yaml.faults, config_yaml_line(node),
		    "expected at most %d entries of all sections, found more", CONFIG_OWN_MAX);
		return;
	}
	own->orders[own->count++] = (struct ledger_own){.kind = kind, .key = copy, .body = body};
}

/* --- numbers of the checks ----------------------------------------------------------- */

static const struct parameter_row *find_parameter(
    struct policy_loader *loader, const yaml_node_t *key, const struct check_row *check)
{
	struct slice text = config_yaml_text(key);
	struct suggestion suggestion = suggest_for_slice(text);
	char found[CONFIG_FOUND_BYTES];

	for (size_t i = 0; i < PARAMETERS; i++) {
		if (parameters[i].check != check->check)
			continue;
		if (slice_eq_str(text, parameters[i].name))
			return &parameters[i];
		suggest_offer(&suggestion, parameters[i].name);
	}
	const char *nearest = suggestion.best;
	config_fault_add(&loader->yaml.faults, config_yaml_line(key),
	    "checks.%s.%s: expected the name of a number of this check, found an unknown "
	    "one%s%s%s",
	    check->name, config_yaml_found(key, found), nearest ? " (did you mean " : "",
	    nearest ? nearest : "", nearest ? "?)" : "");
	return NULL;
}

static void add_setting(struct policy_loader *loader, const yaml_node_t *node,
    const struct parameter_row *row, int64_t value, uint32_t modalities, uint32_t zones)
{
	Carepace__V1__Policy *policy = loader->policy;
	Carepace__V1__PolicySetting *setting = alloc(loader, sizeof(*setting));

	if (!setting)
		return;
	if (policy->n_setting == SETTINGS_OF_POLICY_MAX) {
		config_fault_add(&loader->yaml.faults, config_yaml_line(node),
		    "checks: expected at most %d numbers, found more", SETTINGS_OF_POLICY_MAX);
		return;
	}
	carepace__v1__policy_setting__init(setting);
	setting->check = (Carepace__V1__Check)row->check;
	setting->parameter = (char *)row->name;
	setting->value = value;
	setting->has_modalities = modalities != 0;
	setting->modalities = modalities;
	setting->has_zones = zones != 0;
	setting->zones = zones;
	policy->setting[policy->n_setting++] = setting;
}

/* {value: 1000, zones: [NOSE], modalities: [PEN]} */
static void read_narrow(struct policy_loader *loader, yaml_node_t *node,
    const struct parameter_row *row, const char *name)
{
	const ProtobufCMessageDescriptor *type = &carepace__v1__policy_setting__descriptor;
	const yaml_node_t *value_node = NULL;
	uint32_t modalities = 0;
	uint32_t zones = 0;
	int64_t value;
	bool ok = true;

	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = config_yaml_node(&loader->yaml, pair->key);
		const yaml_node_t *entry = config_yaml_node(&loader->yaml, pair->value);
		if (!config_yaml_is_name(&loader->yaml, key) ||
		    !config_yaml_is_first(&loader->yaml, node, key, name))
			ok = false;
		else if (slice_eq_str(config_yaml_text(key), "value"))
			value_node = entry;
		else if (slice_eq_str(config_yaml_text(key), "zones"))
			ok = config_message_read_value(&loader->reader, entry,
			         protobuf_c_message_descriptor_get_field_by_name(type, "zones"),
			         type, name, &zones) &&
			     ok;
		else if (slice_eq_str(config_yaml_text(key), "modalities"))
			ok =
			    config_message_read_value(&loader->reader, entry,
			        protobuf_c_message_descriptor_get_field_by_name(type, "modalities"),
			        type, name, &modalities) &&
			    ok;
		else
			config_fault_add(&loader->yaml.faults, config_yaml_line(key),
			    "%s: expected value, zones and modalities, found another name", name);
	}
	if (!value_node)
		config_fault_add(&loader->yaml.faults, config_yaml_line(node),
		    "%s.value: expected a whole number from %" PRId64 " to %" PRId64
		    ", found nothing",
		    name, row->min, row->max);
	else if (config_message_read_number(
	             &loader->reader, value_node, name, row->min, row->max, &value) &&
	         ok)
		add_setting(loader, node, row, value, modalities, zones);
}

static void read_setting(
    struct policy_loader *loader, yaml_node_t *node, const struct parameter_row *row, int depth)
{
	char name[96];
	int64_t value;

	snprintf(name, sizeof(name), "checks.%s.%s", catalogue_find(row->check)->name, row->name);
	if (node->type == YAML_MAPPING_NODE) {
		read_narrow(loader, node, row, name);
		return;
	}
	if (node->type == YAML_SEQUENCE_NODE && depth == 0) {
		for (yaml_node_item_t *item = node->data.sequence.items.start;
		     item < node->data.sequence.items.top; item++)
			read_setting(loader, config_yaml_node(&loader->yaml, *item), row, 1);
		return;
	}
	if (config_message_read_number(&loader->reader, node, name, row->min, row->max, &value))
		add_setting(loader, node, row, value, 0, 0);
}

static void read_check(struct policy_loader *loader, yaml_node_t *key, yaml_node_t *node)
{
	int number;
	char path[64];
	char text[CONFIG_FOUND_BYTES];

	if (!config_message_read_enum(
	        &loader->reader, key, &carepace__v1__check__descriptor, "checks", &number))
		return;
	const struct check_row *check = catalogue_find((enum check)number);
	if (!check || node->type != YAML_MAPPING_NODE) {
		config_fault_add(&loader->yaml.faults, config_yaml_line(node),
		    "checks.%s: expected numbers below it, found %s", config_yaml_found(key, text),
		    check ? "none" : "a check that has none");
		return;
	}
	snprintf(path, sizeof(path), "checks.%s", check->name);
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *name = config_yaml_node(&loader->yaml, pair->key);
		const struct parameter_row *row = config_yaml_is_name(&loader->yaml, name)
		                                      ? find_parameter(loader, name, check)
		                                      : NULL;
		if (row && config_yaml_is_first(&loader->yaml, node, name, path))
			read_setting(loader, config_yaml_node(&loader->yaml, pair->value), row, 0);
	}
}

static void read_checks(struct policy_loader *loader, yaml_node_t *node)
{
	char text[CONFIG_FOUND_BYTES];

	if (node->type != YAML_MAPPING_NODE) {
		config_fault_add(&loader->yaml.faults, config_yaml_line(node),
		    "checks: expected checks below it, found %s", config_yaml_found(node, text));
		return;
	}
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = config_yaml_node(&loader->yaml, pair->key);
		if (config_yaml_is_first(&loader->yaml, node, key, "checks"))
			read_check(loader, key, config_yaml_node(&loader->yaml, pair->value));
	}
}

/* --- the sections ---------------------------------------------------------------------- */

static void read_version(struct policy_loader *loader, yaml_node_t *node)
{
	int64_t version;

	if (config_message_read_number(&loader->reader, node, "version", 1, UINT32_MAX, &version))
		loader->policy->version = (uint32_t)version;
}

static void read_off(struct policy_loader *loader, yaml_node_t *node)
{
	const ProtobufCMessageDescriptor *type = &carepace__v1__policy__descriptor;
	Carepace__V1__Policy *policy = loader->policy;
	char text[CONFIG_FOUND_BYTES];

	if (node->type != YAML_SEQUENCE_NODE) {
		config_fault_add(&loader->yaml.faults, config_yaml_line(node),
		    "off: expected a list of checks, found %s", config_yaml_found(node, text));
		return;
	}
	size_t count = (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
	policy->off = alloc(loader, (count + 1) * sizeof(*policy->off));
	for (size_t i = 0; policy->off && i < count; i++) {
		int check = 0;
		if (config_message_read_value(&loader->reader,
		        config_yaml_node(&loader->yaml, node->data.sequence.items.start[i]),
		        protobuf_c_message_descriptor_get_field_by_name(type, "off"), type, "off",
		        &check))
			policy->off[policy->n_off++] = (Carepace__V1__Check)check;
	}
}

static void read_profile(struct policy_loader *loader, yaml_node_t *node)
{
	char key[40];
	Carepace__V1__ModelProfile *profile = (Carepace__V1__ModelProfile *)config_message_read(
	    &loader->reader, node, &carepace__v1__model_profile__descriptor, "profiles");

	if (!profile)
		return;
	snprintf(key, sizeof(key), "own/profile/%u", (unsigned)profile->model);
	add_order(loader, node, READING_MODEL_PROFILE, &profile->base, key);
}

static void read_firmware(struct policy_loader *loader, yaml_node_t *node)
{
	char key[40];
	Carepace__V1__FirmwarePolicy *rule = (Carepace__V1__FirmwarePolicy *)config_message_read(
	    &loader->reader, node, &carepace__v1__firmware_policy__descriptor, "firmware");

	if (!rule)
		return;
	snprintf(key, sizeof(key), "own/firmware/%u", (unsigned)rule->model);
	add_order(loader, node, READING_FIRMWARE_POLICY, &rule->base, key);
}

static void read_calendar(struct policy_loader *loader, yaml_node_t *node)
{
	struct config_reader *reader = &loader->reader;
	Carepace__V1__Calendar *calendar = (Carepace__V1__Calendar *)config_message_read(
	    reader, node, &carepace__v1__calendar__descriptor, "calendar");

	if (calendar && calendar->tz)
		config_fault_add(&loader->yaml.faults, config_yaml_line(node),
		    "calendar.tz: expected no time zone (it is site.timezone of the "
		    "configuration), found %s",
		    calendar->tz);
	else if (calendar)
		add_order(loader, node, READING_CALENDAR, &calendar->base, "own/calendar");
}

static void read_role(struct policy_loader *loader, yaml_node_t *node)
{
	Carepace__V1__ClinicRole *role = (Carepace__V1__ClinicRole *)config_message_read(
	    &loader->reader, node, &carepace__v1__clinic_role__descriptor, "role");

	if (role)
		add_order(loader, node, READING_CLINIC_ROLE, &role->base, "own/role");
}

static const struct section {
	const char *name;
	void (*read)(struct policy_loader *loader, yaml_node_t *node);
	bool is_list; /* `read` takes one entry */
} sections[] = {
    {"version", read_version, false},
    {"off", read_off, false},
    {"checks", read_checks, false},
    {"profiles", read_profile, true},
    {"firmware", read_firmware, true},
    {"calendar", read_calendar, false},
    {"role", read_role, false},
};

static void read_section(
    struct policy_loader *loader, const struct section *section, yaml_node_t *node)
{
	char text[CONFIG_FOUND_BYTES];

	if (config_yaml_is_nothing(node))
		return;
	if (!section->is_list) {
		section->read(loader, node);
		return;
	}
	if (node->type != YAML_SEQUENCE_NODE) {
		config_fault_add(&loader->yaml.faults, config_yaml_line(node),
		    "%s: expected a list, found %s", section->name, config_yaml_found(node, text));
		return;
	}
	for (yaml_node_item_t *item = node->data.sequence.items.start;
	     item < node->data.sequence.items.top; item++)
		section->read(loader, config_yaml_node(&loader->yaml, *item));
}

static void read_key(struct policy_loader *loader, const yaml_node_t *root, const yaml_node_t *key,
    yaml_node_t *value)
{
	struct suggestion suggestion = suggest_for_slice(config_yaml_text(key));
	char text[CONFIG_FOUND_BYTES];

	for (size_t i = 0; i < CP_COUNT(sections); i++) {
		if (slice_eq_str(config_yaml_text(key), sections[i].name)) {
			if (config_yaml_is_first(&loader->yaml, root, key, NULL))
				read_section(loader, &sections[i], value);
			return;
		}
		suggest_offer(&suggestion, sections[i].name);
	}
	config_fault_add(&loader->yaml.faults, config_yaml_line(key),
	    "%s: expected version, off, checks, profiles, firmware, calendar or role, found "
	    "another name%s%s%s",
	    config_yaml_found(key, text), suggestion.best ? " (did you mean " : "",
	    suggestion.best ? suggestion.best : "", suggestion.best ? "?)" : "");
}

static void read_root(struct policy_loader *loader)
{
	yaml_node_t *root = config_yaml_root(&loader->yaml);
	char text[CONFIG_FOUND_BYTES];

	if (!root || config_yaml_is_nothing(root))
		return;
	if (root->type != YAML_MAPPING_NODE) {
		config_fault_add(&loader->yaml.faults, config_yaml_line(root),
		    "expected sections, found %s", config_yaml_found(root, text));
		return;
	}
	for (yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	     pair < root->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = config_yaml_node(&loader->yaml, pair->key);
		if (config_yaml_is_name(&loader->yaml, key))
			read_key(loader, root, key, config_yaml_node(&loader->yaml, pair->value));
	}
}

/* --- the way in ---------------------------------------------------------------------------- */

/* Numbers that are no longer in the file are at their defaults again: there is always
 * a policy, an empty one at least. */
static bool begin(struct policy_loader *loader)
{
	loader->reader =
	    (struct config_reader){.yaml = &loader->yaml, .arena = &loader->own->arena};
	loader->policy = alloc(loader, sizeof(*loader->policy));
	if (!loader->policy)
		return false;
	carepace__v1__policy__init(loader->policy);
	loader->policy->version = 1;
	loader->policy->setting =
	    alloc(loader, SETTINGS_OF_POLICY_MAX * sizeof(Carepace__V1__PolicySetting *));
	loader->own->orders[loader->own->count++] = (struct ledger_own){
	    .kind = READING_POLICY, .key = "own/policy", .body = &loader->policy->base};
	return loader->policy->setting != NULL;
}

enum cp_err config_own_parse(
    struct config_own *out, const char *path, struct slice yaml, struct buf *faults)
{
	struct policy_loader *loader = calloc(1, sizeof(*loader));
	enum cp_err err = CP_NOMEM;

	memset(out, 0, sizeof(*out));
	arena_init(&out->arena, 16 * 1024, 4U << 20);
	if (!loader)
		return CP_NOMEM;
	loader->own = out;
	if (begin(loader)) {
		if (yaml.len > CONFIG_FILE_MAX_BYTES)
			config_fault_add(&loader->yaml.faults, 1,
			    "expected at most %d bytes, found more", CONFIG_FILE_MAX_BYTES);
		else
			config_yaml_read(&loader->yaml, yaml);
		if (loader->yaml.is_read)
			read_root(loader);
		config_yaml_close(&loader->yaml);
		config_faults_print(&loader->yaml.faults, path, faults);
		err = loader->yaml.err            ? loader->yaml.err
		      : loader->yaml.faults.count ? CP_CONFIG
		                                  : CP_OK;
	}
	free(loader);
	if (err)
		config_own_free(out);
	return err;
}

enum cp_err config_own_load(struct config_own *out, const char *path, struct buf *faults)
{
	struct buf content;

	memset(out, 0, sizeof(*out));
	if (!path)
		return config_own_parse(out, "", slice_of(NULL, 0), faults);
	enum cp_err err = config_yaml_read_file(path, &content, faults);
	if (err == CP_OK)
		err = config_own_parse(out, path, buf_bytes(&content), faults);
	buf_deinit(&content);
	return err;
}

void config_own_free(struct config_own *own)
{
	arena_deinit(&own->arena);
	memset(own, 0, sizeof(*own));
}
