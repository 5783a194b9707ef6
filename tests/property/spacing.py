"""Domain 8.1: spacing and courses."""

from civil import day_of, morning
from inputs import NOBODY, holding, name_of
from sessions import NEVER

MIN_DAYS = 28  # 2.1
MAX_DAYS = 42  # 2.1
MEDIUM_AFTER = 14  # INTERVAL_OVERDUE

TOO_SOON, OVERDUE = "101", "103"
LOW, MEDIUM, HIGH = 2, 3, 4
PLAN_ACTIVE = 1
ZONE_UNKNOWN = 1


# --- plans ------------------------------------------------------------------------------------


def plan_of_course(plans, course, client, moment):
    for plan in holding(plans, moment):
        if plan.body.course == course and name_of(plan.body.client_token) == client:
            return plan.body
    return None


# --- INTERVAL_TOO_SOON ------------------------------------------------------------------------


def required_days(session, plans):
    """R15: raised, never lowered, by the plan."""
    if session.course:
        plan = plan_of_course(plans, session.course, session.client, session.start)
        return max(MIN_DAYS, plan.min_days if plan else 0)
    days = [
        plan.body.min_days
        for plan in holding(plans, session.start)
        if name_of(plan.body.client_token) == session.client and plan.body.state == PLAN_ACTIVE
    ]
    return max([MIN_DAYS] + days)


def zones_overlap(a, b):
    """R14."""
    if a == 0 or b == 0:
        return False  # missing: not evaluated (R16)
    return bool(a & b) or bool(a & ZONE_UNKNOWN) or bool(b & ZONE_UNKNOWN)


def judged_zones(session, sessions):
    """R13: of a continuation only what the visit did not have yet."""
    zones = session.zones
    for earlier in sessions:
        if earlier.order < session.order and earlier.visit is session.visit:
            zones &= ~earlier.zones
    return zones


def judge_too_soon(sessions, plans, findings):
    for session in sessions:
        if session.client == NOBODY:
            continue
        zones = judged_zones(session, sessions)
        required = required_days(session, plans)
        decisive = None
        for earlier in sessions:
            if earlier.order >= session.order or earlier.client != session.client:
                continue
            if earlier.visit is session.visit or not earlier.is_exposing:
                continue
            if not zones_overlap(zones, earlier.zones):
                continue
            if session.day() - earlier.day() >= required:
                continue
            if decisive is None or earlier.day() >= decisive.day():
                decisive = earlier
        if decisive is None:
            continue
        gap = session.day() - decisive.day()
        findings[TOO_SOON, session.name(), ""] = {
            "from": session.start, "until": session.start,
            "severity": HIGH if 2 * gap < required else MEDIUM,
            "value": gap, "limit": required, "latched": 1, "day": session.day(),
        }


# --- INTERVAL_OVERDUE -------------------------------------------------------------------------


def overdue_days(last, done, plans, moment):
    """(days, max) while overdue with the plan in force at that moment, else None."""
    plan = plan_of_course(plans, last.course, last.client, moment)
    if not plan or plan.state != PLAN_ACTIVE or done >= plan.planned:
        return None
    most = plan.max_days or MAX_DAYS
    days = day_of(moment) - last.day()
    return (days, most) if days > most else None


def overdue_step(days, most, day):
    # Open: the limit of the MEDIUM step is the one that made it MEDIUM.
    is_medium = days > most + MEDIUM_AFTER
    return {
        "severity": MEDIUM if is_medium else LOW, "value": days,
        "limit": most + MEDIUM_AFTER if is_medium else most, "day": day,
    }


def judge_after(last, following, done, plans, now):
    """The finding while `last` is the course's last exposing session.

    R7: looked at every morning at 06:00 and at every revision of a plan, though it
    counts from that morning on. Open: a revision that makes it true in the course of
    a day counts from 06:00 of that very day; one before 06:00 from 06:00 on. Another
    limit begins a new step, another revision with the same limit does not.
    """
    ends = following.start if following else NEVER
    moments = {p.ts for p in plans if last.start < p.ts < ends} | {ends}
    day = last.day()
    while morning(day) <= min(now, ends):
        moments.add(morning(day))
        day += 1

    finding, is_open = None, False
    for moment in sorted(m for m in moments if last.start < m <= now):
        over = overdue_days(last, done, plans, moment) if moment < ends else None
        if is_open and not over:
            finding["until"] = moment
            is_open = False
        today = day_of(moment)
        if not over or moment < morning(today):
            continue
        step = overdue_step(*over, today)
        if finding is None:
            finding = {"from": morning(today), "until": NEVER, "latched": 0} | step
        elif not is_open or any(finding[n] != step[n] for n in ("severity", "limit")):
            finding |= step
        finding["until"] = NEVER
        is_open = True
    return finding


def judge_overdue(sessions, plans, now, findings):
    courses = {(s.course, s.client) for s in sessions if s.course and s.client != NOBODY}
    for course, client in courses:
        own = [s for s in sessions if s.course == course and s.client == client]
        exposing = [s for s in own if s.is_exposing]
        for i, last in enumerate(exposing):
            done = sum(s.is_completed for s in exposing[: i + 1])
            following = exposing[i + 1] if i + 1 < len(exposing) else None
            finding = judge_after(last, following, done, plans, now)
            if finding:
                findings[OVERDUE, str(course), last.name()] = finding
