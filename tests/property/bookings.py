"""Domain 8.1: BOOKING_TOO_SOON."""

from civil import day_of
from inputs import NOBODY, holding, name_of
from sessions import MINUTE, NEVER
from spacing import MIN_DAYS, PLAN_ACTIVE, ZONE_UNKNOWN, zones_overlap

TOO_SOON = "102"
LOW = 2
BOOKED = 1
REACH = 120 * MINUTE  # 8.7: a session without a booking belongs to one so far away


def required_days(client, plans, moment):
    """R15. Open: a booking names no course: every active plan of its client raises."""
    return max([MIN_DAYS] + [
        p.body.min_days for p in holding(plans, moment)
        if name_of(p.body.client_token) == client and p.body.state == PLAN_ACTIVE])


def kept_at(booking, sessions):
    """The first session that names it, or names none and begins in its hour."""
    return min((s.order for s in sessions if s.said and (
        s.said.booking == booking.booking if s.said.booking
        else abs(s.start - booking.start_ts_ms) <= REACH)), default=(NEVER,))


def nearest(booking, zones, days, sessions):
    """(session, days between), the last one that stands against it."""
    day, found = day_of(booking.start_ts_ms), None
    for session in sessions:
        is_near = session.is_exposing and day - session.day() < days
        if is_near and zones_overlap(zones, session.zones) and (
                found is None or session.day() >= found.day()):
            found = session
    return found


def judge_revision(order, following, sessions, plans):
    """The finding that this revision makes while it holds, (finding, kept before the next)."""
    booking, client = order.body, name_of(order.body.client_token)
    ends = following.ts if following else NEVER
    kept = kept_at(booking, sessions)
    over = min(kept[0], ends)
    if booking.state != BOOKED or over <= order.ts:
        return None, False
    # Open: without zones it is for all of them; a session after its hour stands against the next.
    zones = booking.zones or ZONE_UNKNOWN << 0
    days = required_days(client, plans, order.ts)
    known = [s for s in sessions if s.order < kept and s.start < min(booking.start_ts_ms, ends)]
    last = nearest(booking, zones, days, known)
    if not last:
        return None, False
    first = next(s for i, s in enumerate(known) if nearest(booking, zones, days, known[: i + 1]))
    begin = max(order.ts, first.start)
    return {"from": begin, "until": over, "severity": LOW, "latched": 0,
            "value": day_of(booking.start_ts_ms) - last.day(), "limit": days,
            "day": day_of(begin)}, over < ends


def judge_booking(orders, sessions, world, findings):
    """Open: revisions that are too soon one after the other are one finding: it began with the
    first and says what the last one says."""
    own = sorted((o for o in orders if o.ts <= world.now), key=lambda o: o.revision)
    own = [o for o in own if o in holding(orders, o.ts)]
    following = own[1:] + [None]
    running = None
    for order, after in zip(own, following):
        if after is None:  # it may be announced for later
            after = min((o for o in orders if o.ts > world.now), key=lambda o: o.ts, default=None)
        finding, is_kept = judge_revision(order, after, sessions, world.of("plan"))
        if finding and finding["until"] > world.now:
            finding["until"] = NEVER
        if finding and running:
            running |= {name: finding[name] for name in ("until", "value", "limit")}
        elif finding:
            running = finding
            findings[TOO_SOON, str(order.body.booking), order.name()] = finding
        if not finding or is_kept:
            running = None


def judge(world, sessions, findings):
    by_key = {}
    for order in world.of("booking"):
        by_key.setdefault(order.key, []).append(order)
    for orders in by_key.values():
        client = name_of(orders[0].body.client_token)
        own = [s for s in sessions if s.client == client and client != NOBODY]
        judge_booking(orders, own, world, findings)
