#include "shell/reload_set.h"

#include "io/config_credential.h"
#include "io/log.h"
#include "io/settings.h"

struct tls_files reload_files(const struct config *config, const struct ticket_keys *keys)
{
	return (struct tls_files){
	    .ca = config->listener.ca,
	    .cert = config->listener.certificate,
	    .key = config->listener.key,
	    .registry = config->listener.registry,
	    .tickets = keys,
	};
}

/* --- read -------------------------------------------------------------------------------- */

enum cp_err reload_show_head_office(
    const struct config *config, struct tls_shown *out, struct pki_error *error)
{
	const struct config_upstream *upstream = &config->upstream;
	const struct tls_files files = {
	    .ca = upstream->ca, .cert = upstream->certificate, .key = upstream->key};

	*out = (struct tls_shown){0};
	return upstream->server_count ? tls_show_client(&files, out, error) : CP_OK;
}

void reload_set_read(struct reload_set *set, const char *path, const struct ticket_keys *keys)
{
	buf_init(&set->faults, CONFIG_FAULTS_MAX_BYTES);
	set->err = config_load(&set->config, path, &set->faults);
	if (set->err)
		return;
	struct tls_files files = reload_files(&set->config, keys);
	set->err = tls_config_new(&files, &set->tls, &set->error);
	if (!set->err)
		set->err =
		    reload_show_head_office(&set->config, &set->shown.head_office, &set->error);
	if (!set->err)
		tls_show(set->tls, &set->shown.devices);
}

void reload_set_deinit(struct reload_set *set)
{
	tls_config_drop(set->tls);
	config_free(&set->config);
	buf_deinit(&set->faults);
	*set = (struct reload_set){0};
}

/* --- faults -------------------------------------------------------------------------------- */

void reload_set_say_faults(const struct reload_set *set)
{
	struct slice text = buf_bytes(&set->faults);

	if (text.len == 0)
		log_error(
		    "reload: %s", set->error.text[0] ? set->error.text : cp_err_text(set->err));
	while (text.len) {
		const uint8_t *end = memchr(text.p, '\n', text.len);
		size_t len = end ? (size_t)(end - text.p) : text.len;
		log_error("reload: %.*s", (int)len, (const char *)text.p);
		text = slice_from(text, len + 1);
	}
	log_event(RELOAD_FAILED, RELOAD_REFUSED);
}

/* --- changes ------------------------------------------------------------------------------- */

/* Returns whether it is taken. */
static bool say_setting(
    struct reload_set *set, struct config *in_force, const struct setting *setting)
{
	char before[SETTING_TEXT_BYTES];
	char after[SETTING_TEXT_BYTES];

	setting_print(setting, in_force, before);
	setting_print(setting, &set->config, after);
	if (strcmp(before, after) == 0 || config_credential_is_same(before, after))
		return false; /* another key shows in its certificate */
	if (setting->is_live) {
		log_notice(
		    "reload: %s.%s %s -> %s", setting->section, setting->name, before, after);
		return true;
	}
	log_warning("reload: %s.%s %s -> %s needs a restart: until then it stays %s",
	    setting->section, setting->name, before, after, before);
	setting_swap(setting, &set->config, in_force);
	return false;
}

static bool say_certificates(
    const char *section, const struct tls_shown *before, const struct tls_shown *after)
{
	bool has_other_certificate = strcmp(before->certificate, after->certificate) != 0;
	bool has_other_ca = strcmp(before->ca, after->ca) != 0;
	bool were_both = before->ca[0] && after->ca[0]; /* else the settings have said it */

	if (has_other_certificate && were_both)
		log_notice("reload: the certificate of %s: %s -> %s", section, before->certificate,
		    after->certificate);
	if (has_other_ca && were_both)
		log_notice("reload: the authority of %s: %s -> %s", section, before->ca, after->ca);
	return has_other_certificate || has_other_ca;
}

/* The numbers of its section are the ledger's (struct ledger_limits). */
static bool concerns_head_office(const struct setting *setting)
{
	return strcmp(setting->section, "upstream") == 0 && setting->type != SETTING_NUMBER &&
	       setting->type != SETTING_BYTES;
}

unsigned reload_set_say_changes(struct reload_set *set, struct config *in_force,
    const struct reload_shown *shown, bool *has_new_head_office)
{
	unsigned changes = 0;

	*has_new_head_office = false;
	for (size_t i = 0; i < setting_count; i++) {
		if (!say_setting(set, in_force, &settings[i]))
			continue;
		changes++;
		if (concerns_head_office(&settings[i]))
			*has_new_head_office = true;
	}
	if (say_certificates("the listener", &shown->devices, &set->shown.devices))
		changes++;
	if (say_certificates("upstream", &shown->head_office, &set->shown.head_office)) {
		changes++;
		*has_new_head_office = true;
	}
	return changes;
}
