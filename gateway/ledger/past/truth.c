/* truth.c - the truth of a store as text. */
#include "care/catalogue.h"
#include "ledger/past/verify.h"
#include "ledger/state.h"
#include "wire/field.h"
#include "wire/unpack.h"

#include "report.pb-c.h"

#include <inttypes.h>
#include <stdio.h>

#define LINE_BYTES 1024
#define DAY_ARENA_BYTES (64U << 10)

/* --- sessions and findings ------------------------------------------------------------- */

/* Without flag 4: whether the first copy of a START was a replay is how it was
 * delivered, not what happened (P4). */
static const char select_sessions[] =
    "SELECT 'session ' || lower(hex(s.sid)) || '/' || lower(hex(r.id)) || ' state ' || s.state"
    " || ' flags ' || (s.flags & ~4) || ' client ' || CASE s.client WHEN 0 THEN '-' ELSE"
    " coalesce((SELECT lower(hex(token)) FROM client WHERE no = s.client AND token IS NOT NULL),"
    " 'forgotten') END || ' course ' || s.course || ' zones ' || s.zones || ' start ' ||"
    " s.start_at || ' end ' || CASE WHEN s.flags & 2 THEN s.end_at ELSE s.last_at END || ' day '"
    " || s.day || ' exposed ' || s.exposed_first || ' ' || s.exposed_last || ' active ' ||"
    " s.active_ms || ' pulses ' || s.pulses || ' visit ' || coalesce((SELECT lower(hex(v.sid))"
    " FROM session v WHERE v.no = s.visit), '-'), 0 FROM session s JOIN source r ON r.no = s.source"
    " WHERE NOT EXISTS (SELECT 1 FROM unjudged u WHERE u.kind = 1 AND u.subject = s.no)"
    " ORDER BY 1";

static const char select_findings[] =
    "SELECT 'finding ' || check_id || ' ' || subject || ' ' || onset || ' from ' || from_at ||"
    " ' until ' || until_at || ' severity ' || severity || ' value ' || value || ' limit ' || lim"
    " || ' latched ' || is_latched || ' day ' || effective_day, check_id FROM alert a WHERE state "
    "!= 5"
    " AND NOT EXISTS (SELECT 1 FROM unjudged u WHERE u.kind = a.unit_kind AND u.subject = a.unit)"
    " ORDER BY 1";

/* P4: what depends on arrival is an observation. 0: a session. */
static bool is_truth(enum check check)
{
	const struct check_row *row = catalogue_find(check);

	return !row || !row->is_liveness;
}

/* --- days --------------------------------------------------------------------------------- */

/* Those that wait to be composed again are not compared, nor those of sessions that are
 * set aside. A day of a session that was dated otherwise meanwhile counts nothing. */
static const char select_days[] =
    "SELECT 'day ' || CASE t.subject >> 16 & 3 WHEN 0 THEN 'site' WHEN 1 THEN 'device ' ||"
    " (SELECT lower(hex(id)) FROM source WHERE no = t.subject >> 18) ELSE 'operator ' ||"
    " (SELECT lower(hex(token)) FROM operator WHERE no = t.subject >> 18) END || ' ' ||"
    " strftime('%Y%m%d', (t.subject & 65535) * 86400, 'unixepoch'), t.body"
    " FROM state t JOIN subject j USING(kind, subject) WHERE t.kind = ?1 AND j.next_change IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM unjudged u WHERE u.kind = t.kind AND u.subject = t.subject)"
    " AND NOT EXISTS (SELECT 1 FROM unjudged u JOIN session s ON s.no = u.subject"
    " WHERE u.kind = 1 AND s.day BETWEEN (t.subject & 65535) - 1 AND (t.subject & 65535))"
    " ORDER BY 1";

static uint64_t number_at(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	const void *value = (const uint8_t *)message + field->offset;

	switch (field->type) {
	case PROTOBUF_C_TYPE_UINT32:
		return wire_field_count(message, field) ? *(const uint32_t *)value : 0;
	case PROTOBUF_C_TYPE_UINT64:
		return wire_field_count(message, field) ? *(const uint64_t *)value : 0;
	default:
		return 0;
	}
}

/* What can be said of any day, also of one that nothing happened on. */
static bool is_of_any_day(const char *field)
{
	static const char *const names[] = {
	    "local_date", "open_min", "certs_expiring", "carts_expiring"};

	for (size_t i = 0; i < CP_COUNT(names); i++)
		if (strcmp(field, names[i]) == 0)
			return true;
	return false;
}

/* False: nothing happened on it. Whether such a day was composed depends on arrival: something
 * may have been dated to it for a while. */
static bool print_day(char *line, const ProtobufCMessage *day)
{
	size_t len = strlen(line);
	bool counts = false;

	for (unsigned i = 0; i < day->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &day->descriptor->fields[i];
		uint64_t number = number_at(day, field);
		if (number == 0 || strcmp(field->name, "local_date") == 0 || len >= LINE_BYTES)
			continue;
		counts |= !is_of_any_day(field->name);
		len += (size_t)snprintf(
		    line + len, LINE_BYTES - len, " %s %" PRIu64, field->name, number);
	}
	return counts;
}

static void day_lines(struct db *db, truth_fn *on_line, void *ctx)
{
	struct arena arena;
	struct db_rows rows = db_query(db, select_days, "i", (int64_t)SUBJECT_AGGREGATE);

	arena_init(&arena, 4096, DAY_ARENA_BYTES);
	while (db_next(&rows)) {
		ProtobufCMessage *day;
		struct wire_scan scan;
		char line[LINE_BYTES];
		snprintf(line, sizeof(line), "%s", db_text(&rows, 0));
		/* What nobody can read is a line, too: no other one is equal. */
		if (wire_unpack(&arena, &carepace__v1__agg_day__descriptor, db_blob(&rows, 1), &day,
		        &scan) != WIRE_OK ||
		    print_day(line, day))
			on_line(ctx, line);
		arena_reset(&arena);
	}
	arena_deinit(&arena);
}

/* --- all ------------------------------------------------------------------------------ */

void truth_lines(struct db *db, truth_fn *on_line, void *ctx)
{
	static const char *const selects[] = {select_sessions, select_findings};

	for (size_t i = 0; i < CP_COUNT(selects); i++) {
		struct db_rows rows = db_query(db, selects[i], "");
		while (db_next(&rows))
			if (is_truth((enum check)db_int(&rows, 1)))
				on_line(ctx, db_text(&rows, 0));
	}
	day_lines(db, on_line, ctx);
}
