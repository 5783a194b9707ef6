/* From a YAML file to struct config, by libyaml's document API, because there
 * every node knows its line. libyaml is kinder than a configuration should be,
 * so what it lets through is refused here: duplicate keys, anchors, tags,
 * directives, a second document, numbers that only begin like one. Nothing
 * recurses: the walk is three levels deep, whatever the file is.
 *
 * Syntax errors end the reading, because what follows cannot be trusted; all
 * other faults of a file are collected and come out together. */
#include "io/config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <yaml.h>

#include "io/config_fault.h"
#include "io/settings.h"

#define SETTINGS_MAX 64
#define FOUND_BYTES 96
#define FOUND_MAX_LEN 40

struct loader {
	const char *path;
	char *folder;
	struct config *config;
	yaml_document_t document;
	unsigned setting_lines[SETTINGS_MAX]; /* 0: not in the file */
	unsigned section_lines[SETTINGS_MAX]; /* by the index of its first setting */
	struct config_faults faults;
	enum cp_err err; /* CP_NOMEM ends everything */
};

/* --- nodes ----------------------------------------------------------------- */

static unsigned line_of(yaml_mark_t mark)
{
	return (unsigned)mark.line + 1;
}

static struct slice scalar_of(const yaml_node_t *node)
{
	return slice_of(node->data.scalar.value, node->data.scalar.length);
}

static bool is_quoted(const yaml_node_t *node)
{
	return node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

static bool is_nothing(const yaml_node_t *node)
{
	static const char *const forms[] = {"", "~", "null", "Null", "NULL"};

	if (node->type != YAML_SCALAR_NODE || is_quoted(node))
		return false;
	for (size_t i = 0; i < CP_COUNT(forms); i++)
		if (slice_eq_str(scalar_of(node), forms[i]))
			return true;
	return false;
}

/* What stands there, for a person, short and printable. */
static const char *found(const yaml_node_t *node, char out[FOUND_BYTES])
{
	if (node->type != YAML_SCALAR_NODE || is_nothing(node)) {
		snprintf(out, FOUND_BYTES, "%s",
		    node->type == YAML_SEQUENCE_NODE  ? "a list"
		    : node->type == YAML_MAPPING_NODE ? "a group of settings"
		                                      : "nothing");
		return out;
	}
	struct slice text = scalar_of(node);
	const char *quote = is_quoted(node) ? "\"" : "";
	char shown[FOUND_MAX_LEN + 1];
	size_t len = text.len < FOUND_MAX_LEN ? text.len : FOUND_MAX_LEN;
	for (size_t i = 0; i < len; i++)
		shown[i] = text.p[i] < 0x20 || text.p[i] > 0x7e ? '?' : (char)text.p[i];
	shown[len] = '\0';
	snprintf(out, FOUND_BYTES, "%s%s%s%s", quote, shown, text.len > len ? "..." : "", quote);
	return out;
}

/* --- names ----------------------------------------------------------------- */

/* A section is offered for a section, a setting for a setting and for a name
 * that was written without its section. */
static void unknown_name(struct loader *loader, const yaml_node_t *key, const char *section)
{
	const struct setting *nearest = NULL;
	struct slice name = scalar_of(key);
	bool is_section = false;
	size_t least = name.len < 4 ? 2 : 3; /* what is further away is no slip */
	char text[FOUND_BYTES];

	for (size_t i = 0; i < setting_count; i++) {
		const struct setting *setting = &settings[i];
		bool is_elsewhere = !section || strcmp(section, setting->section) != 0;
		size_t far = config_name_distance(name, setting->name) + is_elsewhere;

		if (far < least) {
			least = far;
			nearest = setting;
			is_section = false;
		}
		if (!section && config_name_distance(name, setting->section) < least) {
			least = config_name_distance(name, setting->section);
			nearest = setting;
			is_section = true;
		}
	}
	config_fault_add(&loader->faults, line_of(key->start_mark),
	    "%s%s%s: expected the name of a %s, found an unknown one%s%s%s%s%s",
	    section ? section : "", section ? "." : "", found(key, text),
	    section ? "setting" : "section", nearest ? " (did you mean " : "",
	    nearest ? nearest->section : "", nearest && !is_section ? "." : "",
	    nearest && !is_section ? nearest->name : "", nearest ? "?)" : "");
}

/* True when `key` is a name that was not there before. */
static bool is_first(struct loader *loader, unsigned *seen_line, const yaml_node_t *key,
    const char *section, const char *name)
{
	unsigned line = line_of(key->start_mark);

	if (*seen_line) {
		config_fault_add(&loader->faults, line,
		    "%s%s%s: expected once, found again (first in line %u)", section,
		    *name ? "." : "", name, *seen_line);
		return false;
	}
	*seen_line = line;
	return true;
}

static bool is_name(struct loader *loader, const yaml_node_t *key)
{
	char text[FOUND_BYTES];

	if (key->type == YAML_SCALAR_NODE && !is_nothing(key))
		return true;
	config_fault_add(&loader->faults, line_of(key->start_mark), "expected a name, found %s",
	    found(key, text));
	return false;
}

/* --- the walk --------------------------------------------------------------- */

static void set_value(struct loader *loader, const struct setting *setting, const yaml_node_t *node)
{
	char expected[CONFIG_FAULT_BYTES / 2];
	char text[FOUND_BYTES];

	if (node->type == YAML_SCALAR_NODE && !is_nothing(node)) {
		struct setting_value value = {
		    .text = scalar_of(node),
		    .is_quoted = is_quoted(node),
		    .folder = loader->folder,
		};
		if (setting_set(setting, loader->config, &value, &loader->err))
			return;
	}
	config_fault_add(&loader->faults, line_of(node->start_mark), "%s.%s: expected %s, found %s",
	    setting->section, setting->name, setting_expected(setting, expected, sizeof(expected)),
	    found(node, text));
}

static void walk_value(struct loader *loader, const struct setting *setting, yaml_node_t *node)
{
	if (setting->type != SETTING_SERVERS || node->type != YAML_SEQUENCE_NODE) {
		set_value(loader, setting, node);
		return;
	}
	yaml_node_item_t *item = node->data.sequence.items.start;
	for (; item < node->data.sequence.items.top; item++)
		set_value(loader, setting, yaml_document_get_node(&loader->document, *item));
}

static void walk_section(struct loader *loader, const char *section, yaml_node_t *node)
{
	yaml_node_pair_t *pair = node->data.mapping.pairs.start;

	for (; pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = yaml_document_get_node(&loader->document, pair->key);
		yaml_node_t *value = yaml_document_get_node(&loader->document, pair->value);
		size_t i = 0;

		if (!is_name(loader, key))
			continue;
		while (i < setting_count && (strcmp(settings[i].section, section) != 0 ||
		                                !slice_eq_str(scalar_of(key), settings[i].name)))
			i++;
		if (i == setting_count)
			unknown_name(loader, key, section);
		else if (is_first(
		             loader, &loader->setting_lines[i], key, section, settings[i].name))
			walk_value(loader, &settings[i], value);
	}
}

/* An empty section is what an example file with everything commented out is. */
static void walk_root(struct loader *loader, yaml_node_t *root)
{
	char text[FOUND_BYTES];

	if (!root || is_nothing(root))
		return;
	if (root->type != YAML_MAPPING_NODE) {
		config_fault_add(&loader->faults, line_of(root->start_mark),
		    "expected sections, found %s", found(root, text));
		return;
	}
	yaml_node_pair_t *pair = root->data.mapping.pairs.start;
	for (; pair < root->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = yaml_document_get_node(&loader->document, pair->key);
		yaml_node_t *value = yaml_document_get_node(&loader->document, pair->value);
		size_t i = 0;

		if (!is_name(loader, key))
			continue;
		while (i < setting_count && !slice_eq_str(scalar_of(key), settings[i].section))
			i++;
		if (i == setting_count)
			unknown_name(loader, key, NULL);
		else if (!is_first(loader, &loader->section_lines[i], key, settings[i].section, ""))
			continue;
		else if (value->type == YAML_MAPPING_NODE)
			walk_section(loader, settings[i].section, value);
		else if (!is_nothing(value))
			config_fault_add(&loader->faults, line_of(value->start_mark),
			    "%s: expected settings below it, found %s", settings[i].section,
			    found(value, text));
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

	for (size_t i = 0; i < setting_count && loader->err == CP_OK; i++) {
		const struct setting *setting = &settings[i];

		if (loader->setting_lines[i])
			continue;
		if (setting->is_required) {
			config_fault_add(&loader->faults, section_line(loader, i),
			    "%s.%s: expected %s, found nothing", setting->section, setting->name,
			    setting_expected(setting, expected, sizeof(expected)));
		} else if (setting->fallback) {
			struct setting_value value = {
			    .text = slice_str(setting->fallback),
			    .folder = "",
			};
			bool is_set = setting_set(setting, loader->config, &value, &loader->err);

			CP_CHECK(is_set || loader->err != CP_OK);
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
	const struct config_policy *policy = &config->policy;

	if (policy->max_days < policy->min_days) {
		unsigned line = setting_line(loader, &policy->max_days);

		config_fault_add(&loader->faults,
		    line ? line : setting_line(loader, &policy->min_days),
		    "policy.max_days: expected at least policy.min_days (%d), found %d",
		    policy->min_days, policy->max_days);
	}
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
			config_fault_add(&loader->faults, setting_line(loader, &upstream->servers),
			    "upstream.%s: expected a path because upstream.servers is given, "
			    "found nothing",
			    needed[i].name);
}

/* --- libyaml ---------------------------------------------------------------- */

static bool parser_init(yaml_parser_t *parser, struct slice yaml)
{
	if (!yaml_parser_initialize(parser))
		return false;
	/* Named, because a byte-order mark would switch to UTF-16 otherwise. */
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(parser, yaml.p ? yaml.p : (const uint8_t *)"", yaml.len);
	return true;
}

static void syntax_fault(struct loader *loader, const yaml_parser_t *parser, struct slice yaml)
{
	unsigned line = line_of(parser->problem_mark);

	if (parser->error == YAML_MEMORY_ERROR) {
		loader->err = CP_NOMEM;
		return;
	}
	if (parser->error == YAML_READER_ERROR) { /* it knows the byte, not the line */
		line = 1;
		for (size_t i = 0; i < parser->problem_offset && i < yaml.len; i++)
			line += yaml.p[i] == '\n';
	}
	config_fault_add(&loader->faults, line, "expected YAML in UTF-8, found: %s%s%s",
	    parser->problem, parser->context ? ", " : "", parser->context ? parser->context : "");
}

static const char *refused_token(yaml_token_type_t type)
{
	switch (type) {
	case YAML_ANCHOR_TOKEN:
		return "an anchor (&)";
	case YAML_ALIAS_TOKEN:
		return "an alias (*)";
	case YAML_TAG_TOKEN:
		return "a tag (!)";
	case YAML_VERSION_DIRECTIVE_TOKEN:
	case YAML_TAG_DIRECTIVE_TOKEN:
		return "a directive (%)";
	default:
		return NULL;
	}
}

/* The document no longer shows an anchor or the tag !!str; the tokens do.
 * Syntax errors are left to the reading that follows. */
static void scan_tokens(struct loader *loader, struct slice yaml)
{
	yaml_parser_t parser;
	bool is_end = false;

	if (!parser_init(&parser, yaml)) {
		loader->err = CP_NOMEM;
		return;
	}
	while (!is_end) {
		yaml_token_t token;

		if (!yaml_parser_scan(&parser, &token))
			break;
		const char *refused = refused_token(token.type);
		if (refused)
			config_fault_add(&loader->faults, line_of(token.start_mark),
			    "expected a value as it is, found %s", refused);
		is_end = token.type == YAML_STREAM_END_TOKEN;
		yaml_token_delete(&token);
	}
	yaml_parser_delete(&parser);
}

static void check_only_document(struct loader *loader, yaml_parser_t *parser, struct slice yaml)
{
	yaml_document_t second;

	if (!yaml_parser_load(parser, &second)) {
		syntax_fault(loader, parser, yaml);
		return;
	}
	if (yaml_document_get_root_node(&second))
		config_fault_add(&loader->faults, line_of(second.start_mark),
		    "expected one document, found a second one");
	yaml_document_delete(&second);
}

static void read_document(struct loader *loader, struct slice yaml)
{
	yaml_parser_t parser;

	scan_tokens(loader, yaml);
	if (loader->err != CP_OK)
		return;
	if (!parser_init(&parser, yaml)) {
		loader->err = CP_NOMEM;
		return;
	}
	if (yaml_parser_load(&parser, &loader->document)) {
		walk_root(loader, yaml_document_get_root_node(&loader->document));
		/* After an end of the stream there is nothing to load again. */
		if (yaml_document_get_root_node(&loader->document))
			check_only_document(loader, &parser, yaml);
		fill_in(loader);
		if (loader->err == CP_OK && !loader->faults.count)
			check_together(loader);
		yaml_document_delete(&loader->document);
	} else {
		syntax_fault(loader, &parser, yaml);
	}
	yaml_parser_delete(&parser);
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
		config_fault_add(&loader->faults, 1, "expected at most %d bytes, found more",
		    CONFIG_FILE_MAX_BYTES);
	else
		read_document(loader, yaml);
	config_faults_print(&loader->faults, path, faults);
	enum cp_err err = loader->err != CP_OK   ? loader->err
	                  : loader->faults.count ? CP_CONFIG
	                                         : CP_OK;
	if (err != CP_OK)
		config_free(out);
	free(loader->folder);
	free(loader);
	return err;
}

/* One byte more than allowed is read, so that too long shows. */
static bool read_file(const char *path, struct buf *content)
{
	uint8_t chunk[4096];
	size_t len;
	FILE *file = fopen(path, "re");

	if (!file)
		return false;
	while (content->len <= CONFIG_FILE_MAX_BYTES &&
	       (len = fread(chunk, 1, sizeof(chunk), file)) > 0) {
		if (buf_append(content, chunk, len) != CP_OK) {
			errno = ENOMEM;
			break;
		}
	}
	bool is_read = content->len > CONFIG_FILE_MAX_BYTES || feof(file);
	int saved = errno;
	fclose(file);
	errno = saved;
	return is_read;
}

enum cp_err config_load(struct config *out, const char *path, struct buf *faults)
{
	struct buf content;
	enum cp_err err = CP_CONFIG;

	memset(out, 0, sizeof(*out));
	buf_init(&content, CONFIG_FILE_MAX_BYTES + 8192);
	if (read_file(path, &content)) {
		err = config_parse(out, path, buf_bytes(&content), faults);
	} else {
		char line[PATH_MAX + 128];
		int len =
		    snprintf(line, sizeof(line), "%s: cannot be read: %s\n", path, strerror(errno));

		CP_CHECK(len > 0);
		size_t shown = (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1;
		if (buf_append(faults, line, shown) != CP_OK)
			err = CP_NOMEM;
	}
	buf_deinit(&content);
	return err;
}

void config_free(struct config *config)
{
	for (size_t i = 0; i < setting_count; i++)
		setting_clear(&settings[i], config);
	memset(config, 0, sizeof(*config));
}
