#include "picture.h"

#include "care/time/civil.h"
#include "ledger/store/alert_rows.h"
#include "ledger/store/sessions.h"

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

static bool is_id(struct id *id, const char *text)
{
	return strlen(text) >= ID_HEX_LEN && id_from_hex(id, slice_of(text, ID_HEX_LEN));
}

/* "<head office>/<epoch>/<n>" is "HQ/<key>": how many orders there were before is no
 * part of a story. Returns how long it was; 0: it is something else. */
static size_t add_order(struct line *line, struct clinic *clinic, const char *text)
{
	unsigned epoch;
	unsigned n;
	int len = 0;
	struct id id;

	if (!is_id(&id, text) || !id_eq(&id, &reading_head_office) ||
	    sscanf(text + ID_HEX_LEN, "/%u/%u%n", &epoch, &n, &len) != 2)
		return 0;
	struct db_rows rows = db_query(&clinic->ledger->db,
	    "SELECT payload FROM journal j JOIN source s ON s.no = j.source"
	    " WHERE s.id = ? AND boot = ? AND seq = ?",
	    "bii", slice_of(id.b, ID_BYTES), (int64_t)epoch, (int64_t)n);
	CP_CHECK(db_next(&rows));
	struct slice payload = db_blob(&rows, 0);
	Carepace__V1__Order *order = carepace__v1__order__unpack(NULL, payload.len, payload.p);
	db_end(&rows);
	CP_CHECK(order);
	add(line, "HQ/%s", order->key);
	carepace__v1__order__free_unpacked(order, NULL);
	return ID_HEX_LEN + (size_t)len;
}

/* A name as findings have it, with the story's names for what is an id or a cartridge:
 * "<sid>/<device>" is "A", "<device>" is "P1", "04012345678901/1001#0" is "1001 slot 0";
 * a foreign product keeps its number. */
static void add_named(struct line *line, struct clinic *clinic, const char *text)
{
	const size_t gtin_len = strlen(CLINIC_GTIN "/");
	char name[NAME_BYTES];
	struct id id;
	struct id device;

	while (*text) {
		size_t order_len = add_order(line, clinic, text);
		if (order_len) {
			text += order_len;
		} else if (is_id(&id, text) && text[ID_HEX_LEN] == '/' &&
		           is_id(&device, text + ID_HEX_LEN + 1)) {
			add_session(line, clinic, &id, &device);
			text += 2 * ID_HEX_LEN + 1;
		} else if (is_id(&id, text) && *name_of_id((char)id.b[0], &id, name)) {
			add(line, "%s", name);
			text += ID_HEX_LEN;
		} else if (is_id(&id, text) && id_eq(&id, &reading_box)) {
			add(line, "box");
			text += ID_HEX_LEN;
		} else if (strncmp(text, CLINIC_GTIN "/", gtin_len) == 0) {
			text += gtin_len;
			if (*text == '#')
				add(line, "unreadable");
		} else if (*text == '#') {
			add(line, " slot ");
			text++;
		} else if (*text == '@') {
			add(line, " lot ");
			text++;
		} else {
			add(line, "%c", *text++);
		}
	}
}

static void add_session_no(struct line *line, struct clinic *clinic, int64_t no)
{
	struct session session;

	CP_CHECK(sessions_load(clinic->ledger, no, &session));
	add_session(line, clinic, &session.sid, &session.source);
}

/* --- alerts ------------------------------------------------------------------------ */

/* CHECK SUBJECT [ONSET]; an onset that is a session, "<sid>/<device>", is one since which something
 * ran. */
static void add_alert_name(struct line *line, struct clinic *clinic, const struct finding *finding)
{
	struct id id;

	add(line, "%s ", catalogue_find(finding->check)->name);
	add_named(line, clinic, finding->subject);
	if (!finding->onset[0])
		return;
	bool is_session = is_id(&id, finding->onset) && finding->onset[ID_HEX_LEN] == '/' &&
	                  is_id(&id, finding->onset + ID_HEX_LEN + 1);
	add(line, is_session ? " after " : " ");
	add_named(line, clinic, finding->onset);
}

/* But for the one that the onset has named. */
static void add_related(struct line *line, const struct finding *finding)
{
	const char *and = " against ";

	for (size_t i = 0; i < finding->related_count; i++) {
		char hex[ID_HEX_LEN + 1];
		char name[NAME_BYTES];
		const struct id *sid = &finding->related[i];
		if (strncmp(finding->onset, id_hex(sid, hex), ID_HEX_LEN) == 0)
			continue;
		add(line, "%s%s", and, name_of_id(ID_SESSION, sid, name));
		and = " and ";
	}
}

static void add_numbers(struct line *line, const struct finding *finding)
{
	add(line, " %s %" PRId64 "/%" PRId64, severity_name(finding->severity), finding->value,
	    finding->limit);
	if (finding->count != 1)
		add(line, " count %u", (unsigned)finding->count);
	if (finding->max != finding->value)
		add(line, " max %" PRId64, finding->max);
	if (finding->earliest_day) {
		add(line, " earliest ");
		add_day(line, finding->earliest_day);
	}
}

static void add_finding(struct line *line, struct clinic *clinic, const struct finding *finding)
{
	add_related(line, finding);
	add_numbers(line, finding);
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
	if (alert->finding.is_test)
		add(&line, " test");
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
	add(&line, "%s%s%s%s, visit ", session_state_name(session.state),
	    session.is_exposing ? ", exposing" : "", session.is_completed ? ", completed" : "",
	    session.is_void ? ", void" : "");
	add_session_no(&line, clinic, session.visit);
}
