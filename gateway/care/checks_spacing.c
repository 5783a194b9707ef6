/* checks_spacing.c - domain 8.1: spacing and course. Judged in judge_client.c. */
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
                     "overlapping zone; less than half of that is HIGH",
        .cleared_by = "an acknowledgement",
        .sentence = {"Last treated {ago} on {zones}; at least {limit} are recommended. "
                     "Earliest date: {earliest}."},
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
};

const struct check_section checks_spacing = {"Spacing and course", rows, CP_COUNT(rows)};
