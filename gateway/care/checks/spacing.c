/* spacing.c - domain 8.1: spacing and course. Judged in judge_client_*.c, aftercare in
 * judge/session_aftercare.c. */
#include "care/catalogue.h"

static const struct check_row rows[] = {
    {
        .check = CHECK_INTERVAL_TOO_SOON,
        .name = "INTERVAL_TOO_SOON",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_ACK,
        .who = WHO_OPERATOR | WHO_CLINICIAN,
        .unit = IN_DAYS,
        .condition = "a clinic session starts less than 28 days [SEED] after an earlier one on an "
                     "overlapping zone, here, in another clinic, or with a roller at home; less "
                     "than half of that is HIGH",
        .cleared_by = "an acknowledgement",
        .sentence = {"Last treated {ago} on {zones}; at least {limit} are recommended. "
                     "Earliest date: {earliest}."},
    },
    {
        .check = CHECK_BOOKING_TOO_SOON,
        .name = "BOOKING_TOO_SOON",
        .about = ABOUT_BOOKING,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER,
        .unit = IN_DAYS,
        .condition = "an appointment is booked less than 28 days [SEED] after the last treatment "
                     "of an overlapping zone",
        .cleared_by = "another date, a cancellation, or the session that keeps the booking",
        .sentence = {"Booking {subject} is {value} after the last treatment of {zones}; at least "
                     "{limit} are recommended. Please move it to {earliest} or later."},
    },
    {
        .check = CHECK_INTERVAL_OVERDUE,
        .name = "INTERVAL_OVERDUE",
        .about = ABOUT_COURSE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER,
        .unit = IN_DAYS,
        .condition = "more than 42 days [SEED] since the last session of a series that is not "
                     "complete; from 14 days later on MEDIUM",
        .cleared_by = "the start of the next session of the course, or the course paused or closed",
        /* The limit of the MEDIUM step is not what is recommended, but what nobody
         * should wait for. */
        .sentence = {"On {day} the last session of course {subject} was {ago}; at most {limit} "
                     "are recommended. Please offer an appointment.",
            [SEVERITY_MEDIUM] = "On {day} the last session of course {subject} was {ago}, more "
                                "than {limit}. Please offer an appointment soon."},
    },
    {
        .check = CHECK_COURSE_LAPSED,
        .name = "COURSE_LAPSED",
        .about = ABOUT_COURSE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN,
        .unit = IN_DAYS,
        .condition = "more than 180 days [E] since the last session of a series that is not "
                     "complete",
        .cleared_by = "a new plan, the next session of the course, or the course paused or closed",
        .sentence = {"On {day} the last session of course {subject} was {ago}: the series has "
                     "lapsed. Please make a new plan."},
    },
    {
        .check = CHECK_COURSE_PLAN_RANGE,
        .name = "COURSE_PLAN_RANGE",
        .about = ABOUT_COURSE,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN,
        .unit = IN_COUNT,
        .condition = "the number of planned sessions does not fit the band: SINGLE 1, MILD 3 to 4, "
                     "MOD_SEVERE 5 to 6, TRANSFORM 7 to 8 [SEED]",
        .cleared_by = "a corrected plan; an override keeps it",
        .sentence = {"Course {subject} plans {value} sessions, which is unusual for what it is to "
                     "treat (limit {limit}). Please check the plan."},
    },
    {
        .check = CHECK_COURSE_COUNT_OVER,
        .name = "COURSE_COUNT_OVER",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_ACK,
        .who = WHO_CLINICIAN,
        .unit = IN_COUNT,
        .condition = "a session of a series goes beyond the most of its band (1, 4, 6, 8) or "
                     "beyond 8 [SEED]",
        .cleared_by = "an acknowledgement",
        .sentence = {"This is session {value} of a series of at most {limit}. Treat it as "
                     "maintenance, or make a new plan."},
    },
    {
        .check = CHECK_COURSE_MIN_REACHED,
        .name = "COURSE_MIN_REACHED",
        .about = ABOUT_COURSE,
        .when = WHEN_END,
        .clears = CLEARS_AT_ONCE,
        .who = WHO_MANAGER,
        .unit = IN_COUNT,
        .condition = "the least number of sessions of the band is done [SEED]",
        .cleared_by = "nothing: it is recorded, never open",
        .sentence = {"Course {subject} has reached {value} sessions, the least that is usual. "
                     "The result may be enough."},
    },
    {
        .check = CHECK_COURSE_COMPLETE,
        .name = "COURSE_COMPLETE",
        .about = ABOUT_COURSE,
        .when = WHEN_END,
        .clears = CLEARS_AT_ONCE,
        .who = WHO_MANAGER,
        .unit = IN_COUNT,
        .condition = "all planned sessions are done [SEED]; from here on the course is in "
                     "maintenance",
        .cleared_by = "nothing: it is recorded, never open",
        .sentence = {"Course {subject} is complete: {value} of {limit} sessions. Maintenance "
                     "follows."},
    },
    {
        .check = CHECK_MAINT_DUE,
        .name = "MAINT_DUE",
        .about = ABOUT_COURSE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER,
        .unit = IN_DAYS,
        .condition = "a complete course had its last session as long ago as the professional set "
                     "[SEED], else 90 days, after RF 180 [C]",
        .cleared_by = "the start of the next session of the course, or the course paused or closed",
        .sentence = {"Maintenance of course {subject} is due: on {day} the last session was {ago}. "
                     "Please offer an appointment."},
    },
    {
        .check = CHECK_MAINT_OVERDUE,
        .name = "MAINT_OVERDUE",
        .about = ABOUT_COURSE,
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER,
        .unit = IN_DAYS,
        .condition = "a complete course had its last session longer ago than twice what the "
                     "professional set [SEED], else 180 days, after RF 365 [C]",
        .cleared_by = "the start of the next session of the course, or the course paused or closed",
        .sentence = {"Maintenance of course {subject} is overdue: on {day} the last session was "
                     "{ago}, more than {limit}."},
    },
    {
        .check = CHECK_NO_PLAN,
        .name = "NO_PLAN",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR,
        .unit = IN_NOTHING,
        .condition = "the client has no active plan [E]",
        .cleared_by = "a plan, or an acknowledgement after the session",
        .sentence = {"There is no active plan for this client; spacing is judged by the general "
                     "rules."},
    },
    {
        .check = CHECK_ROLLER_TOO_SOON,
        .name = "ROLLER_TOO_SOON",
        .about = ABOUT_EVENT,
        .when = WHEN_START | WHEN_EVENT,
        .clears = CLEARS_BY_ACK,
        .who = WHO_CLIENT | WHO_CLINICIAN,
        .unit = IN_DAYS,
        .condition = "a roller is used at home too early: 2 days after needles up to 0.25 mm, 7 "
                     "up to 0.5 mm [B/C], 28 after longer ones [C] and after a clinic session "
                     "[SEED], on an overlapping zone",
        .cleared_by = "an acknowledgement",
        .sentence = {"A roller was used at home {value} after the last treatment of {zones}; at "
                     "least {limit} are recommended. Next use: {earliest} or later."},
    },
    {
        .check = CHECK_MODALITY_MISMATCH,
        .name = "MODALITY_MISMATCH",
        .about = ABOUT_COURSE,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN,
        .unit = IN_NOTHING,
        .condition = "a plan for moderate to severe cases or a transformation relies on home "
                     "rollers or on traditional needling alone [SEED]",
        .cleared_by = "a change of the plan",
        .sentence = {"Course {subject} aims high with traditional needling or home rollers "
                     "alone; RF is better suited to it."},
    },
    {
        .check = CHECK_ASSESS_EARLY,
        .name = "ASSESS_EARLY",
        .about = ABOUT_EVENT,
        .when = WHEN_EVENT,
        .clears = CLEARS_AT_ONCE,
        .who = WHO_CLINICIAN,
        .unit = IN_DAYS,
        .condition = "an outcome is assessed less than 28 days after the last session: "
                     "remodelling takes weeks to months [SEED]",
        .cleared_by = "nothing: it is recorded, never open",
        .sentence = {"The outcome was assessed {value} after the last session. Skin needs weeks: "
                     "assess it again on {earliest} or later."},
    },
    {
        .check = CHECK_AFTERCARE_EARLY,
        .name = "AFTERCARE_EARLY",
        .about = ABOUT_EVENT,
        .when = WHEN_EVENT,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_OPERATOR | WHO_CLIENT,
        .unit = IN_MS,
        .condition = "a product or activity comes too early after a session: moisturizer 24 h "
                     "[SEED], others by domain 2.6",
        .cleared_by = "the end of the waiting time",
        .sentence = {"That was too early after the treatment: the skin should be left alone for "
                     "{limit} first."},
    },
    {
        .check = CHECK_AFTERCARE_OPEN,
        .name = "AFTERCARE_OPEN",
        .about = ABOUT_SESSION,
        .when = WHEN_TIMER,
        .clears = CLEARS_AT_ONCE,
        .who = WHO_CLIENT,
        .unit = IN_MS,
        .condition = "24 h after the end of a session [SEED]",
        .cleared_by = "nothing: it is recorded, never open",
        .sentence = {"{limit} after the treatment: moisturizer is fine from now on."},
    },
};

const struct check_section checks_spacing = {"Spacing and course", rows, CP_COUNT(rows)};
