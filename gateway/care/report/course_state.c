#include "care/report/course_state.h"

#include "care/time/civil.h"

static const Carepace__V1__CoursePhase phases[] = {
    [COURSE_SERIES] = CAREPACE__V1__COURSE_PHASE__COURSE_PHASE_SERIES,
    [COURSE_COMPLETE] = CAREPACE__V1__COURSE_PHASE__COURSE_PHASE_COMPLETE,
    [COURSE_MAINTENANCE] = CAREPACE__V1__COURSE_PHASE__COURSE_PHASE_MAINTENANCE,
    [COURSE_PAUSED] = CAREPACE__V1__COURSE_PHASE__COURSE_PHASE_PAUSED,
    [COURSE_CLOSED] = CAREPACE__V1__COURSE_PHASE__COURSE_PHASE_CLOSED,
};

void course_state_fill(Carepace__V1__CourseState *out, const struct course_outlook *outlook)
{
	carepace__v1__course_state__init(out);
	out->course = (uint64_t)outlook->plan.course;
	out->phase = phases[outlook->phase];
	out->has_band = outlook->plan.band != 0;
	out->band = (Carepace__V1__Band)outlook->plan.band;
	out->has_planned = out->has_done = 1;
	out->planned = (uint32_t)outlook->plan.planned;
	out->done = (uint32_t)outlook->completed;
	out->has_last_date = outlook->has_last;
	out->last_date = civil_to_yyyymmdd(outlook->last_day);
	out->has_window_from_date = out->has_window_to_date = outlook->has_window;
	out->window_from_date = civil_to_yyyymmdd(outlook->window.from_day);
	out->window_to_date = civil_to_yyyymmdd(outlook->window.through_day);
}
