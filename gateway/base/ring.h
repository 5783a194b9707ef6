/* ring.h - a list that its members can leave by themselves.
 *
 * What:    members lie in what they belong to; alone they point to themselves.
 *          The head is a ring of its own, in no owner.
 * Memory:  none of its own; a member leaves before its owner is freed.
 */
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdbool.h>
#include <stddef.h>

struct ring {
	struct ring *prev;
	struct ring *next;
};

static inline void ring_init(struct ring *ring)
{
	ring->prev = ring->next = ring;
}

static inline bool ring_is_empty(const struct ring *ring)
{
	return ring->next == ring;
}

static inline void ring_remove(struct ring *ring)
{
	ring->prev->next = ring->next;
	ring->next->prev = ring->prev;
	ring_init(ring);
}

static inline void ring_add_last(struct ring *head, struct ring *ring)
{
	ring->prev = head->prev;
	ring->next = head;
	head->prev->next = ring;
	head->prev = ring;
}

#define RING_OWNER(ring, type, member) ((type *)(void *)((char *)(ring)-offsetof(type, member)))

#endif
