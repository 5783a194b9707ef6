#include "ledger/merges.h"

#include "care/reading.h"
#include "ledger/days/civil_days.h"
#include "ledger/forgets.h"
#include "ledger/reach.h"

/* What is said of one client last. */
struct merge {
	int64_t client;
	int64_t into;
	size_t turn; /* of a later word higher */
};

struct merges {
	struct merge *items;
	size_t count;
	size_t cap;
};

void merges_open(struct ledger *ledger)
{
	ledger->has_merges = db_value(&ledger->db, 0, "SELECT 1 FROM merged LIMIT 1", "");
}

int64_t merges_client(struct ledger *ledger, int64_t client)
{
	if (!client || !ledger->has_merges)
		return client;
	return db_value(
	    &ledger->db, client, "SELECT into_client FROM merged WHERE client = ?", "i", client);
}

static const struct merge *find(const struct merges *merges, int64_t client)
{
	for (size_t i = 0; i < merges->count; i++)
		if (merges->items[i].client == client && merges->items[i].into != client)
			return &merges->items[i];
	return NULL;
}

/* In a ring: the client to whom its latest word points. */
static int64_t remaining_of_ring(const struct merges *merges, int64_t client)
{
	const struct merge *latest = find(merges, client);

	for (const struct merge *m = find(merges, latest->into); m->client != client;
	     m = find(merges, m->into))
		if (m->turn > latest->turn)
			latest = m;
	return latest->into;
}

static int64_t end_of(const struct merges *merges, int64_t client)
{
	const struct merge *merge = find(merges, client);

	for (size_t steps = 0; merge; steps++) {
		if (steps > merges->count)
			return remaining_of_ring(merges, client);
		client = merge->into;
		merge = find(merges, client);
	}
	return client;
}

static void take(struct ledger *ledger, struct merges *merges, const struct merge *merge)
{
	for (size_t i = 0; i < merges->count; i++) {
		if (merges->items[i].client == merge->client) {
			merges->items[i] = *merge;
			return;
		}
	}
	struct merge *grown =
	    arena_push(&ledger->work, merges->items, merges->count, &merges->cap, sizeof(*grown));
	if (!grown) {
		db_fail(&ledger->db, CP_NOMEM, "out of memory for the merged clients");
		return;
	}
	merges->items = grown;
	merges->items[merges->count++] = *merge;
}

/* In the order of everything that is judged. */
static struct merges load(struct ledger *ledger)
{
	struct merges merges = {0};
	size_t turn = 0;
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT j.client, j.client2 FROM fact f JOIN journal j USING(source, boot, seq)"
	    " JOIN source r ON r.no = j.source WHERE f.kind = ? AND f.subject = 0"
	    " AND f.topic IN (?, ?) AND j.client IS NOT NULL AND j.client2 IS NOT NULL"
	    " ORDER BY f.ts, r.id, j.boot, j.seq",
	    "iii", (int64_t)SUBJECT_SITE, FACT_TOPIC(READING_CORRECTION, 0),
	    FACT_TOPIC(READING_HQ_CORRECTION, 0));

	while (db_next(&rows)) {
		struct merge merge = {
		    .client = db_int(&rows, 0), .into = db_int(&rows, 1), .turn = turn++};
		take(ledger, &merges, &merge);
	}
	return merges;
}

static void touch(struct ledger *ledger, int64_t client, bool is_loud)
{
	reach_client_whole(ledger, client, is_loud);
	reach_rollers(ledger, client);
	civil_days_touch_client(ledger, client);
	touched_add(&ledger->touched[SUBJECT_CLIENT], &ledger->scratch, client, is_loud);
}

/* A course that was planned for one of them may be for the other now; of whom it is not,
 * is_for() of the judges sees. */
static void move(struct ledger *ledger, int64_t client, int64_t from, int64_t to, bool is_loud)
{
	touch(ledger, from, is_loud);
	db_run(&ledger->db,
	    "UPDATE fact SET subject = ?3 WHERE kind = ?4 AND subject = ?2 AND EXISTS"
	    "(SELECT 1 FROM journal j WHERE j.source = fact.source AND j.boot = fact.boot"
	    " AND j.seq = fact.seq AND j.client = ?1)",
	    "iiii", client, from, to, (int64_t)SUBJECT_CLIENT);
	topics_forget_all(&ledger->topics);
	db_run(&ledger->db,
	    "INSERT INTO course(client, course) SELECT ?3, course FROM course"
	    " WHERE client IN (?1, ?2) ON CONFLICT DO NOTHING",
	    "iii", client, from, to);
	db_run(&ledger->db, "DELETE FROM merged WHERE client = ?", "i", client);
	if (to != client) {
		db_run(&ledger->db, "INSERT INTO merged(client, into_client) VALUES(?, ?)", "ii",
		    client, to);
		ledger->has_merges = true;
	}
	touch(ledger, to, is_loud);
	forgets_merged(ledger);
}

void merges_change(struct ledger *ledger, bool is_loud)
{
	struct merges merges = load(ledger);

	for (size_t i = 0; i < merges.count; i++) {
		int64_t client = merges.items[i].client;
		int64_t from = merges_client(ledger, client);
		int64_t to = end_of(&merges, client);
		if (from != to)
			move(ledger, client, from, to, is_loud);
	}
}
