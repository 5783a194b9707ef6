/* courses.h - where clients stood when a civil day ended (domain section 6): who was overdue,
 * by the band of the course, and how many of the courses begun nine months before were complete.
 *
 * By the findings INTERVAL_OVERDUE and COURSE_COMPLETE as they are known when the day is added
 * up; where the clinic has switched one off, nothing is told. */
#ifndef LEDGER_DAYS_COURSES_H
#define LEDGER_DAYS_COURSES_H

#include "ledger/state.h"

#include "report.pb-c.h"

void day_courses_fill(struct ledger *ledger, int32_t day, Carepace__V1__AggDay *out);

#endif
