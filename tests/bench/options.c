#include "options.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>

enum {
	KEY_PKI = 256,
	KEY_PORT,
	KEY_SERVER,
	KEY_CONNECTIONS,
	KEY_IN_FLIGHT,
	KEY_MESSAGES,
	KEY_RATE,
	KEY_STARTERS,
	KEY_STARTS,
	KEY_STARTS_PER_S,
	KEY_RELAY,
	KEY_HOLD,
	KEY_AT_ONCE,
	KEY_RETURNS,
	KEY_PROBE,
	KEY_UNTIL_EOF,
	KEY_SKIP,
};

static const struct argp_option options_table[] = {
    {"pki", KEY_PKI, "DIR", 0, "certificates made by `carepace pki`", 0},
    {"port", KEY_PORT, "N", 0, "of the server on 127.0.0.1", 0},
    {"server-pid", KEY_SERVER, "PID", 0, "measure this process", 0},
    {"connections", KEY_CONNECTIONS, "N", 0, "devices that send SAMPLES (0)", 0},
    {"in-flight", KEY_IN_FLIGHT, "N", 0, "unacknowledged messages a device (1)", 0},
    {"messages", KEY_MESSAGES, "N", 0, "SAMPLES of all devices together (0)", 0},
    {"rate", KEY_RATE, "N", 0, "SAMPLES a second, together (as fast as acknowledged)", 0},
    {"starters", KEY_STARTERS, "N", 0, "more devices that start sessions (0)", 0},
    {"starts", KEY_STARTS, "N", 0, "session starts of all of these together (0)", 0},
    {"starts-per-s", KEY_STARTS_PER_S, "N", 0, "session starts a second, together (40)", 0},
    {"relay", KEY_RELAY, NULL, 0, "one more connection subscribes to everything", 0},
    {"hold", KEY_HOLD, "MS", 0, "idle time after connecting (0)", 0},
    {"at-once", KEY_AT_ONCE, "N", 0, "handshakes under way at a time (8)", 0},
    {"returns", KEY_RETURNS, NULL, 0,
        "after connecting, for each line \"full PID\" or \"resumed PID\" of standard input: "
        "cut all connections and connect again, to the server PID",
        0},
    {"probe-ms", KEY_PROBE, "MS", 0, "one more connection sends a PINGREQ so often", 0},
    {"until-eof", KEY_UNTIL_EOF, NULL, 0, "go on until standard input ends", 0},
    {"skip", KEY_SKIP, "N", 0, "leave the first N devices to another bench_load", 0},
    {0},
};

static unsigned long number(
    struct argp_state *state, const char *text, unsigned long min, unsigned long max)
{
	char *end;

	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (errno || end == text || *end || value < min || value > max)
		argp_error(state, "\"%s\" is no number from %lu to %lu", text, min, max);
	return value;
}

static void check_whole(struct argp_state *state, const struct options *options)
{
	if (!options->pki || !options->port)
		argp_error(state, "--pki and --port are required");
	if (options->messages && !options->talkers)
		argp_error(state, "--messages needs --connections");
	if (options->probe_ms && !options->until_eof)
		argp_error(state, "--probe-ms needs --until-eof");
	if (options->returns && options->until_eof)
		argp_error(state, "--returns and --until-eof both read standard input");
	if (options->starts && !options->starters)
		argp_error(state, "--starts needs --starters");
}

static error_t parse_flag(int key, struct options *options)
{
	switch (key) {
	case KEY_RELAY:
		options->relay = true;
		break;
	case KEY_RETURNS:
		options->returns = true;
		break;
	case KEY_UNTIL_EOF:
		options->until_eof = true;
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static error_t parse(int key, char *text, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case KEY_PKI:
		options->pki = text;
		break;
	case KEY_PORT:
		options->port = (uint16_t)number(state, text, 1, UINT16_MAX);
		break;
	case KEY_SERVER:
		options->server = (pid_t)number(state, text, 1, INT32_MAX);
		break;
	case KEY_CONNECTIONS:
		options->talkers = (uint32_t)number(state, text, 0, 10000);
		break;
	case KEY_IN_FLIGHT:
		options->in_flight = (uint32_t)number(state, text, 1, 100);
		break;
	case KEY_MESSAGES:
		options->messages = number(state, text, 0, 100000000);
		break;
	case KEY_RATE:
		options->rate_per_s = (uint32_t)number(state, text, 1, 1000000);
		break;
	case KEY_STARTERS:
		options->starters = (uint32_t)number(state, text, 0, 10000);
		break;
	case KEY_STARTS:
		options->starts = (uint32_t)number(state, text, 0, 1000000);
		break;
	case KEY_STARTS_PER_S:
		options->starts_per_s = (uint32_t)number(state, text, 1, 10000);
		break;
	case KEY_HOLD:
		options->hold_ms = (uint32_t)number(state, text, 0, 600000);
		break;
	case KEY_AT_ONCE:
		options->at_once = (uint32_t)number(state, text, 1, 10000);
		break;
	case KEY_PROBE:
		options->probe_ms = (uint32_t)number(state, text, 1, 60000);
		break;
	case KEY_SKIP:
		options->skip = (uint32_t)number(state, text, 0, 100000);
		break;
	case ARGP_KEY_END:
		check_whole(state, options);
		break;
	default:
		return parse_flag(key, options);
	}
	return 0;
}

void options_parse(struct options *options, int argc, char **argv)
{
	static const struct argp argp = {options_table, parse, NULL,
	    "Many devices at once: mutual TLS, MQTT 3.1.1, QoS 1, real messages. What it measured "
	    "goes to standard output as JSON.",
	    NULL, NULL, NULL};

	*options = (struct options){.in_flight = 1, .starts_per_s = 40, .at_once = 8};
	argp_parse(&argp, argc, argv, 0, NULL, options);
}
