/* checks_dose.c - domain 8.3: dose and safety during the session. Judged in
 * judge_session_dose.c. */
#include "care/catalogue.h"

static const struct check_row rows[] = {
    {
        .check = CHECK_CLIENT_OVERLAP,
        .name = "CLIENT_OVERLAP",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER,
        .unit = IN_NOTHING,
        .condition = "the client is treated in another clinic at the same time [E]",
        .cleared_by = "the end of one of the sessions",
        .sentence = {"This client is being treated in another clinic at the same time. Please "
                     "check who it is."},
    },
};

const struct check_section checks_dose = {"Dose and safety", rows, CP_COUNT(rows)};
