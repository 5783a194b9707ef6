/* map.h - from an id to something of the caller's.
 *
 * What:    open addressing, linear probing; removal closes the gap, so there are
 *          no graves and lookups stay short.
 * Memory:  grows by doubling, never shrinks; values are borrowed pointers.
 * Bounds:  the caller's: it decides how many ids it lets in (P6).
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/err.h"
#include "base/id.h"

struct map_slot {
	struct id key;
	void *value; /* NULL: free */
};

struct map {
	struct map_slot *slots;
	size_t cap; /* 0 or a power of two */
	size_t count;
};

void map_deinit(struct map *map); /* safe on a zeroed struct, which is an empty map */

void *map_get(const struct map *map, const struct id *key); /* NULL: not in it */

/* Replaces. The value must not be NULL. CP_NOMEM changes nothing. */
enum cp_err map_put(struct map *map, const struct id *key, void *value) CP_MUST_CHECK;

void map_remove(struct map *map, const struct id *key);

/* The next used slot from *at on, or NULL: for (size_t at = 0; (slot = map_next(map, &at));) */
struct map_slot *map_next(const struct map *map, size_t *at);

#endif
