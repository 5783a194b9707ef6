/* Nothing is rolled one after the other: each number is a hash of the seed, of
 * what it is for, and of the visit it belongs to. So the device that records a
 * session weeks ago and the device that meets the client today find the same
 * client without knowing of each other.
 *
 * The stories of today's visits come in blocks of all kinds, each block shuffled
 * by the seed: whatever the seed, so many visits show every story. */
#include "plan.h"

#include "base/err.h"

#include <stdio.h>

#define PAST_VISITS 12 /* of a device's visits, the first so many may have a past */
#define PAST_SLOT_MS (40 * MS_PER_MINUTE)
#define PAST_SESSION_MS (30 * MS_PER_MINUTE) /* about 30 min: domain.md 1.3 */
#define PAST_TREAT_MS (8 * MS_PER_MINUTE)
#define PAST_BATCH_MS (2 * MS_PER_MINUTE)
#define PAST_BATCHES 10
#define BOOT_BEFORE_MS (5 * MS_PER_MINUTE)

#define ADMIT_BEFORE_MS 900
#define SELFTEST_BEFORE_MS 600
#define SETTLE_MS 2500 /* after switching on, and from start to needles */
#define END_MARGIN_MS 1500
#define CUT_PAUSE_MS 2000

enum draw {
	DRAW_JITTER = 1,
	DRAW_CONNECT,
	DRAW_START,
	DRAW_SHUFFLE,
	DRAW_ZONE,
	DRAW_SID,
	DRAW_PAST_SID,
	DRAW_CLIENT,
	DRAW_OTHER_CLIENT,
	DRAW_OPERATOR,
	DRAW_CART,
	DRAW_PAST_CART,
	DRAW_SPARE,
	DRAW_COURSE,
};

/* What weeks ago has to do with today; days 0 = nothing. domain.md 8.1: 28 days
 * are enough, less than 14 is worse than less than 28. The other client of a
 * cartridge never came back: after more than 42 days the course is overdue. */
struct story_past {
	uint32_t days_ago;
	bool is_same_client;
	bool is_same_zone;
	bool is_same_cart;
};

static const struct story_past story_pasts[STORY_COUNT] = {
    [STORY_TOO_SOON] = {20, true, true, false},
    [STORY_MUCH_TOO_SOON] = {9, true, true, false},
    [STORY_LONG_AGO] = {35, true, true, false},
    [STORY_OTHER_ZONE] = {10, true, false, false},
    [STORY_CART_SAME_CLIENT] = {30, true, true, true},
    [STORY_CART_OTHER_CLIENT] = {50, false, true, true},
    [STORY_LATE_NEWS] = {15, true, true, false},
};

/* Oldest first: a later start of a device has a higher boot number. */
static const enum story pasts_by_age[] = {STORY_CART_OTHER_CLIENT, STORY_LONG_AGO,
    STORY_CART_SAME_CLIENT, STORY_TOO_SOON, STORY_LATE_NEWS, STORY_OTHER_ZONE, STORY_MUCH_TOO_SOON};

static const Carepace__V1__Zone zones[] = {CAREPACE__V1__ZONE__CHEEK, CAREPACE__V1__ZONE__FOREHEAD,
    CAREPACE__V1__ZONE__CHIN_JAW, CAREPACE__V1__ZONE__NECK, CAREPACE__V1__ZONE__DECOLLETE};

/* splitmix64's finalizer: every bit of x moves every bit of the result. */
static uint64_t mix(uint64_t x)
{
	x += UINT64_C(0x9e3779b97f4a7c15);
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

static uint64_t draw(const struct plan *plan, enum draw what, uint64_t a, uint64_t b)
{
	return mix(mix(mix(mix(plan->seed) + what) + a) + b);
}

uint64_t plan_draw(const struct plan *plan, uint64_t device, uint64_t n, uint64_t below)
{
	return draw(plan, DRAW_JITTER, device, n) % below;
}

static struct id draw_id(const struct plan *plan, enum draw what, uint64_t salt, uint64_t key)
{
	uint64_t halves[2] = {draw(plan, what, salt, key), draw(plan, what, ~salt, key)};
	struct id id;

	memcpy(id.b, halves, sizeof(id.b));
	id.b[6] = (uint8_t)((id.b[6] & 0x0f) | 0x40); /* UUID version 4 */
	id.b[8] = (uint8_t)((id.b[8] & 0x3f) | 0x80);
	return id;
}

static struct cartridge draw_cart(
    const struct plan *plan, enum draw what, uint64_t salt, uint64_t key)
{
	uint64_t number = draw(plan, what, salt, key);
	struct cartridge cart = {.expiry_yyyymmdd = plan->expiry_yyyymmdd};

	CP_CHECK(snprintf(cart.serial, sizeof(cart.serial), "S%010u",
	             (unsigned)(number & UINT32_MAX)) < (int)sizeof(cart.serial));
	CP_CHECK(snprintf(cart.lot, sizeof(cart.lot), "L%04u", (unsigned)((number >> 32) % 10000)) <
	         (int)sizeof(cart.lot));
	return cart;
}

/* Head office's number of a course: nine digits. */
static uint64_t draw_course(const struct plan *plan, bool is_same_client, uint64_t key)
{
	return 100000000 + draw(plan, DRAW_COURSE, is_same_client, key) % 900000000;
}

static uint64_t visit_key(size_t device, size_t n)
{
	return (uint64_t)device << 32 | n;
}

static size_t early_count(const struct plan *plan)
{
	return plan->device_count - (plan->late != PLAN_NO_DEVICE);
}

/* Position among the devices that are there from the beginning, and back. */
static size_t early_position(const struct plan *plan, size_t device)
{
	return device - (device > plan->late);
}

static size_t early_device(const struct plan *plan, size_t position)
{
	return position + (position >= plan->late);
}

/* The one whose first visit is about the late device. */
static size_t waiting_position(const struct plan *plan)
{
	return plan->late == PLAN_NO_DEVICE ? PLAN_NO_DEVICE : plan->seed % early_count(plan);
}

int64_t plan_connect_ms(const struct plan *plan, size_t device)
{
	/* Near the middle of a short run, soon in a long one. */
	int64_t late_ms = plan->length_ms * 45 / 100;

	if (device == plan->late)
		return late_ms < 2 * plan->session_ms ? late_ms : 2 * plan->session_ms;
	return 100 + (int64_t)(draw(plan, DRAW_CONNECT, device, 0) % 400);
}

/* Entry `position` of the block's own order of all stories but LATE_NEWS. */
static enum story shuffled_story(const struct plan *plan, size_t block, size_t position)
{
	enum story order[STORY_LATE_NEWS];

	for (int i = 0; i < STORY_LATE_NEWS; i++) {
		size_t j = draw(plan, DRAW_SHUFFLE, block, (uint64_t)i) % (uint64_t)(i + 1);

		order[i] = order[j];
		order[j] = (enum story)i;
	}
	return order[position];
}

static enum story story_of(const struct plan *plan, size_t device, size_t n)
{
	if (device == plan->late)
		return STORY_NORMAL;
	size_t position = early_position(plan, device);
	size_t waiting = waiting_position(plan);

	if (n == 0 && position == waiting)
		return STORY_LATE_NEWS;
	size_t index = n * early_count(plan) + position;

	if (waiting != PLAN_NO_DEVICE && index > waiting)
		index--;
	enum story story = shuffled_story(plan, index / STORY_LATE_NEWS, index % STORY_LATE_NEWS);

	return n >= PAST_VISITS && story_pasts[story].days_ago ? STORY_NORMAL : story;
}

const char *plan_story_name(enum story story)
{
	static const char *const names[STORY_COUNT] = {
	    [STORY_NORMAL] = "normal",
	    [STORY_TOO_SOON] = "too_soon",
	    [STORY_MUCH_TOO_SOON] = "much_too_soon",
	    [STORY_LONG_AGO] = "long_ago",
	    [STORY_OTHER_ZONE] = "other_zone",
	    [STORY_CART_SAME_CLIENT] = "cart_same_client",
	    [STORY_CART_OTHER_CLIENT] = "cart_other_client",
	    [STORY_DUPLICATES] = "duplicates",
	    [STORY_TOO_DEEP] = "too_deep",
	    [STORY_NO_CERT] = "no_cert",
	    [STORY_CUT] = "cut",
	    [STORY_LATE_NEWS] = "late_news",
	};

	return names[story];
}

static bool visit_time(const struct plan *plan, size_t device, size_t n, struct visit *visit)
{
	int64_t length_ms = plan->session_ms;
	int64_t pitch_ms = length_ms + length_ms / 4 + 1500;
	int64_t jitter_ms =
	    (int64_t)(draw(plan, DRAW_START, device, n) % (uint64_t)(length_ms / 8));

	visit->start_ms =
	    plan_connect_ms(plan, device) + SETTLE_MS + (int64_t)n * pitch_ms + jitter_ms;
	visit->length_ms = length_ms;
	visit->treat_ms = SETTLE_MS;
	visit->batch_ms = length_ms / 8;
	if (visit->batch_ms < MS_PER_SECOND)
		visit->batch_ms = MS_PER_SECOND;
	if (visit->batch_ms > 30 * MS_PER_SECOND)
		visit->batch_ms = 30 * MS_PER_SECOND;
	visit->batch_count = (uint32_t)((length_ms - 300 - SETTLE_MS) / visit->batch_ms);
	return visit->start_ms + length_ms + END_MARGIN_MS <= plan->length_ms;
}

struct id plan_operator(const struct plan *plan, size_t n)
{
	return draw_id(plan, DRAW_OPERATOR, 0, n);
}

/* Anybody whose certificate is good, unless the story is about it. */
static struct id draw_operator(const struct plan *plan, const struct visit *visit, uint64_t key)
{
	size_t certified = PLAN_OPERATORS - 1;

	return plan_operator(plan, visit->story == STORY_NO_CERT
	                               ? certified
	                               : draw(plan, DRAW_OPERATOR, 1, key) % certified);
}

bool plan_visit(const struct plan *plan, size_t device, size_t n, struct visit *visit)
{
	uint64_t key = visit_key(device, n);

	*visit = (struct visit){.story = story_of(plan, device, n)};
	if (!visit_time(plan, device, n, visit))
		return false;
	const struct story_past *past = &story_pasts[visit->story];
	/* A client with a past is the same in every run, others come once. */
	uint64_t client_run = past->is_same_client ? 0 : plan->run;

	visit->sid = draw_id(plan, DRAW_SID, plan->run, key);
	visit->client = draw_id(plan, DRAW_CLIENT, client_run, key);
	visit->course = past->is_same_client ? draw_course(plan, true, key) : 0;
	visit->operator_token = draw_operator(plan, visit, key);
	visit->zone = zones[draw(plan, DRAW_ZONE, device, n) % CP_COUNT(zones)];
	visit->cart = past->is_same_cart ? draw_cart(plan, DRAW_PAST_CART, 0, key)
	                                 : draw_cart(plan, DRAW_CART, plan->run, key);
	visit->spare = draw_cart(plan, DRAW_SPARE, plan->run, key);
	return true;
}

/* The session of weeks ago that today's visit leans on. */
static struct visit past_of(
    const struct plan *plan, size_t device, size_t n, const struct visit *today, int64_t start_ms)
{
	const struct story_past *past = &story_pasts[today->story];
	uint64_t key = visit_key(device, n);
	size_t zone = draw(plan, DRAW_ZONE, device, n) + !past->is_same_zone;
	struct visit visit = {
	    .story = STORY_NORMAL,
	    .start_ms = start_ms,
	    .length_ms = PAST_SESSION_MS,
	    .treat_ms = PAST_TREAT_MS,
	    .batch_ms = PAST_BATCH_MS,
	    .batch_count = PAST_BATCHES,
	    .sid = draw_id(plan, DRAW_PAST_SID, plan->run, key),
	    .client =
	        past->is_same_client ? today->client : draw_id(plan, DRAW_OTHER_CLIENT, 0, key),
	    .course = draw_course(plan, past->is_same_client, key),
	    .operator_token = today->operator_token,
	    .zone = zones[zone % CP_COUNT(zones)],
	    .cart = draw_cart(plan, DRAW_PAST_CART, 0, key),
	};

	return visit;
}

/* Each device recorded what its left neighbour's clients need. */
static size_t device_remembered_by(const struct plan *plan, size_t device)
{
	size_t count = early_count(plan);

	if (device == plan->late)
		return early_device(plan, waiting_position(plan));
	return early_device(plan, (early_position(plan, device) + count - 1) % count);
}

size_t plan_past(const struct plan *plan, size_t device, struct past out[PLAN_PAST_MAX])
{
	size_t source = device_remembered_by(plan, device);
	size_t count = 0;
	uint32_t boot_index = 0;

	for (size_t age = 0; age < CP_COUNT(pasts_by_age); age++) {
		enum story story = pasts_by_age[age];
		bool is_for_late = story == STORY_LATE_NEWS && plan->late != PLAN_NO_DEVICE;
		int64_t day_ms = -(int64_t)story_pasts[story].days_ago * MS_PER_DAY -
		                 PLAN_PAST_MAX * PAST_SLOT_MS;
		int64_t slot_ms = day_ms;
		struct visit today;

		if (is_for_late != (device == plan->late))
			continue;
		for (size_t n = 0; n < PAST_VISITS && plan_visit(plan, source, n, &today); n++) {
			if (today.story != story)
				continue;
			out[count++] = (struct past){.boot_index = boot_index,
			    .boot_ms = day_ms - BOOT_BEFORE_MS,
			    .visit = past_of(plan, source, n, &today, slot_ms)};
			slot_ms += PAST_SLOT_MS;
		}
		boot_index += slot_ms != day_ms;
	}
	return count;
}

/* Keeps the order of time, and of equals the order of adding. */
static void add(struct visit_steps *steps, enum step_kind kind, int64_t at_ms)
{
	size_t at = steps->count++;

	CP_CHECK(at < PLAN_STEPS_MAX);
	for (; at > 0 && steps->step[at - 1].at_ms > at_ms; at--)
		steps->step[at] = steps->step[at - 1];
	steps->step[at] = (struct step){.kind = kind, .at_ms = at_ms};
}

void plan_steps(const struct visit *visit, struct visit_steps *out)
{
	int64_t start_ms = visit->start_ms;
	int64_t treat_ms = start_ms + visit->treat_ms;
	int64_t end_ms = start_ms + visit->length_ms;

	out->count = 0;
	add(out, STEP_ADMIT, start_ms - ADMIT_BEFORE_MS);
	add(out, STEP_SELFTEST, start_ms - SELFTEST_BEFORE_MS);
	add(out, STEP_START, start_ms);
	add(out, STEP_ATTACH, start_ms + 150);
	add(out, STEP_TREAT, treat_ms);
	for (uint32_t i = 1; i <= visit->batch_count; i++)
		add(out, STEP_BATCH, treat_ms + i * visit->batch_ms);
	add(out, STEP_DETACH, end_ms - 100);
	add(out, STEP_END, end_ms);
	add(out, STEP_CLEAN, end_ms + 500);
	if (visit->story == STORY_DUPLICATES) {
		add(out, STEP_REPEAT, start_ms + 80);
		add(out, STEP_REPEAT, treat_ms + visit->batch_ms + 80);
		add(out, STEP_REPEAT, end_ms + 80);
	}
	if (visit->story == STORY_CUT) {
		/* With a batch: it was sent, but the answer cannot come. */
		int64_t cut_ms = treat_ms + visit->batch_count / 2 * visit->batch_ms;

		add(out, STEP_CUT, cut_ms);
		add(out, STEP_RETURN, cut_ms + CUT_PAUSE_MS);
	}
}
