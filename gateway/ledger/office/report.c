#include "ledger/office/report.h"

#include "care/time/civil.h"
#include "wire/field.h"
#include "wire/json.h"
#include "wire/pack.h"

#include "report.pb-c.h"

#include <stdio.h>

static ProtobufCBinaryData bytes_of(const struct id *id)
{
	return (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)id->b};
}

static protobuf_c_boolean set_id(ProtobufCBinaryData *field, const struct id *id)
{
	*field = bytes_of(id);
	return !id_is_zero(id);
}

#define BODY_FIELD(kind) ((kind) + 15U) /* of Report, as the contract says */

const char *report_topic(unsigned kind)
{
	switch (kind) {
	case CAREPACE__V1__REPORT_KIND__REPORT_ALERT:
	case CAREPACE__V1__REPORT_KIND__REPORT_AE_CASE:
		return "alert";
	case CAREPACE__V1__REPORT_KIND__REPORT_SESSION_SUMMARY:
	case CAREPACE__V1__REPORT_KIND__REPORT_COURSE_STATE:
		return "session";
	case CAREPACE__V1__REPORT_KIND__REPORT_AGG_DAY:
		return "aggregate";
	default:
		return "status";
	}
}

static enum cp_err print(struct arena *arena, const struct report_style *style,
    const Carepace__V1__Report *report, struct slice *out)
{
	return style->is_json ? wire_json_print(arena, &report->base, out)
	                      : wire_pack(arena, &report->base, out);
}

/* --- alerts ------------------------------------------------------------------------ */

/* What the id is the hash of (R9): head office can check it. */
static char *key_of(struct arena *arena, const struct check_row *row, const struct finding *finding)
{
	size_t len =
	    strlen(row->name) + strlen(finding->subject) + strlen(finding->onset) + sizeof("||");
	char *key = arena_alloc(arena, len);

	if (key)
		snprintf(key, len, "%s|%s|%s", row->name, finding->subject, finding->onset);
	return key;
}

static void fill_finding(Carepace__V1__Alert *out, const struct finding *finding)
{
	out->check = (Carepace__V1__Check)finding->check;
	out->severity = (Carepace__V1__Severity)finding->severity;
	out->from_ts_ms = finding->from;
	out->has_until_ts_ms = finding->until != TIME_NEVER;
	out->until_ts_ms = finding->until;
	out->has_effective_date = finding->effective_day != 0;
	out->effective_date = civil_to_yyyymmdd(finding->effective_day);
	out->has_value = out->has_limit = out->has_max = 1;
	out->value = finding->value;
	out->max = finding->max;
	out->limit = finding->limit;
	out->has_count = 1;
	out->count = finding->count;
}

static void fill_alert(Carepace__V1__Alert *out, const struct view_alert *row)
{
	const struct alert *alert = &row->alert;

	fill_finding(out, &alert->finding);
	out->alert_id = bytes_of(&alert->id);
	out->state = (Carepace__V1__AlertState)alert->state;
	out->raised_ts_ms = alert->raised_at;
	out->has_cleared_ts_ms = alert->cleared_at != 0;
	out->cleared_ts_ms = alert->cleared_at;
	out->has_device = set_id(&out->device, &row->device);
	out->has_client_token = set_id(&out->client_token, &row->client);
	out->has_operator_token = set_id(&out->operator_token, &row->operator);
	out->has_sid = set_id(&out->sid, &row->sid);
	out->has_ts_source = 1;
	out->ts_source = ts_source_told(row->ts_source);
	out->has_late = 1;
	out->late = alert->is_late;
}

/* NULL: no room. The check must be in the catalogue. */
static Carepace__V1__Alert *compose_alert(
    struct arena *arena, const struct view_alert *row, Carepace__V1__Subject about)
{
	const struct check_row *check = catalogue_find(row->alert.finding.check);
	size_t count = row->alert.finding.related_count;
	Carepace__V1__Alert *alert = arena_alloc(arena, sizeof(*alert));
	ProtobufCBinaryData *related = arena_alloc(arena, (count + 1) * sizeof(*related));
	char *key = key_of(arena, check, &row->alert.finding);

	if (!alert || !related || !key)
		return NULL;
	carepace__v1__alert__init(alert);
	fill_alert(alert, row);
	alert->alert_key = key;
	alert->has_subject = about != CAREPACE__V1__SUBJECT__SUBJECT_UNSPECIFIED;
	alert->has_unit = 1;
	alert->subject = about;
	alert->unit = (Carepace__V1__Unit)check->unit;
	for (size_t i = 0; i < count; i++)
		related[alert->n_related_sid++] = bytes_of(&row->alert.finding.related[i]);
	alert->related_sid = related;
	return alert;
}

const ProtobufCMessage *report_alert_message(struct arena *arena, const struct view_alert *row)
{
	struct view_alert *kept = arena_alloc(arena, sizeof(*kept));

	if (!kept || !catalogue_find(row->alert.finding.check))
		return NULL;
	*kept = *row; /* the message points to its ids */
	Carepace__V1__Alert *alert =
	    compose_alert(arena, kept, (Carepace__V1__Subject)finding_about(&row->alert.finding));
	return alert ? &alert->base : NULL;
}

static enum cp_err report_about(struct arena *arena, const struct report_style *style,
    uint64_t epoch, uint64_t n, const struct view_alert *row, Carepace__V1__Subject about,
    struct slice *out)
{
	Carepace__V1__Report report = CAREPACE__V1__REPORT__INIT;
	char key[ID_HEX_LEN + 1];

	*out = slice_of(NULL, 0);
	if (!catalogue_find(row->alert.finding.check))
		return CP_INVALID;
	Carepace__V1__Alert *alert = compose_alert(arena, row, about);
	if (!alert)
		return CP_NOMEM;
	if (row->alert.finding
	        .is_test) /* R22: it was told before that was known (ledger/office/folds.h) */
		alert->state = CAREPACE__V1__ALERT_STATE__ALERT_RETRACTED;
	alert->site = (char *)style->site;

	id_hex(&row->alert.id, key);
	report.epoch = epoch;
	report.kind = CAREPACE__V1__REPORT_KIND__REPORT_ALERT;
	report.n = n;
	report.key = key;
	report.revision = row->alert.revision;
	report.body_case = CAREPACE__V1__REPORT__BODY_ALERT;
	report.alert = alert;
	return print(arena, style, &report, out);
}

enum cp_err report_alert(struct arena *arena, const struct report_style *style, uint64_t epoch,
    uint64_t n, const struct view_alert *row, struct slice *out)
{
	return report_about(arena, style, epoch, n, row,
	    (Carepace__V1__Subject)finding_about(&row->alert.finding), out);
}

enum cp_err report_fold(struct arena *arena, const struct report_style *style, uint64_t epoch,
    uint64_t n, const struct view_alert *row, struct slice *out)
{
	Carepace__V1__Subject subject = id_is_zero(&row->device)
	                                    ? CAREPACE__V1__SUBJECT__SUBJECT_UNSPECIFIED
	                                    : CAREPACE__V1__SUBJECT__SUBJECT_DEVICE;

	return report_about(arena, style, epoch, n, row, subject, out);
}

/* --- states ------------------------------------------------------------------------- */

static const ProtobufCFieldDescriptor *field_of(const ProtobufCMessage *message, const char *name)
{
	return protobuf_c_message_descriptor_get_field_by_name(message->descriptor, name);
}

/* What a kind of state does not tell, it has no field for. */
static void set_text(ProtobufCMessage *body, const char *name, const char *text)
{
	const ProtobufCFieldDescriptor *field = field_of(body, name);

	if (field && text)
		*(char **)wire_field_set(body, field) = (char *)text;
}

static void set_token(ProtobufCMessage *body, const char *name, const struct id *token)
{
	const ProtobufCFieldDescriptor *field = field_of(body, name);

	if (field && !id_is_zero(token))
		*(ProtobufCBinaryData *)wire_field_set(body, field) = bytes_of(token);
}

enum cp_err report_state(struct arena *arena, const struct report_style *style, uint64_t epoch,
    const struct report_state *state, struct slice *out)
{
	Carepace__V1__Report report = CAREPACE__V1__REPORT__INIT;
	const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(
	    &carepace__v1__report__descriptor, BODY_FIELD(state->kind));
	ProtobufCMessage *body;

	*out = slice_of(NULL, 0);
	if (!field)
		return CP_INVALID;
	switch (wire_unpack_again(arena, field->descriptor, state->body, &body)) {
	case WIRE_OK:
		break;
	case WIRE_NOMEM:
		return CP_NOMEM;
	default:
		return CP_INVALID;
	}
	set_text(body, "site", style->site);
	set_text(body, "tz", style->tz);
	set_token(body, "client_token", &state->client);
	set_token(body, "operator_token", &state->operator);
	set_token(body, "by_token", &state->operator);
	report.epoch = epoch;
	report.kind = (Carepace__V1__ReportKind)state->kind;
	report.n = state->n;
	report.key = (char *)state->key;
	report.revision = state->revision;
	*(ProtobufCMessage **)wire_field_set(&report.base, field) = body;
	return print(arena, style, &report, out);
}

/* --- gone ----------------------------------------------------------------------------- */

enum cp_err report_gone(struct arena *arena, const struct report_style *style, uint64_t epoch,
    const struct report_gone *row, struct slice *out)
{
	Carepace__V1__Report report = CAREPACE__V1__REPORT__INIT;
	Carepace__V1__Gone gone = CAREPACE__V1__GONE__INIT;
	char limit[] = "gone-limit";
	char retention[] = "gone-retention";

	gone.kind = (Carepace__V1__ReportKind)row->kind;
	gone.n = row->first_n;
	gone.has_last_n = 1;
	gone.last_n = row->last_n;
	gone.reason = (Carepace__V1__GoneReason)row->reason;
	report.epoch = epoch;
	report.kind = gone.kind;
	report.n = row->n;
	report.key = gone.reason == CAREPACE__V1__GONE_REASON__GONE_LIMIT ? limit : retention;
	report.revision = row->revision;
	report.body_case = CAREPACE__V1__REPORT__BODY_GONE;
	report.gone = &gone;
	return print(arena, style, &report, out);
}

/* --- receipt ------------------------------------------------------------------------- */

/* The box makes no backups of its own. */
static void fill_forgotten(
    Carepace__V1__ForgetDone *out, const struct office_receipt *state, size_t i)
{
	carepace__v1__forget_done__init(out);
	out->key = (char *)state->forgotten[i];
	out->parked = state->parked;
	out->has_gone_after_date = state->gone_after_date != 0;
	out->gone_after_date = state->gone_after_date;
}

enum cp_err report_receipt(struct arena *arena, const struct report_style *style,
    const struct office_receipt *state, struct slice *out)
{
	Carepace__V1__Report report = CAREPACE__V1__REPORT__INIT;
	Carepace__V1__OrderReceipt receipt = CAREPACE__V1__ORDER_RECEIPT__INIT;
	Carepace__V1__ForgetDone done[OFFICE_FORGOTTEN_MAX];
	Carepace__V1__ForgetDone *pointers[OFFICE_FORGOTTEN_MAX];
	char key[] = "";

	receipt.hq_epoch = state->hq_epoch;
	receipt.n = state->hq_n;
	for (size_t i = 0; i < state->forgotten_count; i++) {
		fill_forgotten(&done[i], state, i);
		pointers[receipt.n_forgotten++] = &done[i];
	}
	receipt.forgotten = pointers;
	report.epoch = state->epoch;
	report.kind = CAREPACE__V1__REPORT_KIND__REPORT_RECEIPT;
	report.key = key;
	report.body_case = CAREPACE__V1__REPORT__BODY_RECEIPT;
	report.receipt = &receipt;
	return print(arena, style, &report, out);
}
