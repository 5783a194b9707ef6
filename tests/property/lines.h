/* lines.h - the truth as text (run.h), line by line. */
#ifndef PROPERTY_LINES_H
#define PROPERTY_LINES_H

#include "base/slice.h"

#include <stdbool.h>

/* Takes it off the text; its newline is not part of it. */
struct slice lines_next(struct slice *text);

bool lines_have(struct slice text, struct slice wanted);

#endif
