/* The simulator's plan and buffer: what is promised to whoever tests with it. */
#include "care/reading.h"
#include "message.h"
#include "orders.h"
#include "outbox.h"
#include "pki/file.h"
#include "plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#define SEEDS 200

/* Eight devices of deploy/try, one of them the tablet; half a minute. */
static struct plan plan_of(uint64_t seed)
{
	return (struct plan){
	    .seed = seed,
	    .run = 1787000000000,
	    .device_count = 7,
	    .late = 4,
	    .length_ms = 30000,
	    .session_ms = 9000,
	    .expiry_yyyymmdd = 20281231,
	};
}

static void the_same_seed_is_the_same_plan(void **state)
{
	struct plan plan = plan_of(7), other = plan_of(8);
	bool is_different = false;

	(void)state;
	for (size_t device = 0; device < plan.device_count; device++) {
		struct visit first, again, foreign;

		for (size_t n = 0; plan_visit(&plan, device, n, &first); n++) {
			assert_true(plan_visit(&plan, device, n, &again));
			assert_memory_equal(&first.sid, &again.sid, sizeof(first.sid));
			assert_memory_equal(&first.client, &again.client, sizeof(first.client));
			assert_string_equal(first.cart.serial, again.cart.serial);
			assert_int_equal(first.start_ms, again.start_ms);
			assert_int_equal(first.story, again.story);
			assert_int_equal(first.zone, again.zone);
			if (plan_visit(&other, device, n, &foreign))
				is_different |= foreign.start_ms != first.start_ms;
		}
	}
	assert_true(is_different);
}

static void a_second_run_makes_new_names_and_meets_old_clients(void **state)
{
	struct plan plan = plan_of(7), later = plan_of(7);
	struct visit first, second;

	(void)state;
	later.run += 3600000;
	for (size_t device = 0; device < plan.device_count; device++) {
		for (size_t n = 0; plan_visit(&plan, device, n, &first); n++) {
			assert_true(plan_visit(&later, device, n, &second));
			assert_false(id_eq(&first.sid, &second.sid));
			if (first.story == STORY_TOO_SOON)
				assert_true(id_eq(&first.client, &second.client));
			if (first.story == STORY_NORMAL)
				assert_string_not_equal(first.cart.serial, second.cart.serial);
		}
	}
}

static void half_a_minute_shows_every_story(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct plan plan = plan_of(seed);
		bool is_shown[STORY_COUNT] = {0};
		struct visit visit;

		for (size_t device = 0; device < plan.device_count; device++) {
			for (size_t n = 0; plan_visit(&plan, device, n, &visit); n++)
				is_shown[visit.story] = true;
		}
		for (int story = 0; story < STORY_COUNT; story++) {
			if (!is_shown[story])
				fail_msg("seed %d never shows \"%s\"", (int)seed,
				    plan_story_name((enum story)story));
		}
	}
}

static void visits_of_a_device_do_not_overlap(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct plan plan = plan_of(seed);

		for (size_t device = 0; device < plan.device_count; device++) {
			int64_t free_from = plan_connect_ms(&plan, device);
			struct visit visit;

			for (size_t n = 0; plan_visit(&plan, device, n, &visit); n++) {
				struct visit_steps steps;

				plan_steps(&visit, &steps);
				assert_int_equal(steps.step[0].kind, STEP_ADMIT);
				assert_int_equal(steps.step[1].kind, STEP_SELFTEST);
				assert_int_equal(steps.step[2].kind, STEP_START);
				for (size_t i = 0; i < steps.count; i++) {
					assert_true(steps.step[i].at_ms >= free_from);
					free_from = steps.step[i].at_ms;
				}
				assert_true(free_from < plan.length_ms);
			}
		}
	}
}

/* The past session that belongs to today's visit, wherever it was recorded. */
static bool find_past(const struct plan *plan, const struct visit *today, bool by_cart,
    struct visit *out, size_t *recorder)
{
	for (size_t device = 0; device < plan->device_count; device++) {
		struct past past[PLAN_PAST_MAX];
		size_t count = plan_past(plan, device, past);

		for (size_t i = 0; i < count; i++) {
			const struct visit *visit = &past[i].visit;

			if (by_cart ? strcmp(visit->cart.serial, today->cart.serial) == 0
			            : id_eq(&visit->client, &today->client)) {
				*out = *visit;
				*recorder = device;
				return true;
			}
		}
	}
	return false;
}

static void check_story(const struct plan *plan, const struct visit *today)
{
	bool by_cart =
	    today->story == STORY_CART_SAME_CLIENT || today->story == STORY_CART_OTHER_CLIENT;
	struct visit past = {0};
	size_t recorder = 0;
	bool has_past = find_past(plan, today, by_cart, &past, &recorder);
	int64_t days = (today->start_ms - past.start_ms) / MS_PER_DAY;

	assert_int_equal(has_past, past.course != 0);
	if (has_past && id_eq(&past.client, &today->client))
		assert_int_equal(past.course, today->course);
	else
		assert_int_equal(today->course, 0);
	switch (today->story) {
	case STORY_TOO_SOON: /* domain.md 8.1: below 28, not below half of it */
		assert_true(has_past && days >= 15 && days < 27 && past.zone == today->zone);
		break;
	case STORY_MUCH_TOO_SOON:
		assert_true(has_past && days > 0 && days < 13 && past.zone == today->zone);
		break;
	case STORY_LONG_AGO:
		assert_true(has_past && days >= 29 && past.zone == today->zone);
		break;
	case STORY_OTHER_ZONE:
		assert_true(has_past && days < 27 && past.zone != today->zone);
		break;
	case STORY_CART_SAME_CLIENT:
		assert_true(has_past && days >= 29 && id_eq(&past.client, &today->client));
		break;
	case STORY_CART_OTHER_CLIENT:
		assert_true(has_past && !id_eq(&past.client, &today->client));
		assert_true(days > 42); /* and since then nobody saw them */
		break;
	case STORY_LATE_NEWS:
		assert_true(has_past && days >= 14 && days < 27 && recorder == plan->late);
		assert_true(plan_connect_ms(plan, plan->late) > today->start_ms + today->treat_ms);
		break;
	default:
		assert_false(has_past);
	}
}

static void the_past_fits_the_story(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct plan plan = plan_of(seed);
		struct visit today;

		if (seed % 2)
			plan.length_ms = 400000; /* a long day: as many pasts as fit */
		for (size_t device = 0; device < plan.device_count; device++) {
			for (size_t n = 0; plan_visit(&plan, device, n, &today); n++)
				check_story(&plan, &today);
		}
	}
}

static void starts_of_a_device_are_in_the_order_of_time(void **state)
{
	(void)state;
	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		struct plan plan = plan_of(seed);

		plan.length_ms = 400000;
		for (size_t device = 0; device < plan.device_count; device++) {
			struct past past[PLAN_PAST_MAX];
			size_t count = plan_past(&plan, device, past);

			for (size_t i = 0; i < count; i++) {
				assert_true(past[i].boot_ms < past[i].visit.start_ms);
				assert_true(past[i].visit.start_ms + past[i].visit.length_ms < 0);
				if (i == 0)
					continue;
				uint32_t step = past[i].boot_index - past[i - 1].boot_index;
				int64_t end_ms =
				    past[i - 1].visit.start_ms + past[i - 1].visit.length_ms;

				assert_true(step <= 1);
				assert_true(
				    (step ? past[i].boot_ms : past[i].visit.start_ms) > end_ms);
			}
		}
	}
}

static void few_devices_have_a_plan_too(void **state)
{
	(void)state;
	for (size_t count = 1; count <= 3; count++) {
		struct plan plan = plan_of(count);
		struct past past[PLAN_PAST_MAX];
		struct visit visit;
		size_t pasts = 0;

		plan.device_count = count;
		plan.late = count == 3 ? 0 : PLAN_NO_DEVICE;
		plan.length_ms = 300000;
		for (size_t device = 0; device < count; device++) {
			assert_true(plan_visit(&plan, device, 0, &visit));
			pasts += plan_past(&plan, device, past);
		}
		assert_true(pasts > 0);
	}
}

/* --- messages ---------------------------------------------------------------- */

static void passes_the_gate(
    const struct envelope *envelope, struct buf *bytes, bool is_tablet, enum reading_kind kind)
{
	uint8_t hash[HASH_BYTES], stamped[HASH_BYTES];
	struct arena arena;
	struct reading reading;
	const char *why;

	arena_init(&arena, 4096, 1 << 20);
	message_hash(buf_bytes(bytes), hash);
	message_stamp(bytes, UINT64_C(1) << 40, true);
	message_hash(buf_bytes(bytes), stamped);
	assert_memory_equal(hash, stamped, HASH_BYTES);
	if (reading_parse(&arena, buf_bytes(bytes), &envelope->source, is_tablet, &reading, &why) !=
	    READING_OK)
		fail_msg("message %d is refused: %s", (int)kind, why);
	assert_int_equal(reading.kind, kind);
	assert_int_equal(reading.seq, envelope->seq);
	assert_true(reading.is_replay);
	assert_int_equal(reading.up->sent_mono_ms, UINT64_C(1) << 40);
	if (reading_is_stream(kind))
		assert_int_equal(
		    reading_hash_stream(&arena, reading.payload, reading.hash), READING_OK);
	assert_memory_equal(reading.hash, hash, READING_HASH_BYTES);
	arena_deinit(&arena);
	buf_deinit(bytes);
	buf_init(bytes, MESSAGE_MAX_BYTES);
}

/* What the gateway would say to each message, and the hash it would journal. */
static void every_message_passes_the_gate(void **state)
{
	struct plan plan = plan_of(1);
	struct visit visit;
	struct treatment treatment = {.visit = &visit, .cart = &visit.cart};
	struct envelope from = {.boot = 3, .seq = 9, .ts_ms = 1787000000000, .mono_ms = 100000};
	struct id id;
	struct buf bytes;

	(void)state;
	memset(&id, 0x3c, sizeof(id));
	memset(&from.source, 0x5a, sizeof(from.source));
	assert_true(plan_visit(&plan, 0, 0, &visit));
	buf_init(&bytes, MESSAGE_MAX_BYTES);
	for (enum pki_kind kind = PKI_PEN; kind <= PKI_RF; kind++) {
		bool is_rf = kind == PKI_RF;

		treatment = (struct treatment){.kind = kind, .visit = &visit, .cart = &visit.cart};
		message_hello(&bytes, &from, kind, "ber", 8);
		passes_the_gate(&from, &bytes, false, READING_HELLO);
		message_heartbeat(&bytes, &from, true, 5);
		passes_the_gate(&from, &bytes, false, READING_HEARTBEAT);
		message_start(&bytes, &from, &treatment);
		passes_the_gate(&from, &bytes, false, READING_SESSION_START);
		message_mount(&bytes, &from, &treatment, true);
		passes_the_gate(&from, &bytes, false, READING_CART_ATTACH);
		message_mount(&bytes, &from, &treatment, false);
		passes_the_gate(&from, &bytes, false, READING_CART_DETACH);
		message_param(&bytes, &from, &treatment);
		passes_the_gate(&from, &bytes, false, READING_PARAM);
		message_batch(&bytes, &from, &treatment);
		assert_true(treatment.active_ms > 0 && treatment.punctures > 0);
		passes_the_gate(&from, &bytes, false, is_rf ? READING_PULSES : READING_SAMPLES);
		message_end(&bytes, &from, &treatment, CAREPACE__V1__END_REASON__END_COMPLETED);
		passes_the_gate(&from, &bytes, false, READING_SESSION_END);
		message_clean(&bytes, &from, &id);
		passes_the_gate(&from, &bytes, false, READING_MAINT);
		message_selftest(&bytes, &from);
		passes_the_gate(&from, &bytes, false, READING_SELFTEST);
	}
	message_screening(&bytes, &from, &id, 1786000000000, &id);
	passes_the_gate(&from, &bytes, true, READING_SCREENING);
	message_ack_alert(&bytes, &from, &id, &id);
	passes_the_gate(&from, &bytes, true, READING_ACK_ALERT);
	message_override(&bytes, &from, &id, NULL, 0, &id);
	passes_the_gate(&from, &bytes, true, READING_OVERRIDE);
	message_override(
	    &bytes, &from, NULL, &visit.sid, CAREPACE__V1__CHECK__INTERVAL_TOO_SOON, &id);
	passes_the_gate(&from, &bytes, true, READING_OVERRIDE);
	buf_deinit(&bytes);
}

/* --- head office ------------------------------------------------------------- */

/* Some of the fleet that the plan is for. */
static const struct registry_entry *const *devices_of(const struct plan *plan)
{
	static struct registry_entry entries[8];
	static const struct registry_entry *list[8];

	for (size_t i = 0; i < plan->device_count; i++) {
		memset(entries[i].device.b, (int)(0x40 + i), ID_BYTES);
		entries[i].kind = (enum pki_kind)(PKI_PEN + i % PKI_RF);
		list[i] = &entries[i];
	}
	return list;
}

static bool read_order(
    const char *dir, uint32_t n, struct arena *arena, struct buf *bytes, struct reading *order)
{
	char path[PATH_MAX];
	struct pki_error error;
	const char *why = NULL;

	(void)snprintf(path, sizeof(path), "%s/%05u.order", dir, (unsigned)n);
	if (access(path, F_OK) != 0)
		return false;
	assert_int_equal(file_read(path, 4096, bytes, &error), CP_OK);
	if (reading_parse_order(arena, buf_bytes(bytes), order, &why) != READING_OK)
		fail_msg("order %u is refused: %s", (unsigned)n, why);
	assert_int_equal(order->seq, n);
	assert_int_equal(unlink(path), 0);
	return true;
}

struct told {
	size_t flags, bookings, bills, plans, certs, devices, models;
	bool is_planned[PLAN_PAST_MAX]; /* of one device's past */
};

static void take_order(struct told *told, const struct reading *order, const struct past *past,
    size_t count, wall_ms now)
{
	told->flags += order->kind == READING_CLIENT_FLAGS;
	told->bookings += order->kind == READING_BOOKING;
	told->bills += order->kind == READING_BILLING_LINE;
	told->plans += order->kind == READING_PLAN;
	told->certs += order->kind == READING_CERT;
	told->devices += order->kind == READING_DEVICE;
	told->models += order->kind == READING_MODEL_PROFILE;
	for (size_t i = 0; order->kind == READING_PLAN && i < count; i++)
		told->is_planned[i] |= id_eq(&order->client, &past[i].visit.client) &&
		                       order->order->plan->course == past[i].visit.course &&
		                       order->ts < now + past[i].visit.start_ms;
}

/* Everything that the gateway asks about a session; a client with a past has a plan that is
 * older than the past. */
static void every_visit_is_known_to_head_office(void **state)
{
	struct plan plan = plan_of(3);
	char dir[] = "/tmp/carepace-orders-XXXXXX";
	wall_ms now = (wall_ms)plan.run;
	struct pki_error error;
	struct past past[PLAN_PAST_MAX];
	size_t count = 0;
	struct told told = {0};
	struct visit visit;
	size_t visits = 0;
	size_t pasts = 0;
	bool is_more = true;

	(void)state;
	for (size_t device = 0; count == 0; device++)
		count = plan_past(&plan, device, past);
	assert_non_null(mkdtemp(dir));
	assert_int_equal(orders_write(&plan, devices_of(&plan), "ber", now, dir, &error), CP_OK);
	for (uint32_t n = 1; is_more; n++) {
		struct arena arena;
		struct reading order;
		struct buf bytes;

		arena_init(&arena, 4096, 1 << 20);
		buf_init(&bytes, 4096);
		is_more = read_order(dir, n, &arena, &bytes, &order);
		if (is_more)
			take_order(&told, &order, past, count, now);
		arena_deinit(&arena);
		buf_deinit(&bytes);
	}
	assert_int_equal(rmdir(dir), 0); /* nothing else is in it */
	for (size_t device = 0; device < plan.device_count; device++) {
		struct past other[PLAN_PAST_MAX];

		pasts += plan_past(&plan, device, other);
		for (size_t n = 0; plan_visit(&plan, device, n, &visit); n++)
			visits++;
	}
	for (size_t i = 0; i < count; i++)
		assert_true(told.is_planned[i]);
	assert_int_equal(told.bookings, visits + pasts);
	assert_int_equal(told.bills, pasts);
	assert_int_equal(told.flags, told.plans);
	assert_int_equal(told.certs, PLAN_OPERATORS);
	assert_int_equal(told.devices, plan.device_count);
	assert_int_equal(told.models, 4);
}

/* --- the buffer -------------------------------------------------------------- */

static void put(struct outbox *outbox, uint32_t seq, bool is_first)
{
	struct message message = {.boot = 1, .seq = seq, .bytes = (uint8_t *)"abc", .len = 3};

	assert_int_equal(outbox_put(outbox, &message, is_first), CP_OK);
}

static void send_next(struct outbox *outbox, uint32_t seq)
{
	struct message *message = outbox_next(outbox);

	assert_non_null(message);
	assert_int_equal(message->seq, seq);
	outbox_sent(outbox, message);
}

static void a_message_is_kept_until_it_is_acknowledged(void **state)
{
	struct outbox outbox;
	struct message acked;

	(void)state;
	outbox_init(&outbox);
	for (uint32_t seq = 1; seq <= 200; seq++)
		put(&outbox, seq, false);
	for (uint32_t seq = 1; seq <= 20; seq++)
		send_next(&outbox, seq);
	assert_true(outbox_acked(&outbox, 1, 2, &acked)); /* not the first one */
	assert_int_equal(acked.len, 3);
	assert_false(outbox_acked(&outbox, 1, 2, &acked));
	assert_false(outbox_acked(&outbox, 1, 21, &acked)); /* not sent */
	assert_false(outbox_acked(&outbox, 2, 1, &acked));  /* of another start */
	assert_int_equal(outbox.in_flight, 19);

	/* The connection breaks; HELLO goes first, then what was in flight. */
	outbox_rewind(&outbox);
	put(&outbox, 201, true);
	send_next(&outbox, 201);
	send_next(&outbox, 1);
	send_next(&outbox, 3);
	for (uint32_t seq = 4; seq <= 200; seq++)
		send_next(&outbox, seq);
	assert_null(outbox_next(&outbox));
	for (uint32_t seq = 201; seq >= 1; seq--)
		assert_int_equal(outbox_acked(&outbox, 1, seq, &acked), seq != 2);
	assert_true(outbox_is_empty(&outbox));
	assert_int_equal(outbox.in_flight, 0);
	assert_int_equal(outbox.bytes, 0);
	outbox_deinit(&outbox);
}

static void what_is_said_twice_is_acknowledged_twice(void **state)
{
	struct outbox outbox;
	struct message acked;

	(void)state;
	outbox_init(&outbox);
	put(&outbox, 1, false);
	put(&outbox, 2, false);
	put(&outbox, 2, false);
	send_next(&outbox, 1);
	send_next(&outbox, 2);
	send_next(&outbox, 2);
	assert_true(outbox_acked(&outbox, 1, 2, &acked)); /* behind one that is not */
	assert_true(outbox_acked(&outbox, 1, 2, &acked));
	assert_false(outbox_acked(&outbox, 1, 2, &acked));
	assert_true(outbox_acked(&outbox, 1, 1, &acked));
	assert_true(outbox_is_empty(&outbox));
	outbox_deinit(&outbox);
}

static void a_full_buffer_says_so_and_changes_nothing(void **state)
{
	struct outbox outbox;
	static uint8_t bytes[60000];
	struct message message = {.boot = 1, .bytes = bytes, .len = sizeof(bytes)};

	(void)state;
	outbox_init(&outbox);
	size_t count = 0;

	while (outbox_put(&outbox, &message, false) == CP_OK)
		count++;
	assert_int_equal(count, OUTBOX_MAX_BYTES / sizeof(bytes));
	assert_int_equal(outbox.count, count);
	assert_int_equal(outbox_put(&outbox, &message, true), CP_FULL);
	assert_int_equal(outbox.count, count);
	outbox_deinit(&outbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_same_seed_is_the_same_plan),
	    cmocka_unit_test(a_second_run_makes_new_names_and_meets_old_clients),
	    cmocka_unit_test(half_a_minute_shows_every_story),
	    cmocka_unit_test(visits_of_a_device_do_not_overlap),
	    cmocka_unit_test(the_past_fits_the_story),
	    cmocka_unit_test(starts_of_a_device_are_in_the_order_of_time),
	    cmocka_unit_test(few_devices_have_a_plan_too),
	    cmocka_unit_test(every_message_passes_the_gate),
	    cmocka_unit_test(every_visit_is_known_to_head_office),
	    cmocka_unit_test(a_message_is_kept_until_it_is_acknowledged),
	    cmocka_unit_test(what_is_said_twice_is_acknowledged_twice),
	    cmocka_unit_test(a_full_buffer_says_so_and_changes_nothing),
	};

	return cmocka_run_group_tests_name("sim", tests, NULL, NULL);
}
