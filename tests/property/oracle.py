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

import cartridges
import spacing
from inputs import worlds
from sessions import derive_sessions, derive_visits

JUDGED = (spacing.TOO_SOON, spacing.OVERDUE, cartridges.REUSE)


# --- the comparison ----------------------------------------------------------------------------------------


def truth_of(world):
    sessions = derive_sessions(world.messages, world.now)
    derive_visits(sessions)
    findings = {}
    spacing.judge_too_soon(sessions, world.of("plan"), findings)
    spacing.judge_overdue(sessions, world.of("plan"), world.now, findings)
    cartridges.judge_reuse(sessions, findings)
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
    judged = tuple(f"finding {check} " for check in JUDGED)
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
