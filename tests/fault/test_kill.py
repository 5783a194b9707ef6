"""kill -9 at random points: what was acknowledged, by PUBACK or PUBREC, is in the store, once, as it
was sent (P1, P2), and the truth equals a recount (P3). A session that a device was told of is there."""

import json
import os
import random
import subprocess
import time

import pytest

import clients
from gateway import BUILD, DEVICE_SIM, NAME, Pki
from head_office import wait_for
from load import Load
from speech import HASH_BYTES

IS_QUICK = os.environ.get("CAREPACE_QUICK")
# Two hundred together. Beside each of them are pens that speak byte by byte, at QoS 1 and 2.
POINTS = {"bytes": 80, "mosquitto_pub": 45, "paho": 60, "device-sim": 15}
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


def kill_and_restart(gateway, served, draw, points):
    """Most lives do some work before their end; some end while they begin. `served`: a count for
    each client; one after the other it is waited for."""
    for point in range(points):
        if draw.random() < 0.1:
            gateway.launch()
            time.sleep(draw.uniform(0, 0.1))
        else:
            count = served[point % len(served)]
            before = count()
            gateway.start()
            wait_for(lambda: count() > before, "the client is served again", 60)
            time.sleep(draw.uniform(0, 0.3))
        gateway.kill()
    gateway.start()


def missing(gateway, acked):
    stored = gateway.stored()
    return {name for name, digest in acked.items() if stored.get(name) != digest}


def run(gateway, contract, pens, seed, points, others=()):
    load = Load(contract, gateway, pens, seed)
    served = [client.served for client in others] or [load.acked_count]
    kill_and_restart(gateway, served, random.Random(seed), points)
    return load, load.finish()


@pytest.mark.parametrize("kind", ["bytes", "mosquitto_pub", "paho"])
def test_what_was_acknowledged_survives_kill_9(make_gateway, contract, pki, pens, request, kind):
    points = 10 if IS_QUICK else POINTS[kind]
    gateway = make_gateway()
    others = clients.start(kind, gateway, contract, pki)
    load, acked = run(gateway, contract, pens, seed_of(request), points, others)
    for client in others:
        acked |= client.finish()
        print(f"{client.name}: served {client.served()} times, {len(client.acked)} acknowledged")
    # The careful way acknowledges first and judges then (DESIGN section 2).
    wait_for(lambda: not gateway.rows("SELECT 1 FROM pending"), "everything is judged", 60)
    gateway.stop()
    verdicts = sum(sender.verdicts for sender in load.senders)
    print(f"{points} kills, {len(acked)} messages acknowledged, {verdicts} verdicts given")
    assert len(acked) > 10 * points, "too little happened to prove anything"
    assert verdicts > points / 10
    assert missing(gateway, acked) == set()
    assert [sender.lost_sessions for sender in load.senders] == [0] * len(pens)
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
    """The same with the devices of device-sim, on Paho for C: they have other habits. Each
    third one speaks at QoS 0, 1, 2."""
    pki = Pki(tmp_path / "pki")
    for kind in ("pen", "stamp", "rf", "roller", "pen", "rf", "tablet"):
        pki.issue(kind)
    gateway = make_gateway(pki=pki).start()
    draw = random.Random(seed_of(request))
    acked_file = tmp_path / "acked"
    acked_file.touch()
    simulator = subprocess.Popen(
        [DEVICE_SIM, "--pki", pki.folder, "--state", tmp_path / "state", "--port",
         str(gateway.port), "--site", NAME, "--acked", acked_file, "--qos", "mixed",
         "--seconds", "40", "--grace", "60", "--seed", str(draw.randrange(1 << 32)), "--json"],
        stdout=subprocess.PIPE, text=True)
    try:
        kills = POINTS["device-sim"]
        for _ in range(kills):
            before = acked_file.stat().st_size
            wait_for(lambda: acked_file.stat().st_size > before, "the devices are served", 60)
            time.sleep(draw.uniform(0, 0.3))
            gateway.kill()
            gateway.start()
        summary = json.loads(simulator.communicate(timeout=120)[0].splitlines()[-1])
    finally:
        simulator.kill()
        simulator.wait()
    gateway.stop()
    acked = acked_by_simulator(acked_file)
    print(f"{kills} kills, {len(acked)} messages acknowledged: {summary}")
    assert simulator.returncode == 0 and summary["missing"] == 0
    assert summary["reconnects"] >= kills, "it was hardly there"
    assert 0 < len(acked) < summary["acknowledged"], "at QoS 0 nothing is acknowledged"
    assert missing(gateway, acked) == set()
    print(gateway.verify())


def test_the_test_finds_what_is_acknowledged_too_early(make_gateway, contract, pens, request):
    """Negative control: the same with a gateway that acknowledges before the commit."""
    gateway = make_gateway(executable=EARLY)
    _, acked = run(gateway, contract, pens, seed_of(request), RED_POINTS)
    gateway.stop()
    lost = missing(gateway, acked)
    print(f"red, as it must be: {len(lost)} of {len(acked)} acknowledged messages are lost")
    assert lost, "PUBACK before commit, and nobody noticed"
