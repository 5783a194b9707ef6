#include "ledger/judging/topics.h"

#include "ledger/state.h"

#include <stdlib.h>

struct topics_slot {
	int64_t subject; /* 0: free */
	enum subject_kind kind;
	int count; /* above TOPICS_MAX: too many */
	struct {
		int64_t topic;
		event_ms last;
	} items[TOPICS_MAX];
};

void topics_init(struct topics *topics)
{
	topics->slots = calloc(TOPICS_SUBJECTS, sizeof(*topics->slots));
}

void topics_deinit(struct topics *topics)
{
	free(topics->slots);
	*topics = (struct topics){0};
}

static struct topics_slot *slot_of(
    const struct topics *topics, enum subject_kind kind, int64_t subject)
{
	uint64_t at = (uint64_t)subject * SUBJECT_KINDS + (uint64_t)kind;

	return &topics->slots[at % TOPICS_SUBJECTS];
}

static bool is_of(const struct topics_slot *slot, enum subject_kind kind, int64_t subject)
{
	return slot->subject == subject && slot->kind == kind;
}

static void add(struct topics_slot *slot, int64_t topic, event_ms at)
{
	for (int i = 0; i < slot->count && i < TOPICS_MAX; i++) {
		if (slot->items[i].topic != topic)
			continue;
		if (slot->items[i].last < at)
			slot->items[i].last = at;
		return;
	}
	if (slot->count < TOPICS_MAX) {
		slot->items[slot->count].topic = topic;
		slot->items[slot->count].last = at;
	}
	if (slot->count <= TOPICS_MAX)
		slot->count++;
}

/* From topic to topic: two steps of the index for each, however many facts there are. */
static const char select_topics[] =
    "WITH RECURSIVE topics(topic) AS (SELECT min(topic) FROM fact WHERE kind = ?1"
    " AND subject = ?2 UNION ALL SELECT (SELECT min(topic) FROM fact WHERE kind = ?1"
    " AND subject = ?2 AND topic > topics.topic) FROM topics WHERE topic IS NOT NULL LIMIT ?3)"
    " SELECT topic, (SELECT max(ts) FROM fact WHERE kind = ?1 AND subject = ?2"
    " AND fact.topic = topics.topic) FROM topics WHERE topic IS NOT NULL";

static void load(
    struct ledger *ledger, struct topics_slot *slot, enum subject_kind kind, int64_t subject)
{
	struct db_rows rows = db_query(
	    &ledger->db, select_topics, "iii", (int64_t)kind, subject, (int64_t)TOPICS_MAX + 1);

	*slot = (struct topics_slot){.kind = kind, .subject = subject};
	while (db_next(&rows))
		add(slot, db_int(&rows, 0), db_int(&rows, 1));
	db_end(&rows);
}

event_ms topics_last(struct ledger *ledger, enum subject_kind kind, int64_t subject, int64_t topic)
{
	if (!ledger->topics.slots || subject == 0)
		return TIME_NEVER;
	struct topics_slot *slot = slot_of(&ledger->topics, kind, subject);
	if (!is_of(slot, kind, subject))
		load(ledger, slot, kind, subject);
	if (slot->count > TOPICS_MAX)
		return TIME_NEVER;
	for (int i = 0; i < slot->count; i++)
		if (slot->items[i].topic == topic)
			return slot->items[i].last;
	return INT64_MIN;
}

void topics_add(
    struct topics *topics, enum subject_kind kind, int64_t subject, int64_t topic, event_ms at)
{
	struct topics_slot *slot = topics->slots ? slot_of(topics, kind, subject) : NULL;

	if (slot && is_of(slot, kind, subject))
		add(slot, topic, at);
}

void topics_forget(struct topics *topics, enum subject_kind kind, int64_t subject)
{
	struct topics_slot *slot = topics->slots ? slot_of(topics, kind, subject) : NULL;

	if (slot && is_of(slot, kind, subject))
		slot->subject = 0;
}

void topics_forget_all(struct topics *topics)
{
	for (size_t i = 0; topics->slots && i < TOPICS_SUBJECTS; i++)
		topics->slots[i].subject = 0;
}
