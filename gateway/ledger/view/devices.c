#include "ledger/view/devices.h"

#include "care/service.h"
#include "ledger/judging/history.h"
#include "ledger/view/state.h"

static const char *copy_text(struct arena *arena, const char *text)
{
	return (const char *)arena_copy(arena, slice_of(text, strlen(text) + 1)).p;
}

/* False when the arena is full. */
static bool device_of(struct arena *arena, const struct db_rows *rows, struct view_device *out)
{
	wall_ms told_at = db_int(rows, 7);

	*out = (struct view_device){
	    .no = db_int(rows, 0),
	    .kind = (unsigned)db_int(rows, 2),
	    .serial = copy_text(arena, db_text(rows, 3)),
	    .model = (uint32_t)db_int(rows, 4),
	    .fw = (uint32_t)db_int(rows, 5),
	    .seen_at = db_int(rows, 6),
	    .battery_pct = (int)db_int(rows, 8),
	    .has_clock = db_int(rows, 9) != 0,
	    .skew_ms = db_int(rows, 10),
	    .open_alerts = db_int(rows, 11),
	    .worst = (enum severity)db_int(rows, 12),
	};
	id_from_bytes(&out->id, db_blob(rows, 1));
	out->skew = clock_skew_of(out->skew_ms);
	if (told_at > out->seen_at)
		out->seen_at = told_at;
	return out->serial;
}

/* What its service says about it, as the judges see it. */
static void add_service(
    struct view *view, const struct policy *policy, wall_ms now, struct view_device *device)
{
	struct ledger *ledger = &view->ledger;
	struct device_history history = {.device = device->no, .id = device->id};
	struct fact_list services = {0};
	struct fact_list quarantine = {0};
	event_ms free_from;

	history_add_services(ledger, &services, device->no);
	history.facts = history_sorted(&services);
	device->has_service = outlook_of_service(&history, policy, now, &device->service);
	history_add_quarantine(ledger, &quarantine, device->no, now);
	unsigned reasons = quarantine_at(history_sorted(&quarantine), policy, now, &free_from);
	device->quarantine = reasons ? quarantine_reason(reasons) : (enum check)0;
	arena_reset(&ledger->work);
}

/* Head office and the box itself are sources, too. */
static struct db_rows query_page(struct view *view, const struct view_page *page)
{
	return db_query(&view->ledger.db,
	    "SELECT r.no, r.id, r.kind, r.serial, r.model, r.fw,"
	    " max(coalesce(r.seen_at, 0), r.beat_at),"
	    " coalesce((SELECT j.recv FROM journal j WHERE j.source = r.no"
	    " ORDER BY j.boot DESC, j.seq DESC LIMIT 1), 0), r.battery,"
	    " coalesce(b.anchor IS NOT NULL, 0), coalesce(b.skew_ms, 0),"
	    " (SELECT count(*) FROM alert a WHERE a.device = r.no AND a.device != 0"
	    " AND a.state IN (1, 2, 4)),"
	    " (SELECT max(a.severity) FROM alert a WHERE a.device = r.no AND a.device != 0"
	    " AND a.state IN (1, 2, 4))"
	    " FROM source r LEFT JOIN boot b ON b.source = r.no AND b.boot ="
	    " (SELECT max(n.boot) FROM boot n WHERE n.source = r.no)"
	    " WHERE r.no > ? AND r.id NOT IN (?, ?) ORDER BY r.no LIMIT ?",
	    "ibbi", page->after, slice_of(reading_head_office.b, ID_BYTES),
	    slice_of(reading_box.b, ID_BYTES), (int64_t)page->max + 1);
}

struct view_device *view_devices(struct view *view, struct arena *arena,
    const struct policy *policy, wall_ms now, struct view_page *page, size_t *count)
{
	struct page_reader reader = page_begin(view, arena, page, sizeof(struct view_device));
	struct db_rows rows = query_page(view, page);
	struct view_device *device;

	while ((device = page_row(&reader, &rows))) {
		if (device_of(arena, &rows, device))
			add_service(view, policy, now, device);
		else
			page_no_room(&reader);
	}
	return page_end(&reader, &rows, count);
}
