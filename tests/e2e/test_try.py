"""deploy/try, the first command that a stranger types, on the programs under test."""

import os
import re
import signal
import subprocess
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway import SANITIZER
from head_office import wait_for

TRY = Path(__file__).parents[2] / "deploy" / "try"

pytestmark = pytest.mark.long


def left_behind(folder):
    """Command lines of processes that know the folder: everything that deploy/try starts does."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = entry.read_bytes().split(b"\0")
        except OSError:
            continue  # it has ended
        if any(os.fsencode(folder) in word for word in words):
            found.append(b" ".join(words).decode(errors="replace"))
    return found


def hear_interrupts():
    """Tests that run in the background inherit that SIGINT is ignored; bash cannot undo it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@contextmanager
def trying(folder, *options):
    """The running command and what it has said; its folders are made in `folder`."""
    said = folder / "said.txt"
    with said.open("wb") as output:
        process = subprocess.Popen([TRY, *options], stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, preexec_fn=hear_interrupts,
                                   env={**os.environ, "TMPDIR": str(folder)})
    try:
        yield process, said.read_text
    finally:
        process.kill()  # what it started is killed with it
        process.wait()


def ended(process, said, folder, limit_s):
    """Its exit status. If it does not end, who is it that does not?"""
    wait_for(lambda: process.poll() is not None,
             lambda: "\n".join([said(), "These run:", *left_behind(folder)]), limit_s)
    return process.returncode


def figures(text):
    """"  messages acknowledged   313" and the like."""
    return {name: int(count) for name, count in
            re.findall(r"^  (\S.*?) {2,}(\d+)(?: {3}.*)?$", text, re.MULTILINE)}


# What the stories of device-sim/plan.c and orders.c are about; on a machine without a time
# server the gateway's clock is in doubt until head office tells the time.
PLANNED = {"INTERVAL_TOO_SOON", "BOOKING_TOO_SOON", "INTERVAL_OVERDUE", "CART_REUSE", "ROLLER_LIFE",
           "DEPTH_OVER_ZONE", "CERT_EXPIRED", "PM_DUE_SOON", "PM_OVERDUE", "GW_CLOCK"}


def told_checks(text):
    return set(re.findall(r"head office +<- alert [0-9a-f]{8} \w+: ([A-Z_]+),", text))


def wait_open(process, said):
    wait_for(lambda: "starts a session" in said() or process.poll() is not None, said, 150)
    assert process.poll() is None, said()


def test_half_a_minute_shows_everything_and_leaves_nothing(tmp_path):
    with trying(tmp_path, "--seconds", "30", "--keep") as (process, said):
        assert ended(process, said, tmp_path, 150) == 0, said()
    text = said()
    counted = figures(text)
    for name in ("devices", "sessions", "messages acknowledged", "verdicts", "alerts raised"):
        assert counted[name] > 0, text
    assert counted["acknowledged but missing in the store"] == 0
    assert counted["alerts known at head office"] == counted["alerts raised"]
    for check in ("INTERVAL_TOO_SOON", "INTERVAL_OVERDUE", "CART_REUSE", "DEPTH_OVER_ZONE",
                  "CERT_EXPIRED", "PM_OVERDUE"):
        assert re.search(rf"head office +<- alert [0-9a-f]{{8}} raised: {check}, ", text), check
    assert told_checks(text) <= PLANNED, text  # every check is on: nothing else is wrong
    assert re.search(r"<- require override: INTERVAL_TOO_SOON, earliest \d+ \w+ \d{4}", text)
    assert re.search(r"Last treated \d+ days ago on the [\w ]+; at least 28 days are recommended", text)
    assert "no difference" in text
    for log in tmp_path.glob("carepace-try.*/*.log"):
        assert not SANITIZER.search(log.read_text(errors="replace")), log
    assert left_behind(tmp_path) == []


def test_an_interrupt_closes_the_clinic_and_a_second_one_runs_beside_it(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with trying(first) as (one, said_by_one), trying(second, "--seed", "5") as (two, said_by_two):
        wait_open(one, said_by_one)
        wait_open(two, said_by_two)
        wait_for(lambda: "overrides" in said_by_one(), said_by_one)
        one.send_signal(signal.SIGINT)
        wait_for(lambda: one.poll() is not None, said_by_one, 120)
        assert one.returncode == 0, said_by_one()
        assert figures(said_by_one())["acknowledged but missing in the store"] == 0
        assert list(first.glob("carepace-try.*")) == []
        assert left_behind(first) == []
        assert two.poll() is None, said_by_two()
        assert len(left_behind(second)) == 4  # broker, head office, gateway, simulator
        two.kill()
        wait_for(lambda: not left_behind(second), lambda: left_behind(second), 10)


def test_a_lost_message_is_found(tmp_path):
    """The negative control: a message that was acknowledged, it seems, and is not in the store."""
    with trying(tmp_path, "--seconds", "20") as (process, said):
        wait_open(process, said)
        (acked,) = tmp_path.glob("carepace-try.*/acked")
        with acked.open("a") as lines:
            lines.write(f"{'5a' * 16} 1 1 {'00' * 32}\n")
        assert ended(process, said, tmp_path, 120) == 1, said()
    assert "1 acknowledged messages are not in the store" in said()
    (kept,) = re.findall(r"^Kept: (.*)$", said(), re.MULTILINE)
    assert Path(kept, "missing").read_text().startswith("5a5a")
    assert left_behind(tmp_path) == []


@pytest.mark.parametrize("options", [["--seconds"], ["--seconds", "7"], ["--seconds", "ten"],
                                     ["--devices", "99"], ["--devices", "08"], ["--fast"], ["30"]])
def test_a_wrong_argument_gets_one_sentence(options):
    result = subprocess.run([TRY, *options], capture_output=True, text=True, timeout=20)
    assert result.returncode == 2
    assert re.fullmatch(r"deploy/try: .+\n", result.stderr)
    assert result.stdout == ""
