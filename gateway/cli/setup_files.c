/* What `carepace setup` writes beside certificates: folders, configuration, policy, drop-in. */
#include "cli/setup.h"

#include "cli/output.h"
#include "io/settings.h"
#include "pki/file.h"

#include "policy_example.h"
#include "site_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHOICES_MAX 16
#define VALUE_BYTES (PATH_MAX + 8)

static void say_file(const char *done, const char *path, const char *what)
{
	char text[PATH_MAX + SETUP_ANSWER_BYTES];

	snprintf(text, sizeof(text), "%s (%s)", path, what);
	printf("%-6s ", done);
	print_wrapped(text, 7);
}

static void tell(struct setup *setup, bool is_new, const char *path, const char *what)
{
	if (setup->files)
		json_append(setup->files,
		    json_pack("{s:s, s:s, s:b}", "path", path, "what", what, "is_new", is_new));
	else
		say_file(is_new ? "wrote" : "kept", path, what);
}

void setup_wrote(struct setup *setup, const char *path, const char *what)
{
	tell(setup, true, path, what);
	setup->written++;
}

void setup_kept(struct setup *setup, const char *path, const char *what)
{
	tell(setup, false, path, what);
}

bool setup_has_content(const char *path, struct slice content)
{
	struct pki_error error;
	struct buf bytes;

	if (file_read(path, content.len + 1, &bytes, &error))
		return false;
	bool is_same = slice_eq(buf_bytes(&bytes), content);
	explicit_bzero(bytes.p, bytes.cap); /* it may be a key */
	buf_deinit(&bytes);
	return is_same;
}

/* --- folders ------------------------------------------------------------------------------- */

enum cp_err setup_share(
    const struct setup *setup, const char *path, mode_t mode, struct pki_error *error)
{
	if (!setup->has_user)
		return CP_OK;
	if (chown(path, 0, setup->group) < 0 || chmod(path, mode) < 0)
		return pki_fail(error, CP_IO, "cannot let the group " SERVICE_USER " read %s: %s",
		    path, strerror(errno));
	return CP_OK;
}

enum cp_err setup_give_key(const struct setup *setup, const char *path, struct pki_error *error)
{
	if (setup->has_user && !setup->has_unit && access(path, F_OK) == 0 &&
	    chown(path, setup->user, setup->group) < 0)
		return pki_fail(
		    error, CP_IO, "cannot make %s the service's own: %s", path, strerror(errno));
	return CP_OK;
}

/* All that is missing of it, readable by everybody: the last one is narrowed by who wants it. */
static enum cp_err make_folders(const char *path, struct pki_error *error)
{
	char part[PATH_MAX];

	for (const char *end = path; *end;) {
		end += 1 + strcspn(end + 1, "/");
		snprintf(part, sizeof(part), "%.*s", (int)(end - path), path);
		if (mkdir(part, 0755) < 0 && errno != EEXIST)
			return pki_fail(error, CP_IO, "cannot make the folder %s: %s%s", part,
			    strerror(errno),
			    errno == EACCES ? "; run it as root: sudo carepace setup" : "");
	}
	return CP_OK;
}

/* systemd would make the store's, too; the folder is there before, so that all can be looked at. */
static enum cp_err make_store(struct setup *setup, struct pki_error *error)
{
	struct stat st;
	enum cp_err err;

	if (stat(setup->store, &st) == 0)
		return CP_OK;
	err = make_folders(setup->store, error);
	if (err)
		return err;
	if (chmod(setup->store, 0700) < 0 ||
	    (setup->has_user && chown(setup->store, setup->user, setup->group) < 0))
		return pki_fail(error, CP_IO, "cannot make %s the service's own: %s", setup->store,
		    strerror(errno));
	setup_wrote(setup, setup->store, "the folder of the store");
	return CP_OK;
}

enum cp_err setup_folders(struct setup *setup, struct pki_error *error)
{
	enum cp_err err = make_folders(setup->dir, error);

	if (!err)
		err = setup_share(setup, setup->dir, 0750, error);
	return err ? err : make_store(setup, error);
}

/* --- the configuration --------------------------------------------------------------------------
 */

struct draft {
	struct setting_choice choices[CHOICES_MAX + 1];
	char values[CHOICES_MAX][VALUE_BYTES];
	size_t count;
};

/* As YAML has it: a quoted text, which is never taken for a number or a word of its own. */
static void choose(struct draft *draft, const char *section, const char *name, const char *format,
    const char *text)
{
	char escaped[PATH_MAX];
	size_t len = 0;

	for (; *text && len + 2 < sizeof(escaped); text++) {
		if (*text == '"' || *text == '\\')
			escaped[len++] = '\\';
		escaped[len++] = *text;
	}
	escaped[len] = '\0';
	CP_CHECK(draft->count < CHOICES_MAX);
	char *value = draft->values[draft->count];
	int before = (int)strcspn(format, "*");
	snprintf(value, VALUE_BYTES, "%.*s%s%s", before, format, escaped, format + before + 1);
	draft->choices[draft->count++] = (struct setting_choice){section, name, value};
}

/* With a prefix the tree may be looked at here and run elsewhere. */
static void choose_path(struct setup *setup, struct draft *draft, const char *section,
    const char *name, const char *path)
{
	char whole[PATH_MAX];

	snprintf(whole, sizeof(whole), "%.2000s/%.200s", setup->dir, path);
	choose(draft, section, name, "\"*\"", setup->root ? path : whole);
}

/* From the folder of the configuration up to the prefix and down again. */
static void choose_store(struct setup *setup, struct draft *draft)
{
	char path[PATH_MAX] = "";
	size_t root_len = setup->root ? strlen(setup->root) : 0;
	size_t len = 0;

	if (!setup->root) {
		choose(draft, "store", "path", "\"*\"", setup->store);
		return;
	}
	for (const char *at = setup->dir + root_len; *at && len + 4 < sizeof(path); at++)
		if (*at == '/' && at[1] && at[1] != '/')
			len += (size_t)snprintf(path + len, sizeof(path) - len, "../");
	snprintf(path + len, sizeof(path) - len, "%.2000s",
	    setup->store + root_len + strspn(setup->store + root_len, "/"));
	choose(draft, "store", "path", "\"*\"", path);
}

static void decide(struct setup *setup, struct draft *draft)
{
	choose(draft, "site", "name", "\"*\"", setup->site);
	choose(draft, "site", "timezone", "\"*\"", setup->timezone);
	choose_store(setup, draft);
	choose_path(setup, draft, "listener", "certificate", "pki/listener.pem");
	choose_path(setup, draft, "listener", "key", "pki/listener.key");
	choose_path(setup, draft, "listener", "ca", "pki/ca.pem");
	choose_path(setup, draft, "listener", "registry", "pki/registry");
	choose_path(setup, draft, "policy", "file", "policy.yaml");
	if (!*setup->head_office)
		return;
	choose(draft, "upstream", "servers", "[\"*\"]", setup->head_office);
	choose_path(setup, draft, "upstream", "ca", "upstream/ca.pem");
	choose_path(setup, draft, "upstream", "certificate", "upstream/client.pem");
	choose_path(setup, draft, "upstream", "key", "upstream/client.key");
}

/* Nothing is written that the gateway would not take. */
static enum cp_err check(struct setup *setup, struct slice text, struct pki_error *error)
{
	struct config config;
	struct buf faults;

	buf_init(&faults, CONFIG_FAULTS_MAX_BYTES);
	enum cp_err err = config_parse(&config, setup->config, text, &faults);
	struct slice said = buf_bytes(&faults);
	if (!err)
		config_free(&config);
	else
		err = pki_fail(error, CP_INVALID, "%.*s",
		    said.len ? (int)strcspn((const char *)said.p, "\n") : 0,
		    said.len ? (const char *)said.p : "");
	buf_deinit(&faults);
	return err;
}

static enum cp_err keep_old(struct setup *setup, struct pki_error *error)
{
	char old[PATH_MAX + 8];

	if (access(setup->config, F_OK) < 0)
		return CP_OK;
	snprintf(old, sizeof(old), "%s.old", setup->config);
	unlink(old);
	if (link(setup->config, old) < 0)
		return pki_fail(
		    error, CP_IO, "cannot keep %s as %s: %s", setup->config, old, strerror(errno));
	setup_kept(setup, old, "the configuration before");
	return CP_OK;
}

static enum cp_err place(struct setup *setup, const char *path, struct slice text, const char *what,
    struct pki_error *error)
{
	enum cp_err err = file_replace(path, 0640, text, error);

	if (!err)
		err = setup_share(setup, path, 0640, error);
	if (!err)
		setup_wrote(setup, path, what);
	return err;
}

static enum cp_err write_config(struct setup *setup, struct pki_error *error)
{
	struct draft draft = {0};
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return pki_fail(error, CP_NOMEM, "no memory for the configuration");
	decide(setup, &draft);
	settings_print(out, draft.choices);
	fclose(out);
	enum cp_err err = check(setup, slice_of(text, len), error);
	if (!err)
		err = keep_old(setup, error);
	if (!err)
		err = place(setup, setup->config, slice_of(text, len), "the configuration", error);
	free(text);
	return err;
}

/* --- the drop-in of the unit
 * ------------------------------------------------------------------------ */

static enum cp_err write_drop_in(struct setup *setup, struct pki_error *error)
{
	static const char mark[] = "=@networks@";
	char folder[PATH_MAX];
	char text[sizeof(site_conf) + SETUP_ANSWER_BYTES];
	char networks[SETUP_ANSWER_BYTES];
	const char *at = strstr(site_conf, mark);

	CP_CHECK(at != NULL);
	snprintf(networks, sizeof(networks), "%s", setup->networks);
	for (char *comma = networks; (comma = strchr(comma, ','));)
		*comma = ' ';
	int len = snprintf(text, sizeof(text), "%.*s=%s%s", (int)(at - site_conf), site_conf,
	    networks, at + sizeof(mark) - 1);
	snprintf(folder, sizeof(folder), "%.*s",
	    (int)(strrchr(setup->drop_in, '/') - setup->drop_in), setup->drop_in);
	if (setup_has_content(setup->drop_in, slice_of(text, (size_t)len))) {
		setup_kept(setup, setup->drop_in, "who may reach the gateway");
		return CP_OK;
	}
	enum cp_err err = make_folders(folder, error);
	if (!err)
		err = file_replace(setup->drop_in, 0644, slice_of(text, (size_t)len), error);
	if (!err)
		setup_wrote(setup, setup->drop_in, "who may reach the gateway");
	setup->has_new_networks = !err;
	return err;
}

/* --- all of them
 * ---------------------------------------------------------------------------------- */

enum cp_err setup_files(struct setup *setup, struct pki_error *error)
{
	char policy[PATH_MAX];
	enum cp_err err = file_join(policy, setup->dir, "policy.yaml", error);

	if (!err && access(policy, F_OK) == 0)
		setup_kept(setup, policy, "the clinic's policy");
	else if (!err)
		err = place(setup, policy, slice_str(policy_example),
		    "the clinic's policy, all of it commented out", error);
	if (!err && setup->has_config)
		setup_kept(setup, setup->config, "the configuration");
	else if (!err)
		err = write_config(setup, error);
	if (!err && *setup->networks)
		err = write_drop_in(setup, error);
	return err ? err : file_sync_dir(setup->dir, error);
}
