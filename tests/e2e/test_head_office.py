"""The daemon and head office: a real Mosquitto over TLS, alerts up, plans down (DESIGN section 6)."""

import subprocess

import pytest

from gateway import CAREPACE, NAME
from head_office import Authority, Broker, Subscriber, wait_for
from speech import now_ms, token

CLIENT = f"carepace-{NAME}"
DAYS_30 = 30
TOPIC_DOWN = f"carepace/v1/site/{NAME}/down"


class Office:
    """Head office: a broker, and someone who reads everything and writes orders."""

    def __init__(self, folder, contract):
        self.report = contract.report
        self.authority = Authority(folder / "head-office")
        self.broker = Broker(folder, self.authority, self.authority.issue("localhost"),
                             "use_identity_as_username true\nlog_type all\n")
        self.gateway_identity = self.authority.issue(NAME)
        self.reader = None

    def open(self):
        self.broker.start()
        self.reader = self.reader or Subscriber(self.broker, self.authority.issue("reader"))
        return self

    def close(self):
        if self.reader:
            self.reader.close()
        self.broker.kill()

    def settings(self):
        certificate, key = self.gateway_identity
        return {"servers": f"[localhost:{self.broker.port}]", "ca": self.authority.certificate,
                "certificate": certificate, "key": key}

    # --- what came up ---

    def reports(self, *topics):
        return [self.report.Report.FromString(payload)
                for payload in (self.reader.payloads(*topics) if self.reader else [])]

    def alerts(self):
        return self.reports("alert")

    def receipts(self):
        return [(report.receipt.hq_epoch, report.receipt.n)
                for report in self.reports("receipt")]

    def wait_alerts(self, count):
        return wait_for(lambda: len(self.alerts()) >= count and self.alerts(),
                        lambda: f"{count} alerts, there are {self.alerts()}", 40)

    def wait_receipt(self, *receipt):
        wait_for(lambda: self.receipts()[-1:] == [receipt],
                 lambda: f"receipt {receipt}: {self.receipts()}")

    # --- what goes down ---

    def plan(self, n, client, course=7, revision=1, hq_epoch=5, **fields):
        order = self.report.Order(hq_epoch=hq_epoch, n=n, ts_ms=now_ms() - 3_600_000,
                                  key=f"plan/{course}", revision=revision)
        order.plan.course, order.plan.client_token = course, client
        order.plan.band, order.plan.planned = self.report.BAND_MILD, 4
        order.plan.state = self.report.PLAN_ACTIVE
        for name, value in fields.items():
            setattr(order.plan, name, value)
        return order.SerializeToString()

    def send(self, *orders):
        wait_for(self._is_heard, lambda: "gateway subscribes: " + self.broker.log.read_text())
        self.reader.publish(TOPIC_DOWN, *orders)

    def _is_heard(self):
        """The gateway's last connection has subscribed: it has no session that would wait."""
        log = self.broker.log.read_text()
        return log.rfind(f"Sending SUBACK to {CLIENT}") > log.rfind(f"Sending CONNACK to {CLIENT}")


@pytest.fixture
def office(tmp_path, contract):
    office = Office(tmp_path, contract)
    yield office
    office.close()


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue("pen"), pki.issue("tablet")]


@pytest.fixture
def clinic(office, pens, make_gateway):
    """A gateway that knows head office; not started."""
    del pens
    return make_gateway(upstream=office.settings())


def connected(gateway, times=1):
    wait_for(lambda: len(gateway.logged("head office: connected")) >= times,
             lambda: "connected: " + "\n".join(gateway.log), 40)
    return gateway


def too_soon(device, days, client=None):
    """One alert: (sid of the start that comes too soon). 13 days and less are HIGH."""
    client = client or token()
    start = device.start(client=client)
    device.tell(*device.past_session(days, client), start)
    return start.session_start.sid


def outbox(gateway):
    """The alerts that wait; what else goes up has a pace of its own."""
    return gateway.rows("SELECT kind, n FROM outbox WHERE kind = 1 ORDER BY n")


def wait_drained(gateway):
    wait_for(lambda: outbox(gateway) == [], lambda: f"outbox is empty: {outbox(gateway)}", 40)


def test_each_revision_arrives_once(office, clinic, make_device, pens, contract):
    office.open()
    gateway = connected(clinic.start())
    pen, tablet = make_device(gateway, pens[0]), make_device(gateway, pens[1])
    sids = [too_soon(pen, days) for days in (5, 13, 14, 27)]
    raised = office.wait_alerts(len(sids))
    assert [report.alert.sid for report in raised] == sids, "in the order of their raising"
    high, medium = contract.telemetry.HIGH, contract.telemetry.MEDIUM
    assert [(r.alert.severity, r.alert.value, r.alert.limit) for r in raised] == [
        (high, 5, 28), (high, 13, 28), (medium, 14, 28), (medium, 27, 28)]
    assert {r.alert.state for r in raised} == {office.report.ALERT_RAISED}
    assert {(r.alert.site, r.alert.device) for r in raised} == {(NAME, pens[0].id)}
    assert [r.n for r in raised] == [1, 2, 3, 4]
    assert len({r.epoch for r in raised}) == 1

    # The tablet answers one: a new revision of that one, and of no other.
    tablet.tell(tablet.say("ack_alert", alert_id=raised[2].alert.alert_id, by_token=token(),
                           reason=1))
    acked = office.wait_alerts(len(sids) + 1)[-1]
    assert (acked.key, acked.n) == (raised[2].key, 5)
    assert acked.revision > raised[2].revision
    assert acked.alert.state == office.report.ALERT_CLEARED, "a fact of the past, acknowledged"
    wait_drained(gateway)
    gateway.stop()
    assert len(office.alerts()) == len(sids) + 1, "nothing came twice"
    counts = gateway.counts()
    told = len(office.reports("alert", "session", "aggregate", "status"))
    assert (counts["upstream_sent"], counts["upstream_acknowledged"]) == (told, told)


def test_it_hears_what_was_acknowledged_at_the_box(office, clinic, make_device, pens):
    office.open()
    gateway = connected(clinic.start())
    too_soon(make_device(gateway, pens[0]), 20)
    (raised,) = office.wait_alerts(1)
    who = token()
    subprocess.run([CAREPACE, "acknowledge", raised.alert.alert_id.hex(), "--operator", who.hex(),
                    "--config", gateway.configuration], check=True, capture_output=True)
    told = office.wait_alerts(2)[-1]
    assert (told.key, told.alert.state) == (raised.key, office.report.ALERT_CLEARED)
    (audit,) = wait_for(lambda: [report.audit for report in office.reports("status")
                                 if report.audit.action == office.report.AUDIT_ACK_ALERT], "it")
    assert (audit.by_token, audit.object) == (who, raised.alert.alert_id.hex())
    gateway.stop()


def test_what_happened_while_the_broker_was_down_arrives_later(office, clinic, make_device, pens):
    gateway = clinic.start()
    pen, tablet = make_device(gateway, pens[0]), make_device(gateway, pens[1])
    sids = [too_soon(pen, days) for days in (5, 13, 14)]
    gateway.wait_logged("cannot connect to ssl://localhost")
    # State, not a log: what changed meanwhile goes up once, as it is now.
    (alert_id,), = gateway.rows("SELECT a.id FROM alert a JOIN session s ON s.no = a.session"
                                " WHERE s.sid = ?", sids[0])
    tablet.tell(tablet.say("ack_alert", alert_id=alert_id, by_token=token(), reason=1))
    assert len(outbox(gateway)) == 3
    office.open()
    reports = office.wait_alerts(3)
    assert [report.alert.sid for report in reports] == [sids[1], sids[2], sids[0]], "by n"
    assert reports[-1].alert.state == office.report.ALERT_CLEARED
    wait_drained(gateway)

    # Down again, and up at the same place.
    office.broker.kill()
    gateway.wait_logged("head office: lost")
    sid = too_soon(pen, 3)
    assert len(outbox(gateway)) == 1
    office.open()
    assert office.wait_alerts(4)[-1].alert.sid == sid
    wait_drained(gateway)
    gateway.stop()
    counts = gateway.counts()
    assert (counts["upstream_connects"], counts["upstream_losses"]) == (2, 1)
    assert "upstream_refused" not in counts
    assert len(office.alerts()) == 4
    gateway.verify()


def test_kill_9_while_alerts_go_up(office, clinic, make_device, pens):
    """What was not acknowledged is offered again: at least once, under the same name."""
    office.open()
    gateway = connected(clinic.start())
    pen = make_device(gateway, pens[0])
    sids = []
    for life in range(3):
        sids += [too_soon(pen, days) for days in range(1, 7)]  # more in a day are told as one
        gateway.kill()
        gateway.start()
        pen.wait_connections(life + 2)
    wait_drained(gateway)
    gateway.stop()
    reports = office.alerts()
    assert {report.alert.sid for report in reports} == set(sids)
    contents = {}
    for report in reports:
        name = (report.epoch, report.kind, report.n)
        assert contents.setdefault(name, report.SerializeToString()) == report.SerializeToString()
    assert len(contents) == len(sids)
    gateway.verify()


def test_a_plan_changes_what_is_too_soon(office, clinic, make_device, pens, contract):
    office.open()
    gateway = connected(clinic.start())
    pen = make_device(gateway, pens[0])
    client, other = token(), token()
    pen.tell(*pen.past_session(DAYS_30, client), *pen.past_session(DAYS_30, other))

    pen.tell(pen.start(client=other, course=8))
    assert pen.wait_heard("verdict")[-1].decision == contract.telemetry.PERMIT
    office.send(office.plan(1, client, min_days=35))
    office.wait_receipt(5, 1)
    pen.tell(pen.start(client=client, course=7))
    verdict = pen.wait_heard("verdict", 2)[-1]
    assert verdict.decision == contract.telemetry.ADVISE
    assert [(item.check, item.value, item.limit) for item in verdict.item] == [
        (contract.telemetry.INTERVAL_TOO_SOON, 30, 35)]
    gateway.stop()
    gateway.verify()


def test_a_hole_in_the_stream_holds_the_receipt(office, clinic):
    office.open()
    gateway = connected(clinic.start())
    plans = {n: office.plan(n, token(), course=n) for n in range(1, 6)}
    office.send(plans[1], plans[3], plans[4])
    office.wait_receipt(5, 1)
    wait_for(lambda: len(gateway.stored()) == 3, "orders are stored")
    office.send(plans[2])
    office.wait_receipt(5, 4)
    office.send(plans[5])
    office.wait_receipt(5, 5)
    gateway.stop()
    assert gateway.counts()["orders_stored"] == 5


def test_duplicates_of_orders_change_nothing(office, clinic, make_device, pens):
    office.open()
    gateway = connected(clinic.start())
    pen = make_device(gateway, pens[0])
    client = token()
    plan = office.plan(1, client, min_days=35)
    office.send(plan)
    office.wait_receipt(5, 1)
    pen.tell(*pen.past_session(DAYS_30, client), pen.start(client=client, course=7))
    office.wait_alerts(1)
    before = gateway.rows("SELECT * FROM journal"), gateway.rows("SELECT * FROM alert")
    receipts = len(office.receipts())
    office.send(*[plan] * 20)
    wait_for(lambda: len(office.receipts()) > receipts, "a duplicate is answered, too")
    # The same name with another content: kept apart, the first one counts.
    office.send(office.plan(1, client, min_days=10))
    wait_for(lambda: gateway.rows("SELECT count(*) FROM conflict") == [(1,)], "conflict is kept")
    wait_drained(gateway)
    assert (gateway.rows("SELECT * FROM journal"), gateway.rows("SELECT * FROM alert")) == before
    assert set(office.receipts()) == {(5, 1)}
    gateway.stop()
    assert len(office.alerts()) == 1
    gateway.verify()


def test_the_receipt_is_repeated_at_every_connect(office, clinic):
    office.open()
    gateway = connected(clinic.start())
    assert office.receipts() == [], "nothing has come down yet"
    office.send(office.plan(1, token()), office.plan(2, token(), course=8))
    office.wait_receipt(5, 2)
    count = len(office.receipts())

    # The broker forgets everybody.
    office.broker.kill()
    gateway.wait_logged("head office: lost")
    office.open()
    connected(gateway, 2)
    wait_for(lambda: len(office.receipts()) == count + 1, lambda: f"{office.receipts()}")
    # A new life of the gateway, after an orderly end and after kill -9.
    for end in (gateway.stop, gateway.kill):
        end()
        gateway.start()
        wait_for(lambda: len(office.receipts()) > count + 1, lambda: f"{office.receipts()}")
        count = len(office.receipts()) - 1
    assert set(office.receipts()[count:]) == {(5, 2)}

    # Head office begins a new stream: it counts anew, the old one is over.
    office.send(office.plan(1, token(), hq_epoch=6))
    office.wait_receipt(6, 1)
    gateway.stop()


def test_an_order_that_cannot_be_understood_keeps_its_place(office, clinic):
    """A later version of head office must not stop the stream for ever."""
    office.open()
    gateway = connected(clinic.start())
    order = office.report.Order.FromString(office.plan(1, token()))
    order.ClearField("plan")
    office.send(order.SerializeToString() + b"\xba\x06\x02\x08\x01", office.plan(2, token()))
    office.wait_receipt(5, 2)
    assert gateway.rows("SELECT count(*) FROM parked") == [(1,)]
    office.send(b"\xff no order")
    said = r"^WARNING head office sent an order that cannot be understood"
    wait_for(lambda: len(gateway.logged(said)) == 2, lambda: f"said: {gateway.log}")
    gateway.stop()
    counts = gateway.counts()
    assert (counts["orders_stored"], counts["orders_parked"]) == (1, 2)


def test_an_order_with_free_text_is_refused(office, clinic):
    office.open()
    gateway = connected(clinic.start())
    order = office.report.Order.FromString(office.plan(1, token()))
    order.key = "Mrs. Smith, phone 555"
    office.send(order.SerializeToString())
    gateway.wait_logged(r"^WARNING head office sent an order that is refused \(Order.key\)")
    gateway.stop()
    counts = gateway.counts()
    assert counts["orders_refused"] == 1 and "orders_stored" not in counts
    assert "Smith" not in "\n".join(gateway.log)


def test_the_box_says_what_ails_it(clinic, office, pens, make_device):
    """GW_PARKED while it is connected, GW_UPSTREAM_DOWN when it is not; the latter goes up with
    the connection that ends it (domain 8.8)."""
    report = office.open().report
    checks = report.telemetry__pb2.Check
    parked, down = checks.Value("GW_PARKED"), checks.Value("GW_UPSTREAM_DOWN")
    clinic.configure(policy={"file": None})
    connected(clinic.start())
    order = report.Order(hq_epoch=5, n=1, ts_ms=now_ms() - 1000, key="policy", revision=1)
    order.policy.version = 1
    order.policy.setting.add(check=down, parameter="minutes", value=0)
    office.send(order.SerializeToString())
    office.wait_receipt(5, 1)

    def states(check):
        return [alert.alert.state for alert in office.alerts() if alert.alert.check == check]

    pen = make_device(clinic, pens[0])
    pen.publish(b"\xff\x07 this is no protobuf").wait_for_publish(10)
    wait_for(lambda: states(parked) == [report.ALERT_RAISED], lambda: str(office.alerts()))

    office.broker.kill()
    wait_for(lambda: clinic.rows("SELECT 1 FROM alert WHERE check_id = ? AND until_at > ?", down,
                                 now_ms() * 2), "GW_UPSTREAM_DOWN is raised")
    office.broker.start()
    wait_for(lambda: states(down)[-1:] == [report.ALERT_CLEARED],
             lambda: str(office.alerts()), 60)
    assert states(parked) == [report.ALERT_RAISED], "it is there once, and still is"
    pen.close()
    clinic.stop()
    assert clinic.rows("SELECT count(*) FROM journal WHERE source = 1 AND kind = 522") == [(3,)]
    clinic.verify()
