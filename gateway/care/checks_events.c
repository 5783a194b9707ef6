/* checks_events.c - domain 8.6: adverse events. Judged in judge_case.c. */
#include "care/catalogue.h"

const struct check_section checks_events = {"Adverse events", NULL, 0};
