/* events.c - domain 8.6: adverse events. Judged in judge/case.c, clusters in
 * judge/cluster.c. */
#include "care/catalogue.h"

static const struct check_row rows[] = {
    {
        .check = CHECK_AE_RECORDED,
        .name = "AE_RECORDED",
        .about = ABOUT_CASE,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN,
        .unit = IN_NOTHING,
        .condition = "an effect is reported that is expected [SEED]: bleeding, redness, swelling, "
                     "bruising, tightness, itching, dryness, acne, crusts, grid marks; or pain",
        .cleared_by = "the case resolved",
        .sentence = {"An expected effect of the treatment was reported. It should resolve by "
                     "itself in days or weeks."},
    },
    {
        .check = CHECK_AE_PERSISTENT,
        .name = "AE_PERSISTENT",
        .about = ABOUT_CASE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN,
        .unit = IN_DAYS,
        .condition = "an expected effect is open after the last day on which it is expected: days "
                     "or weeks [SEED], 1 to 14 by its code, up to 21 after radiofrequency [A/B]",
        .cleared_by = "the case resolved",
        .sentence = {"An effect of the treatment is still open after {value}; it is expected to be "
                     "over within {limit}. Please ask the client how it is."},
    },
    {
        .check = CHECK_AE_ESCALATE,
        .name = "AE_ESCALATE",
        .about = ABOUT_CASE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_ACK,
        .who = WHO_CLINICIAN,
        .unit = IN_DAYS,
        .condition = "an expected effect is open for longer than a dermatologist should wait for "
                     "[SEED]: 2 to 21 days by its code, up to 28 after radiofrequency [A/B]",
        .cleared_by = "the case resolved, and an acknowledgement",
        .sentence = {"An effect of the treatment is still open after {value}, longer than {limit}. "
                     "Please have a dermatologist consulted."},
    },
    {
        .check = CHECK_AE_URGENT,
        .name = "AE_URGENT",
        .about = ABOUT_CASE,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_ACK,
        .who = WHO_CLINICIAN | WHO_HEAD_OFFICE,
        .unit = IN_NOTHING,
        .condition = "an effect is reported that is not expected: infection [SEED], herpes, "
                     "allergy, fever or pus, or nobody says what; darker spots (PIH) MEDIUM",
        .cleared_by = "an acknowledgement",
        .sentence = {"An infection, an allergy or another effect that is not expected was "
                     "reported. Please have the client seen today.",
            [SEVERITY_MEDIUM] = "Darker spots were reported where the skin was treated. Please "
                                "have the client seen; it is not urgent."},
    },
    {
        .check = CHECK_AE_SERIOUS,
        .name = "AE_SERIOUS",
        .about = ABOUT_CASE,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_ACK,
        .who = WHO_CLINICIAN | WHO_HEAD_OFFICE,
        .unit = IN_NOTHING,
        .condition = "an injury [SEED] is reported: burn, blister, scar, tram track, granuloma, "
                     "loss of fat, nerve, eye [A]",
        .cleared_by = "an acknowledgement",
        .sentence = {"An injury was reported that may be serious. Please have the client seen at "
                     "once, and decide whether it must be reported."},
    },
    {
        .check = CHECK_AE_AFTER_TOO_SOON,
        .name = "AE_AFTER_TOO_SOON",
        .about = ABOUT_CASE,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_ACK,
        .who = WHO_CLINICIAN | WHO_HEAD_OFFICE,
        .unit = IN_NOTHING,
        .condition = "an infection or injury is reported after a session that came too soon after "
                     "the one before [SEED]",
        .cleared_by = "an acknowledgement",
        .sentence = {"An infection or injury was reported after a treatment that came too soon "
                     "after the one before. Please look at both."},
    },
    {
        .check = CHECK_AE_CLUSTER,
        .name = "AE_CLUSTER",
        .about = ABOUT_LOT,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_ACK,
        .who = WHO_SERVICE | WHO_HEAD_OFFICE,
        .unit = IN_COUNT,
        .condition = "3 adverse events that are not expected were reported within 30 days [E] "
                     "after sessions with the same device or with cartridges of the same lot",
        .cleared_by = "an acknowledgement",
        .sentence = {"{value} adverse events that are not expected were reported within a short "
                     "time, all with {subject}. Please take it out of use until it is checked."},
    },
    {
        .check = CHECK_AE_REPORT_DUE,
        .name = "AE_REPORT_DUE",
        .about = ABOUT_CASE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN | WHO_HEAD_OFFICE,
        .unit = IN_DATE,
        .condition = "a serious event waits to be reported: from the day after the clinic learned "
                     "of it, 10 work days (user facility [A]), 1 day (clinic in the EU [E]), 15, "
                     "10 or 2 days (maker in the EU [A])",
        .cleared_by = "the report filed, or its deadline passed",
        .sentence = {"A serious adverse event must be reported by {limit}. Please file the "
                     "report and say so in the case."},
    },
    {
        .check = CHECK_AE_REPORT_OVERDUE,
        .name = "AE_REPORT_OVERDUE",
        .about = ABOUT_CASE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN | WHO_HEAD_OFFICE,
        .unit = IN_DATE,
        .condition = "the deadline for reporting a serious event has passed",
        .cleared_by = "the report filed",
        .sentence = {"A serious adverse event had to be reported by {limit} and was not. Please "
                     "file the report now and say so in the case."},
    },
};

const struct check_section checks_events = {"Adverse events", rows, CP_COUNT(rows)};
