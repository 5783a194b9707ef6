#include "year_books.h"

#include <inttypes.h>

#define TOLD_MIN 5 /* of the first day: before anything is due at six */
#define ALL_SKIN_TYPES 0x7e
#define PEN_DEPTH_MAX_UM 2500
#define RF_DEPTH_MAX_UM 3500
#define HOLIDAYS 3
#define YEARS_AHEAD_DAYS 900
#define POLICY_SETTING "after_seconds"

static event_ms told_at(const struct clinic *clinic)
{
	return clinic_moment(clinic, 0, TOLD_MIN);
}

uint32_t books_model(Carepace__V1__DeviceKind kind)
{
	return 100 * (uint32_t)kind + 1;
}

/* Every 97th day, counted from 1970: now and then one falls on a Monday. */
bool books_is_holiday(const struct clinic *clinic, int day)
{
	return (clinic->first_day + day) % 97 == 0;
}

unsigned books_operator(struct clinic *clinic, Carepace__V1__DeviceKind kind, int day)
{
	bool is_rf = kind == CAREPACE__V1__DEVICE_KIND__DEVICE_RF;
	unsigned operator_no =
	    (unsigned)dice_range(&clinic->dice, 0, is_rf ? OPERATOR_SECOND : OPERATOR_RUNS_OUT);

	if (operator_no == OPERATOR_RUNS_OUT && day > clinic->cert_ends &&
	    day <= clinic->cert_renewed)
		return OPERATOR_FIRST;
	return operator_no;
}

/* --- the site --------------------------------------------------------------------------------- */

static void tell_policy(struct clinic *clinic)
{
	struct tape *tape = &clinic->tape;
	Carepace__V1__Policy *policy = ORDER(tape, told_at(clinic), "policy", POLICY);
	Carepace__V1__PolicySetting *setting =
	    tape_message(tape, &carepace__v1__policy_setting__descriptor);

	/* Beats every twenty minutes instead of every half make a year a tenth as large. */
	policy->version = 1;
	setting->check = CAREPACE__V1__CHECK__DEVICE_OFFLINE;
	setting->parameter = (char *)POLICY_SETTING;
	setting->value = OFFLINE_AFTER_MS / MS_PER_SECOND;
	policy->n_setting = 1;
	policy->setting = tape_list(tape, 1);
	policy->setting[0] = setting;
	policy->n_off = clinic->off != CAREPACE__V1__CHECK__CHECK_UNSPECIFIED;
	policy->off = &clinic->off;
}

static void tell_calendar(struct clinic *clinic)
{
	struct tape *tape = &clinic->tape;
	Carepace__V1__Calendar *calendar = ORDER(tape, told_at(clinic), "calendar", CALENDAR);

	calendar->opening = tape_list(tape, 6);
	calendar->holiday_date = tape_alloc(tape, CLINIC_DAYS_MAX * sizeof(uint32_t));
	for (int day = 0; calendar->n_opening < 6; day++) {
		if (civil_week_day(clinic->first_day + day) == 7)
			continue;
		Carepace__V1__OpeningHours *hours =
		    tape_message(tape, &carepace__v1__opening_hours__descriptor);
		hours->weekday = civil_week_day(clinic->first_day + day);
		hours->open_min = CLINIC_OPEN_MIN;
		hours->close_min =
		    hours->weekday == 6 ? CLINIC_CLOSE_SATURDAY_MIN : CLINIC_CLOSE_MIN;
		calendar->opening[calendar->n_opening++] = hours;
	}
	for (int day = 0; day < clinic->days; day++)
		if (books_is_holiday(clinic, day))
			calendar->holiday_date[calendar->n_holiday_date++] =
			    clinic_date(clinic, day);
}

static void set_rf(struct tape *tape, Carepace__V1__ModelProfile *profile)
{
	Carepace__V1__EnergyLimit *limit =
	    tape_message(tape, &carepace__v1__energy_limit__descriptor);

	profile->has_freq_khz = profile->has_min_stack_gap_ms = true;
	profile->freq_khz = BOOKS_FREQ_KHZ;
	profile->has_min_impedance_ohm = profile->has_max_impedance_ohm = true;
	profile->min_impedance_ohm = 100;
	profile->max_impedance_ohm = 1000;
	limit->has_max_energy_uj = limit->has_max_power_mw = limit->has_max_pulse_us = true;
	limit->max_energy_uj = 2 * BOOKS_ENERGY_UJ;
	limit->max_power_mw = 2 * BOOKS_POWER_MW;
	limit->max_pulse_us = 2 * BOOKS_PULSE_US;
	profile->n_energy_limit = 1;
	profile->energy_limit = tape_list(tape, 1);
	profile->energy_limit[0] = limit;
}

static void tell_profile(struct clinic *clinic, Carepace__V1__DeviceKind kind)
{
	struct tape *tape = &clinic->tape;
	bool is_rf = kind == CAREPACE__V1__DEVICE_KIND__DEVICE_RF;
	Carepace__V1__ModelProfile *profile = ORDER(
	    tape, told_at(clinic), tape_text(tape, "model/%u", books_model(kind)), MODEL_PROFILE);

	profile->model = books_model(kind);
	profile->kind = kind;
	profile->has_pins = profile->has_max_depth_um = profile->has_skin_types = true;
	profile->pins = is_rf ? BOOKS_PINS_RF : BOOKS_PINS;
	profile->max_depth_um = is_rf ? RF_DEPTH_MAX_UM : PEN_DEPTH_MAX_UM;
	profile->skin_types = ALL_SKIN_TYPES;
	profile->n_cart_gtin = 1;
	profile->cart_gtin = tape_list(tape, 1);
	profile->cart_gtin[0] = (char *)BOOKS_GTIN;
	if (is_rf)
		set_rf(tape, profile);
	else
		profile->has_rate_dhz = true;
	profile->rate_dhz = is_rf ? 0 : BOOKS_RATE_DHZ;
}

static void tell_firmware(struct clinic *clinic, Carepace__V1__DeviceKind kind)
{
	struct tape *tape = &clinic->tape;
	Carepace__V1__FirmwarePolicy *rule = ORDER(tape, told_at(clinic),
	    tape_text(tape, "firmware/%u", books_model(kind)), FIRMWARE_POLICY);

	rule->model = books_model(kind);
	rule->has_min_fw = true;
	rule->min_fw = BOOKS_FIRMWARE_MIN;
}

/* --- people ------------------------------------------------------------------------------------
 */

static void tell_cert(struct clinic *clinic, unsigned operator_no, event_ms at, int last_day)
{
	struct tape *tape = &clinic->tape;
	Carepace__V1__Cert *cert = ORDER(tape, at, tape_text(tape, "cert/%u", operator_no), CERT);
	static const Carepace__V1__DeviceKind kinds[] = {CAREPACE__V1__DEVICE_KIND__DEVICE_PEN,
	    CAREPACE__V1__DEVICE_KIND__DEVICE_STAMP, CAREPACE__V1__DEVICE_KIND__DEVICE_RF};

	cert->operator_token = tape_id(&clinic->operators[operator_no]);
	cert->n_model = sizeof(kinds) / sizeof(kinds[0]);
	cert->model = tape_alloc(tape, sizeof(kinds));
	for (size_t i = 0; i < cert->n_model; i++)
		cert->model[i] = books_model(kinds[i]);
	cert->valid_through_date = clinic_date(clinic, last_day);
	cert->has_rf_allowed = true;
	cert->rf_allowed = operator_no != OPERATOR_NO_RF;
	cert->has_max_depth_um = operator_no == OPERATOR_NO_RF;
	cert->max_depth_um = cert->has_max_depth_um ? BOOKS_SCOPE_UM : 0;
}

/* The last operator renews too late. */
static void tell_people(struct clinic *clinic)
{
	int first = YEARS_AHEAD_DAYS;

	if (clinic->days > 60)
		first = dice_range(&clinic->dice, 35, clinic->days - 15);
	clinic->cert_ends = first;
	clinic->cert_renewed = first + 10;
	for (unsigned i = 0; i < OPERATOR_RUNS_OUT; i++)
		tell_cert(clinic, i, told_at(clinic), YEARS_AHEAD_DAYS);
	tell_cert(clinic, OPERATOR_RUNS_OUT, told_at(clinic), first);
	if (first == YEARS_AHEAD_DAYS)
		return;
	expect(&clinic->all, &(struct expected){
	                         .check = CAREPACE__V1__CHECK__CERT_EXPIRING,
	                         .subject = clinic->tape.last->order->key,
	                         .onset_said = clinic->tape.last,
	                         .severity = CAREPACE__V1__SEVERITY__LOW,
	                         .value = clinic_date(clinic, first - 30),
	                         .limit = clinic_date(clinic, first),
	                         .from = AT(clinic_six(clinic, first - 30)),
	                         .until = AT(clinic_moment(clinic, first + 1, 0)),
	                         .raised_ms = clinic_six(clinic, first - 30),
	                         .persona = "operator who renews late",
	                     });
	tell_cert(clinic, OPERATOR_RUNS_OUT,
	    clinic_moment(clinic, clinic->cert_renewed, BOOKS_RENEWED_MIN), YEARS_AHEAD_DAYS);
}

/* --- devices and their service --------------------------------------------------------------- */

struct service {
	Carepace__V1__MaintKind kind;
	Carepace__V1__Check overdue;
	Carepace__V1__Severity severity;
	int interval;
	const char *persona;
};

static const struct service services[] = {
    {CAREPACE__V1__MAINT_KIND__MAINT_PM, CAREPACE__V1__CHECK__PM_OVERDUE,
        CAREPACE__V1__SEVERITY__MEDIUM, 365, "owner who forgets maintenance"},
    {CAREPACE__V1__MAINT_KIND__MAINT_CALIBRATION, CAREPACE__V1__CHECK__CALIB_OVERDUE,
        CAREPACE__V1__SEVERITY__MEDIUM, 365, "owner who forgets calibration"},
    {CAREPACE__V1__MAINT_KIND__MAINT_ELEC_SAFETY, CAREPACE__V1__CHECK__ELEC_SAFETY_OVERDUE,
        CAREPACE__V1__SEVERITY__MEDIUM, 365, "owner who forgets the safety inspection"},
    {CAREPACE__V1__MAINT_KIND__MAINT_INSPECTION, CAREPACE__V1__CHECK__INSPECTION_OVERDUE,
        CAREPACE__V1__SEVERITY__LOW, 31, "owner who forgets the monthly check"},
};

#define SERVICES (sizeof(services) / sizeof(services[0]))
#define FORGETS_PERMILLE 250
#define FORGETS_MONTHLY_PERMILLE 60
#define DUE_SOON_DAYS 30
#define SERVICE_AFTER_ON_MS (12 * MS_PER_MINUTE)

/* The last open day up to that one, or the first from it on. */
static int open_day(const struct clinic *clinic, int day, int step)
{
	while (!clinic_is_open(clinic, day))
		day += step;
	return day;
}

static void tell_maint(
    struct clinic *clinic, const struct unit *unit, int day, Carepace__V1__MaintKind kind)
{
	struct shift shift = clinic_shift(clinic, unit, day);
	Carepace__V1__Maint *maint =
	    SAY(&clinic->tape, unit->speaker, shift.on + SERVICE_AFTER_ON_MS, MAINT);

	maint->kind = kind;
	maint->has_by_token = true;
	maint->by_token = tape_id(&clinic->operators[OPERATOR_FIRST]);
	maint->has_result = true;
	maint->result = CAREPACE__V1__RESULT__RESULT_PASS;
}

static struct expected due_finding(
    const struct unit *unit, const struct service *service, const struct saying *onset)
{
	return (struct expected){
	    .subject = unit->hex,
	    .onset_said = onset,
	    .check = service->overdue,
	    .severity = service->severity,
	    .until = STILL,
	    .persona = service->persona,
	};
}

/* Announced thirty days before; of preventive maintenance only. */
static void expect_due_soon(struct clinic *clinic, const struct unit *unit,
    const struct service *service, const struct saying *onset, int due, struct when done)
{
	struct expected finding = due_finding(unit, service, onset);
	int first = due - DUE_SOON_DAYS;

	finding.check = CAREPACE__V1__CHECK__PM_DUE_SOON;
	finding.severity = CAREPACE__V1__SEVERITY__LOW;
	finding.value = finding.limit = clinic_date(clinic, first);
	finding.raised_ms = clinic_six(clinic, first);
	finding.from = AT(finding.raised_ms);
	finding.until = done;
	expect(&clinic->all, &finding);
}

static void expect_overdue(struct clinic *clinic, struct unit *unit, const struct service *service,
    const struct saying *onset, int due, int done_day, struct when done)
{
	struct expected finding = due_finding(unit, service, onset);

	finding.value = clinic_date(clinic, due + 1);
	finding.limit = clinic_date(clinic, due);
	finding.raised_ms = clinic_six(clinic, due + 1);
	finding.from = AT(finding.raised_ms);
	finding.until = done;
	expect(&clinic->all, &finding);
	if (service->severity < CAREPACE__V1__SEVERITY__MEDIUM)
		return;
	for (int day = due + 1; day < done_day && day < clinic->days; day++)
		unit->weight[day] = answer_worst(unit->weight[day], ANSWER_ADVISE);
}

/* One round: due on a day, done in time or not. Returns the day on which it was done. */
static int serve(struct clinic *clinic, struct unit *unit, const struct service *service,
    const struct saying **onset, int due)
{
	bool is_pm = service->kind == CAREPACE__V1__MAINT_KIND__MAINT_PM;
	bool is_monthly = service->interval < 100;
	bool is_forgotten =
	    dice_permille(&clinic->dice, is_monthly ? FORGETS_MONTHLY_PERMILLE : FORGETS_PERMILLE);
	int in_time = due - (is_pm ? DUE_SOON_DAYS + 1 : 0) - dice_range(&clinic->dice, 0, 5);
	int done_day = is_forgotten ? open_day(clinic, due + dice_range(&clinic->dice, -10, 20), 1)
	                            : open_day(clinic, in_time, -1);
	const struct saying *before = *onset;
	struct when done = STILL;

	if (done_day < 1) /* the books say so already */
		done_day = open_day(clinic, 1, 1);
	if (done_day < clinic->days) {
		tell_maint(clinic, unit, done_day, service->kind);
		*onset = clinic->tape.last;
		done = WHEN(*onset);
	}
	if (is_pm && done_day >= due - DUE_SOON_DAYS)
		expect_due_soon(clinic, unit, service, before, due, done);
	if (done_day > due)
		expect_overdue(clinic, unit, service, before, due, done_day, done);
	return done_day;
}

static const struct saying *tell_device(
    struct clinic *clinic, const struct unit *unit, const int due[SERVICES])
{
	struct tape *tape = &clinic->tape;
	Carepace__V1__Device *device =
	    ORDER(tape, told_at(clinic), tape_text(tape, "device/%s", unit->hex), DEVICE);

	device->device = tape_id(&tape->speakers[unit->speaker].id);
	device->has_model = true;
	device->model = books_model(unit->kind);
	device->site = clinic->site;
	device->has_in_service_date = true;
	device->in_service_date = clinic_date(clinic, -400);
	device->has_last_pm_date = device->has_last_calibration_date = true;
	device->last_pm_date = clinic_date(clinic, due[0] - services[0].interval);
	device->last_calibration_date = clinic_date(clinic, due[1] - services[1].interval);
	device->has_last_elec_safety_date = device->has_last_inspection_date = true;
	device->last_elec_safety_date = clinic_date(clinic, due[2] - services[2].interval);
	device->last_inspection_date = clinic_date(clinic, due[3] - services[3].interval);
	return tape->last;
}

void books_tell_service(struct clinic *clinic)
{
	for (size_t i = 0; i < clinic->unit_count; i++) {
		struct unit *unit = &clinic->units[i];
		int due[SERVICES];
		for (size_t k = 0; k < SERVICES; k++)
			due[k] = services[k].interval < 100 ? dice_range(&clinic->dice, 12, 31)
			                                    : dice_range(&clinic->dice, 60, 360);
		const struct saying *told = tell_device(clinic, unit, due);
		for (size_t k = 0; k < SERVICES; k++) {
			const struct saying *onset = told;
			for (int day = due[k]; day - DUE_SOON_DAYS < clinic->days;)
				day = serve(clinic, unit, &services[k], &onset, day) +
				      services[k].interval;
		}
	}
}

void clinic_tell_books(struct clinic *clinic)
{
	tell_policy(clinic);
	tell_calendar(clinic);
	for (size_t i = 0; i < clinic->unit_count; i++) {
		Carepace__V1__DeviceKind kind = clinic->units[i].kind;
		bool is_first = true;
		for (size_t k = 0; k < i; k++)
			is_first = is_first && clinic->units[k].kind != kind;
		if (is_first)
			tell_profile(clinic, kind);
		if (is_first)
			tell_firmware(clinic, kind);
	}
	tell_people(clinic);
	books_tell_service(clinic);
}
