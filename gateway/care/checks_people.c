/* checks_people.c - domain 8.7: people and authorisation. Judged in judge_session_people.c and
 * judge_operator.c. */
#include "care/catalogue.h"

const struct check_section checks_people = {"People and authorisation", NULL, 0};
