/* checks_device.c - domain 8.5: device and maintenance. Judged in judge_device.c and, at a start,
 * in judge_session_device.c. */
#include "care/catalogue.h"

const struct check_section checks_device = {"Device and maintenance", NULL, 0};
