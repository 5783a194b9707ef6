#include "cli/setup.h"

#include "cli/commands.h"
#include "cli/output.h"
#include "ledger/view/view.h"
#include "pki/file.h"

#include <pwd.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define DROP_IN "/etc/systemd/system/carepace.service.d/site.conf"
#define STORE "/var/lib/carepace"

enum {
	KEY_ROOT = 512,
	KEY_SITE,
	KEY_TIMEZONE,
	KEY_HOST,
	KEY_NETWORKS,
	KEY_HEAD_OFFICE,
	KEY_CA,
	KEY_CERTIFICATE,
	KEY_KEY,
	KEY_DEVICE,
	KEY_KIND,
	KEY_YES,
	KEY_FORCE,
};

static const struct argp_option own[] = {
    {"site", KEY_SITE, "NAME", 0, "the clinic's name in topics and at head office", 0},
    {"timezone", KEY_TIMEZONE, "ZONE", 0, "such as Europe/Berlin (this system's)", 0},
    {"host", KEY_HOST, "NAME", 0,
        "a name or IP address by which devices call this box; may be repeated (its host name and "
        "addresses)",
        0},
    {"device", KEY_DEVICE, "NAME", 0, "make a certificate for this first device", 0},
    {"kind", KEY_KIND, "KIND", 0, "its kind: pen, stamp, roller, rf or tablet (pen)", 0},
    {"head-office", KEY_HEAD_OFFICE, "HOST:PORT", 0, "head office's broker", 0},
    {"ca", KEY_CA, "FILE", 0, "the authority that signed its certificate (PEM)", 0},
    {"certificate", KEY_CERTIFICATE, "FILE", 0,
        "this box's certificate for head office (PEM); without it a key and a request for it are "
        "made",
        0},
    {"key", KEY_KEY, "FILE", 0, "its key, if it was made elsewhere (PEM)", 0},
    {"networks", KEY_NETWORKS, "LIST", 0,
        "let only these networks reach the gateway and be reached by it, such as "
        "192.168.1.0/24,10.2.0.0/16: devices, name servers, head office",
        0},
    {"yes", KEY_YES, NULL, 0, "ask nothing, for scripts", 0},
    {"force", KEY_FORCE, NULL, 0,
        "write the configuration anew, with clinic and head office as they are unless they are "
        "given; the one that is there is kept as carepace.yaml.old",
        0},
    {"root", KEY_ROOT, "DIR", 0, "set up the system that lies in DIR", 0},
    {0},
};

/* --- arguments --------------------------------------------------------------------------- */

static error_t take(struct setup *setup, char out[SETUP_ANSWER_BYTES], const char *value)
{
	size_t len = strlen(out);

	/* Only --host is repeated. */
	int more = snprintf(out + (out == setup->hosts ? len : 0),
	    SETUP_ANSWER_BYTES - (out == setup->hosts ? len : 0), "%s%s",
	    out == setup->hosts && len ? "," : "", value);
	if (more < 0 || len + (size_t)more >= SETUP_ANSWER_BYTES)
		return cli_wrong(&setup->options, "\"%.40s...\" is too long", value);
	return 0;
}

static error_t parse(int key, char *value, struct argp_state *state)
{
	struct setup *setup = state->input;

	switch (key) {
	case KEY_ROOT:
		setup->root = value;
		return 0;
	case KEY_YES:
		setup->is_yes = true;
		return 0;
	case KEY_FORCE:
		setup->is_forced = true;
		return 0;
	case KEY_SITE:
		return take(setup, setup->site, value);
	case KEY_TIMEZONE:
		return take(setup, setup->timezone, value);
	case KEY_HOST:
		return take(setup, setup->hosts, value);
	case KEY_NETWORKS:
		return take(setup, setup->networks, value);
	case KEY_HEAD_OFFICE:
		return take(setup, setup->head_office, value);
	case KEY_CA:
		return take(setup, setup->office_ca, value);
	case KEY_CERTIFICATE:
		return take(setup, setup->certificate, value);
	case KEY_KEY:
		return take(setup, setup->key, value);
	case KEY_DEVICE:
		return take(setup, setup->device, value);
	case KEY_KIND:
		return take(setup, setup->kind, value);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

/* --- where --------------------------------------------------------------------------------- */

static enum cp_err find_places(struct setup *setup, struct pki_error *error)
{
	const char *root = setup->root ? setup->root : "";
	const char *path = setup->options.config_path;
	bool needs_slash = setup->root && *path != '/';
	int len = snprintf(
	    setup->config, sizeof(setup->config), "%s%s%s", root, needs_slash ? "/" : "", path);
	const char *slash = strrchr(setup->config, '/');

	if (len < 0 || (size_t)len >= sizeof(setup->config) - 64)
		return pki_fail(error, CP_INVALID, "the path of the configuration is too long");
	snprintf(setup->dir, sizeof(setup->dir), "%.*s", slash ? (int)(slash - setup->config) : 1,
	    slash ? setup->config : ".");
	snprintf(setup->store, sizeof(setup->store), "%.4000s" STORE, root);
	snprintf(setup->drop_in, sizeof(setup->drop_in), "%.4000s" DROP_IN, root);
	enum cp_err err = file_join(setup->pki, setup->dir, "pki", error);
	return err ? err : file_join(setup->upstream, setup->dir, "upstream", error);
}

/* Of the system that lies in `root`: it knows users of its own. */
static const struct passwd *user_of(const char *root)
{
	char path[PATH_MAX];
	const struct passwd *user;

	snprintf(path, sizeof(path), "%.4000s/etc/passwd", root);
	FILE *file = fopen(path, "re");
	do {
		user = file ? fgetpwent(file) : NULL;
	} while (user && strcmp(user->pw_name, SERVICE_USER) != 0);
	if (file)
		fclose(file);
	return user;
}

/* Its group is of the same name (deploy/systemd/carepace.sysusers). */
static void find_user(struct setup *setup)
{
	const struct passwd *user = setup->root ? user_of(setup->root) : getpwnam(SERVICE_USER);

	setup->has_unit =
	    systemd_unit_is_installed(setup->root ? setup->root : "", "carepace.service");
	if (setup->root || systemd_unit_ask("carepace.service", &setup->unit))
		setup->unit = (struct systemd_unit){0};
	setup->has_user = user && geteuid() == 0;
	if (setup->has_user) {
		setup->user = user->pw_uid;
		setup->group = user->pw_gid;
	}
}

/* --- the command ---------------------------------------------------------------------------- */

static int examine(struct setup *setup)
{
	const struct doctor_request request = {
	    .is_brief = true, .root = setup->root, .is_not_yet_begun = true};
	json_t *findings = NULL;

	setup->options.config_path = setup->config;
	if (setup->about) {
		int found = doctor_examine(&setup->options, &request, &findings);
		json_put(setup->about, "files", json_incref(setup->files));
		json_put(setup->about, "doctor", findings);
		json_print(json_incref(setup->about));
		return found;
	}
	if (!setup->written)
		puts("Nothing was to be done: this box is set up so already.");
	puts("\ncarepace doctor says:\n");
	int status = doctor_examine(&setup->options, &request, NULL);
	setup_print_next(setup, status);
	return status;
}

static int say_interrupted(const struct setup *setup)
{
	if (setup->written)
		cli_say(&setup->options,
		    "interrupted; what was written stays, and carepace setup goes on from there");
	else
		cli_say(&setup->options, "interrupted, and nothing was written");
	return CLI_INTERRUPTED;
}

/* Ctrl-C is seen between two questions and between two steps, which are whole. */
static bool is_interrupt_watched(struct setup *setup)
{
	sigset_t interrupts;

	sigemptyset(&interrupts);
	sigaddset(&interrupts, SIGINT);
	if (sigprocmask(SIG_BLOCK, &interrupts, NULL) < 0)
		return false;
	setup->interrupts = signalfd(-1, &interrupts, SFD_CLOEXEC);
	return setup->interrupts >= 0;
}

static void watch_no_more(const struct setup *setup)
{
	struct signalfd_siginfo seen;
	sigset_t interrupts;

	sigemptyset(&interrupts);
	sigaddset(&interrupts, SIGINT);
	/* It has been told: it must not end us now. */
	while (setup_is_interrupted(setup) && read(setup->interrupts, &seen, sizeof(seen)) > 0)
		;
	close(setup->interrupts);
	sigprocmask(SIG_UNBLOCK, &interrupts, NULL);
}

/* CLI_OK: all is written. */
static int make(struct setup *setup, struct pki_error *error)
{
	enum cp_err (*const steps[])(struct setup * setup, struct pki_error * error) = {
	    setup_folders, setup_authority, setup_device, setup_head_office, setup_files};

	for (size_t i = 0; i < CP_COUNT(steps); i++) {
		if (setup_is_interrupted(setup))
			return say_interrupted(setup);
		enum cp_err err = steps[i](setup, error);
		if (!err)
			continue;
		cli_say(&setup->options, "%s", error->text);
		return err == CP_INVALID ? CLI_USAGE : CLI_UNREADABLE;
	}
	return CLI_OK;
}

static int ask_and_make(struct setup *setup)
{
	struct pki_error error;
	enum cp_err err = setup_compare(setup, &error);

	if (err) {
		cli_say(&setup->options, "%s", error.text);
		return err == CP_INVALID ? CLI_USAGE : CLI_UNREADABLE;
	}
	bool is_asked = setup_ask(setup) == CP_OK;
	bool is_right = is_asked && setup_confirm(setup);
	if (setup_is_interrupted(setup))
		return say_interrupted(setup);
	if (is_asked && !is_right)
		cli_say(&setup->options, "not confirmed, and nothing was written");
	return is_right ? make(setup, &error) : CLI_USAGE;
}

static int set_up(struct setup *setup)
{
	struct pki_error error;

	if (!setup->root && !setup->options.is_config_given && geteuid() != 0) {
		cli_say(&setup->options, "only root may set this box up: sudo carepace setup");
		return CLI_UNREADABLE;
	}
	if (find_places(setup, &error) || !is_interrupt_watched(setup)) {
		cli_say(&setup->options, "%s", error.text);
		return CLI_USAGE;
	}
	find_user(setup);
	int status = ask_and_make(setup);
	watch_no_more(setup);
	return status ? status : examine(setup);
}

int cli_setup(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "setup",
	    .takes = CLI_TAKES_CONFIG | CLI_TAKES_JSON,
	    .about =
	        "Sets this box up: configuration, certificates, first device, head office. Asks on "
	        "a terminal what it is not told, and before it writes; can be run again at any "
	        "time, what is there is kept, and who says something else is told so. Ends with "
	        "carepace doctor. Exit status: 0 all is well, 1 all is written but doctor found a "
	        "failure, 2 something to say is missing, wrong or otherwise there, 3 something "
	        "could not be written, 130 interrupted by Ctrl-C.",
	    .options = own,
	    .parse = parse,
	};
	struct setup setup = {0};
	int status;

	if (!cli_parse(&syntax, argc, argv, &setup.options, &status))
		return status;
	if (setup.options.is_json) {
		setup.is_yes = true;
		setup.files = json_array();
		setup.about = json_object();
	}
	setup.is_asking = !setup.is_yes && isatty(STDIN_FILENO);
	status = set_up(&setup);
	json_decref(setup.files);
	json_decref(setup.about);
	return status;
}
