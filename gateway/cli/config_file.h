/* config_file.h - the configuration that --config names, for all who need it. */
#ifndef CLI_CONFIG_FILE_H
#define CLI_CONFIG_FILE_H

#include "cli/options.h"
#include "io/config.h"

#include <stdbool.h>

/* False: nobody has set this box up, or who asks may not see it; one sentence has said so. A
 * configuration that --config names is taken as it is. */
bool cli_is_set_up(const struct cli_options *options);

/* What is wrong goes to stderr, a line each; *out is zeroed then. */
enum cp_err cli_load_config(const struct cli_options *options, struct config *out) CP_MUST_CHECK;

#endif
