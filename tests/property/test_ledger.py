"""P2, P3, P4 over many seeds: one truth for any order, duplication, batching and restart;
equal to the recount; and, in plain worlds, equal to what oracle.py counts from domain.md
alone.

A failing seed is named with the lines that differ. Again, alone, with the fewest inputs:

    ledger_order --seeds 17..17 --shrink
    ledger_order --plain --seeds 17..17 --trace t; oracle.py < t

A campaign, in a fast build (results.md): CAREPACE_SEEDS=10000
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

BUILD = Path(os.environ["CAREPACE_BUILD_DIR"]) / "tests"
ORACLE = Path(__file__).with_name("oracle.py")
SEEDS = int(os.environ.get("CAREPACE_SEEDS", 20 if os.environ.get("CAREPACE_QUICK") else 40))
CONTROL_SEEDS = 8
SWEPT_SEEDS = 4
JOBS = os.cpu_count() or 1

# Many small allocations and forks: what the sanitizer keeps for its reports costs most.
FAST = "malloc_context_size=3:quarantine_size_mb=1"


@pytest.fixture
def folder(tmp_path):
    """For stores that need not survive a power cut."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    path = memory / f"carepace-property-{os.getpid()}"
    path.mkdir()
    yield path
    for left in path.iterdir():
        left.unlink()
    path.rmdir()


def start(program, folder, first, last, *more):
    environment = os.environ | {
        "ASAN_OPTIONS": ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), FAST]))}
    return subprocess.Popen(
        [BUILD / program, "--seeds", f"{first}..{last}", "--store", folder, *more],
        env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def ask_oracle(trace):
    return subprocess.run([sys.executable, ORACLE], input=trace, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def say(capsys, text):
    with capsys.disabled():
        print(f"\n{text}", end="")


def run_seeds(folder, options, *of_each_job):
    """All seeds, on all processors; each job has options of its own, too."""
    edges = [SEEDS * i // JOBS for i in range(JOBS + 1)]
    runs = [start("ledger_order", folder, low + 1, high, *options, *(o[i] for o in of_each_job))
            for i, (low, high) in enumerate(zip(edges, edges[1:]))]
    outputs = [run.communicate()[0] for run in runs]
    for run, output in zip(runs, outputs):
        assert run.returncode == 0, output[-4000:]
    assert SEEDS == sum(
        int(output.split(" seeds, 0 failed")[0].splitlines()[-1]) for output in outputs)


@pytest.mark.timeout(900 + SEEDS)
def test_one_truth_of_every_fact(folder, capsys):
    run_seeds(folder, [])
    say(capsys, f"{SEEDS} seeds, every kind of fact, one truth each")


@pytest.mark.timeout(900 + SEEDS)
def test_one_truth_whatever_clocks_say(folder, capsys):
    run_seeds(folder, ["--wrong-clocks"])
    say(capsys, f"{SEEDS} seeds with clocks that are off, one truth each")


@pytest.mark.timeout(900 + SEEDS)
def test_oracle_counts_the_same(folder, tmp_path, capsys):
    traces = [tmp_path / f"trace.{i}" for i in range(JOBS)]
    run_seeds(folder, ["--plain", "--trace"], traces)
    answer = ask_oracle("".join(trace.read_text() for trace in traces))
    assert answer.returncode == 0, answer.stdout[-4000:]
    assert answer.stdout.startswith(f"{SEEDS} seeds, ")
    say(capsys, f"the oracle: {answer.stdout.strip()}")


def test_what_if_is_what_would_have_been(folder, capsys):
    edges = [SEEDS * i // JOBS // 2 for i in range(JOBS + 1)]
    runs = [start("other_policy", folder, low + 1, high) for low, high in zip(edges, edges[1:])]
    outputs = [run.communicate()[0] for run in runs]
    for run, output in zip(runs, outputs):
        assert run.returncode == 0, output[-4000:]
    differ = sum(int(re.search(r"(\d+) findings differ$", output)[1]) for output in outputs)
    assert differ > edges[-1]
    say(capsys, f"{edges[-1]} seeds under another policy, {differ} findings differ, as supposed")


def test_an_exported_log_comes_to_the_same_truth(folder, capsys):
    count = max(4, SEEDS // 7)
    edges = [count * i // JOBS for i in range(JOBS + 1)]
    runs = [start("log_round", folder, low + 1, high) for low, high in zip(edges, edges[1:])]
    outputs = [run.communicate()[0] for run in runs]
    for run, output in zip(runs, outputs):
        assert run.returncode == 0, output[-4000:]
    skipped = sum(int(re.search(r"(\d+) skipped$", output)[1]) for output in outputs)
    assert skipped < count
    say(capsys, f"{count - skipped} of {count} seeds as a log and back, one truth each")


def test_dating_once_goes_red(folder, capsys):
    run = start("ledger_order_dated_once", folder, 1, CONTROL_SEEDS, "--wrong-clocks")
    output = run.communicate()[0]
    assert run.returncode == 1, f"nothing is dated again, and nobody noticed: {output[-2000:]}"
    seeds = set(re.findall(r"^seed (\d+): the truth differs", output, re.M))
    assert len(seeds) >= CONTROL_SEEDS // 4
    say(capsys, f"dated once: red in {len(seeds)} of {CONTROL_SEEDS} seeds")


@pytest.mark.parametrize("program, fault", [
    ("ledger_order_unsealed", "rows of streams go without a seal"),
    ("ledger_order_one_more", "of a stream a row too many goes"),
])
def test_a_wrong_sweep_goes_red(program, fault, folder, capsys):
    run = start(program, folder, 1, SWEPT_SEEDS, "--swept")
    output = run.communicate()[0]
    assert run.returncode == 1, f"{fault}, and nobody noticed: {output[-2000:]}"
    seeds = set(re.findall(r"^seed (\d+), .* swept: the recount differs", output, re.M))
    assert len(seeds) > SWEPT_SEEDS // 4
    say(capsys, f"{fault}: red in {len(seeds)} of {SWEPT_SEEDS} seeds")


@pytest.mark.parametrize("program, promise", [
    ("ledger_order_by_arrival", "judged by arrival order"),
    ("ledger_order_with_copies", "copies of samples counted again"),
])
def test_negative_control_goes_red(program, promise, folder, capsys):
    run = start(program, folder, 1, CONTROL_SEEDS)
    output = run.communicate()[0]
    assert run.returncode == 1, f"{promise}, and nobody noticed: {output[-2000:]}"
    seeds = set(re.findall(r"^seed (\d+): the truth differs", output, re.M))
    assert len(seeds) >= CONTROL_SEEDS // 4
    say(capsys, f"{promise}: red in {len(seeds)} of {CONTROL_SEEDS} seeds")


@pytest.fixture(scope="module")
def plain_trace(tmp_path_factory):
    folder = tmp_path_factory.mktemp("plain")
    run = start("ledger_order", folder, 1, 3, "--plain", "--trace", folder / "trace")
    assert run.communicate() and run.returncode == 0
    return (folder / "trace").read_text()


def test_oracle_sees_one_wrong_day(plain_trace, capsys):
    right, wrong = " limit 28 ", " limit 29 "
    assert right in plain_trace and ask_oracle(plain_trace).returncode == 0
    answer = ask_oracle(plain_trace.replace(right, wrong, 1))
    assert answer.returncode == 1 and answer.stdout.endswith(" 1 differences\n")
    say(capsys, f"a limit of 29 days: {answer.stdout.splitlines()[0]}")


@pytest.mark.parametrize("check", ["101", "102", "209", "318", "320", "402", "411", "505", "701"])
def test_oracle_misses_a_finding(check, plain_trace, capsys):
    line = re.search(f"^truth finding {check} .*\n", plain_trace, re.M).group()
    answer = ask_oracle(plain_trace.replace(line, "", 1))
    assert answer.returncode == 1 and answer.stdout.endswith(" 1 differences\n"), answer.stdout
    say(capsys, f"{check} left out: {answer.stdout.splitlines()[0][:90]}")
