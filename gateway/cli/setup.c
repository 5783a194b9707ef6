#include "cli/setup.h"

#include "cli/commands.h"
#include "cli/output.h"
#include "io/config.h"
#include "ledger/view/view.h"
#include "pki/file.h"

#include <grp.h>
#include <pwd.h>
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
    {"yes", KEY_YES, NULL, 0, "ask nothing", 0},
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

static void find_user(struct setup *setup)
{
	const struct passwd *user = geteuid() == 0 ? getpwnam(SERVICE_USER) : NULL;
	const struct group *group = getgrnam(SERVICE_USER);

	setup->has_unit =
	    systemd_unit_is_installed(setup->root ? setup->root : "", "carepace.service");
	setup->has_user = user && group;
	if (setup->has_user) {
		setup->user = user->pw_uid;
		setup->group = group->gr_gid;
	}
}

static void take_unless_given(char answer[SETUP_ANSWER_BYTES], const char *value)
{
	if (!*answer)
		snprintf(answer, SETUP_ANSWER_BYTES, "%s", value);
}

/* Without --force what is there decides; with it, where nothing else is said. */
static enum cp_err inherit(
    struct setup *setup, const struct config *config, struct pki_error *error)
{
	const struct config_upstream *upstream = &config->upstream;
	const char *server = upstream->server_count ? strstr(upstream->servers[0], "://") : NULL;

	if (setup->has_config)
		setup->site[0] = setup->timezone[0] = '\0';
	take_unless_given(setup->site, config->site.name);
	take_unless_given(setup->timezone, config->site.timezone);
	setup->has_office = server != NULL;
	if (setup->has_config || !server)
		return CP_OK;
	if (upstream->server_count > 1 && !*setup->head_office)
		return pki_fail(error, CP_INVALID,
		    "say --head-office: %s names several brokers, and only one can be written anew",
		    setup->config);
	take_unless_given(setup->head_office, server + 3);
	return CP_OK;
}

/* The policy file that it names may still be missing. */
static enum cp_err read_config(struct setup *setup, struct pki_error *error)
{
	struct config config;
	struct buf text;
	struct buf faults;
	enum cp_err err = file_read(setup->config, CONFIG_FILE_MAX_BYTES, &text, error);

	if (err)
		return err == CP_NOTFOUND || setup->is_forced ? CP_OK : err;
	setup->has_config = !setup->is_forced;
	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	err = config_parse(&config, setup->config, buf_bytes(&text), &faults);
	struct slice said = buf_bytes(&faults);
	if (!err) {
		err = inherit(setup, &config, error);
		config_free(&config);
	} else if (setup->is_forced) {
		err = CP_OK; /* then everything is to be said */
	} else {
		err = pki_fail(error, CP_CONFIG, "%.*s; correct it, or let --force write it anew",
		    said.len ? (int)strcspn((const char *)said.p, "\n") : 0,
		    said.len ? (const char *)said.p : "");
	}
	buf_deinit(&faults);
	buf_deinit(&text);
	return err;
}

/* --- the command ---------------------------------------------------------------------------- */

static int examine(struct setup *setup)
{
	json_t *findings = NULL;

	setup->options.config_path = setup->config;
	if (setup->about) {
		int found = doctor_examine(&setup->options, false, &findings);
		json_put(setup->about, "files", json_incref(setup->files));
		json_put(setup->about, "doctor", findings);
		json_print(json_incref(setup->about));
		return found;
	}
	puts("\ncarepace doctor says:\n");
	int status = doctor_examine(&setup->options, false, NULL);
	if (setup->root)
		return status;
	puts(status ? "\nCorrect what has failed, then: systemctl enable --now carepace"
	            : "\nNext: systemctl daemon-reload && systemctl enable --now carepace");
	return status;
}

static int set_up(struct setup *setup)
{
	enum cp_err (*const steps[])(const struct setup *setup, struct pki_error *error) = {
	    setup_folders, setup_authority, setup_device, setup_head_office, setup_files};
	struct pki_error error;
	enum cp_err err = find_places(setup, &error);

	find_user(setup);
	if (!err)
		err = read_config(setup, &error);
	if (!err && setup_ask(setup))
		return CLI_USAGE;
	for (size_t i = 0; i < CP_COUNT(steps) && !err; i++)
		err = steps[i](setup, &error);
	if (!err)
		return examine(setup);
	cli_say(&setup->options, "%s", error.text);
	return err == CP_INVALID ? CLI_USAGE : CLI_UNREADABLE;
}

int cli_setup(int argc, char **argv)
{
	static const struct cli_syntax syntax = {
	    .name = "setup",
	    .takes = CLI_TAKES_CONFIG | CLI_TAKES_JSON,
	    .about =
	        "Sets this box up: configuration, certificates, first device, head office. Asks on "
	        "a "
	        "terminal what it is not told; can be run again at any time, what is there is "
	        "kept. "
	        "Ends with carepace doctor. Exit status: 0 all is well, 1 all is written but "
	        "doctor "
	        "found a failure, 2 something to say is missing or wrong, 3 something could not be "
	        "written.",
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
	status = set_up(&setup);
	json_decref(setup.files);
	json_decref(setup.about);
	return status;
}
