#include "cli/tail.h"

#include "care/sentence.h"
#include "care/verdict.h"
#include "cli/list.h"
#include "cli/moment.h"
#include "ledger/view/session.h"

#include <stdlib.h>

/* One line, at once: who follows by a pipe waits for it. */
static void finish(const struct tail *tail, const char *what, json_t *object, const char *text)
{
	const struct time_told now = {tail->now, tail->daemon.is_clock_in_doubt};
	char when[WHEN_BYTES];

	if (tail->options.is_json) {
		char *line;
		json_put_text(object, "what", what);
		json_put_text(object, "at", when_utc(tail->now, when));
		json_put(object, "at_in_doubt", json_boolean(now.is_in_doubt));
		line = json_dumps(object, JSON_COMPACT);
		puts(line ? line : "{}");
		free(line);
	} else {
		printf("%s  %-20s ", moment_short(&tail->source->zone, now, when), what);
		print_wrapped(text, strlen(when) + 23);
	}
	json_decref(object);
	fflush(stdout);
}

static bool is_of(const struct tail *tail, const struct id *device)
{
	return !tail->has_device || id_eq(&tail->device, device);
}

static bool wants_all_checks(const struct tail *tail)
{
	return !tail->check && !tail->severity;
}

void tail_tell_alert(const struct tail *tail, const char *what, const struct view_alert *row)
{
	const struct finding *finding = &row->alert.finding;
	const struct check_row *check = catalogue_find(finding->check);
	char sentence[SENTENCE_BYTES];
	char hex[ID_HEX_LEN + 1];
	char text[SENTENCE_BYTES + 120];

	if ((tail->check && finding->check != tail->check) || finding->severity < tail->severity ||
	    !is_of(tail, &row->device))
		return;
	snprintf(text, sizeof(text), "%s  %s %s: %s",
	    short_hex(&row->alert.id, CLI_ALERT_DIGITS, hex), severity_name(finding->severity),
	    check ? check->name : "-", sentence_of(finding, sentence));
	json_t *object = json_object();
	json_put_id(object, "alert", &row->alert.id);
	json_put_text(object, "check", check ? check->name : NULL);
	json_put_text(object, "severity", severity_name(finding->severity));
	json_put_text(object, "sentence", sentence);
	finish(tail, what, object, text);
}

void tail_tell_session(const struct tail *tail, const char *what, int64_t no)
{
	struct view_session row;
	char device[LIST_TEXT_BYTES];
	char client[LIST_TEXT_BYTES];
	char zones[LIST_TEXT_BYTES];
	char hex[ID_HEX_LEN + 1];
	char text[4 * LIST_TEXT_BYTES];

	if (!wants_all_checks(tail) ||
	    !view_session(tail->source->view, &tail->source->arena, no, &row) ||
	    !is_of(tail, &row.session.source))
		return;
	const char *verdict = row.verdict_rev ? decision_name((enum decision)row.decision) : NULL;
	snprintf(text, sizeof(text), "%s  %s, client %s, %s%s%s",
	    short_hex(&row.session.sid, CLI_ALERT_DIGITS, hex),
	    device_text(row.device_kind, row.serial, &row.session.source, device),
	    list_client_text(row.session.client, &row.client, client),
	    zones_short(row.session.zones, zones), verdict ? ": " : "", verdict ? verdict : "");
	json_t *object = json_object();
	json_put_id(object, "sid", &row.session.sid);
	json_put_id(object, "device", &row.session.source);
	list_put_client(object, row.session.client, &row.client);
	json_put(object, "zones", zones_json(row.session.zones));
	json_put_text(object, "verdict", verdict);
	finish(tail, what, object, text);
}

void tail_tell_device(const struct tail *tail, const char *what, const struct id *device)
{
	char hex[ID_HEX_LEN + 1];
	json_t *object;

	if (!wants_all_checks(tail) || !is_of(tail, device))
		return;
	object = json_object();
	json_put_id(object, "device", device);
	finish(tail, what, object, id_hex(device, hex));
}

void tail_tell(const struct tail *tail, const char *what, const char *text)
{
	json_t *object;

	if (!wants_all_checks(tail) || tail->has_device)
		return;
	object = json_object();
	json_put_text(object, "text", text[0] ? text : NULL);
	finish(tail, what, object, text);
}
