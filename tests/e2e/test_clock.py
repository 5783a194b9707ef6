"""The clock of the box itself, under the real daemon (domain R18): a start in 1970, steps of ten
years, three devices that know better. Nothing is lost, nobody is locked out, and in the end the
truth is what it would have been."""

import contextlib
import os
import sqlite3
import time

import pytest

from gateway import other_checks
from head_office import wait_for
from speech import DAY_MS, now_ms, token

TEN_YEARS_S = 3652 * 86_400
FORBIDDEN = 2  # to ask the kernel whether its clock is kept


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue() for _ in range(3)]


@pytest.fixture
def gateway(pens, make_gateway, tmp_path):
    """Its clinic wants GW_CLOCK, too."""
    del pens  # in the registry before it starts
    policy = tmp_path / "clock.yaml"
    off = [check for check in other_checks() if check != "GW_CLOCK"]
    policy.write_text(f"off: [{', '.join(off)}]\n")
    gateway = make_gateway()
    gateway.configure(policy={"file": policy})
    return gateway.start()


def reboot(gateway, **clock):
    """The box was switched off and on: its store remembers another start than this one."""
    gateway.stop()
    with contextlib.closing(sqlite3.connect(gateway.store / "carepace.db")) as store:
        store.execute("UPDATE clock SET boot = zeroblob(16)")
        store.commit()
    gateway.clock.reboot()
    gateway.clock.set(**clock)
    gateway.start()
    gateway.wait_logged("the clock of this box is in doubt")


def trust(gateway):
    before = len(gateway.logged("clock of this box is trusted"))
    gateway.clock.set()
    wait_for(lambda: len(gateway.logged("clock of this box is trusted")) > before, "trust")


def names_of(telemetry, verdict):
    return telemetry.Decision.Name(verdict.decision), [telemetry.Check.Name(item.check)
                                                       for item in verdict.item]


def open_alerts(gateway, check):
    return gateway.rows("SELECT count(*) FROM alert WHERE check_id = ? AND state = 1", check)


def test_a_start_in_1970(gateway, pens, make_device):
    client = token()
    pen = make_device(gateway, pens[0])
    pen.tell(pen.hello(), *pen.past_session(10, client))
    reboot(gateway, off_s=-time.time(), synced=False)
    pen.wait_connections(2)  # its certificate is not from the future
    start = pen.start(client=client)
    pen.tell(pen.hello(), start)
    (verdict,) = pen.wait_heard("verdict")
    assert names_of(pen.telemetry, verdict) == ("ADVISE", ["GW_CLOCK"])
    assert verdict.rev == 1
    gateway.verify()
    trust(gateway)
    verdict = pen.wait_heard("verdict", 2)[-1]
    assert names_of(pen.telemetry, verdict) == ("REQUIRE_OVERRIDE", ["INTERVAL_TOO_SOON"])
    assert verdict.rev == 2
    (at, began), = gateway.rows("SELECT start_at, flags >> 8 & 3 FROM session WHERE sid = ?",
                                start.session_start.sid)
    assert (at, began) == (start.ts_ms, 0)
    assert open_alerts(gateway, 804) == [(0,)]
    gateway.stop()
    gateway.verify()


@pytest.mark.parametrize("step_s", [TEN_YEARS_S, -TEN_YEARS_S, 301, -301])
def test_a_step_while_it_runs(gateway, pens, make_device, step_s):
    pen = make_device(gateway, pens[0], keep_alive_s=2)
    first, second = token(), token()
    pen.tell(pen.hello(), pen.start(first))
    pen.wait_heard("verdict")
    gateway.clock.set(off_s=step_s, synced=False)
    pen.tell(pen.samples(first))
    gateway.wait_logged("the clock of this box is in doubt: it (was set|shows a time)")
    time.sleep(3)  # longer than keep-alive; nothing falls due by the wrong clock
    pen.tell(pen.end(first), pen.start(second))
    verdict = pen.wait_heard("verdict", 2)[-1]
    assert names_of(pen.telemetry, verdict) == ("ADVISE", ["GW_CLOCK"])
    trust(gateway)
    verdict = pen.wait_heard("verdict", 3)[-1]
    assert names_of(pen.telemetry, verdict) == ("PERMIT", [])
    assert open_alerts(gateway, 804) == [(0,)]
    assert gateway.rows("SELECT count(*) FROM journal WHERE abs(recv - ?) > ?", now_ms(),
                        DAY_MS) == [(0,)]
    gateway.stop()
    gateway.verify()


def test_three_devices_know_the_time(gateway, pens, make_device):
    devices = [make_device(gateway, pen) for pen in pens]
    reboot(gateway, synced=False)
    for count, device in enumerate(devices):
        device.wait_connections(2)
        assert not gateway.logged("clock of this box is trusted"), count
        device.tell(device.hello())
    gateway.wait_logged("clock of this box is trusted")
    gateway.stop()
    gateway.verify()


def test_a_restart_of_the_program_needs_nobody(gateway, pens, make_device):
    pen = make_device(gateway, pens[0])
    gateway.clock.set(synced=False)
    gateway.stop()
    gateway.start()
    pen.wait_connections(2)
    pen.tell(pen.hello(), pen.start())
    (verdict,) = pen.wait_heard("verdict")
    assert names_of(pen.telemetry, verdict) == ("PERMIT", [])
    assert not gateway.logged("in doubt")
    gateway.stop()


def test_what_devices_confirmed_outlives_the_program_in_its_unit(gateway, pens, make_device,
                                                                 monkeypatch):
    """There the kernel may not be asked, and /proc/sys is hidden: the unit says which boot it is."""
    monkeypatch.setenv("CAREPACE_BOOT", "5" * 32)
    devices = [make_device(gateway, pen) for pen in pens]
    reboot(gateway, synced=FORBIDDEN)
    for device in devices:
        device.wait_connections(2)
        device.tell(device.hello())
    gateway.wait_logged("clock of this box is trusted")
    for end in (gateway.stop, gateway.kill):
        end()
        gateway.start()
    assert len(gateway.logged("is in doubt")) == 1
    gateway.stop()
    monkeypatch.setenv("CAREPACE_BOOT", "6" * 32)
    gateway.start()
    wait_for(lambda: len(gateway.logged("is in doubt")) == 2, "doubt: the box has started anew")
    gateway.stop()
    gateway.verify()


def test_the_word_of_timesyncd_counts_where_the_kernel_may_not_be_asked(gateway):
    touched = gateway.clock.path.with_name("timesync")
    reboot(gateway, synced=FORBIDDEN)
    touched.touch()
    gateway.wait_logged("clock of this box is trusted")
    gateway.clock.set(off_s=301, synced=FORBIDDEN)
    gateway.wait_logged("in doubt: it was set by more than five minutes")
    gateway.stop()
    os.utime(touched, (time.time() - 41 * 60,) * 2)
    reboot(gateway, synced=FORBIDDEN)
