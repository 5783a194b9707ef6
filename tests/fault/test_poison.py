"""A bug in the judge that one client's history triggers: the program aborts, is started again as
systemd would, and after four restarts at most everybody else is served. The poison is set aside
and said; nothing acknowledged is lost (DESIGN section 2)."""

import threading
import time

import pytest

from device import Device
from gateway import BUILD
from head_office import wait_for
from speech import token

POISONED = BUILD / "tests" / "carepace_poison"
POISON = b"\xde\xad\xbe\xef"  # fault/poison.c
RESTARTS_MAX = 4  # in a batch, in its group, twice alone


class Service:
    """What systemd does: starts it again when it ended by itself."""

    def __init__(self, gateway):
        self.gateway = gateway.start()
        self.restarts = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self):
        while not self._is_over.wait(0.02):
            if self.gateway.process.poll() is not None and not self._is_over.is_set():
                self.restarts += 1
                self.gateway.launch()

    def leave(self):
        """No restart any more."""
        self._is_over.set()
        self._thread.join()

    def stop(self):
        self.leave()
        self.gateway.stop()


@pytest.fixture
def pens(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(3)]


@pytest.fixture
def service(make_gateway, pens):
    del pens  # they are in the registry before it starts
    service = Service(make_gateway(executable=POISONED))
    yield service
    service.leave()


def poison(device, client):
    """A whole treatment that the judge cannot bear."""
    sid = POISON + token()[len(POISON):]
    ups = [device.start(sid, client), device.samples(sid), device.end(sid)]
    return sid, [device.send(up) for up in ups]


def treat(device, client, days_ago=None):
    """(sid, names) of a start, and of a session before it."""
    ups = device.past_session(days_ago, client) if days_ago else []
    start = device.start(client=client)
    return start.session_start.sid, [device.send(up) for up in [*ups, start]]


def test_a_reading_that_aborts_the_judge_stops_nobody(service, contract, pens):
    gateway = service.gateway
    bad, *others = [Device(gateway, contract, pen).connect() for pen in pens]
    try:
        victim = token()
        # Together, so that innocent ones share its batch and its group.
        sid, names = poison(bad, victim)
        told = [treat(device, token(), days_ago=10) for device in others]
        bad.wait_acked(*names, limit_s=60)
        for device, (_, innocent) in zip(others, told):
            device.wait_acked(*innocent, limit_s=60)
        wait_for(lambda: gateway.rows("SELECT 1 FROM unjudged")
                 and not gateway.rows("SELECT 1 FROM pending"), "the poison is set aside", 60)
        restarts = service.restarts
        assert 1 <= restarts <= RESTARTS_MAX, "\n".join(gateway.log)

        # Everybody else is judged and answered, today and for what was before.
        for device in others:
            client = token()
            device.tell(*device.past_session(10, client))
            before = len(device.heard("verdict"))
            start = device.start(client=client)
            device.tell(start)
            verdict = device.wait_heard("verdict", before + 1)[-1]
            assert verdict.sid == start.session_start.sid
            assert verdict.decision == contract.telemetry.REQUIRE_OVERRIDE
        # The bad device, too, for its other clients; and its poisoned one is kept.
        start = bad.start()
        more = [bad.send(up) for up in (start, bad.start(client=victim), bad.heartbeat())]
        bad.wait_acked(*more)
        wait_for(lambda: any(verdict.sid == start.session_start.sid
                             for verdict in bad.heard("verdict")), "it is answered")
        time.sleep(0.5)
        assert service.restarts == restarts, "it came back"
    finally:
        for device in (bad, *others):
            device.close()
    service.stop()

    assert len(gateway.logged("ended the program twice while they were judged")) == 1
    assert gateway.rows("SELECT kind, subject FROM unjudged") == gateway.rows(
        "SELECT 2, client FROM session WHERE sid = ?", sid)
    stored = gateway.stored()
    for device in (bad, *others):
        assert {n for n, digest in device.acked.items() if stored.get(n) != digest} == set()
    # Those who shared the crash have their finding as well: only their answer came too late.
    for session, _ in told:
        (count,), = gateway.rows("SELECT count(*) FROM alert a JOIN session s ON s.no = a.session"
                                 " WHERE s.sid = ? AND a.check_id = 101", session)
        assert count == 1
    print(f"{restarts} restarts; {gateway.verify()}")


def test_the_same_without_poison_needs_no_restart(service, contract, pens):
    """Control: it is the poison that ends this gateway."""
    pen = Device(service.gateway, contract, pens[0]).connect()
    pen.tell(*pen.past_session(10, token()), pen.start())
    pen.close()
    assert service.restarts == 0
    service.stop()
    assert service.gateway.rows("SELECT count(*) FROM unjudged") == [(0,)]
