#include "ledger/office/audit.h"

#include "base/hash.h"
#include "care/correction.h"
#include "ledger/office/states.h"
#include "ledger/store/names.h"

#include "report.pb-c.h"

#include <stdio.h>

#define OBJECT_BYTES 97 /* as a key may have, and a NUL */

#define ACTION(name) CAREPACE__V1__AUDIT_ACTION__AUDIT_##name

static const struct {
	enum reading_kind kind;
	Carepace__V1__AuditAction action;
} actions[] = {
    {READING_ACK_ALERT, ACTION(ACK_ALERT)},
    {READING_ALERT_ACK, ACTION(ACK_ALERT)},
    {READING_OVERRIDE, ACTION(OVERRIDE)},
    {READING_CORRECTION, ACTION(CORRECTION)},
    {READING_COUNT_OVERRIDE, ACTION(CORRECTION)},
    {READING_HQ_CORRECTION, ACTION(CORRECTION)},
    {READING_POLICY, ACTION(POLICY)},
    {READING_MODEL_PROFILE, ACTION(PROFILE)},
    {READING_FIRMWARE_POLICY, ACTION(PROFILE)},
    {READING_CALENDAR, ACTION(CONFIG)},
    {READING_CLINIC_ROLE, ACTION(CONFIG)},
    {READING_DEVICE_ASSIGN, ACTION(DEVICE)},
    {READING_MAINT, ACTION(DEVICE)},
    {READING_CLIENT_FORGET, ACTION(FORGET)},
};

/* Of what is done to devices only who takes them out of use and puts them back. */
static bool is_release(const struct reading *reading)
{
	Carepace__V1__MaintKind kind = reading->up->maint->kind;

	return kind == CAREPACE__V1__MAINT_KIND__MAINT_QUARANTINE ||
	       kind == CAREPACE__V1__MAINT_KIND__MAINT_RELEASE;
}

static Carepace__V1__AuditAction action_of(const struct reading *reading)
{
	if (reading->kind == READING_MAINT && !is_release(reading))
		return ACTION(UNSPECIFIED);
	for (size_t i = 0; i < CP_COUNT(actions); i++)
		if (actions[i].kind == reading->kind)
			return actions[i].action;
	return ACTION(UNSPECIFIED);
}

/* --- what it was done to ----------------------------------------------------------------- */

static bool put_hex(const ProtobufCBinaryData *bytes, char out[OBJECT_BYTES])
{
	struct id id;
	bool is_named = id_from_bytes(&id, slice_of(bytes->data, bytes->len)) && !id_is_zero(&id);

	if (is_named)
		id_hex(&id, out);
	return is_named;
}

static void name_override(const Carepace__V1__Override *said, char out[OBJECT_BYTES])
{
	char sid[OBJECT_BYTES];

	if (!put_hex(&said->alert_id, out) && put_hex(&said->sid, sid))
		snprintf(out, OBJECT_BYTES, "%.32s/%d", sid, (int)said->check);
}

/* "" for what has no name but a token's. */
static void name_object(const struct reading *reading, char out[OBJECT_BYTES])
{
	*out = '\0';
	switch (reading->kind) {
	case READING_ACK_ALERT:
		put_hex(&reading->up->ack_alert->alert_id, out);
		return;
	case READING_ALERT_ACK:
		put_hex(&reading->order->alert_ack->alert_id, out);
		return;
	case READING_OVERRIDE:
		name_override(reading->up->override, out);
		return;
	case READING_MAINT:
		if (!put_hex(&reading->up->maint->device, out))
			id_hex(&reading->source, out);
		return;
	case READING_CORRECTION:
	case READING_COUNT_OVERRIDE:
	case READING_HQ_CORRECTION:
		if (!id_is_zero(&reading->sid))
			id_hex(&reading->sid, out);
		return;
	default:
		snprintf(out, OBJECT_BYTES, "%s", reading->order ? reading->order->key : "");
	}
}

/* --- what it was before ------------------------------------------------------------------- */

/* The highest revision of its key below its own. */
static const struct fact *replaced_by(const struct policy *policy, const struct reading *reading)
{
	const struct facts *orders = policy_orders(policy, reading->kind);
	const struct fact *best = NULL;

	for (size_t i = 0; i < orders->count; i++) {
		const Carepace__V1__Order *order = orders->items[i].reading.order;
		bool is_earlier = order->revision < reading->order->revision &&
		                  strcmp(order->key, reading->order->key) == 0;
		if (is_earlier && (!best || order->revision > best->reading.order->revision))
			best = &orders->items[i];
	}
	return best;
}

static bool is_about_site(Carepace__V1__AuditAction action)
{
	return action == ACTION(POLICY) || action == ACTION(PROFILE) || action == ACTION(CONFIG);
}

static ProtobufCBinaryData hash_of(const struct slice payload, uint8_t room[HASH_BYTES])
{
	hash_sha256(&payload, 1, room);
	return (ProtobufCBinaryData){.data = room, .len = HASH_BYTES};
}

/* Decoded orders do not keep their bytes. */
static bool hash_replaced(
    struct ledger *ledger, const struct fact *fact, ProtobufCBinaryData *out, uint8_t *room)
{
	struct db_rows rows = db_query(&ledger->db,
	    "SELECT payload FROM journal WHERE source = ? AND boot = ? AND seq = ?", "iii",
	    fact->source, (int64_t)fact->reading.boot, (int64_t)fact->reading.seq);

	if (!db_next(&rows))
		return false;
	*out = hash_of(db_blob(&rows, 0), room);
	db_end(&rows);
	return true;
}

/* --- all ------------------------------------------------------------------------------------ */

static void put(struct ledger *ledger, const struct reading *reading, const struct journal_row *row,
    Carepace__V1__Audit *audit)
{
	char name[FACT_NAME_BYTES];
	struct state_people people = {.operator_no = row->operator_no};

	input_name(&reading->source, reading->boot, reading->seq, name);
	states_put(ledger, SUBJECT_AUDIT,
	    names_other(ledger, SUBJECT_AUDIT, slice_of(name, strlen(name))), people, &audit->base);
}

void audit_take(struct ledger *ledger, const struct reading *reading, const struct journal_row *row)
{
	Carepace__V1__Audit audit = CAREPACE__V1__AUDIT__INIT;
	char object[OBJECT_BYTES];
	uint8_t before[HASH_BYTES];
	uint8_t after[HASH_BYTES];

	audit.action = action_of(reading);
	if (ledger->config.is_recount || reading->is_test || audit.action == ACTION(UNSPECIFIED))
		return;
	audit.at_ts_ms = reading->ts;
	name_object(reading, object);
	audit.object = *object ? object : NULL;
	if (is_about_site(audit.action)) {
		const struct fact *replaced = replaced_by(&ledger->config.policy, reading);
		audit.has_after_hash = 1;
		audit.after_hash = hash_of(reading->payload, after);
		audit.has_before_hash =
		    replaced && hash_replaced(ledger, replaced, &audit.before_hash, before);
	}
	put(ledger, reading, row, &audit);
}
