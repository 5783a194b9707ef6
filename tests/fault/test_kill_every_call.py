"""A session is told while the gateway dies at every one of its calls in turn: each write, sync,
truncation, renaming and sending, from the first of an empty store to the last acknowledgement. What
was acknowledged is there, all of it is in the end, once, and the truth equals a recount.

Every day a share of the calls, another one each time; all of them: CAREPACE_CALLS=all."""

import os
import random
import struct
from concurrent.futures import ThreadPoolExecutor

import pytest

import bytes_on_wire as wire
from gateway import BUILD, CAREPACE, Clock
from head_office import wait_for
from killing import seed_of
from speech import Voice, hash_of, token

PRELOAD = BUILD / "tests" / "libkill_at_call.so"
EARLY = BUILD / "tests" / "carepace_early_ack"
SHARE = 40 if os.environ.get("CAREPACE_QUICK") else 6  # one of so many
if os.environ.get("CAREPACE_CALLS") == "all":
    SHARE = 1
RED_SHARE = 25
JOBS = os.cpu_count() or 1


class Calls(Clock):
    """The box's clock, and at which call the daemon dies."""

    def __init__(self, path):
        super().__init__(path)
        self._calls = self.path.with_suffix(".calls")
        self.kill_at(0)

    def kill_at(self, call):
        self._calls.write_bytes(struct.pack("=qq", call, 0))

    def count(self):
        return struct.unpack("=qq", self._calls.read_bytes())[1]

    def environment(self):
        environment = super().environment()
        environment["LD_PRELOAD"] += f":{PRELOAD}"
        return environment | {"CAREPACE_KILL_AT": str(self._calls)}


class Story:
    """One session. It is told in order; what was acknowledged is not told again."""

    def __init__(self, contract, gateway, pen):
        voice, sid = Voice(contract, pen), token()
        self.gateway, self.pen = gateway, pen
        self.ups = [voice.hello(), voice.start(sid), voice.attach(sid, "C1"),
                    *(voice.samples(sid) for _ in range(3)), voice.end(sid), voice.heartbeat()]
        self.acked = {}

    def name(self, up):
        return self.pen.hex, up.boot, up.seq

    def all(self):
        return {self.name(up): hash_of(up.SerializeToString()) for up in self.ups}

    def tell(self):
        """True when all of it is acknowledged; False when the gateway went away."""
        try:
            link = wire.Wire(self.gateway, self.pen)
        except OSError:
            return False
        try:
            return self._tell(link)
        except OSError:
            return False
        finally:
            link.close()

    def _tell(self, link):
        link.send(wire.connect(self.pen.hex))
        if not link.receive():
            return False
        for up in self.ups:
            if self.name(up) in self.acked:
                continue
            payload = up.SerializeToString()
            link.send(wire.publish(f"carepace/v1/device/{self.pen.hex}/up", payload, up.seq))
            if link.receive() != (0x40, up.seq.to_bytes(2, "big")):
                return False
            self.acked[self.name(up)] = hash_of(payload)
        return True


def live(gateway, story):
    """One life. How many calls it made when it came to its end in order."""
    gateway.launch()
    before = len(gateway.logged("listens on"))
    wait_for(lambda: len(gateway.logged("listens on")) > before or
             gateway.process.poll() is not None, "gateway listens or is dead")
    while gateway.process.poll() is None:
        if story.tell():
            gateway.process.terminate()
            gateway.join()
    return gateway.clock.count()


def die_at(call, make, contract, pen):
    """What is wrong afterwards; None: nothing."""
    gateway = make()
    gateway.clock = Calls(gateway.clock.path)
    gateway.clock.kill_at(call)
    story = Story(contract, gateway, pen)
    live(gateway, story)
    assert gateway.process.returncode == -9, f"call {call} did not end it"
    acked = dict(story.acked)
    gateway.clock.kill_at(0)
    gateway.executable = CAREPACE  # whoever died
    gateway.start()
    assert story.tell(), f"call {call}: not everything was acknowledged afterwards"
    wait_for(lambda: not gateway.rows("SELECT 1 FROM pending"), "everything is judged")
    gateway.stop()
    stored = gateway.stored()
    if not acked.items() <= stored.items():
        return f"call {call}: {len(acked)} acknowledged, not all stored"
    if stored != story.all():
        return f"call {call}: not what was told"
    gateway.verify()
    return None


def die_at_many(make, contract, pen, share, request):
    """(calls to die at, how many calls there are, what is wrong afterwards)."""
    gateway = make()
    gateway.clock = Calls(gateway.clock.path)
    last = live(gateway, Story(contract, gateway, pen))
    assert gateway.process.returncode == 0 and last > 50
    points = range(1, last + 1)
    if share > 1:
        points = points[random.Random(seed_of(request)).randrange(share)::share]
    with ThreadPoolExecutor(JOBS) as jobs:
        said = jobs.map(lambda call: die_at(call, make, contract, pen), points)
        return points, last, [wrong for wrong in said if wrong]


@pytest.mark.timeout(1800)
def test_no_call_is_a_bad_one_to_die_at(make_gateway, contract, pki, request):
    points, last, wrong = die_at_many(make_gateway, contract, pki.issue("pen", "Pen 1"), SHARE,
                                      request)
    print(f"{len(points)} calls to die at, of {last}")
    assert wrong == []


def test_the_test_finds_what_is_acknowledged_too_early(make_gateway, contract, pki, request):
    """Negative control: a gateway that acknowledges before the commit."""
    points, last, wrong = die_at_many(lambda: make_gateway(executable=EARLY), contract,
                                      pki.issue("pen", "Pen 1"), RED_SHARE, request)
    print(f"red, as it must be: {len(wrong)} of {len(points)} calls to die at, of {last}")
    assert wrong
