/* What `carepace setup` says before it writes, and what is to be done afterwards. */
#include "cli/setup.h"

#include "cli/host.h"
#include "cli/output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define TEXT_COLUMN 15
#define LINE_BYTES 700

/* --- before -------------------------------------------------------------------------------- */

static void say(const char *name, const char *text)
{
	printf("  %-*s", TEXT_COLUMN - 2, name);
	print_wrapped(text, TEXT_COLUMN);
}

static bool is_reachable(const char *hosts)
{
	char host[SETUP_ANSWER_BYTES];

	for (const char *at = hosts; *at;) {
		size_t len = strcspn(at, ", ");
		snprintf(host, sizeof(host), "%.*s", (int)len, at);
		if (len && !host_is_loopback(host))
			return true;
		at += len + strspn(at + len, ", ");
	}
	return false;
}

static void say_hosts(const struct setup *setup)
{
	char addresses[SETUP_ANSWER_BYTES];
	char text[LINE_BYTES];

	say("Called by", setup->hosts);
	if (is_reachable(setup->hosts))
		return;
	if (setup->root)
		snprintf(text, sizeof(text),
		    "Only that box itself goes by these names: say --host for each name and "
		    "address by which devices will call it.");
	else if (*host_addresses(addresses, sizeof(addresses)))
		snprintf(text, sizeof(text),
		    "Only this box itself goes by these names: no other device can connect. "
		    "Its address in the network: --host %s",
		    addresses);
	else
		snprintf(text, sizeof(text),
		    "Only this box itself goes by these names, and it is in no network now: "
		    "devices cannot connect before carepace pki listener --host ADDRESS has made "
		    "another certificate.");
	say("", text);
}

static void print_plan(const struct setup *setup)
{
	char text[LINE_BYTES];

	printf("\nThis box will be set up like this:\n\n");
	say("Site", setup->site);
	snprintf(text, sizeof(text), "%s%s%s%s", setup->timezone, setup->zone_from ? " (" : "",
	    setup->zone_from ? setup->zone_from : "", setup->zone_from ? ")" : "");
	say("Time zone", text);
	if (!setup->has_authority)
		say_hosts(setup);
	if (*setup->device) {
		snprintf(text, sizeof(text), "%s, a %s", setup->device, setup->kind);
		say("First device", text);
	}
	say("Head office", *setup->head_office ? setup->head_office : "none");
	snprintf(text, sizeof(text), "%.300s, %.300s", setup->dir, setup->store);
	say("Written to", text);
	printf("\n");
}

bool setup_confirm(const struct setup *setup)
{
	char answer[SETUP_ANSWER_BYTES];

	if (setup->about || (setup->has_config && setup->has_authority))
		return true;
	print_plan(setup);
	if (!setup->is_asking)
		return true;
	return setup_has_answered(setup, "Is that right, yes or no", "yes", answer) &&
	       (strcasecmp(answer, "yes") == 0 || strcasecmp(answer, "y") == 0);
}

/* --- after --------------------------------------------------------------------------------- */

static void print_command(const char *command)
{
	printf("    %s%s\n", geteuid() != 0 || getenv("SUDO_USER") ? "sudo " : "", command);
}

static void print_device(const struct setup *setup)
{
	const char *id = setup->device_id;

	printf("\n%s (%s) gets these three files, by a way on which nobody else reads them:\n\n"
	       "    %s/ca.pem\n    %s/devices/%s.pem\n    %s/devices/%s.key\n\n"
	       "It connects to this box, port 8883, by MQTT over TLS, with this client\n"
	       "identifier, publishes to the first topic and subscribes to the second:\n\n"
	       "    %s\n    carepace/v1/device/%s/up\n    carepace/v1/device/%s/down\n",
	    setup->device, setup->kind, setup->pki, setup->pki, id, setup->pki, id, id, id, id);
}

static bool is(const char *word, const char *expected)
{
	return strcmp(word, expected) == 0;
}

/* It starts with the box as the package has it, unless somebody has decided otherwise. */
static void print_commands(const struct setup *setup)
{
	const struct systemd_unit *unit = &setup->unit;
	bool is_running = is(unit->active, "active");

	if (setup->has_new_networks)
		print_command("systemctl daemon-reload");
	if (!setup->has_unit)
		printf("    carepace run --config %s\n", setup->config);
	else if (!is_running && !is(unit->enabled, "enabled"))
		print_command("systemctl enable --now carepace");
	else if (!is_running)
		print_command("systemctl start carepace");
	else if (!setup->has_config || setup->has_new_networks)
		print_command("systemctl restart carepace");
	print_command("carepace status");
}

void setup_print_next(const struct setup *setup, int doctors_status)
{
	if (setup->has_new_device)
		print_device(setup);
	if (setup->has_new_request)
		printf("\nHave head office sign %s/client.csr, then:\n\n"
		       "    carepace setup --certificate FILE\n",
		    setup->upstream);
	if (setup->root) {
		printf(
		    "\nThe system that runs here was not looked at. When that of %s runs, there:\n"
		    "\n    carepace doctor\n",
		    setup->root);
		return;
	}
	if (doctors_status) {
		printf("\nCorrect what has failed; then:\n\n");
		print_command("carepace doctor");
	} else {
		printf("\nNext:\n\n");
	}
	print_commands(setup);
}
