#include "cli/manual.h"
#include "cli/pki.h"

#include "base/hex.h"
#include "base/suggest.h"
#include "cli/commands.h"
#include "cli/host.h"
#include "cli/output.h"
#include "cli/pki_request.h"

#include <errno.h>
#include <stdlib.h>

#define DAYS_MAX 36500
#define COUNT_MAX 10000

/* --- arguments ------------------------------------------------------------ */

enum {
	KEY_SITE = 512,
	KEY_HOST,
	KEY_KIND,
	KEY_NAME,
	KEY_ID,
	KEY_SERIAL,
	KEY_REASON,
	KEY_REVOKE_OLD,
	KEY_REPLACE,
	KEY_DAYS,
	KEY_OUT,
	KEY_COUNT,
	KEY_CSR,
};

bool pki_is_site(const char *text)
{
	size_t len = strlen(text);

	return len > 0 && len <= SITE_MAX &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static error_t take_number(
    struct pki_request *request, const char *what, const char *text, unsigned max, unsigned *out)
{
	char *end;

	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	bool is_number = text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0;
	if (!is_number || value < 1 || value > max)
		return cli_wrong(
		    &request->options, "%s is a number from 1 to %u, not \"%s\"", what, max, text);
	*out = (unsigned)value;
	return 0;
}

static error_t take_site(struct pki_request *request, const char *text)
{
	request->site = text;
	if (pki_is_site(text))
		return 0;
	return cli_wrong(
	    &request->options, "a site is 1 to %d of a-z 0-9 -, not \"%s\"", SITE_MAX, text);
}

static error_t take_host(struct pki_request *request, const char *host)
{
	if (request->host_count == CERT_SANS_MAX)
		return cli_wrong(
		    &request->options, "at most %d hosts fit a certificate", CERT_SANS_MAX);
	const char *wrong = host_wrong(host);
	if (wrong)
		return cli_wrong(&request->options, "--host \"%s\": %s", host, wrong);
	request->hosts[request->host_count++] = host;
	return 0;
}

static error_t take_kind(struct pki_request *request, const char *text)
{
	request->kind = pki_kind_from_name(slice_str(text));
	if (request->kind != PKI_KIND_NONE)
		return 0;
	return cli_wrong(
	    &request->options, "a kind is pen, stamp, roller, rf or tablet, not \"%s\"", text);
}

static error_t take_id(struct pki_request *request, const char *text)
{
	if (id_from_hex(&request->id, slice_str(text)) && !id_is_zero(&request->id))
		return 0;
	return cli_wrong(&request->options, "an id is 32 digits 0-9a-f, not \"%s\"", text);
}

/* As openssl prints it, too: upper case, colons between. */
static error_t take_serial(struct pki_request *request, const char *text)
{
	char digits[2 * SERIAL_MAX_BYTES + 2];
	size_t len = 0;

	for (const char *c = text; *c && len < sizeof(digits); c++)
		if (*c != ':')
			digits[len++] = (char)(*c >= 'A' && *c <= 'F' ? *c - 'A' + 'a' : *c);
	if (hex_parse(slice_of(digits, len), request->serial, sizeof(request->serial),
	        &request->serial_len))
		return 0;
	return cli_wrong(&request->options,
	    "a serial is at most %d pairs of digits 0-9a-f, not \"%s\"", SERIAL_MAX_BYTES, text);
}

static error_t take_reason(struct pki_request *request, const char *text)
{
	struct suggestion suggestion = suggest_for(text);

	if (revocation_from_name(slice_str(text), &request->reason))
		return 0;
	for (int i = 0; i < REVOCATION_COUNT; i++)
		suggest_offer(&suggestion, revocation_name(revocation_from_number(i)));
	return cli_wrong(&request->options, "there is no reason \"%s\"; %s%s", text,
	    suggestion.best ? "did you mean " : "carepace pki revoke --help lists them",
	    suggestion.best ? suggestion.best : "");
}

static error_t take_argument(struct pki_request *request, const char *text)
{
	if (request->does_take_crl) {
		/* The last one is the list. */
		if (!request->crl) {
			request->crl = text;
			return 0;
		}
		if (!request->dir) {
			request->dir = request->crl;
			request->crl = text;
			return 0;
		}
	} else if (!request->dir) {
		request->dir = text;
		return 0;
	}
	return cli_wrong(&request->options, "one directory is enough, what is \"%s\"?", text);
}

static error_t parse_option(int key, char *value, struct argp_state *state)
{
	struct pki_request *request = state->input;

	switch (key) {
	case KEY_SITE:
		return take_site(request, value);
	case KEY_HOST:
		return take_host(request, value);
	case KEY_KIND:
		return take_kind(request, value);
	case KEY_NAME:
		request->name = value;
		return 0;
	case KEY_ID:
		return take_id(request, value);
	case KEY_SERIAL:
		return take_serial(request, value);
	case KEY_REASON:
		return take_reason(request, value);
	case KEY_REVOKE_OLD:
		request->does_revoke_old = true;
		return 0;
	case KEY_REPLACE:
		request->does_replace = true;
		return 0;
	case KEY_DAYS:
		return take_number(request, "days", value, DAYS_MAX, &request->days);
	case KEY_COUNT:
		return take_number(request, "count", value, COUNT_MAX, &request->count);
	case KEY_CSR:
		request->csr = value;
		return 0;
	case KEY_OUT:
		request->out = value;
		return 0;
	case ARGP_KEY_ARG:
		return take_argument(request, value);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- the commands --------------------------------------------------------- */

static const struct argp_option init_options[] = {
    {"site", KEY_SITE, "NAME", 0, "the clinic's site name (clinic)", 0},
    {"host", KEY_HOST, "NAME", 0,
        "a host name or IP address of the gateway; may be repeated (localhost, 127.0.0.1)", 0},
    {"days", KEY_DAYS, "N", 0, "the listener's certificate is valid for N days (825)", 0},
    {0},
};

static const struct argp_option listener_options[] = {
    {"host", KEY_HOST, "NAME", 0,
        "a host name or IP address by which devices call the gateway; may be repeated", 0},
    {"days", KEY_DAYS, "N", 0, "valid for N days (825)", 0},
    {0},
};

static const struct argp_option issue_options[] = {
    {"kind", KEY_KIND, "KIND", 0, "pen, stamp, roller, rf or tablet", 0},
    {"name", KEY_NAME, "NAME", 0, "what people call it", 0},
    {"id", KEY_ID, "HEX", 0, "the id to use (a new one)", 0},
    {"csr", KEY_CSR, "FILE", 0,
        "sign the key of this certificate request, which the device made and keeps; names that it "
        "asks for do not count",
        0},
    {"count", KEY_COUNT, "N", 0, "make N devices, their names numbered from 1", 0},
    {"replace", KEY_REPLACE, NULL, 0,
        "it takes the place of the device that has this name, which is revoked (superseded)", 0},
    {"days", KEY_DAYS, "N", 0, "valid for N days (730)", 0},
    {"out", KEY_OUT, "DIR2", 0, "write the files into DIR2 (DIR/devices)", 0},
    {0},
};

static const struct argp_option renew_options[] = {
    {"id", KEY_ID, "HEX", 0, "the device", 0},
    {"name", KEY_NAME, "NAME", 0, "the device, by what people call it", 0},
    {"csr", KEY_CSR, "FILE", 0,
        "sign the key of this certificate request, which the device made and keeps; names that it "
        "asks for do not count",
        0},
    {"days", KEY_DAYS, "N", 0, "valid for N days (730)", 0},
    {"out", KEY_OUT, "DIR2", 0, "write the files into DIR2 (DIR/devices)", 0},
    {"revoke-old", KEY_REVOKE_OLD, NULL, 0,
        "revoke the device's older certificates at once; without it they stay good until they "
        "expire, so that the device can stay connected until it has the new one",
        0},
    {0},
};

static const struct argp_option revoke_options[] = {
    {"id", KEY_ID, "HEX", 0, "all certificates of this device", 0},
    {"name", KEY_NAME, "NAME", 0, "all certificates of the device with this name", 0},
    {"serial", KEY_SERIAL, "HEX", 0, "only this certificate", 0},
    {"reason", KEY_REASON, "WORD", 0,
        "why: key-compromise (lost, stolen, opened), superseded (it has a newer one), "
        "cessation-of-operation (taken out of use), affiliation-changed (given to another "
        "clinic), privilege-withdrawn, certificate-hold, ca-compromise, aa-compromise, "
        "unspecified (unspecified)",
        0},
    {0},
};

static const struct argp_option client_options[] = {
    {"name", KEY_NAME, "SITE", 0, "the site that connects", 0},
    {"days", KEY_DAYS, "N", 0, "valid for N days (730)", 0},
    {"out", KEY_OUT, "DIR2", 0, "write the files into DIR2 (DIR)", 0},
    {0},
};

static const struct command {
	const char *name;
	const char *full_name;
	const char *about;
	const struct argp_option *options;
	unsigned days;
	enum cp_err (*run)(struct pki_request *request, struct pki_error *error);
} commands[] = {
    {"init", "pki init", "Makes a clinic's authority, listener certificate and registry.",
        init_options, PKI_LISTENER_DAYS, pki_init},
    {"issue", "pki issue", "Makes certificates for new devices and registers them.", issue_options,
        PKI_DEVICE_DAYS, pki_issue},
    {"renew", "pki renew", "Makes a new certificate and key for a device in the registry.",
        renew_options, PKI_DEVICE_DAYS, pki_renew},
    {"revoke", "pki revoke",
        "Ends certificates of a device for good. The gateway closes the device's connection within "
        "5 s and "
        "takes no new one with such a certificate.",
        revoke_options, 0, pki_revoke},
    {"import-crl", "pki import-crl",
        "Takes over a revocation list of the clinic's authority. What it names is revoked in the "
        "registry; what it does not name stays as it is.",
        NULL, 0, pki_import_crl},
    {"list", "pki list", "Shows the registry: each certificate, until when, and its state.", NULL,
        0, pki_list},
    {"listener", "pki listener",
        "Makes a new certificate and key for the gateway itself. Devices go on to trust it.",
        listener_options, PKI_LISTENER_DAYS, pki_listener},
    {"client", "pki client", "Makes a certificate for the connection to head office.",
        client_options, PKI_DEVICE_DAYS, pki_client},
};

static void print_help(FILE *out)
{
	fputs("Usage: carepace pki COMMAND [DIR] [OPTION...]\n\n", out);
	for (size_t i = 0; i < CP_COUNT(commands); i++)
		fprintf(out, "  %-12s%.*s\n", commands[i].name,
		    (int)strcspn(commands[i].about, "."), commands[i].about);
	fputs("\nDIR is " PKI_DIR_DEFAULT " unless given.\n"
	      "carepace pki COMMAND --help tells more about each.\n",
	    out);
}

static const struct command *find(const char *name)
{
	struct suggestion suggestion = suggest_for(name);

	for (size_t i = 0; i < CP_COUNT(commands); i++) {
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
		suggest_offer(&suggestion, commands[i].name);
	}
	fprintf(stderr, "carepace pki: there is no command \"%s\"; %s%s\n", name,
	    suggestion.best ? "did you mean " : "carepace pki --help lists them",
	    suggestion.best ? suggestion.best : "");
	return NULL;
}

static int answer(const struct pki_request *request, enum cp_err err, const struct pki_error *error)
{
	if (!err)
		return cli_finish(&request->options);
	cli_say(&request->options, "%s", error->text);
	return err == CP_INVALID ? CLI_USAGE : CLI_FOUND;
}

/* Each by itself: it has its own options. */
static int describe_all(char *option)
{
	char words[256] = "";
	size_t len = 0;

	for (size_t i = 0; i < CP_COUNT(commands); i++)
		len += (size_t)snprintf(words + len, sizeof(words) - len, "%s ", commands[i].name);
	cli_describe_words(option + strlen(CLI_DESCRIBE), "pki", words);
	for (size_t i = 0; i < CP_COUNT(commands); i++) {
		char pki[] = "pki";
		char name[16];
		char *argv[] = {pki, name, option, NULL};

		snprintf(name, sizeof(name), "%s", commands[i].name);
		(void)cli_pki(3, argv);
	}
	return CLI_OK;
}

int cli_pki(int argc, char **argv)
{
	struct pki_request request = {.site = "clinic", .count = 1};
	struct pki_error error;
	int status;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(argc < 2 ? stderr : stdout);
		return argc < 2 ? CLI_USAGE : CLI_OK;
	}
	if (strncmp(argv[1], CLI_DESCRIBE, strlen(CLI_DESCRIBE)) == 0)
		return describe_all(argv[1]);
	const struct command *command = find(argv[1]);
	if (!command)
		return CLI_USAGE;
	request.does_take_crl = command->run == pki_import_crl;
	const struct cli_syntax syntax = {
	    .name = command->full_name,
	    .takes = CLI_TAKES_JSON,
	    .arguments = request.does_take_crl ? "[DIR] CRL" : "[DIR]",
	    .about = command->about,
	    .options = command->options,
	    .parse = parse_option,
	};
	request.days = command->days;
	if (!cli_parse(&syntax, argc - 1, argv + 1, &request.options, &status))
		return status;
	if (!request.dir)
		request.dir = PKI_DIR_DEFAULT;
	if (request.does_take_crl && !request.crl) {
		cli_say(&request.options, "say which revocation list");
		return CLI_USAGE;
	}
	return answer(&request, command->run(&request, &error), &error);
}
