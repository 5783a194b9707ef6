"""The disk fills up and is freed again, over and over, while devices send (P11): nothing that was
acknowledged is lost, nobody is disconnected, what is stored still goes to head office, and service
is back within two seconds."""

import os
import signal
import time

import pytest

import bytes_on_wire as wire
from gateway import BUILD
from head_office import Authority, Broker, Subscriber, wait_for
from load import Load, Sender
from own_mount import needs_namespace
from small_disk import SmallDisk
from speech import Voice, token

ROUNDS = 3 if os.environ.get("CAREPACE_QUICK") else 25
DISK_MB = 8
BACK_S = 2
HELLO_S = 0.2  # a device's turn; the machine is busy with other tests
NO_ROOM = BUILD / "tests" / "carepace_no_room"  # does not look at the disk

pytestmark = needs_namespace


class SlowSender(Sender):
    """So that only the stranger fills the disk."""
    window = 3

    def _take(self, link, first, body):
        time.sleep(0.05)
        super()._take(link, first, body)


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(4)]


@pytest.fixture
def make_small(make_gateway):
    disks = []

    def make(executable=None, size_mb=DISK_MB, **settings):
        gateway = make_gateway(executable=executable, store={"reserve": "1MiB"}, **settings)
        disks.append(SmallDisk(gateway, size_mb))
        return gateway, disks[-1]

    yield make
    for disk in disks:
        disk.close()


def missing(gateway, acked):
    stored = gateway.stored()
    return {name for name, digest in acked.items() if stored.get(name) != digest}


FULL = "^ERROR the disk is full: .*must be freed where .* lies"
BACK = "^NOTICE the disk of .* has room again after"


def test_nothing_acknowledged_is_lost_and_service_is_back(make_small, contract, pens):
    gateway, disk = make_small()
    gateway.start()
    load = Load(contract, gateway, pens, seed="1", sender=SlowSender)
    slowest = 0
    for turn in range(1, ROUNDS + 1):
        before = load.acked_count()
        wait_for(lambda: load.acked_count() > before, "devices are served")
        disk.fill(0 if turn % 2 else 300_000)
        wait_for(lambda: len(gateway.logged(FULL)) == turn, "it says so")
        time.sleep(0.5)  # what was acknowledged before is read
        before = load.acked_count()
        time.sleep(0.5)
        assert load.acked_count() == before, "acknowledged on a full disk"
        freed = time.monotonic()
        disk.free()
        wait_for(lambda: load.acked_count() > before, "service is back")
        slowest = max(slowest, time.monotonic() - freed)
    acked = load.finish()
    connections = [sender.connections for sender in load.senders]
    assert gateway.process.poll() is None, "\n".join(gateway.log)
    gateway.stop()
    print(f"{ROUNDS} times full, {len(acked)} messages acknowledged, back after at most "
          f"{slowest:.2f} s, connections {connections}")
    assert missing(gateway, acked) == set()
    assert slowest <= BACK_S + HELLO_S
    assert max(connections) == 1, "somebody was disconnected"
    assert len(gateway.logged(BACK)) == gateway.counts()["disk_full"] == ROUNDS


def test_the_test_finds_a_gateway_that_does_not_look(make_small, contract, pens):
    """Negative control: without the measure a full disk is an error, and ends it."""
    gateway, disk = make_small(executable=NO_ROOM)
    gateway.start()
    load = Load(contract, gateway, pens, seed="1")
    wait_for(lambda: load.acked_count() > 0, "devices are served")
    disk.fill()
    wait_for(lambda: gateway.process.poll() is not None,
             lambda: f"it ends; {load.acked_count()} acknowledged:\n" + "\n".join(gateway.log), 60)
    gateway.join()
    assert gateway.process.returncode == 74
    assert gateway.logged(r"^ERROR the store failed"), gateway.log
    assert not gateway.logged(FULL)
    disk.free()
    gateway.start()
    load.finish()


def test_keep_alive_is_not_counted_meanwhile(make_small, contract, pens):
    gateway, disk = make_small()
    gateway.start()
    pen = pens[0]
    voice = Voice(contract, pen)
    topic = f"carepace/v1/device/{pen.hex}/up"
    link = wire.Wire(gateway, pen, limit_s=30)
    link.send(wire.connect(pen.hex, keep_alive_s=3))
    assert link.receive() == (0x20, b"\0\0")
    disk.fill()
    # QoS 0 as well: what was read is kept, what was not lies in the socket.
    zero = voice.heartbeat()
    link.send(wire.publish(topic, zero.SerializeToString(), qos=0),
              wire.publish(topic, voice.heartbeat().SerializeToString(), 7))
    gateway.wait_logged(FULL)
    time.sleep(6)
    disk.free()
    assert link.receive() == (0x40, b"\0\7")
    link.close()
    gateway.stop()
    assert not gateway.logged("silence for longer")
    assert (pen.hex, zero.boot, zero.seq) in gateway.stored()


def test_a_reload_meanwhile_takes_nothing(make_small, contract, pens):
    """The policy cannot be recorded, so the rest stays as it was, too."""
    gateway, disk = make_small()
    gateway.start()
    disk.fill()
    gateway.wait_logged(FULL)
    gateway.configure(listener={"receive_maximum": 7})
    for _ in range(2):
        before = len(gateway.logged("reload"))
        gateway.process.send_signal(signal.SIGHUP)
        wait_for(lambda: len(gateway.logged("reload")) > before, "it is over")
    assert len(gateway.logged("^ERROR reload: nothing is taken, because the disk is full; ")) == 2
    assert not gateway.logged(" -> ")
    disk.free()
    gateway.wait_logged(BACK)
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_logged("^NOTICE reloaded: 1 of")
    gateway.stop()
    assert gateway.counts()["reloads_failed"] == 2


def test_who_connects_meanwhile_waits(make_small, contract, pens):
    """Its session is a row: no CONNACK before there is room; and one connection is enough."""
    gateway, disk = make_small()
    gateway.start()
    first = wire.Wire(gateway, pens[0], limit_s=30)
    first.send(wire.connect(pens[0].hex))
    assert first.receive() == (0x20, b"\0\0")
    disk.fill()
    first.send(wire.publish(f"carepace/v1/device/{pens[0].hex}/up",
                            Voice(contract, pens[0]).heartbeat().SerializeToString()))
    gateway.wait_logged(FULL)
    late = [wire.Wire(gateway, pens[1], limit_s=30) for _ in range(3)]
    for link in late:
        link.send(wire.connect(pens[1].hex))
        time.sleep(0.3)
    assert late[0].receive() is None and late[1].receive() is None, "only the newest is kept"
    time.sleep(6)  # longer than CONNECT may take
    disk.free()
    assert late[2].receive() == (0x20, b"\0\0")
    assert first.receive() == (0x40, b"\0\1")
    for link in (first, *late):
        link.close()
    gateway.stop()
    assert not gateway.logged("no CONNECT in time")


def test_what_is_stored_still_goes_to_head_office(make_small, make_device, pens, tmp_path):
    authority = Authority(tmp_path / "head-office")
    broker = Broker(tmp_path, authority, authority.issue("localhost"),
                    "use_identity_as_username true\n")
    certificate, key = authority.issue("north-1")
    gateway, disk = make_small(upstream={"servers": f"[localhost:{broker.port}]",
                                         "ca": authority.certificate,
                                         "certificate": certificate, "key": key})
    gateway.start()
    pen = make_device(gateway, pens[0])
    for _ in range(5):
        client = token()
        pen.tell(*pen.past_session(10, client), pen.start(client=client))
    assert len(gateway.rows("SELECT 1 FROM outbox WHERE kind = 1")) == 5
    disk.fill(300_000)
    pen.send(pen.heartbeat())
    gateway.wait_logged(FULL)
    try:
        broker.start()
        office = Subscriber(broker, authority.issue("office"))
        wait_for(lambda: gateway.rows("SELECT count(*) FROM outbox") == [(0,)],
                 "acknowledged rows leave the outbox", 60)
        office.close()
    finally:
        broker.kill()
    assert not gateway.logged(BACK)
    disk.free()
    gateway.wait_logged(BACK)
    pen.tell(pen.heartbeat())
    gateway.stop()
