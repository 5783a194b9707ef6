/* setup.h - `carepace setup`: from a box with the package to one that could start.
 *
 * What:    asks what only people know (on a terminal; else options say it), makes what is
 *          missing and keeps what is there, so that it can be run again after anything.
 * Files:   PREFIX/etc/carepace/ carepace.yaml policy.yaml pki/ upstream/, the folder of the
 *          store, and the unit's drop-in site.conf when networks are named. PREFIX is
 *          --root; with it the configuration has relative paths, so that it holds wherever
 *          the tree is mounted.
 * Owners:  as root on a box that has the group carepace: root's, readable by that group, but
 *          keys by root alone (the unit has them handed over by systemd).
 * Errors:  one sentence; what was made before stays.
 */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/doctor.h"
#include "cli/pki_request.h"

#include <limits.h>
#include <sys/types.h>

#define SETUP_ANSWER_BYTES 300

struct setup {
	struct cli_options options; /* config_path: as given, without the prefix */
	const char *root;           /* NULL: this system */
	bool is_yes;                /* no questions */
	bool is_forced;
	bool is_asking; /* at a terminal: what is not given, and whether all is right */
	int interrupts; /* readable after Ctrl-C */

	/* Answers; "" is not given. */
	char site[SETUP_ANSWER_BYTES];
	char timezone[SETUP_ANSWER_BYTES];
	char hosts[SETUP_ANSWER_BYTES]; /* with commas between them; these two */
	char networks[SETUP_ANSWER_BYTES];
	char head_office[SETUP_ANSWER_BYTES]; /* host:port */
	char office_ca[SETUP_ANSWER_BYTES];   /* these three: files to take over */
	char certificate[SETUP_ANSWER_BYTES];
	char key[SETUP_ANSWER_BYTES];
	char device[SETUP_ANSWER_BYTES];
	char kind[SETUP_ANSWER_BYTES];

	const char *zone_from; /* "as /etc/localtime"; NULL: said */

	struct json_t *files;           /* with --json: what was written and kept, and */
	struct json_t *about;           /* all that is to be said; else NULL, both */
	char device_id[ID_HEX_LEN + 1]; /* of the new one */
	struct systemd_unit unit;
	size_t written; /* files and folders that were not so before */

	/* Where. */
	char config[PATH_MAX];
	char dir[PATH_MAX];
	char pki[PATH_MAX];
	char upstream[PATH_MAX];
	char store[PATH_MAX];
	char drop_in[PATH_MAX];
	bool has_config;    /* it was there: its site and zone count */
	bool has_authority; /* it was there, with a certificate for the gateway */
	bool has_unit;      /* carepace.service is installed */
	bool has_new_networks;
	bool has_new_device;
	bool has_new_request; /* for a certificate for head office */
	bool has_user;        /* root sets up for the user carepace: */
	uid_t user;
	gid_t group;
};

/* What is there already. CP_INVALID: what was given is something else, and so nothing is done. */
enum cp_err setup_compare(struct setup *setup, struct pki_error *error) CP_MUST_CHECK;

/* Fills what is not given: asks, or takes what is evident. CP_INVALID: something is missing or
 * wrong; it was said. */
enum cp_err setup_ask(struct setup *setup) CP_MUST_CHECK;

/* What this box (or the system in --root) shows by itself; "" for what it does not. The zone
 * tells where it is from. */
const char *setup_evident_site(char out[SETUP_ANSWER_BYTES]);
const char *setup_evident_zone(struct setup *setup, char out[SETUP_ANSWER_BYTES]);
const char *setup_evident_hosts(const struct setup *setup, char out[SETUP_ANSWER_BYTES]);

/* A line of the terminal, without its end; "" stands for `otherwise`. False: it has not come. */
bool setup_has_answered(const struct setup *setup, const char *question, const char *otherwise,
    char out[SETUP_ANSWER_BYTES]);
bool setup_is_interrupted(const struct setup *setup);

/* What will be made, and whether that is right. False: it is not. */
bool setup_confirm(const struct setup *setup);

/* What a person does next, in order; nothing else. */
void setup_print_next(const struct setup *setup, int doctors_status);

/* In this order; each says what it wrote and what it kept. */
enum cp_err setup_folders(struct setup *setup, struct pki_error *error) CP_MUST_CHECK;
enum cp_err setup_authority(struct setup *setup, struct pki_error *error) CP_MUST_CHECK;
enum cp_err setup_device(struct setup *setup, struct pki_error *error) CP_MUST_CHECK;
enum cp_err setup_head_office(struct setup *setup, struct pki_error *error) CP_MUST_CHECK;
enum cp_err setup_files(struct setup *setup, struct pki_error *error) CP_MUST_CHECK;

/* Readable by the service, changed by root only. Without that user: as it is. */
enum cp_err setup_share(const struct setup *setup, const char *path, mode_t mode,
    struct pki_error *error) CP_MUST_CHECK;

/* systemd hands a root's key over to the service; without the unit it must be the service's own. */
enum cp_err setup_give_key(
    const struct setup *setup, const char *path, struct pki_error *error) CP_MUST_CHECK;

/* What the file has is this already. */
bool setup_has_content(const char *path, struct slice content);

void setup_wrote(struct setup *setup, const char *path, const char *what);
void setup_kept(struct setup *setup, const char *path, const char *what);

#endif
