#include "care/parameter.h"

#include <string.h>

/* Designated by its own enum: a row in the wrong place is still that parameter's. */
#define ROW(id, ...) [PARAM_##id] = {PARAM_##id, __VA_ARGS__}

const struct parameter_row parameters[PARAMETERS] = {
    /* 8.1 spacing and course */
    ROW(MIN_DAYS, CHECK_INTERVAL_TOO_SOON, "min_days", 28, 1, 365, "days", "2.1 [SEED]"),
    ROW(MAX_DAYS, CHECK_INTERVAL_OVERDUE, "max_days", 42, 1, 365, "days", "2.1 [SEED]"),
    ROW(OVERDUE_MEDIUM_AFTER_DAYS, CHECK_INTERVAL_OVERDUE, "medium_after_days", 14, 1, 365, "days",
        "8.1 [E]"),
    ROW(VISIT_MINUTES, CHECK_INTERVAL_TOO_SOON, "visit_minutes", 120, 0, 1440, "minutes",
        "R13 [E]"),

    /* 8.2 eligibility */
    ROW(ISOTRETINOIN_MONTHS, CHECK_WASHOUT_ISOTRETINOIN, "months", 6, 0, 24, "months", "2.5 [A]"),
    ROW(BOTULINUM_DAYS, CHECK_WASHOUT_OTHER, "botulinum_days", 14, 0, 365, "days", "2.5 [B]"),
    ROW(FILLER_DAYS, CHECK_WASHOUT_OTHER, "filler_days", 14, 0, 365, "days", "2.5 [B]"),
    ROW(PEEL_SUPERFICIAL_DAYS, CHECK_WASHOUT_OTHER, "peel_superficial_days", 21, 0, 365, "days",
        "2.5 [A]"),
    ROW(LASER_NONABL_DAYS, CHECK_WASHOUT_OTHER, "laser_nonabl_days", 21, 0, 365, "days", "2.5 [A]"),
    ROW(RF_OTHER_DAYS, CHECK_WASHOUT_OTHER, "rf_other_days", 21, 0, 365, "days", "2.5 [A]"),
    ROW(LASER_ABLATIVE_DAYS, CHECK_WASHOUT_OTHER, "laser_ablative_days", 84, 0, 365, "days",
        "2.5 [A]"),
    ROW(DEEP_PEEL_DAYS, CHECK_WASHOUT_OTHER, "deep_peel_days", 90, 0, 365, "days", "2.5 [A]"),
    ROW(DERMABRASION_DAYS, CHECK_WASHOUT_OTHER, "dermabrasion_days", 90, 0, 365, "days", "2.5 [A]"),
    ROW(FACIAL_SURGERY_DAYS, CHECK_WASHOUT_OTHER, "facial_surgery_days", 365, 0, 730, "days",
        "2.5 [A]"),
    ROW(TAN_UV_DAYS, CHECK_WASHOUT_OTHER, "tan_uv_days", 14, 0, 365, "days", "2.5 [A]"),
    ROW(TOPICAL_RETINOID_AHA_DAYS, CHECK_WASHOUT_OTHER, "topical_retinoid_aha_days", 1, 0, 365,
        "days of 24 h", "2.5 [B]"),

    /* 8.3 dose and safety */
    ROW(LOST_AFTER_MINUTES, CHECK_SESSION_ORPHAN, "lost_after_minutes", 240, 15, 1440, "minutes",
        "8.3 [E]"),

    /* 8.4 consumables */
    ROW(ROLLER_SINGLE_USE_UM, CHECK_ROLLER_LIFE, "single_use_um", 500, 0, 8000, "um", "3 [B]"),
    ROW(ROLLER_HOME_USES, CHECK_ROLLER_LIFE, "home_uses", 15, 1, 1000, "uses", "3 [E]"),
    ROW(UNBILLED_DAYS, CHECK_CONSUMABLE_UNBILLED, "days", 2, 1, 365, "days", "8.4 [E]"),
    ROW(UNUSED_DAYS, CHECK_BILLED_UNUSED, "days", 2, 1, 365, "days", "8.4 [E]"),

    /* 8.5 device and maintenance */
    ROW(PM_DAYS, CHECK_PM_OVERDUE, "days", 365, 1, 3650, "days", "3 [B]"),
    ROW(PM_DUE_SOON_DAYS, CHECK_PM_DUE_SOON, "before_days", 30, 1, 365, "days", "3 [B]"),
    ROW(PM_HIGH_AFTER_DAYS, CHECK_PM_OVERDUE, "high_after_days", 90, 1, 3650, "days", "8.5 [E]"),
    ROW(CALIBRATION_DAYS, CHECK_CALIB_OVERDUE, "days", 365, 1, 3650, "days", "3 [B]"),
    ROW(ELEC_SAFETY_DAYS, CHECK_ELEC_SAFETY_OVERDUE, "days", 365, 1, 3650, "days", "3 [A]"),
    ROW(INSPECTION_DAYS, CHECK_INSPECTION_OVERDUE, "days", 31, 1, 3650, "days", "3 [A]"),
    ROW(CALIBRATION_ERROR_PERMILLE, CHECK_CALIB_FAIL, "error_permille", 200, 1, 1000, "0.1 %",
        "3 [E]"),
    ROW(FAULT_RATE_FAULTS, CHECK_FAULT_RATE, "faults", 3, 2, 1000, "faults", "8.5 [E]"),
    ROW(FAULT_RATE_HOURS, CHECK_FAULT_RATE, "hours", 168, 1, 8760, "hours", "8.5 [E]"),
    ROW(OFFLINE_SECONDS, CHECK_DEVICE_OFFLINE, "after_seconds", 120, 30, 86400, "seconds",
        "8.5 [E]"),
    ROW(SEQ_GAP_SECONDS, CHECK_SEQ_GAP, "after_seconds", 300, 10, 86400, "seconds", "8.5 [E]"),
    ROW(BATTERY_START_PERCENT, CHECK_BATTERY_LOW, "start_percent", 20, 1, 100, "%", "8.5 [E]"),
    ROW(BATTERY_RUNNING_PERCENT, CHECK_BATTERY_LOW, "running_percent", 10, 1, 100, "%", "8.5 [E]"),

    /* 8.6 adverse events */
    ROW(UNTIL_BLEEDING, CHECK_AE_PERSISTENT, "bleeding", 1, 0, 365, "days", "4 [SEED]"),
    ROW(UNTIL_REDNESS, CHECK_AE_PERSISTENT, "redness", 7, 0, 365, "days", "4 [SEED]"),
    ROW(UNTIL_OEDEMA, CHECK_AE_PERSISTENT, "oedema", 3, 0, 365, "days", "4 [A/B]"),
    ROW(UNTIL_OEDEMA_RF, CHECK_AE_PERSISTENT, "oedema_rf", 21, 0, 365, "days", "4 [A/B]"),
    ROW(UNTIL_BRUISING, CHECK_AE_PERSISTENT, "bruising", 14, 0, 365, "days", "4 [SEED]"),
    ROW(UNTIL_TIGHTNESS, CHECK_AE_PERSISTENT, "tightness", 7, 0, 365, "days", "4 [SEED]"),
    ROW(UNTIL_ITCHING, CHECK_AE_PERSISTENT, "itching", 7, 0, 365, "days", "4 [SEED]"),
    ROW(UNTIL_DRYNESS_PEEL, CHECK_AE_PERSISTENT, "dryness_peel", 7, 0, 365, "days", "4 [A/B]"),
    ROW(UNTIL_ACNE_FLARE, CHECK_AE_PERSISTENT, "acne_flare", 7, 0, 365, "days", "4 [A/B]"),
    ROW(UNTIL_CRUSTING, CHECK_AE_PERSISTENT, "crusting", 7, 0, 365, "days", "4 [A/B]"),
    ROW(UNTIL_CRUSTING_RF, CHECK_AE_PERSISTENT, "crusting_rf", 21, 0, 365, "days", "4 [A/B]"),
    ROW(UNTIL_GRID_MARKS, CHECK_AE_PERSISTENT, "grid_marks", 7, 0, 365, "days", "4 [A/B]"),
    ROW(UNTIL_GRID_MARKS_RF, CHECK_AE_PERSISTENT, "grid_marks_rf", 21, 0, 365, "days", "4 [A/B]"),
    ROW(UNTIL_PAIN_PERSISTENT, CHECK_AE_PERSISTENT, "pain_persistent", 1, 0, 365, "days",
        "4 [A/B]"),
    ROW(ESCALATE_BLEEDING, CHECK_AE_ESCALATE, "bleeding", 2, 0, 365, "days", "4 [SEED]"),
    ROW(ESCALATE_REDNESS, CHECK_AE_ESCALATE, "redness", 14, 0, 365, "days", "4 [SEED]"),
    ROW(ESCALATE_OEDEMA, CHECK_AE_ESCALATE, "oedema", 7, 0, 365, "days", "4 [A/B]"),
    ROW(ESCALATE_OEDEMA_RF, CHECK_AE_ESCALATE, "oedema_rf", 28, 0, 365, "days", "4 [A/B]"),
    ROW(ESCALATE_BRUISING, CHECK_AE_ESCALATE, "bruising", 21, 0, 365, "days", "4 [SEED]"),
    ROW(ESCALATE_TIGHTNESS, CHECK_AE_ESCALATE, "tightness", 14, 0, 365, "days", "4 [SEED]"),
    ROW(ESCALATE_ITCHING, CHECK_AE_ESCALATE, "itching", 14, 0, 365, "days", "4 [SEED]"),
    ROW(ESCALATE_DRYNESS_PEEL, CHECK_AE_ESCALATE, "dryness_peel", 14, 0, 365, "days", "4 [A/B]"),
    ROW(ESCALATE_ACNE_FLARE, CHECK_AE_ESCALATE, "acne_flare", 14, 0, 365, "days", "4 [A/B]"),
    ROW(ESCALATE_CRUSTING, CHECK_AE_ESCALATE, "crusting", 14, 0, 365, "days", "4 [A/B]"),
    ROW(ESCALATE_CRUSTING_RF, CHECK_AE_ESCALATE, "crusting_rf", 28, 0, 365, "days", "4 [A/B]"),
    ROW(ESCALATE_GRID_MARKS, CHECK_AE_ESCALATE, "grid_marks", 14, 0, 365, "days", "4 [A/B]"),
    ROW(ESCALATE_GRID_MARKS_RF, CHECK_AE_ESCALATE, "grid_marks_rf", 28, 0, 365, "days", "4 [A/B]"),
    ROW(ESCALATE_PAIN_PERSISTENT, CHECK_AE_ESCALATE, "pain_persistent", 2, 0, 365, "days",
        "4 [A/B]"),
    ROW(CLUSTER_CASES, CHECK_AE_CLUSTER, "cases", 3, 2, 100, "cases", "8.6 [E]"),
    ROW(CLUSTER_DAYS, CHECK_AE_CLUSTER, "days", 30, 0, 365, "days", "8.6 [E]"),
    ROW(REPORT_WORK_DAYS, CHECK_AE_REPORT_DUE, "user_facility_work_days", 10, 0, 60, "work days",
        "4 [A]"),
    ROW(REPORT_CLINIC_DAYS, CHECK_AE_REPORT_DUE, "eu_clinic_days", 1, 0, 60, "days", "4 [E]"),
    ROW(REPORT_SERIOUS_DAYS, CHECK_AE_REPORT_DUE, "eu_maker_serious_days", 15, 0, 60, "days",
        "4 [A]"),
    ROW(REPORT_DEATH_DAYS, CHECK_AE_REPORT_DUE, "eu_maker_death_days", 10, 0, 60, "days", "4 [A]"),
    ROW(REPORT_THREAT_DAYS, CHECK_AE_REPORT_DUE, "eu_maker_threat_days", 2, 0, 60, "days", "4 [A]"),

    /* 8.7 people and authorisation */
    ROW(CERT_EXPIRING_DAYS, CHECK_CERT_EXPIRING, "days", 30, 0, 365, "days", "8.7 [E]"),
    ROW(BOOKING_MINUTES, CHECK_UNAUTHORISED_USE, "booking_minutes", 120, 0, 1440, "minutes",
        "8.7 [E]"),
    ROW(HOURS_SLACK_MINUTES, CHECK_OUT_OF_HOURS, "slack_minutes", 30, 0, 1440, "minutes",
        "8.7 [E]"),

    /* 8.8 the gateway itself */
    ROW(QUEUE_ROWS, CHECK_GW_QUEUE, "rows", 10000, 1, 1000000, "reports", "8.8 [E]"),
    ROW(QUEUE_MINUTES, CHECK_GW_QUEUE, "minutes", 15, 1, 10080, "minutes", "8.8 [E]"),
    ROW(DISK_PERCENT, CHECK_GW_DISK, "percent", 90, 1, 100, "percent", "8.8 [E]"),
    ROW(UPSTREAM_DOWN_MINUTES, CHECK_GW_UPSTREAM_DOWN, "minutes", 5, 0, 10080, "minutes",
        "8.8 [E]"),
    ROW(CONFIG_STALE_DAYS, CHECK_GW_CONFIG_STALE, "days", 7, 1, 365, "days", "8.8 [E]"),
};

const struct parameter_row *parameter_find(enum check check, const char *name)
{
	for (size_t i = 0; i < PARAMETERS; i++)
		if (parameters[i].check == check && strcmp(parameters[i].name, name) == 0)
			return &parameters[i];
	return NULL;
}
