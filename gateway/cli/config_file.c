#include "cli/config_file.h"

#include "cli/commands.h"
#include "cli/output.h"
#include "io/settings.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

bool cli_is_set_up(const struct cli_options *options)
{
	if (options->is_config_given || access(options->config_path, R_OK) == 0)
		return true;
	if (errno == ENOENT || errno == ENOTDIR)
		cli_say(options, "this box is not set up yet: run `sudo carepace setup` first");
	else if (errno == EACCES && geteuid() != 0)
		cli_say(options, "only root may read %s: run `sudo carepace %s`",
		    options->config_path, options->command);
	else
		return true;
	return false;
}

enum cp_err cli_load_config(const struct cli_options *options, struct config *out)
{
	struct buf faults;

	memset(out, 0, sizeof(*out));
	if (!cli_is_set_up(options))
		return CP_NOTFOUND;
	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	enum cp_err err = config_load(out, options->config_path, &faults);
	struct slice text = buf_bytes(&faults);
	if (text.len)
		fwrite(text.p, 1, text.len, stderr);
	else if (err)
		cli_say(options, "%s: %s", options->config_path, cp_err_text(err));
	buf_deinit(&faults);
	return err;
}

int cli_example_config(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "example-config",
	    .about = "Prints a configuration to begin with: every setting with its default, its "
	             "limits and what it is for.",
	};
	struct cli_options options = {0};
	int status;

	if (!cli_parse(&syntax, argc, argv, &options, &status))
		return status;
	settings_print_example(stdout);
	return cli_finish(&options);
}

int cli_check_config(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "check-config",
	    .takes = CLI_TAKES_CONFIG,
	    .about = "Reads the configuration and lists every fault with its line.",
	};
	struct cli_options options = {0};
	struct config config;
	int status;

	if (!cli_parse(&syntax, argc, argv, &options, &status))
		return status;
	if (cli_load_config(&options, &config))
		return CLI_FOUND;
	printf("%s: no fault.\n", options.config_path);
	config_free(&config);
	return cli_finish(&options);
}
