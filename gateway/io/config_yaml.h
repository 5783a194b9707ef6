/* config_yaml.h - one YAML document, read strictly.
 *
 * What:    part of io/config. libyaml is kinder than a configuration should be, so
 *          what it lets through is refused here: anchors, tags, directives, a
 *          second document. Its document API is used because there every node
 *          knows its line.
 * Errors:  go to the faults of the file, each with its line.
 * Memory:  the document is libyaml's; config_yaml_close() gives it back.
 */
#ifndef IO_CONFIG_YAML_H
#define IO_CONFIG_YAML_H

#include <yaml.h>

#include "io/config_fault.h"

struct config_yaml {
	yaml_document_t document;
	bool is_read;
	struct config_faults faults;
	enum cp_err err; /* CP_NOMEM ends everything */
};

/* Zeroed before. After it `is_read` says whether there is a document to walk; a syntax
 * error ends the reading, because what follows cannot be trusted. */
void config_yaml_read(struct config_yaml *yaml, struct slice text);
void config_yaml_close(struct config_yaml *yaml);

/* NULL for an empty document. */
yaml_node_t *config_yaml_root(struct config_yaml *yaml);
yaml_node_t *config_yaml_node(struct config_yaml *yaml, int index);

unsigned config_yaml_line(const yaml_node_t *node);
struct slice config_yaml_text(const yaml_node_t *node); /* of a scalar */
bool config_yaml_is_quoted(const yaml_node_t *node);
bool config_yaml_is_nothing(const yaml_node_t *node); /* null, in any of its forms */

/* A plain or quoted scalar that is something. */
bool config_yaml_is_value(const yaml_node_t *node);

/* What stands there, for a person, short and printable; returns `out`. */
#define CONFIG_FOUND_BYTES 96
const char *config_yaml_found(const yaml_node_t *node, char out[CONFIG_FOUND_BYTES]);

/* A name where a name must be; else a fault. */
bool config_yaml_is_name(struct config_yaml *yaml, const yaml_node_t *key);

/* Not a second time in its mapping; else a fault. `name` is what faults call the mapping, NULL
 * for the root. */
bool config_yaml_is_first(
    struct config_yaml *yaml, const yaml_node_t *mapping, const yaml_node_t *key, const char *name);

/* Into a buffer that is made here and the caller's to free in any case: at most
 * CONFIG_FILE_MAX_BYTES and some more, so that too long shows. CP_CONFIG: a line in
 * `faults` says why. */
enum cp_err config_yaml_read_file(
    const char *path, struct buf *content, struct buf *faults) CP_MUST_CHECK;

#endif
