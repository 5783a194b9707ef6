#include "ledger/view/clients.h"

#include "ledger/judging/history.h"
#include "ledger/view/state.h"

static uint32_t count_flags(struct facts facts, wall_ms now)
{
	const struct fact *fact = facts_holding(facts, READING_CLIENT_FLAGS, now);
	uint32_t count = 0;

	if (!fact)
		return 0;
	const Carepace__V1__ClientFlags *flags = fact->reading.order->client_flags;
	for (size_t i = 0; i < flags->n_flag; i++)
		count += flags->flag[i]->value == CAREPACE__V1__FLAG_VALUE__FLAG_YES;
	return count;
}

/* What only its whole history tells. */
static void add_outlook(
    struct view *view, const struct policy *policy, wall_ms now, struct view_client *client)
{
	static const int64_t topic = FACT_TOPIC(READING_CLIENT_FLAGS, 0);
	struct ledger *ledger = &view->ledger;
	struct client_history history;

	client->flags =
	    count_flags(history_facts(ledger, SUBJECT_CLIENT, client->no, &topic, 1), now);
	if (!history_of_client(ledger, client->no, &history) ||
	    !outlook_of_client(&history, policy, now, &ledger->work, &client->outlook))
		view_no_room(view);
	arena_reset(&ledger->work);
}

static struct db_rows query_page(
    struct view *view, const struct view_client_filter *filter, const struct view_page *page)
{
	return db_query(&view->ledger.db,
	    "SELECT c.no, c.token, coalesce(m.into_client, 0),"
	    " (SELECT count(*) FROM session s WHERE s.client = c.no AND s.client != 0),"
	    " coalesce((SELECT max(s.start_at) FROM session s WHERE s.client = c.no"
	    " AND s.client != 0), 0),"
	    " (SELECT count(*) FROM alert a WHERE a.client = c.no AND a.client != 0"
	    " AND a.state IN (1, 2, 4)),"
	    " (SELECT max(a.severity) FROM alert a WHERE a.client = c.no AND a.client != 0"
	    " AND a.state IN (1, 2, 4))"
	    " FROM client c LEFT JOIN merged m ON m.client = c.no"
	    " WHERE c.no < ?1 AND (?2 = 0 OR c.no = ?2) AND (?3 = 0 OR EXISTS"
	    " (SELECT 1 FROM session s WHERE s.client = c.no AND s.client != 0"
	    " AND s.start_at >= ?3)) ORDER BY c.no DESC LIMIT ?4",
	    "iiii", view_page_below(page), filter->client, (int64_t)filter->since,
	    (int64_t)page->max + 1);
}

struct view_client *view_clients(struct view *view, struct arena *arena,
    const struct view_client_filter *filter, const struct policy *policy, wall_ms now,
    struct view_page *page, size_t *count)
{
	struct page_reader reader = page_begin(view, arena, page, sizeof(struct view_client));
	struct db_rows rows = query_page(view, filter, page);
	struct view_client *client;

	while ((client = page_row(&reader, &rows))) {
		*client = (struct view_client){
		    .no = db_int(&rows, 0),
		    .same_as = db_int(&rows, 2),
		    .sessions = db_int(&rows, 3),
		    .last_start = db_int(&rows, 4),
		    .open_alerts = db_int(&rows, 5),
		    .worst = (enum severity)db_int(&rows, 6),
		};
		id_from_bytes(&client->token, db_blob(&rows, 1));
		client->has_outlook = !client->same_as && !id_is_zero(&client->token);
		if (client->has_outlook)
			add_outlook(view, policy, now, client);
	}
	return page_end(&reader, &rows, count);
}
