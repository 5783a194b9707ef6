#include "cli/list.h"

#include "base/suggest.h"
#include "cli/commands.h"

#include "telemetry.pb-c.h"

#include <ctype.h>
#include <inttypes.h>

/* --- who is meant ------------------------------------------------------------------------ */

struct near {
	struct suggestion suggestion;
	char best[ID_HEX_LEN + 1]; /* what is offered dies with its row */
};

static void offer(void *ctx, const char *word)
{
	struct near *near = ctx;

	near->suggestion.best = NULL;
	suggest_offer(&near->suggestion, word);
	if (near->suggestion.best)
		snprintf(near->best, sizeof(near->best), "%s", word);
}

int cli_find_device(const struct cli_source *source, const struct cli_options *options,
    const char *word, int64_t *no)
{
	struct near near = {.suggestion = suggest_for(word)};
	int64_t nos[2];
	size_t count = view_find_device(source->view, word, nos);

	if (count == 0)
		view_device_words(source->view, offer, &near);
	int status = cli_source_check(source, options);
	if (status)
		return status;
	*no = nos[0];
	if (count == 1)
		return CLI_OK;
	if (count > 1)
		cli_say(options, "several devices are called %s; give more digits of the id", word);
	else if (near.best[0])
		cli_say(options, "no device is called %s; did you mean %s?", word, near.best);
	else
		cli_say(options, "no device is called %s; carepace devices lists them", word);
	return count ? CLI_USAGE : CLI_FOUND;
}

int cli_find_client(const struct cli_source *source, const struct cli_options *options,
    const char *word, int64_t *no)
{
	int64_t nos[2];
	size_t count = view_find_client(source->view, word, nos);
	int status = cli_source_check(source, options);

	if (status)
		return status;
	*no = nos[0];
	if (count == 1)
		return CLI_OK;
	if (count > 1)
		cli_say(options, "several clients are called %s; give the number, or more digits",
		    word);
	else
		cli_say(options,
		    "no client is called %s; give the number, or the first digits of the token",
		    word);
	return count ? CLI_USAGE : CLI_FOUND;
}

error_t cli_take_alert(struct cli_options *options, const char *word, const char **out)
{
	if (*out)
		return cli_wrong(options, "one alert at a time; what is \"%s\"?", word);
	if (strlen(word) > ID_HEX_LEN || word[strspn(word, "0123456789abcdef")] != '\0')
		return cli_wrong(options,
		    "an alert is named by the first of its 32 digits 0-9a-f, not by \"%s\"", word);
	*out = word;
	return 0;
}

int cli_find_alert(struct cli_source *source, const struct cli_options *options, const char *word,
    struct view_alert *out)
{
	int found = view_alert_find(source->view, &source->arena, slice_str(word), out);
	int status = cli_source_check(source, options);

	if (status || found == 1)
		return status;
	if (found == 0)
		cli_say(options, "there is no alert %s", word);
	else
		cli_say(options, "several alerts begin with %s; give more digits", word);
	return found ? CLI_USAGE : CLI_FOUND;
}

/* --- zones ------------------------------------------------------------------------------ */

#define ZONE_COUNT 32 /* bits of a set */

/* "CHEEK", "UNKNOWN"; NULL: this program knows no such zone. */
static const char *zone_code(unsigned zone)
{
	const ProtobufCEnumValue *value =
	    protobuf_c_enum_descriptor_get_value(&carepace__v1__zone__descriptor, (int)zone);

	if (!value)
		return NULL;
	return zone == CAREPACE__V1__ZONE__ZONE_UNKNOWN ? value->name + strlen("ZONE_")
	                                                : value->name;
}

error_t cli_take_zone(struct cli_options *options, const char *word, uint32_t *zones)
{
	struct suggestion suggestion = suggest_for(word);

	for (unsigned zone = 0; zone < ZONE_COUNT; zone++) {
		const char *code = zone_code(zone);
		if (!code)
			continue;
		if (strcasecmp(code, word) == 0) {
			*zones |= 1U << zone;
			return 0;
		}
		suggest_offer(&suggestion, code);
	}
	if (suggestion.best)
		return cli_wrong(
		    options, "there is no zone \"%s\"; did you mean %s?", word, suggestion.best);
	return cli_wrong(options, "there is no zone \"%s\"; one is CHEEK", word);
}

const char *zones_short(uint32_t zones, char out[LIST_TEXT_BYTES])
{
	int count = __builtin_popcount(zones);

	snprintf(out, LIST_TEXT_BYTES, "-");
	for (unsigned zone = 0; zone < ZONE_COUNT; zone++) {
		if (!(zones & 1U << zone))
			continue;
		const char *code = zone_code(zone);
		size_t len = (size_t)snprintf(out, LIST_TEXT_BYTES, "%s", code ? code : "?");
		if (count > 1)
			snprintf(out + len, LIST_TEXT_BYTES - len, "+%d", count - 1);
		break;
	}
	return out;
}

json_t *zones_json(uint32_t zones)
{
	json_t *array = json_array();

	for (unsigned zone = 0; zone < ZONE_COUNT; zone++)
		if (zones & 1U << zone && zone_code(zone))
			json_append(array, json_string(zone_code(zone)));
	return array;
}

/* --- names ------------------------------------------------------------------------------ */

const char *list_client_text(int64_t no, const struct id *token, char out[LIST_TEXT_BYTES])
{
	const char *gone = "forgotten";
	char hex[ID_HEX_LEN + 1];

	if (no > 0)
		snprintf(out, LIST_TEXT_BYTES, "%" PRId64 " (%s)", no,
		    id_is_zero(token) ? gone : short_hex(token, CLI_TOKEN_DIGITS, hex));
	else
		snprintf(out, LIST_TEXT_BYTES, "%s", no ? gone : "-");
	return out;
}

const char *open_text(int64_t open, enum severity worst, char out[LIST_TEXT_BYTES])
{
	if (open == 0)
		return "-";
	snprintf(out, LIST_TEXT_BYTES, "%" PRId64 " %s", open, severity_name(worst));
	return out;
}

void list_put_open(json_t *object, int64_t open, enum severity worst)
{
	json_put_int(object, "open_alerts", open);
	json_put_text(object, "worst_severity", open ? severity_name(worst) : NULL);
}

const char *device_kind_name(unsigned kind)
{
	static const char *const names[] = {"device", "pen", "stamp", "roller", "rf", "tablet"};

	return kind < CP_COUNT(names) ? names[kind] : names[0];
}

const char *device_text(
    unsigned kind, const char *serial, const struct id *id, char out[LIST_TEXT_BYTES])
{
	char hex[ID_HEX_LEN + 1];

	snprintf(out, LIST_TEXT_BYTES, "%s %s", device_kind_name(kind),
	    serial[0] ? serial : short_hex(id, CLI_ALERT_DIGITS, hex));
	return out;
}

void list_put_client(json_t *object, int64_t no, const struct id *token)
{
	json_put(object, "client_no", no > 0 ? json_integer(no) : NULL);
	json_put_token(object, "client", token);
	json_put(object, "forgotten", json_boolean(no && id_is_zero(token)));
}

/* --- pages ------------------------------------------------------------------------------ */

void json_print_page(const char *name, json_t *array, const struct view_page *page)
{
	json_t *object = json_object();

	json_put(object, name, array);
	json_put(object, "next", page->next ? json_integer(page->next) : NULL);
	json_print(object);
}

void print_more(const struct cli_options *options, const struct view_page *page)
{
	if (page->next)
		printf("\nThere is more: the same again with --after %" PRId64 ", or --limit %u.\n",
		    page->next, cli_limit_more(options));
}
