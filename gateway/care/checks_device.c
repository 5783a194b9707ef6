/* checks_device.c - domain 8.5: device and maintenance. Judged in judge_device.c and, at a start,
 * in judge_session_device.c. */
#include "care/catalogue.h"

static const struct check_row rows[] = {
    {
        .check = CHECK_DATA_MISSING,
        .name = "DATA_MISSING",
        .about = ABOUT_SESSION,
        .when = WHEN_START,
        .clears = CLEARS_AT_ONCE,
        .who = WHO_SERVICE | WHO_HEAD_OFFICE,
        .unit = IN_NOTHING,
        .condition = "something that a session is judged by is not known: its start, client, "
                     "operator, flags, model profile or zones (R16)",
        .cleared_by = "nothing: it is recorded; it goes when what was missing turns up",
        .sentence = {"Not all could be judged: the {onset} of this session is missing."},
    },
};

const struct check_section checks_device = {"Device and maintenance", rows, CP_COUNT(rows)};
