/* session_derive.c - from messages to a treatment (R12, R13, R21, R22, R23). */
#include "care/judge.h"
#include "care/stream/guard.h"

#include "care/correction.h"
#include "care/time/zone.h"

#include <stdio.h>

#define COMPLETED_ACTIVE_MS (5 * MS_PER_MINUTE) /* R12 */
#define COMPLETED_PULSES 50

static void take_start(struct session *session, const struct fact *input)
{
	const Carepace__V1__SessionStart *start = input->reading.up->session_start;

	if (session->has_start)
		return; /* the first one in order is the start */
	session->has_start = true;
	session->start = input->reading.ts;
	session->ts_source = input->reading.ts_source;
	session->boot = input->reading.boot;
	session->seq = input->reading.seq;
	session->is_replay = input->reading.is_replay;
	session->client = input->client;
	session->operator_no = input->operator_no;
	session->booking = (int64_t)start->booking;
	session->course = (int64_t)start->course;
	session->phase = (enum phase)start->phase;
	session->modality = (enum modality)start->modality;
	session->zones = start->zones;
}

/* The last SESSION_END in order counts: it is the device's last word. An end before the start
 * or after the message that tells it cannot be; the message's own time is taken then. */
static const Carepace__V1__SessionEnd *take_end(struct session *session, const struct fact *input)
{
	const Carepace__V1__SessionEnd *end = input->reading.up->session_end;

	event_ms earliest = session->has_start ? session->start : session->fold.first_at;
	event_ms latest = input->reading.ts;
	event_ms told =
	    end->has_end_ts_ms ? reading_moment(&input->reading, end->end_ts_ms) : latest;

	session->has_end = true;
	session->has_odd_end = told < earliest || told > latest;
	session->end = session->has_odd_end ? latest : told;
	return end;
}

/* An emergency stop ends the session as `estop`, as long as no END says when it ended. */
static void take_estop(struct session *session, const struct fact *input)
{
	if (session->has_end)
		return;
	session->has_end = true;
	session->end = input->reading.ts;
}

/* --- cartridges --------------------------------------------------------------- */

static void end_slot(struct session_history *history, uint32_t slot, event_ms at)
{
	for (size_t i = history->use_count; i-- > 0;) {
		struct cart_use *use = &history->uses[i];
		if (use->slot != slot || use->is_replaced)
			continue;
		use->until = at;
		use->is_replaced = true;
		return;
	}
}

static void take_attach(struct session_history *history, const struct fact *input)
{
	const Carepace__V1__CartMount *mount = input->reading.up->cart_attach;
	const Carepace__V1__Cartridge *cart = mount->cart;

	end_slot(history, mount->slot, input->reading.ts);
	if (history->use_count == SESSION_USES_MAX)
		return;

	struct cart_use *use = &history->uses[history->use_count++];
	*use = (struct cart_use){
	    .session = history->session->no,
	    .slot = mount->slot,
	    .expiry_yyyymmdd = cart->expiry_yyyymmdd,
	    .pins = mount->pins,
	    .tip_used = mount->has_tip_used ? mount->tip_used : TIP_USED_UNKNOWN,
	    .tip_count = mount->tip_used,
	    .tip_limit = mount->tip_limit,
	    .low_at = TIME_NEVER,
	    .exhausted_at = TIME_NEVER,
	    .from = input->reading.ts,
	    .until = TIME_NEVER,
	    .source = input->reading.source,
	    .boot = input->reading.boot,
	    .seq = input->reading.seq,
	};
	snprintf(use->gtin, sizeof(use->gtin), "%s", cart->gtin ? cart->gtin : "");
	snprintf(use->serial, sizeof(use->serial), "%s", cart->serial ? cart->serial : "");
	snprintf(use->lot, sizeof(use->lot), "%s", cart->lot ? cart->lot : "");
}

/* A roller's needles are as deep as the session is set. */
static void set_needles(struct session_history *history)
{
	uint32_t depth_um = 0;

	for (size_t i = history->facts.count; i-- > 0;)
		if (history->facts.items[i].reading.kind == READING_SESSION_START)
			depth_um =
			    history->facts.items[i].reading.up->session_start->preset_depth_um;
	for (size_t i = 0; i < history->use_count; i++)
		if (history->session->modality == MODALITY_ROLLER)
			history->uses[i].needle_um = depth_um;
}

/* --- the whole ----------------------------------------------------------------- */

static void set_state(struct session_history *history, const struct policy *policy, wall_ms now)
{
	struct session *session = history->session;

	if (session->has_end) {
		session->state = SESSION_ENDED;
		return;
	}

	event_ms lost_at =
	    session->fold.last_at +
	    MS_PER_MINUTE * policy_number(policy, PARAM_LOST_AFTER_MINUTES, session->fold.last_at);
	if (history->next_start_on_device < lost_at)
		lost_at = history->next_start_on_device;
	session->end = session->fold.last_at;
	history->lost_at = lost_at;
	if (now >= lost_at) {
		session->state = SESSION_LOST;
		return;
	}
	history->next_change = lost_at;
	if (session->state != SESSION_PAUSED)
		session->state =
		    session->fold.stream_from == TIME_NEVER ? SESSION_OFFERED : SESSION_ACTIVE;
}

static bool was_stopped(const struct session_history *history)
{
	for (size_t i = 0; i < history->facts.count; i++)
		if (history->facts.items[i].reading.kind == READING_ESTOP &&
		    (history->session->is_test || !history->facts.items[i].reading.is_test))
			return true;
	return false;
}

/* R12. A lost or stopped session counts as exposing until a SESSION_END says otherwise; an
 * END that claims exposure without a stream exposes from start to end. */
static void set_exposure(struct session_history *history, const Carepace__V1__SessionEnd *end)
{
	struct session *session = history->session;
	bool in_stream = session->fold.exposed_from != TIME_NEVER;
	bool claimed = end ? end->active_ms > 0 || end->pulses > 0 : !session_is_open(session);

	session->is_exposing = in_stream || claimed;
	session->exposed_from = TIME_NEVER;
	session->exposed_until = INT64_MIN;
	if (in_stream) {
		session->exposed_from = session->fold.exposed_from;
		session->exposed_until = session->fold.exposed_until;
	} else if (claimed) {
		session->exposed_from = session->start;
		session->exposed_until = session->end;
	}
	if (!end || end->reason != CAREPACE__V1__END_REASON__END_COMPLETED || was_stopped(history))
		return;
	/* A sum that the END leaves out is missing, not zero: the stream has one too. */
	int64_t active_ms = end->has_active_ms ? end->active_ms : session->fold.active_ms;
	int64_t pulses = end->has_pulses ? end->pulses : session->fold.pulses;
	session->is_completed = active_ms >= COMPLETED_ACTIVE_MS || pulses >= COMPLETED_PULSES;
}

/* R22: a START says whether its session is a test. Before it has arrived, what is not
 * a test speaks of a treatment; of streams only that is in the fold. */
static bool is_test_session(const struct session_history *history)
{
	bool is_test = history->facts.count > 0;

	for (size_t i = 0; i < history->facts.count; i++) {
		if (history->facts.items[i].reading.kind == READING_SESSION_START)
			return history->facts.items[i].reading.is_test;
		is_test = is_test && history->facts.items[i].reading.is_test;
	}
	return is_test && history->session->fold.stream_from == TIME_NEVER;
}

/* Returns the END that counts so far. */
static const Carepace__V1__SessionEnd *take_input(
    struct session_history *history, const struct fact *input, const Carepace__V1__SessionEnd *end)
{
	struct session *session = history->session;

	switch (input->reading.kind) {
	case READING_SESSION_START:
		take_start(session, input);
		break;
	case READING_SESSION_END:
		return take_end(session, input);
	case READING_SESSION_PAUSE:
		session->state = SESSION_PAUSED;
		break;
	case READING_SESSION_RESUME:
		session->state = SESSION_ACTIVE;
		break;
	case READING_ESTOP:
		take_estop(session, input);
		break;
	case READING_CART_ATTACH:
		take_attach(history, input);
		break;
	case READING_CART_DETACH:
		end_slot(history, input->reading.up->cart_detach->slot, input->reading.ts);
		break;
	default:
		break;
	}
	return end;
}

/* What is put on after the end, an emergency stop perhaps, is over as soon as it is on. */
static void end_uses(struct session_history *history)
{
	for (size_t i = 0; i < history->use_count; i++) {
		struct cart_use *use = &history->uses[i];
		if (use->until == TIME_NEVER)
			use->until =
			    history->session->end > use->from ? history->session->end : use->from;
	}
}

void derive_session(struct session_history *history, const struct policy *policy, wall_ms now)
{
	struct session *session = history->session;
	const Carepace__V1__SessionEnd *end = NULL;

	*session = (struct session){
	    .no = session->no,
	    .sid = session->sid,
	    .source = session->source,
	    .device = session->device,
	    .fold = session->fold,
	    .seal = session->seal,
	    .sealed = session->sealed,
	    .visit = session->no,
	};
	history->use_count = 0;
	history->next_change = TIME_NEVER;
	history->lost_at = TIME_NEVER;
	session->is_test = is_test_session(history);
	for (size_t i = 0; i < history->facts.count; i++) {
		const struct fact *input = &history->facts.items[i];
		if (session->is_test || !input->reading.is_test)
			end = take_input(history, input, end);
	}

	if (!session->has_start) { /* opened by a message before its START (R23) */
		session->start = session->fold.first_at;
		session->ts_source = history->facts.count > 0
		                         ? history->facts.items[0].reading.ts_source
		                         : TS_DEVICE;
		if (session->start == TIME_NEVER) { /* all that was said of it is set aside */
			session->start = 0;
			session->ts_source = TS_UNKNOWN;
		}
	}
	if (session->has_end && session->end < session->start) {
		session->has_odd_end = true;
		session->end = session->start;
	}
	session->day = zone_day(policy->zone, session->start);
	set_state(history, policy, now);
	set_exposure(history, end);
	set_needles(history);
	if (!session_is_open(session))
		end_uses(history);
	correct_session(session, history->corrections);
	if (session->is_test) {
		session->client = 0;
		session->course = 0;
	}
	if (session->is_test || session->is_void)
		history->use_count = 0;
}

void derive_tips(struct session_history *history)
{
	for (size_t i = 0; i < history->use_count && history->guard; i++)
		tips_tell(&history->guard->tips, &history->uses[i]);
}

void derive_from_scene(struct session_history *history)
{
	const Carepace__V1__Hello *hello = scene_hello(&history->scene, history->session->start);

	history->session->model = hello ? (int32_t)hello->model : MODEL_UNKNOWN;
}
