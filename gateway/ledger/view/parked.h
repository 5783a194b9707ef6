/* parked.h - what could not be decoded, for the person who asks (P8).
 *
 * Calls, memory, errors: as in view.h.
 */
#ifndef LEDGER_VIEW_PARKED_H
#define LEDGER_VIEW_PARKED_H

#include "ledger/view/view.h"
#include "wire/scan.h"

struct view_parked {
	struct id device; /* or reading_head_office */
	struct id hash;   /* of the bytes */
	wall_ms recv;
	const char *why;
	size_t size_bytes;
};

/* Those whose hash begins with `hex`, all for ""; oldest first. NULL when there is
 * none. */
struct view_parked *view_parked(
    struct view *view, struct arena *arena, const char *hex, size_t *count);

/* The structure of one of them; its bytes stay here (P10). */
enum wire_bad view_parked_outline(struct view *view, struct arena *arena,
    const struct view_parked *parked, wire_outline_fn *on_field, void *ctx);

#endif
