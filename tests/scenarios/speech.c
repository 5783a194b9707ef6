#include "speech.h"

#include "picture.h"

#include <stdarg.h>
#include <stdio.h>

static ProtobufCBinaryData bytes_of(struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = id->b};
}

/* "-" is nobody. */
static struct id person(char kind, const char *name)
{
	return strcmp(name, "-") == 0 ? (struct id){0} : id_named(kind, name);
}

static int enum_value(struct clinic *clinic, const ProtobufCEnumDescriptor *type,
    const char *prefix, const char *name)
{
	char full[64];

	snprintf(full, sizeof(full), "%s%s", prefix, name);
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value_by_name(type, full);
	if (!value)
		clinic_fail(clinic, "%s is no %s", name, type->short_name);
	return value ? value->value : 0;
}

/* "CHEEK+NECK", "UNKNOWN", "none" */
static uint32_t zones_of(struct clinic *clinic, const char *text)
{
	char copy[128];
	char *rest = copy;
	char *name;
	uint32_t zones = 0;

	if (strcmp(text, "none") == 0)
		return 0;
	snprintf(copy, sizeof(copy), "%s", text);
	while ((name = strsep(&rest, "+")))
		zones |= 1U << enum_value(clinic, &carepace__v1__zone__descriptor,
		             strcmp(name, "UNKNOWN") == 0 ? "ZONE_" : "", name);
	return zones;
}

static Carepace__V1__Modality modality_of(const struct device *device)
{
	switch (device->name[0]) {
	case 'P':
		return CAREPACE__V1__MODALITY__MODALITY_PEN;
	case 'S':
		return CAREPACE__V1__MODALITY__MODALITY_STAMP;
	case 'D':
		return CAREPACE__V1__MODALITY__MODALITY_ROLLER;
	default:
		return CAREPACE__V1__MODALITY__MODALITY_RF;
	}
}

/* --- devices --------------------------------------------------------------------- */

typedef void verb_fn(struct clinic *clinic, struct device *device, struct words *words);

static void say_hello(struct clinic *clinic, struct device *device, struct words *words)
{
	static const Carepace__V1__DeviceKind kinds[] = {CAREPACE__V1__DEVICE_KIND__DEVICE_PEN,
	    CAREPACE__V1__DEVICE_KIND__DEVICE_STAMP, CAREPACE__V1__DEVICE_KIND__DEVICE_ROLLER,
	    CAREPACE__V1__DEVICE_KIND__DEVICE_RF, CAREPACE__V1__DEVICE_KIND__DEVICE_TABLET};
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__Hello hello = CAREPACE__V1__HELLO__INIT;
	const char *letters = "PSDRT";

	(void)words;
	hello.kind = kinds[strchr(letters, device->name[0]) - letters];
	hello.context = CAREPACE__V1__CONTEXT__CONTEXT_CLINIC;
	up.body_case = CAREPACE__V1__UP__BODY_HELLO;
	up.hello = &hello;
	clinic_send(clinic, device, &up);
}

static void say_heartbeat(struct clinic *clinic, struct device *device, struct words *words)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__Heartbeat body = CAREPACE__V1__HEARTBEAT__INIT;

	(void)words;
	body.state = CAREPACE__V1__DEVICE_STATE__DEVICE_IDLE;
	up.body_case = CAREPACE__V1__UP__BODY_HEARTBEAT;
	up.heartbeat = &body;
	clinic_send(clinic, device, &up);
}

static void start(struct clinic *clinic, struct device *device, struct words *words)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__SessionStart body = CAREPACE__V1__SESSION_START__INIT;
	const char *operator_name = words_option(words, "by");
	struct id operator_id = person(ID_OPERATOR, operator_name ? operator_name : "o1");

	up.has_test = up.test = words_flag(words, "test");
	body.has_course = 1;
	body.course = words_number_option(words, "course", 0);
	struct id sid = id_named(ID_SESSION, words_take(words));
	struct id client = person(ID_CLIENT, words_take(words));
	const char *zones = words_peek(words);

	body.sid = bytes_of(&sid);
	body.has_client_token = body.has_operator_token = 1;
	body.client_token = bytes_of(&client);
	body.operator_token = bytes_of(&operator_id);
	body.has_phase = 1;
	body.phase = CAREPACE__V1__PHASE__PHASE_SERIES;
	body.modality = modality_of(device);
	body.has_zones = 1;
	body.zones = zones_of(clinic, *zones ? words_take(words) : "CHEEK");
	up.body_case = CAREPACE__V1__UP__BODY_SESSION_START;
	up.session_start = &body;
	clinic_send(clinic, device, &up);
}

static void mount(struct clinic *clinic, struct device *device, struct words *words, bool is_off)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__CartMount body = CAREPACE__V1__CART_MOUNT__INIT;
	Carepace__V1__Cartridge cart = CAREPACE__V1__CARTRIDGE__INIT;
	char gtin[32] = CLINIC_GTIN;

	body.has_slot = body.has_tip_used = 1;
	body.slot = words_number_option(words, "slot", 0);
	body.tip_used = words_number_option(words, "used", 0);
	struct id sid = id_named(ID_SESSION, words_take(words));
	const char *name = words_take(words);
	const char *slash = strchr(name, '/');

	if (slash)
		snprintf(gtin, sizeof(gtin), "%.*s", (int)(slash - name), name);
	cart.gtin = gtin;
	cart.serial = strcmp(name, "unreadable") == 0 ? NULL : (char *)(slash ? slash + 1 : name);
	body.sid = bytes_of(&sid);
	body.cart = &cart;
	up.body_case =
	    is_off ? CAREPACE__V1__UP__BODY_CART_DETACH : CAREPACE__V1__UP__BODY_CART_ATTACH;
	up.cart_attach = &body; /* the same member of the union as cart_detach */
	clinic_send(clinic, device, &up);
}

static void attach(struct clinic *clinic, struct device *device, struct words *words)
{
	mount(clinic, device, words, false);
}

static void detach(struct clinic *clinic, struct device *device, struct words *words)
{
	mount(clinic, device, words, true);
}

static void param(struct clinic *clinic, struct device *device, struct words *words)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__Param body = CAREPACE__V1__PARAM__INIT;
	struct id sid = id_named(ID_SESSION, words_take(words));

	body.sid = bytes_of(&sid);
	body.has_depth_um = 1;
	body.depth_um = 1000;
	up.body_case = CAREPACE__V1__UP__BODY_PARAM;
	up.param = &body;
	clinic_send(clinic, device, &up);
}

/* "sample A": a minute at work from now on; "sample A idle": needles out. */
static void sample(struct clinic *clinic, struct device *device, struct words *words)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__Samples body = CAREPACE__V1__SAMPLES__INIT;
	Carepace__V1__Sample samples[60];
	Carepace__V1__Sample *pointers[CP_COUNT(samples)];
	uint32_t active_ms = words_flag(words, "idle") ? 0 : 1000;
	size_t count = words_number_option(words, "for", CP_COUNT(samples));
	struct id sid = id_named(ID_SESSION, words_take(words));

	CP_CHECK(count <= CP_COUNT(samples));
	for (size_t i = 0; i < count; i++) {
		carepace__v1__sample__init(&samples[i]);
		samples[i].has_dt_ms = samples[i].has_active_ms = 1;
		samples[i].dt_ms = (uint32_t)(i * 1000);
		samples[i].active_ms = active_ms;
		pointers[i] = &samples[i];
	}
	body.sid = bytes_of(&sid);
	body.n_sample = count;
	body.sample = pointers;
	up.body_case = CAREPACE__V1__UP__BODY_SAMPLES;
	up.samples = &body;
	clinic_send(clinic, device, &up);
}

static void pulse(struct clinic *clinic, struct device *device, struct words *words)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__Pulses body = CAREPACE__V1__PULSES__INIT;
	Carepace__V1__Pulse one = CAREPACE__V1__PULSE__INIT;
	Carepace__V1__Pulse *pointer = &one;
	struct id sid = id_named(ID_SESSION, words_take(words));

	body.sid = bytes_of(&sid);
	body.n_pulse = 1;
	body.pulse = &pointer;
	up.body_case = CAREPACE__V1__UP__BODY_PULSES;
	up.pulses = &body;
	clinic_send(clinic, device, &up);
}

static void pause_or_resume(
    struct clinic *clinic, struct device *device, struct words *words, bool is_resume)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__SessionPause body = CAREPACE__V1__SESSION_PAUSE__INIT;
	struct id sid = id_named(ID_SESSION, words_take(words));

	body.sid = bytes_of(&sid);
	up.body_case = is_resume ? CAREPACE__V1__UP__BODY_SESSION_RESUME
	                         : CAREPACE__V1__UP__BODY_SESSION_PAUSE;
	up.session_pause = &body; /* the same member of the union as session_resume */
	clinic_send(clinic, device, &up);
}

static void pause_session(struct clinic *clinic, struct device *device, struct words *words)
{
	pause_or_resume(clinic, device, words, false);
}

static void resume_session(struct clinic *clinic, struct device *device, struct words *words)
{
	pause_or_resume(clinic, device, words, true);
}

/* "end A COMPLETED active 10m pulses 0 ended 2026-03-02 18:00" */
static void end(struct clinic *clinic, struct device *device, struct words *words)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__SessionEnd body = CAREPACE__V1__SESSION_END__INIT;

	body.has_active_ms = body.has_pulses = 1;
	body.active_ms = (uint32_t)words_duration_option(words, "active", 10 * MS_PER_MINUTE);
	body.pulses = words_number_option(words, "pulses", 0);
	body.end_ts_ms = words_time_option(words, "ended", 0);
	body.has_end_ts_ms = body.end_ts_ms != 0;
	struct id sid = id_named(ID_SESSION, words_take(words));
	body.sid = bytes_of(&sid);
	body.reason = (Carepace__V1__EndReason)enum_value(
	    clinic, &carepace__v1__end_reason__descriptor, "END_", words_take(words));
	up.body_case = CAREPACE__V1__UP__BODY_SESSION_END;
	up.session_end = &body;
	clinic_send(clinic, device, &up);
}

static void do_verb(struct clinic *clinic, struct device *device, verb_fn *verb, const char *format,
    ...) CP_PRINTF(4, 5);

static void do_verb(
    struct clinic *clinic, struct device *device, verb_fn *verb, const char *format, ...)
{
	char text[256];
	struct words words;
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	words_cut(&words, clinic, text);
	verb(clinic, device, &words);
	words_end(&words);
}

/* A whole treatment: start, a cartridge, work from its second minute on, end. */
static void session(struct clinic *clinic, struct device *device, struct words *words)
{
	const char *cart = words_option(words, "cart");
	const char *reason = words_option(words, "ends");
	const char *course = words_option(words, "course");
	int64_t lasting_ms = words_duration_option(words, "lasting", 30 * MS_PER_MINUTE);
	int64_t active_ms = words_duration_option(words, "active", 10 * MS_PER_MINUTE);
	const char *name = words_take(words);
	const char *client = words_take(words);
	const char *zones = *words_peek(words) ? words_take(words) : "CHEEK";
	wall_ms from = clinic->now;
	char fresh[16];

	snprintf(fresh, sizeof(fresh), "NEW-%u", (unsigned)++clinic->fresh_count);
	do_verb(clinic, device, start, "%s %s %s course %s", name, client, zones,
	    course ? course : "0");
	do_verb(clinic, device, attach, "%s %s", name, cart ? cart : fresh);
	if (active_ms > 0) {
		clinic_advance(clinic, from + MS_PER_MINUTE);
		do_verb(clinic, device, sample, "%s", name);
	}
	clinic_advance(clinic, from + lasting_ms);
	do_verb(clinic, device, end, "%s %s active %ldms", name, reason ? reason : "COMPLETED",
	    (long)active_ms);
}

/* --- tablets ------------------------------------------------------------------------- */

/* The words left name an alert as it is drawn: "INTERVAL_OVERDUE 7 after A". */
static struct id alert_named(struct clinic *clinic, struct words *words)
{
	char name[PICTURE_BYTES] = "";
	struct id id;

	while (*words_peek(words)) {
		size_t len = strlen(name);
		snprintf(name + len, sizeof(name) - len, "%s%s", len ? " " : "", words_take(words));
	}
	if (!picture_find_alert(clinic, name, &id))
		clinic_fail(clinic, "no alert %s", name);
	return id;
}

static void acknowledge(struct clinic *clinic, struct device *device, struct words *words)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	Carepace__V1__AckAlert body = CAREPACE__V1__ACK_ALERT__INIT;
	struct id by = id_named(ID_OPERATOR, "o1");
	struct id alert = alert_named(clinic, words);

	body.alert_id = bytes_of(&alert);
	body.by_token = bytes_of(&by);
	up.body_case = CAREPACE__V1__UP__BODY_ACK_ALERT;
	up.ack_alert = &body;
	clinic_send(clinic, device, &up);
}

/* "override INTERVAL_TOO_SOON B": by the alert's id; "override-check B CART_REUSE": by
 * session and check, which also meets an alert that is not there yet. */
static void send_override(
    struct clinic *clinic, struct device *device, Carepace__V1__Override *body)
{
	Carepace__V1__Up up = CAREPACE__V1__UP__INIT;
	struct id by = id_named(ID_OPERATOR, "o1");

	body->by_token = bytes_of(&by);
	body->reason = 1;
	up.body_case = CAREPACE__V1__UP__BODY_OVERRIDE;
	up.override = body;
	clinic_send(clinic, device, &up);
}

static void override_alert(struct clinic *clinic, struct device *device, struct words *words)
{
	Carepace__V1__Override body = CAREPACE__V1__OVERRIDE__INIT;
	struct id alert = alert_named(clinic, words);

	body.has_alert_id = 1;
	body.alert_id = bytes_of(&alert);
	send_override(clinic, device, &body);
}

static void override_check(struct clinic *clinic, struct device *device, struct words *words)
{
	Carepace__V1__Override body = CAREPACE__V1__OVERRIDE__INIT;
	struct id sid = id_named(ID_SESSION, words_take(words));

	body.has_sid = body.has_check = 1;
	body.sid = bytes_of(&sid);
	body.check = (Carepace__V1__Check)enum_value(
	    clinic, &carepace__v1__check__descriptor, "", words_take(words));
	send_override(clinic, device, &body);
}

/* --- the link ---------------------------------------------------------------------------- */

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

static void say_device(struct clinic *clinic, struct device *device, struct words *words)
{
	static const struct {
		const char *name;
		verb_fn *verb;
	} verbs[] = {{"hello", say_hello}, {"heartbeat", say_heartbeat}, {"session", session},
	    {"start", start}, {"attach", attach}, {"detach", detach}, {"param", param},
	    {"sample", sample}, {"pulse", pulse}, {"pause", pause_session},
	    {"resume", resume_session}, {"end", end}, {"ack", acknowledge},
	    {"override", override_alert}, {"override-check", override_check}, {"repeat", repeat},
	    {"offline", go_offline}, {"slow", go_slow}, {"online", come_back}};
	const char *name = words_take(words);

	for (size_t i = 0; i < CP_COUNT(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0) {
			verbs[i].verb(clinic, device, words);
			words_end(words);
			return;
		}
	clinic_fail(clinic, "a device cannot '%s'", name);
}

/* --- head office --------------------------------------------------------------------------- */

static void say_head_office(struct clinic *clinic, struct words *words)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	Carepace__V1__Plan plan = CAREPACE__V1__PLAN__INIT;
	char key[32];

	if (strcmp(words_take(words), "plan") != 0) {
		clinic_fail(clinic, "head office can only send a plan");
		return;
	}
	order.ts_ms = words_time_option(words, "since", clinic->now);
	plan.has_min_days = plan.has_max_days = plan.has_planned = 1;
	plan.min_days = words_number_option(words, "min", 0);
	plan.max_days = words_number_option(words, "max", 0);
	plan.state = words_flag(words, "PAUSED")   ? CAREPACE__V1__PLAN_STATE__PLAN_PAUSED
	             : words_flag(words, "CLOSED") ? CAREPACE__V1__PLAN_STATE__PLAN_CLOSED
	                                           : CAREPACE__V1__PLAN_STATE__PLAN_ACTIVE;
	plan.course = words_number(clinic, words_take(words));
	struct id client = id_named(ID_CLIENT, words_take(words));
	plan.client_token = bytes_of(&client);
	plan.band = (Carepace__V1__Band)enum_value(
	    clinic, &carepace__v1__band__descriptor, "BAND_", words_take(words));
	plan.planned = words_number(clinic, words_take(words));
	words_end(words);
	snprintf(key, sizeof(key), "plan:%u", (unsigned)plan.course);
	order.key = key;
	order.body_case = CAREPACE__V1__ORDER__BODY_PLAN;
	order.plan = &plan;
	clinic_order(clinic, &order);
}

/* --- a line ---------------------------------------------------------------------------------- */

static void say_gateway(struct clinic *clinic, struct words *words)
{
	const char *verb = words_take(words);

	words_end(words);
	if (strcmp(verb, "sleeps") == 0)
		clinic_sleep(clinic);
	else if (strcmp(verb, "wakes") == 0)
		clinic_wake(clinic);
	else
		clinic_fail(clinic, "the gateway cannot '%s'", verb);
}

void speech_line(struct clinic *clinic, const char *line)
{
	char copy[512];
	struct words words;
	wall_ms at;

	snprintf(copy, sizeof(copy), "%s", line);
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
		say_head_office(clinic, &words);
	else {
		struct device *device = clinic_device(clinic, who);
		if (device)
			say_device(clinic, device, &words);
	}
}
