/* What a device is told beyond its PUBACK. */
#include "ledger/receipt.h"

#include "telemetry.pb-c.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <cmocka.h>

static Carepace__V1__Down *told(struct batch_entry entry)
{
	uint8_t bytes[RECEIPT_BYTES_MAX];

	entry.reading.boot = 3;
	entry.reading.seq = 77;
	struct slice receipt = receipt_of(&entry, 1000, bytes);
	return receipt.len ? carepace__v1__down__unpack(NULL, receipt.len, receipt.p) : NULL;
}

static void assert_nack(struct batch_entry entry, Carepace__V1__AckCode code, bool journalled)
{
	Carepace__V1__Down *down = told(entry);

	assert_non_null(down);
	assert_int_equal(down->body_case, CAREPACE__V1__DOWN__BODY_NACK);
	assert_int_equal(down->nack->seq, 77);
	assert_int_equal(down->nack->code, code);
	assert_int_equal(down->nack->journalled, journalled);
	carepace__v1__down__free_unpacked(down, NULL);
}

static void only_what_a_puback_cannot_say_is_told(void **state)
{
	struct batch_entry stored = {.what = BATCH_READING, .outcome = BATCH_NEW};
	struct batch_entry range = {
	    .what = BATCH_READING, .outcome = BATCH_NEW, .gate = READING_RANGE};
	struct batch_entry privacy = {
	    .what = BATCH_REFUSED, .outcome = BATCH_NOT_KEPT, .gate = READING_PRIVACY};
	struct batch_entry busy = {
	    .what = BATCH_PARK, .outcome = BATCH_NOT_KEPT, .gate = READING_PARKED};
	struct batch_entry parked = {
	    .what = BATCH_PARK, .outcome = BATCH_PARKED, .gate = READING_PARKED};

	(void)state;
	assert_null(told(stored));
	assert_nack(range, CAREPACE__V1__ACK_CODE__ACK_RANGE, true);
	assert_nack(privacy, CAREPACE__V1__ACK_CODE__ACK_PRIVACY, false);
	assert_nack(busy, CAREPACE__V1__ACK_CODE__ACK_BUSY, false);

	Carepace__V1__Down *down = told(parked);
	assert_int_equal(down->body_case, CAREPACE__V1__DOWN__BODY_ACK);
	assert_int_equal(down->ack->code, CAREPACE__V1__ACK_CODE__ACK_PARKED);
	carepace__v1__down__free_unpacked(down, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(only_what_a_puback_cannot_say_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
