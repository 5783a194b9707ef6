#include "words.h"

#include "base/err.h"

#include <stdio.h>
#include <string.h>

#define COUNT_OF(...) (sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t))
#define VALUES(kind, ...) .sort = (kind), .values = {__VA_ARGS__}, .count = COUNT_OF(__VA_ARGS__)
#define ONE_OF(...) VALUES(WORD_ONE_OF, __VA_ARGS__)
#define SPREAD(low, high) VALUES(WORD_SPREAD, low, high)
#define NUMBER(first) VALUES(WORD_NUMBER, first), .is_name = true
#define BIT(...) VALUES(WORD_BITMAP, __VA_ARGS__)
#define MINUTES(...) VALUES(WORD_MINUTES, __VA_ARGS__)
#define DAYS(...) VALUES(WORD_DAYS, __VA_ARGS__)
#define TEXT(...)                                                                                  \
	.sort = WORD_TEXT, .texts = {__VA_ARGS__},                                                 \
	.count = sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)
#define DRAWN .sort = WORD_DRAWN
#define NAME .is_name = true
#define LIST(low, high) .least = (low), .most = (high)

#define GTINS "04012345678901", "04012345678918"
#define SERIALS "1001", "1002", "1003"
#define VERSION(major, minor) ((major) << 22 | (minor) << 12)
#define ZONES 0, 1, 4, 5, 9, 12 /* UNKNOWN, FOREHEAD, CHEEK, NOSE, NECK, ABDOMEN */

/* Values stand on, just inside and just beyond the limits of domain 1 to 8; what none
 * of the checks looks at is left to its type. The first row that fits counts. */
/* clang-format off */
static const struct word words[] = {
    /* By hand, or meant to be absent (treatment.c). */
    {"SessionStart.client_token", 0, DRAWN},
    {"SessionStart.course", 0, ONE_OF(0)},
    {"SessionStart.zones", 0, ONE_OF(0)},
    {"CartMount.slot", 0, ONE_OF(0)},
    {"CartMount.tip_used", 0, ONE_OF(0)},
    {"Sample.dt_ms", 0, ONE_OF(0)},
    {"Sample.active_ms", 0, ONE_OF(0)},
    {"Pulse.dt_ms", 0, ONE_OF(0)},
    {"SessionEnd.active_ms", 0, ONE_OF(0)},
    {"SessionEnd.pulses", 0, ONE_OF(0)},
    {"SessionEnd.end_ts_ms", 0, MINUTES(0)},

    /* Devices. */
    {"Hello.fw", 90, ONE_OF(VERSION(1, 0), VERSION(1, 1), VERSION(2, 0))},
    {"Hello.life_pulses", 50, SPREAD(1000, 1400)},
    {"Hello.life_active_s", 50, ONE_OF(3599, 3600, 3601, 36000, 360001)},
    {"Hello.last_seq_sent", 20, SPREAD(1, 40)},
    {"Hello.serial", 50, TEXT(SERIALS)},
    {".battery_pct", 60, ONE_OF(9, 10, 11, 19, 20, 60, 90, 100, 255)},
    {"Heartbeat.queue", 30, SPREAD(0, 9)},
    {".case_temp_cdegc", 30, ONE_OF(2500, 9000)},
    {"SessionStart.booking", 60, SPREAD(1, 8)},
    {"SessionStart.screening", 30, ONE_OF(0, 1, 7)},
    {"SessionStart.continues_sid", 10, DRAWN},
    {".preset_depth_um", 50, ONE_OF(300, 301, 500, 501, 1000, 1500, 1501, 2500, 3500)},
    {".preset_rate_dhz", 50, ONE_OF(1000, 1167, 1500)},
    {".preset_energy_uj", 50, ONE_OF(10000, 62000, 62001, 90000)},
    {".fitzpatrick", 70, SPREAD(0, 6)},
    {"CartMount.model", 40, SPREAD(1, 3)},
    {"CartMount.pins", 60, ONE_OF(14, 25, 25, 36)},
    {"CartMount.tip_limit", 50, ONE_OF(0, 50, 51, 100, 500, 501)},
    {"Sample.depth_um", 75, ONE_OF(500, 649, 650, 651, 1000, 1500, 1501, 2500, 2501, 4001)},
    {".depth_um", 75, ONE_OF(300, 500, 501, 1000, 1500, 1501, 2500, 2501)},
    {"Sample.rate_dhz", 75, ONE_OF(900, 1000, 1100, 1101, 1167)},
    {".rate_dhz", 75, ONE_OF(1000, 1000, 1167)},
    {"Param.freq_khz", 60, ONE_OF(949, 950, 1000, 1050, 1051)},
    {".power_mw", 75, ONE_OF(50000, 50000, 50000, 70000, 70001)},
    {".energy_uj", 75, ONE_OF(10000, 10000, 10000, 62000, 62001)},
    {".pulse_us", 60, ONE_OF(5000, 6250, 10000)},
    {".duration_us", 80, ONE_OF(5000, 5000, 6250, 6251, 10000)},
    {".impedance_ohm", 75, ONE_OF(0, 99, 100, 500, 1000, 1001)},
    {".peak_temp_cdegc", 60, ONE_OF(5500, 6500, 7000, 7001, 12001)},
    {"Pulse.site", 60, SPREAD(0, 1)},
    {"Pulse.flags", 40, ONE_OF(0, 0, 1, 1, 2, 4, 8)},
    {"Sample.skin_temp_cdegc", 75, ONE_OF(3000, 4099, 4100, 4101, 4300, 4301, 5000, 6001)},
    {".needle_temp_cdegc", 60, ONE_OF(5500, 6500, 7000, 7001, 9000)},
    {".cool_temp_cdegc", 30, ONE_OF(-500, 500)},
    {".max_skin_temp_cdegc", 50, ONE_OF(4300, 4301)},
    {".max_needle_temp_cdegc", 50, ONE_OF(7000, 7001)},
    {"SessionEnd.punctures", 70, ONE_OF(0, 999, 1000, 980000)},
    {"SessionEnd.passes", 60, LIST(1, 3), DRAWN},
    {"ZonePasses.passes", 100, ONE_OF(2, 4, 5, 6, 7)},
    {".contact_faults", 50, ONE_OF(0, 1, 30)},
    {"Fault.sid", 0, DRAWN},
    {"Fault.code", 100, ONE_OF(1, 1, 2, 300)},
    {"SessionPause.reason", 50, SPREAD(0, 2)},
    {"Selftest.items", 20, ONE_OF(0, 3)},
    {"Maint.kind", 100, ONE_OF(1, 1, 1, 2, 3, 4, 4, 5, 6, 7, 8, 9)},
    {"Maint.device", 80, DRAWN},
    {".measured_error_permille", 70, ONE_OF(0, 199, 200, 201, 400)},

    /* Tablets and apps. */
    {"AdverseEvent.sid", 90, NAME, DRAWN},
    {"AdverseEvent.code", 80, NAME, ONE_OF(1, 2, 3, 9, 11, 20, 21, 21, 23, 40, 40, 41)},
    {"AdverseEvent.grade", 50, SPREAD(1, 5)},
    {"AdverseEvent.onset_ts_ms", 60, MINUTES(60, 1440, 20000)},
    {"AdverseEvent.aware_ts_ms", 80, MINUTES(60, 1440, 2880, 20000, 60000)},
    {"AdverseEvent.state", 50, ONE_OF(1, 1, 2)},
    {"AdverseEvent.reported_to", 30, ONE_OF(0, 1, 2)},
    {"Aftercare.at_ts_ms", 80, MINUTES(0, 60, 1439, 1440, 1441, 2880, 4320, 10080, 20160)},
    {"Assessment.course", 70, SPREAD(4700, 4707)},
    {".scale", 40, ONE_OF(1)},
    {".score", 40, SPREAD(0, 10)},
    {"Assessment.at_ts_ms", 80, MINUTES(1440, 38880, 40320, 41760, 80000)},
    {".roller_serial", 85, TEXT("R-1", "R-2", "1001")},
    {"RollerUse.needle_um", 90, ONE_OF(200, 250, 251, 500, 501, 1000, 1001)},
    {"RollerUse.at_ts_ms", 80, MINUTES(-2880, -1440, 0, 1440, 2880, 8640, 10080, 38880, 40320)},
    {"Screening.at_ts_ms", 80, MINUTES(-1440, -60, -1, 0, 0, 0, 1, 60)},
    {"Screening.consent", 100, ONE_OF(1, 2, 2, 2)},
    {".reason", 50, SPREAD(0, 3)},
    {"Override.sid", 100, DRAWN},
    {"Override.check", 100, ONE_OF(101, 202, 205, 206, 208, 209, 401, 402, 404, 508, 701, 702)},
    {"Override.alert_id", 10, DRAWN},
    {"Correction.kind", 100, ONE_OF(1, 1, 2, 3, 4)},
    {"Correction.sid", 100, DRAWN},
    {"Correction.client_token", 100, DRAWN},
    {"Correction.new_client_token", 100, DRAWN},

    /* Head office: what an order is about, and what its revisions change. */
    {"Plan.course", 100, NUMBER(4700)},
    {"Plan.client_token", 100, NAME, DRAWN},
    {"Plan.planned", 90, ONE_OF(0, 1, 2, 3, 3, 4, 5, 6, 7, 8)},
    {"Plan.min_days", 80, ONE_OF(0, 14, 28, 30, 42)},
    {"Plan.max_days", 80, ONE_OF(0, 0, 35, 42, 50)},
    {"Plan.maint_days", 60, ONE_OF(0, 30, 45, 90)},
    {"Plan.modalities", 70, ONE_OF(0, 2, 8, 14, 16, 18, 32, 40)},
    {"Plan.state", 100, ONE_OF(1, 1, 1, 2, 3)},
    {"ClientFlags.client_token", 100, NAME, DRAWN},
    {"ClientFlags.washout", 70, LIST(1, 2), DRAWN},
    {"ClientFlags.age_ok_18", 85, ONE_OF(0, 1, 1, 1, 1, 1)},
    {"ClientFlags.age_ok_22", 85, ONE_OF(0, 1, 1, 1)},
    {"FlagEntry.value", 100, ONE_OF(1, 2, 3)},
    {"Washout.agent", 100, ONE_OF(1, 1, 2, 3, 4, 5, 7, 8, 10, 11, 12, 12)},
    {"Washout.last_date", 90, DAYS(-184, -181, -90, -84, -22, -21, -20, -15, -14, -13, 0, 1)},
    {"Washout.last_ts_ms", 90, MINUTES(-1441, -1440, -1439, -30)},
    {"ClientHistory.client_token", 100, NAME, DRAWN},
    {"ClientHistory.session", 100, LIST(1, 3), DRAWN},
    {"PastSession.sid", 100, NAME, DRAWN},
    {"PastSession.start_ts_ms", 100, MINUTES(-60480, -41760, -40320, -38880, -1440, -60, 0, 120)},
    {"PastSession.end_ts_ms", 80, MINUTES(-60400, -41700, -40300, -38800, 0, 160, 180)},
    {"PastSession.local_date", 100, DAYS(-42, -29, -28, -27, -1, 0)},
    {"PastSession.modality", 100, SPREAD(1, 5)},
    {"PastSession.course", 60, SPREAD(4700, 4707)},
    {"PastSession.needle_um", 60, ONE_OF(250, 251, 500, 501, 1500)},
    {"CartSeen.cart", 100, NAME, DRAWN},
    {"CartSeen.sid", 100, NAME, DRAWN},
    {"CartSeen.start_ts_ms", 100, MINUTES(-1440, -60, 0, 30, 1440)},
    {"CartSeen.end_ts_ms", 80, MINUTES(-1420, -40, 20, 50, 1460)},
    {"CartStock.cart", 100, NAME, DRAWN},
    {"SessionSeen.sid", 100, NAME, DRAWN},
    {"SessionSeen.client_token", 70, NAME, DRAWN},
    {"SessionSeen.operator_token", 70, NAME, DRAWN},
    {"SessionSeen.site", 90, NAME, TEXT("north-1", "south-2", "south-2")},
    {"SessionSeen.start_ts_ms", 100, MINUTES(-60, -10, 0, 10, 60)},
    {"SessionSeen.end_ts_ms", 70, MINUTES(-60, -10, 0, 10, 60, 240)},
    {"Booking.booking", 100, NUMBER(1)},
    {"Booking.client_token", 100, NAME, DRAWN},
    {"Booking.start_ts_ms", 100, MINUTES(-121, -120, -30, 0, 119, 120, 121, 20160, 38880, 40320)},
    {"Booking.end_ts_ms", 70, MINUTES(0, 60, 240)},
    {"Booking.state", 100, ONE_OF(1, 1, 1, 2)},
    {"BillingLine.line", 100, NUMBER(1)},
    {"BillingLine.gtin", 100, NAME, TEXT(GTINS)},
    {"BillingLine.serial", 100, NAME, TEXT("1001", "1002", "1003", "9999")},
    {"BillingLine.local_date", 100, DAYS(-1, 0, 0, 0, 1, 2, 3)},
    {"BillingLine.credit", 40, ONE_OF(0, 0, 1)},
    {"Cert.operator_token", 100, NAME, DRAWN},
    {"Cert.model", 100, LIST(0, 3), SPREAD(0, 3)},
    {"Cert.valid_through_date", 100, DAYS(-31, -1, 0, 1, 29, 30, 31, 400)},
    {"Cert.max_depth_um", 60, ONE_OF(300, 500, 1000, 1500)},
    {"Device.device", 100, NAME, DRAWN},
    {"Device.in_service_date", 80, DAYS(-456, -400, -366, -365, -30)},
    {"Device.last_pm_date", 60, DAYS(-456, -455, -366, -365, -336, -335, -30)},
    {"Device.last_calibration_date", 60, DAYS(-366, -365, -30)},
    {"Device.last_elec_safety_date", 60, DAYS(-366, -365, -30)},
    {"Device.last_inspection_date", 60, DAYS(-33, -32, -31, -30, 0)},
    {"Calendar.tz", 10, TEXT("Europe/Berlin")},
    {"Calendar.opening", 95, LIST(1, 7), DRAWN},
    {"Calendar.holiday_date", 30, LIST(1, 3), DAYS(0, 1)},
    {".weekday", 100, SPREAD(1, 7)},
    {".open_min", 100, ONE_OF(0, 480, 540)},
    {".close_min", 100, ONE_OF(720, 1080, 1440)},
    {"ClinicRole.holiday_date", 40, LIST(1, 3), DAYS(1, 2, 3)},
    {"ModelProfile.pins", 70, ONE_OF(25)},
    {"ModelProfile.freq_khz", 70, ONE_OF(1000)},
    {"ModelProfile.max_depth_um", 80, ONE_OF(1500, 2500, 3500)},
    {"ModelProfile.zone_limit", 60, LIST(1, 3), DRAWN},
    {"ZoneLimit.max_depth_um", 70, ONE_OF(500, 1500, 2500)},
    {"ZoneLimit.label_depth_um", 70, ONE_OF(500, 1500)},
    {"ModelProfile.energy_limit", 70, LIST(1, 2), DRAWN},
    {".skin_types", 70, ONE_OF(0, 0x1e, 0x7e)},
    {".max_energy_uj", 80, ONE_OF(10000, 62000)},
    {".max_power_mw", 80, ONE_OF(50000, 70000)},
    {".max_pulse_us", 80, ONE_OF(5000, 6250)},
    {".skin_type_energy_uj", 70, ONE_OF(10000, 62000)},
    {".min_impedance_ohm", 80, ONE_OF(100)},
    {".max_impedance_ohm", 80, ONE_OF(1000)},
    {".target_temp_cdegc", 60, ONE_OF(5000, 6500)},
    {".min_stack_gap_ms", 70, ONE_OF(70, 71, 1000)},
    {"ModelProfile.tip_limit", 60, ONE_OF(50, 120)},
    {"ModelProfile.min_days", 50, ONE_OF(0, 21, 30)},
    {"ModelProfile.max_days", 50, ONE_OF(0, 30, 56)},
    {".min_session_min", 40, ONE_OF(0, 5, 20)},
    {".max_session_min", 40, ONE_OF(0, 20, 45)},
    {".service_hours", 50, ONE_OF(0, 1, 100)},
    {".cart_gtin", 60, LIST(1, 2), TEXT(GTINS)},
    {"RecallLot.gtin", 100, NAME, TEXT(GTINS)},
    {"RecallLot.lot", 100, NAME, TEXT("L1", "L2", "L3")},
    {"RecallLot.lifted", 30, DRAWN},
    {".min_fw", 80, ONE_OF(0, VERSION(1, 0), VERSION(1, 1))},
    {".blocked_fw", 50, LIST(1, 2), ONE_OF(VERSION(1, 0), VERSION(1, 1), VERSION(2, 0))},
    {"Policy.version", 100, SPREAD(1, 9)},
    {"Policy.valid_from_ts_ms", 40, MINUTES(-20000, 0, 1, 20000)},
    {"Policy.setting", 95, LIST(1, 6), DRAWN},
    {"Policy.off", 25, LIST(1, 2), ONE_OF(103, 104, 116, 209, 404, 508, 520, 704)},
    {"PolicySetting.modalities", 20, ONE_OF(0, 2, 16)},
    {"PolicySetting.parameter", 100, TEXT("-")}, /* say.c */
    {"PolicySetting.value", 100, ONE_OF(0)},
    {"DeviceAssign.device", 100, NAME, DRAWN},
    {"DeviceAssign.state", 100, ONE_OF(1, 1, 1, 2, 3)},
    {"DeviceAssign.name", 50, TEXT("Pen 1")},

    {"SiteTime.hq_ts_ms", 100, MINUTES(0)},
    {"ClientForget.client_token", 100, NAME, DRAWN},

    /* Whatever it belongs to. */
    {"PolicySetting.zones", 20, BIT(ZONES)},
    {".zones", 70, BIT(ZONES)},
    {".zone", 80, ONE_OF(ZONES)},
    {".model", 80, NAME, SPREAD(1, 3)},
    {".site", 85, TEXT("north-1", "north-1", "south-2")},
    {".gtin", 95, TEXT(GTINS)},
    {".lot", 80, TEXT("L1", "L2", "L3")},
    {".serial", 95, TEXT(SERIALS)},
    {".expiry_yyyymmdd", 80, DAYS(-1, 0, 1, 400)},
    {".at_ts_ms", 80, MINUTES(0, 1440)},
};
/* clang-format on */

/* Is `field` the end of `full`? */
static bool fits(const char *field, const char *full, size_t full_len)
{
	size_t len = strlen(field);

	return len <= full_len && strcmp(full + full_len - len, field) == 0 &&
	       (field[0] == '.' || len == full_len);
}

const struct word *word_of(const char *message, const char *field, bool is_drawn)
{
	static const struct word drawn = {.percent = 70, .least = 1, .most = 2, DRAWN};
	char full[96];
	int len = snprintf(full, sizeof(full), "%s.%s", message, field);

	for (size_t i = 0; i < CP_COUNT(words); i++)
		if (fits(words[i].field, full, (size_t)len))
			return &words[i];
	if (!is_drawn) {
		fprintf(stderr, "words.c has no row for %s\n", full);
		CP_CHECK(is_drawn);
	}
	return &drawn;
}
