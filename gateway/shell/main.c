/* main.c - `carepace COMMAND`: the daemon and the tools beside it. */
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/manual.h"
#include "shell/gateway.h"

#include <malloc.h>
#include <string.h>

/* Buffers of mbedTLS are 17 kB, most of it untouched on an idle connection: from
 * this size on they are mapped, and untouched pages take no memory. But only what
 * the heap has no room for is mapped, so the heap must not grow ahead of need
 * (DESIGN 8: 35 kB a connection with room at its top, 18 without). */
#define MAP_FROM_BYTES 16384
#define HEAP_AHEAD_BYTES 0

static int run(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "run",
	    .takes = CLI_TAKES_CONFIG,
	    .about = "Runs the gateway until it is stopped.",
	};
	struct cli_options options = {0};
	struct config config;
	int status;

	if (!cli_parse(&syntax, argc, argv, &options, &status))
		return status;
	if (cli_load_config(&options, &config))
		return GATEWAY_CONFIG;

	mallopt(M_MMAP_THRESHOLD, MAP_FROM_BYTES);
	mallopt(M_TOP_PAD, HEAP_AHEAD_BYTES);
	status = gateway_run(options.config_path, &config);
	config_free(&config);
	return status;
}

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(word, *words) != 0)
		words++;
	return *words != NULL;
}

int main(int argc, char **argv)
{
	static const struct cli_command run_command = {"run", run, "run the gateway"};

	if (argc < 2) {
		cli_print_help(stderr, &run_command);
		return CLI_USAGE;
	}
	if (is_one_of(argv[1], (const char *const[]){"help", "--help", "-h", NULL}))
		return cli_help(argc - 1, argv + 1, &run_command);
	if (is_one_of(argv[1], (const char *const[]){"version", "--version", "-V", "-v", NULL})) {
		printf("carepace %s\n", CAREPACE_VERSION);
		return CLI_OK;
	}
	const struct cli_command *command =
	    strcmp(argv[1], "run") == 0 ? &run_command : cli_find(argv[1]);
	if (!command)
		return cli_unknown(argv[1]);
	return command->run(argc - 1, argv + 1);
}
