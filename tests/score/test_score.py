"""A few short years, planned and judged: nothing missed, false, late, or answered wrongly. And
that the score would tell: a check that is off, a plan that is wrong in one line.

Again, alone, with its stories: tests/score/run --seeds 3..3 --days 60 (CAREPACE_BUILD_DIR).
"""

import json
import os
import shutil
from pathlib import Path

import pytest

from score import OBSERVED, plan_year, replay, score_store

BUILD = Path(os.environ["CAREPACE_BUILD_DIR"])
CAREPACE = BUILD / "carepace"
DEVICE_SIM = BUILD / "device-sim"
SEEDS = range(1, 4)
CLINICS, DAYS = 3, 60
# Planned in every year of that length: a start, a sample, a timer.
CERTAIN = ("AFTERCARE_OPEN", "COURSE_COMPLETE")


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    """For stores that need not survive a power cut."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path_factory.mktemp("score")
        return
    path = Path(f"/dev/shm/carepace-score-{os.getpid()}")
    path.mkdir()
    yield path
    shutil.rmtree(path)


def judge(log):
    store = log.with_suffix(".store")
    store.mkdir()
    replay(CAREPACE, log, store)
    return store


def score_of(log, plan=None):
    return score_store(CAREPACE, log.stem, plan or log.with_suffix(".expected.jsonl"),
                       log.with_suffix(".store"))


@pytest.fixture(scope="module")
def years(memory):
    """Logs by seed, judged."""
    logs = {seed: plan_year(DEVICE_SIM, memory / str(seed), seed, CLINICS, DAYS)
            for seed in SEEDS}
    for log in sum(logs.values(), []):
        judge(log)
    return logs


@pytest.mark.parametrize("seed", SEEDS)
def test_nothing_is_missed_false_late_or_answered_wrongly(years, seed):
    for log in years[seed]:
        score = score_of(log)
        assert score.planned > 100 and score.verdicts > 80
        assert not score.stories()


@pytest.mark.parametrize("check", CERTAIN)
def test_a_check_that_is_off_is_missed(memory, check):
    """Negative control."""
    log = plan_year(DEVICE_SIM, memory / check, 1, 1, 40, "--off", check)[0]
    judge(log)
    score = score_of(log)
    assert score.missed and all(check in story for story in score.missed)
    assert not score.false and not score.late


def rewrite(log, path, change):
    """The plan with one of its lines changed; None takes it out."""
    lines = log.with_suffix(".expected.jsonl").read_text(encoding="utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    path.write_text("".join(json.dumps(entry) + "\n" for entry in change(entries)),
                    encoding="utf-8")
    return path


def first_alert(entries):
    return next(entry for entry in entries
                if entry.get("check") not in (None, *OBSERVED) and not entry["optional"])


def without(entries):
    entries.remove(first_alert(entries))
    return entries


def with_one_more(entries):
    return [*entries, first_alert(entries) | {"onset": "nobody"}]


def with_another_severity(entries):
    first_alert(entries)["severity"] = "CRITICAL"
    return entries


def a_minute_sooner(entries):
    first_alert(entries)["raised_ms"] -= 60_000
    return entries


def with_another_answer(entries):
    next(entry for entry in entries if "verdict" in entry)["verdict"] = "deny"
    return entries


@pytest.mark.parametrize("change, kind", [
    (without, "false"),
    (with_one_more, "missed"),
    (with_another_severity, "missed"),
    (a_minute_sooner, "late"),
    (with_another_answer, "wrong_verdicts"),
])
def test_a_plan_that_is_wrong_in_one_line_is_told(years, tmp_path, change, kind):
    """Negative control."""
    log = years[SEEDS[0]][0]
    score = score_of(log, rewrite(log, tmp_path / "plan", change))
    assert len(getattr(score, kind)) == 1
    assert len(score.stories()) == 1
