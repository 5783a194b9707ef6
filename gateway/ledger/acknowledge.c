#include "ledger/acknowledge.h"

#include "ledger/batch.h"
#include "ledger/own_order.h"
#include "ledger/store/alert_rows.h"

#include <stdio.h>

static enum acknowledge_answer answer_of(struct ledger *ledger, const struct id *id)
{
	const struct alert_answer now = {.at = ledger->now};
	struct alert alert;

	if (!alert_rows_load(ledger, id, &alert))
		return ACKNOWLEDGE_UNKNOWN;
	if (alert.state == ALERT_RETRACTED)
		return ACKNOWLEDGE_WITHDRAWN;
	if (alert.state == ALERT_CLEARED)
		return ACKNOWLEDGE_OVER;
	return alert_ack(&alert, &now, ledger->now) ? ACKNOWLEDGE_TAKEN : ACKNOWLEDGE_ALREADY;
}

static void record(struct ledger *ledger, struct acknowledge *wish)
{
	Carepace__V1__Order order = CAREPACE__V1__ORDER__INIT;
	Carepace__V1__AckAlert body = CAREPACE__V1__ACK_ALERT__INIT;
	char hex[ID_HEX_LEN + 1];
	char key[8 + ID_HEX_LEN + 1];

	snprintf(key, sizeof(key), "own/ack/%s", id_hex(&wish->alert, hex));
	body.alert_id = (ProtobufCBinaryData){.data = wish->alert.b, .len = ID_BYTES};
	body.by_token = (ProtobufCBinaryData){.data = wish->by.b, .len = ID_BYTES};
	body.has_reason = wish->reason != 0;
	body.reason = wish->reason;
	order.key = key;
	order.revision = own_order_revision(ledger, READING_ALERT_ACK, key) + 1;
	order.ts_ms = ledger->now;
	order.body_case = CAREPACE__V1__ORDER__BODY_ALERT_ACK;
	order.alert_ack = &body;
	own_order_record(ledger, &order, ledger->now);
}

static void take(struct ledger *ledger, struct acknowledge *wish)
{
	if (ledger->room.lacking_bytes) {
		wish->answer = ACKNOWLEDGE_NO_ROOM;
		return;
	}
	wish->answer = answer_of(ledger, &wish->alert);
	if (wish->answer == ACKNOWLEDGE_TAKEN)
		record(ledger, wish);
	arena_reset(&ledger->work);
}

void acknowledge_take(struct ledger *ledger, struct batch *batch)
{
	for (size_t i = 0; i < batch->acknowledge_count && !ledger->db.err; i++)
		take(ledger, &batch->acknowledges[i]);
}
