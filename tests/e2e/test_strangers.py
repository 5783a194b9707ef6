"""Who has not shown a certificate yet cannot take the gateway from those who have: connections,
memory and descriptors end before it does."""

import os
import re
import resource
import socket
import time

import pytest

import bytes_on_wire as wire
from clinic import Clinic
from head_office import wait_for

HELLO_BEGUN = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100)


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(40)]


@pytest.fixture
def clinic(make_gateway, make_device, pens):
    gateway = make_gateway().start()
    return Clinic(gateway, make_device(gateway, pens[0]))


@pytest.fixture
def crowd():
    """connect(gateway, count, says): sockets from many addresses of the loopback."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(8192, hard), hard))
    made = []

    def connect(gateway, count, says=b""):
        for _ in range(count):
            address = f"127.1.0.{1 + len(made) // 50}"
            made.append(socket.create_connection(("127.0.0.1", gateway.port), 10, (address, 0)))
            made[-1].sendall(says)

    yield connect
    for plain in made:
        plain.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def resident_kb(gateway):
    with open(f"/proc/{gateway.process.pid}/status", encoding="ascii") as status:
        return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])


def is_sanitized(gateway):
    with open(f"/proc/{gateway.process.pid}/maps", encoding="utf-8") as maps:
        return "asan" in maps.read()


def cpu_s(gateway):
    with open(f"/proc/{gateway.process.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def connected(gateway, device):
    link = wire.Wire(gateway, device)
    link.send(wire.connect(device.hex))
    assert link.receive() == (0x20, b"\0\0")
    return link


def is_alive(link):
    link.send(b"\xc0\0")
    return link.receive() == (0xD0, b"")


@pytest.mark.long
def test_two_thousand_strangers(clinic, pens, crowd):
    gateway = clinic.gateway
    before = resident_kb(gateway)
    crowd(gateway, 1000)
    crowd(gateway, 1000, HELLO_BEGUN)
    link = connected(gateway, pens[1])
    grown = resident_kb(gateway) - before
    assert grown < (200 << 10 if is_sanitized(gateway) else 50 << 10), grown
    assert is_alive(link)
    link.close()
    wait_for(lambda: gateway.count_now().get("handshakes_timed_out") == 1999, "all are gone")
    gateway.wait_logged(r"^WARNING refused 127\.1\..*: no TLS handshake within 10 s")
    clinic.prove(r"^WARNING closed 127\.1\.0\.1:\d+: 2000 connections are not "
                 "authenticated yet, which is the limit, and it is the slowest",
                 over_strangers=1)


def test_a_hundred_strangers_of_one_address(clinic, pens):
    gateway = clinic.gateway
    strangers = [socket.create_connection(("127.0.0.1", gateway.port), 10, ("127.0.0.9", 0))
                 for _ in range(101)]
    assert strangers[-1].recv(1) == b""
    connected(gateway, pens[1]).close()  # other addresses do not notice
    for plain in strangers:
        plain.close()
    clinic.prove(r"^WARNING refused 127\.0\.0\.9:\d+: 100 connections of this address are not "
                 "authenticated yet", over_address=1)


def test_a_connect_that_is_too_large(clinic, pens):
    link = wire.Wire(clinic.gateway, pens[1])
    link.send(b"\x10\x81\x40")  # 8,193 bytes to come: not one of them is waited for
    assert link.receive() is None
    clinic.prove("^WARNING .*larger than", mqtt_too_large=1)


def test_no_descriptor_left(clinic, pens):
    """A reserve stays for the store and for people; the listener rests and does not spin."""
    gateway = clinic.gateway
    used = max(map(int, os.listdir(f"/proc/{gateway.process.pid}/fd")))
    resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE, (used + 16 + 10, used + 26))
    links = [connected(gateway, pens[i]) for i in range(1, 9)]
    waiting = []
    while not gateway.logged("cannot take connections"):
        waiting.append(socket.create_connection(("127.0.0.1", gateway.port), 10))
        time.sleep(0.05)
    assert len(os.listdir(f"/proc/{gateway.process.pid}/fd")) <= used + 10
    began = cpu_s(gateway)
    time.sleep(2)
    assert cpu_s(gateway) - began < 0.2
    assert all(map(is_alive, links))
    for plain in waiting:
        plain.close()
    links[0].close()
    wait_for(lambda: is_let_in(gateway, pens[9]), "a place is free again")
    for link in links[1:]:
        link.close()
    clinic.prove(r"^ERROR cannot take connections: .*raise LimitNOFILE")


def is_let_in(gateway, device):
    try:
        connected(gateway, device).close()
        return True
    except OSError:
        return False


def test_no_connect_after_the_handshake(clinic, pens):
    link = wire.Wire(clinic.gateway, pens[1])
    began = time.monotonic()
    link.send(b"\x10")  # a byte is not enough
    assert link.receive() is None
    assert time.monotonic() - began > 4
    clinic.prove("^WARNING .*no CONNECT in time", mqtt_connect_timeout=1)
