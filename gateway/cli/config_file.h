/* config_file.h - the configuration that --config names, for all who need it. */
#ifndef CLI_CONFIG_FILE_H
#define CLI_CONFIG_FILE_H

#include "cli/options.h"
#include "io/config.h"

/* What is wrong goes to stderr, a line each; *out is zeroed then. */
enum cp_err cli_load_config(const struct cli_options *options, struct config *out) CP_MUST_CHECK;

#endif
