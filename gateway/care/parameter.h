/* parameter.h - every number that a check judges by and a clinic may change.
 *
 * What:   one table: which check, the name in policy files, default, range, unit,
 *         source of the default. care/policy.h says what is in force when.
 * Order:  by check; the enum and the table side by side (parameter.c proves it).
 */
#ifndef CARE_PARAMETER_H
#define CARE_PARAMETER_H

#include "care/catalogue.h"

#include <stdint.h>

enum parameter {
	/* 8.1 spacing and course */
	PARAM_MIN_DAYS,
	PARAM_MAX_DAYS,
	PARAM_OVERDUE_MEDIUM_AFTER_DAYS,
	PARAM_VISIT_MINUTES,

	/* 8.2 eligibility: waits of domain 2.5 */
	PARAM_ISOTRETINOIN_MONTHS,
	PARAM_BOTULINUM_DAYS,
	PARAM_FILLER_DAYS,
	PARAM_PEEL_SUPERFICIAL_DAYS,
	PARAM_LASER_NONABL_DAYS,
	PARAM_RF_OTHER_DAYS,
	PARAM_LASER_ABLATIVE_DAYS,
	PARAM_DEEP_PEEL_DAYS,
	PARAM_DERMABRASION_DAYS,
	PARAM_FACIAL_SURGERY_DAYS,
	PARAM_TAN_UV_DAYS,
	PARAM_TOPICAL_RETINOID_AHA_DAYS, /* of 24 h each (R4) */

	/* 8.3 dose and safety */
	PARAM_LOST_AFTER_MINUTES,

	/* 8.4 consumables */
	PARAM_ROLLER_SINGLE_USE_UM,
	PARAM_ROLLER_HOME_USES,
	PARAM_UNBILLED_DAYS,
	PARAM_UNUSED_DAYS,

	/* 8.5 device and maintenance */
	PARAM_PM_DAYS,
	PARAM_PM_DUE_SOON_DAYS,
	PARAM_PM_HIGH_AFTER_DAYS,
	PARAM_CALIBRATION_DAYS,
	PARAM_ELEC_SAFETY_DAYS,
	PARAM_INSPECTION_DAYS,
	PARAM_CALIBRATION_ERROR_PERMILLE,
	PARAM_FAULT_RATE_FAULTS,
	PARAM_FAULT_RATE_HOURS,
	PARAM_OFFLINE_SECONDS,
	PARAM_SEQ_GAP_SECONDS,
	PARAM_BATTERY_START_PERCENT,
	PARAM_BATTERY_RUNNING_PERCENT,

	/* 8.6 adverse events: the last day on which a code is expected; after which it escalates */
	PARAM_UNTIL_BLEEDING,
	PARAM_UNTIL_REDNESS,
	PARAM_UNTIL_OEDEMA,
	PARAM_UNTIL_OEDEMA_RF,
	PARAM_UNTIL_BRUISING,
	PARAM_UNTIL_TIGHTNESS,
	PARAM_UNTIL_ITCHING,
	PARAM_UNTIL_DRYNESS_PEEL,
	PARAM_UNTIL_ACNE_FLARE,
	PARAM_UNTIL_CRUSTING,
	PARAM_UNTIL_CRUSTING_RF,
	PARAM_UNTIL_GRID_MARKS,
	PARAM_UNTIL_GRID_MARKS_RF,
	PARAM_UNTIL_PAIN_PERSISTENT,
	PARAM_ESCALATE_BLEEDING,
	PARAM_ESCALATE_REDNESS,
	PARAM_ESCALATE_OEDEMA,
	PARAM_ESCALATE_OEDEMA_RF,
	PARAM_ESCALATE_BRUISING,
	PARAM_ESCALATE_TIGHTNESS,
	PARAM_ESCALATE_ITCHING,
	PARAM_ESCALATE_DRYNESS_PEEL,
	PARAM_ESCALATE_ACNE_FLARE,
	PARAM_ESCALATE_CRUSTING,
	PARAM_ESCALATE_CRUSTING_RF,
	PARAM_ESCALATE_GRID_MARKS,
	PARAM_ESCALATE_GRID_MARKS_RF,
	PARAM_ESCALATE_PAIN_PERSISTENT,
	PARAM_CLUSTER_CASES,
	PARAM_CLUSTER_DAYS,
	PARAM_REPORT_WORK_DAYS,
	PARAM_REPORT_CLINIC_DAYS,
	PARAM_REPORT_SERIOUS_DAYS,
	PARAM_REPORT_DEATH_DAYS,
	PARAM_REPORT_THREAT_DAYS,

	/* 8.7 people and authorisation */
	PARAM_CERT_EXPIRING_DAYS,
	PARAM_BOOKING_MINUTES,
	PARAM_HOURS_SLACK_MINUTES,

	/* 8.8 the gateway itself */
	PARAM_QUEUE_ROWS,
	PARAM_QUEUE_MINUTES,
	PARAM_DISK_PERCENT,
	PARAM_UPSTREAM_DOWN_MINUTES,
	PARAM_CONFIG_STALE_DAYS,

	PARAMETERS
};

struct parameter_row {
	enum parameter parameter;
	enum check check;
	const char *name; /* [a-z0-9_]{1,32}, one of its check */
	int64_t value;    /* the default, in `unit` */
	int64_t min;
	int64_t max;
	const char *unit;
	const char *source; /* of the default: domain section and evidence tag */
};

extern const struct parameter_row parameters[PARAMETERS];

/* NULL: the check has no such parameter. */
const struct parameter_row *parameter_find(enum check check, const char *name);

#endif
