#!/usr/bin/python3
"""The ledger's truth, counted a second time from domain.md alone.

    oracle.py < trace        a trace: what ledger_order --trace wrote

For every seed of the trace it derives sessions and findings (R1 to R23 as far as
INTERVAL_TOO_SOON, INTERVAL_OVERDUE and CART_REUSE need them) and compares them with
the truth that the ledger gave. Prints one line for each difference; the last line
is "N seeds, N findings, N differences"; the exit status is 1 when there is one.

This is a second implementation, not a port: it looks at every pair of sessions, at
every morning and at every revision of every plan, and it knows nothing of the code
in gateway/. What the rules leave open is decided where it is used, in a comment
that begins with "Open:".
"""

import sys
from dataclasses import dataclass, field

from civil import day_of, morning

MINUTE = 60_000
HOUR = 60 * MINUTE
NEVER = 2**63 - 1

VISIT = 120 * MINUTE  # R13
LOST_AFTER = 4 * HOUR  # SESSION_ORPHAN
MIN_DAYS = 28  # 2.1
MAX_DAYS = 42  # 2.1
MEDIUM_AFTER = 14  # INTERVAL_OVERDUE
COMPLETED_ACTIVE_MS = 300_000  # R12
COMPLETED_PULSES = 50  # R12

TOO_SOON, OVERDUE, REUSE = "101", "103", "401"
LOW, MEDIUM, HIGH, CRITICAL = 2, 3, 4, 5
END_COMPLETED = 1
ROLLER = 3
PLAN_ACTIVE = 1
ZONE_UNKNOWN = 1


# --- what the inputs say -------------------------------------------------------------------


@dataclass
class Message:
    kind: str
    source: str
    boot: int
    seq: int
    ts: int
    is_test: bool
    sid: str
    fields: list

    def order(self):
        return (self.ts, self.source, self.boot, self.seq)


@dataclass
class Plan:
    ts: int
    key: str
    revision: int
    course: int
    client: str
    state: int
    planned: int
    min_days: int
    max_days: int


@dataclass
class Mount:
    """A cartridge in a slot, from its attach on."""

    cart: tuple
    slot: int
    tip_used: int
    at: int
    until: int = NEVER
    is_replaced: bool = False
    is_exposed: bool = False
    order: tuple = ()


@dataclass
class Session:
    sid: str
    source: str
    messages: list
    order: tuple = ()
    start: int = 0
    end: int = 0
    client: str = "-"
    course: int = 0
    modality: int = 0
    zones: int = 0
    is_active: bool = False
    is_lost: bool = False
    is_exposing: bool = False
    is_completed: bool = False
    span: tuple = None
    mounts: list = field(default_factory=list)
    visit: object = None

    def name(self):
        return f"{self.sid}/{self.source}"

    def day(self):
        return day_of(self.start)


def last_moment(message):
    """Open: a batch of samples lasts until its last sample."""
    moments = [message.ts]
    if message.kind == "SAMPLES":
        moments += [message.ts + int(entry.split(":")[0]) for entry in message.fields]
    if message.kind == "PULSES":
        moments += [message.ts + int(entry) for entry in message.fields]
    return max(moments)


def exposing_moments(messages):
    moments = []
    for message in messages:
        if message.kind == "SAMPLES":
            for entry in message.fields:
                dt, active = entry.split(":")
                if int(active) > 0:
                    moments.append(message.ts + int(dt))
        if message.kind == "PULSES":
            moments += [message.ts + int(entry) for entry in message.fields]
    return moments


def next_start(session, starts):
    """R23: the device's first START of another session after this one began.

    Open: a test is a START too, the device treats nobody else meanwhile.
    """
    later = [
        m.ts
        for m in starts
        if m.source == session.source and m.sid != session.sid
        and m.order() > session.order
    ]
    return min(later, default=NEVER)


def derive_times(session, device_starts, now):
    starts = [m for m in session.messages if m.kind == "START"]
    ends = [m for m in session.messages if m.kind == "END"]
    first = min(starts or session.messages, key=Message.order)
    session.order = first.order()
    session.start = first.ts
    if starts:
        client, course, modality, zones = first.fields
        session.client = client
        session.course = int(course)
        session.modality = int(modality)
        session.zones = int(zones)
    if ends:
        last = max(ends, key=Message.order)
        end_ts = last.fields[3]
        session.end = last.ts if end_ts == "-" else int(end_ts)
        return last
    session.end = max(last_moment(m) for m in session.messages)
    lost_at = min(session.end + LOST_AFTER, next_start(session, device_starts))
    session.is_lost = now >= lost_at
    session.is_active = not session.is_lost
    return None


def derive_exposure(session, end):
    """R12."""
    moments = exposing_moments(session.messages)
    active_ms = sum(
        int(entry.split(":")[1])
        for m in session.messages if m.kind == "SAMPLES" for entry in m.fields
    )
    pulses = sum(len(m.fields) for m in session.messages if m.kind == "PULSES")
    if end:
        # Open: a sum that the END leaves out is missing, not zero: the stream's counts.
        reason, end_active_ms, end_pulses, _ = end.fields
        active_ms = active_ms if end_active_ms == "-" else max(active_ms, int(end_active_ms))
        pulses = pulses if end_pulses == "-" else max(pulses, int(end_pulses))
        session.is_completed = int(reason) == END_COMPLETED and (
            active_ms >= COMPLETED_ACTIVE_MS or pulses >= COMPLETED_PULSES
        )
    session.is_exposing = active_ms > 0 or pulses > 0 or session.is_lost
    if moments:
        session.span = (min(moments), max(moments))
    elif session.is_exposing:
        session.span = (session.start, session.end)


def derive_mounts(session):
    """Who sits in which slot, message by message."""
    for message in sorted(session.messages, key=Message.order):
        if message.kind not in ("ATTACH", "DETACH"):
            continue
        slot, gtin, serial, tip_used = message.fields
        for mount in session.mounts:
            if mount.slot == int(slot) and mount.until == NEVER:
                mount.until = message.ts
                mount.is_replaced = True
        if message.kind == "ATTACH":
            session.mounts.append(
                Mount((gtin, serial), int(slot), int(tip_used), message.ts,
                      order=message.order())
            )
    for mount in session.mounts:
        if mount.until == NEVER and not session.is_active:
            mount.until = max(session.end, mount.at)
        if session.span:
            first, last = session.span
            mount.is_exposed = mount.at <= last and mount.until >= first


def derive_sessions(messages, now):
    by_name = {}
    device_starts = [m for m in messages if m.kind == "START"]
    for message in messages:
        if message.sid != "-" and not message.is_test:  # R22
            by_name.setdefault((message.source, message.sid), []).append(message)
    sessions = []
    for (source, sid), own in by_name.items():
        session = Session(sid, source, own)
        end = derive_times(session, device_starts, now)
        derive_exposure(session, end)
        derive_mounts(session)
        sessions.append(session)
    sessions.sort(key=lambda s: s.order)
    return sessions


# --- visits (R13) ----------------------------------------------------------------------------


def derive_visits(sessions):
    for i, session in enumerate(sessions):
        session.visit = session
        if session.client == "-":
            continue
        for earlier in sessions[:i]:
            if earlier.client != session.client or earlier.is_completed:
                continue
            if session.start <= earlier.end + VISIT:
                session.visit = earlier.visit


# --- plans -------------------------------------------------------------------------------------


def plans_at(plans, moment):
    """Domain 9.4: of each key the highest revision whose ts is not later."""
    current = {}
    for plan in plans:
        if plan.ts > moment:
            continue
        if plan.key not in current or plan.revision > current[plan.key].revision:
            current[plan.key] = plan
    return list(current.values())


def plan_of_course(plans, course, client, moment):
    for plan in plans_at(plans, moment):
        if plan.course == course and plan.client == client:
            return plan
    return None


# --- INTERVAL_TOO_SOON ---------------------------------------------------------------------------


def required_days(session, plans):
    """R15: raised, never lowered, by the plan."""
    if session.course:
        plan = plan_of_course(plans, session.course, session.client, session.start)
        return max(MIN_DAYS, plan.min_days if plan else 0)
    days = [
        plan.min_days
        for plan in plans_at(plans, session.start)
        if plan.client == session.client and plan.state == PLAN_ACTIVE
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
        if session.client == "-":
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


# --- INTERVAL_OVERDUE ------------------------------------------------------------------------------


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
    courses = {(s.course, s.client) for s in sessions if s.course and s.client != "-"}
    for course, client in courses:
        own = [s for s in sessions if s.course == course and s.client == client]
        exposing = [s for s in own if s.is_exposing]
        for i, last in enumerate(exposing):
            done = sum(s.is_completed for s in exposing[: i + 1])
            following = exposing[i + 1] if i + 1 < len(exposing) else None
            finding = judge_after(last, following, done, plans, now)
            if finding:
                findings[OVERDUE, str(course), last.name()] = finding


# --- CART_REUSE ---------------------------------------------------------------------------------------


def earlier_exposures(session, mount, sessions):
    """Open: where two visits overlap, the one that attached the cartridge first is
    the earlier one."""
    return [
        other
        for other in sessions
        if other.visit is not session.visit and any(
            m.cart == mount.cart and m.is_exposed and m.order < mount.order
            for m in other.mounts)
    ]


def is_continuation(session, mount, sessions):
    """Open: only what this visit did with the cartridge explains its pulses."""
    return any(
        m.cart == mount.cart and m.is_exposed and m.order < mount.order
        for other in sessions if other.visit is session.visit for m in other.mounts
    )


def judge_mount(session, mount, sessions):
    if mount.cart[1] == "-":
        return None  # CART_UNKNOWN instead
    exposures = earlier_exposures(session, mount, sessions)
    is_tip_used = mount.tip_used > 0 and not is_continuation(session, mount, sessions)
    if not exposures and not is_tip_used:
        return None
    is_same = bool(exposures) and session.client != "-" and all(
        other.client == session.client for other in exposures
    )
    return {
        "from": mount.at, "until": mount.until,
        "severity": HIGH if is_same else CRITICAL,
        # Open: the number of earlier visits, or what only the tip's counter knows.
        "value": len({id(other.visit) for other in exposures}) or mount.tip_used, "limit": 0,
        "latched": 0 if mount.is_replaced and not mount.is_exposed else 1,
        "day": day_of(session.start),
    }


def judge_reuse(sessions, findings):
    for session in sessions:
        if session.modality == ROLLER:
            continue  # ROLLER_LIFE instead
        for mount in session.mounts:
            finding = judge_mount(session, mount, sessions)
            if not finding:
                continue
            key = REUSE, session.name(), f"{mount.cart[0]}/{mount.cart[1]}#{mount.slot}"
            if key in findings:
                known = findings[key]
                known["until"] = max(known["until"], finding["until"])
                known["latched"] = max(known["latched"], finding["latched"])
            else:
                findings[key] = finding


# --- the comparison ----------------------------------------------------------------------------------------


def truth_of(world):
    sessions = derive_sessions(world.messages, world.now)
    derive_visits(sessions)
    findings = {}
    judge_too_soon(sessions, world.plans, findings)
    judge_overdue(sessions, world.plans, world.now, findings)
    judge_reuse(sessions, findings)
    return sessions, findings


FINDING_FIELDS = ("from", "until", "severity", "value", "limit", "latched", "day")


def parse_finding(line):
    check, subject, onset, *rest = line.split(" ")[1:]
    values = dict(zip(rest[::2], map(int, rest[1::2])))
    return (check, subject, onset), values


def session_text(session):
    return (f"client {session.client} course {session.course} zones {session.zones} "
            f"start {session.start} end {session.end} day {session.day()}")


def stored_session_text(line):
    words = line.split(" ")
    values = dict(zip(words[2::2], words[3::2]))
    return words[1], " ".join(
        f"{name} {values[name]}" for name in ("client", "course", "zones", "start", "end", "day")
    )


def compare(world):
    sessions, findings = truth_of(world)
    judged = tuple(f"finding {check} " for check in (TOO_SOON, OVERDUE, REUSE))
    stored = dict(parse_finding(line) for line in world.truth if line.startswith(judged))
    lines = []
    for key in sorted(findings.keys() | stored.keys()):
        mine, theirs = findings.get(key), stored.get(key)
        if mine is None or theirs is None:
            lines.append(f"{' '.join(key)}: only {'the ledger' if mine is None else 'the oracle'}"
                         f" has it: {mine or theirs}")
            continue
        wrong = [name for name in FINDING_FIELDS if mine[name] != theirs[name]]
        if wrong:
            lines.append(f"{' '.join(key)}: " + ", ".join(
                f"{name} is {theirs[name]}, the oracle says {mine[name]}" for name in wrong))
    tests = {f"{m.sid}/{m.source}" for m in world.messages if m.is_test}
    known = dict(map(stored_session_text,
                     (line for line in world.truth if line.startswith("session "))))
    for session in sessions:
        text = known.pop(session.name(), "missing")
        if text != session_text(session):
            lines.append(f"session {session.name()}: {text}; the oracle says {session_text(session)}")
    lines += [f"session {name}: the oracle does not know it" for name in known
              if name not in tests]
    return lines, len(findings)


# --- the trace -----------------------------------------------------------------------------------------------


@dataclass
class World:
    seed: int
    now: int = 0
    messages: list = field(default_factory=list)
    plans: list = field(default_factory=list)
    truth: list = field(default_factory=list)


def read_message(world, kind, words):
    source, boot, seq, ts, is_test, sid, *fields = words
    world.messages.append(
        Message(kind, source, int(boot), int(seq), int(ts), is_test == "1", sid, fields))


def worlds(lines):
    world = None
    for line in lines:
        kind, _, rest = line.rstrip("\n").partition(" ")
        if kind == "seed":
            world = World(int(rest))
        elif kind == "now":
            world.now = int(rest)
        elif kind == "truth":
            world.truth.append(rest)
        elif kind == "PLAN":
            ts, key, revision, course, client, *numbers = rest.split(" ")
            world.plans.append(
                Plan(int(ts), key, int(revision), int(course), client, *map(int, numbers)))
        elif kind == "done":
            yield world
        else:
            read_message(world, kind, rest.split(" "))


def main():
    seeds = findings = differences = 0
    for world in worlds(sys.stdin):
        lines, count = compare(world)
        seeds += 1
        findings += count
        differences += len(lines)
        for line in lines:
            print(f"seed {world.seed}: {line}")
    print(f"{seeds} seeds, {findings} findings, {differences} differences")
    return 1 if differences or not seeds else 0


if __name__ == "__main__":
    sys.exit(main())
