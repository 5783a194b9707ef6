#include "care/timeline.h"

#include "base/hash.h"

void timeline_init(struct timeline *timeline, struct arena *arena)
{
	*timeline = (struct timeline){.arena = arena, .next_change = TIME_NEVER};
}

static const char *copy_name(struct arena *arena, const char *name)
{
	return (const char *)arena_copy(arena, slice_of(name, strlen(name) + 1)).p;
}

struct finding *timeline_add(
    struct timeline *timeline, enum check check, const char *subject, const char *onset)
{
	struct finding *items = arena_push(
	    timeline->arena, timeline->items, timeline->count, &timeline->cap, sizeof(*items));
	const char *subject_copy = copy_name(timeline->arena, subject);
	const char *onset_copy = copy_name(timeline->arena, onset);

	if (!items || !subject_copy || !onset_copy) {
		timeline->is_full = true;
		return NULL;
	}

	timeline->items = items;
	struct finding *finding = &items[timeline->count++];
	*finding = (struct finding){
	    .check = check,
	    .subject = subject_copy,
	    .onset = onset_copy,
	    .until = TIME_NEVER,
	    .is_latched = catalogue_find(check)->clears == CLEARS_BY_ACK,
	};
	return finding;
}

void timeline_wake_at(struct timeline *timeline, event_ms at)
{
	if (at < timeline->next_change)
		timeline->next_change = at;
}

struct id finding_id(enum check check, const char *subject, const char *onset)
{
	const struct slice parts[] = {
	    slice_str(catalogue_find(check)->name),
	    slice_str("|"),
	    slice_str(subject),
	    slice_str("|"),
	    slice_str(onset),
	};
	uint8_t hash[HASH_BYTES];
	struct id id;

	hash_sha256(parts, CP_COUNT(parts), hash);
	id_from_bytes(&id, slice_of(hash, ID_BYTES));
	return id;
}
