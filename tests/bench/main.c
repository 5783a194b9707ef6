/* main.c - bench_load: see options.c for the arguments, load.h for what it does. */
#include "load.h"

#include <signal.h>

int main(int argc, char **argv)
{
	struct options options;

	signal(SIGPIPE, SIG_IGN);
	options_parse(&options, argc, argv);
	load_run(&options);
	return 0;
}
