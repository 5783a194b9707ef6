/* list.h - what all lists of a store have in common: pages, and who is meant.
 *
 * Pages:   a list goes on behind the last row that was told, by that row's local number:
 *          one step of an index, however far one has leafed, and nothing is told twice
 *          or left out because something new came in meanwhile.
 * Calls, memory, errors, tokens: as in view.h.
 */
#ifndef LEDGER_VIEW_LIST_H
#define LEDGER_VIEW_LIST_H

#include "ledger/view/view.h"

struct view_page {
	int64_t after; /* in: local number of the last row told; 0: from the beginning */
	size_t max;    /* in: rows, at least 1 */
	int64_t next;  /* out: what the next page comes after; 0: this was the last */
};

/* Whom a person means. Returns how many it may be, at most 2, with their local numbers.
 * A device: by its serial or the first digits of its id. A client: by its local number or
 * the first digits of its token. */
size_t view_find_device(struct view *view, const char *word, int64_t nos[2]);
size_t view_find_client(struct view *view, const char *word, int64_t nos[2]);

/* An operator by the first digits of the token. How many begin so, at most 2; *token is the
 * one when it is 1. */
size_t view_find_operator(struct view *view, const char *word, struct id *token);

/* Words by which a device could have been meant, for "did you mean"; each dies when
 * `offer` returns. */
typedef void view_word_fn(void *ctx, const char *word);
void view_device_words(struct view *view, view_word_fn *offer, void *ctx);

#endif
