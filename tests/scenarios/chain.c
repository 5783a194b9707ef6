#include "chain.h"

#include "telemetry.pb-c.h"
#include "words.h"

#include <stdio.h>

#define CHECKS carepace__v1__check__descriptor

static void switch_all(struct chain *chain, bool is_off)
{
	for (unsigned i = 0; i < CHECKS.n_values; i++)
		chain->is_off[i] = is_off && CHECKS.values[i].value != 0;
}

/* False when it is no check: the word begins something else. */
static bool switch_one(struct chain *chain, const char *name, bool is_off)
{
	size_t len = strcspn(name, ",");

	for (unsigned i = 0; i < CHECKS.n_values; i++)
		if (strlen(CHECKS.values[i].name) == len &&
		    strncmp(CHECKS.values[i].name, name, len) == 0) {
			chain->is_off[i] = is_off;
			return true;
		}
	return false;
}

/* The names that follow, with or without commas between them. */
static void switch_some(struct chain *chain, struct words *words, bool is_off)
{
	bool is_any = false;

	while (*words_peek(words) && switch_one(chain, words_peek(words), is_off)) {
		words_take(words);
		is_any = true;
	}
	if (!is_any)
		clinic_fail(words->clinic, "'%s' is no check", words_peek(words));
}

/* The same parameter of the same check has one value. */
static void set(struct chain *chain, struct clinic *clinic, const char *setting)
{
	size_t name_len = strcspn(setting, ":");
	size_t place = 0;

	if (setting[name_len] == ':')
		name_len += 1 + strcspn(setting + name_len + 1, ":");
	while (place < chain->setting_count &&
	       strncmp(chain->settings[place], setting, name_len + 1) != 0)
		place++;
	if (place == CHAIN_SETTINGS_MAX || strlen(setting) >= CHAIN_SETTING_BYTES) {
		clinic_fail(clinic, "too many settings, or too long: %s", setting);
		return;
	}
	snprintf(chain->settings[place], CHAIN_SETTING_BYTES, "%s", setting);
	if (place == chain->setting_count)
		chain->setting_count++;
}

void chain_take(struct chain *chain, struct words *words)
{
	CP_CHECK(CHECKS.n_values <= CHAIN_CHECKS_MAX);
	chain->has_policy = true;
	while (*words_peek(words) && !clinic_failed(words->clinic)) {
		const char *what = words_take(words);
		if (strcmp(what, "only") == 0)
			switch_all(chain, true);
		if (strcmp(what, "setting") == 0)
			set(chain, words->clinic, words_take(words));
		else if (strcmp(what, "off") == 0)
			switch_some(chain, words, true);
		else if (strcmp(what, "on") == 0 || strcmp(what, "only") == 0)
			switch_some(chain, words, false);
		else
			clinic_fail(words->clinic, "a policy cannot '%s'", what);
	}
}
