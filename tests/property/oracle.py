#!/usr/bin/python3
"""The ledger's truth, counted a second time from domain.md alone.

    oracle.py < trace        a trace: what ledger_order --trace wrote

For every seed of the trace it derives sessions and findings (R1 to R23 as far as
the checks below need them) and compares them with
the truth that the ledger gave. Prints one line for each difference; the last line
is "N seeds, N findings, N differences"; the exit status is 1 when there is one.

This is a second implementation, not a port: it looks at every pair of sessions, at
every morning and at every revision of every plan, and it knows nothing of the code
in gateway/. What the rules leave open is decided where it is used, in a comment
that begins with "Open:".
"""

import sys

import billing
import bookings
import cartridges
import courses
import devices
import doses
import eligibility
import spacing
from civil import day_of, morning
from inputs import worlds
from sessions import derive_sessions, derive_visits

# Compared finding by finding, in the fields that the oracle says.
JUDGED = (
    spacing.TOO_SOON, spacing.OVERDUE, bookings.TOO_SOON, cartridges.REUSE, cartridges.EXPIRED,
    billing.UNBILLED, billing.UNUSED,
    courses.PLAN_RANGE, courses.COUNT_OVER, courses.MIN_REACHED, courses.COMPLETE,
    courses.NO_PLAN, courses.MISMATCH,
    eligibility.ABSOLUTE, eligibility.RELATIVE, eligibility.IMPLANT, eligibility.ADVISE,
    eligibility.ISOTRETINOIN, eligibility.WASHOUT, eligibility.AGE, eligibility.SCREENING,
    eligibility.UNCERTIFIED, eligibility.EXPIRED,
    doses.PASSES, doses.STOP, doses.LONG, doses.SHORT, doses.DOSE, doses.OVERLAP,
    doses.OPERATOR_OVERLAP,
)
# Compared by being true or not at every 06:00: whatever started the clock.
BY_MORNING = (
    courses.LAPSED, courses.MAINT_DUE, courses.MAINT_OVERDUE, devices.DUE_SOON, devices.PM,
    devices.CALIBRATION, devices.ELEC_SAFETY, devices.INSPECTION,
)


# --- the comparison ------------------------------------------------------------------------------


def truth_of(world, sessions, untold):
    findings = {}
    spacing.judge_too_soon(sessions, world.of("plan"), findings)
    spacing.judge_overdue(sessions, world.of("plan"), world.now, findings)
    courses.judge_plans(world, findings)
    courses.judge_sessions(world, sessions, findings)
    cartridges.judge_reuse(sessions, findings)
    cartridges.judge_expired(sessions, findings)
    eligibility.judge(world, sessions, findings, untold)
    bookings.judge(world, sessions, findings)
    billing.judge(world, sessions, findings)
    doses.judge(world, sessions, findings, untold)
    return findings


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


def findings_of(world, checks):
    starts = tuple(f"finding {check} " for check in checks)
    return dict(parse_finding(line) for line in world.truth if line.startswith(starts))


def compare_findings(world, findings, untold, tests):
    findings = {key: finding for key, finding in findings.items() if key[:2] not in untold}
    stored = {key: finding for key, finding in findings_of(world, JUDGED).items()
              if key[:2] not in untold and key[1] not in tests}
    for key in sorted(findings.keys() | stored.keys()):
        mine, theirs = findings.get(key), stored.get(key)
        if mine is None or theirs is None:
            yield (f"{' '.join(key)}: only {'the ledger' if mine is None else 'the oracle'}"
                   f" has it: {mine or theirs}")
            continue
        wrong = [name for name in mine if mine[name] != theirs[name]]
        if wrong:
            yield f"{' '.join(key)}: " + ", ".join(
                f"{name} is {theirs[name]}, the oracle says {mine[name]}" for name in wrong)


def compare_mornings(world, sessions):
    of_courses, of_devices = courses.mornings(world, sessions), devices.mornings(world)
    mine = of_courses[0] | of_devices[0]
    open_days = of_courses[1] | of_devices[1]
    theirs = set()
    for (check, subject, _), finding in findings_of(world, BY_MORNING).items():
        day = day_of(finding["from"])
        while morning(day) < min(finding["until"], world.now + 1):
            if morning(day) >= finding["from"]:
                theirs.add((check, subject, morning(day)))
            day += 1
    for who, only in (("oracle", mine - theirs), ("ledger", theirs - mine)):
        only = {(check, subject, at) for check, subject, at in only
                if not {(subject, at), (subject, courses.ALL)} & open_days}
        for check, subject in sorted({(check, subject) for check, subject, _ in only}):
            days = sorted(at for c, s, at in only if (c, s) == (check, subject))
            yield (f"{check} {subject}: true only for the {who} on {len(days)} mornings from"
                   f" {days[0]} to {days[-1]}")


def compare_sessions(world, sessions, tests):
    known = dict(map(stored_session_text,
                     (line for line in world.truth if line.startswith("session "))))
    for session in sessions:
        text = known.pop(session.name(), "missing")
        if text != session_text(session):
            yield f"session {session.name()}: {text}; the oracle says {session_text(session)}"
    for name in known:
        if name not in tests:
            yield f"session {name}: the oracle does not know it"


def compare(world):
    sessions = derive_sessions(world.messages, world.now)
    derive_visits(sessions)
    # R22: what was only a test has findings of its own, and no history.
    tests = {f"{m.sid}/{m.source}" for m in world.messages if m.is_test}
    tests -= {session.name() for session in sessions}
    untold = set()
    # Their alerts are marked, and whether they or a real one spoke first is not asked.
    untold |= {(doses.STOP, f"{m.sid}/{m.source}")
               for m in world.messages if m.is_test and m.kind == "estop"}
    findings = truth_of(world, sessions, untold)
    lines = [*compare_sessions(world, sessions, tests),
             *compare_findings(world, findings, untold, tests),
             *compare_mornings(world, sessions)]
    return lines, len(findings)


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
