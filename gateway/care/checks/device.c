/* device.c - domain 8.5: device and maintenance. Judged in judge/device.c and, at a start,
 * in judge/session_device.c. */
#include "care/catalogue.h"

static const struct check_row rows[] = {
    {
        .check = CHECK_PM_DUE_SOON,
        .name = "PM_DUE_SOON",
        .about = ABOUT_DEVICE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_SERVICE | WHO_MANAGER,
        .unit = IN_DATE,
        .condition =
            "preventive maintenance is due (365 days [B] after the last) in 30 days or less",
        .cleared_by = "preventive maintenance done",
        .sentence = {"Preventive maintenance of this device falls due soon; it is announced from "
                     "{limit} on. Please arrange it."},
    },
    {
        .check = CHECK_PM_OVERDUE,
        .name = "PM_OVERDUE",
        .about = ABOUT_DEVICE,
        .when = WHEN_TIMER | WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_SERVICE | WHO_MANAGER,
        .unit = IN_DATE,
        .condition = "preventive maintenance was due, 365 days [B] after the last; HIGH when it is "
                     "over for more than 90 days [E]",
        .cleared_by = "preventive maintenance done",
        .sentence = {"Preventive maintenance of this device was due on {limit}. Please have it "
                     "done.",
            [SEVERITY_HIGH] =
                "Preventive maintenance of this device is overdue for long: it should have been "
                "done by {limit} at the very latest. Please have it done before the next client."},
    },
    {
        .check = CHECK_CALIB_OVERDUE,
        .name = "CALIB_OVERDUE",
        .about = ABOUT_DEVICE,
        .when = WHEN_TIMER | WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_SERVICE,
        .unit = IN_DATE,
        .condition = "the last calibration is more than 365 days [A/B] ago",
        .cleared_by = "a calibration",
        .sentence = {"Calibration of this device was due on {limit}. Please have it done."},
    },
    {
        .check = CHECK_ELEC_SAFETY_OVERDUE,
        .name = "ELEC_SAFETY_OVERDUE",
        .about = ABOUT_DEVICE,
        .when = WHEN_TIMER | WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_SERVICE,
        .unit = IN_DATE,
        .condition =
            "the last technical safety inspection (IEC 62353) is more than 365 days [A/B] ago",
        .cleared_by = "a technical safety inspection",
        .sentence = {"The technical safety inspection of this device was due on {limit}. Please "
                     "have it done."},
    },
    {
        .check = CHECK_INSPECTION_OVERDUE,
        .name = "INSPECTION_OVERDUE",
        .about = ABOUT_DEVICE,
        .when = WHEN_TIMER | WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_SERVICE,
        .unit = IN_DATE,
        .condition =
            "the last visual check of handpiece, cable and pins is more than 31 days [A/B] ago",
        .cleared_by = "a visual check",
        .sentence =
            {"The monthly check of handpiece, cable and pins was due on {limit}. Please do it."},
    },
    {
        .check = CHECK_CALIB_FAIL,
        .name = "CALIB_FAIL",
        .about = ABOUT_DEVICE,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_SERVICE,
        .unit = IN_PERMILLE,
        .condition = "a calibration found an error of more than 20 % [E] or failed; the device is "
                     "quarantined",
        .cleared_by = "a calibration that passes",
        .sentence = {"Calibration of this device failed: the error found is {value}, {limit} are "
                     "allowed. Do not use it until a calibration passes."},
    },
    {
        .check = CHECK_HOURS_SERVICE,
        .name = "HOURS_SERVICE",
        .about = ABOUT_DEVICE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_SERVICE,
        .unit = IN_MS,
        .condition = "more hours of use since the last maintenance than the model profile allows "
                     "(off without such a limit)",
        .cleared_by = "preventive maintenance done",
        .sentence = {"This device was used for {value} since its last maintenance; after {limit} "
                     "the next is due. Please arrange it."},
    },
    {
        .check = CHECK_CLEANING_MISSING,
        .name = "CLEANING_MISSING",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR,
        .unit = IN_NOTHING,
        .condition = "between the end of the last exposing session of another client on this "
                     "device and this start nobody cleaned it [A]",
        .cleared_by = "cleaning the device",
        .sentence = {"This device was not cleaned since the client before. Clean and disinfect it "
                     "before treating."},
    },
    {
        .check = CHECK_SELFTEST_MISSING,
        .name = "SELFTEST_MISSING",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR | WHO_SERVICE,
        .unit = IN_NOTHING,
        .condition = "the device passed no self-test on the day of the start [E]",
        .cleared_by = "a self-test that passes",
        .sentence =
            {"This device has not passed its self-test today. Please run it before treating."},
    },
    {
        .check = CHECK_SELFTEST_FAIL,
        .name = "SELFTEST_FAIL",
        .about = ABOUT_DEVICE,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR | WHO_SERVICE,
        .unit = IN_NOTHING,
        .condition = "a self-test of the device failed [E]",
        .cleared_by = "a self-test that passes",
        .sentence = {"The self-test of this device failed. Repeat it; if it fails again, do not "
                     "use the device and call service."},
    },
    {
        .check = CHECK_FIRMWARE_OLD,
        .name = "FIRMWARE_OLD",
        .about = ABOUT_DEVICE,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_SERVICE,
        .unit = IN_VERSION,
        .condition = "the firmware is older than head office wants for the model",
        .cleared_by = "an update",
        .sentence = {"This device runs firmware {value}; at least {limit} is wanted. Please have "
                     "it updated."},
    },
    {
        .check = CHECK_FIRMWARE_BLOCKED,
        .name = "FIRMWARE_BLOCKED",
        .about = ABOUT_DEVICE,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_SERVICE,
        .unit = IN_VERSION,
        .condition = "the firmware is one that head office has blocked",
        .cleared_by = "an update",
        .sentence = {"Firmware {value} of this device is blocked. Do not use the device until it "
                     "is updated."},
    },
    {
        .check = CHECK_DEVICE_OFFLINE,
        .name = "DEVICE_OFFLINE",
        .about = ABOUT_DEVICE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER,
        .unit = IN_MS,
        .is_liveness = true,
        .condition = "no heartbeat for more than 120 s [E] in opening hours",
        .cleared_by = "the next heartbeat",
        .sentence = {"Nothing was heard from this device for more than {limit}. Is it switched on "
                     "and within reach of the network?"},
    },
    {
        .check = CHECK_FAULT_RATE,
        .name = "FAULT_RATE",
        .about = ABOUT_DEVICE,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_SERVICE,
        .unit = IN_COUNT,
        .condition = "3 faults or more, the first and the third at most 7 times 24 h apart [E]",
        .cleared_by = "fewer faults in the last 7 times 24 h",
        .sentence =
            {"This device reported {max} faults within a few days. Please have it looked at."},
    },
    {
        .check = CHECK_DEVICE_QUARANTINED_USE,
        .name = "DEVICE_QUARANTINED_USE",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER | WHO_SERVICE,
        .unit = IN_NOTHING,
        .condition = "a session starts on a device that is out of use: after a quarantine or a "
                     "failed calibration until a release or one that passes, after an emergency "
                     "stop until a self-test passes",
        .cleared_by = "the device freed",
        .sentence = {"This device is out of use, by hand, by a failed calibration or by an "
                     "emergency stop. It must not be used until it is freed."},
    },
    {
        .check = CHECK_BATTERY_LOW,
        .name = "BATTERY_LOW",
        .about = ABOUT_DEVICE,
        .when = WHEN_START | WHEN_DURING,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR,
        .unit = IN_PERCENT,
        .condition = "the battery is below 20 % [E] at the start (INFO), below 10 % [E] during the "
                     "session (LOW)",
        .cleared_by = "charging",
        .sentence = {"The battery is at {value}. Charge the device before the next client.",
            [SEVERITY_LOW] = "The battery is at {value}. Connect the charger, or the device may "
                             "stop during the treatment."},
    },
    {
        .check = CHECK_CLOCK_SKEW,
        .name = "CLOCK_SKEW",
        .about = ABOUT_DEVICE,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_SERVICE | WHO_HEAD_OFFICE,
        .unit = IN_MS,
        .is_liveness = true,
        .condition = "the device's clock is off by more than 120 s (LOW), or by more than 300 s, "
                     "and is not believed (MEDIUM) [E]",
        .cleared_by = "the device's clock being right again, or its next start",
        .sentence = {"The clock of this device is off by {value}; at most {limit} is fine. It was "
                     "told the right time.",
            [SEVERITY_MEDIUM] = "The clock of this device is off by {value}. What it says is "
                                "dated by the gateway until its clock is right."},
    },
    {
        .check = CHECK_SEQ_GAP,
        .name = "SEQ_GAP",
        .about = ABOUT_DEVICE,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_SERVICE | WHO_HEAD_OFFICE,
        .unit = IN_COUNT,
        .is_liveness = true,
        .condition =
            "messages of the device are missing for more than 5 min [E] while later ones arrived",
        .cleared_by = "the missing messages",
        .sentence = {"{value} messages of this device did not arrive. If they do not come by "
                     "themselves, its memory or network should be looked at."},
    },
    {
        .check = CHECK_DATA_RANGE,
        .name = "DATA_RANGE",
        .about = ABOUT_DEVICE,
        .when = WHEN_EVENT,
        .clears = CLEARS_AT_ONCE,
        .who = WHO_SERVICE | WHO_HEAD_OFFICE,
        .unit = IN_NOTHING,
        .condition =
            "a message holds a value that cannot be (domain 1.3, 9.1); the value was not used",
        .cleared_by = "nothing: it is recorded",
        .sentence = {"This device sent a value that cannot be. It was not used; what it was about "
                     "may be missing."},
    },
    {
        .check = CHECK_DATA_MISSING,
        .name = "DATA_MISSING",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_AT_ONCE,
        .who = WHO_SERVICE | WHO_HEAD_OFFICE,
        .unit = IN_NOTHING,
        .condition = "something that a session is judged by is not known: its start, client, "
                     "operator, flags, model profile, zones, clock or end (R16)",
        .cleared_by = "nothing: it is recorded; it goes when what was missing turns up",
        .sentence = {"Not all could be judged: the {onset} of this session is missing."},
    },
    {
        .check = CHECK_DUPLICATE_CONFLICT,
        .name = "DUPLICATE_CONFLICT",
        .about = ABOUT_DEVICE,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_ACK,
        .who = WHO_SERVICE | WHO_HEAD_OFFICE,
        .unit = IN_NOTHING,
        .condition = "two different messages came under one name; the first counts",
        .cleared_by = "an acknowledgement",
        .sentence = {"This device sent two different messages under one number. The first one "
                     "counts; please have the device looked at."},
    },
};

const struct check_section checks_device = {"Device and maintenance", rows, CP_COUNT(rows)};
