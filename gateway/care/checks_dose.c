/* checks_dose.c - domain 8.3: dose and safety during the session. Judged in
 * judge_session_dose.c. */
#include "care/catalogue.h"

const struct check_section checks_dose = {"Dose and safety", NULL, 0};
