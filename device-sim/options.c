#include "options.h"

#include "arguments.h"

#include <argp.h>
#include <stdlib.h>
#include <string.h>

#define SESSION_MIN_MS 6000 /* room for every step of a session */
#define SESSION_REAL_MS 1800000

enum key {
	KEY_PKI = 256,
	KEY_STATE,
	KEY_HOST,
	KEY_PORT,
	KEY_SITE,
	KEY_DEVICES,
	KEY_SEED,
	KEY_SECONDS,
	KEY_SPEED,
	KEY_GRACE,
	KEY_JSON,
	KEY_ACKED,
	KEY_ORDERS,
	KEY_QOS,
	KEY_RUN,
};

static const struct argp_option argp_options[] = {
    {"pki", KEY_PKI, "DIR", 0, "certificates and registry, as `carepace pki` writes them", 0},
    {"state", KEY_STATE, "DIR", 0, "what the devices remember from run to run; made if missing", 0},
    {"host", KEY_HOST, "HOST", 0, "the gateway (127.0.0.1)", 0},
    {"port", KEY_PORT, "N", 0, "its MQTT port (8883)", 0},
    {"site", KEY_SITE, "NAME", 0, "where the devices believe to be", 0},
    {"devices", KEY_DEVICES, "N", 0, "so many of the registry, a tablet among them (all)", 0},
    {"seed", KEY_SEED, "N", 0, "the same seed is the same story (1)", 0},
    {"run", KEY_RUN, "N", 0,
        "another run has other new clients; that of --orders is to be the same (the clock)", 0},
    {"seconds", KEY_SECONDS, "N", 0, "how long the clinic is open (30)", 0},
    {"speed", KEY_SPEED, "N", 0, "sessions are so many times shorter than half an hour (200)", 0},
    {"grace", KEY_GRACE, "N", 0, "seconds to wait at the end for acknowledgements (60)", 0},
    {"qos", KEY_QOS, "N", 0, "0, 1, 2, or mixed: each device another one (1)", 0},
    {"acked", KEY_ACKED, "FILE", 0, "a line for every acknowledged message: source boot seq hash",
        0},
    {"orders", KEY_ORDERS, "DIR", 0, "write what head office would send into DIR, and end", 0},
    {"json", KEY_JSON, NULL, 0, "one JSON object a line instead of sentences", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_PKI:
		options->pki_dir = arg;
		return 0;
	case KEY_STATE:
		options->state_dir = arg;
		return 0;
	case KEY_HOST:
		options->host = arg;
		return 0;
	case KEY_PORT:
		options->port = (uint16_t)argument_number("port", arg, 1, UINT16_MAX);
		return 0;
	case KEY_SITE:
		options->site = argument_site("site", arg);
		return 0;
	case KEY_DEVICES:
		/* Paho slows down beyond 500 clients in one process. */
		options->devices = (uint32_t)argument_number("devices", arg, 1, 500);
		return 0;
	case KEY_SEED:
		options->seed = argument_number("seed", arg, 0, UINT64_MAX);
		return 0;
	case KEY_RUN:
		options->run = argument_number("run", arg, 1, UINT64_MAX);
		return 0;
	case KEY_SECONDS:
		options->seconds = (uint32_t)argument_number("seconds", arg, 10, 7 * 86400);
		return 0;
	case KEY_SPEED:
		options->speed =
		    (uint32_t)argument_number("speed", arg, 1, SESSION_REAL_MS / SESSION_MIN_MS);
		return 0;
	case KEY_GRACE:
		options->grace_s = (uint32_t)argument_number("grace", arg, 0, 86400);
		return 0;
	case KEY_QOS:
		options->qos = strcmp(arg, "mixed") == 0
		                   ? QOS_MIXED
		                   : (uint8_t)argument_number("qos", arg, 0, 2);
		return 0;
	case KEY_ACKED:
		options->acked_path = arg;
		return 0;
	case KEY_ORDERS:
		options->orders_dir = arg;
		return 0;
	case KEY_JSON:
		options->is_json = true;
		return 0;
	case ARGP_KEY_ARG:
		argument_refuse(arg);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct argp argp = {
	    .options = argp_options,
	    .parser = parse_option,
	    .doc = "Simulates the devices of a clinic: sessions of today and of weeks ago, clients "
	           "who come too soon, cartridges used twice, connections that break, and a "
	           "clinician with a tablet.\v`device-sim head-office --help` is about the chain's "
	           "head office, `device-sim year --help` plans years of clinics. Exit status: 0 "
	           "everything was acknowledged, 1 something was not, 2 a wrong argument.",
	};

	*options = (struct options){
	    .host = "127.0.0.1",
	    .port = 8883,
	    .qos = 1,
	    .seconds = 30,
	    .speed = 200,
	    .grace_s = 60,
	    .seed = 1,
	};
	argp_err_exit_status = ARGUMENT_EXIT;
	if (argp_parse(&argp, argc, argv, 0, NULL, options))
		exit(ARGUMENT_EXIT);
	argument_demand("pki", options->pki_dir, "the directory that `carepace pki init` made");
	argument_demand(
	    "state", options->state_dir, "a directory in which devices count their starts");
	argument_demand("site", options->site, "the name of the clinic");
}
