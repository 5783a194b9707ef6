/* config_file.c - `carepace example-config` and `carepace check-config`. */
#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"
#include "io/settings.h"

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
	struct buf faults;
	int status;

	if (!cli_parse(&syntax, argc, argv, &options, &status))
		return status;
	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	enum cp_err err = config_load(&config, options.config_path, &faults);
	struct slice text = buf_bytes(&faults);
	if (text.len)
		fwrite(text.p, 1, text.len, stderr);
	else if (err)
		cli_say(&options, "%s: %s", options.config_path, cp_err_text(err));
	else
		printf("%s: no fault.\n", options.config_path);
	config_free(&config);
	buf_deinit(&faults);
	status = cli_finish(&options);
	return err ? CLI_FOUND : status;
}
