#include "session.h"

#include "device.h"
#include "words.h"

#define WAIT_MS 1500 /* for a clinician, or for the answer to another cartridge */
#define WAITS_MAX 2

void session_init(struct session *session)
{
	*session = (struct session){.decide_at = TIME_NEVER, .start_sent_at = TIME_NEVER};
}

static const char *client_text(const struct visit *visit, char out[ID_HEX_LEN + 1])
{
	id_hex(&visit->client, out);
	out[6] = '\0'; /* P10: six digits of a token are enough for people */
	return out;
}

/* --- one message of a session, of today or of weeks ago --------------------- */

static void write_message(struct buf *out, const struct envelope *envelope,
    struct treatment *treatment, enum step_kind kind)
{
	switch (kind) {
	case STEP_START:
		message_start(out, envelope, treatment);
		break;
	case STEP_ATTACH:
		message_mount(out, envelope, treatment, true);
		break;
	case STEP_TREAT:
		message_param(out, envelope, treatment);
		break;
	case STEP_BATCH:
		message_batch(out, envelope, treatment);
		break;
	case STEP_DETACH:
		message_mount(out, envelope, treatment, false);
		break;
	case STEP_END:
		message_end(out, envelope, treatment, CAREPACE__V1__END_REASON__END_COMPLETED);
		break;
	case STEP_CLEAN:
		message_clean(out, envelope, &treatment->visit->operator_token);
		break;
	case STEP_SELFTEST:
		message_selftest(out, envelope);
		break;
	case STEP_ADMIT:
	case STEP_REPEAT:
	case STEP_CUT:
	case STEP_RETURN:
		break; /* no messages of this device */
	}
}

void session_record_past(
    struct device *device, const struct past *past, uint32_t boot, uint32_t *seq)
{
	struct treatment treatment = {
	    .kind = device->kind, .visit = &past->visit, .cart = &past->visit.cart};
	struct visit_steps steps;

	plan_steps(&past->visit, &steps);
	for (size_t i = 0; i < steps.count; i++) {
		if (steps.step[i].kind == STEP_ADMIT)
			continue; /* tablet_admit_past() */
		struct envelope envelope = {
		    .source = device->who.id,
		    .boot = boot,
		    .seq = *seq + 1,
		    .ts_ms = device_wall(device, steps.step[i].at_ms),
		    .mono_ms = (uint64_t)(steps.step[i].at_ms - past->boot_ms),
		};
		struct buf bytes;

		buf_init(&bytes, MESSAGE_MAX_BYTES);
		write_message(&bytes, &envelope, &treatment, steps.step[i].kind);
		*seq += device_record(device, &envelope, &bytes, false);
	}
}

static void say(struct session *session, struct device *device, enum step_kind kind, mono_ms now)
{
	struct envelope envelope = device_envelope(device, now);
	struct buf bytes;

	buf_init(&bytes, MESSAGE_MAX_BYTES);
	write_message(&bytes, &envelope, &session->treatment, kind);
	(void)device_record(device, &envelope, &bytes, kind == STEP_START);
}

static void tell(struct session *session, struct device *device, mono_ms now, const char *event,
    const char *sentence)
{
	char sid[ID_HEX_LEN + 1], client[ID_HEX_LEN + 1];

	report_event(device->world->report, device_wall(device, now), &device->who, event,
	    json_pack("{s:s, s:s}", "sid", id_hex(&session->visit.sid, sid), "client",
	        client_text(&session->visit, client)),
	    "%s", sentence);
}

/* --- what the verdict does to it -------------------------------------------- */

static void end_aborted(struct session *session, struct device *device, mono_ms now)
{
	struct envelope envelope = device_envelope(device, now);
	struct buf bytes;

	buf_init(&bytes, MESSAGE_MAX_BYTES);
	message_end(
	    &bytes, &envelope, &session->treatment, CAREPACE__V1__END_REASON__END_ABORTED_OPERATOR);
	(void)device_record(device, &envelope, &bytes, false);
	session->state = SESSION_ENDED;
	session->decide_at = TIME_NEVER;
}

static void take_spare(struct session *session, struct device *device, mono_ms now)
{
	tell(session, device, now, "cartridge_replaced", "takes another cartridge");
	say(session, device, STEP_DETACH, now);
	session->treatment.cart = &session->visit.spare;
	session->is_cart_refused = false;
	say(session, device, STEP_ATTACH, now);
}

/* The moment before the needles go on. */
static void decide(struct session *session, struct device *device, mono_ms now)
{
	bool has_spare = session->treatment.cart != &session->visit.spare;
	bool may_wait = session->waits < WAITS_MAX;

	session->decide_at = TIME_NEVER;
	if (session->decision == CAREPACE__V1__DECISION__DENY ||
	    session->decision == CAREPACE__V1__DECISION__REQUIRE_OVERRIDE) {
		if (session->is_cart_refused && has_spare &&
		    session->decision == CAREPACE__V1__DECISION__DENY) {
			take_spare(session, device, now);
		} else if (!may_wait) {
			tell(session, device, now, "session_refused",
			    "sends the client home untreated");
			end_aborted(session, device, now);
			return;
		}
		session->waits++;
		session->decide_at = now + WAIT_MS;
		return;
	}
	session->state = SESSION_TREATING;
	say(session, device, STEP_TREAT, now);
}

static void describe(const Carepace__V1__VerdictItem *item, char *out, size_t size)
{
	char date[WORDS_DATE_BYTES];
	int len = snprintf(out, size, "%s", words_check(item->check));

	if (item->earliest_ok_date && len > 0 && (size_t)len < size)
		(void)snprintf(out + len, size - (size_t)len, ", earliest %s",
		    words_date(item->earliest_ok_date, date));
}

static json_t *verdict_json(const Carepace__V1__Verdict *verdict, const char *decision)
{
	json_t *items = json_array();
	char hex[ID_HEX_LEN + 1];
	struct id sid;

	for (size_t i = 0; i < verdict->n_item; i++) {
		const Carepace__V1__VerdictItem *item = verdict->item[i];
		json_t *row = json_pack("{s:s, s:i, s:I, s:I, s:I}", "check",
		    words_check(item->check), "severity", (int)item->severity, "value",
		    (json_int_t)item->value, "limit", (json_int_t)item->limit, "earliest_ok_date",
		    (json_int_t)item->earliest_ok_date);

		CP_CHECK(row && json_array_append_new(items, row) == 0);
	}
	(void)id_from_bytes(&sid, slice_of(verdict->sid.data, verdict->sid.len));
	return json_pack("{s:s, s:I, s:s, s:o}", "sid", id_hex(&sid, hex), "rev",
	    (json_int_t)verdict->rev, "decision", decision, "items", items);
}

static void report_verdict(
    struct device *device, const Carepace__V1__Verdict *verdict, const char *decision, mono_ms now)
{
	char text[512];
	size_t len = 0;

	text[0] = '\0';
	for (size_t i = 0; i < verdict->n_item && len + 2 < sizeof(text); i++) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", i ? "; " : ": ");
		describe(verdict->item[i], text + len, sizeof(text) - len);
		len += strlen(text + len);
	}
	report_event(device->world->report, device_wall(device, now), &device->who, "verdict",
	    verdict_json(verdict, decision), "<- %s%s", decision, text);
}

/* Checks of 8.4 have the numbers 401 to 499. */
static bool is_about_cartridge(Carepace__V1__Check check)
{
	return check / 100 == CAREPACE__V1__CHECK__CART_REUSE / 100;
}

void session_verdict(struct session *session, struct device *device,
    const Carepace__V1__Verdict *verdict, mono_ms now)
{
	const char *decision = words_decision(verdict->decision);
	struct id sid;

	/* A tablet sees everybody's; it is told of by the device that asked. */
	if (!id_from_bytes(&sid, slice_of(verdict->sid.data, verdict->sid.len)) || !decision ||
	    !session->has_visit || !id_eq(&sid, &session->visit.sid))
		return;
	report_verdict(device, verdict, decision, now);
	device->world->report->verdicts[verdict->decision]++;
	if (session->start_sent_at != TIME_NEVER)
		report_latency(device->world->report, now - session->start_sent_at);
	session->start_sent_at = TIME_NEVER;
	if (verdict->rev < session->rev)
		return;
	session->rev = verdict->rev;
	session->decision = verdict->decision;
	session->is_cart_refused = false;
	for (size_t i = 0; i < verdict->n_item; i++)
		session->is_cart_refused |= is_about_cartridge(verdict->item[i]->check);
}

/* --- the steps of today ------------------------------------------------------ */

static void start(struct session *session, struct device *device, mono_ms now)
{
	char sid[ID_HEX_LEN + 1], client[ID_HEX_LEN + 1];
	const char *zone = words_zone(session->visit.zone);

	session->state = SESSION_OFFERED;
	session->treatment = (struct treatment){
	    .kind = device->kind, .visit = &session->visit, .cart = &session->visit.cart};
	client_text(&session->visit, client);
	report_event(device->world->report, device_wall(device, now), &device->who, "session_start",
	    json_pack("{s:s, s:s, s:s, s:s}", "sid", id_hex(&session->visit.sid, sid), "client",
	        client, "zone", zone, "story", plan_story_name(session->visit.story)),
	    "starts a session on the %s for client %s", zone, client);
	device->world->report->sessions_started++;
	say(session, device, STEP_START, now);
}

static void run_step(
    struct session *session, struct device *device, enum step_kind kind, mono_ms now)
{
	switch (kind) {
	case STEP_ADMIT:
		if (device->world->tablet)
			tablet_admit(device->world->tablet, &session->visit, now);
		return;
	case STEP_START:
		start(session, device, now);
		return;
	case STEP_CUT:
		tell(session, device, now, "unplugged", "loses its network in mid-session");
		device_unplug(device);
		return;
	case STEP_RETURN:
		device_plug_in(device, now);
		return;
	case STEP_REPEAT:
		device_repeat_last(device);
		return;
	case STEP_TREAT:
		decide(session, device, now);
		return;
	case STEP_SELFTEST:
	case STEP_CLEAN:
		say(session, device, kind, now);
		return;
	case STEP_BATCH:
		if (session->state == SESSION_TREATING)
			say(session, device, kind, now);
		return;
	case STEP_ATTACH:
	case STEP_DETACH:
		if (session_is_open(session))
			say(session, device, kind, now);
		return;
	case STEP_END:
		if (session->state == SESSION_TREATING) {
			tell(session, device, now, "session_end", "ends the session");
			say(session, device, kind, now);
			session->state = SESSION_ENDED;
		} else if (session->state == SESSION_OFFERED) {
			end_aborted(session, device, now);
		}
		return;
	}
}

static void next_visit(struct session *session, struct device *device)
{
	size_t visit_no = session->visit_no;

	session_init(session);
	session->is_begun = true;
	session->visit_no = visit_no;
	session->has_visit =
	    plan_visit(device->world->plan, device->plan_index, visit_no, &session->visit);
	if (session->has_visit)
		plan_steps(&session->visit, &session->steps);
}

void session_tick(struct session *session, struct device *device, mono_ms now)
{
	if (!session->is_begun)
		next_visit(session, device);
	while (session->has_visit && session->next_step < session->steps.count &&
	       session->steps.step[session->next_step].at_ms <= now) {
		run_step(session, device, session->steps.step[session->next_step].kind, now);
		session->next_step++;
		if (session->next_step == session->steps.count) {
			session->visit_no++;
			next_visit(session, device);
		}
	}
	if (session->state == SESSION_OFFERED && session->decide_at <= now)
		decide(session, device, now);
}

mono_ms session_next_ms(const struct session *session)
{
	if (!session->has_visit)
		return session->is_begun ? TIME_NEVER : 0;
	mono_ms step_at = session->steps.step[session->next_step].at_ms;

	return step_at < session->decide_at ? step_at : session->decide_at;
}

void session_stop(struct session *session, struct device *device, mono_ms now)
{
	if (session_is_open(session))
		end_aborted(session, device, now);
	session->has_visit = false;
}
