"""The load generator of tests/bench, small: a figure is worth something only if what it counts as
acknowledged is in the store. No times are tested here."""

import json
import subprocess

from gateway import BUILD, Pki

DEVICES = 10
MESSAGES = 1000
STARTS = 20


def load(gateway, pki, *options):
    output = subprocess.run(
        [BUILD / "tests/bench/bench_load", f"--pki={pki.folder}", f"--port={gateway.port}",
         f"--server-pid={gateway.process.pid}", *options], check=True, text=True, timeout=120,
        stdout=subprocess.PIPE).stdout
    return json.loads(output)


def test_all_acknowledged_is_stored(make_gateway, tmp_path):
    pki = Pki(tmp_path / "pki")
    for _ in range(2 * DEVICES):
        pki.issue()
    gateway = make_gateway(pki=pki).start()
    seen = load(gateway, pki, f"--connections={DEVICES}", "--in-flight=20",
                f"--messages={MESSAGES}", f"--starters={DEVICES}", f"--starts={STARTS}",
                "--starts-per-s=100")
    gateway.stop()

    assert seen["connections"] == 2 * DEVICES
    assert seen["messages"] == seen["acks"]["count"] == MESSAGES
    assert seen["verdicts"]["count"] == STARTS
    assert seen["advised"] == STARTS, "each client was treated ten days before"
    assert 190 <= seen["payload_bytes"] <= 210
    assert len(gateway.stored()) == seen["acknowledged"] == gateway.counts()["stored"]


def test_what_is_not_acknowledged_is_no_figure(make_gateway, tmp_path):
    """Negative control: a server that refuses ends the measurement."""
    pki = Pki(tmp_path / "pki")
    pki.issue()
    other = Pki(tmp_path / "other")
    other.issue()
    gateway = make_gateway(pki=pki).start()
    result = subprocess.run(
        [BUILD / "tests/bench/bench_load", f"--pki={other.folder}", f"--port={gateway.port}",
         "--connections=1", "--messages=1"], text=True, timeout=60, capture_output=True)
    assert result.returncode == 1
    assert result.stdout == "" and "bench: " in result.stderr
