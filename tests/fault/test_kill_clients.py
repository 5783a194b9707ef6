"""Clients that are not ours while the gateway is killed, see killing.py: mosquitto_pub, Paho for Python,
Paho for C; at QoS 0, 1 and 2."""

import json
import random
import subprocess
import time

import pytest

from gateway import DEVICE_SIM, NAME, Pki
from head_office import wait_for
from killing import LIMIT_S, POINTS, missing, seed_of, survive
from speech import HASH_BYTES


@pytest.mark.timeout(LIMIT_S)
@pytest.mark.parametrize("kind", ["mosquitto_pub", "paho"])
def test_what_was_acknowledged_survives_kill_9(make_gateway, contract, pki, request, kind):
    survive(kind, make_gateway, contract, pki, request)


def acked_by_simulator(path):
    """Its list: a line for each PUBACK, with the whole SHA-256."""
    names = {}
    for line in path.read_text().splitlines():
        device, boot, seq, digest = line.split()
        names[device, int(boot), int(seq)] = digest[:2 * HASH_BYTES]
    return names


@pytest.mark.long
@pytest.mark.timeout(LIMIT_S)
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
