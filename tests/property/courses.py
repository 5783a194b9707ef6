"""Domain 8.1: plans, courses, maintenance."""

from civil import day_of, morning
from inputs import NOBODY, holding, name_of
from sessions import NEVER
from spacing import MIN_DAYS, PLAN_ACTIVE, plan_of_course

LAPSED, PLAN_RANGE, COUNT_OVER = "104", "105", "106"
MIN_REACHED, COMPLETE, MAINT_DUE, MAINT_OVERDUE = "107", "108", "109", "110"
NO_PLAN, MISMATCH = "111", "113"
INFO, LOW, MEDIUM = 1, 2, 3
MAINTENANCE = 2
RF = 4
PLAN_CLOSED = 3
ALL = None  # mornings

BANDS = {1: (1, 1), 2: (3, 4), 3: (5, 6), 4: (7, 8)}  # 2.2
MOST = 8  # COURSE_COUNT_OVER
LAPSED_DAYS = 180
STRONG_BANDS = (3, 4)  # MOD_SEVERE, TRANSFORM
HOME_ROLLER, TRADITIONAL = 1 << 5, 1 << 1 | 1 << 2 | 1 << 3


def at_start(session, severity, value=0, limit=0):
    return {"from": session.start, "severity": severity, "value": value, "limit": limit,
            "day": session.day()}


# --- plans themselves ------------------------------------------------------------------------


def mismatch(plan):
    """(value, limit). Open: of a plan that is closed nothing is wrong any more."""
    kinds = plan.modalities
    is_weak = kinds and (not kinds & ~HOME_ROLLER or not kinds & ~TRADITIONAL)
    is_wrong = plan.band in STRONG_BANDS and plan.state != PLAN_CLOSED and is_weak
    return (0, 0) if is_wrong else None


def out_of_range(plan):
    """(value, limit). Open: a plan that does not say how many plans none."""
    low, high = BANDS.get(plan.band, (0, NEVER))
    if plan.state == PLAN_CLOSED or low <= plan.planned <= high:
        return None
    return plan.planned, low if plan.planned < low else high


def judge_plans(world, findings):
    """Open: revisions for one client with the same fault, one after the other, are one
    finding: it began with the first and says what the last one says. One that never counts
    says nothing."""
    plans = world.of("plan")
    for key in {order.key for order in plans}:
        own = sorted((o for o in plans if o.key == key and o.ts <= world.now),
                     key=lambda o: o.revision)
        own = [o for o in own if o in holding(plans, o.ts)]
        for check, severity, fault in ((PLAN_RANGE, LOW, out_of_range),
                                       (MISMATCH, INFO, mismatch)):
            known = client = None
            for order in own:
                wrong = fault(order.body)
                if not wrong:
                    known = None
                    continue
                if known is None or client != order.body.client_token:
                    client = order.body.client_token
                    known = {"from": order.ts, "severity": severity}
                    findings[check, str(order.body.course), order.name()] = known
                known |= {"value": wrong[0], "limit": wrong[1]}


# --- sessions against plans -------------------------------------------------------------------


def completed_before(session, sessions):
    return sum(s.is_completed for s in sessions
               if s.course == session.course and s.client == session.client
               and s.order < session.order)


def judge_count(session, sessions, plans, findings):
    # Open: a session that does not say its phase counts as one of the series.
    if not session.said or session.said.phase == MAINTENANCE or not session.course:
        return
    plan = plan_of_course(plans, session.course, session.client, session.start)
    most = min(MOST, BANDS.get(plan.band, (0, MOST))[1] if plan else MOST)
    count = completed_before(session, sessions) + 1
    if count > most:
        findings[COUNT_OVER, session.name(), ""] = (
            at_start(session, MEDIUM, count, most) | {"latched": 1, "until": session.start})


def judge_progress(session, sessions, plans, findings):
    plan = plan_of_course(plans, session.course, session.client, session.end)
    if not session.is_completed or not session.course or not plan:
        return
    count = completed_before(session, sessions) + 1
    reached = {"from": session.end, "until": session.end, "severity": INFO, "value": count,
               "limit": count, "latched": 0}
    key = str(session.course), session.name()
    if count == BANDS.get(plan.band, (0, 0))[0]:
        findings[MIN_REACHED, *key] = reached
    if count == plan.planned:
        findings[COMPLETE, *key] = reached


def judge_sessions(world, sessions, findings):
    plans = world.of("plan")
    for session in sessions:
        if session.client == NOBODY:
            continue
        judge_count(session, sessions, plans, findings)
        judge_progress(session, sessions, plans, findings)
        if not any(p.body.state == PLAN_ACTIVE and name_of(p.body.client_token) == session.client
                   for p in holding(plans, session.start)):
            findings[NO_PLAN, session.name(), ""] = at_start(session, INFO)


# --- mornings (R7) ---------------------------------------------------------------------------


def maintenance_days(plan, last):
    """(due, overdue). Open: what the professional set is never below 28 or min_days either."""
    least = max(MIN_DAYS, plan.min_days)
    if plan.maint_days:
        due = max(plan.maint_days, least)
        return due, 2 * due
    due, overdue = (180, 365) if last.modality == RF else (90, 180)
    return max(due, least), max(overdue, least)


def true_on(day, last, done, plan):
    """The checks that are true on a morning of the course whose last session that was."""
    days = day - last.day()
    if not plan or plan.state != PLAN_ACTIVE or not plan.planned:
        return set()
    if done < plan.planned:
        return {LAPSED} if days > LAPSED_DAYS else set()
    due, overdue = maintenance_days(plan, last)
    return {check for check, is_true in
            ((MAINT_DUE, days >= due), (MAINT_OVERDUE, days > overdue)) if is_true}


def is_planned_anew(plans, client, last, moment):
    """COURSE_LAPSED clears by a new plan, whatever is new about it."""
    return any(name_of(p.body.client_token) == client and last.start < p.ts <= moment
               for p in plans)


def mornings(world, sessions):
    """Every (check, course, 06:00) at which a check of a clock of days is true, and every
    (course, 06:00) that is open: news in the course of the day counts from 06:00 on."""
    plans, found, open_days = world.of("plan"), set(), set()
    courses = {(s.course, s.client) for s in sessions if s.course and s.client != NOBODY}
    for course, client in courses:
        own = [p for p in plans if p.body.course == course]
        open_days |= {(str(course), morning(day_of(p.ts))) for p in own}
        if not all(p.body.planned for p in own):  # Open: complete before it began?
            open_days.add((str(course), ALL))
            continue
        exposing = [s for s in sessions
                    if (s.course, s.client) == (course, client) and s.is_exposing]
        for i, last in enumerate(exposing):
            ends = exposing[i + 1].start if i + 1 < len(exposing) else NEVER
            done = sum(s.is_completed for s in exposing[: i + 1])
            day = last.day() + 1
            while morning(day) <= min(world.now, ends - 1):
                plan = plan_of_course(plans, course, client, morning(day))
                true = true_on(day, last, done, plan)
                found |= {(check, str(course), morning(day)) for check in true}
                if LAPSED in true and is_planned_anew(plans, client, last, morning(day)):
                    open_days.add((str(course), morning(day)))
                day += 1
    return found, open_days
