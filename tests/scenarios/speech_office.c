#include "show.h"
#include "speech_parts.h"

#include <stdio.h>

/* Before everything that a scenario tells: 2020-01-01. */
#define LONG_AGO INT64_C(1577836800000)

/* --- the key of an order ------------------------------------------------------------------- */

/* What an order speaks of: these fields of it. The order itself where none is named, and
 * the site where there are none ("-"). */
static const char *identity_of(const char *body)
{
	static const struct {
		const char *body;
		const char *fields;
	} identities[] = {{"plan", "course"}, {"client_flags", "client_token"},
	    {"client_history", "client_token"}, {"cart_history", "cart sid"},
	    {"cart_seen", "cart sid"}, {"cart_stock", "cart"}, {"session_seen", "sid"},
	    {"booking", "booking"}, {"billing_line", "line"}, {"cert", "operator_token"},
	    {"device", "device"}, {"calendar", ""}, {"clinic_role", ""}, {"model_profile", "model"},
	    {"recall_lots", "gtin lot"}, {"firmware_policy", "model"}, {"policy", ""},
	    {"device_assign", "device"}, {"site_time", ""}, {"client_forget", "client_token"}};

	for (size_t i = 0; i < CP_COUNT(identities); i++)
		if (strcmp(identities[i].body, body) == 0)
			return identities[i].fields;
	return NULL;
}

static const char *make_key(
    struct clinic *clinic, const char *body, const ProtobufCMessage *message, char key[97])
{
	const char *identity = identity_of(body);
	char copy[64];
	char *rest = copy;
	char *field;
	char text[SHOW_BYTES];
	int len = snprintf(key, 97, "%s", body);

	if (!identity)
		snprintf(key + len, (size_t)(97 - len), ":%u", (unsigned)clinic->order_count + 1);
	snprintf(copy, sizeof(copy), "%s", identity ? identity : "");
	while ((field = strsep(&rest, " ")) && *field)
		len += snprintf(key + len, len < 97 ? (size_t)(97 - len) : 0, ":%s",
		    show_named(message, field, text));
	return key;
}

/* --- sentences ------------------------------------------------------------------------------ */

/* A client of whom everything is known and nothing is wrong, but for what was said. */
static void fill_client(struct told *told, const struct device *device)
{
	const Carepace__V1__ClientFlags *body = (const void *)told->message;
	const ProtobufCEnumDescriptor *flags = &carepace__v1__flag__descriptor;

	(void)device;
	for (unsigned i = 0; i < flags->n_values; i++) {
		char entry[64];
		size_t n = 0;
		while (n < body->n_flag && (int)body->flag[n]->flag != flags->values[i].value)
			n++;
		snprintf(entry, sizeof(entry), "%s:NO", flags->values[i].name);
		if (n == body->n_flag && flags->values[i].value != 0)
			tell_field(told, "flag", entry);
	}
}

static const struct sentence sentences[] = {
    {"plan", "plan", "course client_token band planned", "state=ACTIVE", NULL},
    {"client", "client_flags", "client_token", "age_ok_18=yes age_ok_22=yes fitzpatrick=3",
        fill_client},
};

static void send_order(struct clinic *clinic, Carepace__V1__Order *order,
    const ProtobufCFieldDescriptor *field, ProtobufCMessage *body)
{
	char key[97];

	if (clinic_failed(clinic))
		return;
	if (!order->key || !*order->key)
		order->key = (char *)make_key(clinic, field->name, body, key);
	speech_put_body(&order->base, field, body);
	clinic_order(clinic, order);
}

void speech_policy(struct clinic *clinic, wall_ms since)
{
	const ProtobufCEnumDescriptor *checks = &carepace__v1__check__descriptor;
	const ProtobufCFieldDescriptor *field =
	    speech_body(clinic, &carepace__v1__order__descriptor, "policy");
	struct told told = tell_begin(clinic, &carepace__v1__policy__descriptor);
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	char version[16];

	snprintf(version, sizeof(version), "%u", (unsigned)++clinic->chain.version);
	tell_field(&told, "version", version);
	for (unsigned i = 0; i < checks->n_values; i++)
		if (clinic->chain.is_off[i])
			tell_field(&told, "off", checks->values[i].name);
	for (size_t i = 0; i < clinic->chain.setting_count; i++)
		tell_field(&told, "setting", clinic->chain.settings[i]);
	order.ts_ms = since;
	send_order(clinic, &order, field, told.message);
}

void speech_head_office(struct clinic *clinic, struct words *words)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	const char *verb = words_take(words);

	order.ts_ms = words_time_option(words, "since", clinic->is_setup ? LONG_AGO : clinic->now);
	if (strcmp(verb, "policy") == 0) {
		chain_take(&clinic->chain, words);
		speech_policy(clinic, order.ts_ms);
		return;
	}
	order.key = (char *)words_option(words, "key");
	order.revision = words_number_option(words, "revision", 0);
	struct sentence sentence = speech_find(sentences, CP_COUNT(sentences), verb, words);
	const ProtobufCFieldDescriptor *field =
	    speech_body(clinic, &carepace__v1__order__descriptor, sentence.body);
	if (field)
		send_order(clinic, &order, field, speech_compose(words, &sentence, field, NULL));
}
