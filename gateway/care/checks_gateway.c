/* checks_gateway.c - domain 8.8: the gateway itself. Judged in judge_gateway.c. */
#include "care/catalogue.h"

const struct check_section checks_gateway = {"The gateway itself", NULL, 0};
