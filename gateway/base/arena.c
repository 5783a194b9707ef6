#include "base/arena.h"

#include "base/err.h"

#include <stdlib.h>

#define ALIGN 16

struct arena_block {
	struct arena_block *next;
	size_t cap;
	size_t used;
	_Alignas(ALIGN) uint8_t bytes[];
};

void arena_init(struct arena *arena, size_t block_bytes, size_t max_bytes)
{
	*arena = (struct arena){.block_bytes = block_bytes, .max_bytes = max_bytes};
}

void arena_deinit(struct arena *arena)
{
	for (struct arena_block *block = arena->first; block;) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
	arena->first = arena->current = NULL;
	arena->used_bytes = 0;
}

void arena_reset(struct arena *arena)
{
	struct arena_block **at = &arena->first;
	size_t kept_bytes = 0;

	for (; *at; at = &(*at)->next) {
		kept_bytes += (*at)->cap;
		if (kept_bytes > ARENA_KEEP_BYTES && at != &arena->first)
			break;
		(*at)->used = 0;
	}
	for (struct arena_block *block = *at; block;) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
	*at = NULL;
	arena->current = arena->first;
	arena->used_bytes = 0;
}

/* The next block, if it was kept and is large enough, else a new one before it. */
static struct arena_block *next_block(struct arena *arena, size_t need)
{
	struct arena_block *after = arena->current ? arena->current->next : NULL;

	if (after && after->cap >= need)
		return arena->current = after;

	size_t cap = need > arena->block_bytes ? need : arena->block_bytes;
	struct arena_block *block = malloc(sizeof(*block) + cap);
	if (!block)
		return NULL;
	block->next = after;
	block->cap = cap;
	block->used = 0;
	if (arena->current)
		arena->current->next = block;
	else
		arena->first = block;
	arena->current = block;
	return block;
}

void *arena_alloc(struct arena *arena, size_t len_bytes)
{
	if (len_bytes > arena->max_bytes)
		return NULL;

	size_t need = (len_bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
	if (need == 0)
		need = ALIGN;
	if (need > arena->max_bytes - arena->used_bytes)
		return NULL;

	struct arena_block *block = arena->current;
	if (!block || block->cap - block->used < need)
		block = next_block(arena, need);
	if (!block)
		return NULL;

	void *p = block->bytes + block->used;
	block->used += need;
	arena->used_bytes += need;
	return p;
}

void *arena_zalloc(struct arena *arena, size_t len_bytes)
{
	void *p = arena_alloc(arena, len_bytes);

	return p ? memset(p, 0, len_bytes) : NULL;
}

struct slice arena_copy(struct arena *arena, struct slice s)
{
	if (s.len == 0)
		return slice_of(NULL, 0);
	uint8_t *p = arena_alloc(arena, s.len);
	if (!p)
		return slice_of(NULL, 0);
	memcpy(p, s.p, s.len);
	return slice_of(p, s.len);
}

void *arena_push(struct arena *arena, void *items, size_t count, size_t *cap, size_t size)
{
	if (count < *cap)
		return items;
	size_t more = *cap ? *cap * 2 : 8;
	void *grown = arena_alloc(arena, more * size);
	if (!grown)
		return NULL;
	if (count)
		memcpy(grown, items, count * size);
	*cap = more;
	return grown;
}
