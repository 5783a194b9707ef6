#include "care/timeline.h"

#include "base/hash.h"
#include "care/session.h"

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
	    .count = 1,
	};
	return finding;
}

struct finding *timeline_find(
    struct timeline *timeline, enum check check, const char *subject, const char *onset)
{
	for (size_t i = 0; i < timeline->count; i++) {
		struct finding *finding = &timeline->items[i];
		if (finding->check == check && strcmp(finding->subject, subject) == 0 &&
		    strcmp(finding->onset, onset) == 0)
			return finding;
	}
	return NULL;
}

void finding_cite(struct finding *finding, const struct id *sid)
{
	if (finding->related_count < FINDING_RELATED_MAX)
		finding->related[finding->related_count++] = *sid;
}

enum about finding_about(const struct finding *finding)
{
	enum about about = catalogue_find(finding->check)->about;

	return about == ABOUT_LOT && finding->device ? ABOUT_DEVICE : about;
}

void finding_set_value(struct finding *finding, int64_t value, int64_t limit)
{
	finding->value = finding->max = value;
	finding->limit = limit;
}

struct finding *timeline_add_to_session(
    struct timeline *timeline, enum check check, const char *onset, const struct session *session)
{
	char name[NAME_MAX_LEN];

	session_name(session, name, sizeof(name));
	struct finding *finding = timeline_add(timeline, check, name, onset);
	if (!finding)
		return NULL;
	finding->from = session->start;
	finding->is_test = session->is_test;
	finding->effective_day = session->day;
	finding->session = session->no;
	finding->client = session->client;
	finding->course = session->course;
	return finding;
}

void finding_clear_by(struct finding *finding, const struct session *session, event_ms event)
{
	bool is_over = !session_is_open(session);

	finding->until = event != TIME_NEVER ? event : is_over ? session->end : TIME_NEVER;
	finding->is_latched = event == TIME_NEVER && is_over;
}

void timeline_wake_at(struct timeline *timeline, event_ms at)
{
	if (at < timeline->next_change)
		timeline->next_change = at;
}

void timeline_stop(struct timeline *timeline, event_ms last, event_ms now)
{
	if (now <= last) {
		timeline_wake_at(timeline, last + 1);
		return;
	}
	timeline->next_change = TIME_NEVER;
	for (size_t i = 0; i < timeline->count; i++)
		if (timeline->items[i].until == TIME_NEVER)
			timeline->items[i].until = last;
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
