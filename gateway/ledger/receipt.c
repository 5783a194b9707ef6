#include "ledger/receipt.h"

static Carepace__V1__AckCode code_of(const struct batch_entry *entry)
{
	if (entry->gate == READING_RANGE)
		return CAREPACE__V1__ACK_CODE__ACK_RANGE;
	if (entry->gate == READING_PRIVACY)
		return CAREPACE__V1__ACK_CODE__ACK_PRIVACY;
	if (entry->outcome == BATCH_PARKED)
		return CAREPACE__V1__ACK_CODE__ACK_PARKED;
	if (entry->what == BATCH_PARK)
		return CAREPACE__V1__ACK_CODE__ACK_BUSY;
	return CAREPACE__V1__ACK_CODE__ACK_UNSPECIFIED;
}

static struct slice pack(const Carepace__V1__Down *down, uint8_t bytes[RECEIPT_BYTES_MAX])
{
	CP_CHECK(protobuf_c_message_get_packed_size(&down->base) <= RECEIPT_BYTES_MAX);
	return slice_of(bytes, protobuf_c_message_pack(&down->base, bytes));
}

struct slice receipt_of(
    const struct batch_entry *entry, wall_ms now, uint8_t bytes[RECEIPT_BYTES_MAX])
{
	Carepace__V1__Down down = CAREPACE__V1__DOWN__INIT;
	Carepace__V1__Ack ack = CAREPACE__V1__ACK__INIT;
	Carepace__V1__Nack nack = CAREPACE__V1__NACK__INIT;
	Carepace__V1__AckCode code = code_of(entry);
	bool has_name = entry->reading.seq != 0;

	if (code == CAREPACE__V1__ACK_CODE__ACK_UNSPECIFIED || !has_name)
		return slice_of(NULL, 0);
	down.ts_ms = now;
	if (code == CAREPACE__V1__ACK_CODE__ACK_PARKED) {
		ack.boot = entry->reading.boot;
		ack.seq = entry->reading.seq;
		ack.code = code;
		down.body_case = CAREPACE__V1__DOWN__BODY_ACK;
		down.ack = &ack;
	} else {
		nack.boot = entry->reading.boot;
		nack.seq = entry->reading.seq;
		nack.code = code;
		nack.journalled = entry->what == BATCH_READING;
		down.body_case = CAREPACE__V1__DOWN__BODY_NACK;
		down.nack = &nack;
	}
	return pack(&down, bytes);
}
