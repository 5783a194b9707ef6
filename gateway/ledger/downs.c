#include "ledger/downs.h"

#include "care/time/civil.h"
#include "ledger/receipt.h"
#include "ledger/restored.h"
#include "ledger/store/down_rows.h"
#include "ledger/store/names.h"
#include "wire/pack.h"
#include "wire/unpack.h"

/* A device that was away when it said HELLO asks again: no need to keep it long. */
#define SET_TIME_VALID_MS (2 * MS_PER_SECOND) /* wrong by as much when it comes late */
#define HELLO_ACK_VALID_MS (5 * MS_PER_SECOND)

/* A device that is away must not come back without having heard. */
#define QUARANTINE_VALID_MS (7 * MS_PER_DAY)

static struct slice pack(
    struct ledger *ledger, struct arena *arena, const ProtobufCMessage *message)
{
	struct slice out;

	if (wire_pack(arena, message, &out))
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a message to a device");
	return out;
}

/* client: whom the message names, 0 nobody. */
static void send_about(struct ledger *ledger, const struct id *device, struct slice payload,
    wall_ms until, int64_t client)
{
	struct batch_down down = {.device = *device, .payload = payload, .expires_at = until};

	if (ledger->db.err)
		return;
	down.n = id_is_zero(device) ? 0 : down_rows_add(ledger, device, payload, until, client);
	if (!batch_add_down(ledger->batch, &down))
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a message to a device");
}

static void send(
    struct ledger *ledger, const struct id *device, struct slice payload, wall_ms until)
{
	send_about(ledger, device, payload, until, 0);
}

void downs_hello_ack(struct ledger *ledger, const struct reading *reading)
{
	Carepace__V1__Down down = CAREPACE__V1__DOWN__INIT;
	Carepace__V1__HelloAck ack = CAREPACE__V1__HELLO_ACK__INIT;

	ack.gw_ts_ms = ledger->now;
	ack.has_heartbeat_s = 1;
	ack.heartbeat_s = HEARTBEAT_S;
	/* PUBACKs say one by one what is on disk; but for a store that was restored. */
	ack.resume_from_seq = restored_resume_from(ledger, reading);
	ack.has_resume_from_seq = ack.resume_from_seq != 0;
	ack.restored_ts_ms = ledger->restored_at;
	ack.has_restored_ts_ms = ledger->restored_at != 0;
	down.ts_ms = ledger->now;
	down.body_case = CAREPACE__V1__DOWN__BODY_HELLO_ACK;
	down.hello_ack = &ack;
	send(ledger, &reading->source, pack(ledger, &ledger->batch->arena, &down.base),
	    ledger->now + HELLO_ACK_VALID_MS);
}

void downs_set_time(struct ledger *ledger, const struct id *device)
{
	Carepace__V1__Down down = CAREPACE__V1__DOWN__INIT;
	Carepace__V1__SetTime set_time = CAREPACE__V1__SET_TIME__INIT;

	down.ts_ms = set_time.gw_ts_ms = ledger->now;
	down.body_case = CAREPACE__V1__DOWN__BODY_SET_TIME;
	down.set_time = &set_time;
	send(ledger, device, pack(ledger, &ledger->batch->arena, &down.base),
	    ledger->now + SET_TIME_VALID_MS);
}

void downs_receipt(struct ledger *ledger, const struct batch_entry *entry)
{
	uint8_t bytes[RECEIPT_BYTES_MAX];
	struct slice receipt = receipt_of(entry, ledger->now, bytes);

	if (entry->conn == 0 || receipt.len == 0)
		return;
	struct slice payload = arena_copy(&ledger->batch->arena, receipt);
	if (payload.p)
		send(ledger, &entry->reading.source, payload, ledger->now + RECEIPT_VALID_MS);
	else
		db_fail(&ledger->db, CP_NOMEM, "out of memory for a message to a device");
}

static void fill_item(Carepace__V1__VerdictItem *item, const struct alert *alert)
{
	const struct finding *finding = &alert->finding;

	carepace__v1__verdict_item__init(item);
	item->check = (Carepace__V1__Check)finding->check;
	item->has_alert_id = 1;
	item->alert_id = (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)alert->id.b};
	item->severity = (Carepace__V1__Severity)finding->severity;
	item->has_value = 1;
	item->value = finding->value;
	item->has_limit = 1;
	item->limit = finding->limit;
	if (finding->earliest_day) {
		item->has_earliest_ok_date = 1;
		item->earliest_ok_date = civil_to_yyyymmdd(finding->earliest_day);
	}
	item->has_subject = 1;
	item->subject = (Carepace__V1__Subject)catalogue_find(finding->check)->about;
}

struct slice downs_pack_verdict(
    struct ledger *ledger, const struct id *sid, const struct verdict *verdict)
{
	Carepace__V1__Verdict message = CAREPACE__V1__VERDICT__INIT;
	Carepace__V1__VerdictItem items[VERDICT_ITEMS_MAX];
	Carepace__V1__VerdictItem *item_pointers[VERDICT_ITEMS_MAX];

	for (size_t i = 0; i < verdict->item_count; i++) {
		fill_item(&items[i], verdict->items[i]);
		item_pointers[i] = &items[i];
	}
	message.sid = (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)sid->b};
	message.decision = (Carepace__V1__Decision)verdict->decision;
	message.n_item = verdict->item_count;
	message.item = item_pointers;
	message.has_valid_ms = 1;
	message.valid_ms = VERDICT_VALID_MS;
	return pack(ledger, &ledger->work, &message.base);
}

void downs_verdict(
    struct ledger *ledger, const struct id *device, struct slice packed, uint32_t rev)
{
	Carepace__V1__Down down = CAREPACE__V1__DOWN__INIT;
	struct wire_scan scan;
	ProtobufCMessage *message;

	if (wire_unpack(
	        &ledger->work, &carepace__v1__verdict__descriptor, packed, &message, &scan)) {
		db_fail(&ledger->db, CP_CORRUPT, "a stored verdict cannot be read");
		return;
	}
	down.ts_ms = ledger->now;
	down.body_case = CAREPACE__V1__DOWN__BODY_VERDICT;
	down.verdict = (Carepace__V1__Verdict *)message;
	down.verdict->rev = rev;

	struct slice payload = pack(ledger, &ledger->batch->arena, &down.base);
	wall_ms until = ledger->now + VERDICT_VALID_MS;
	send(ledger, device, payload, until);
	send(ledger, &(struct id){0}, payload, until);
}

void downs_quarantine(struct ledger *ledger, const struct id *device, bool is_on, int64_t reason)
{
	Carepace__V1__Down down = CAREPACE__V1__DOWN__INIT;
	Carepace__V1__Quarantine quarantine = CAREPACE__V1__QUARANTINE__INIT;

	quarantine.on = is_on;
	quarantine.has_reason = 1;
	quarantine.reason = (Carepace__V1__Check)reason;
	down.ts_ms = ledger->now;
	down.body_case = CAREPACE__V1__DOWN__BODY_QUARANTINE;
	down.quarantine = &quarantine;
	send(ledger, device, pack(ledger, &ledger->batch->arena, &down.base),
	    ledger->now + QUARANTINE_VALID_MS);
}

/* A tablet that is away asks nobody and looks the client up. */
void downs_show_next_allowed(struct ledger *ledger, const struct session *session,
    const struct zones_outlook *outlook, wall_ms until)
{
	Carepace__V1__Down down = CAREPACE__V1__DOWN__INIT;
	Carepace__V1__ShowNextAllowed show = CAREPACE__V1__SHOW_NEXT_ALLOWED__INIT;
	struct id token;

	if (!names_token(ledger, session->client, &token))
		return;
	show.client_token = (ProtobufCBinaryData){.len = ID_BYTES, .data = token.b};
	show.zones = outlook->zones;
	show.allowed_date = civil_to_yyyymmdd(outlook->earliest_day);
	down.ts_ms = ledger->now;
	down.body_case = CAREPACE__V1__DOWN__BODY_SHOW_NEXT_ALLOWED;
	down.show_next_allowed = &show;

	struct slice payload = pack(ledger, &ledger->batch->arena, &down.base);
	send_about(ledger, &session->source, payload, until, session->client);
	send(ledger, &(struct id){0}, payload, ledger->now + DOWN_ROWS_WORTH_MS);
}

/* --- during a session ------------------------------------------------------------------- */

static void send_to_session(
    struct ledger *ledger, const struct session *session, Carepace__V1__Down *down)
{
	down->ts_ms = ledger->now;
	send(ledger, &session->source, pack(ledger, &ledger->batch->arena, &down->base),
	    ledger->now + VERDICT_VALID_MS);
}

void downs_advise(struct ledger *ledger, const struct session *session, enum check check,
    enum severity severity, bool is_on)
{
	Carepace__V1__Down down = CAREPACE__V1__DOWN__INIT;
	Carepace__V1__Advise advise = CAREPACE__V1__ADVISE__INIT;

	advise.sid = (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)session->sid.b};
	advise.check = (Carepace__V1__Check)check;
	advise.severity = (Carepace__V1__Severity)severity;
	advise.on = is_on;
	down.body_case = CAREPACE__V1__DOWN__BODY_ADVISE;
	down.advise = &advise;
	send_to_session(ledger, session, &down);
}

void downs_request_stop(struct ledger *ledger, const struct session *session, enum check check)
{
	Carepace__V1__Down down = CAREPACE__V1__DOWN__INIT;
	Carepace__V1__RequestStop stop = CAREPACE__V1__REQUEST_STOP__INIT;

	stop.sid = (ProtobufCBinaryData){.len = ID_BYTES, .data = (uint8_t *)session->sid.b};
	stop.check = (Carepace__V1__Check)check;
	down.body_case = CAREPACE__V1__DOWN__BODY_REQUEST_STOP;
	down.request_stop = &stop;
	send_to_session(ledger, session, &down);
}
