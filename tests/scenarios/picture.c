#include "picture.h"

#include "care/civil.h"
#include "care/verdict.h"
#include "ledger/alert_rows.h"
#include "ledger/sessions.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* A line that grows; what does not fit is a bug of the runner. */
struct line {
	char *out;
	size_t len;
	size_t cap;
};

static void add(struct line *line, const char *format, ...) CP_PRINTF(2, 3);

static void add(struct line *line, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	int len = vsnprintf(line->out + line->len, line->cap - line->len, format, args);
	va_end(args);
	CP_CHECK(len >= 0 && line->len + (size_t)len < line->cap);
	line->len += (size_t)len;
}

static void add_day(struct line *line, int32_t day)
{
	struct civil_ymd ymd = civil_to_ymd(day);

	add(line, "%04d-%02d-%02d", ymd.year, ymd.month, ymd.day);
}

static void add_time(struct line *line, const struct clinic *clinic, event_ms at)
{
	int64_t local = at + zone_offset_s(&clinic->zone, at) * MS_PER_SECOND;
	int64_t of_day = local % MS_PER_DAY;

	add_day(line, (int32_t)(local / MS_PER_DAY));
	add(line, " %02d:%02d", (int)(of_day / MS_PER_HOUR),
	    (int)(of_day % MS_PER_HOUR / MS_PER_MINUTE));
	if (of_day % MS_PER_MINUTE)
		add(line, ":%02d", (int)(of_day % MS_PER_MINUTE / MS_PER_SECOND));
	if (of_day % MS_PER_SECOND)
		add(line, ".%03d", (int)(of_day % MS_PER_SECOND));
}

/* "A"; "A@P1" where several devices use that sid. */
static void add_session(
    struct line *line, struct clinic *clinic, const struct id *sid, const struct id *device)
{
	char name[NAME_BYTES];
	int64_t users = db_value(&clinic->ledger->db, 0,
	    "SELECT count(*) FROM session WHERE sid = ?", "b", slice_of(sid->b, ID_BYTES));

	add(line, "%s", name_of_id(ID_SESSION, sid, name));
	if (users > 1)
		add(line, "@%s", name_of_id(ID_DEVICE, device, name));
}

/* "<sid>/<device>": what findings call a session. */
static void add_session_text(struct line *line, struct clinic *clinic, const char *text)
{
	struct id sid;
	struct id device;

	CP_CHECK(id_from_hex(&sid, slice_of(text, ID_HEX_LEN)));
	CP_CHECK(id_from_hex(&device, slice_str(text + ID_HEX_LEN + 1)));
	add_session(line, clinic, &sid, &device);
}

static void add_session_no(struct line *line, struct clinic *clinic, int64_t no)
{
	struct session session;

	CP_CHECK(sessions_load(clinic->ledger, no, &session));
	add_session(line, clinic, &session.sid, &session.source);
}

/* "04012345678901/1001#0" -> "1001 slot 0"; a foreign product keeps its number. */
static void add_cartridge(struct line *line, const char *onset)
{
	const char *mark = strrchr(onset, '#');
	size_t own = strlen(CLINIC_GTIN "/");

	CP_CHECK(mark);
	if (strncmp(onset, CLINIC_GTIN "/", own) == 0)
		onset += own;
	add(line, " %.*s slot %s", (int)(mark - onset), onset, mark + 1);
}

/* --- alerts ------------------------------------------------------------------------ */

static void add_alert_name(struct line *line, struct clinic *clinic, const struct finding *finding)
{
	add(line, "%s ", catalogue_find(finding->check)->name);
	switch ((int)finding->check) {
	default:
		add_session_text(line, clinic, finding->subject);
		if (finding->onset[0])
			add(line, " %s", finding->onset);
		break;
	case CHECK_INTERVAL_OVERDUE:
		add(line, "%s after ", finding->subject);
		add_session_text(line, clinic, finding->onset);
		break;
	case CHECK_CART_REUSE:
		add_session_text(line, clinic, finding->subject);
		add_cartridge(line, finding->onset);
		break;
	}
}

static void add_finding(struct line *line, struct clinic *clinic, const struct finding *finding)
{
	if (finding->check != CHECK_INTERVAL_OVERDUE)
		for (size_t i = 0; i < finding->related_count; i++) {
			add(line, i ? " and " : " against ");
			add_session_no(line, clinic, finding->related[i]);
		}
	add(line, " %s %" PRId64 "/%" PRId64, severity_name(finding->severity), finding->value,
	    finding->limit);
	if (finding->earliest_day) {
		add(line, " earliest ");
		add_day(line, finding->earliest_day);
	}
	add(line, finding->from == finding->until ? " at " : " from ");
	add_time(line, clinic, finding->from);
	if (zone_day(&clinic->zone, finding->from) != finding->effective_day) {
		add(line, " effective ");
		add_day(line, finding->effective_day);
	}
	if (finding->until != TIME_NEVER && finding->until != finding->from) {
		add(line, " until ");
		add_time(line, clinic, finding->until);
	}
}

static void draw_alert(struct clinic *clinic, const struct alert *alert, char *out)
{
	struct line line = {.out = out, .cap = PICTURE_BYTES};

	add_alert_name(&line, clinic, &alert->finding);
	add_finding(&line, clinic, &alert->finding);
	add(&line, " %s", alert_state_name(alert->state));
	if (alert->raised_at != alert->finding.from) {
		add(&line, " raised ");
		add_time(&line, clinic, alert->raised_at);
	}
	if (alert->is_late)
		add(&line, " late");
}

/* R9: the id is the hash of the key, whatever happened to the alert. */
static void check_id(struct clinic *clinic, const struct alert *alert)
{
	struct id id =
	    finding_id(alert->finding.check, alert->finding.subject, alert->finding.onset);

	if (!id_eq(&id, &alert->id))
		clinic_fail(clinic, "an alert's id is not the hash of its key");
}

/* Calls back for each stored alert until told to stop. */
typedef bool alert_fn(struct clinic *clinic, const struct alert *alert, void *ctx);

static void each_alert(struct clinic *clinic, alert_fn *fn, void *ctx)
{
	struct arena arena;
	struct alert alerts[PICTURE_ALERTS_MAX];
	size_t count = 0;
	struct db_rows rows =
	    db_query(&clinic->ledger->db, "SELECT " ALERT_COLUMNS " FROM alert a", "");

	arena_init(&arena, 4096, 1 << 20);
	while (db_next(&rows)) {
		CP_CHECK(count < PICTURE_ALERTS_MAX);
		CP_CHECK(alert_of_row(&arena, &rows, &alerts[count++]));
	}
	for (size_t i = 0; i < count; i++)
		if (!fn(clinic, &alerts[i], ctx))
			break;
	arena_deinit(&arena);
}

struct drawing {
	char (*lines)[PICTURE_BYTES];
	size_t count;
};

static bool draw_one(struct clinic *clinic, const struct alert *alert, void *ctx)
{
	struct drawing *drawing = ctx;

	check_id(clinic, alert);
	draw_alert(clinic, alert, drawing->lines[drawing->count++]);
	return true;
}

static int compare_lines(const void *a, const void *b)
{
	return strcmp(a, b);
}

size_t picture_alerts(struct clinic *clinic, char out[PICTURE_ALERTS_MAX][PICTURE_BYTES])
{
	struct drawing drawing = {.lines = out};

	each_alert(clinic, draw_one, &drawing);
	qsort(out, drawing.count, sizeof(out[0]), compare_lines);
	return drawing.count;
}

struct search {
	const char *name;
	struct id id;
	bool is_found;
};

static bool is_it(struct clinic *clinic, const struct alert *alert, void *ctx)
{
	struct search *search = ctx;
	char name[PICTURE_BYTES];
	struct line line = {.out = name, .cap = sizeof(name)};

	add_alert_name(&line, clinic, &alert->finding);
	search->id = alert->id;
	search->is_found = strcmp(name, search->name) == 0;
	return !search->is_found;
}

bool picture_find_alert(struct clinic *clinic, const char *name, struct id *out)
{
	struct search search = {.name = name};

	each_alert(clinic, is_it, &search);
	*out = search.id;
	return search.is_found;
}

/* --- sessions ------------------------------------------------------------------------ */

static int64_t find_session(struct clinic *clinic, const char *name)
{
	char sid_name[NAME_BYTES];
	const char *at = strchr(name, '@');

	snprintf(sid_name, sizeof(sid_name), "%.*s", (int)strcspn(name, "@"), name);
	struct id sid = id_named(ID_SESSION, sid_name);
	if (!at)
		return db_value(&clinic->ledger->db, 0, "SELECT no FROM session WHERE sid = ?", "b",
		    slice_of(sid.b, ID_BYTES));
	struct id device = id_named(ID_DEVICE, at + 1);
	return db_value(&clinic->ledger->db, 0,
	    "SELECT s.no FROM session s JOIN source r ON r.no = s.source WHERE sid = ? AND id = ?",
	    "bb", slice_of(sid.b, ID_BYTES), slice_of(device.b, ID_BYTES));
}

void picture_session(struct clinic *clinic, const char *name, char out[PICTURE_BYTES])
{
	struct line line = {.out = out, .cap = PICTURE_BYTES};
	struct session session;
	int64_t no = find_session(clinic, name);

	out[0] = '\0';
	if (!no || !sessions_load(clinic->ledger, no, &session)) {
		clinic_fail(clinic, "no session %s", name);
		return;
	}
	add(&line, "%s%s%s, visit ", session_state_name(session.state),
	    session.is_exposing ? ", exposing" : "", session.is_completed ? ", completed" : "");
	add_session_no(&line, clinic, session.visit);
}

/* --- verdicts ------------------------------------------------------------------------- */

/* An item tells the same as the alert it names. */
static void check_item(struct clinic *clinic, const Carepace__V1__VerdictItem *item)
{
	struct alert alert;
	struct id id;

	id_from_bytes(&id, slice_of(item->alert_id.data, item->alert_id.len));
	if (!alert_rows_load(clinic->ledger, &id, &alert)) {
		clinic_fail(clinic, "a verdict names an alert that does not exist");
		return;
	}
	const struct finding *finding = &alert.finding;
	uint32_t earliest = finding->earliest_day ? civil_to_yyyymmdd(finding->earliest_day) : 0;
	if ((int)item->check != (int)finding->check ||
	    (int)item->severity != (int)finding->severity || item->value != finding->value ||
	    item->limit != finding->limit || item->earliest_ok_date != earliest)
		clinic_fail(clinic, "an item of a verdict is not its alert");
}

static void draw_verdict(struct clinic *clinic, const Carepace__V1__Verdict *verdict)
{
	struct line line = {
	    .out = clinic->said, .len = strlen(clinic->said), .cap = sizeof(clinic->said)};
	char name[NAME_BYTES];
	struct id sid;

	id_from_bytes(&sid, slice_of(verdict->sid.data, verdict->sid.len));
	add(&line, "%s%s rev %u %s", line.len ? "; " : "", name_of_id(ID_SESSION, &sid, name),
	    (unsigned)verdict->rev, decision_name((enum decision)verdict->decision));
	for (size_t i = 0; i < verdict->n_item; i++) {
		add(&line, " %s", catalogue_find((enum check)verdict->item[i]->check)->name);
		check_item(clinic, verdict->item[i]);
	}
	if (verdict->valid_ms != VERDICT_VALID_MS)
		clinic_fail(clinic, "a verdict is valid for %u ms", (unsigned)verdict->valid_ms);
}

/* What the tablets must hear next is *owed: what the device heard (R19). */
static void hear(struct clinic *clinic, const struct batch_down *down,
    const Carepace__V1__Verdict *verdict, struct slice *owed)
{
	bool is_for_tablets = id_is_zero(&down->device);

	if (down->expires_at != clinic->now + VERDICT_VALID_MS)
		clinic_fail(clinic, "a verdict is kept too long or too short");
	if (is_for_tablets != (owed->len > 0) ||
	    (is_for_tablets && !slice_eq(down->payload, *owed)))
		clinic_fail(clinic, "device and tablets do not hear the same");
	if (!is_for_tablets)
		draw_verdict(clinic, verdict);
	*owed = is_for_tablets ? slice_of(NULL, 0) : down->payload;
}

void picture_downs(struct clinic *clinic)
{
	struct slice owed = {0};

	for (size_t i = 0; i < clinic->batch->down_count; i++) {
		const struct batch_down *down = &clinic->batch->downs[i];
		Carepace__V1__Down *message =
		    carepace__v1__down__unpack(NULL, down->payload.len, down->payload.p);
		CP_CHECK(message);
		if (message->body_case == CAREPACE__V1__DOWN__BODY_VERDICT)
			hear(clinic, down, message->verdict, &owed);
		carepace__v1__down__free_unpacked(message, NULL);
	}
	if (owed.len > 0)
		clinic_fail(clinic, "the tablets do not hear the last verdict");
}
