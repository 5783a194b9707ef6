#include "cli/alert_json.h"

#include "care/sentence.h"
#include "cli/moment.h"

static const struct {
	unsigned bit;
	const char *code;
	const char *word;
} people[] = {
    {WHO_OPERATOR, "OP", "operator"},
    {WHO_CLINICIAN, "CL", "clinician"},
    {WHO_MANAGER, "MG", "clinic manager"},
    {WHO_SERVICE, "BM", "service"},
    {WHO_HEAD_OFFICE, "HQ", "head office"},
};

json_t *who_json(unsigned who)
{
	json_t *array = json_array();

	for (size_t i = 0; i < CP_COUNT(people); i++)
		if (who & people[i].bit)
			json_append(array, json_string(people[i].code));
	return array;
}

const char *who_text(unsigned who, char out[96])
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < CP_COUNT(people); i++)
		if (who & people[i].bit)
			len += (size_t)snprintf(
			    out + len, 96 - len, "%s%s", len ? ", " : "", people[i].word);
	return out;
}

static json_t *answer_json(
    const struct cli_source *source, const struct alert_answer *answer, const struct id *by)
{
	if (!answer->at)
		return NULL;
	json_t *object = json_object();
	json_put_moment(object, "given", &source->zone, moment_stamped(source, answer->at));
	json_put_token(object, "by", by);
	json_put_int(object, "reason", answer->reason);
	json_put_text(object, "covers", severity_name(answer->covers));
	return object;
}

static json_t *related_json(const struct finding *finding)
{
	json_t *array = json_array();
	char hex[ID_HEX_LEN + 1];

	for (size_t i = 0; i < finding->related_count; i++)
		json_append(array, json_string(id_hex(&finding->related[i], hex)));
	return array;
}

static void put_finding(
    json_t *object, const struct cli_source *source, const struct finding *finding)
{
	const struct check_row *check = catalogue_find(finding->check);
	char sentence[SENTENCE_BYTES];
	char zones[ZONES_TEXT_BYTES];

	json_put_text(object, "check", check ? check->name : NULL);
	json_put_text(object, "severity", severity_name(finding->severity));
	json_put_text(object, "sentence", sentence_of(finding, sentence));
	json_put(object, "who", who_json(check ? check->who : 0));
	json_put_text(object, "subject", finding->subject);
	json_put_text(object, "onset", finding->onset);
	json_put_time(object, "from", &source->zone, finding->from);
	json_put_time(object, "until", &source->zone, finding->until);
	json_put_day(object, "effective_date", finding->effective_day);
	json_put_int(object, "value", finding->value);
	json_put_int(object, "limit", finding->limit);
	json_put_text(object, "unit", check ? check_unit_name(check->unit) : NULL);
	json_put_day(object, "earliest_ok_date", finding->earliest_day);
	json_put(object, "course", finding->course ? json_integer(finding->course) : NULL);
	json_put_text(object, "zones",
	    finding->zones ? zones_text(finding->zones, zones, sizeof(zones)) : NULL);
}

/* R22: what a test raised stays here. */
static const char *told_word(const struct view_alert *row)
{
	if (row->outbox_n)
		return "waiting";
	if (!row->is_told)
		return "never";
	return row->is_given_up ? "given up" : "sent";
}

json_t *alert_json(const struct cli_source *source, const struct view_alert *row)
{
	const struct alert *alert = &row->alert;
	json_t *object = json_object();

	json_put_id(object, "id", &alert->id);
	json_put_text(object, "state", alert_state_name(alert->state));
	put_finding(object, source, &alert->finding);
	json_put_moment(object, "raised", &source->zone, moment_stamped(source, alert->raised_at));
	json_put_moment(
	    object, "cleared", &source->zone, moment_stamped(source, alert->cleared_at));
	json_put(object, "late", json_boolean(alert->is_late));
	json_put(object, "acknowledged", answer_json(source, &alert->ack, &row->ack_by));
	json_put(object, "overridden", answer_json(source, &alert->override, &row->override_by));
	json_put_client(object, &row->client, row->is_forgotten);
	json_put_token(object, "operator", &row->operator);
	json_put_id(object, "device", &row->device);
	json_put_id(object, "sid", &row->sid);
	json_put(object, "related", related_json(&row->alert.finding));
	json_put_int(object, "revision", (int64_t)alert->revision);
	json_put_text(object, "head_office", told_word(row));
	json_put_moment(object, "queued", &source->zone, moment_stamped(source, row->queued_at));
	return object;
}
