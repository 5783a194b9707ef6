"""The disk fails (P11): nothing is acknowledged that is not on it, the program ends with its own
status; what fails three times within ten minutes rests without a listener, and comes back by itself
or when a person says so."""

import os
import socket
import time

import pytest

from gateway import BUILD
from head_office import wait_for
from load import Load
from small_disk import SmallDisk
from speech import now_ms

EIO = BUILD / "tests" / "carepace_eio"
RESTS = "^ERROR the store in .* has failed 3 times within ten minutes: nobody is served"
TEN_MINUTES_MS = 600_000


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(2)]


@pytest.fixture
def failing(make_gateway, tmp_path, monkeypatch):
    """A gateway, and the file that makes its disk fail."""
    trouble = tmp_path / "trouble"
    monkeypatch.setenv("CAREPACE_EIO", str(trouble))
    return make_gateway(executable=EIO), trouble


def is_listening(gateway):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", gateway.port)) == 0


def failures(gateway):
    return [int(line) for line in (gateway.store / "failures").read_text().split()]


def missing(gateway, acked):
    stored = gateway.stored()
    return {name for name, digest in acked.items() if stored.get(name) != digest}


def fail_three_times(gateway, trouble):
    trouble.touch()
    assert gateway.ended() == 74
    for _ in range(2):
        gateway.launch()
        assert gateway.ended() == 74
    assert len(failures(gateway)) == 3


def test_a_disk_that_fails_is_left_alone(failing, contract, pens):
    gateway, trouble = failing
    gateway.start()
    load = Load(contract, gateway, pens, seed="1")
    wait_for(lambda: load.acked_count() > 20, "devices are served")
    fail_three_times(gateway, trouble)
    assert len(gateway.logged(r"^ERROR the store failed \(disk error\)|"
                              "^ERROR cannot open the store: .*disk I/O error")) == 3
    before = load.acked_count()

    gateway.launch()
    gateway.wait_logged(RESTS)
    time.sleep(2)
    assert gateway.process.poll() is None and not is_listening(gateway)
    assert load.acked_count() == before and len(gateway.logged(RESTS)) == 1
    # The disk is mended, and a person says so.
    trouble.unlink()
    time.sleep(1.5)
    assert not is_listening(gateway)
    (gateway.store / "failures").unlink()
    wait_for(lambda: len(gateway.logged("listens on")) == 2, "it is back", 5)
    acked = load.finish()
    gateway.stop()
    print(f"{len(acked)} messages acknowledged, {before} before")
    assert len(acked) > before and missing(gateway, acked) == set()
    gateway.verify()


def test_it_comes_back_by_itself(failing):
    gateway, _ = failing
    gateway.start().stop()
    (gateway.store / "failures").write_text(
        "".join(f"{now_ms() - TEN_MINUTES_MS + rest}\n" for rest in (3000, 60_000, 120_000)))
    began = time.monotonic()
    gateway.launch()
    gateway.wait_logged(RESTS + ".* again in 1 min,")
    wait_for(lambda: len(gateway.logged("listens on")) == 2, "it is back", 10)
    assert 1.5 < time.monotonic() - began < 8
    gateway.stop()


@pytest.mark.parametrize("times", [
    (-TEN_MINUTES_MS - 1000, -5000, -1000),  # one is too old
    (-5000, -1000),
    (-5000, -1000, 3_600_000),               # the clock was wrong
    (),
])
def test_what_is_no_reason_to_rest(failing, times):
    gateway, _ = failing
    gateway.store.mkdir(mode=0o700)
    (gateway.store / "failures").write_text("".join(f"{now_ms() + at}\n" for at in times))
    gateway.start().stop()
    assert gateway.logged(RESTS) == []


def test_who_rests_can_be_stopped(failing):
    gateway, _ = failing
    gateway.store.mkdir(mode=0o700)
    (gateway.store / "failures").write_text(f"{now_ms()}\n" * 3)
    gateway.launch()
    gateway.wait_logged(RESTS)
    gateway.stop()


def test_a_start_on_a_full_disk_waits_for_room(make_gateway):
    if os.geteuid() != 0:
        pytest.skip("needs a mount namespace")
    gateway = make_gateway(store={"reserve": "1MiB"})
    disk = SmallDisk(gateway, 8)
    try:
        disk.fill(pause_s=0)
        gateway.launch()
        gateway.wait_logged("^ERROR the disk is full: 1 MB must be freed where .* before the store"
                            " can be opened")
        disk.free()
        wait_for(lambda: gateway.logged("listens on"), "it goes on", 2 + 1)
        gateway.stop()
    finally:
        gateway.kill()
        disk.close()
