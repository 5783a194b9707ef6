#include "office_options.h"

#include "arguments.h"

#include <argp.h>
#include <stdlib.h>

enum key {
	KEY_HOST = 256,
	KEY_PORT,
	KEY_CA,
	KEY_CERTIFICATE,
	KEY_KEY,
	KEY_PICTURE,
	KEY_ORDERS,
	KEY_SITE,
	KEY_RECEIPTS,
	KEY_LOSE_RECEIPTS,
	KEY_OVERLOOK,
	KEY_JSON,
};

static const struct argp_option argp_options[] = {
    {"host", KEY_HOST, "HOST", 0, "the chain's broker (127.0.0.1)", 0},
    {"port", KEY_PORT, "N", 0, "its MQTT port (8883)", 0},
    {"ca", KEY_CA, "FILE", 0, "the authority of the broker's certificate", 0},
    {"certificate", KEY_CERTIFICATE, "FILE", 0, "head office's own", 0},
    {"key", KEY_KEY, "FILE", 0, "and its key", 0},
    {"picture", KEY_PICTURE, "FILE", 0, "what is known is written here at SIGUSR1 and at the end",
        0},
    {"orders", KEY_ORDERS, "DIR", 0, "send what `device-sim --orders DIR` wrote", 0},
    {"site", KEY_SITE, "NAME", 0, "to this clinic", 0},
    {"receipts", KEY_RECEIPTS, "MS", 0,
        "send receipts of what is complete, so long after something came (none)", 0},
    {"lose-receipts", KEY_LOSE_RECEIPTS, "N", 0, "every Nth receipt is lost on its way (none)", 0},
    {"overlook", KEY_OVERLOOK, "N", 0, "do not notice the Nth report (none)", 0},
    {"json", KEY_JSON, NULL, 0, "send orders and receipts as JSON, not as protobuf", 0},
    {0},
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct office_options *options = state->input;

	switch (key) {
	case KEY_HOST:
		options->host = arg;
		return 0;
	case KEY_PORT:
		options->port = (uint16_t)argument_number("port", arg, 1, UINT16_MAX);
		return 0;
	case KEY_CA:
		options->ca_path = arg;
		return 0;
	case KEY_CERTIFICATE:
		options->cert_path = arg;
		return 0;
	case KEY_KEY:
		options->key_path = arg;
		return 0;
	case KEY_PICTURE:
		options->picture_path = arg;
		return 0;
	case KEY_ORDERS:
		options->orders_dir = arg;
		return 0;
	case KEY_SITE:
		options->site = argument_site("site", arg);
		return 0;
	case KEY_RECEIPTS:
		options->has_receipts = true;
		options->receipts_ms = (uint32_t)argument_number("receipts", arg, 0, 86400000);
		return 0;
	case KEY_LOSE_RECEIPTS:
		options->lose_receipts =
		    (uint32_t)argument_number("lose-receipts", arg, 1, UINT32_MAX);
		return 0;
	case KEY_OVERLOOK:
		options->overlook = (uint32_t)argument_number("overlook", arg, 1, UINT32_MAX);
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

void office_options_parse(struct office_options *options, int argc, char **argv)
{
	static const struct argp argp = {
	    .options = argp_options,
	    .parser = parse_option,
	    .doc = "Plays the chain's head office: reads what gateways report, keeps the newest of "
	           "everything, and sends receipts and orders.\v"
	           "SIGUSR1 writes the picture. SIGUSR2 forgets what no receipt has named yet, as "
	           "a power cut would. Exit status: 0 all reports were as the contract wants them, "
	           "1 some were not, 2 a wrong argument.",
	};

	*options = (struct office_options){.host = "127.0.0.1", .port = 8883};
	argp_err_exit_status = ARGUMENT_EXIT;
	if (argp_parse(&argp, argc, argv, 0, NULL, options))
		exit(ARGUMENT_EXIT);
	argument_demand("ca", options->ca_path, "the authority of the broker's certificate");
	argument_demand("certificate", options->cert_path, "head office's own");
	argument_demand("key", options->key_path, "that of the certificate");
	if (options->orders_dir)
		argument_demand("site", options->site, "whom the orders are for");
}
