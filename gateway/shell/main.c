/* main.c - `carepace COMMAND`: the daemon and the tools beside it. */
#include "cli/commands.h"
#include "io/config.h"
#include "shell/gateway.h"

#include <argp.h>
#include <malloc.h>
#include <stdlib.h>

#define DEFAULT_CONFIG "/etc/carepace/carepace.yaml"

/* Buffers of mbedTLS are 17 kB, most of it untouched on an idle connection: from
 * this size on they are mapped, and untouched pages take no memory (DESIGN 8:
 * 36.3 -> 27.1 kB a connection). */
#define MAP_FROM_BYTES 16384

static error_t parse_run(int key, char *arg, struct argp_state *state)
{
	const char **path = state->input;

	switch (key) {
	case 'c':
		*path = arg;
		return 0;
	case ARGP_KEY_ARG:
		argp_failure(state, CLI_USAGE, 0, "run takes no arguments, found \"%s\"", arg);
		return EINVAL;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static int run(int argc, char **argv)
{
	static const struct argp_option options[] = {
	    {"config", 'c', "FILE", 0, "configuration (default " DEFAULT_CONFIG ")", 0},
	    {0},
	};
	static const struct argp argp = {
	    options, parse_run, NULL, "Run the gateway until it is stopped.", NULL, NULL, NULL};
	const char *path = DEFAULT_CONFIG;
	struct config config;
	struct buf faults;

	argp_err_exit_status = CLI_USAGE;
	if (argp_parse(&argp, argc, argv, 0, NULL, &path))
		return CLI_USAGE;
	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	enum cp_err err = config_load(&config, path, &faults);
	if (err) {
		fwrite(buf_bytes(&faults).p, 1, buf_bytes(&faults).len, stderr);
		buf_deinit(&faults);
		return GATEWAY_CONFIG;
	}
	buf_deinit(&faults);
	mallopt(M_MMAP_THRESHOLD, MAP_FROM_BYTES);
	int status = gateway_run(&config);
	config_free(&config);
	return status;
}

int main(int argc, char **argv)
{
	static const struct cli_command run_command = {"run", run, "run the gateway"};

	if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0) {
		cli_print_help(argc < 2 ? stderr : stdout, &run_command);
		return argc < 2 ? CLI_USAGE : CLI_OK;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
		printf("carepace %s\n", CAREPACE_VERSION);
		return CLI_OK;
	}
	const struct cli_command *command =
	    strcmp(argv[1], "run") == 0 ? &run_command : cli_find(argv[1]);
	if (!command)
		return cli_unknown(argv[1]);
	return command->run(argc - 1, argv + 1);
}
