#include "office.h"

#include "base/err.h"
#include "report.pb-c.h"
#include "telemetry.pb-c.h"
#include "treatment.h"

#include <stdlib.h>

#define REVISIONS_MAX 4
#define LONG_BEFORE_DAYS 9

enum speaker {
	FROM_OFFICE,
	FROM_TABLET,
	FROM_DEVICE,
};

/* What is said in a world: up to so many messages, or orders of so many keys. */
struct topic {
	enum speaker speaker;
	int body;
	uint8_t most;
	uint8_t early_percent; /* of the keys have a revision from before everything */
	bool is_plain;         /* also said in plain worlds */
};

#define ORDER(name, ...)                                                                           \
	{                                                                                          \
		FROM_OFFICE, CAREPACE__V1__ORDER__BODY_##name, __VA_ARGS__                         \
	}
#define TABLET(name, ...)                                                                          \
	{                                                                                          \
		FROM_TABLET, CAREPACE__V1__UP__BODY_##name, __VA_ARGS__                            \
	}
#define DEVICE(name, ...)                                                                          \
	{                                                                                          \
		FROM_DEVICE, CAREPACE__V1__UP__BODY_##name, __VA_ARGS__                            \
	}

/* clang-format off */
static const struct topic topics[] = {
    ORDER(PLAN, 8, 60, true),
    ORDER(CLIENT_FLAGS, 4, 70, true),
    ORDER(CLIENT_HISTORY, 2, 20, false),
    ORDER(CART_HISTORY, 1, 30, false),
    ORDER(CART_SEEN, 2, 0, false),
    ORDER(CART_STOCK, 1, 20, true),
    ORDER(SESSION_SEEN, 4, 0, true),
    ORDER(BOOKING, 8, 40, true),
    ORDER(BILLING_LINE, 4, 0, true),
    ORDER(CERT, 4, 70, true),
    ORDER(DEVICE, 4, 60, true),
    ORDER(CALENDAR, 2, 50, true),
    ORDER(CLINIC_ROLE, 2, 60, true),
    ORDER(MODEL_PROFILE, 3, 60, false),
    ORDER(RECALL_LOTS, 1, 20, true),
    ORDER(FIRMWARE_POLICY, 2, 40, true),
    ORDER(POLICY, 1, 10, false),
    ORDER(DEVICE_ASSIGN, 4, 60, true),
    ORDER(CORRECTION, 1, 0, false),
    ORDER(ROLLER_USE, 1, 0, false),
    ORDER(AFTERCARE, 1, 0, true),
    ORDER(SITE_TIME, 1, 0, true),
    ORDER(CLIENT_FORGET, 1, 0, false),
    ORDER(ALERT_ACK, 1, 0, true),

    TABLET(AE_REPORT, 8, 0, true),
    TABLET(AE_UPDATE, 4, 0, true),
    TABLET(AFTERCARE, 4, 0, true),
    TABLET(ASSESSMENT, 2, 0, true),
    TABLET(ROLLER_USE, 4, 0, false),
    TABLET(SCREENING, 8, 0, true),
    TABLET(ACK_ALERT, 2, 0, true),
    TABLET(OVERRIDE, 4, 0, true),
    TABLET(CORRECTION, 2, 0, false),
    TABLET(COUNT_OVERRIDE, 1, 0, false),
    TABLET(MAINT, 3, 0, true),

    DEVICE(HEARTBEAT, 3, 0, true),
    DEVICE(SELFTEST, 6, 0, true),
    DEVICE(MAINT, 6, 0, true),
    DEVICE(FAULT, 4, 0, true),
    DEVICE(ESTOP, 1, 0, true),
};
/* clang-format on */

struct office {
	struct world *world;
	struct rng *rng;
	const struct zone *zone;
	event_ms first;
	event_ms last; /* of the treatments */
	uint32_t n;
};

static event_ms draw_moment(struct office *office)
{
	static const int64_t beside_ms[] = {0, 0, -1, 1, -MS_PER_MINUTE, MS_PER_MINUTE,
	    -2 * MS_PER_HOUR, 2 * MS_PER_HOUR, -MS_PER_DAY, 10 * MS_PER_DAY};
	const struct cast *cast = &office->world->cast;
	const struct cast_session *session =
	    &cast->sessions[rng_below(office->rng, cast->session_count)];
	event_ms at = rng_percent(office->rng, 75) ? session->start : session->end;

	switch (rng_below(office->rng, 8)) {
	case 0:
		return rng_range(office->rng, office->first, office->last);
	case 1:
		at = zone_time_at(office->zone, zone_day(office->zone, at), 360);
		return at + rng_range(office->rng, -1, 1);
	default:
		return at + RNG_PICK(office->rng, beside_ms);
	}
}

static int by_time(const void *a, const void *b)
{
	event_ms x = *(const event_ms *)a;
	event_ms y = *(const event_ms *)b;

	return (x > y) - (x < y);
}

/* Revisions of one key; a later one is never older (report.proto). */
static void add_order(struct office *office, const struct topic *topic, unsigned number)
{
	event_ms times[REVISIONS_MAX];
	size_t count = rng_below(office->rng, REVISIONS_MAX + 1);

	for (size_t r = 0; r < count; r++)
		times[r] = draw_moment(office);
	if (count > 0 && rng_percent(office->rng, topic->early_percent))
		times[0] = office->first - LONG_BEFORE_DAYS * MS_PER_DAY;
	qsort(times, count, sizeof(times[0]), by_time);
	for (size_t r = 0; r < count; r++) {
		struct input *input = world_add(office->world, INPUT_ORDER, 0, times[r]);
		input->boot = 1;
		input->seq = ++office->n;
		input->revision = r + 1;
		input->body = topic->body;
		input->number = number;
	}
}

/* No message is later than the last of the treatments: world.now follows them. */
static void add_message(struct office *office, const struct topic *topic)
{
	size_t device =
	    topic->speaker == FROM_TABLET ? WORLD_TABLET : rng_below(office->rng, WORLD_DEVICES);
	event_ms at = draw_moment(office);
	struct input *input =
	    world_add(office->world, INPUT_SAID, device, at < office->last ? at : office->last);

	input->body = topic->body;
	input->is_test = rng_percent(office->rng, 3);
}

void office_play(struct world *world, struct rng *rng, const struct zone *zone, bool is_plain)
{
	const struct cast *cast = &world->cast;
	struct office office = {.world = world, .rng = rng, .zone = zone};

	office.first = office.last = cast->sessions[0].start;
	for (size_t i = 0; i < cast->session_count; i++) {
		const struct cast_session *session = &cast->sessions[i];
		office.first = session->start < office.first ? session->start : office.first;
		office.last = session->end > office.last ? session->end : office.last;
	}
	for (size_t i = 0; i < CP_COUNT(topics); i++) {
		const struct topic *topic = &topics[i];
		if (is_plain && !topic->is_plain)
			continue;
		size_t count =
		    topic->speaker == FROM_OFFICE ? topic->most : rng_below(rng, topic->most + 1U);
		for (unsigned k = 0; k < count; k++) {
			if (topic->speaker == FROM_OFFICE)
				add_order(&office, topic, k);
			else
				add_message(&office, topic);
		}
	}
}
