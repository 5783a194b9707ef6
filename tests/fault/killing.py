"""kill -9 at random points: what was acknowledged, by PUBACK or PUBREC, is in the store, once, as it
was sent (P1, P2), and the truth equals a recount (P3). A session that a device was told of is there."""

import os
import random
import time

import clients
from head_office import wait_for
from load import Load

# Two hundred together. Beside each of them are pens that speak byte by byte, at QoS 1 and 2.
# A kill and a return take a second or two, on a busy machine five.
LIMIT_S = 900
POINTS = {"bytes": 95, "mosquitto_pub": 30, "paho": 60, "device-sim": 15}
QUICK_POINTS = 10


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
            wait_for(lambda: count() > before, lambda: "the client is served again:\n" +
                     "\n".join(gateway.log[-20:]), 60)
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


def survive(kind, make_gateway, contract, pki, request):
    """The points of this kind of client."""
    points = QUICK_POINTS if os.environ.get("CAREPACE_QUICK") else POINTS[kind]
    pens = [pki.issue("pen", f"Pen {i}") for i in range(4)]
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
