#include "care/range_rules.h"

#include "report.pb-c.h"
#include "telemetry.pb-c.h"

#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define DIGIT "0123456789"

const struct range_alphabet range_alphabets[] = {
    [TEXT_CODE] = {UPPER DIGIT "./-", 1, 20},        /* P10 */
    [TEXT_GTIN] = {DIGIT, 14, 14},                   /* GS1 */
    [TEXT_SITE] = {LOWER DIGIT "-", 1, 32},          /* DESIGN section 5 */
    [TEXT_TZ] = {UPPER LOWER DIGIT "_+/-", 1, 40},   /* IANA names */
    [TEXT_KEY] = {UPPER LOWER DIGIT ":./_-", 0, 96}, /* report.proto */
    [TEXT_PARAMETER] = {LOWER DIGIT "_", 1, 32},     /* report.proto */
    [TEXT_NAME] = {UPPER LOWER DIGIT " ./-", 1, 32}, /* report.proto */
};

/* lower and Camel are the two forms of the message's name that protobuf-c makes. */
#define ROW(lower, Camel, field, ...)                                                              \
	{                                                                                          \
		.message = &carepace__v1__##lower##__descriptor,                                   \
		.offset = offsetof(Carepace__V1__##Camel, field), __VA_ARGS__                      \
	}
#define RANGE(lower, Camel, field, low, high) RANGE_OR(lower, Camel, field, low, high, low)
#define RANGE_OR(lower, Camel, field, low, high, other)                                            \
	ROW(lower, Camel, field, .kind = RULE_NUMBER, .min = (low), .max = (high), .also = (other))
#define EACH(lower, Camel, field, low, high, most)                                                 \
	ROW(lower, Camel, field, .kind = RULE_NUMBER, .min = (low), .max = (high), .also = (low),  \
	    .max_count = (most))
#define COUNT(lower, Camel, field, most)                                                           \
	ROW(lower, Camel, field, .kind = RULE_COUNT, .max_count = (most))
#define TIME(lower, Camel, field) RANGE(lower, Camel, field, 0, RANGE_TS_MAX)
#define DATE(lower, Camel, field) ROW(lower, Camel, field, .kind = RULE_DATE)
#define DATES(lower, Camel, field, most)                                                           \
	ROW(lower, Camel, field, .kind = RULE_DATE, .max_count = (most))
#define TEXT(lower, Camel, field, text) ROW(lower, Camel, field, .kind = RULE_TEXT, .min = (text))
#define TEXTS(lower, Camel, field, text, most)                                                     \
	ROW(lower, Camel, field, .kind = RULE_TEXT, .min = (text), .max_count = (most))
#define ZONES(lower, Camel) RANGE(lower, Camel, zones, 0, RANGE_ZONES_MAX)
#define SITE(lower, Camel) TEXT(lower, Camel, site, TEXT_SITE)

#define DEPTH_MAX_UM 8000
#define RATE_MAX_DHZ 3000
#define ENERGY_MAX_UJ 60000000
#define POWER_MAX_MW 200000
#define PULSE_MAX_US 10000000
#define FREQ_MAX_KHZ 10000
#define ACTIVE_MAX_MS (4 * 60 * 60 * 1000)
#define DAYS_MAX 3650
#define ON_MAINS 255

/* Source: the column "valid range" of domain 9.1, "plausible" of 1.3 and the
 * type (u8, u16) where 9.1 gives one; the rest [E] as report.proto says. The
 * messages that come most often stand first: the search is linear. */
/* clang-format off */
static const struct range_rule rules[] = {
    RANGE(up, Up, seq, 1, UINT32_MAX),

    COUNT(samples, Samples, sample, 60),

    RANGE(sample, Sample, dt_ms, 0, ACTIVE_MAX_MS),
    RANGE(sample, Sample, depth_um, 0, DEPTH_MAX_UM),
    RANGE(sample, Sample, rate_dhz, 0, RATE_MAX_DHZ),
    RANGE(sample, Sample, active_ms, 0, 1000),
    RANGE(sample, Sample, skin_temp_cdegc, 1000, 6000),
    RANGE(sample, Sample, needle_temp_cdegc, 0, 12000),
    RANGE(sample, Sample, cool_temp_cdegc, -1000, 5000),
    RANGE_OR(sample, Sample, battery_pct, 0, 100, ON_MAINS),

    COUNT(pulses, Pulses, pulse, 64),

    RANGE(pulse, Pulse, dt_ms, 0, ACTIVE_MAX_MS),
    RANGE(pulse, Pulse, site, 0, UINT16_MAX),
    RANGE(pulse, Pulse, depth_um, 0, DEPTH_MAX_UM),
    RANGE(pulse, Pulse, energy_uj, 0, ENERGY_MAX_UJ),
    RANGE(pulse, Pulse, power_mw, 0, POWER_MAX_MW),
    RANGE(pulse, Pulse, duration_us, 100, PULSE_MAX_US),
    RANGE(pulse, Pulse, impedance_ohm, 0, 10000),
    RANGE(pulse, Pulse, peak_temp_cdegc, 0, 12000),
    RANGE(pulse, Pulse, flags, 0, 15),

    RANGE_OR(heartbeat, Heartbeat, battery_pct, 0, 100, ON_MAINS),
    RANGE(heartbeat, Heartbeat, case_temp_cdegc, -1000, 9000),

    RANGE(param, Param, depth_um, 0, DEPTH_MAX_UM),
    RANGE(param, Param, rate_dhz, 0, RATE_MAX_DHZ),
    RANGE(param, Param, freq_khz, 0, FREQ_MAX_KHZ),
    RANGE(param, Param, power_mw, 0, POWER_MAX_MW),
    RANGE(param, Param, energy_uj, 0, ENERGY_MAX_UJ),
    RANGE(param, Param, pulse_us, 100, PULSE_MAX_US),

    RANGE(hello, Hello, model, 0, UINT16_MAX),
    SITE(hello, Hello),

    ZONES(session_start, SessionStart),
    RANGE(session_start, SessionStart, preset_depth_um, 0, DEPTH_MAX_UM),
    RANGE(session_start, SessionStart, preset_rate_dhz, 0, RATE_MAX_DHZ),
    RANGE(session_start, SessionStart, preset_energy_uj, 0, ENERGY_MAX_UJ),
    RANGE(session_start, SessionStart, fitzpatrick, 0, 6),
    RANGE(session_start, SessionStart, screening, 0, UINT8_MAX),

    RANGE(cart_mount, CartMount, slot, 0, UINT8_MAX),
    RANGE(cart_mount, CartMount, model, 0, UINT16_MAX),
    RANGE(cart_mount, CartMount, pins, 1, 600),

    TEXT(cartridge, Cartridge, gtin, TEXT_GTIN),
    ROW(cartridge, Cartridge, expiry_yyyymmdd, .kind = RULE_EXPIRY),

    RANGE(fault, Fault, code, 0, UINT16_MAX),

    ROW(estop, Estop, sid, .kind = RULE_ID_OR_ZERO),

    RANGE(session_pause, SessionPause, reason, 0, UINT8_MAX),

    RANGE(session_end, SessionEnd, active_ms, 0, ACTIVE_MAX_MS),
    COUNT(session_end, SessionEnd, passes, 19),
    RANGE(session_end, SessionEnd, contact_faults, 0, UINT16_MAX),
    RANGE(session_end, SessionEnd, max_skin_temp_cdegc, 1000, 6000),
    RANGE(session_end, SessionEnd, max_needle_temp_cdegc, 0, 12000),
    TIME(session_end, SessionEnd, end_ts_ms),

    RANGE(zone_passes, ZonePasses, passes, 0, 20),

    RANGE(maint, Maint, measured_error_permille, 0, UINT16_MAX),

    RANGE(adverse_event, AdverseEvent, grade, 1, 5),
    TIME(adverse_event, AdverseEvent, onset_ts_ms),
    TIME(adverse_event, AdverseEvent, aware_ts_ms),

    TIME(aftercare, Aftercare, at_ts_ms),

    RANGE(assessment, Assessment, scale, 0, UINT8_MAX),
    RANGE(assessment, Assessment, score, 0, UINT8_MAX),
    TIME(assessment, Assessment, at_ts_ms),

    RANGE(roller_use, RollerUse, needle_um, 0, DEPTH_MAX_UM),
    ZONES(roller_use, RollerUse),
    TIME(roller_use, RollerUse, at_ts_ms),

    TIME(screening, Screening, at_ts_ms),

    RANGE(ack_alert, AckAlert, reason, 0, UINT8_MAX),
    RANGE(override, Override, reason, 0, UINT8_MAX),
    RANGE(correction, Correction, reason, 0, UINT8_MAX),
    RANGE(count_override, CountOverride, reason, 0, UINT8_MAX),

    /* From head office. */
    TEXT(order, Order, key, TEXT_KEY),

    RANGE(plan, Plan, course, 1, INT64_MAX),
    RANGE(plan, Plan, planned, 0, UINT8_MAX),
    RANGE(plan, Plan, min_days, 0, DAYS_MAX),
    RANGE(plan, Plan, max_days, 0, DAYS_MAX),
    RANGE(plan, Plan, maint_days, 0, DAYS_MAX),
    ZONES(plan, Plan),
    RANGE(plan, Plan, modalities, 0, (1 << 6) - 1), /* bits 0 to 5: enum Modality */

    COUNT(client_flags, ClientFlags, flag, 64),
    COUNT(client_flags, ClientFlags, washout, 64),
    RANGE(client_flags, ClientFlags, fitzpatrick, 0, 6),
    ZONES(flag_entry, FlagEntry),
    DATE(washout, Washout, last_date),
    TIME(washout, Washout, last_ts_ms),

    COUNT(client_history, ClientHistory, session, 64),
    SITE(past_session, PastSession),
    TIME(past_session, PastSession, start_ts_ms),
    TIME(past_session, PastSession, end_ts_ms),
    DATE(past_session, PastSession, local_date),
    RANGE(past_session, PastSession, needle_um, 0, DEPTH_MAX_UM),
    ZONES(past_session, PastSession),

    TIME(cart_seen, CartSeen, start_ts_ms),
    TIME(cart_seen, CartSeen, end_ts_ms),
    SITE(cart_seen, CartSeen),

    SITE(session_seen, SessionSeen),
    TIME(session_seen, SessionSeen, start_ts_ms),
    TIME(session_seen, SessionSeen, end_ts_ms),

    RANGE(booking, Booking, booking, 1, INT64_MAX),
    SITE(booking, Booking),
    TIME(booking, Booking, start_ts_ms),
    TIME(booking, Booking, end_ts_ms),
    ZONES(booking, Booking),

    SITE(billing_line, BillingLine),
    DATE(billing_line, BillingLine, local_date),
    TEXT(billing_line, BillingLine, gtin, TEXT_GTIN),

    EACH(cert, Cert, model, 0, UINT16_MAX, 64),
    DATE(cert, Cert, valid_through_date),
    RANGE(cert, Cert, max_depth_um, 0, DEPTH_MAX_UM),

    RANGE(device, Device, model, 0, UINT16_MAX),
    SITE(device, Device),
    DATE(device, Device, in_service_date),
    DATE(device, Device, last_pm_date),
    DATE(device, Device, last_calibration_date),
    DATE(device, Device, last_elec_safety_date),
    DATE(device, Device, last_inspection_date),

    SITE(calendar, Calendar),
    TEXT(calendar, Calendar, tz, TEXT_TZ),
    COUNT(calendar, Calendar, opening, 28),
    DATES(calendar, Calendar, holiday_date, 366),
    RANGE(opening_hours, OpeningHours, weekday, 1, 7),
    RANGE(opening_hours, OpeningHours, open_min, 0, 1440),
    RANGE(opening_hours, OpeningHours, close_min, 0, 1440),

    SITE(clinic_role, ClinicRole),
    DATES(clinic_role, ClinicRole, holiday_date, 366),

    RANGE(model_profile, ModelProfile, model, 0, UINT16_MAX),
    RANGE(model_profile, ModelProfile, pins, 1, 600),
    RANGE(model_profile, ModelProfile, max_depth_um, 0, DEPTH_MAX_UM),
    COUNT(model_profile, ModelProfile, zone_limit, 19),
    RANGE(model_profile, ModelProfile, rate_dhz, 0, RATE_MAX_DHZ),
    RANGE(model_profile, ModelProfile, freq_khz, 0, FREQ_MAX_KHZ),
    COUNT(model_profile, ModelProfile, energy_limit, 32),
    RANGE(model_profile, ModelProfile, skin_types, 0, 127),
    RANGE(model_profile, ModelProfile, skin_type_energy_uj, 0, ENERGY_MAX_UJ),
    RANGE(model_profile, ModelProfile, min_impedance_ohm, 1, 10000),
    RANGE(model_profile, ModelProfile, max_impedance_ohm, 1, 10000),
    RANGE(model_profile, ModelProfile, target_temp_cdegc, 0, 12000),
    RANGE(model_profile, ModelProfile, min_stack_gap_ms, 0, 600000),
    RANGE(model_profile, ModelProfile, min_days, 0, DAYS_MAX),
    RANGE(model_profile, ModelProfile, max_days, 0, DAYS_MAX),
    RANGE(model_profile, ModelProfile, min_session_min, 0, 480),
    RANGE(model_profile, ModelProfile, max_session_min, 0, 480),
    TEXTS(model_profile, ModelProfile, cart_gtin, TEXT_GTIN, 64),
    RANGE(zone_limit, ZoneLimit, max_depth_um, 0, DEPTH_MAX_UM),
    RANGE(zone_limit, ZoneLimit, label_depth_um, 0, DEPTH_MAX_UM),
    ZONES(energy_limit, EnergyLimit),
    RANGE(energy_limit, EnergyLimit, skin_types, 0, 127),
    RANGE(energy_limit, EnergyLimit, max_energy_uj, 0, ENERGY_MAX_UJ),
    RANGE(energy_limit, EnergyLimit, max_power_mw, 0, POWER_MAX_MW),
    RANGE(energy_limit, EnergyLimit, max_pulse_us, 0, PULSE_MAX_US),

    TEXT(recall_lot, RecallLot, gtin, TEXT_GTIN),

    RANGE(firmware_policy, FirmwarePolicy, model, 0, UINT16_MAX),
    EACH(firmware_policy, FirmwarePolicy, blocked_fw, 0, UINT32_MAX, 64),

    TIME(policy, Policy, valid_from_ts_ms),
    COUNT(policy, Policy, setting, 512),
    COUNT(policy, Policy, off, 128),
    TEXT(policy_setting, PolicySetting, parameter, TEXT_PARAMETER),
    /* Of zones that we do not know it would be for all if their bits were withheld. */
    RANGE(policy_setting, PolicySetting, zones, 0, UINT32_MAX),

    SITE(device_assign, DeviceAssign),
    RANGE(device_assign, DeviceAssign, model, 0, UINT16_MAX),
    TEXT(device_assign, DeviceAssign, name, TEXT_NAME),

    TIME(site_time, SiteTime, hq_ts_ms),

    {.message = NULL}, /* end */
};
/* clang-format on */

const struct range_rule *range_rules_of(const ProtobufCMessageDescriptor *message)
{
	for (const struct range_rule *rule = rules; rule->message; rule++) {
		if (rule->message == message)
			return rule;
	}
	return NULL;
}

const struct range_rule *range_rule_for(
    const struct range_rule *first, const ProtobufCFieldDescriptor *field)
{
	if (!first)
		return NULL;
	for (const struct range_rule *rule = first; rule->message == first->message; rule++) {
		if (rule->offset == field->offset)
			return rule;
	}
	return NULL;
}
