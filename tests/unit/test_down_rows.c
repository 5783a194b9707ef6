/* What the ledger keeps for devices: what their links leave behind, and messages that
 * are worth more than a moment. */
#include "ledger_bench.h"

#include "ledger/receipt.h"

#define NOW 1000000

struct found {
	size_t count;
	struct batch_link links[4];
	struct batch_down downs[4];
};

static void take_link(void *ctx, const struct batch_link *link)
{
	struct found *found = ctx;

	assert_true(found->count < CP_COUNT(found->links));
	found->links[found->count++] = *link;
}

static void take_down(void *ctx, const struct batch_down *down)
{
	struct found *found = ctx;

	assert_true(found->count < CP_COUNT(found->downs));
	found->downs[found->count] = *down;
	found->downs[found->count++].payload = slice_of(NULL, 0); /* dies with the row */
}

static struct found links_in(struct clinic *clinic)
{
	struct found found = {0};

	assert_int_equal(ledger_each_link(clinic->ledger, take_link, &found), CP_OK);
	return found;
}

static struct found downs_in(struct clinic *clinic)
{
	struct found found = {0};

	assert_int_equal(ledger_each_down(clinic->ledger, take_down, &found), CP_OK);
	return found;
}

static void apply(struct clinic *clinic)
{
	assert_int_equal(ledger_apply(clinic->ledger, clinic->batch, clinic->now), CP_OK);
}

static void save_link(struct clinic *clinic, struct batch_link link)
{
	batch_reset(clinic->batch);
	struct batch_entry *entry = batch_add(clinic->batch);

	entry->what = BATCH_LINK;
	entry->link = link;
	apply(clinic);
}

static struct clinic *open_at(void **state, wall_ms now)
{
	bench_of(state)->now = now;
	struct clinic *clinic = open_store(state, "1");

	clinic->now = now;
	return clinic;
}

static struct clinic *reopen_at(void **state, wall_ms now)
{
	close_store(state);
	return open_at(state, now);
}

/* --- links -------------------------------------------------------------------------- */

static void a_link_is_what_was_said_last(void **state)
{
	struct clinic *clinic = open_at(state, NOW);
	struct batch_link link = {
	    .device = id_named(ID_DEVICE, "P1"),
	    .is_kept = true,
	    .qos = BATCH_NOT_SUBSCRIBED,
	    .expiry_s = 60,
	    .ends_at = TIME_NEVER,
	};

	save_link(clinic, link);
	link.qos = 1;
	link.ends_at = NOW + 60000;
	save_link(clinic, link);
	clinic = reopen_at(state, NOW + 1);
	struct found found = links_in(clinic);
	assert_int_equal(found.count, 1);
	assert_true(id_eq(&found.links[0].device, &link.device));
	assert_true(found.links[0].is_kept);
	assert_int_equal(found.links[0].qos, 1);
	assert_int_equal(found.links[0].expiry_s, 60);
	assert_int_equal(found.links[0].ends_at, NOW + 60000);

	link.is_kept = false;
	save_link(clinic, link);
	assert_int_equal(links_in(clinic).count, 0);
}

/* kill -9 ends every connection. */
static void who_was_connected_has_its_expiry_from_the_start_on(void **state)
{
	struct clinic *clinic = open_at(state, NOW);

	save_link(clinic, (struct batch_link){
	                      .device = id_named(ID_DEVICE, "P1"),
	                      .is_kept = true,
	                      .qos = 0,
	                      .expiry_s = 60,
	                      .ends_at = TIME_NEVER,
	                  });
	clinic = reopen_at(state, NOW + 500000);
	struct found found = links_in(clinic);
	assert_int_equal(found.count, 1);
	assert_int_equal(found.links[0].qos, 0);
	assert_int_equal(found.links[0].ends_at, NOW + 500000 + 60000);

	clinic = reopen_at(state, NOW + 500000 + 60000);
	assert_int_equal(links_in(clinic).count, 0);
	assert_int_equal(count(clinic, "SELECT count(*) FROM link"), 0);
}

/* --- messages ------------------------------------------------------------------------- */

/* A message of P1 that is kept, but not understood. */
static void park(struct clinic *clinic, uint32_t seq, uint64_t conn)
{
	batch_reset(clinic->batch);
	struct batch_entry *entry = batch_add(clinic->batch);

	*entry = (struct batch_entry){.what = BATCH_PARK, .recv = clinic->now, .conn = conn};
	entry->gate = READING_PARKED;
	entry->reading.source = id_named(ID_DEVICE, "P1");
	entry->reading.boot = 1;
	entry->reading.seq = seq;
	entry->reading.payload = slice_of((const uint8_t *)&seq, sizeof(seq));
	memcpy(entry->reading.hash, &seq, sizeof(seq));
	apply(clinic);
}

static void end_down(struct clinic *clinic, uint64_t n)
{
	batch_reset(clinic->batch);
	struct batch_entry *entry = batch_add(clinic->batch);

	entry->what = BATCH_OVER;
	entry->over = (struct batch_over){.device = id_named(ID_DEVICE, "P1"), .n = n};
	apply(clinic);
}

static void a_receipt_is_kept_with_what_caused_it(void **state)
{
	struct clinic *clinic = open_at(state, NOW);
	struct id pen = id_named(ID_DEVICE, "P1");

	park(clinic, 7, 1);
	assert_int_equal(clinic->batch->down_count, 1);
	const struct batch_down *down = &clinic->batch->downs[0];
	assert_int_equal(down->n, 1);
	assert_true(id_eq(&down->device, &pen));
	Carepace__V1__Down *said =
	    carepace__v1__down__unpack(NULL, down->payload.len, down->payload.p);
	assert_int_equal(said->body_case, CAREPACE__V1__DOWN__BODY_ACK);
	assert_int_equal(said->ack->seq, 7);
	assert_int_equal(said->ack->code, CAREPACE__V1__ACK_CODE__ACK_PARKED);
	carepace__v1__down__free_unpacked(said, NULL);

	clinic = reopen_at(state, NOW + RECEIPT_VALID_MS - 1);
	struct found found = downs_in(clinic);
	assert_int_equal(found.count, 1);
	assert_true(id_eq(&found.downs[0].device, &pen));
	assert_int_equal(found.downs[0].n, 1);
	assert_int_equal(found.downs[0].expires_at, NOW + RECEIPT_VALID_MS);
	assert_int_equal(count(clinic, "SELECT length(payload) > 8 FROM down"), 1);

	clinic = reopen_at(state, NOW + RECEIPT_VALID_MS);
	assert_int_equal(downs_in(clinic).count, 0);
	assert_int_equal(count(clinic, "SELECT count(*) FROM down"), 0);
}

static void nobody_is_told_who_does_not_wait(void **state)
{
	struct clinic *clinic = open_at(state, NOW);

	park(clinic, 7, 0); /* a will */
	assert_int_equal(clinic->batch->entries[0].outcome, BATCH_PARKED);
	assert_int_equal(clinic->batch->down_count, 0);
	assert_int_equal(downs_in(clinic).count, 0);
}

static void what_is_over_at_once_needs_no_row(void **state)
{
	struct clinic *clinic = open_in_memory(state);

	say(clinic, "2026-03-02 10:00 P1 hello");
	assert_int_equal(clinic->batch->down_count, 1);
	assert_int_equal(clinic->batch->downs[0].n, 0);
	say(clinic, "+1s P1 start A c1");
	assert_int_equal(clinic->batch->down_count, 2); /* the tablets hear it, too */
	assert_int_equal(downs_in(clinic).count, 0);
}

static void numbers_rise_while_a_message_may_be_under_way(void **state)
{
	struct clinic *clinic = open_at(state, NOW);

	park(clinic, 1, 1);
	park(clinic, 2, 1);
	end_down(clinic, 2);
	park(clinic, 3, 1); /* 2 may still be on its way to the device */
	assert_int_equal(clinic->batch->downs[0].n, 3);
	end_down(clinic, 3);

	clinic = reopen_at(state, NOW);
	assert_int_equal(downs_in(clinic).count, 1);
	park(clinic, 4, 1);
	assert_int_equal(clinic->batch->downs[0].n, 2);
	struct found found = downs_in(clinic);
	assert_int_equal(found.count, 2);
	assert_int_equal(found.downs[0].n, 1);
	assert_int_equal(found.downs[1].n, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LEDGER_TEST(a_link_is_what_was_said_last),
	    LEDGER_TEST(who_was_connected_has_its_expiry_from_the_start_on),
	    LEDGER_TEST(a_receipt_is_kept_with_what_caused_it),
	    LEDGER_TEST(nobody_is_told_who_does_not_wait),
	    LEDGER_TEST(what_is_over_at_once_needs_no_row),
	    LEDGER_TEST(numbers_rise_while_a_message_may_be_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
