/* client_bookings.c - is the next appointment too soon? (BOOKING_TOO_SOON)
 *
 * A booking is judged from each revision on as its session would be. It is over when a
 * session keeps it, when it is moved, or cancelled.
 */
#include "care/judge/client.h"

#include "base/sort.h"
#include "care/time/zone.h"

#include <inttypes.h>
#include <stdio.h>

/* The revisions of one booking, by time. */
struct revisions {
	const struct fact *const *items;
	size_t count;
};

static uint64_t booking_of(const struct fact *fact)
{
	return fact->reading.order->booking->booking;
}

/* The revision in force at a moment (domain 9.4); NULL: the key speaks of another now. */
static const struct fact *booking_at(const struct revisions *all, event_ms at)
{
	const struct fact *best = NULL;

	for (size_t i = 0; i < all->count; i++) {
		const struct fact *fact = all->items[i];
		if (fact_holds(fact, at) &&
		    (!best || fact->reading.order->revision >= best->reading.order->revision))
			best = fact;
	}
	return best;
}

static event_ms next_revision(const struct revisions *all, event_ms after)
{
	event_ms next = TIME_NEVER;

	for (size_t i = 0; i < all->count; i++) {
		struct facts one = {.items = all->items[i], .count = 1};
		event_ms change = facts_next_change(one, after);
		next = change < next ? change : next;
	}
	return next;
}

/* --- who kept it ------------------------------------------------------------------------ */

/* A session that names its booking. */
struct keeper {
	int64_t booking;
	size_t treatment; /* its index in the walk */
};

struct keepers {
	const struct keeper *items; /* by booking, the first treatment first */
	size_t count;
};

static const struct session *started(const struct client_walk *walk, size_t at)
{
	const struct session *session = walk->treatments[at].session;

	return session && session->has_start ? session : NULL;
}

static int compare_keepers(const void *a, const void *b)
{
	const struct keeper *x = a;
	const struct keeper *y = b;

	if (x->booking != y->booking)
		return x->booking < y->booking ? -1 : 1;
	return (x->treatment > y->treatment) - (x->treatment < y->treatment);
}

/* False when the arena is full. */
static bool find_keepers(const struct client_walk *walk, struct keepers *out)
{
	struct keeper *items =
	    arena_alloc(walk->timeline->arena, (walk->count + 1) * sizeof(*items));

	*out = (struct keepers){.items = items};
	if (!items)
		return false;
	for (size_t i = 0; i < walk->count; i++) {
		const struct session *session = started(walk, i);
		if (session && session->booking)
			items[out->count++] =
			    (struct keeper){.booking = session->booking, .treatment = i};
	}
	sort_items(items, out->count, sizeof(*items), compare_keepers);
	return true;
}

/* walk->count: nobody. */
static size_t named_by(
    const struct client_walk *walk, const struct keepers *keepers, int64_t booking)
{
	size_t low = 0, high = keepers->count; /* items[0 .. low) name an earlier number */

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (keepers->items[middle].booking < booking)
			low = middle + 1;
		else
			high = middle;
	}
	return low < keepers->count && keepers->items[low].booking == booking
	           ? keepers->items[low].treatment
	           : walk->count;
}

/* A session keeps the booking that it names, or, naming none, the one whose hour it
 * begins in (as UNAUTHORISED_USE has it, 8.7); of several the first. walk->count: not kept. */
static size_t kept_by(const struct client_walk *walk, const struct keepers *keepers,
    const Carepace__V1__Booking *booking)
{
	int64_t reach_ms = MS_PER_MINUTE *
	                   policy_number(walk->policy, PARAM_BOOKING_MINUTES, booking->start_ts_ms);
	size_t named = named_by(walk, keepers, (int64_t)booking->booking);

	for (size_t i = treatments_from(walk, booking->start_ts_ms - reach_ms); i < named; i++) {
		const struct session *session = started(walk, i);
		if (walk->treatments[i].start > booking->start_ts_ms + reach_ms)
			break;
		if (session && !session->booking)
			return i;
	}
	return named;
}

/* How many treatments were before it. */
static size_t before(const struct client_walk *walk, event_ms at, size_t kept)
{
	size_t count = treatments_from(walk, at);

	return count < kept ? count : kept;
}

/* --- a booking ---------------------------------------------------------------------------- */

struct booking_run {
	const struct client_walk *walk;
	const struct keepers *keepers;
	uint64_t booking;
	struct finding *finding; /* while it holds */
};

/* Since the booking was made, or since the first treatment after it that stands against it. */
static event_ms held_from(
    const struct booking_run *run, const struct fact *fact, struct intent intent)
{
	const struct client_walk *walk = run->walk;
	size_t all = intent.before;
	struct earlier found;

	intent.before = before(walk, fact->reading.ts + 1, all);
	while (!spacing_look_back(walk, &intent, &found) && intent.before < all)
		intent.before++;
	event_ms last = intent.before ? walk->treatments[intent.before - 1].start : INT64_MIN;
	return last > fact->reading.ts ? last : fact->reading.ts;
}

static struct finding *start_run(
    struct booking_run *run, const struct fact *fact, const struct intent *intent)
{
	const struct client_walk *walk = run->walk;
	event_ms from = held_from(run, fact, *intent);
	char subject[NAME_MAX_LEN];
	char onset[NAME_MAX_LEN];

	if (run->finding)
		return run->finding;
	snprintf(subject, sizeof(subject), "%" PRIu64, run->booking);
	fact_name(fact, onset);
	run->finding = timeline_add(walk->timeline, CHECK_BOOKING_TOO_SOON, subject, onset);
	if (run->finding) {
		run->finding->from = from;
		run->finding->effective_day = zone_day(walk->policy->zone, from);
		run->finding->client = walk->history->client;
		run->finding->severity = SEVERITY_LOW;
	}
	return run->finding;
}

/* The booking is another client's from then on. */
static void end_run(struct booking_run *run, event_ms at)
{
	if (run->finding)
		run->finding->until = at;
	run->finding = NULL;
}

/* One revision, in force from its event to that of the next. */
static void judge_revision(struct booking_run *run, const struct fact *fact, event_ms to)
{
	const struct client_walk *walk = run->walk;
	const Carepace__V1__Booking *booking = fact->reading.order->booking;
	size_t kept = kept_by(walk, run->keepers, booking);
	event_ms over = kept < walk->count ? walk->treatments[kept].start : TIME_NEVER;
	event_ms known = booking->start_ts_ms < to ? booking->start_ts_ms : to;
	struct intent intent = {
	    .at = fact->reading.ts,
	    .day = zone_day(walk->policy->zone, booking->start_ts_ms),
	    .zones = booking->has_zones && booking->zones ? booking->zones
	                                                  : 1U << CAREPACE__V1__ZONE__ZONE_UNKNOWN,
	    .before = before(walk, known, kept),
	    .visit = SIZE_MAX,
	};
	struct earlier found;

	if (over > to)
		over = to;
	if (run->finding) /* it ended here, unless it still holds */
		run->finding->until = fact->reading.ts;
	if (booking->state != CAREPACE__V1__BOOKING_STATE__BOOKING_BOOKED ||
	    over <= fact->reading.ts || !spacing_look_back(walk, &intent, &found)) {
		run->finding = NULL;
		return;
	}
	struct finding *finding = start_run(run, fact, &intent);
	if (!finding)
		return;
	finding->until = over <= walk->now ? over : TIME_NEVER;
	if (over > walk->now)
		timeline_wake_at(walk->timeline, over);
	finding->related_count = 0;
	spacing_fill(finding, &intent, &found);
	if (over < to)
		run->finding = NULL;
}

/* By booking; those of one as they lie in the history. */
static int compare(const void *a, const void *b)
{
	const struct fact *x = *(const struct fact *const *)a;
	const struct fact *y = *(const struct fact *const *)b;

	if (booking_of(x) != booking_of(y))
		return booking_of(x) < booking_of(y) ? -1 : 1;
	return (x > y) - (x < y);
}

static void judge_booking(
    const struct client_walk *walk, const struct keepers *keepers, const struct revisions *all)
{
	struct booking_run run = {
	    .walk = walk, .keepers = keepers, .booking = booking_of(all->items[0])};
	event_ms to;

	for (event_ms at = all->items[0]->reading.ts; at != TIME_NEVER; at = to) {
		if (at > walk->now) { /* announced for later */
			timeline_wake_at(walk->timeline, at);
			return;
		}
		const struct fact *fact = booking_at(all, at);
		to = next_revision(all, at);
		if (fact)
			judge_revision(&run, fact, to);
		else
			end_run(&run, at);
	}
}

void judge_bookings(const struct client_walk *walk)
{
	struct facts facts = walk->history->facts;
	const struct fact **said =
	    arena_alloc(walk->timeline->arena, (facts.count + 1) * sizeof(const struct fact *));
	struct keepers keepers;
	size_t count = 0;

	if (!said || !find_keepers(walk, &keepers)) {
		walk->timeline->is_full = true;
		return;
	}
	for (size_t i = 0; i < facts.count; i++)
		if (facts.items[i].reading.kind == READING_BOOKING)
			said[count++] = &facts.items[i];
	sort_items(said, count, sizeof(const struct fact *), compare);
	for (size_t i = 0; i < count;) {
		struct revisions all = {.items = said + i, .count = 1};
		while (
		    i + all.count < count && booking_of(said[i + all.count]) == booking_of(said[i]))
			all.count++;
		judge_booking(walk, &keepers, &all);
		i += all.count;
	}
}
