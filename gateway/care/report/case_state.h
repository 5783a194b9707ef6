/* case_state.h - an adverse event, as head office reads it (domain 9.3). Pure. */
#ifndef CARE_REPORT_CASE_STATE_H
#define CARE_REPORT_CASE_STATE_H

#include "care/outlook.h"

#include "report.pb-c.h"

/* Points into `outlook`. */
void case_state_fill(Carepace__V1__AeCase *out, const struct case_outlook *outlook);

#endif
