"""Holds what a gateway found in a planned year against the plan.

device-sim year writes, per clinic, a log and what must be found in it (the plan: no second
judge). `carepace replay` judges the log in virtual time; here both are compared:

    missed   planned, and not found, or found otherwise (severity, value, limit, from, until,
             final state), or never raised
    false    found, and not planned
    late     raised more than LATE_MS after the moment by which the plan wants it
    verdict  a start that was answered otherwise than planned
"""

import json
import subprocess
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

# A log is replayed in batches of a second, and what waited in a device comes within seconds.
LATE_MS = 5_000
EARLY_MS = 1_000
FLUSH_MS = 10_000  # what a device sends after an outage takes less
PAGE = 200

# What a gateway notices by its own clock (P4: observations): so late at most.
OBSERVED = ("DEVICE_OFFLINE", "SESSION_ORPHAN", "SEQ_GAP", "CLOCK_SKEW")
OBSERVED_MS = 1_100

COMPARED = ("severity", "value", "limit", "from_ms", "until_ms", "state")


@dataclass
class Score:
    """The differences, each a sentence with its story."""
    planned: int = 0
    verdicts: int = 0
    missed: list = field(default_factory=list)
    false: list = field(default_factory=list)
    late: list = field(default_factory=list)
    wrong_verdicts: list = field(default_factory=list)

    def add(self, other):
        self.planned += other.planned
        self.verdicts += other.verdicts
        for name in ("missed", "false", "late", "wrong_verdicts"):
            getattr(self, name).extend(getattr(other, name))

    def is_clean(self):
        return not (self.missed or self.false or self.late or self.wrong_verdicts)

    def stories(self):
        return [f"{kind}: {text}" for kind, texts in (
            ("missed", self.missed), ("false", self.false), ("late", self.late),
            ("verdict", self.wrong_verdicts)) for text in texts]


def ms_of(text):
    if text is None:
        return None
    return round(datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp() * 1000)


def when(ms):
    if ms is None:
        return "still"
    return datetime.utcfromtimestamp(ms / 1000).isoformat(sep=" ", timespec="milliseconds")


def key_of(alert):
    return alert["check"], alert["subject"], alert["onset"]


def ask(carepace, *arguments):
    """One JSON answer of the command line."""
    output = subprocess.run([carepace, *arguments, "--json"], check=True,
                            stdout=subprocess.PIPE).stdout
    return json.loads(output)


def replay(carepace, log, store):
    subprocess.run([carepace, "replay", log, "--store", store], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def found_alerts(carepace, store):
    """By key. Open and over, and those that were taken back."""
    found = {}
    for alert in ask(carepace, "alerts", "--all", "--store", store):
        alert["from_ms"] = ms_of(alert["from_at"])
        alert["until_ms"] = ms_of(alert["until_at"])
        alert["raised_ms"] = ms_of(alert["raised_at"])
        alert["cleared_ms"] = ms_of(alert["cleared_at"])
        found[key_of(alert)] = alert
    return found


def found_verdicts(carepace, store):
    """The last one that each session was given."""
    verdicts = {}
    after = []
    while True:
        page = ask(carepace, "sessions", "--limit", str(PAGE), *after, "--store", store)
        for session in page["sessions"]:
            verdicts[session["sid"]] = session["verdict"]
        if not page.get("next"):
            return verdicts
        after = ["--after", str(page["next"])]


def read_plan(path):
    alerts, verdicts = [], []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            (alerts if "check" in entry else verdicts).append(entry)
    return alerts, verdicts


def story_of(clinic, entry, more=""):
    name = " ".join(filter(None, (entry.get("check"), entry.get("subject", entry.get("session")),
                                  entry.get("onset"))))
    began = entry.get("from_ms", entry.get("start_ms", entry.get("raised_ms")))
    return f"{clinic}, {entry.get('persona', 'not planned')}, {when(began)}: {name}{more}"


def is_same(check, name, wanted, got, slack_ms):
    """How far a clock is off is a time, too."""
    is_time = name.endswith("_ms") or (check, name) == ("CLOCK_SKEW", "value")
    if wanted is None or got is None or not is_time:
        return wanted == got
    return abs(wanted - got) <= max(slack_ms, OBSERVED_MS if check in OBSERVED else 0)


def differences(planned, alert, slack_ms):
    """What the plan knows and the gateway says otherwise."""
    for name in COMPARED:
        if name in planned and not is_same(planned["check"], name, planned[name], alert[name],
                                           slack_ms):
            is_time = name.endswith("_ms")
            wanted, got = ((when(planned[name]), when(alert[name])) if is_time
                           else (planned[name], alert[name]))
            yield f"{name.removesuffix('_ms')} {got}, planned {wanted}"


def is_fleeting(alert, held, slack_ms):
    """Of a session whose messages came from a buffer, one by one: what was thought of it in
    between and over or taken back with the last of them."""
    if not any(name in (alert["subject"], alert["onset"]) for name in held):
        return False
    return alert["state"] == "RETRACTED" or (
        alert["cleared_ms"] is not None and alert["cleared_ms"] - alert["raised_ms"] <= FLUSH_MS + slack_ms)


def score_alerts(clinic, planned, found, held, slack_ms=0):
    """`held`: the names of sessions that came from a buffer."""
    score = Score(planned=len(planned))
    unplanned = dict(found)
    for entry in planned:
        alert = unplanned.pop(key_of(entry), None)
        if alert is None:
            if not entry["optional"]:
                score.missed.append(story_of(clinic, entry))
            continue
        other = list(differences(entry, alert, slack_ms))
        if other:
            score.missed.append(story_of(clinic, entry, " (" + "; ".join(other) + ")"))
        delay = alert["raised_ms"] - entry["raised_ms"]
        if delay > LATE_MS + slack_ms:
            score.late.append(story_of(clinic, entry, f" raised {delay} ms late"))
        elif delay < -EARLY_MS - slack_ms:
            score.false.append(story_of(clinic, entry, f" raised {-delay} ms before its time"))
    for alert in unplanned.values():
        if not is_fleeting(alert, held, slack_ms):
            score.false.append(story_of(clinic, alert, f" {alert['severity']} {alert['value']}/"
                                                       f"{alert['limit']} {alert['state']}"))
    return score


def score_verdicts(clinic, planned, found):
    score = Score(verdicts=len(planned))
    for entry in planned:
        wanted, got = entry.get("verdict"), found.get(entry["session"], "no such session")
        if wanted != got:
            score.wrong_verdicts.append(story_of(clinic, entry, f" {got}, planned {wanted}"))
    return score


def score_store(carepace, clinic, plan, store, slack_ms=0):
    """`slack_ms`: by so much a moment may be off, where time is not virtual."""
    alerts, verdicts = read_plan(plan)
    held = {entry["name"] for entry in verdicts if entry["held"]}
    found = {key: alert for key, alert in found_alerts(carepace, store).items()
             if not alert["check"].startswith("GW_")}  # the box itself is no part of the plan
    score = score_alerts(clinic, alerts, found, held, slack_ms)
    score.add(score_verdicts(clinic, verdicts, found_verdicts(carepace, store)))
    return score


def plan_year(device_sim, out, seed, clinics, days, *more):
    subprocess.run([device_sim, "year", "--out", out, "--seed", str(seed), "--clinics",
                    str(clinics), "--days", str(days), *more], check=True,
                   stdout=subprocess.DEVNULL)
    return sorted(Path(out).glob("*.log"))
