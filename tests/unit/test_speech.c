/* What the language of the scenarios puts on the wire, and how it draws what comes back:
 * the stories themselves cannot see a key, a boot or a clock. */
#include "ledger_bench.h"

#include "scenarios/picture.h"
#include "scenarios/tell.h"
#include "wire/pack.h"

/* --- devices ------------------------------------------------------------------------- */

static void must_carry(struct clinic *clinic, const char *line, uint32_t boot, uint32_t seq,
    int64_t off_ms, int64_t since_boot_ms)
{
	say(clinic, line);
	const struct message *last = clinic_device(clinic, "P1")->last;
	Carepace__V1__Up *up = carepace__v1__up__unpack(NULL, last->len_bytes, last->bytes);

	assert_non_null(up);
	assert_int_equal(up->boot, boot);
	assert_int_equal(up->seq, seq);
	assert_int_equal(up->ts_ms - clinic->now, off_ms);
	assert_int_equal(up->mono_ms, since_boot_ms);
	carepace__v1__up__free_unpacked(up, NULL);
}

static void a_device_counts_and_tells_the_time(void **state)
{
	struct clinic *clinic = open_in_memory(state);

	must_carry(clinic, "2026-08-03 10:00 P1 heartbeat", 1, 1, 0, 0);
	must_carry(clinic, "+5m P1 heartbeat", 1, 2, 0, 300000);
	say(clinic, "+0s P1 clock +10m");
	must_carry(clinic, "+1s P1 heartbeat", 1, 3, 600000, 301000);
	say(clinic, "+1m P1 reboot");
	must_carry(clinic, "+2s P1 heartbeat", 2, 1, 600000, 2000);
	must_carry(clinic, "+0s P1 heartbeat seq 7 mono 5s ts -1m", 2, 7, -60000, 5000);
	must_carry(clinic, "+0s P1 heartbeat boot 9", 9, 8, 600000, 2000);
	must_carry(clinic, "+0s P1 sample A for 61", 2, 10, 600000, 62000);
}

static void must_hold(const struct message *last, uint32_t depth_um, Carepace__V1__Zone zone)
{
	Carepace__V1__Up *up = carepace__v1__up__unpack(NULL, last->len_bytes, last->bytes);

	assert_non_null(up);
	assert_int_equal(up->samples->sample[0]->depth_um, depth_um);
	assert_int_equal(up->samples->sample[0]->zone, zone);
	carepace__v1__up__free_unpacked(up, NULL);
}

static void a_sample_is_where_the_device_was_set(void **state)
{
	struct clinic *clinic = open_in_memory(state);
	const struct device *device = clinic_device(clinic, "P1");

	say(clinic, "2026-08-03 10:00 P1 start A c1 NECK");
	say(clinic, "+1s P1 sample A");
	must_hold(device->last, 1000, CAREPACE__V1__ZONE__NECK);
	say(clinic, "+1s P1 param A zone CHEEK depth 1.25mm");
	say(clinic, "+1s P1 sample A");
	must_hold(device->last, 1250, CAREPACE__V1__ZONE__CHEEK);
	say(clinic, "+1s P1 sample A depth 1751 zone UNKNOWN");
	must_hold(device->last, 1751, CAREPACE__V1__ZONE__ZONE_UNKNOWN);
	say(clinic, "+1s P1 start B c1 PERIORAL");
	say(clinic, "+1s P1 sample B");
	must_hold(device->last, 500, CAREPACE__V1__ZONE__PERIORAL);
}

static void people_s_units_become_those_of_the_wire(void **state)
{
	static const struct {
		const ProtobufCMessageDescriptor *type;
		const char *field;
		const char *said;
		int64_t value;
	} rows[] = {
	    {&carepace__v1__sample__descriptor, "cool", "-10.05", -1005},
	    {&carepace__v1__sample__descriptor, "skin", "43.1", 4310},
	    {&carepace__v1__sample__descriptor, "skin", "4311", 4311},
	    {&carepace__v1__sample__descriptor, "rate", "7000rpm", 1167},
	    {&carepace__v1__sample__descriptor, "zone", "NECK", CAREPACE__V1__ZONE__NECK},
	    {&carepace__v1__param__descriptor, "freq", "1.5MHz", 1500},
	    {&carepace__v1__pulse__descriptor, "energy", "62.001mJ", 62001},
	    {&carepace__v1__pulse__descriptor, "flags", "SHORT+ABORTED", 10},
	    {&carepace__v1__maint__descriptor, "measured", "20.1%", 201},
	    {&carepace__v1__hello__descriptor, "fw", "1.2.3", 1 << 22 | 2 << 12 | 3},
	    {&carepace__v1__cartridge__descriptor, "expiry", "2026-06", 20260600},
	    {&carepace__v1__plan__descriptor, "modalities", "PEN+HOME_ROLLER", 1 << 1 | 1 << 5},
	    {&carepace__v1__model_profile__descriptor, "skin_types", "1+4", 1 << 1 | 1 << 4},
	};
	struct clinic *clinic = open_in_memory(state);

	for (size_t i = 0; i < CP_COUNT(rows); i++) {
		struct told told = tell_begin(clinic, rows[i].type);
		const ProtobufCFieldDescriptor *field =
		    tell_find(clinic, rows[i].type, rows[i].field);
		assert_non_null(field);
		tell_field(&told, rows[i].field, rows[i].said);
		assert_string_equal(clinic->why, "");
		assert_int_equal(
		    *(const int32_t *)((const void *)((char *)told.message + field->offset)),
		    rows[i].value);
	}
}

/* --- head office --------------------------------------------------------------------- */

static void must_have_key(
    struct clinic *clinic, const char *line, const char *key, uint64_t revision, int64_t since)
{
	say(clinic, line);
	const struct reading *reading = &clinic->batch->entries[0].reading;

	assert_string_equal(reading->order->key, key);
	assert_int_equal(reading->order->revision, revision);
	assert_int_equal(reading->ts, since);
}

static void an_order_has_the_key_of_what_it_is_about(void **state)
{
	struct clinic *clinic = open_in_memory(state);
	const int64_t at = INT64_C(1785744000000); /* 2026-08-03 10:00 in Berlin */

	must_have_key(clinic, "2026-08-03 10:00 HQ plan 7 c1 MILD 4", "plan:7", 1, at);
	must_have_key(clinic, "+0s HQ client c1", "client_flags:c1", 2, at);
	must_have_key(clinic, "+0s HQ tell recall_lot gtin=04099999999999 lot=L7 since -1h",
	    "recall_lots:04099999999999:L7", 3, at - 3600000);
	must_have_key(clinic, "+0s HQ tell cart_stock cart=1001", "cart_stock:1001", 4, at);
	must_have_key(clinic, "+0s HQ tell clinic_role mdr_role=EU_MAKER", "clinic_role", 5, at);
	must_have_key(clinic, "+0s HQ tell aftercare sid=A kind=SUN", "aftercare:6", 6, at);
	must_have_key(clinic, "+0s HQ plan 7 c1 MILD 4 key other revision 9", "other", 9, at);
	must_have_key(clinic, "+0s HQ policy off NO_PLAN", "policy", 8, at);
}

static void a_head_has_always_held(void **state)
{
	static const char *const head[] = {"off NO_PLAN", "HQ client c1"};
	struct clinic *clinic = open_in_memory(state);
	const struct reading *reading = &clinic->batch->entries[0].reading;

	say(clinic, "2026-08-03 10:00 HQ policy off CART_REUSE");
	speech_setup(clinic, head, 1);
	assert_int_equal(reading->kind, READING_ORDER + CAREPACE__V1__ORDER__BODY_POLICY);
	assert_int_equal(reading->order->policy->n_off, 2);
	assert_int_equal(reading->ts, INT64_C(1577836800000));
	speech_setup(clinic, head, CP_COUNT(head));
	assert_int_equal(reading->kind, READING_ORDER + CAREPACE__V1__ORDER__BODY_CLIENT_FLAGS);
	assert_int_equal(reading->ts, INT64_C(1577836800000));
	say(clinic, "+0s HQ client c2");
	assert_true(reading->ts > INT64_C(1577836800000));
}

/* --- what devices hear ------------------------------------------------------------------ */

static void hear(struct clinic *clinic, const char *device, Carepace__V1__Down *down)
{
	struct batch_down one = {
	    .device = device ? id_named(ID_DEVICE, device) : (struct id){{0}},
	    .expires_at = zone_time_at(&clinic->zone, zone_day(&clinic->zone, clinic->told) + 1, 0),
	};

	down->ts_ms = clinic->now;
	assert_int_equal(wire_pack(&clinic->batch->arena, &down->base, &one.payload), CP_OK);
	assert_true(batch_add_down(clinic->batch, &one));
}

static void every_body_has_its_words(void **state)
{
	struct clinic *clinic = open_in_memory(state);
	Carepace__V1__Down down = CAREPACE__V1__DOWN__INIT;
	Carepace__V1__Quarantine quarantine = CAREPACE__V1__QUARANTINE__INIT;
	Carepace__V1__ShowNextAllowed show = CAREPACE__V1__SHOW_NEXT_ALLOWED__INIT;
	Carepace__V1__RequestStop stop = CAREPACE__V1__REQUEST_STOP__INIT;
	struct id client = id_named(ID_CLIENT, "c1");
	struct id sid = id_named(ID_SESSION, "A");

	batch_reset(clinic->batch);
	quarantine.on = quarantine.has_reason = 1;
	quarantine.reason = CAREPACE__V1__CHECK__CALIB_FAIL;
	down.body_case = CAREPACE__V1__DOWN__BODY_QUARANTINE;
	down.quarantine = &quarantine;
	hear(clinic, "P1", &down);

	show.client_token = (ProtobufCBinaryData){ID_BYTES, client.b};
	show.zones = 1U << CAREPACE__V1__ZONE__CHEEK | 1U << CAREPACE__V1__ZONE__NECK;
	show.allowed_date = 20260929;
	down.body_case = CAREPACE__V1__DOWN__BODY_SHOW_NEXT_ALLOWED;
	down.show_next_allowed = &show;
	hear(clinic, "P1", &down);
	hear(clinic, NULL, &down);

	stop.sid = (ProtobufCBinaryData){ID_BYTES, sid.b};
	stop.check = CAREPACE__V1__CHECK__TEMP_SKIN_OVER;
	down.body_case = CAREPACE__V1__DOWN__BODY_REQUEST_STOP;
	down.request_stop = &stop;
	hear(clinic, "R1", &down);

	clinic->hears_dates = true;
	picture_downs(clinic);
	assert_string_equal(clinic->why, "");
	assert_string_equal(clinic->said,
	    "P1 quarantine on CALIB_FAIL; tablets show next allowed c1 2026-09-29 CHEEK+NECK;"
	    " A request stop TEMP_SKIN_OVER");
}

/* An advice that no alert stands behind fails the case; one that has it is drawn. */
static void an_advice_has_an_alert(void **state)
{
	struct clinic *clinic = open_in_memory(state);
	Carepace__V1__Down down = CAREPACE__V1__DOWN__INIT;
	Carepace__V1__Advise advise = CAREPACE__V1__ADVISE__INIT;
	struct id sid = id_named(ID_SESSION, "B");

	say(clinic, "2026-03-02 10:00 P1 session A c1");
	say(clinic, "2026-03-20 10:00 P1 start B c1");
	clinic_listen(clinic);
	advise.sid = (ProtobufCBinaryData){ID_BYTES, sid.b};
	advise.check = CAREPACE__V1__CHECK__INTERVAL_TOO_SOON;
	advise.severity = CAREPACE__V1__SEVERITY__MEDIUM;
	advise.on = 1;
	down.body_case = CAREPACE__V1__DOWN__BODY_ADVISE;
	down.advise = &advise;
	batch_reset(clinic->batch);
	hear(clinic, "P1", &down);
	picture_downs(clinic);
	assert_string_equal(clinic->why, "");
	assert_string_equal(clinic->said, "B advise INTERVAL_TOO_SOON on");

	advise.severity = CAREPACE__V1__SEVERITY__HIGH;
	hear(clinic, "P1", &down);
	picture_downs(clinic);
	assert_string_equal(clinic->why, "an advice is not an alert of its session");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_device_counts_and_tells_the_time),
	    LEDGER_TEST(a_sample_is_where_the_device_was_set),
	    LEDGER_TEST(people_s_units_become_those_of_the_wire),
	    LEDGER_TEST(an_order_has_the_key_of_what_it_is_about),
	    LEDGER_TEST(a_head_has_always_held),
	    LEDGER_TEST(every_body_has_its_words),
	    LEDGER_TEST(an_advice_has_an_alert),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
