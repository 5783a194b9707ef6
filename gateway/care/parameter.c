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

    /* 8.3 dose and safety */
    ROW(LOST_AFTER_MINUTES, CHECK_SESSION_ORPHAN, "lost_after_minutes", 240, 15, 1440, "minutes",
        "8.3 [E]"),

    /* 8.4 consumables */

    /* 8.5 device and maintenance */

    /* 8.6 adverse events */

    /* 8.7 people and authorisation */

    /* 8.8 the gateway itself */
};

const struct parameter_row *parameter_find(enum check check, const char *name)
{
	for (size_t i = 0; i < PARAMETERS; i++)
		if (parameters[i].check == check && strcmp(parameters[i].name, name) == 0)
			return &parameters[i];
	return NULL;
}
