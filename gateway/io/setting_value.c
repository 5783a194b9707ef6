/* One value of the configuration: from the text in the file to the member of
 * struct config, and back to memory. Strict on purpose: "12x", "010", "1.9",
 * "maybe" are errors, not guesses. */
#include "io/settings.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#define HOST_MAX_LEN 255 /* RFC 1035, section 2.3.4 */
#define PATH_MAX_LEN 1024
#define SITE_MAX_LEN 32 /* DESIGN section 5 */
#define SERVER_SCHEME "ssl://"

struct unit {
	const char *name;
	int factor;
};

static const struct unit byte_units[] = {{"", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {NULL, 0}};
static const struct unit second_units[] = {
    {"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0}};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

static void *member_of(const struct setting *setting, struct config *config)
{
	return (char *)config + setting->offset;
}

/* Digits without a leading zero, then one of the units, and nothing else. */
static bool parse_number(
    const struct setting *setting, struct slice text, const struct unit *units, int *out)
{
	int64_t value = 0;
	size_t digits = 0;

	while (digits < text.len && text.p[digits] >= '0' && text.p[digits] <= '9') {
		value = value * 10 + (text.p[digits] - '0');
		if (value > INT_MAX)
			return false;
		digits++;
	}
	if (digits == 0 || (digits > 1 && text.p[0] == '0'))
		return false;
	while (units->name && !slice_eq_str(slice_from(text, digits), units->name))
		units++;
	value *= units->factor;
	if (!units->name || value < setting->min || value > setting->max)
		return false;
	*out = (int)value;
	return true;
}

static bool is_made_of(struct slice text, const char *more, bool has_upper)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = text.p[i];
		bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		                (has_upper && c >= 'A' && c <= 'Z');

		if (!is_plain && (c == '\0' || !strchr(more, c)))
			return false;
	}
	return true;
}

static bool is_printable(struct slice text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.p[i] < 0x20 || text.p[i] == 0x7f)
			return false;
	return true;
}

static bool is_site(struct slice text)
{
	return text.len >= 1 && text.len <= SITE_MAX_LEN && is_made_of(text, "-", false);
}

/* The character set keeps the name inside the folder of zones. */
static bool is_zone(struct slice text)
{
	char path[sizeof(CONFIG_ZONEINFO_DIR) + 1 + 64];

	if (text.len < 1 || text.len > 64 || text.p[0] == '/' || !is_made_of(text, "/_+-", true))
		return false;
	snprintf(path, sizeof(path), "%s/%.*s", CONFIG_ZONEINFO_DIR, (int)text.len,
	    (const char *)text.p);
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	char magic[4];
	bool is_tzif = fread(magic, 1, sizeof(magic), file) == sizeof(magic) &&
	               memcmp(magic, "TZif", sizeof(magic)) == 0;
	fclose(file);
	return is_tzif;
}

static bool is_address(struct slice text)
{
	char name[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (text.len >= sizeof(name))
		return false;
	memcpy(name, text.p, text.len);
	name[text.len] = '\0';
	return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

/* A name, an IPv4 address, or an IPv6 address in brackets. */
static bool is_host(struct slice text)
{
	if (text.len >= 2 && text.p[0] == '[' && text.p[text.len - 1] == ']')
		return is_address(slice_of(text.p + 1, text.len - 2));
	return text.len >= 1 && text.len <= HOST_MAX_LEN && text.p[0] != '-' && text.p[0] != '.' &&
	       is_made_of(text, ".-", true);
}

/* "host:port", with or without "ssl://"; *out is the part behind that. */
static bool is_server(struct slice text, struct slice *out)
{
	static const struct setting port_limits = {.min = 1, .max = 65535};
	const size_t scheme_len = sizeof(SERVER_SCHEME) - 1;
	int port;

	if (text.len > scheme_len && memcmp(text.p, SERVER_SCHEME, scheme_len) == 0)
		text = slice_from(text, scheme_len);
	size_t colon = text.len;
	while (colon > 0 && text.p[colon - 1] != ':')
		colon--;
	if (colon == 0 || !is_host(slice_of(text.p, colon - 1)))
		return false;
	*out = text;
	return parse_number(&port_limits, slice_from(text, colon), no_units, &port);
}

static char *join(const char *front, struct slice back)
{
	size_t front_len = strlen(front);
	char *whole = malloc(front_len + back.len + 1);

	if (!whole)
		return NULL;
	memcpy(whole, front, front_len);
	memcpy(whole + front_len, back.p, back.len);
	whole[front_len + back.len] = '\0';
	return whole;
}

static bool store_text(const struct setting *setting, struct config *config, const char *front,
    struct slice text, enum cp_err *err)
{
	char **member = member_of(setting, config);
	char *whole = join(front, text);

	if (!whole) {
		*err = CP_NOMEM;
		return false;
	}
	free(*member);
	*member = whole;
	return true;
}

static bool add_server(
    const struct setting *setting, struct config *config, struct slice text, enum cp_err *err)
{
	char ***list = member_of(setting, config);
	int *count = (int *)(void *)((char *)config + setting->count_offset);
	struct slice server;

	if (*count >= setting->max || !is_server(text, &server))
		return false;
	char *whole = join(SERVER_SCHEME, server);
	char **longer = realloc(*list, ((size_t)*count + 1) * sizeof(char *));
	if (longer)
		*list = longer;
	if (!whole || !longer) {
		free(whole);
		*err = CP_NOMEM;
		return false;
	}
	longer[(*count)++] = whole;
	return true;
}

static bool set_path(const struct setting *setting, struct config *config,
    const struct setting_value *value, enum cp_err *err)
{
	struct slice text = value->text;
	bool is_relative = text.len && text.p[0] != '/';

	if (text.len < 1 || text.len > PATH_MAX_LEN || !is_printable(text))
		return false;
	return store_text(setting, config, is_relative ? value->folder : "", text, err);
}

static bool set_bool(const struct setting *setting, struct config *config, struct slice text)
{
	bool *member = member_of(setting, config);

	if (!slice_eq_str(text, "true") && !slice_eq_str(text, "false"))
		return false;
	*member = slice_eq_str(text, "true");
	return true;
}

static bool set_level(const struct setting *setting, struct config *config, struct slice text)
{
	char name[16];

	if (text.len >= sizeof(name))
		return false;
	memcpy(name, text.p, text.len);
	name[text.len] = '\0';
	return log_level_from_name(member_of(setting, config), name);
}

bool setting_set(const struct setting *setting, struct config *config,
    const struct setting_value *value, enum cp_err *err)
{
	struct slice text = value->text;
	bool is_plain = !value->is_quoted;

	switch (setting->type) {
	case SETTING_SITE:
		return is_site(text) && store_text(setting, config, "", text, err);
	case SETTING_ZONE:
		return is_zone(text) && store_text(setting, config, "", text, err);
	case SETTING_ADDRESS:
		return is_address(text) && store_text(setting, config, "", text, err);
	case SETTING_PATH:
		return set_path(setting, config, value, err);
	case SETTING_SERVERS:
		return add_server(setting, config, text, err);
	case SETTING_NUMBER:
		return is_plain &&
		       parse_number(setting, text, no_units, member_of(setting, config));
	case SETTING_BYTES:
		return is_plain &&
		       parse_number(setting, text, byte_units, member_of(setting, config));
	case SETTING_SECONDS:
		return is_plain &&
		       parse_number(setting, text, second_units, member_of(setting, config));
	case SETTING_BOOL:
		return is_plain && set_bool(setting, config, text);
	case SETTING_LEVEL:
		return set_level(setting, config, text);
	}
	return false;
}

const char *setting_expected(const struct setting *setting, char *out, size_t out_bytes)
{
	const char *unit = setting->unit ? setting->unit : "";
	const char *of = setting->unit ? " of " : "";

	switch (setting->type) {
	case SETTING_SITE:
		snprintf(out, out_bytes, "1 to %d characters of a-z, 0-9 and \"-\"", SITE_MAX_LEN);
		break;
	case SETTING_ZONE:
		snprintf(out, out_bytes, "the name of a time zone in %s, such as Europe/Berlin",
		    CONFIG_ZONEINFO_DIR);
		break;
	case SETTING_ADDRESS:
		snprintf(out, out_bytes, "an IPv4 or IPv6 address in numbers");
		break;
	case SETTING_PATH:
		snprintf(out, out_bytes, "a path of at most %d characters", PATH_MAX_LEN);
		break;
	case SETTING_SERVERS:
		snprintf(out, out_bytes, "a list of at most %d entries host:port (always TLS)",
		    setting->max);
		break;
	case SETTING_NUMBER:
		snprintf(out, out_bytes, "a whole number%s%s from %d to %d", of, unit, setting->min,
		    setting->max);
		break;
	case SETTING_BYTES:
		snprintf(out, out_bytes, "%d to %d bytes, such as 66000 or 64KiB", setting->min,
		    setting->max);
		break;
	case SETTING_SECONDS:
		snprintf(out, out_bytes, "a time from %ds to %ds, such as 30s, 15min, 2h or 1d",
		    setting->min, setting->max);
		break;
	case SETTING_BOOL:
		snprintf(out, out_bytes, "true or false");
		break;
	case SETTING_LEVEL:
		snprintf(out, out_bytes, "error, warning, notice, info or debug");
		break;
	}
	return out;
}

/* --- and back ------------------------------------------------------------------------------ */

static void print_number(int value, const struct unit *units, char out[SETTING_TEXT_BYTES])
{
	const struct unit *best = units;

	for (const struct unit *unit = units; unit->name; unit++)
		if (value != 0 && value % unit->factor == 0)
			best = unit;
	snprintf(out, SETTING_TEXT_BYTES, "%d%s", value / best->factor, best->name);
}

static void print_servers(char *const *list, int count, char out[SETTING_TEXT_BYTES])
{
	size_t len = 0;

	for (int i = 0; i < count && len < SETTING_TEXT_BYTES; i++)
		len += (size_t)snprintf(out + len, SETTING_TEXT_BYTES - len, "%s%s", i ? ", " : "",
		    list[i] + sizeof(SERVER_SCHEME) - 1);
}

const char *setting_print(
    const struct setting *setting, const struct config *config, char out[SETTING_TEXT_BYTES])
{
	const void *member = (const char *)config + setting->offset;

	snprintf(out, SETTING_TEXT_BYTES, "-");
	switch (setting->type) {
	case SETTING_SITE:
	case SETTING_ZONE:
	case SETTING_PATH:
	case SETTING_ADDRESS:
		if (*(char *const *)member)
			snprintf(out, SETTING_TEXT_BYTES, "%s", *(char *const *)member);
		break;
	case SETTING_SERVERS:
		print_servers(*(char **const *)member,
		    *(const int *)(const void *)((const char *)config + setting->count_offset),
		    out);
		break;
	case SETTING_NUMBER:
		print_number(*(const int *)member, no_units, out);
		break;
	case SETTING_BYTES:
		print_number(*(const int *)member, byte_units, out);
		break;
	case SETTING_SECONDS:
		print_number(*(const int *)member, second_units, out);
		break;
	case SETTING_BOOL:
		snprintf(out, SETTING_TEXT_BYTES, "%s", *(const bool *)member ? "true" : "false");
		break;
	case SETTING_LEVEL:
		snprintf(
		    out, SETTING_TEXT_BYTES, "%s", log_level_name(*(const enum log_level *)member));
		break;
	}
	return out;
}

static void swap_bytes(void *a, void *b, size_t len)
{
	char kept[sizeof(void *)];

	CP_CHECK(len <= sizeof(kept));
	memcpy(kept, a, len);
	memcpy(a, b, len);
	memcpy(b, kept, len);
}

void setting_swap(const struct setting *setting, struct config *a, struct config *b)
{
	void *in_a = member_of(setting, a);
	void *in_b = member_of(setting, b);

	switch (setting->type) {
	case SETTING_SERVERS:
		swap_bytes((char *)a + setting->count_offset, (char *)b + setting->count_offset,
		    sizeof(int));
		swap_bytes(in_a, in_b, sizeof(char **));
		break;
	case SETTING_SITE:
	case SETTING_ZONE:
	case SETTING_PATH:
	case SETTING_ADDRESS:
		swap_bytes(in_a, in_b, sizeof(char *));
		break;
	case SETTING_NUMBER:
	case SETTING_BYTES:
	case SETTING_SECONDS:
		swap_bytes(in_a, in_b, sizeof(int));
		break;
	case SETTING_BOOL:
		swap_bytes(in_a, in_b, sizeof(bool));
		break;
	case SETTING_LEVEL:
		swap_bytes(in_a, in_b, sizeof(enum log_level));
		break;
	}
}

void setting_clear(const struct setting *setting, struct config *config)
{
	switch (setting->type) {
	case SETTING_SERVERS: {
		char ***list = member_of(setting, config);
		int *count = (int *)(void *)((char *)config + setting->count_offset);

		for (int i = 0; i < *count; i++)
			free((*list)[i]);
		free(*list);
		*list = NULL;
		*count = 0;
		break;
	}
	case SETTING_SITE:
	case SETTING_ZONE:
	case SETTING_PATH:
	case SETTING_ADDRESS: {
		char **member = member_of(setting, config);

		free(*member);
		*member = NULL;
		break;
	}
	case SETTING_NUMBER:
	case SETTING_BYTES:
	case SETTING_SECONDS:
	case SETTING_BOOL:
	case SETTING_LEVEL:
		break;
	}
}
