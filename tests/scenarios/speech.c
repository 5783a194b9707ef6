#include "speech.h"

#include "picture.h"
#include "speech_parts.h"
#include "wire/field.h"

#include <stdarg.h>
#include <stdio.h>

/* --- a sentence --------------------------------------------------------------------- */

struct sentence speech_find(
    const struct sentence *sentences, size_t count, const char *verb, struct words *words)
{
	if (strcmp(verb, "tell") == 0)
		return (struct sentence){.verb = verb, .body = words_take(words)};
	for (size_t i = 0; i < count; i++)
		if (strcmp(sentences[i].verb, verb) == 0)
			return sentences[i];
	clinic_fail(words->clinic, "nobody here can '%s'", verb);
	return (struct sentence){0};
}

const ProtobufCFieldDescriptor *speech_body(
    struct clinic *clinic, const ProtobufCMessageDescriptor *envelope, const char *name)
{
	const ProtobufCFieldDescriptor *field = name ? tell_find(clinic, envelope, name) : NULL;

	if (field && (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
		return field;
	clinic_fail(clinic, "%s has no body '%s'", envelope->short_name, name ? name : "");
	return NULL;
}

/* Names of fields are in small letters, values of a field without a name are not. */
static bool is_value(const char *word)
{
	return *word && (*word < 'a' || *word > 'z' || strcmp(word, "none") == 0);
}

static void take_places(struct told *told, struct words *words, const char *places)
{
	char copy[128];
	char *rest = copy;
	char *place;

	snprintf(copy, sizeof(copy), "%s", places);
	while ((place = strsep(&rest, " "))) {
		bool may_be_left_out = place[0] == '?';
		if (!may_be_left_out || is_value(words_peek(words)))
			tell_field(told, place + may_be_left_out, words_take(words));
	}
}

static void take_defaults(struct told *told, const char *defaults)
{
	char copy[256];
	char *rest = copy;
	char *field;

	snprintf(copy, sizeof(copy), "%s", defaults);
	while ((field = strsep(&rest, " "))) {
		char *value = strchr(field, '=');
		*value = '\0';
		tell_default(told, field, value + 1);
	}
}

ProtobufCMessage *speech_compose(struct words *words, const struct sentence *sentence,
    const ProtobufCFieldDescriptor *body, const struct device *device)
{
	struct told told = tell_begin(words->clinic, body->descriptor);

	if (sentence->places)
		take_places(&told, words, sentence->places);
	tell_words(&told, words);
	if (sentence->defaults)
		take_defaults(&told, sentence->defaults);
	if (sentence->fill)
		sentence->fill(&told, device);
	tell_end(&told);
	return told.message;
}

void speech_put_body(
    ProtobufCMessage *envelope, const ProtobufCFieldDescriptor *field, ProtobufCMessage *body)
{
	*(ProtobufCMessage **)wire_field_set(envelope, field) = body;
}

/* --- a message of a device ------------------------------------------------------------- */

struct envelope speech_envelope(struct words *words, struct device *device)
{
	struct envelope envelope = {
	    .is_test = words_flag(words, "test"),
	    .is_replay = words_flag(words, "replay"),
	    .boot = words_number_option(words, "boot", 0),
	};
	const char *mono = words_option(words, "mono");
	const char *ts = words_option(words, "ts");

	envelope.has_mono = mono != NULL;
	envelope.mono_ms = mono ? words_duration(words->clinic, mono) : 0;
	envelope.ts = ts ? words_moment(words->clinic, ts) : 0;
	device->seq = words_number_option(words, "seq", device->seq + 1) - 1;
	return envelope;
}

void speech_up(struct clinic *clinic, struct device *device, const struct envelope *envelope,
    const ProtobufCFieldDescriptor *field, ProtobufCMessage *body, wall_ms at)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;

	if (clinic_failed(clinic))
		return;
	clinic_stamp(device, &up, at);
	up.has_test = up.test = envelope->is_test;
	if (envelope->is_replay)
		up.has_replay = up.replay = 1;
	if (envelope->has_mono)
		up.mono_ms = (uint64_t)envelope->mono_ms;
	up.ts_ms = envelope->ts ? envelope->ts : up.ts_ms;
	up.boot = envelope->boot ? envelope->boot : up.boot;
	speech_put_body(&up.base, field, body);
	clinic_send(clinic, device, &up);
}

static void up(struct clinic *clinic, struct device *device, struct words *words,
    const struct sentence *sentence)
{
	const ProtobufCFieldDescriptor *field =
	    speech_body(clinic, &carepace__v1__up__descriptor, sentence->body);
	struct envelope envelope = speech_envelope(words, device);

	if (field)
		speech_up(clinic, device, &envelope, field,
		    speech_compose(words, sentence, field, device), clinic->now);
}

/* --- what is usual ------------------------------------------------------------------------ */

/* Number and model of the profile of a device are those of its kind (telemetry.proto). */
static unsigned kind_of(const struct device *device)
{
	static const char letters[] = " PSDRT";

	return (unsigned)(strchr(letters, device->name[0]) - letters);
}

static void fill_hello(struct told *told, const struct device *device)
{
	char kind[8];

	snprintf(kind, sizeof(kind), "#%u", kind_of(device));
	tell_default(told, "kind", kind);
	tell_default(told, "model", kind);
}

/* Modalities are numbered as kinds are. The usual depth: ../shared/scenarios.md. */
static void fill_start(struct told *told, const struct device *device)
{
	static const uint32_t shallow = 1U << CAREPACE__V1__ZONE__ZONE_UNKNOWN |
	                                1U << CAREPACE__V1__ZONE__PERIORBITAL |
	                                1U << CAREPACE__V1__ZONE__PERIORAL;
	const Carepace__V1__SessionStart *body = (const void *)told->message;
	char modality[8];

	snprintf(modality, sizeof(modality), "#%u", kind_of(device));
	tell_default(told, "modality", modality);
	tell_default(told, "preset_depth_um", body->zones & shallow ? "500" : "1000");
}

static void fill_end(struct told *told, const struct device *device)
{
	const Carepace__V1__SessionEnd *body = (const void *)told->message;
	bool is_rf = device->name[0] == 'R';

	tell_default(told, "pulses", is_rf && body->active_ms ? "100" : "0");
	tell_default(told, "punctures", !is_rf && body->active_ms ? "980000" : "0");
}

static const struct sentence sentences[] = {
    {"hello", "hello", NULL, "context=CLINIC", fill_hello},
    {"heartbeat", "heartbeat", NULL, "state=IDLE", NULL},
    {"start", "session_start", "sid client_token ?zones", "phase=SERIES operator=o1 zones=CHEEK",
        fill_start},
    {"attach", "cart_attach", "sid cart", "tip_used=0", NULL},
    {"detach", "cart_detach", "sid cart", NULL, NULL},
    {"param", "param", "sid", NULL, NULL},
    {"pause", "session_pause", "sid", NULL, NULL},
    {"resume", "session_resume", "sid", NULL, NULL},
    {"end", "session_end", "sid reason", "active_ms=600000", fill_end},
    {"estop", "estop", "sid", NULL, NULL},
    {"fault", "fault", "sid", NULL, NULL},
    {"selftest", "selftest", "result", NULL, NULL},
    {"clean", "maint", NULL, "kind=CLEAN", NULL},
    {"override-check", "override", "sid check", "by=o1 reason=1", NULL},
};

/* --- tablets ------------------------------------------------------------------------- */

/* The words left name an alert as it is drawn: "INTERVAL_OVERDUE 7 after A". */
static void alert_name(struct words *words, char out[PICTURE_BYTES])
{
	size_t len = 0;

	for (out[0] = '\0'; *words_peek(words); len = strlen(out))
		snprintf(out + len, PICTURE_BYTES - len, "%s%s", len ? " " : "", words_take(words));
}

static void answer(struct clinic *clinic, struct device *device, struct words *words,
    const char *body, const char *rest)
{
	char name[PICTURE_BYTES];

	alert_name(words, name);
	speech_say(clinic, device, "tell %s alert={%s} by=o1%s", body, name, rest);
}

static void acknowledge(struct clinic *clinic, struct device *device, struct words *words)
{
	answer(clinic, device, words, "ack_alert", "");
}

static void override(struct clinic *clinic, struct device *device, struct words *words)
{
	answer(clinic, device, words, "override", " reason=1");
}

/* --- the device itself and its link --------------------------------------------------- */

static void repeat(struct clinic *clinic, struct device *device, struct words *words)
{
	(void)words;
	clinic_repeat(clinic, device);
}

/* Messages wait in the device, which marks them when it sends them at last. */
static void go_offline(struct clinic *clinic, struct device *device, struct words *words)
{
	(void)clinic;
	(void)words;
	device->is_away = device->is_replay = true;
}

/* Messages wait on the way, unmarked. */
static void go_slow(struct clinic *clinic, struct device *device, struct words *words)
{
	(void)clinic;
	(void)words;
	device->is_away = true;
}

static void come_back(struct clinic *clinic, struct device *device, struct words *words)
{
	clinic_return(clinic, device, words_flag(words, "backwards"));
}

static void reboot(struct clinic *clinic, struct device *device, struct words *words)
{
	(void)words;
	clinic_reboot(clinic, device);
}

/* "clock +10m": off by so much; "clock 1970-01-01T00:00Z": it shows that now. */
static void set_clock(struct clinic *clinic, struct device *device, struct words *words)
{
	device->clock_off_ms = words_moment(clinic, words_take(words)) - clinic->now;
}

/* --- who says what ------------------------------------------------------------------------ */

/* A device's first word is its HELLO, with which its model and its clock are known. */
static void greet(
    struct clinic *clinic, struct device *device, const char *verb, const struct words *words)
{
	bool is_first = device->seq == 0 && device->boot == 1;
	const char *body = strcmp(verb, "tell") == 0 ? words_peek(words) : verb;

	if (clinic->has_greetings && is_first && strcmp(body, "hello") != 0)
		speech_say(clinic, device, "hello");
}

void speech_device(struct clinic *clinic, struct device *device, struct words *words)
{
	static const struct {
		const char *name;
		speech_verb *verb;
	} verbs[] = {{"session", speech_session}, {"sample", speech_sample},
	    {"pulses", speech_pulses}, {"ack", acknowledge}, {"override", override},
	    {"repeat", repeat}, {"offline", go_offline}, {"slow", go_slow}, {"online", come_back},
	    {"reboot", reboot}, {"clock", set_clock}};
	const char *name = words_take(words);

	greet(clinic, device, name, words);
	for (size_t i = 0; i < CP_COUNT(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0) {
			verbs[i].verb(clinic, device, words);
			words_end(words);
			return;
		}
	struct sentence sentence = speech_find(sentences, CP_COUNT(sentences), name, words);
	up(clinic, device, words, &sentence);
}

void speech_say(struct clinic *clinic, struct device *device, const char *format, ...)
{
	char text[512];
	struct words words;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	words_cut(&words, clinic, text);
	if (!clinic_failed(clinic))
		speech_device(clinic, device, &words);
}

/* At itself: what the daemon would measure (domain 8.8). */
static void look_around(struct clinic *clinic, struct words *words)
{
	const struct watch_look look = {
	    .is_taken = true,
	    .has_head_office = !words_flag(words, "alone"),
	    .down_ms = words_duration_option(words, "down", 0),
	    .crl_next_update = words_time_option(words, "crl", 0),
	    .disk_used_bytes = (int64_t)words_number_option(words, "disk", 0) << 20,
	    .disk_total_bytes = INT64_C(1000) << 20,
	};

	clinic_look(clinic, &look);
}

/* Somebody at the box: "acknowledges ALERT by o1". */
static void acknowledge_here(struct clinic *clinic, struct words *words)
{
	static const char *const answers[] = {
	    "asked", "taken", "unknown", "already", "over", "withdrawn", "no room"};
	const char *by = words_option(words, "by");
	struct acknowledge wish = {.reason = words_number_option(words, "reason", 0)};
	char name[PICTURE_BYTES];

	alert_name(words, name);
	wish.by = id_named(ID_OPERATOR, by ? by : "");
	if (strcmp(name, "NONE") == 0)
		wish.alert = id_named(ID_OPERATOR, name);
	else if (!picture_find_alert(clinic, name, &wish.alert))
		clinic_fail(clinic, "no alert %s", name);
	if (!clinic_failed(clinic))
		clinic_say(clinic, "%s", answers[clinic_acknowledge(clinic, &wish)]);
}

static void set_box_clock(struct clinic *clinic, struct words *words)
{
	clinic->box_off_ms = words_moment(clinic, words_take(words)) - clinic->now;
}

static void set_ntp(struct clinic *clinic, struct words *words)
{
	clinic->has_no_ntp = !words_flag(words, "on");
	if (clinic->has_no_ntp && !words_flag(words, "off"))
		clinic_fail(clinic, "NTP is on or off");
}

static void sleep_now(struct clinic *clinic, struct words *words)
{
	(void)words;
	clinic_sleep(clinic);
}

static void wake_up(struct clinic *clinic, struct words *words)
{
	(void)words;
	clinic_wake(clinic);
}

static void restart(struct clinic *clinic, struct words *words)
{
	(void)words;
	clinic_restart(clinic);
}

static void reboot_box(struct clinic *clinic, struct words *words)
{
	(void)words;
	clinic_reboot_box(clinic);
}

static void say_gateway(struct clinic *clinic, struct words *words)
{
	static const struct {
		const char *name;
		void (*verb)(struct clinic *clinic, struct words *words);
	} verbs[] = {{"looks", look_around}, {"acknowledges", acknowledge_here},
	    {"clock", set_box_clock}, {"ntp", set_ntp}, {"sleeps", sleep_now}, {"wakes", wake_up},
	    {"restarts", restart}, {"reboots", reboot_box}};
	const char *name = words_take(words);

	for (size_t i = 0; i < CP_COUNT(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0) {
			verbs[i].verb(clinic, words);
			words_end(words);
			return;
		}
	clinic_fail(clinic, "the gateway cannot '%s'", name);
}

void speech_line(struct clinic *clinic, const char *line)
{
	char copy[SPEECH_LINE_BYTES];
	struct words words;
	wall_ms at;

	snprintf(copy, sizeof(copy), "%s", line);
	arena_reset(&clinic->arena);
	words_cut(&words, clinic, copy);
	if (words_take_time(&words, &at) && !clinic_failed(clinic))
		clinic_advance(clinic, at);
	if (clinic->now == 0)
		clinic_fail(clinic, "when?");
	const char *who = words_take(&words);
	if (clinic_failed(clinic))
		return;
	if (strcmp(who, "gateway") == 0)
		say_gateway(clinic, &words);
	else if (strcmp(who, "HQ") == 0)
		speech_head_office(clinic, &words);
	else {
		struct device *device = clinic_device(clinic, who);
		if (device)
			speech_device(clinic, device, &words);
	}
}

/* --- before a story begins ------------------------------------------------------------------ */

bool speech_is_policy(const char *line)
{
	static const char *const words[] = {"off ", "on ", "only ", "setting "};

	for (size_t i = 0; i < CP_COUNT(words); i++)
		if (strncmp(line, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

void speech_setup(struct clinic *clinic, const char *const *lines, size_t count)
{
	char copy[SPEECH_LINE_BYTES];
	struct words words;

	clinic->is_setup = true;
	for (size_t i = 0; i < count; i++) {
		if (!speech_is_policy(lines[i]))
			continue;
		snprintf(copy, sizeof(copy), "%s", lines[i]);
		words_cut(&words, clinic, copy);
		chain_take(&clinic->chain, &words);
	}
	if (clinic->chain.has_policy)
		speech_line(clinic, "HQ policy");
	for (size_t i = 0; i < count && !clinic_failed(clinic); i++) {
		if (strcmp(lines[i], SPEECH_HEAR_DATES) == 0)
			clinic->hears_dates = true;
		else if (!speech_is_policy(lines[i]))
			speech_line(clinic, lines[i]);
	}
	clinic->is_setup = false;
	if (clinic->said[0])
		clinic_fail(clinic, "the set-up is answered: %s", clinic->said);
}
