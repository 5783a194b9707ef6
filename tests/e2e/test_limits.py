"""One device that sends or connects too much: it is slowed down or refused, it loses nothing, and
the others do not notice (DESIGN section 5)."""

import re
import time

import pytest

import bytes_on_wire as wire
from clinic import Clinic
from head_office import wait_for
from speech import Voice, token

TOPIC = "carepace/v1/device/%s/up"


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(2)]


@pytest.fixture
def make_clinic(make_gateway, make_device, pens):
    def make(**listener):
        gateway = make_gateway(listener=listener).start()
        return Clinic(gateway, make_device(gateway, pens[0]))
    return make


def test_a_device_that_floods_is_slowed_down(make_clinic, make_device, pens):
    clinic = make_clinic(max_messages_per_second=50)
    pen = make_device(clinic.gateway, pens[1])
    began = time.monotonic()
    names = [pen.send(pen.heartbeat()) for _ in range(500)]
    wait_for(lambda: len(pen.acked) > 250, "it is under way")
    slowest = 0
    for _ in range(5):
        asked = time.monotonic()
        clinic.healthy.tell(clinic.healthy.heartbeat())
        slowest = max(slowest, time.monotonic() - asked)
    pen.wait_acked(*names, limit_s=30)
    took = time.monotonic() - began
    assert took > (500 - 4 * 50 - 50) / 50, "the rate did not hold"
    assert slowest < 0.5, "another device waited with it"
    assert pen.losses == []
    pen.close()
    proof = clinic.prove(rf"^WARNING Pen 1 \({pens[1].hex}\) sends more than one device may \(50"
                         " messages and 1048576 bytes a second\): it is slowed down, nothing is"
                         " lost")
    assert proof.counts["slowed"] > 0
    assert set(names) <= set(proof.stored)


def test_what_rests_is_not_silent(make_clinic, pens, contract):
    """A packet that costs four seconds, keep-alive two: it is not closed for its silence."""
    clinic = make_clinic(max_bytes_per_second=2048)
    voice = Voice(contract, pens[1])
    up = voice.heartbeat().SerializeToString() + b"\xba\x06\x80\x78" + bytes(15360)
    link = wire.Wire(clinic.gateway, pens[1], limit_s=20)
    link.send(wire.connect(pens[1].hex, keep_alive_s=2))
    assert link.receive() == (0x20, b"\0\0")
    began = time.monotonic()
    link.send(wire.publish(TOPIC % pens[1].hex, up, 9))
    assert link.receive() == (0x40, b"\0\x09")
    assert time.monotonic() - began > 3.2
    link.send(b"\xc0\0")
    assert link.receive() == (0xD0, b"")
    link.close()
    clinic.prove("^WARNING Pen 1 .* sends more than one device may .* 2048 bytes a second")
    assert clinic.gateway.logged("silence for longer") == []


@pytest.mark.parametrize("level, refusal", [(4, b"\0\3"), (5, b"\0\x9f\0")])
def test_a_device_that_connects_too_often_is_refused(make_clinic, pens, level, refusal):
    clinic = make_clinic(max_connects_per_second=1)
    heard = []
    began = time.monotonic()
    while not heard or heard[-1][1][1] == 0:
        link = wire.Wire(clinic.gateway, pens[1])
        link.send(wire.connect(pens[1].hex, level))
        heard.append(link.receive())
        if heard[-1][1][1]:
            assert link.receive() is None
        link.close()
    assert heard[-1] == (0x20, refusal)
    assert 12 <= len(heard) - 1 <= 13 + (time.monotonic() - began)
    time.sleep(1.2)  # and back, after a while
    link = wire.Wire(clinic.gateway, pens[1])
    link.send(wire.connect(pens[1].hex, level))
    assert link.receive()[1][1] == 0
    link.close()
    clinic.prove(rf"^WARNING Pen 1 \({pens[1].hex}\) at 127.*: connection ended: the device"
                 " connects too often", mqtt_over_connect_rate=1, closed_limit=1)


def test_messages_that_swell_take_nobodys_memory(make_clinic, pens, contract):
    """Eight kilobytes of empty pulses become three quarters of a megabyte each. A batch of them is
    full before its memory is: nobody is told that there is none."""
    clinic = make_clinic()
    voice = Voice(contract, pens[1])
    link = wire.Wire(clinic.gateway, pens[1], limit_s=30)
    link.send(wire.connect(pens[1].hex))
    assert link.receive() == (0x20, b"\0\0")
    swollen = voice.say("pulses", sid=token())
    swollen.pulses.pulse.extend([contract.telemetry.Pulse()] * 4000)
    payload = swollen.SerializeToString()
    assert 8000 < len(payload) < 8300
    for _ in range(4):
        link.send(*[wire.publish(TOPIC % pens[1].hex, payload, qos=0)] * 120)
        clinic.healthy.tell(*[clinic.healthy.heartbeat() for _ in range(20)])
    link.send(b"\xc0\0")
    assert link.receive() == (0xD0, b"")
    link.close()
    proof = clinic.prove("counts:")
    assert "mqtt_no_memory" not in proof.counts


def test_a_backlog_of_a_week_comes_quickly(make_clinic, make_device, pens):
    """With the limits as they are by default: what a real device does is not touched."""
    clinic = make_clinic()
    pen = make_device(clinic.gateway, pens[1])
    names = [pen.send(pen.heartbeat()) for _ in range(5000)]
    pen.wait_acked(*names, limit_s=60)
    pen.close()
    proof = clinic.prove("counts:")
    assert "slowed" not in proof.counts


def test_a_device_that_is_refused_without_end_does_not_fill_the_log(make_clinic, make_device, pens):
    clinic = make_clinic()
    pen = make_device(clinic.gateway, pens[1])
    rubbish = 3000
    before = len(clinic.gateway.log)
    began = time.monotonic()
    sent = [pen.publish(b"\xff\x07 %d" % i, qos=i % 2) for i in range(rubbish)]
    sent[-1].wait_for_publish(60)
    # The other one's first line is said all the same.
    clinic.healthy.publish(b"\xff\x07 once").wait_for_publish(10)
    clinic.gateway.wait_logged("^WARNING Pen 0 .*cannot be understood", 5)
    windows = 1 + (time.monotonic() - began) // 10
    lines = len(clinic.gateway.log) - before
    assert lines <= windows * 6 + 2, "\n".join(clinic.gateway.log)
    pen.close()
    clinic.prove("^WARNING Pen 0 .*cannot be understood", parked=1000 + 1,
                 not_kept=rubbish - 1000)
    said = len(clinic.gateway.logged("^WARNING Pen 1 .*cannot be understood"))
    hidden = sum(int(re.match(r"WARNING (\d+) more", line).group(1)) for line in
                 clinic.gateway.logged(rf"more suppressed of the kind in \w+ about {pens[1].hex}"))
    assert said + hidden == rubbish, "P8: every one is said or counted"
