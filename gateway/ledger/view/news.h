/* news.h - what is new in a store since somebody looked last, for who follows it.
 *
 * Cost:  steps of an index as far as there is news, and at most `max` of it: who looks
 *        again goes on where the call before ended, so nothing is left out.
 * Calls, memory, errors: as in view.h.
 */
#ifndef LEDGER_VIEW_NEWS_H
#define LEDGER_VIEW_NEWS_H

#include "ledger/view/view.h"

/* Ids of alerts that were raised then or later, in that order. */
size_t view_raised(struct view *view, wall_ms since, struct id *ids, size_t max);

/* Local numbers of sessions above `after`, in order; and the highest there is. */
size_t view_new_sessions(struct view *view, int64_t after, int64_t *nos, size_t max);
int64_t view_last_session(struct view *view);

#endif
