#include "cli/commands.h"

#include "base/suggest.h"
#include "cli/pki.h"

#include <string.h>

const struct cli_command cli_commands[] = {
    {"status", cli_status, "one screen: is all well?"},
    {"tail", cli_tail, "follow what happens, as it happens"},
    {"alerts", cli_alerts, "list what the checks found"},
    {"why", cli_why, "explain one alert: check, sessions, limit, what clears it"},
    {"acknowledge", cli_acknowledge, "say of an alert that it was seen and dealt with"},
    {"devices", cli_devices, "list devices: last seen, battery, clock, service, out of use"},
    {"clients", cli_clients, "list clients: courses, next safe date, flags, open alerts"},
    {"cartridges", cli_cartridges, "list cartridges: uses, clients, state, open alerts"},
    {"recall", cli_recall, "whom a lot of cartridges touched, before and after its recall"},
    {"sessions", cli_sessions, "list treatments: of a device, a client, a zone, since a day"},
    {"checks", cli_checks, "list the checks"},
    {"counts", cli_counts, "count what the store holds"},
    {"parked", cli_parked, "messages that could not be understood: list, show, retry"},
    {"verify", cli_verify, "count everything again from the inputs and compare"},
    {"what-if", cli_what_if, "what the past would have come to under another policy file"},
    {"replay", cli_replay, "judge a recorded or simulated log in virtual time"},
    {"export", cli_export, "lists as CSV or JSON; all that came in as a log"},
    {"backup", cli_backup, "copy the store into a file, beside the running gateway"},
    {"restore", cli_restore, "make a backup the store, while the gateway is stopped"},
    {"pki", cli_pki, "the clinic's certificates: make, renew, revoke, list"},
    {"example-config", cli_example_config, "print a configuration to begin with"},
    {"setup", cli_setup, "set a box up: configuration, certificates, first device"},
    {"doctor", cli_doctor, "look at everything the gateway needs; say what is wrong"},
    {"support-bundle", cli_support_bundle, "collect for the maker what helps, without secrets"},
    {"check-config", cli_check_config, "list the faults of a configuration"},
};

const size_t cli_command_count = sizeof(cli_commands) / sizeof(cli_commands[0]);

const struct cli_command *cli_find(const char *name)
{
	for (size_t i = 0; i < cli_command_count; i++)
		if (strcmp(cli_commands[i].name, name) == 0)
			return &cli_commands[i];
	return NULL;
}

static void print_line(FILE *out, const struct cli_command *command)
{
	fprintf(out, "  %-16s%s\n", command->name, command->help);
}

void cli_print_help(FILE *out, const struct cli_command *first)
{
	fputs("Usage: carepace COMMAND [OPTION...]\n\n", out);
	if (first)
		print_line(out, first);
	for (size_t i = 0; i < cli_command_count; i++)
		print_line(out, &cli_commands[i]);
	fputs("\ncarepace help COMMAND tells more about each. carepace help carepace.1,\n"
	      "carepace.yaml.5, bash or zsh prints a manual page or a completion.\n",
	    out);
}

int cli_unknown(const char *name)
{
	struct suggestion suggestion = suggest_for(name);

	suggest_offer(&suggestion, "run");
	for (size_t i = 0; i < cli_command_count; i++)
		suggest_offer(&suggestion, cli_commands[i].name);
	fprintf(stderr, "carepace: there is no command \"%s\"; ", name);
	if (suggestion.best)
		fprintf(stderr, "did you mean %s?\n", suggestion.best);
	else
		fprintf(stderr, "carepace help lists them\n");
	return CLI_USAGE;
}
