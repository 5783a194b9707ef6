/* What is there before `carepace setup`, held against what it was told. Somebody who says another
 * value expects it to be in force afterwards: nothing is kept in silence. */
#include "cli/setup.h"

#include "cli/pki_entry.h"
#include "io/config.h"
#include "pki/certificate.h"
#include "pki/file.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static void take_unless_given(char answer[SETUP_ANSWER_BYTES], const char *value)
{
	if (!*answer)
		snprintf(answer, SETUP_ANSWER_BYTES, "%s", value);
}

/* --- the configuration --------------------------------------------------------------------- */

static enum cp_err differs(const struct setup *setup, const char *name, const char *present,
    const char *said, struct pki_error *error)
{
	return pki_fail(error, CP_INVALID,
	    "%.120s says %s %.60s, you said %.60s: nothing was changed; say --force as well to "
	    "write it anew, or change it there",
	    setup->config, name, present, said);
}

static bool has_server(const struct config_upstream *upstream, const char *server)
{
	for (int i = 0; i < upstream->server_count; i++) {
		const char *address = strstr(upstream->servers[i], "://");
		if (address && strcasecmp(address + 3, server) == 0)
			return true;
	}
	return false;
}

static enum cp_err compare(
    const struct setup *setup, const struct config *config, struct pki_error *error)
{
	const struct config_upstream *upstream = &config->upstream;

	if (*setup->site && strcmp(setup->site, config->site.name) != 0)
		return differs(setup, "site.name", config->site.name, setup->site, error);
	if (*setup->timezone && strcasecmp(setup->timezone, config->site.timezone) != 0)
		return differs(
		    setup, "site.timezone", config->site.timezone, setup->timezone, error);
	if (*setup->head_office && !has_server(upstream, setup->head_office))
		return differs(setup, "upstream.servers",
		    upstream->server_count ? strstr(upstream->servers[0], "://") + 3 : "nothing",
		    setup->head_office, error);
	return CP_OK;
}

/* Without --force what is there decides; with it, where nothing else is said. */
static enum cp_err inherit(
    struct setup *setup, const struct config *config, struct pki_error *error)
{
	const struct config_upstream *upstream = &config->upstream;
	enum cp_err err = setup->has_config ? compare(setup, config, error) : CP_OK;

	if (err)
		return err;
	if (setup->has_config)
		setup->timezone[0] = '\0'; /* perhaps written with other capitals */
	take_unless_given(setup->site, config->site.name);
	if (!*setup->timezone)
		setup->zone_from = "as the configuration";
	take_unless_given(setup->timezone, config->site.timezone);
	if (setup->has_config || !upstream->server_count)
		return CP_OK;
	if (upstream->server_count > 1 && !*setup->head_office)
		return pki_fail(error, CP_INVALID,
		    "say --head-office: %s names several brokers, and only one can be written anew",
		    setup->config);
	take_unless_given(setup->head_office, strstr(upstream->servers[0], "://") + 3);
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

/* --- certificates -------------------------------------------------------------------------- */

static bool is_named(const struct certificate *certificate, const char *host, size_t len)
{
	for (size_t i = 0; i < certificate->name_count; i++)
		if (strlen(certificate->names[i]) == len &&
		    strncasecmp(certificate->names[i], host, len) == 0)
			return true;
	return false;
}

/* The hosts stand in a certificate, not in the configuration. */
static enum cp_err compare_hosts(const struct setup *setup, struct pki_error *error)
{
	struct certificate listener;
	struct pki_error unsaid; /* doctor says it */
	char path[PATH_MAX];
	char names[120];
	enum cp_err err = file_join(path, setup->pki, "listener.pem", error);

	if (err || !setup->has_authority || certificate_load(path, &listener, &unsaid))
		return err;
	for (const char *at = setup->hosts; *at;) {
		size_t len = strcspn(at, ", ");
		if (len && !is_named(&listener, at, len))
			return pki_fail(error, CP_INVALID,
			    "the gateway's certificate is for %s, you said %.*s: nothing was "
			    "changed; carepace pki listener --host NAME makes a new one, for each "
			    "--host that is said",
			    certificate_names_text(&listener, names, sizeof(names)),
			    len < 60 ? (int)len : 60, at);
		at += len + strspn(at + len, ", ");
	}
	return CP_OK;
}

static enum cp_err compare_device(const struct setup *setup, struct pki_error *error)
{
	struct registry *registry;
	char path[PATH_MAX];
	enum cp_err err = file_join(path, setup->pki, "registry", error);

	if (err || !*setup->device || !*setup->kind || !setup->has_authority ||
	    registry_load(path, &registry, error))
		return err;
	const struct registry_entry *bearer = pki_bearer(registry, setup->device);
	if (bearer && strcmp(pki_kind_name(bearer->kind), setup->kind) != 0)
		err = pki_fail(error, CP_INVALID,
		    "\"%.60s\" is a %s, you said %.20s: nothing was changed; give the new device "
		    "another name",
		    setup->device, pki_kind_name(bearer->kind), setup->kind);
	registry_free(registry);
	return err;
}

enum cp_err setup_compare(struct setup *setup, struct pki_error *error)
{
	char key[PATH_MAX];
	enum cp_err err = file_join(key, setup->pki, "ca.key", error);

	setup->has_authority = !err && access(key, F_OK) == 0;
	if (!err)
		err = read_config(setup, error);
	if (!err)
		err = compare_hosts(setup, error);
	return err ? err : compare_device(setup, error);
}
