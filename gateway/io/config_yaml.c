/* From text to a document by libyaml's document API. Nothing recurses. */
#include "io/config_yaml.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "io/config.h"

#define FOUND_MAX_LEN 40
#define DEPTH_MAX 32 /* a policy needs 8 */

/* --- nodes ----------------------------------------------------------------- */

static unsigned line_of(yaml_mark_t mark)
{
	return (unsigned)mark.line + 1;
}

unsigned config_yaml_line(const yaml_node_t *node)
{
	return line_of(node->start_mark);
}

struct slice config_yaml_text(const yaml_node_t *node)
{
	return slice_of(node->data.scalar.value, node->data.scalar.length);
}

bool config_yaml_is_quoted(const yaml_node_t *node)
{
	return node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
}

bool config_yaml_is_nothing(const yaml_node_t *node)
{
	static const char *const forms[] = {"", "~", "null", "Null", "NULL"};

	if (node->type != YAML_SCALAR_NODE || config_yaml_is_quoted(node))
		return false;
	for (size_t i = 0; i < CP_COUNT(forms); i++)
		if (slice_eq_str(config_yaml_text(node), forms[i]))
			return true;
	return false;
}

/* What stands there, for a person, short and printable. */
const char *config_yaml_found(const yaml_node_t *node, char out[CONFIG_FOUND_BYTES])
{
	if (node->type != YAML_SCALAR_NODE || config_yaml_is_nothing(node)) {
		snprintf(out, CONFIG_FOUND_BYTES, "%s",
		    node->type == YAML_SEQUENCE_NODE  ? "a list"
		    : node->type == YAML_MAPPING_NODE ? "a group of settings"
		                                      : "nothing");
		return out;
	}
	struct slice text = config_yaml_text(node);
	const char *quote = config_yaml_is_quoted(node) ? "\"" : "";
	char shown[FOUND_MAX_LEN + 1];
	size_t len = text.len < FOUND_MAX_LEN ? text.len : FOUND_MAX_LEN;
	for (size_t i = 0; i < len; i++)
		shown[i] = text.p[i] < 0x20 || text.p[i] > 0x7e ? '?' : (char)text.p[i];
	shown[len] = '\0';
	snprintf(
	    out, CONFIG_FOUND_BYTES, "%s%s%s%s", quote, shown, text.len > len ? "..." : "", quote);
	return out;
}

/* --- libyaml ---------------------------------------------------------------- */

static bool parser_init(yaml_parser_t *parser, struct slice text)
{
	if (!yaml_parser_initialize(parser))
		return false;
	/* Named, because a byte-order mark would switch to UTF-16 otherwise. */
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(parser, text.p ? text.p : (const uint8_t *)"", text.len);
	return true;
}

static void syntax_fault(struct config_yaml *yaml, const yaml_parser_t *parser, struct slice text)
{
	unsigned line = line_of(parser->problem_mark);

	if (parser->error == YAML_MEMORY_ERROR) {
		yaml->err = CP_NOMEM;
		return;
	}
	if (parser->error == YAML_READER_ERROR) { /* it knows the byte, not the line */
		line = 1;
		for (size_t i = 0; i < parser->problem_offset && i < text.len; i++)
			line += text.p[i] == '\n';
	}
	config_fault_add(&yaml->faults, line, "expected YAML in UTF-8, found: %s%s%s",
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

static int levels(yaml_token_type_t type)
{
	switch (type) {
	case YAML_FLOW_SEQUENCE_START_TOKEN:
	case YAML_FLOW_MAPPING_START_TOKEN:
	case YAML_BLOCK_SEQUENCE_START_TOKEN:
	case YAML_BLOCK_MAPPING_START_TOKEN:
		return 1;
	case YAML_FLOW_SEQUENCE_END_TOKEN:
	case YAML_FLOW_MAPPING_END_TOKEN:
	case YAML_BLOCK_END_TOKEN:
		return -1;
	default:
		return 0;
	}
}

/* False: the file is too deep. libyaml takes minutes for a file of brackets, because each
 * token looks through all that are open. */
static bool is_shallow(struct config_yaml *yaml, const yaml_token_t *token, int *depth)
{
	*depth += levels(token->type);
	if (*depth <= DEPTH_MAX)
		return true;
	config_fault_add(&yaml->faults, line_of(token->start_mark),
	    "expected at most %d levels, found more", DEPTH_MAX);
	return false;
}

/* The document no longer shows an anchor or the tag !!str; the tokens do. Syntax errors are
 * left to the reading that follows. False: there is nothing to read. */
static bool scan_tokens(struct config_yaml *yaml, struct slice text)
{
	yaml_parser_t parser;
	bool is_end = false;
	bool is_good = true;
	int depth = 0;

	if (!parser_init(&parser, text)) {
		yaml->err = CP_NOMEM;
		return false;
	}
	while (is_good && !is_end) {
		yaml_token_t token;

		if (!yaml_parser_scan(&parser, &token))
			break;
		const char *refused = refused_token(token.type);
		if (refused)
			config_fault_add(&yaml->faults, line_of(token.start_mark),
			    "expected a value as it is, found %s", refused);
		is_end = token.type == YAML_STREAM_END_TOKEN;
		is_good = is_shallow(yaml, &token, &depth);
		yaml_token_delete(&token);
	}
	yaml_parser_delete(&parser);
	return is_good;
}

static void check_only_document(struct config_yaml *yaml, yaml_parser_t *parser, struct slice text)
{
	yaml_document_t second;

	if (!yaml_parser_load(parser, &second)) {
		syntax_fault(yaml, parser, text);
		return;
	}
	if (yaml_document_get_root_node(&second))
		config_fault_add(&yaml->faults, line_of(second.start_mark),
		    "expected one document, found a second one");
	yaml_document_delete(&second);
}

void config_yaml_read(struct config_yaml *yaml, struct slice text)
{
	yaml_parser_t parser;

	if (!scan_tokens(yaml, text))
		return;
	if (!parser_init(&parser, text)) {
		yaml->err = CP_NOMEM;
		return;
	}
	yaml->is_read = yaml_parser_load(&parser, &yaml->document);
	if (!yaml->is_read)
		syntax_fault(yaml, &parser, text);
	else if (config_yaml_root(yaml)) /* else there is nothing to load again */
		check_only_document(yaml, &parser, text);
	yaml_parser_delete(&parser);
}

void config_yaml_close(struct config_yaml *yaml)
{
	if (yaml->is_read)
		yaml_document_delete(&yaml->document);
	yaml->is_read = false;
}

yaml_node_t *config_yaml_root(struct config_yaml *yaml)
{
	return yaml_document_get_root_node(&yaml->document);
}

yaml_node_t *config_yaml_node(struct config_yaml *yaml, int index)
{
	return yaml_document_get_node(&yaml->document, index);
}

bool config_yaml_is_value(const yaml_node_t *node)
{
	return node->type == YAML_SCALAR_NODE && !config_yaml_is_nothing(node);
}

bool config_yaml_is_name(struct config_yaml *yaml, const yaml_node_t *key)
{
	char text[CONFIG_FOUND_BYTES];

	if (key->type == YAML_SCALAR_NODE && !config_yaml_is_nothing(key))
		return true;
	config_fault_add(&yaml->faults, line_of(key->start_mark), "expected a name, found %s",
	    config_yaml_found(key, text));
	return false;
}

bool config_yaml_is_first(
    struct config_yaml *yaml, const yaml_node_t *mapping, const yaml_node_t *key, const char *name)
{
	char text[CONFIG_FOUND_BYTES];

	for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
	     pair < mapping->data.mapping.pairs.top; pair++) {
		const yaml_node_t *other = config_yaml_node(yaml, pair->key);

		if (other == key)
			return true;
		if (key->type != YAML_SCALAR_NODE || other->type != YAML_SCALAR_NODE ||
		    !slice_eq(config_yaml_text(other), config_yaml_text(key)))
			continue;
		config_fault_add(&yaml->faults, config_yaml_line(key),
		    "%s%s%s: expected once, found again (first in line %u)", name ? name : "",
		    name ? "." : "", config_yaml_found(key, text), config_yaml_line(other));
		return false;
	}
	return true;
}

/* --- files ------------------------------------------------------------------ */

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

enum cp_err config_yaml_read_file(const char *path, struct buf *content, struct buf *faults)
{
	char line[PATH_MAX + 128];

	buf_init(content, CONFIG_FILE_MAX_BYTES + 8192);
	if (read_file(path, content))
		return CP_OK;
	int len = snprintf(line, sizeof(line), "%s: cannot be read: %s\n", path, strerror(errno));
	CP_CHECK(len > 0);
	size_t shown = (size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1;
	(void)!buf_append(faults, line, shown);
	return CP_CONFIG;
}
