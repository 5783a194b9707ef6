#include "care/catalogue.h"

#include <stdio.h>
#include <string.h>

const struct check_row catalogue[] = {
    {
        .check = CHECK_INTERVAL_TOO_SOON,
        .name = "INTERVAL_TOO_SOON",
        .subject = "session",
        .when = WHEN_START,
        .clears = CLEARS_BY_ACK,
        .who = WHO_OPERATOR | WHO_CLINICIAN,
        .unit = "days",
        .condition = "a clinic session starts less than 28 days [SEED] after an earlier one on an "
                     "overlapping zone; less than half of that is HIGH",
        .cleared_by = "an acknowledgement",
    },
    {
        .check = CHECK_INTERVAL_OVERDUE,
        .name = "INTERVAL_OVERDUE",
        .subject = "course",
        .when = WHEN_TIMER,
        .clears = CLEARS_BY_CONDITION,
        .who = WHO_MANAGER,
        .unit = "days",
        .condition = "more than 42 days [SEED] since the last session of a series that is not "
                     "complete; from 14 days later on MEDIUM",
        .cleared_by = "the start of the next session of the course, or the course paused or closed",
    },
    {
        .check = CHECK_CART_REUSE,
        .name = "CART_REUSE",
        .subject = "session",
        .when = WHEN_START,
        .clears = CLEARS_BY_ACK,
        .who = WHO_OPERATOR | WHO_CLINICIAN | WHO_HEAD_OFFICE,
        .unit = "earlier uses",
        .condition =
            "a single-use cartridge [A] is attached that was used in an earlier visit; for "
            "another or an unknown client CRITICAL, for the same client HIGH",
        .cleared_by = "another cartridge before any exposure, or an acknowledgement afterwards",
    },
};

const size_t catalogue_count = CP_COUNT(catalogue);

const struct check_row *catalogue_find(enum check check)
{
	for (size_t i = 0; i < catalogue_count; i++)
		if (catalogue[i].check == check)
			return &catalogue[i];
	return NULL;
}

const struct check_row *catalogue_find_name(const char *name)
{
	for (size_t i = 0; i < catalogue_count; i++)
		if (strcmp(catalogue[i].name, name) == 0)
			return &catalogue[i];
	return NULL;
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = {"-", "INFO", "LOW", "MEDIUM", "HIGH", "CRITICAL"};

	return (size_t)severity < CP_COUNT(names) ? names[severity] : "?";
}

const char *who_names(unsigned who, char out[24])
{
	static const char *const names[] = {"OP", "CL", "MG", "BM", "HQ"};
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < CP_COUNT(names); i++)
		if (who & 1U << i)
			len += (size_t)snprintf(
			    out + len, 24 - len, "%s%s", len ? ", " : "", names[i]);
	return out;
}
