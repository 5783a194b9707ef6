#include "cli/one_file.h"

error_t one_file_parse(int key, char *value, struct argp_state *state)
{
	struct one_file *request = state->input;

	switch (key) {
	case ONE_FILE_KEY_FORCE:
		request->is_forced = true;
		return 0;
	case ARGP_KEY_ARG:
		if (request->file)
			return cli_wrong(
			    &request->options, "one file at a time; what is \"%s\"?", value);
		request->file = value;
		return 0;
	case ARGP_KEY_END:
		if (request->file || request->options.is_help)
			return 0;
		return cli_wrong(&request->options, "%s", request->missing);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

int one_file_run(
    const struct cli_syntax *syntax, int argc, char **argv, const char *missing, one_file_fn *work)
{
	struct one_file request = {.missing = missing};
	struct cli_source source;
	int status;

	if (!cli_parse(syntax, argc, argv, &request.options, &status))
		return status;
	status = cli_source_load(&source, &request.options);
	if (!status)
		status = work(&source, &request);
	cli_source_close(&source);
	return status;
}
