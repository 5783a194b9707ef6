"""The load generator of tests/bench, small: a figure is worth something only if what it counts as
acknowledged is in the store. No times are tested here."""

import json
import subprocess

from gateway import BUILD, Pki
from head_office import wait_for

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


def command(gateway, pki, *options):
    return subprocess.Popen(
        [BUILD / "tests/bench/bench_load", f"--pki={pki.folder}", f"--port={gateway.port}",
         *options], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def connected(gateway):
    return {line.split("(")[1][:32] for line in gateway.logged(" connected from ")}


def test_devices_come_back_while_another_pings(make_gateway, tmp_path):
    pki = Pki(tmp_path / "pki")
    for _ in range(DEVICES + 1):
        pki.issue()
    gateway = make_gateway(pki=pki).start()
    fleet = command(gateway, pki, f"--connections={DEVICES}", "--returns")
    assert json.loads(fleet.stdout.readline()) == {}
    gateway.stop()
    gateway.start()
    probe = command(gateway, pki, "--probe-ms=2", "--until-eof", f"--skip={DEVICES}")
    for how, resumed in (("resumed", DEVICES), ("full", 0), ("resumed", DEVICES)):
        print(how, gateway.process.pid, file=fleet.stdin, flush=True)
        seen = json.loads(fleet.stdout.readline())
        assert (seen["how"], seen["connections"], seen["resumed"]) == (how, DEVICES, resumed)
        assert seen["cpu_s"] > 0
    wait_for(lambda: len(connected(gateway)) == DEVICES + 1, "the probe is there", 60)
    assert fleet.communicate()[0] == "" and fleet.returncode == 0
    assert json.loads(probe.communicate()[0])["pings"]["count"] > 0
    gateway.stop()


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
