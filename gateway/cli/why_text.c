#include "cli/why.h"

#include "care/sentence.h"
#include "care/time/civil.h"
#include "care/verdict.h"
#include "cli/alert_json.h"
#include "cli/list.h"
#include "cli/moment.h"

#include <inttypes.h>
#include <stdarg.h>

#define LINE_BYTES 400

/* A line of a two-column list. */
static void CP_PRINTF(3, 4) add(struct table *table, const char *name, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	table_add(table, name);
	table_add(table, text);
}

/* --- the check and its rules ---------------------------------------------------------- */

/* "at least 35 days by the plan of course 4711, revision 2 of 10 September 2026" */
static void add_plan(const struct why *why, struct table *table, const char *most, int32_t days)
{
	char date[CIVIL_TEXT_BYTES];

	if (!why->has_plan || days == 0)
		return;
	add(table, "", "%s %d days by the plan of course %" PRId64 ", revision %" PRIu64 " of %s",
	    most, (int)days, why->plan.course, why->plan.revision,
	    civil_format(zone_day(&why->source->zone, why->plan.from), date));
}

/* The numbers that were in force, by their names in a policy file. */
static void add_rules(const struct why *why, struct table *table)
{
	const struct finding *finding = &why->row.alert.finding;
	char line[LINE_BYTES];
	size_t len = 0;

	for (size_t i = 0; i < PARAMETERS && len < sizeof(line); i++)
		if (parameters[i].check == finding->check)
			len += (size_t)snprintf(line + len, sizeof(line) - len, "%s%s %" PRId64,
			    len ? ", " : "", parameters[i].name,
			    policy_number(&why->policy, parameters[i].parameter, finding->from));
	if (len)
		add(table, "rules", "%s", line);
	if (finding->check == CHECK_INTERVAL_TOO_SOON)
		add_plan(why, table, "at least", why->plan.min_days);
	if (finding->check == CHECK_INTERVAL_OVERDUE)
		add_plan(why, table, "at most", why->plan.max_days);
}

/* The catalogue's words without the marks of their sources: " [SEED]". */
static const char *plain(const char *text, char out[LINE_BYTES])
{
	size_t len = 0;

	for (; *text && len + 1 < LINE_BYTES; text++) {
		const char *end = strncmp(text, " [", 2) == 0 ? strchr(text, ']') : NULL;
		if (end)
			text = end;
		else
			out[len++] = *text;
	}
	out[len] = '\0';
	return out;
}

static void print_check(const struct why *why, struct arena *arena)
{
	const struct finding *finding = &why->row.alert.finding;
	char who[96];
	char where[ZONES_TEXT_BYTES];
	char line[LINE_BYTES];
	char date[CIVIL_TEXT_BYTES];
	char client[CLIENT_TEXT_BYTES];
	char value[QUANTITY_BYTES];
	char limit[QUANTITY_BYTES];
	struct table table;

	table_init(&table, arena, NULL, 2);
	if (why->check) {
		add(&table, "check", "%s", plain(why->check->condition, line));
		add(&table, "who acts", "%s", who_text(why->check->who, who));
	}
	if (why->check && (finding->value || finding->limit)) /* else there is nothing to measure */
		add(&table, "measured", "%s, limit %s",
		    quantity_of(finding->value, why->check->unit, value),
		    quantity_of(finding->limit, why->check->unit, limit));
	add_rules(why, &table);
	if (finding->zones)
		add(&table, "where", "%s", zones_text(finding->zones, where, sizeof(where)));
	add(&table, "client", "%s", client_text(&why->row.client, why->row.is_forgotten, client));
	if (finding->earliest_day)
		add(&table, "next safe date", "%s", civil_format(finding->earliest_day, date));
	if (why->check)
		add(&table, "cleared by", "%s", why->check->cleared_by);
	table_print(&table, "  ", stdout);
}

/* --- sessions --------------------------------------------------------------------------- */

static const char *carts_text(const struct why_session *session, char out[LINE_BYTES])
{
	size_t len = 0;

	snprintf(out, LINE_BYTES, "-");
	for (size_t i = 0; i < session->use_count && len < LINE_BYTES; i++)
		len += (size_t)snprintf(out + len, LINE_BYTES - len, "%s%s/%s", len ? ", " : "",
		    session->uses[i].gtin, session->uses[i].serial);
	return out;
}

static void add_session(
    const struct why *why, struct table *table, const struct why_session *session)
{
	const struct session *s = &session->view.session;
	char text[LINE_BYTES];
	char when[WHEN_BYTES];
	char device[LIST_TEXT_BYTES];
	char client[CLIENT_TEXT_BYTES];
	char hex[ID_HEX_LEN + 1];

	table_add(table, session->is_subject ? "this one" : "earlier");
	table_add(table, moment_long(&why->source->zone, moment_of_start(s), when));
	table_add(table, s->zones ? zones_text(s->zones, text, sizeof(text)) : "-");
	table_add(table,
	    device_text(session->view.device_kind, session->view.serial, &s->source, device));
	table_add(table, client_text(&session->view.client, session->view.is_forgotten, client));
	table_add(table, s->is_completed ? "completed" : session_state_name(s->state));
	table_add(table, short_hex(&s->sid, CLI_ALERT_DIGITS, hex));
	table_add(table, carts_text(session, text));
}

static void print_sessions(const struct why *why, struct arena *arena)
{
	static const char *const heads[] = {
	    "", "START", "ZONES", "DEVICE", "CLIENT", "STATE", "SESSION", "CARTRIDGE"};
	struct table table;

	if (why->session_count == 0)
		return;
	table_init(&table, arena, heads, CP_COUNT(heads));
	for (size_t i = 0; i < why->session_count; i++)
		add_session(why, &table, &why->sessions[i]);
	puts("\nSessions");
	table_print_list(&table, "  ");
}

/* --- what people put right (R21) --------------------------------------------------------- */

const char *why_correction_text(
    const struct view_correction *correction, char out[WHY_CORRECTION_BYTES])
{
	char sid[ID_HEX_LEN + 1];
	char client[ID_HEX_LEN + 1];
	char new_client[ID_HEX_LEN + 1];

	short_hex(&correction->sid, CLI_ALERT_DIGITS, sid);
	short_hex(&correction->client, CLI_TOKEN_DIGITS, client);
	short_hex(&correction->new_client, CLI_TOKEN_DIGITS, new_client);
	switch (correction->kind) {
	case CAREPACE__V1__CORRECTION_KIND__CORRECTION_REASSIGN_CLIENT:
		snprintf(out, WHY_CORRECTION_BYTES, "session %s belongs to client %s, not to %s",
		    sid, new_client, client);
		break;
	case CAREPACE__V1__CORRECTION_KIND__CORRECTION_VOID:
		snprintf(out, WHY_CORRECTION_BYTES, "session %s did not take place", sid);
		break;
	case CAREPACE__V1__CORRECTION_KIND__CORRECTION_COUNT_OVERRIDE:
		snprintf(out, WHY_CORRECTION_BYTES, "session %s counts for its course", sid);
		break;
	default:
		snprintf(out, WHY_CORRECTION_BYTES, "all of client %s belongs to client %s", client,
		    new_client);
	}
	return out;
}

static void print_corrections(const struct why *why, struct arena *arena)
{
	char text[WHY_CORRECTION_BYTES];
	char when[WHEN_BYTES];
	char hex[ID_HEX_LEN + 1];
	struct table table;

	if (why->correction_count == 0)
		return;
	table_init(&table, arena, NULL, 2);
	for (size_t i = 0; i < why->correction_count; i++) {
		const struct view_correction *correction = &why->corrections[i];
		add(&table,
		    moment_long(
		        &why->source->zone, moment_stamped(why->source, correction->at), when),
		    "%s; said by %s%s, reason %" PRIu32 "%s", why_correction_text(correction, text),
		    short_hex(&correction->by, CLI_TOKEN_DIGITS, hex),
		    correction->is_by_head_office ? " through head office" : "", correction->reason,
		    correction->is_in_force ? "" : "; a later correction took its place");
	}
	puts("\nCorrected");
	table_print(&table, "  ", stdout);
}

/* --- what became of it --------------------------------------------------------------------- */

#define EVENTS_MAX 8

struct event {
	struct time_told when;
	char text[160];
};

struct events {
	struct event items[EVENTS_MAX];
	size_t count;
};

/* Kept in order; of the same moment in the order in which they were added. */
static void CP_PRINTF(3, 4)
    add_event(struct events *events, struct time_told when, const char *format, ...)
{
	size_t i = events->count;
	va_list args;

	if (!when.at)
		return;
	CP_CHECK(events->count < EVENTS_MAX);
	for (; i > 0 && events->items[i - 1].when.at > when.at; i--)
		events->items[i] = events->items[i - 1];
	events->items[i].when = when;
	va_start(args, format);
	vsnprintf(events->items[i].text, sizeof(events->items[i].text), format, args);
	va_end(args);
	events->count++;
}

static void add_answer(const struct why *why, struct events *events, const char *verb,
    const struct alert_answer *answer, const struct id *by)
{
	char hex[ID_HEX_LEN + 1];

	add_event(events, moment_stamped(why->source, answer->at),
	    "%s by %s at severity %s, reason %" PRIu32, verb, short_hex(by, CLI_TOKEN_DIGITS, hex),
	    severity_name(answer->covers), answer->reason);
}

/* What the box says of itself it stamps; all else is dated like the session that it is about. */
static struct time_told moment_of_condition(const struct why *why)
{
	const struct finding *finding = &why->row.alert.finding;
	bool has_session = why->session_count > 0 && why->sessions[0].is_subject;

	if (!finding->session && !finding->device && !finding->client)
		return moment_stamped(why->source, finding->from);
	return (struct time_told){.at = finding->from,
	    .is_in_doubt = has_session && session_is_undated(&why->sessions[0].view.session)};
}

static void gather_events(const struct why *why, struct events *events)
{
	const struct alert *alert = &why->row.alert;
	const struct why_session *session = &why->sessions[0];

	add_event(events, moment_of_condition(why), "the condition begins to hold");
	add_event(events, moment_stamped(why->source, alert->raised_at), "raised%s",
	    alert->is_late ? ", late: the news came more than 5 minutes after the event" : "");
	if (why->session_count > 0 && session->is_subject && session->view.verdict_rev)
		add_event(events, moment_stamped(why->source, session->view.verdict_at),
		    "the device is told: %s (revision %" PRIu32 ", the last)",
		    decision_name((enum decision)session->view.decision),
		    session->view.verdict_rev);
	add_answer(why, events, "overridden", &alert->override, &why->row.override_by);
	add_answer(why, events, "acknowledged", &alert->ack, &why->row.ack_by);
	add_event(events, moment_stamped(why->source, alert->cleared_at), "%s",
	    alert->state == ALERT_RETRACTED ? "retracted: later data showed that it was never true"
	                                    : "cleared");
}

static void print_history(const struct why *why, struct arena *arena)
{
	const struct config *config = &why->source->config;
	struct events events = {0};
	struct table table;
	char when[WHEN_BYTES];

	gather_events(why, &events);
	table_init(&table, arena, NULL, 2);
	for (size_t i = 0; i < events.count; i++)
		add(&table, moment_long(&why->source->zone, events.items[i].when, when), "%s",
		    events.items[i].text);
	if (why->row.outbox_n && config->site.name && !config->upstream.server_count)
		add(&table, "head office", "none is configured");
	else if (why->row.outbox_n)
		add(&table, "head office", "waits to be sent since %s",
		    moment_long(
		        &why->source->zone, moment_stamped(why->source, why->row.queued_at), when));
	else if (!why->row.is_told)
		add(&table, "head office", "does not hear of a test");
	else if (why->row.is_given_up)
		add(&table, "head office",
		    "does not have it: too much was waiting, or for too long");
	else
		add(&table, "head office", "has it");
	puts("\nWhat happened");
	table_print(&table, "  ", stdout);
}

void why_print_text(const struct why *why, struct arena *arena)
{
	const struct alert *alert = &why->row.alert;
	char sentence[SENTENCE_BYTES];
	char hex[ID_HEX_LEN + 1];

	printf("%s, %s, %s (alert %s)\n\n", why->check ? why->check->name : "?",
	    severity_name(alert->finding.severity), alert_state_name(alert->state),
	    id_hex(&alert->id, hex));
	print_wrapped(sentence_of(&alert->finding, sentence), 0);
	puts("");
	print_check(why, arena);
	print_sessions(why, arena);
	print_corrections(why, arena);
	print_history(why, arena);
}
