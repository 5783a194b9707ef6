/* checks_eligibility.c - domain 8.2: may this client be treated? Judged in
 * judge_session_eligibility.c. */
#include "care/catalogue.h"

static const struct check_row rows[] = {
    {
        .check = CHECK_AGE_LIMIT,
        .name = "AGE_LIMIT",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_CLINICIAN,
        .unit = IN_NOTHING,
        .condition = "the client is younger than 22 [A] (LOW) or 18 [E] (CRITICAL), as head "
                     "office says",
        .cleared_by = "a correction by head office, or an acknowledgement after the session",
        .sentence = {"The client is younger than 22, the age that devices are cleared for.",
            [SEVERITY_CRITICAL] = "The client is younger than 18 and must not be treated."},
    },
};

const struct check_section checks_eligibility = {"Eligibility", rows, CP_COUNT(rows)};
