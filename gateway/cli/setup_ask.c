/* The questions of `carepace setup`, and what is taken without one. */
#include "cli/setup.h"

#include "io/tzfile.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* NULL when the answer will do, else why not. */
typedef const char *wrong_fn(const char *answer);

static const char *wrong_site(const char *answer)
{
	return pki_is_site(answer) ? NULL : "a site is 1 to 32 of a-z 0-9 -";
}

static const char *wrong_zone(const char *answer)
{
	struct zone zone;

	if (tzfile_load(answer, &zone))
		return "a time zone is named like Europe/Berlin (timedatectl list-timezones)";
	zone_deinit(&zone);
	return NULL;
}

static const char *wrong_file(const char *answer)
{
	return !*answer || access(answer, R_OK) == 0 ? NULL : "this file cannot be read";
}

static const char *wrong_device(const char *answer)
{
	return !*answer || registry_name_is_valid(answer)
	           ? NULL
	           : "a name has 1 to 40 of A-Z a-z 0-9 . _ - and blanks between";
}

static const char *wrong_kind(const char *answer)
{
	return pki_kind_from_name(slice_str(answer)) ? NULL
	                                             : "a kind is pen, stamp, roller, rf or tablet";
}

static const char *wrong_ca(const char *answer)
{
	return *answer ? wrong_file(answer) : "the authority that signed head office's certificate";
}

/* The configuration has the last word. */
static const char *wrong_server(const char *answer)
{
	const char *colon = strrchr(answer, ':');
	bool has_port = colon && colon != answer && colon[1] &&
	                strspn(colon + 1, "0123456789") == strlen(colon + 1);

	return !*answer || has_port ? NULL : "it is written like mqtt.head-office.example:8883";
}

static const char *wrong_networks(const char *answer)
{
	return strspn(answer, "0123456789abcdefABCDEF.:/, ") == strlen(answer)
	           ? NULL
	           : "networks are written like 192.168.1.0/24, with commas between";
}

static const char *wrong_nothing(const char *answer)
{
	(void)answer;
	return NULL;
}

/* --- what is evident ------------------------------------------------------------------------ */

static void evident_site(char out[SETUP_ANSWER_BYTES])
{
	char name[64] = "";

	(void)gethostname(name, sizeof(name) - 1);
	name[strcspn(name, ".")] = '\0';
	snprintf(out, SETUP_ANSWER_BYTES, "%s", pki_is_site(name) ? name : "clinic");
}

/* What /etc/localtime points to, behind ".../zoneinfo/". */
static void evident_zone(char out[SETUP_ANSWER_BYTES])
{
	char target[PATH_MAX];
	ssize_t len = readlink("/etc/localtime", target, sizeof(target) - 1);
	const char *name = NULL;

	if (len > 0) {
		target[len] = '\0';
		name = strstr(target, "zoneinfo/");
	}
	snprintf(out, SETUP_ANSWER_BYTES, "%s", name ? name + strlen("zoneinfo/") : "");
	if (wrong_zone(out))
		out[0] = '\0';
}

static void add(char out[SETUP_ANSWER_BYTES], const char *name)
{
	size_t len = strlen(out);

	if (len + strlen(name) + 2 < SETUP_ANSWER_BYTES)
		snprintf(out + len, SETUP_ANSWER_BYTES - len, "%s%s", len ? "," : "", name);
}

/* The box's own name and IPv4 addresses; devices of a clinic's network know no more. */
static void evident_hosts(char out[SETUP_ANSWER_BYTES])
{
	char name[64] = "";
	struct ifaddrs *list = NULL;

	out[0] = '\0';
	if (gethostname(name, sizeof(name) - 1) == 0 && *name)
		add(out, name);
	if (getifaddrs(&list) < 0)
		list = NULL;
	for (const struct ifaddrs *at = list; at; at = at->ifa_next) {
		char text[INET_ADDRSTRLEN];
		if (!at->ifa_addr || at->ifa_addr->sa_family != AF_INET ||
		    (at->ifa_flags & IFF_LOOPBACK))
			continue;
		const void *v4 =
		    &((const struct sockaddr_in *)(const void *)at->ifa_addr)->sin_addr;
		if (inet_ntop(AF_INET, v4, text, sizeof(text)))
			add(out, text);
	}
	if (list)
		freeifaddrs(list);
	add(out, "localhost");
	add(out, "127.0.0.1");
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

static bool has_answered(char out[SETUP_ANSWER_BYTES], const char *question, const char *evident)
{
	printf(*evident ? "%s [%s]: " : "%s: ", question, evident);
	fflush(stdout);
	if (!fgets(out, SETUP_ANSWER_BYTES, stdin))
		return false;
	out[strcspn(out, "\n")] = '\0';
	if (!*out)
		snprintf(out, SETUP_ANSWER_BYTES, "%s", evident);
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
	bool is_asked = !setup->is_yes && isatty(STDIN_FILENO) && !*answer;

	if (!is_asked && !*answer)
		snprintf(answer, SETUP_ANSWER_BYTES, "%s", evident);
	for (;;) {
		if (is_asked && !has_answered(answer, question->text, evident))
			return refuse(setup, question->option, "", "the answer has not come");
		const char *why = question->wrong(answer);
		if (!why)
			return CP_OK;
		if (!is_asked)
			return refuse(setup, question->option, answer, why);
		printf("  %s\n", why);
	}
}

static enum cp_err ask_clinic(struct setup *setup)
{
	static const struct question site = {
	    "site", "Name of this clinic in topics (a-z 0-9 -)", wrong_site};
	static const struct question zone = {"timezone", "Its time zone", wrong_zone};
	static const struct question hosts = {
	    "host", "Names and addresses by which devices call this box", wrong_nothing};
	char evident[SETUP_ANSWER_BYTES] = "";

	/* A script must not name a clinic by accident. */
	if (!setup->is_yes && isatty(STDIN_FILENO))
		evident_site(evident);
	enum cp_err err = settle(setup, &site, evident, setup->site);
	if (!err) {
		evident_zone(evident);
		err = settle(setup, &zone, evident, setup->timezone);
	}
	char key[PATH_MAX + 8];
	snprintf(key, sizeof(key), "%s/ca.key", setup->pki);
	if (err || access(key, F_OK) == 0)
		return err;
	evident_hosts(evident);
	return settle(setup, &hosts, evident, setup->hosts);
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
