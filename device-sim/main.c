/* device-sim - the devices of a clinic, or its head office, on a client library that is not
 * ours. */
#include "fleet.h"
#include "office.h"
#include "transport.h"
#include "year.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define EXIT_UNACKNOWLEDGED 1
#define EXIT_WRONG 1
#define EXIT_USAGE 2

static struct office_signals signals; /* a fleet heeds the stops */

static void on_signal(int number)
{
	volatile sig_atomic_t *asked = number == SIGUSR1   ? &signals.pictures
	                               : number == SIGUSR2 ? &signals.losses
	                                                   : &signals.stops;

	*asked = *asked + 1;
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

static int play_head_office(int argc, char **argv)
{
	struct sigaction note = {.sa_handler = on_signal};
	struct office_options options;
	struct pki_error error;
	bool is_well;

	office_options_parse(&options, argc, argv);
	watch_signals();
	sigaction(SIGUSR1, &note, NULL);
	sigaction(SIGUSR2, &note, NULL);
	enum cp_err err = office_run(&options, &signals, &is_well, &error);

	if (err)
		return fail(err, &error);
	return is_well ? 0 : EXIT_WRONG;
}

static int plan_year(int argc, char **argv)
{
	struct year_options options;
	struct pki_error error;

	year_options_parse(&options, argc, argv);
	enum cp_err err = year_write(&options, &error);

	return err ? fail(err, &error) : 0;
}

static int play(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "head-office") == 0)
		return play_head_office(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "year") == 0)
		return plan_year(argc - 1, argv + 1);

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
	bool is_complete = fleet_run(fleet, &signals.stops);

	fleet_free(fleet);
	return is_complete ? 0 : EXIT_UNACKNOWLEDGED;
}

int main(int argc, char **argv)
{
	int status = play(argc, argv);

	transport_finish();
	return status;
}
