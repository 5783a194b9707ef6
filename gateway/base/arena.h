/* arena.h - memory that is given back all at once.
 *
 * What:    a bump allocator in blocks, with a maximum (P6). A batch owns one
 *          and everything that belongs to the batch lies in it.
 * Memory:  arena_alloc() answers NULL beyond `max_bytes`; pointers die at
 *          arena_reset() or arena_deinit(). A reset keeps the first block, and up to
 *          ARENA_KEEP_BYTES: a busy arena is not mapped anew for every batch.
 * Shapes:  every pointer is aligned to 16 bytes; memory is not zeroed unless
 *          the call says so.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

#define ARENA_KEEP_BYTES ((size_t)1 << 20)

struct arena_block;

struct arena {
	struct arena_block *first;
	struct arena_block *current;
	size_t used_bytes; /* as counted against the maximum */
	size_t max_bytes;
	size_t block_bytes;
};

void arena_init(struct arena *arena, size_t block_bytes, size_t max_bytes);
void arena_deinit(struct arena *arena); /* safe on a zeroed struct */
void arena_reset(struct arena *arena);

void *arena_alloc(struct arena *arena, size_t len_bytes);
void *arena_zalloc(struct arena *arena, size_t len_bytes);

/* A copy of s in the arena; .p is NULL when there was no room (or len is 0). */
struct slice arena_copy(struct arena *arena, struct slice s);

/* An array that doubles inside the arena: returns room for one more element of
 * `size` bytes behind *items, or NULL. The old array stays where it was. */
void *arena_push(struct arena *arena, void *items, size_t count, size_t *cap, size_t size);

#endif
