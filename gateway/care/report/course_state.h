/* course_state.h - a course, as head office reads it (domain 9.3). Pure; without its token. */
#ifndef CARE_REPORT_COURSE_STATE_H
#define CARE_REPORT_COURSE_STATE_H

#include "care/outlook.h"

#include "report.pb-c.h"

void course_state_fill(Carepace__V1__CourseState *out, const struct course_outlook *outlook);

#endif
