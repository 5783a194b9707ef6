#include "cli/tail.h"

#include "ledger/view/gauges.h"
#include "ledger/view/news.h"
#include "ledger/view/session.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, ID_BYTES);
}

static bool has(const struct id *ids, size_t count, const struct id *id)
{
	return bsearch(id, ids, count, sizeof(*ids), compare) != NULL;
}

/* --- alerts ------------------------------------------------------------------------------- */

static bool load(const struct tail *tail, const struct id *id, struct view_alert *out)
{
	char hex[ID_HEX_LEN + 1];

	return view_alert_find(
	           tail->source->view, &tail->source->arena, slice_str(id_hex(id, hex)), out) == 1;
}

static void look_at_raised(struct tail *tail, bool is_first)
{
	struct view *view = tail->source->view;
	struct id ids[TAIL_BATCH];
	struct view_alert row;
	size_t count = view_raised(view, tail->raised_since, ids, TAIL_BATCH);

	for (size_t i = 0; i < count; i++) {
		if (!load(tail, &ids[i], &row))
			continue;
		if (!is_first && !has(tail->raised, tail->raised_count, &ids[i]))
			tail_tell_alert(tail, "alert raised", &row);
		if (row.alert.raised_at > tail->raised_since)
			tail->raised_since = row.alert.raised_at;
	}
	qsort(ids, count, sizeof(*ids), compare);
	memcpy(tail->raised, ids, count * sizeof(*ids));
	tail->raised_count = count;
}

static void look_at_open(struct tail *tail, bool is_first)
{
	static const char *const words[] = {
	    [ALERT_CLEARED] = "alert cleared", [ALERT_RETRACTED] = "alert retracted"};
	struct id *ids = arena_zalloc(&tail->source->arena, TAIL_OPEN * sizeof(*ids));
	struct view_alert row;

	if (!ids)
		return;
	size_t count = view_worst(tail->source->view, ids, TAIL_OPEN);
	qsort(ids, count, sizeof(*ids), compare);
	for (size_t i = 0; i < tail->open_count && !is_first; i++)
		if (!has(ids, count, &tail->open[i]) && load(tail, &tail->open[i], &row) &&
		    row.alert.state < CP_COUNT(words) && words[row.alert.state])
			tail_tell_alert(tail, words[row.alert.state], &row);
	memcpy(tail->open, ids, count * sizeof(*ids));
	tail->open_count = count;
}

/* --- sessions ------------------------------------------------------------------------------- */

/* True: it goes on. */
static bool look_at_running(struct tail *tail, struct tail_session *known)
{
	struct view_session row;

	if (!view_session(tail->source->view, &tail->source->arena, known->no, &row))
		return false;
	if (row.verdict_rev > known->verdict_rev)
		tail_tell_session(tail, "verdict", known->no);
	known->verdict_rev = row.verdict_rev;
	if (row.session.state < SESSION_ENDED)
		return true;
	tail_tell_session(
	    tail, row.session.state == SESSION_ENDED ? "session ended" : "session lost", known->no);
	return false;
}

/* Its line says the verdict, if there is one by now. */
static void begin(struct tail *tail, int64_t no)
{
	struct tail_session known = {.no = no};
	struct view_session row;

	if (view_session(tail->source->view, &tail->source->arena, no, &row))
		known.verdict_rev = row.verdict_rev;
	tail_tell_session(tail, "session started", no);
	if (tail->running_count < TAIL_SESSIONS)
		tail->running[tail->running_count++] = known;
	else
		tail_tell(tail, "not followed", "too many sessions at once: one's end is not told");
}

static void look_at_sessions(struct tail *tail)
{
	int64_t nos[TAIL_BATCH];
	size_t count = view_new_sessions(tail->source->view, tail->last_session, nos, TAIL_BATCH);
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		tail->last_session = nos[i];
		begin(tail, nos[i]);
	}
	for (size_t i = 0; i < tail->running_count; i++)
		if (look_at_running(tail, &tail->running[i]))
			tail->running[kept++] = tail->running[i];
	tail->running_count = kept;
}

bool tail_look_at_store(struct tail *tail, bool is_first)
{
	struct cli_source *source = tail->source;
	const char *text;

	if (is_first)
		tail->last_session = view_last_session(source->view);
	else
		look_at_sessions(tail);
	look_at_raised(tail, is_first);
	look_at_open(tail, is_first);
	arena_reset(&source->arena);
	return view_error(source->view, &text) == CP_OK;
}
