/* device-sim - the devices of a clinic, on a client library that is not ours. */
#include "fleet.h"

#include <signal.h>
#include <stdio.h>

#define EXIT_UNACKNOWLEDGED 1
#define EXIT_USAGE 2

static volatile sig_atomic_t stops; /* how often we were asked to end */

static void on_signal(int number)
{
	(void)number;
	stops = stops + 1;
}

static void watch_signals(void)
{
	struct sigaction end = {.sa_handler = on_signal};
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
}

static int fail(enum cp_err err, const struct pki_error *error)
{
	fprintf(stderr, "device-sim: %s\n", error->text);
	return err == CP_CONFIG ? EXIT_USAGE : EXIT_UNACKNOWLEDGED;
}

int main(int argc, char **argv)
{
	struct options options;
	struct pki_error error;
	struct fleet *fleet;

	options_parse(&options, argc, argv);
	if (options.orders_dir) {
		enum cp_err err = fleet_write_orders(&options, &error);

		return err ? fail(err, &error) : 0;
	}
	watch_signals();
	enum cp_err err = fleet_new(&options, &fleet, &error);

	if (err)
		return fail(err, &error);
	bool is_complete = fleet_run(fleet, &stops);

	fleet_free(fleet);
	return is_complete ? 0 : EXIT_UNACKNOWLEDGED;
}
