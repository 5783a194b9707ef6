#include "base/map.h"

#include <stdlib.h>

void map_deinit(struct map *map)
{
	free(map->slots);
	*map = (struct map){0};
}

static size_t home_of(const struct map *map, const struct id *key)
{
	uint64_t h = UINT64_C(14695981039346656037); /* FNV-1a */

	for (size_t i = 0; i < ID_BYTES; i++)
		h = (h ^ key->b[i]) * UINT64_C(1099511628211);
	return (size_t)(h ^ h >> 32) & (map->cap - 1);
}

/* The key's slot, or the free one where it would go. */
static struct map_slot *find(const struct map *map, const struct id *key)
{
	size_t at = home_of(map, key);

	while (map->slots[at].value && !id_eq(&map->slots[at].key, key))
		at = (at + 1) & (map->cap - 1);
	return &map->slots[at];
}

void *map_get(const struct map *map, const struct id *key)
{
	return map->count ? find(map, key)->value : NULL;
}

static enum cp_err grow(struct map *map)
{
	struct map bigger = {.cap = map->cap ? map->cap * 2 : 16};

	bigger.slots = calloc(bigger.cap, sizeof(*bigger.slots));
	if (!bigger.slots)
		return CP_NOMEM;
	for (size_t i = 0; i < map->cap; i++)
		if (map->slots[i].value)
			*find(&bigger, &map->slots[i].key) = map->slots[i];
	bigger.count = map->count;
	free(map->slots);
	*map = bigger;
	return CP_OK;
}

enum cp_err map_put(struct map *map, const struct id *key, void *value)
{
	CP_CHECK(value);
	if ((map->count + 1) * 2 > map->cap && grow(map))
		return CP_NOMEM;
	struct map_slot *slot = find(map, key);
	if (!slot->value)
		map->count++;
	*slot = (struct map_slot){.key = *key, .value = value};
	return CP_OK;
}

void map_remove(struct map *map, const struct id *key)
{
	struct map_slot *slot = map->count ? find(map, key) : NULL;

	if (!slot || !slot->value)
		return;
	slot->value = NULL;
	map->count--;

	/* Whoever probed past the gap moves up. */
	size_t gap = (size_t)(slot - map->slots);
	for (size_t at = (gap + 1) & (map->cap - 1); map->slots[at].value;
	     at = (at + 1) & (map->cap - 1)) {
		size_t home = home_of(map, &map->slots[at].key);
		if (((at - home) & (map->cap - 1)) < ((at - gap) & (map->cap - 1)))
			continue;
		map->slots[gap] = map->slots[at];
		map->slots[at].value = NULL;
		gap = at;
	}
}

struct map_slot *map_next(const struct map *map, size_t *at)
{
	while (*at < map->cap) {
		struct map_slot *slot = &map->slots[(*at)++];
		if (slot->value)
			return slot;
	}
	return NULL;
}
