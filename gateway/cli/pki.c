#include "cli/pki.h"

#include "cli/pki_request.h"

#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define LISTENER_DAYS 825 /* the most that Apple's clients accept of a server */
#define DEVICE_DAYS 730
#define DAYS_MAX 36500
#define COUNT_MAX 10000

/* --- arguments ------------------------------------------------------------ */

enum {
	KEY_SITE = 256,
	KEY_HOST,
	KEY_KIND,
	KEY_NAME,
	KEY_ID,
	KEY_DAYS,
	KEY_OUT,
	KEY_COUNT,
	KEY_JSON,
};

#define OPTION_DAYS                                                                                \
	{                                                                                          \
		"days", KEY_DAYS, "N", 0, "valid for N days", 0                                    \
	}
#define OPTION_OUT                                                                                 \
	{                                                                                          \
		"out", KEY_OUT, "DIR2", 0, "write the files into DIR2", 0                          \
	}
#define OPTION_JSON                                                                                \
	{                                                                                          \
		"json", KEY_JSON, NULL, 0, "answer in JSON", 0                                     \
	}

int pki_wrong(const struct pki_request *request, const char *format, ...)
{
	va_list args;

	fprintf(stderr, "%s: ", request->command);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EINVAL;
}

bool pki_is_site(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= SITE_MAX &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static error_t parse_number(const struct pki_request *request, const char *what, const char *text,
    unsigned max, unsigned *out)
{
	char *end;

	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	bool is_number = text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
	if (!is_number || value < 1 || value > max)
		return pki_wrong(
		    request, "%s is a number from 1 to %u, not \"%s\"", what, max, text);
	*out = (unsigned)value;
	return 0;
}

static error_t add_host(struct pki_request *request, const char *host)
{
	if (request->host_count == CERT_SANS_MAX)
		return pki_wrong(request, "at most %d hosts fit a certificate", CERT_SANS_MAX);
	request->hosts[request->host_count++] = host;
	return 0;
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct pki_request *request = state->input;

	switch (key) {
	case KEY_SITE:
		request->site = value;
		if (!pki_is_site(value))
			return pki_wrong(
			    request, "a site is 1 to %d of a-z 0-9 -, not \"%s\"", SITE_MAX, value);
		break;
	case KEY_HOST:
		return add_host(request, value);
	case KEY_KIND:
		request->kind = pki_kind_from_name(slice_str(value));
		if (request->kind == PKI_KIND_NONE)
			return pki_wrong(request,
			    "a kind is pen, stamp, roller, rf or tablet, not \"%s\"", value);
		break;
	case KEY_NAME:
		request->name = value;
		break;
	case KEY_ID:
		if (!id_from_hex(&request->id, slice_str(value)) || id_is_zero(&request->id))
			return pki_wrong(request, "an id is 32 digits 0-9a-f, not \"%s\"", value);
		break;
	case KEY_DAYS:
		return parse_number(request, "days", value, DAYS_MAX, &request->days);
	case KEY_COUNT:
		return parse_number(request, "count", value, COUNT_MAX, &request->count);
	case KEY_OUT:
		request->out = value;
		break;
	case KEY_JSON:
		request->is_json = true;
		break;
	case ARGP_KEY_ARG:
		if (request->dir)
			return pki_wrong(
			    request, "one directory is enough, what is \"%s\"?", value);
		request->dir = value;
		break;
	case ARGP_KEY_NO_ARGS:
		return pki_wrong(request, "say which directory");
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

/* --- the three ------------------------------------------------------------ */

static const struct argp_option init_options[] = {
    {"site", KEY_SITE, "NAME", 0, "the clinic's site name (clinic)", 0},
    {"host", KEY_HOST, "NAME", 0,
        "a host name or IP address of the gateway; may be repeated (localhost, 127.0.0.1)", 0},
    OPTION_DAYS,
    OPTION_JSON,
    {0},
};

static const struct argp_option issue_options[] = {
    {"kind", KEY_KIND, "KIND", 0, "pen, stamp, roller, rf or tablet", 0},
    {"name", KEY_NAME, "NAME", 0, "what people call it", 0},
    {"id", KEY_ID, "HEX", 0, "the id to use, to renew a device (a new one)", 0},
    {"count", KEY_COUNT, "N", 0, "make N devices, their names numbered from 1", 0},
    OPTION_DAYS,
    OPTION_OUT,
    OPTION_JSON,
    {0},
};

static const struct argp_option client_options[] = {
    {"name", KEY_NAME, "SITE", 0, "the site that connects", 0},
    OPTION_DAYS,
    OPTION_OUT,
    OPTION_JSON,
    {0},
};

static const struct command {
	const char *name;
	const char *full_name;
	struct argp argp;
	unsigned days;
	int (*run)(struct pki_request *request);
} commands[] = {
    {"init", "carepace pki init",
        {init_options, parse_option, "DIR",
            "Make a clinic's certificate authority, listener certificate and device registry.",
            NULL, NULL, NULL},
        LISTENER_DAYS, pki_run_init},
    {"issue", "carepace pki issue",
        {issue_options, parse_option, "DIR", "Make certificates for devices and register them.",
            NULL, NULL, NULL},
        DEVICE_DAYS, pki_run_issue},
    {"client", "carepace pki client",
        {client_options, parse_option, "DIR",
            "Make a certificate for the connection to head office.", NULL, NULL, NULL},
        DEVICE_DAYS, pki_run_client},
};

int cli_pki(int argc, char **argv)
{
	const struct command *command = NULL;

	for (size_t i = 0; argc > 1 && i < CP_COUNT(commands); i++)
		if (strcmp(argv[1], commands[i].name) == 0)
			command = &commands[i];
	if (!command) {
		fprintf(stderr, "carepace pki: say init, issue or client, with --help for more\n");
		return EXIT_WRONG_ARGUMENT;
	}

	struct pki_request request = {
	    .command = command->full_name,
	    .site = "clinic",
	    .days = command->days,
	    .count = 1,
	};
	argp_err_exit_status = EXIT_WRONG_ARGUMENT;
	argv[1] = (char *)(uintptr_t)command->full_name; /* argp's name in its messages */
	if (argp_parse(&command->argp, argc - 1, argv + 1, 0, NULL, &request))
		return EXIT_WRONG_ARGUMENT;
	return command->run(&request);
}
