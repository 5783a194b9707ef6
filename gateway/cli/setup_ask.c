/* The questions of `carepace setup`, and what is taken without one. */
#include "cli/setup.h"

#include "cli/host.h"
#include "cli/output.h"
#include "io/tzfile.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WHY_BYTES 200

/* NULL when the answer will do, which may be written a little differently then; else why not,
 * perhaps in `why`. */
typedef const char *wrong_fn(char answer[SETUP_ANSWER_BYTES], char why[WHY_BYTES]);

static const char *wrong_site(char *answer, char *why)
{
	(void)why;
	return pki_is_site(answer) ? NULL : "a site is 1 to 32 of a-z 0-9 -";
}

/* Not a name that only the file system knows, such as posixrules. */
static const char *wrong_zone(char *answer, char *why)
{
	char name[TZFILE_NAME_BYTES];
	struct zone zone;

	if (tzfile_find(answer, name) && tzfile_load(name, &zone) == CP_OK) {
		zone_deinit(&zone);
		snprintf(answer, SETUP_ANSWER_BYTES, "%s", name);
		return NULL;
	}
	if (*answer && *name)
		snprintf(why, WHY_BYTES, "there is no such time zone; did you mean %s?", name);
	else
		snprintf(why, WHY_BYTES,
		    "a time zone is named like Europe/Berlin (timedatectl "
		    "list-timezones)");
	return why;
}

static const char *wrong_hosts(char *answer, char *why)
{
	char host[SETUP_ANSWER_BYTES];

	for (const char *at = answer; *at;) {
		size_t len = strcspn(at, ", ");
		snprintf(host, sizeof(host), "%.*s", (int)len, at);
		const char *wrong = len ? host_wrong(host) : NULL;
		if (wrong) {
			snprintf(why, WHY_BYTES, "%.60s: %s", host, wrong);
			return why;
		}
		at += len + strspn(at + len, ", ");
	}
	return NULL;
}

static const char *wrong_file(char *answer, char *why)
{
	(void)why;
	return !*answer || access(answer, R_OK) == 0 ? NULL : "this file cannot be read";
}

static const char *wrong_device(char *answer, char *why)
{
	(void)why;
	return !*answer || registry_name_is_valid(answer)
	           ? NULL
	           : "a name has 1 to 40 of A-Z a-z 0-9 . _ - and blanks between";
}

static const char *wrong_kind(char *answer, char *why)
{
	(void)why;
	return pki_kind_from_name(slice_str(answer)) ? NULL
	                                             : "a kind is pen, stamp, roller, rf or tablet";
}

static const char *wrong_ca(char *answer, char *why)
{
	(void)why;
	return *answer ? wrong_file(answer, why)
	               : "the authority that signed head office's certificate";
}

/* The configuration has the last word. */
static const char *wrong_server(char *answer, char *why)
{
	(void)why;
	const char *colon = strrchr(answer, ':');
	bool has_port = colon && colon != answer && colon[1] &&
	                strspn(colon + 1, "0123456789") == strlen(colon + 1);

	return !*answer || has_port ? NULL : "it is written like mqtt.head-office.example:8883";
}

static const char *wrong_networks(char *answer, char *why)
{
	(void)why;
	return strspn(answer, "0123456789abcdefABCDEF.:/, ") == strlen(answer)
	           ? NULL
	           : "networks are written like 192.168.1.0/24, with commas between";
}

/* --- the conversation ------------------------------------------------------------------------ */

static enum cp_err refuse(
    struct setup *setup, const char *option, const char *answer, const char *why)
{
	if (*answer)
		cli_say(&setup->options, "--%s \"%s\": %s", option, answer, why);
	else
		cli_say(&setup->options, "say --%s: %s", option, why);
	return CP_INVALID;
}

bool setup_is_interrupted(const struct setup *setup)
{
	struct pollfd poll_interrupt = {.fd = setup->interrupts, .events = POLLIN};

	return poll(&poll_interrupt, 1, 0) > 0;
}

/* A terminal hands over a line at once, and no more than it. */
bool setup_has_answered(const struct setup *setup, const char *question, const char *otherwise,
    char out[SETUP_ANSWER_BYTES])
{
	struct pollfd polls[] = {
	    {.fd = STDIN_FILENO, .events = POLLIN}, {.fd = setup->interrupts, .events = POLLIN}};
	char *line = NULL;
	size_t size = 0;

	printf(*otherwise ? "%s [%s]: " : "%s: ", question, otherwise);
	fflush(stdout);
	if (poll(polls, CP_COUNT(polls), -1) < 0 || polls[1].revents ||
	    getline(&line, &size, stdin) < 0) {
		free(line);
		putchar('\n');
		return false;
	}
	line[strcspn(line, "\n")] = '\0';
	snprintf(out, SETUP_ANSWER_BYTES, "%s", *line ? line : otherwise);
	free(line);
	return true;
}

struct question {
	const char *option;
	const char *text;
	wrong_fn *wrong;
};

/* An answer that was given is only judged. */
static enum cp_err settle(struct setup *setup, const struct question *question, const char *evident,
    char answer[SETUP_ANSWER_BYTES])
{
	bool is_asked = setup->is_asking && !*answer;
	char text[WHY_BYTES];

	if (!is_asked && !*answer)
		snprintf(answer, SETUP_ANSWER_BYTES, "%s", evident);
	for (;;) {
		if (is_asked && !setup_has_answered(setup, question->text, evident, answer))
			return setup_is_interrupted(setup)
			           ? CP_INVALID
			           : refuse(setup, question->option, "",
			                 "the answer has not come, and nothing was written");
		const char *why = question->wrong(answer, text);
		if (!why)
			return CP_OK;
		if (!is_asked)
			return refuse(setup, question->option, answer, why);
		printf("  ");
		print_wrapped(why, 2);
	}
}

static enum cp_err ask_clinic(struct setup *setup)
{
	static const struct question site = {
	    "site", "Name of this clinic in topics (a-z 0-9 -)", wrong_site};
	static const struct question zone = {
	    "timezone", "Its time zone, such as Europe/Berlin", wrong_zone};
	static const struct question hosts = {"host", "Devices call this box by", wrong_hosts};
	char evident[SETUP_ANSWER_BYTES] = "";

	/* A script must not name a clinic by accident. */
	if (setup->is_asking)
		setup_evident_site(evident);
	enum cp_err err = settle(setup, &site, evident, setup->site);
	if (!err && *setup->timezone)
		err = settle(setup, &zone, "", setup->timezone);
	else if (!err)
		err = settle(setup, &zone, setup_evident_zone(setup, evident), setup->timezone);
	if (err || setup->has_authority)
		return err;
	return settle(setup, &hosts, setup_evident_hosts(setup, evident), setup->hosts);
}

static enum cp_err ask_device(struct setup *setup)
{
	static const struct question name = {
	    "device", "Name of a first device, such as Pen 1 (empty: none)", wrong_device};
	static const struct question kind = {
	    "kind", "Its kind: pen, stamp, roller, rf or tablet", wrong_kind};
	enum cp_err err = settle(setup, &name, "", setup->device);

	if (err || !*setup->device)
		return err;
	return settle(setup, &kind, "pen", setup->kind);
}

static enum cp_err ask_office(struct setup *setup)
{
	static const struct question server = {
	    "head-office", "Head office's broker, HOST:PORT (empty: none)", wrong_server};
	static const struct question ca = {
	    "ca", "File with the authority of its certificate (PEM)", wrong_ca};
	static const struct question certificate = {"certificate",
	    "File with this box's certificate for it (empty: make a request)", wrong_file};
	static const struct question key = {"key", "", wrong_file};
	bool was_told = *setup->head_office != '\0';
	enum cp_err err =
	    setup->has_config && !was_told ? CP_OK : settle(setup, &server, "", setup->head_office);
	char there[PATH_MAX + 8];

	snprintf(there, sizeof(there), "%s/ca.pem", setup->upstream);
	bool wants_ca = *setup->head_office && access(there, F_OK) < 0;
	if (!err && (wants_ca || *setup->office_ca))
		err = settle(setup, &ca, "", setup->office_ca);
	if (!err && wants_ca && !*setup->office_ca)
		err =
		    refuse(setup, "ca", "", "the authority that signed head office's certificate");
	if (!err && (*setup->certificate || (*setup->head_office && !was_told)))
		err = settle(setup, &certificate, "", setup->certificate);
	if (!err && *setup->key)
		err = settle(setup, &key, "", setup->key);
	return err;
}

enum cp_err setup_ask(struct setup *setup)
{
	static const struct question networks = {"networks", "", wrong_networks};
	enum cp_err err = ask_clinic(setup);

	if (!err && (!setup->has_config || *setup->device))
		err = ask_device(setup);
	if (!err)
		err = ask_office(setup);
	if (!err && *setup->networks)
		err = settle(setup, &networks, "", setup->networks);
	return err;
}
