"""Counts what a suite left in its logs, for tests/run.

    report.py SUITE LOGS STATUS   ->   "passed failed skipped" on stdout

Reads SUITE.lines (checks), SUITE.ctest.xml (cmocka cases are counted one by one)
and SUITE.pytest.xml; writes failures and skips with their reasons to SUITE.notes, and
what the failed ones said last to SUITE.why.
A suite that counted nothing has failed (skipped when only the brief tests were
asked for), and so has one whose runner failed though no test says why: silence is
never success.
"""

import os
import re
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path


LAST_LINES = 25  # of what a failed test said


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = {}  # name: what it said
        self.skipped = []

    def fail(self, name, said=""):
        self.failed.setdefault(name, said.strip().splitlines()[-LAST_LINES:])


def count_lines(text, tally):
    """What tests/check prints: PASS, FAIL or SKIP, then words; EXIT from tests/run."""
    has_failed = False
    for line in text.splitlines():
        word, _, rest = line.partition(" ")
        if word == "PASS":
            tally.passed += 1
        elif word == "FAIL":
            tally.fail(rest)
            has_failed = True
        elif word == "SKIP":
            tally.skipped.append(rest)
        elif word == "EXIT":
            if not has_failed:
                tally.fail(rest + ": ended without saying why")
            has_failed = False


def count_cmocka(name, output, tally):
    """True when the output was cmocka's. It names a failed case twice."""
    ok = re.findall(r"^\[ +OK \] ", output, re.M)
    failed = re.findall(r"^\[ +FAILED +\] (?!\d+ test)(\S+)", output, re.M)
    skipped = re.findall(r"(?:^(.*)\n)?^\[ +SKIPPED \] (?!\d+ test)(\S+)", output, re.M)
    tally.passed += len(ok)
    for case in failed:
        tally.fail(f"{name}: {case}", output)
    for reason, case in skipped:
        entry = f"{name}: {case}: {reason.strip()}"
        if not any(known.startswith(f"{name}: {case}:") for known in tally.skipped):
            tally.skipped.append(entry)
    return bool(ok or failed or skipped)


def count_ctest(text, tally):
    for case in ElementTree.fromstring(text).iter("testcase"):
        name, status = case.get("name"), case.get("status")
        before = len(tally.failed)
        output = case.findtext("system-out") or ""
        is_cmocka = count_cmocka(name, output, tally)
        if status == "fail":
            if len(tally.failed) == before:
                tally.fail(name, output)  # a crash, a sanitizer, a time limit
        elif status in ("notrun", "disabled") or case.find("skipped") is not None:
            note = case.find("skipped")
            reason = note.get("message", "") if note is not None else ""
            if status == "notrun" and "skip" not in reason.lower():
                tally.fail(f"{name}: not run: {reason}")
            else:
                tally.skipped.append(f"{name}: {reason}")
        elif not is_cmocka:
            tally.passed += 1


def count_pytest(text, tally):
    for case in ElementTree.fromstring(text).iter("testcase"):
        name = f"{case.get('classname')}: {case.get('name')}"
        skip = case.find("skipped")
        bad = [*case.iter("failure"), *case.iter("error")]
        if bad:
            tally.fail(name, "\n".join(element.text or "" for element in bad))
        elif skip is not None:
            tally.skipped.append(f"{name}: {skip.get('message')}")
        else:
            tally.passed += 1


def main():
    suite, logs, status = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    tally = Tally()
    for suffix, count in (
        ("lines", count_lines),
        ("ctest.xml", count_ctest),
        ("pytest.xml", count_pytest),
    ):
        path = logs / f"{suite}.{suffix}"
        if path.exists():
            count(path.read_text(errors="replace"), tally)
    if tally.passed + len(tally.failed) + len(tally.skipped) == 0:
        if os.environ.get("CAREPACE_QUICK") and status == 0:
            tally.skipped.append(f"{suite}: all of it is long")
        else:
            tally.fail(f"{suite}: no test ran")
    if status != 0 and not tally.failed:
        tally.fail(f"{suite}: the runner failed, see {logs}/{suite}.log")
    notes = [f"FAILED {name}" for name in tally.failed]
    notes += [f"skipped {name}" for name in tally.skipped]
    (logs / f"{suite}.notes").write_text("".join(note + "\n" for note in notes))
    why = [f"--- {name}\n" + "".join(f"  {line}\n" for line in said)
           for name, said in tally.failed.items() if said]
    (logs / f"{suite}.why").write_text("".join(why))
    print(tally.passed, len(tally.failed), len(tally.skipped))


if __name__ == "__main__":
    main()
