#include "care/time/civil.h"
#include "care/verdict.h"
#include "ledger/store/alert_rows.h"
#include "picture.h"
#include "show.h"

#include <stdio.h>

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
	char items[VERDICT_ITEMS_MAX * 32] = "";
	char name[NAME_BYTES];
	struct id sid;
	size_t len = 0;

	id_from_bytes(&sid, slice_of(verdict->sid.data, verdict->sid.len));
	for (size_t i = 0; i < verdict->n_item; i++) {
		len += (size_t)snprintf(items + len, sizeof(items) - len, " %s",
		    catalogue_find((enum check)verdict->item[i]->check)->name);
		check_item(clinic, verdict->item[i]);
	}
	clinic_say(clinic, "%s rev %u %s%s", name_of_id(ID_SESSION, &sid, name),
	    (unsigned)verdict->rev, decision_name((enum decision)verdict->decision), items);
	if (verdict->valid_ms != VERDICT_VALID_MS)
		clinic_fail(clinic, "a verdict is valid for %u ms", (unsigned)verdict->valid_ms);
}

/* What the tablets must hear next is *owed: what the device heard (R19). */
static void share(struct clinic *clinic, const struct batch_down *down, struct slice *owed)
{
	bool is_for_tablets = id_is_zero(&down->device);

	if (is_for_tablets != (owed->len > 0) ||
	    (is_for_tablets && !slice_eq(down->payload, *owed)))
		clinic_fail(clinic, "device and tablets do not hear the same");
	*owed = is_for_tablets ? slice_of(NULL, 0) : down->payload;
}

static void hear(struct clinic *clinic, const struct batch_down *down,
    const Carepace__V1__Verdict *verdict, struct slice *owed)
{
	if (down->expires_at != clinic->told + VERDICT_VALID_MS)
		clinic_fail(clinic, "a verdict is kept too long or too short");
	share(clinic, down, owed);
	if (!id_is_zero(&down->device))
		draw_verdict(clinic, verdict);
}

/* --- everything else ---------------------------------------------------------------------- */

/* "A advise TEMP_SKIN_OVER on": how bad it is, the alert says as well. */
static bool is_left_out(const ProtobufCFieldDescriptor *field)
{
	return strcmp(field->name, "sid") == 0 || strcmp(field->name, "severity") == 0 ||
	       strcmp(field->name, "text_code") == 0;
}

/* The body's name with blanks, then its values: "P1 quarantine on CALIB_FAIL". It is said
 * about a session, or else to a device. */
static void draw(
    struct clinic *clinic, const struct id *device, const char *name, const ProtobufCMessage *body)
{
	char text[PICTURE_BYTES];
	char value[SHOW_BYTES];
	char to[NAME_BYTES];
	const char *sid = show_named(body, "sid", value);
	bool is_for_tablets = id_is_zero(device);
	int len = snprintf(text, sizeof(text), "%s%s ", is_for_tablets ? "tablets " : "",
	    *sid             ? sid
	    : is_for_tablets ? ""
	                     : name_of_id(ID_DEVICE, device, to));

	len -= text[len - 2] == ' ';
	for (const char *p = name; *p; p++)
		text[len++] = *p == '_' ? ' ' : *p;
	text[len] = '\0';
	for (unsigned i = 0; i < body->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &body->descriptor->fields[i];
		if (!is_left_out(field) && *show_field(body, field, value))
			len += snprintf(text + len, sizeof(text) - (size_t)len, " %s", value);
	}
	clinic_say(clinic, "%s", text);
}

/* How bad an advice is must be what the session's alert of that check says. */
static void check_advise(struct clinic *clinic, const Carepace__V1__Advise *advise)
{
	int64_t found = db_value(&clinic->ledger->db, 0,
	    "SELECT count(*) FROM alert a JOIN session s ON s.no = a.session"
	    " WHERE s.sid = ? AND a.check_id = ? AND a.severity = ?",
	    "bii", slice_of(advise->sid.data, advise->sid.len), (int64_t)advise->check,
	    (int64_t)advise->severity);

	if (found == 0)
		clinic_fail(clinic, "an advice is not an alert of its session");
}

/* Answers of the link itself are no part of a story. */
static bool is_of_link(Carepace__V1__Down__BodyCase body)
{
	return body == CAREPACE__V1__DOWN__BODY_HELLO_ACK || body == CAREPACE__V1__DOWN__BODY_ACK ||
	       body == CAREPACE__V1__DOWN__BODY_NACK;
}

/* The device keeps a date as long as the clinic's day lasts. */
static void hear_date(struct clinic *clinic, const struct batch_down *down, struct slice *owed)
{
	const struct zone *zone = &clinic->zone;

	if (!id_is_zero(&down->device) &&
	    down->expires_at != zone_time_at(zone, zone_day(zone, clinic->told) + 1, 0))
		clinic_fail(clinic, "a date is kept too long or too short");
	share(clinic, down, owed);
}

static void picture_down(struct clinic *clinic, const struct batch_down *down, struct slice *owed)
{
	Carepace__V1__Down *message =
	    carepace__v1__down__unpack(NULL, down->payload.len, down->payload.p);
	CP_CHECK(message);
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field(message->base.descriptor, message->body_case);
	bool is_date = message->body_case == CAREPACE__V1__DOWN__BODY_SHOW_NEXT_ALLOWED;
	bool is_drawn = is_date ? clinic->hears_dates && id_is_zero(&down->device)
	                        : !is_of_link(message->body_case);

	if (is_date)
		hear_date(clinic, down, owed);
	if (message->body_case == CAREPACE__V1__DOWN__BODY_ADVISE)
		check_advise(clinic, message->advise);
	if (message->body_case == CAREPACE__V1__DOWN__BODY_VERDICT)
		hear(clinic, down, message->verdict, owed);
	else if (is_drawn)
		draw(clinic, &down->device, field->name, &message->verdict->base);
	carepace__v1__down__free_unpacked(message, NULL);
}

void picture_downs(struct clinic *clinic)
{
	struct slice owed = {0};
	char name[NAME_BYTES];

	for (size_t i = 0; i < clinic->batch->down_count; i++) {
		const struct batch_down *down = &clinic->batch->downs[i];
		if (down->payload.len > 0)
			picture_down(clinic, down, &owed);
		else if (clinic->hears_dates)
			clinic_say(
			    clinic, "%s is not told", name_of_id(ID_DEVICE, &down->device, name));
	}
	if (owed.len > 0)
		clinic_fail(clinic, "the tablets do not hear the last verdict or date");
}
