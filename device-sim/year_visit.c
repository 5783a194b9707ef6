#include "year_visit.h"

#include "year_books.h"
#include "year_course.h"
#include "year_deeds.h"

#include <inttypes.h>
#include <stdio.h>

#define BOOKED_MIN (8 * 60) /* of the day on which it is booked */
#define SCREENED_BEFORE_MS (10 * MS_PER_MINUTE)
#define CLEANED_BEFORE_MS (5 * MS_PER_MINUTE)
#define ATTACH_AFTER_MS (30 * MS_PER_SECOND)
#define DETACH_AFTER_MS (15 * MS_PER_SECOND)
#define BATCH_AFTER_MS MS_PER_MINUTE
#define BATCH_PITCH_MS (6 * MS_PER_MINUTE) /* silent for less than ten, if a clock is slow, too */
#define BATCH_READINGS 20
#define BILLED_MIN (21 * 60)
#define AFTERCARE_MS (24 * MS_PER_HOUR)
#define USUAL_ACTIVE_MS (10 * MS_PER_MINUTE)
#define USUAL_DEPTH_UM 1000
#define USUAL_PEAK_CDEGC 6500
#define IMPEDANCE_OHM 300
#define CART_GOOD_DAYS 500

struct unit *visit_unit(struct clinic *clinic, const struct visit *visit)
{
	return &clinic->units[visit->unit];
}

const char *visit_sid(struct clinic *clinic, const struct visit *visit)
{
	char hex[ID_HEX_LEN + 1];

	return tape_text(&clinic->tape, "%s", id_hex(&visit->sid, hex));
}

static unsigned speaker_of(struct clinic *clinic, const struct visit *visit)
{
	return visit_unit(clinic, visit)->speaker;
}

static bool is_rf(struct clinic *clinic, const struct visit *visit)
{
	return visit_unit(clinic, visit)->kind == CAREPACE__V1__DEVICE_KIND__DEVICE_RF;
}

/* --- booking --------------------------------------------------------------------------------- */

struct year_cart visit_new_cart(struct clinic *clinic, int day)
{
	uint64_t number = clinic_number(clinic);

	return (struct year_cart){
	    .gtin = BOOKS_GTIN,
	    .lot = tape_text(&clinic->tape, "L%03d", day / 30),
	    .serial = tape_text(&clinic->tape, "C%" PRIu64, number),
	    /* Good through its last day, which may be today (R6). */
	    .expiry_yyyymmdd =
	        clinic_date(clinic, day + (dice_permille(&clinic->dice, 30) ? 0 : CART_GOOD_DAYS)),
	};
}

const char *visit_cart_name(struct clinic *clinic, const struct year_cart *cart)
{
	return tape_text(&clinic->tape, "%s/%s", cart->gtin, cart->serial);
}

struct visit *visit_book(
    struct clinic *clinic, struct course *course, unsigned unit, int day, int slot)
{
	struct tape *tape = &clinic->tape;
	struct visit *visit = tape_alloc(tape, sizeof(*visit));
	struct unit *u = &clinic->units[unit];
	char hex[ID_HEX_LEN + 1];

	*visit = (struct visit){
	    .course = course,
	    .unit = unit,
	    .operator_no = books_operator(clinic, u->kind, day),
	    .day = day,
	    .start = clinic_slot(clinic, day, slot),
	    .sid = dice_id(&clinic->dice),
	    .booking = clinic_number(clinic),
	    .cart = visit_new_cart(clinic, day),
	    .phase = CAREPACE__V1__PHASE__PHASE_SERIES,
	    .is_completed = true,
	    .answer = ANSWER_PERMIT,
	    .manners = {.is_booked = true,
	        .is_screened = true,
	        .is_cleaned = true,
	        .is_billed = true,
	        .has_operator = true,
	        .has_end = true,
	        .reason = CAREPACE__V1__END_REASON__END_COMPLETED,
	        .active_ms = USUAL_ACTIVE_MS,
	        .punctures = 980000,
	        .passes = 4,
	        .preset_um = USUAL_DEPTH_UM,
	        .measured_um = USUAL_DEPTH_UM},
	};
	visit->end = visit->start + dice_range(&clinic->dice, 22, 40) * MS_PER_MINUTE;
	visit->name = tape_text(tape, "%s/%s", id_hex(&visit->sid, hex), u->hex);
	u->slots[day][slot] = visit;
	clinic->visits = arena_push(&tape->arena, clinic->visits, clinic->visit_count++,
	    &clinic->visit_cap, sizeof(struct visit *));
	CP_CHECK(clinic->visits);
	clinic->visits[clinic->visit_count - 1] = visit;
	return visit;
}

/* --- what head office and the tablet say --------------------------------------------------------
 */

static void tell_booking(struct clinic *clinic, struct visit *visit, event_ms at)
{
	struct tape *tape = &clinic->tape;
	Carepace__V1__Booking *booking =
	    ORDER(tape, at, tape_text(tape, "booking/%" PRIu64, visit->booking), BOOKING);

	booking->booking = visit->booking;
	booking->client_token = tape_id(&visit->course->client->token);
	booking->site = clinic->site;
	booking->start_ts_ms = visit->start;
	booking->has_zones = true;
	booking->zones = visit->course->zones;
	booking->state = CAREPACE__V1__BOOKING_STATE__BOOKING_BOOKED;
	visit->booked = tape->last;
}

static void tell_screening(struct clinic *clinic, const struct visit *visit, event_ms at)
{
	Carepace__V1__Screening *screening = SAY(&clinic->tape, clinic->tablet, at, SCREENING);

	screening->client_token = tape_id(&visit->course->client->token);
	screening->consent = CAREPACE__V1__CONSENT__CONSENT_YES;
	screening->has_by_token = true;
	screening->by_token = tape_id(&clinic->operators[visit->operator_no]);
}

static void tell_bill(struct clinic *clinic, const struct visit *visit)
{
	struct tape *tape = &clinic->tape;
	uint64_t line = clinic_number(clinic);
	Carepace__V1__BillingLine *bill = ORDER(tape, clinic_moment(clinic, visit->day, BILLED_MIN),
	    tape_text(tape, "bill/%" PRIu64, line), BILLING_LINE);

	bill->line = line;
	bill->site = clinic->site;
	bill->local_date = clinic_date(clinic, visit->day);
	bill->gtin = (char *)visit->cart.gtin;
	bill->serial = (char *)visit->cart.serial;
}

/* --- what the device says ------------------------------------------------------------------------
 */

static void tell_clean(struct clinic *clinic, struct visit *visit, event_ms at)
{
	Carepace__V1__Maint *clean = SAY(&clinic->tape, speaker_of(clinic, visit), at, MAINT);

	visit->cleaned = clinic->tape.last;
	clean->kind = CAREPACE__V1__MAINT_KIND__MAINT_CLEAN;
	clean->has_by_token = true;
	clean->by_token = tape_id(&clinic->operators[visit->operator_no]);
}

static void tell_start(struct clinic *clinic, struct visit *visit)
{
	const struct unit *unit = visit_unit(clinic, visit);
	Carepace__V1__SessionStart *start =
	    SAY(&clinic->tape, unit->speaker, visit->start, SESSION_START);

	start->sid = tape_id(&visit->sid);
	start->has_client_token = start->has_phase = start->has_zones = true;
	start->client_token = tape_id(&visit->course->client->token);
	start->has_operator_token = visit->manners.has_operator;
	if (start->has_operator_token)
		start->operator_token = tape_id(&clinic->operators[visit->operator_no]);
	start->has_booking = visit->manners.is_booked;
	start->booking = start->has_booking ? visit->booking : 0;
	start->has_course = true;
	start->course = visit->course->no;
	start->phase = visit->phase;
	start->modality = (Carepace__V1__Modality)unit->kind; /* pen, stamp, roller, rf alike */
	start->zones = visit->course->zones;
	start->has_preset_depth_um = true;
	start->preset_depth_um = visit->manners.preset_um;
	start->has_preset_rate_dhz = !is_rf(clinic, visit);
	start->preset_rate_dhz = start->has_preset_rate_dhz ? BOOKS_RATE_DHZ : 0;
	start->has_fitzpatrick = true;
	start->fitzpatrick = 3;
	visit->started = clinic->tape.last;
}

void visit_mount(struct clinic *clinic, struct visit *visit, event_ms at,
    const struct year_cart *cart, bool is_attach)
{
	struct tape *tape = &clinic->tape;
	unsigned speaker = speaker_of(clinic, visit);
	Carepace__V1__CartMount *mount =
	    is_attach ? SAY(tape, speaker, at, CART_ATTACH) : SAY(tape, speaker, at, CART_DETACH);

	if (is_attach)
		visit->attached = tape->last;
	else
		visit->detached = tape->last;
	mount->sid = tape_id(&visit->sid);
	mount->cart = tape_message(tape, &carepace__v1__cartridge__descriptor);
	mount->cart->gtin = (char *)cart->gtin;
	mount->cart->lot = (char *)cart->lot;
	mount->cart->serial = (char *)cart->serial;
	mount->cart->has_expiry_yyyymmdd = true;
	mount->cart->expiry_yyyymmdd = cart->expiry_yyyymmdd;
	mount->has_pins = mount->has_tip_used = true;
	mount->pins = is_rf(clinic, visit) ? BOOKS_PINS_RF : BOOKS_PINS;
	mount->tip_used = cart->tip_used;
}

static uint32_t zone_of(const struct visit *visit)
{
	return (uint32_t)__builtin_ctz(visit->course->zones);
}

static void tell_param(
    struct clinic *clinic, const struct visit *visit, event_ms at, uint32_t depth_um)
{
	Carepace__V1__Param *param = SAY(&clinic->tape, speaker_of(clinic, visit), at, PARAM);

	param->sid = tape_id(&visit->sid);
	param->has_zone = param->has_depth_um = true;
	param->zone = (Carepace__V1__Zone)zone_of(visit);
	param->depth_um = depth_um;
}

static void tell_samples(
    struct clinic *clinic, struct visit *visit, size_t batch, event_ms at, uint32_t depth_um)
{
	struct tape *tape = &clinic->tape;
	Carepace__V1__Samples *samples = SAY(tape, speaker_of(clinic, visit), at, SAMPLES);

	tape->last->delay_ms = (BATCH_READINGS - 1) * MS_PER_SECOND;
	visit->batches[batch] = tape->last;
	samples->sid = tape_id(&visit->sid);
	samples->n_sample = BATCH_READINGS;
	samples->sample = tape_list(tape, BATCH_READINGS);
	for (uint32_t i = 0; i < BATCH_READINGS; i++) {
		Carepace__V1__Sample *sample =
		    tape_message(tape, &carepace__v1__sample__descriptor);
		sample->has_dt_ms = sample->has_zone = sample->has_depth_um = true;
		sample->dt_ms = i * (uint32_t)MS_PER_SECOND;
		sample->zone = (Carepace__V1__Zone)zone_of(visit);
		sample->depth_um = depth_um;
		sample->has_rate_dhz = sample->has_active_ms = true;
		sample->rate_dhz = BOOKS_RATE_DHZ;
		sample->active_ms = 1000;
		sample->has_battery_pct = visit->manners.battery_pct > 0;
		sample->battery_pct = visit->manners.battery_pct;
		samples->sample[i] = sample;
	}
}

static void tell_pulses(
    struct clinic *clinic, struct visit *visit, size_t batch, event_ms at, uint32_t depth_um)
{
	struct tape *tape = &clinic->tape;
	Carepace__V1__Pulses *pulses = SAY(tape, speaker_of(clinic, visit), at, PULSES);
	bool is_hot = batch == 1 && visit->manners.peak_cdegc;

	tape->last->delay_ms = (BATCH_READINGS - 1) * MS_PER_SECOND;
	visit->batches[batch] = tape->last;
	pulses->sid = tape_id(&visit->sid);
	pulses->n_pulse = BATCH_READINGS;
	visit->pulses += BATCH_READINGS;
	pulses->pulse = tape_list(tape, BATCH_READINGS);
	for (uint32_t i = 0; i < BATCH_READINGS; i++) {
		Carepace__V1__Pulse *pulse = tape_message(tape, &carepace__v1__pulse__descriptor);
		pulse->has_dt_ms = pulse->has_zone = pulse->has_site = pulse->has_depth_um = true;
		pulse->dt_ms = i * (uint32_t)MS_PER_SECOND;
		pulse->zone = (Carepace__V1__Zone)zone_of(visit);
		pulse->site = (uint32_t)batch * BATCH_READINGS + i;
		pulse->depth_um = depth_um;
		pulse->has_energy_uj = pulse->has_power_mw = pulse->has_duration_us = true;
		pulse->energy_uj = BOOKS_ENERGY_UJ;
		pulse->power_mw = BOOKS_POWER_MW;
		pulse->duration_us = BOOKS_PULSE_US;
		pulse->has_impedance_ohm = pulse->has_peak_temp_cdegc = true;
		pulse->impedance_ohm = IMPEDANCE_OHM;
		pulse->peak_temp_cdegc =
		    is_hot && i < 2 ? visit->manners.peak_cdegc : USUAL_PEAK_CDEGC;
		pulses->pulse[i] = pulse;
	}
}

/* In the second batch the needles may be set deeper; in the others they are as preset. */
static void tell_batch(struct clinic *clinic, struct visit *visit, size_t batch, event_ms at)
{
	const struct manners *manners = &visit->manners;
	bool is_deep = batch == 1 && manners->deep_um;
	uint32_t depth_um = is_deep ? manners->deep_um : manners->measured_um;

	if (manners->deep_um && batch > 0)
		tell_param(clinic, visit, at - MS_PER_SECOND, depth_um);
	if (is_rf(clinic, visit))
		tell_pulses(clinic, visit, batch, at, depth_um);
	else
		tell_samples(clinic, visit, batch, at, depth_um);
}

static void tell_stop(struct clinic *clinic, struct visit *visit)
{
	Carepace__V1__Estop *stop =
	    SAY(&clinic->tape, speaker_of(clinic, visit), visit->manners.stopped_at, ESTOP);

	stop->sid = tape_id(&visit->sid);
	stop->has_stop_source = true;
	stop->stop_source = CAREPACE__V1__ESTOP_SOURCE__ESTOP_BUTTON;
}

Carepace__V1__SessionEnd *visit_end(struct clinic *clinic, struct visit *visit, event_ms at)
{
	const struct manners *manners = &visit->manners;
	struct tape *tape = &clinic->tape;
	Carepace__V1__SessionEnd *end = SAY(tape, speaker_of(clinic, visit), at, SESSION_END);

	visit->ended = tape->last;
	end->sid = tape_id(&visit->sid);
	end->reason = manners->reason;
	end->has_active_ms = true;
	end->active_ms = manners->active_ms;
	end->has_punctures = !is_rf(clinic, visit);
	end->punctures = manners->punctures;
	end->has_pulses = is_rf(clinic, visit);
	end->pulses = visit->pulses;
	end->n_passes = 1;
	end->passes = tape_list(tape, 1);
	end->passes[0] = tape_message(tape, &carepace__v1__zone_passes__descriptor);
	end->passes[0]->zone = (Carepace__V1__Zone)zone_of(visit);
	end->passes[0]->passes = manners->passes;
	return end;
}

static bool is_said(const struct visit *visit, event_ms at)
{
	return !visit->manners.silent_from || at < visit->manners.silent_from;
}

static void tell_returned(struct clinic *clinic, struct visit *visit)
{
	const struct year_cart *cart = visit->manners.returned;

	visit_mount(clinic, visit, visit->start + VISIT_RETURNED_ON_MS, cart, true);
	visit_mount(clinic, visit, visit->start + VISIT_RETURNED_OFF_MS, cart, false);
}

/* From START to END, as far as it comes. */
static void tell_session(struct clinic *clinic, struct visit *visit)
{
	event_ms batch_at = visit->start + BATCH_AFTER_MS;

	tell_start(clinic, visit);
	if (visit->manners.returned)
		tell_returned(clinic, visit);
	visit_mount(clinic, visit, visit->start + ATTACH_AFTER_MS, &visit->cart, true);
	for (size_t i = 0; i < VISIT_BATCHES; i++, batch_at += BATCH_PITCH_MS)
		if (is_said(visit, batch_at) && batch_at + MS_PER_MINUTE < visit->end) {
			tell_batch(clinic, visit, i, batch_at);
			visit->last = visit->batches[i];
		}
	if (visit->manners.stopped_at)
		tell_stop(clinic, visit);
	if (is_said(visit, visit->end))
		visit_mount(clinic, visit, visit->end + DETACH_AFTER_MS, &visit->cart, false);
	if (visit->manners.has_end)
		visit_end(clinic, visit, visit->end);
}

/* --- all
 * ------------------------------------------------------------------------------------------ */

struct expected visit_finding(
    const struct visit *visit, Carepace__V1__Check check, Carepace__V1__Severity severity)
{
	return (struct expected){
	    .check = check,
	    .subject = visit->name,
	    .severity = severity,
	    .from = WHEN(visit->started),
	    .until = STILL,
	    .persona = visit->deed ? visit->deed->persona : NULL,
	};
}

void visit_weigh(struct visit *visit, enum answer answer)
{
	visit->answer = answer_worst(visit->answer, answer);
}

/* Moisturizer is fine a day after the end of what touched the skin (8.1). */
static void expect_aftercare(struct clinic *clinic, const struct visit *visit)
{
	struct expected finding =
	    visit_finding(visit, CAREPACE__V1__CHECK__AFTERCARE_OPEN, CAREPACE__V1__SEVERITY__INFO);

	finding.value = finding.limit = AFTERCARE_MS;
	finding.from = finding.until = AFTER(visit->ended, AFTERCARE_MS);
	finding.raised_by = visit->ended;
	finding.is_timed = true;
	expect(&clinic->all, &finding);
}

static void tell_visit(struct clinic *clinic, struct visit *visit)
{
	struct unit *unit = visit_unit(clinic, visit);
	const struct manners *manners = &visit->manners;

	visit->before = unit->last;
	if (unit->last)
		unit->last->after = visit;
	unit->last = visit;
	if (visit->deed && visit->deed->ready)
		visit->deed->ready(clinic, visit);
	if (manners->is_booked)
		tell_booking(clinic, visit, visit->booked_at);
	if (manners->is_screened)
		tell_screening(clinic, visit, visit->start - SCREENED_BEFORE_MS);
	if (manners->is_cleaned)
		tell_clean(clinic, visit, visit->start - CLEANED_BEFORE_MS);
	tell_session(clinic, visit);
	if (manners->cleaned_late)
		tell_clean(clinic, visit, manners->cleaned_late);
	if (manners->screened_late)
		tell_screening(clinic, visit, manners->screened_late);
	if (manners->booked_late)
		tell_booking(clinic, visit, manners->booked_late);
	if (manners->is_billed && visit->cart.serial)
		tell_bill(clinic, visit);
	if (visit->ended)
		expect_aftercare(clinic, visit);
	visit_weigh(visit, unit->weight[visit->day]);
	if (visit->start < unit->faulty_until[visit->day])
		visit_weigh(visit, ANSWER_ADVISE);
}

void visits_tell(struct clinic *clinic)
{
	for (size_t i = 0; i < clinic->unit_count; i++)
		for (int day = 0; day < clinic->days; day++)
			for (int slot = 0; slot < CLINIC_SLOTS; slot++)
				if (clinic->units[i].slots[day][slot])
					tell_visit(clinic, clinic->units[i].slots[day][slot]);
	for (size_t i = 0; i < clinic->visit_count; i++)
		if (clinic->visits[i]->deed)
			clinic->visits[i]->deed->expect(clinic, clinic->visits[i]);
}
