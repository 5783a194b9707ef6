/* fold.h - what one message adds to its session's fold. Pure. */
#ifndef CARE_STREAM_FOLD_H
#define CARE_STREAM_FOLD_H

#include "care/reading.h"
#include "care/session.h"

struct session_fold fold_of(const struct reading *reading);

#endif
