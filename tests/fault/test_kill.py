"""kill -9 at random points: what was acknowledged is in the store, once, as it was sent (P1, P2),
and the truth equals a recount (P3)."""

import json
import os
import random
import subprocess
import time

import pytest

from gateway import BUILD, DEVICE_SIM, NAME, Pki
from head_office import wait_for
from load import Load
from speech import HASH_BYTES

POINTS = 10 if os.environ.get("CAREPACE_QUICK") else 200
SIMULATED_S = 20
RED_POINTS = 5
EARLY = BUILD / "tests" / "carepace_early_ack"  # acknowledges before the commit


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(4)]


def seed_of(request):
    """Another one each time; printed when the test fails. CAREPACE_SEED repeats one."""
    seed = os.environ.get("CAREPACE_SEED") or str(time.time_ns() % 1_000_000)
    print(f"CAREPACE_SEED={seed}")
    return f"{request.node.name} {seed}"


def kill_and_restart(gateway, load, draw, points):
    """Most lives do some work before their end; some end while they begin."""
    for _ in range(points):
        if draw.random() < 0.1:
            gateway.launch()
            time.sleep(draw.uniform(0, 0.1))
        else:
            gateway.start()
            before = load.acked_count()
            wait_for(lambda: load.acked_count() > before, "devices are served again", 60)
            time.sleep(draw.uniform(0, 0.3))
        gateway.kill()
    gateway.start()


def missing(gateway, acked):
    stored = gateway.stored()
    return {name for name, digest in acked.items() if stored.get(name) != digest}


def run(gateway, contract, pens, seed, points):
    load = Load(contract, gateway, pens, seed)
    kill_and_restart(gateway, load, random.Random(seed), points)
    acked = load.finish()
    # The careful way acknowledges first and judges then (DESIGN section 2).
    wait_for(lambda: not gateway.rows("SELECT 1 FROM pending"), "everything is judged", 60)
    gateway.stop()
    verdicts = sum(sender.verdicts for sender in load.senders)
    print(f"{points} kills, {len(acked)} messages acknowledged, {verdicts} verdicts given")
    return acked, verdicts


def test_what_was_acknowledged_survives_kill_9(make_gateway, contract, pens, request):
    gateway = make_gateway()
    acked, verdicts = run(gateway, contract, pens, seed_of(request), POINTS)
    assert len(acked) > 10 * POINTS, "too little happened to prove anything"
    assert verdicts > POINTS / 10
    assert missing(gateway, acked) == set()
    print(gateway.verify())
    assert gateway.rows("SELECT count(*) FROM alert")[0][0] > 0, "nothing was judged"


def acked_by_simulator(path):
    """Its list: a line for each PUBACK, with the whole SHA-256."""
    names = {}
    for line in path.read_text().splitlines():
        device, boot, seq, digest = line.split()
        names[device, int(boot), int(seq)] = digest[:2 * HASH_BYTES]
    return names


@pytest.mark.long
def test_a_simulated_clinic_survives_kill_9(make_gateway, tmp_path, request):
    """The same with the devices of device-sim, on Paho for C: they have other habits."""
    pki = Pki(tmp_path / "pki")
    for kind in ("pen", "stamp", "rf", "roller", "tablet"):
        pki.issue(kind)
    gateway = make_gateway(pki=pki).start()
    draw = random.Random(seed_of(request))
    acked_file = tmp_path / "acked"
    simulator = subprocess.Popen(
        [DEVICE_SIM, "--pki", pki.folder, "--state", tmp_path / "state", "--port",
         str(gateway.port), "--site", NAME, "--acked", acked_file, "--seconds", str(SIMULATED_S),
         "--grace", "60", "--seed", str(draw.randrange(1 << 32)), "--json"],
        stdout=subprocess.PIPE, text=True)
    try:
        kills, until = 0, time.monotonic() + SIMULATED_S
        while time.monotonic() < until:
            time.sleep(draw.uniform(1.5, 4))  # its back-off wants some time
            gateway.kill()
            gateway.start()
            kills += 1
        summary = json.loads(simulator.communicate(timeout=120)[0].splitlines()[-1])
    finally:
        simulator.kill()
        simulator.wait()
    gateway.stop()
    acked = acked_by_simulator(acked_file)
    print(f"{kills} kills, {len(acked)} messages acknowledged: {summary}")
    assert simulator.returncode == 0 and summary["missing"] == 0
    assert summary["reconnects"] >= kills, "it was hardly there"
    assert len(acked) == summary["acknowledged"] > 0
    assert missing(gateway, acked) == set()
    print(gateway.verify())


def test_the_test_finds_what_is_acknowledged_too_early(make_gateway, contract, pens, request):
    """Negative control: the same with a gateway that acknowledges before the commit."""
    gateway = make_gateway(executable=EARLY)
    acked, _ = run(gateway, contract, pens, seed_of(request), RED_POINTS)
    lost = missing(gateway, acked)
    print(f"red, as it must be: {len(lost)} of {len(acked)} acknowledged messages are lost")
    assert lost, "PUBACK before commit, and nobody noticed"
