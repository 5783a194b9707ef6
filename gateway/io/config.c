/* From a YAML file to struct config. What the document lets through is refused here:
 * duplicate keys, numbers that only begin like one. Nothing recurses: the walk is three
 * levels deep, whatever the file is. All faults of a file come out together. */
#include "io/config.h"

#include <stdlib.h>

#include "base/suggest.h"
#include "io/config_credential.h"
#include "io/config_policy.h"
#include "io/config_yaml.h"
#include "io/settings.h"

#define SETTINGS_MAX 64

struct loader {
	const char *path;
	char *folder;
	struct config *config;
	struct config_yaml yaml;
	unsigned setting_lines[SETTINGS_MAX]; /* 0: not in the file */
	unsigned section_lines[SETTINGS_MAX]; /* by the index of its first setting */
};

/* --- names ----------------------------------------------------------------- */

/* A section is offered for a section, a setting for a setting and for a name
 * that was written without its section. */
static void unknown_name(struct loader *loader, const yaml_node_t *key, const char *section)
{
	struct suggestion suggestion = suggest_for_slice(config_yaml_text(key));
	const struct setting *nearest = NULL;
	bool is_section = false;
	char text[CONFIG_FOUND_BYTES];

	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];
		bool is_here = section && strcmp(section, setting->section) == 0;

		if (is_here ? suggest_offer(&suggestion, setting->name)
		            : suggest_offer_from_afar(&suggestion, setting->name)) {
			nearest = setting;
			is_section = false;
		}
		if (!section && suggest_offer(&suggestion, setting->section)) {
			nearest = setting;
			is_section = true;
		}
	}
	config_fault_add(&loader->yaml.faults, config_yaml_line(key),
	    "%s%s%s: expected the name of a %s, found an unknown one%s%s%s%s%s",
	    section ? section : "", section ? "." : "", config_yaml_found(key, text),
	    section ? "setting" : "section", nearest ? " (did you mean " : "",
	    nearest ? nearest->section : "", nearest && !is_section ? "." : "",
	    nearest && !is_section ? nearest->name : "", nearest ? "?)" : "");
}

/* --- the walk --------------------------------------------------------------- */

static void set_value(struct loader *loader, const struct setting *setting, const yaml_node_t *node)
{
	char expected[CONFIG_FAULT_BYTES / 2];
	char text[CONFIG_FOUND_BYTES];

	if (config_yaml_is_value(node)) {
		struct setting_value value = {
		    .text = config_yaml_text(node),
		    .is_quoted = config_yaml_is_quoted(node),
		    .folder = loader->folder,
		};
		if (setting_set(setting, loader->config, &value, &loader->yaml.err))
			return;
	}
	config_fault_add(&loader->yaml.faults, config_yaml_line(node),
	    "%s.%s: expected %s, found %s", setting->section, setting->name,
	    setting_expected(setting, expected, sizeof(expected)), config_yaml_found(node, text));
}

static void walk_value(struct loader *loader, const struct setting *setting, yaml_node_t *node)
{
	if (setting->type != SETTING_SERVERS || node->type != YAML_SEQUENCE_NODE) {
		set_value(loader, setting, node);
		return;
	}
	yaml_node_item_t *item = node->data.sequence.items.start;
	for (; item < node->data.sequence.items.top; item++)
		set_value(loader, setting, config_yaml_node(&loader->yaml, *item));
}

/* An empty one is what an example file with everything commented out is. */
static void walk_section(struct loader *loader, const char *section, yaml_node_t *node)
{
	char text[CONFIG_FOUND_BYTES];

	if (config_yaml_is_nothing(node))
		return;
	if (node->type != YAML_MAPPING_NODE) {
		config_fault_add(&loader->yaml.faults, config_yaml_line(node),
		    "%s: expected settings below it, found %s", section,
		    config_yaml_found(node, text));
		return;
	}
	yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	for (; pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = config_yaml_node(&loader->yaml, pair->key);
		yaml_node_t *value = config_yaml_node(&loader->yaml, pair->value);
		size_t i = 0;

		if (!config_yaml_is_name(&loader->yaml, key))
			continue;
		while (i < setting_count &&
		       (strcmp(settings[i].section, section) != 0 ||
		           !slice_eq_str(config_yaml_text(key), settings[i].name)))
			i++;
		if (i == setting_count)
			unknown_name(loader, key, section);
		else if (config_yaml_is_first(&loader->yaml, node, key, section)) {
			loader->setting_lines[i] = config_yaml_line(key);
			walk_value(loader, &settings[i], value);
		}
	}
}

static void walk_root(struct loader *loader, yaml_node_t *root)
{
	char text[CONFIG_FOUND_BYTES];

	if (!root || config_yaml_is_nothing(root))
		return;
	if (root->type != YAML_MAPPING_NODE) {
		config_fault_add(&loader->yaml.faults, config_yaml_line(root),
		    "expected sections, found %s", config_yaml_found(root, text));
		return;
	}
	yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	for (; pair < root->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = config_yaml_node(&loader->yaml, pair->key);
		yaml_node_t *value = config_yaml_node(&loader->yaml, pair->value);
		size_t i = 0;

		if (!config_yaml_is_name(&loader->yaml, key))
			continue;
		while (
		    i < setting_count && !slice_eq_str(config_yaml_text(key), settings[i].section))
			i++;
		if (i == setting_count)
			unknown_name(loader, key, NULL);
		else if (config_yaml_is_first(&loader->yaml, root, key, NULL)) {
			loader->section_lines[i] = config_yaml_line(key);
			walk_section(loader, settings[i].section, value);
		}
	}
}

/* --- what the file leaves out, and what belongs together ------------------- */

static unsigned section_line(const struct loader *loader, size_t index)
{
	while (index > 0 && strcmp(settings[index - 1].section, settings[index].section) == 0)
		index--;
	return loader->section_lines[index] ? loader->section_lines[index] : 1;
}

static void fill_in(struct loader *loader)
{
	char expected[CONFIG_FAULT_BYTES / 2];

	for (size_t i = 0; i < setting_count && loader->yaml.err == CP_OK; i++) {
		const struct setting *setting = &settings[i];

		if (loader->setting_lines[i])
			continue;
		if (setting->is_required) {
			config_fault_add(&loader->yaml.faults, section_line(loader, i),
			    "%s.%s: expected %s, found nothing", setting->section, setting->name,
			    setting_expected(setting, expected, sizeof(expected)));
		} else if (setting->fallback) {
			struct setting_value value = {
			    .text = slice_str(setting->fallback),
			    .folder = "",
			};
			bool is_set =
			    setting_set(setting, loader->config, &value, &loader->yaml.err);

			CP_CHECK(is_set || loader->yaml.err != CP_OK);
		}
	}
}

static unsigned setting_line(const struct loader *loader, const void *member)
{
	size_t offset = (size_t)((const char *)member - (const char *)loader->config);

	for (size_t i = 0; i < setting_count; i++)
		if (settings[i].offset == offset)
			return loader->setting_lines[i];
	return 0;
}

static void check_together(struct loader *loader)
{
	const struct config *config = loader->config;
	const struct config_upstream *upstream = &config->upstream;
	const struct {
		const char *name;
		const char *value;
	} needed[] = {
	    {"ca", upstream->ca},
	    {"certificate", upstream->certificate},
	    {"key", upstream->key},
	};
	for (size_t i = 0; i < CP_COUNT(needed) && upstream->server_count; i++)
		if (!needed[i].value)
			config_fault_add(&loader->yaml.faults,
			    setting_line(loader, &upstream->servers),
			    "upstream.%s: expected a path because upstream.servers is given, "
			    "found nothing",
			    needed[i].name);
}

static void read_document(struct loader *loader, struct slice text)
{
	config_yaml_read(&loader->yaml, text);
	if (!loader->yaml.is_read)
		return;
	walk_root(loader, config_yaml_root(&loader->yaml));
	fill_in(loader);
	if (loader->yaml.err == CP_OK && !loader->yaml.faults.count)
		check_together(loader);
	config_yaml_close(&loader->yaml);
}

/* --- the way in -------------------------------------------------------------- */

static struct loader *loader_new(struct config *config, const char *path)
{
	struct loader *loader = calloc(1, sizeof(*loader));
	const char *slash = strrchr(path, '/');

	CP_CHECK(setting_count <= SETTINGS_MAX);
	if (!loader)
		return NULL;
	loader->path = path;
	loader->config = config;
	loader->folder = strndup(path, slash ? (size_t)(slash - path) + 1 : 0);
	if (!loader->folder) {
		free(loader);
		return NULL;
	}
	return loader;
}

enum cp_err config_parse(
    struct config *out, const char *path, struct slice yaml, struct buf *faults)
{
	memset(out, 0, sizeof(*out));
	struct loader *loader = loader_new(out, path);
	if (!loader)
		return CP_NOMEM;
	if (yaml.len > CONFIG_FILE_MAX_BYTES)
		config_fault_add(&loader->yaml.faults, 1, "expected at most %d bytes, found more",
		    CONFIG_FILE_MAX_BYTES);
	else
		read_document(loader, yaml);
	config_faults_print(&loader->yaml.faults, path, faults);
	enum cp_err err = loader->yaml.err != CP_OK   ? loader->yaml.err
	                  : loader->yaml.faults.count ? CP_CONFIG
	                                              : CP_OK;
	if (err != CP_OK)
		config_free(out);
	free(loader->folder);
	free(loader);
	return err;
}

static enum cp_err load_own(struct config *config, struct buf *faults)
{
	enum cp_err err = CP_NOMEM;

	config->own = calloc(1, sizeof(*config->own));
	if (config->own)
		err = config_own_load(config->own, config->policy.file, faults);
	if (err)
		config_free(config);
	return err;
}

static enum cp_err take_credentials(struct config *config)
{
	enum cp_err err = config_credential_take(&config->listener.key);

	if (!err)
		err = config_credential_take(&config->upstream.key);
	if (err)
		config_free(config);
	return err;
}

enum cp_err config_load(struct config *out, const char *path, struct buf *faults)
{
	struct buf content;

	memset(out, 0, sizeof(*out));
	enum cp_err err = config_yaml_read_file(path, &content, faults);
	if (err == CP_OK)
		err = config_parse(out, path, buf_bytes(&content), faults);
	buf_deinit(&content);
	if (err == CP_OK)
		err = take_credentials(out);
	if (err == CP_OK)
		err = load_own(out, faults);
	return err;
}

void config_free(struct config *config)
{
	if (config->own)
		config_own_free(config->own);
	free(config->own);
	for (size_t i = 0; i < setting_count; i++)
		setting_clear(&settings[i], config);
	memset(config, 0, sizeof(*config));
}
