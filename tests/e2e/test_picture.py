"""After any storm the picture at head office equals the ledger's (DESIGN section 6): a real gateway,
a real Mosquitto, `device-sim` as the clinic and as head office."""

import hashlib
import json
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

import pytest
from google.protobuf import json_format

from gateway import CAREPACE, DEVICE_SIM, NAME
from head_office import Authority, Broker, wait_for
from relay import Relay
from speech import token

FLEET_S = 25
HASH_BYTES = 8  # of a body, in the picture
STATE_KINDS = {16: 2, 17: 5, 18: 3, 19: 6, 20: 4, 21: 8, 22: 7}  # subject_kind.h: ReportKind


class HeadOffice:
    """`device-sim head-office`, and what it knows."""

    def __init__(self, folder, broker, authority, *options):
        self.picture_file = folder / "picture"
        self.said = folder / "head-office.log"
        certificate, key = authority.issue("head-office")
        with self.said.open("w") as out:
            self.process = subprocess.Popen(
                [DEVICE_SIM, "head-office", "--host", "localhost", "--port", str(broker.port),
                 "--ca", authority.certificate, "--certificate", certificate, "--key", key,
                 "--picture", self.picture_file, *map(str, options)],
                stdout=out, stderr=subprocess.STDOUT)
        self._asked = 0
        self.wait_said("listens at the broker")

    def wait_said(self, text, limit_s=20):
        wait_for(lambda: text in self.said.read_text() or self.process.poll() is not None,
                 lambda: f"{text!r} in " + self.said.read_text()[-2000:], limit_s)
        assert self.process.poll() is None, self.said.read_text()

    def forget(self):
        before = self.said.read_text().count("has forgotten")
        self.process.send_signal(signal.SIGUSR2)
        wait_for(lambda: self.said.read_text().count("has forgotten") > before, "forgotten")

    def picture(self):
        """Its lines, each as a list of words."""
        self._asked += 1
        self.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: self.picture_file.exists() and
                 self.picture_file.read_text().startswith(f"picture {self._asked}\n"), "picture")
        return [line.split() for line in self.picture_file.read_text().splitlines()]

    def stop(self):
        """Its exit status: 0 when nothing was reported that must never be."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(20)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Chain:
    """Head office and its broker, one gateway, and between them a wire that can be cut."""

    def __init__(self, folder, contract, make_gateway, json, receipts, *options):
        self.contract = contract
        authority = Authority(folder / "authority")
        self.broker = Broker(folder, authority, authority.issue("localhost"),
                             "use_identity_as_username true\n").start()
        self.wire = Relay(self.broker.port)
        certificate, key = authority.issue(NAME)
        self.office = None
        self.fleet = None
        self.gateway = make_gateway(upstream={
            "servers": f"[localhost:{self.wire.port}]", "ca": authority.certificate,
            "certificate": certificate, "key": key,
            "json": str(json).lower(), "receipts": str(receipts).lower()})
        options += ("--receipts", 100) if receipts else ()
        options += ("--json",) if json else ()
        self.office = HeadOffice(folder, self.broker, authority, *options)

    def close(self):
        for process in (self.fleet, self.office and self.office.process):
            if process and process.poll() is None:
                process.kill()
                process.wait()
        self.wire.close()
        self.broker.kill()

    # --- a day in the clinic ---

    def open_clinic(self, folder):
        self.gateway.configure(policy={"file": None})  # every check
        self.gateway.start()
        options = [DEVICE_SIM, "--pki", self.gateway.pki.folder, "--state", folder / "devices",
                   "--host", "127.0.0.1", "--port", str(self.gateway.port), "--site", NAME,
                   "--run", "7", "--seconds", str(FLEET_S), "--speed", "300", "--grace", "60"]
        subprocess.run([*options, "--orders", folder / "orders"], check=True)
        with (folder / "fleet.log").open("w") as out:
            self.fleet = subprocess.Popen(options, stdout=out)

    def close_clinic(self):
        assert self.fleet.wait(120) == 0, "everything that devices said was acknowledged"

    def lose_broker(self):
        self.broker.kill()
        time.sleep(0.5)
        self.broker.start()

    def lose_gateway(self):
        self.gateway.kill()
        self.gateway.start()

    def pass_time(self, minutes):
        """What is told at most every ten minutes is told."""
        self.gateway.clock.set(off_s=60 * minutes)
        time.sleep(1.5)

    # --- the two pictures ---

    def _body_hash(self, kind, body):
        """As head office sees it: with what is put in when it is sent, but no tokens."""
        report = self.contract.report.Report()
        (field,) = [field for field in report.DESCRIPTOR.fields if field.number == 15 + kind]
        message = getattr(report, field.name)
        message.ParseFromString(body)
        for name, value in (("site", NAME), ("tz", "Europe/Berlin")):
            if name in message.DESCRIPTOR.fields_by_name:
                setattr(message, name, value)
        return self._hash(message)

    def _hash(self, message):
        return hashlib.sha256(message.SerializeToString()).hexdigest()[:2 * HASH_BYTES]

    def _alert_hashes(self):
        """By id, as `carepace export` prints them for people."""
        printed = subprocess.run([CAREPACE, "export", "alerts", "--format", "json", "--config",
                                  self.gateway.configuration], check=True, text=True,
                                 stdout=subprocess.PIPE).stdout
        hashes = {}
        for row in json.loads(printed):
            alert = json_format.ParseDict(row, self.contract.report.Alert(),
                                          ignore_unknown_fields=True)
            alert.site = NAME
            alert.ClearField("client_token")
            alert.ClearField("operator_token")
            hashes[alert.alert_id.hex()] = self._hash(alert)
        return hashes

    def _state_rows(self):
        """Some states have a second part, which depends on arrival."""
        columns = {name for _, name, *_ in self.gateway.rows("PRAGMA table_info(state)")}
        more = "observed" if "observed" in columns else "x''"
        return [(*row[:3], row[3] + row[4]) for row in self.gateway.rows(
            f"SELECT kind, subject, revision, body, {more} FROM state")]

    def _kind_name(self, kind):
        name = self.contract.report.ReportKind.Name(kind)
        return name.removeprefix("REPORT_").lower()

    def ledger(self):
        """What the ledger would have head office know, key by key where we can name it."""
        rows = self.gateway.rows
        hashes = self._alert_hashes()
        alerts = [("alert", key, revision, hashes[key]) for key, revision in
                  rows("SELECT lower(hex(id)), revision FROM alert WHERE NOT is_test AND fold = 0")]
        names = {no: f"{sid}/{device}" for no, sid, device in rows(
            "SELECT s.no, lower(hex(s.sid)), lower(hex(d.id)) FROM session s"
            " JOIN source d ON d.no = s.source")}
        states = []
        for subject_kind, subject, revision, body in self._state_rows():
            kind = STATE_KINDS[subject_kind]
            states.append((self._kind_name(kind), names[subject] if kind == 2 else None, revision,
                           self._body_hash(kind, body)))
        return Counter(alerts + states)

    def told(self, lines):
        """The same from the picture."""
        states = [line[2:] for line in lines if line[:2] == ["state", NAME]]
        keys = [(kind, key) for kind, key, _, _ in states]
        assert len(set(keys)) == len(keys), "a key is there twice"
        return Counter(
            (kind, key if kind in ("alert", "session_summary") else None, int(revision), body)
            for kind, key, revision, body in states)

    def difference(self):
        """What the ledger has and head office has not, and the reverse."""
        lines = self.office.picture()
        ledger, told = self.ledger(), self.told(lines)
        return ledger - told, told - ledger

    def wait_equal(self, limit_s=60):
        wait_for(lambda: self.difference() == (Counter(), Counter()),
                 lambda: f"equal: {self.difference()}", limit_s)

    def outbox(self):
        return self.gateway.rows("SELECT kind, n FROM outbox ORDER BY kind, n")

    def wait_drained(self):
        wait_for(lambda: self.outbox() == [], lambda: f"outbox is empty: {self.outbox()}", 60)

    def drain_by_restarts(self):
        """What a lost receipt would have named is offered again at every connect."""
        for _ in range(5):
            if self.outbox() == []:
                break
            self.lose_gateway()
            time.sleep(4)
        self.wait_drained()


@pytest.fixture
def make_chain(tmp_path, contract, make_gateway):
    made = []

    def make(*settings):
        made.append(Chain(tmp_path, contract, make_gateway, *settings))
        return made[-1]

    yield make
    for chain in made:
        chain.close()


@pytest.fixture(scope="module")
def devices(pki):
    return [pki.issue(kind) for kind in ("pen", "rf", "roller", "pen", "tablet")]


def numbers(lines, *words):
    """The last word of the lines that begin with these."""
    return {line[len(words)]: int(line[-1]) for line in lines if line[:len(words)] == list(words)}


def wait_health(chain):
    """The first that a new box tells, of itself: what follows can be counted."""
    wait_for(lambda: numbers(chain.office.picture(), "count").get("new") == 1, "the box's health")


def storm_with_receipts(chain):
    """Head office loses its memory and its broker everything: the ledger tells it again."""
    time.sleep(3)
    chain.lose_broker()
    time.sleep(4)
    chain.office.forget()
    chain.lose_gateway()
    time.sleep(4)
    chain.wire.cut()
    time.sleep(5)
    chain.office.forget()
    chain.lose_broker()


def storm_without(chain):
    """What the broker has acknowledged is its own to keep."""
    time.sleep(3)
    chain.wire.cut()
    time.sleep(4)
    chain.lose_gateway()
    time.sleep(3)
    chain.office.process.send_signal(signal.SIGSTOP)
    time.sleep(3)
    chain.office.process.send_signal(signal.SIGCONT)
    chain.wire.cut()
    time.sleep(3)
    chain.lose_gateway()


LONG = pytest.mark.long


@pytest.mark.parametrize("json, receipts", [
    pytest.param(False, True, id="protobuf-receipts"), pytest.param(True, False, id="json"),
    pytest.param(True, True, id="json-receipts", marks=LONG),
    pytest.param(False, False, id="protobuf", marks=LONG)])
def test_after_a_storm_both_know_the_same(make_chain, devices, tmp_path, json, receipts):
    del devices
    chain = make_chain(json, receipts, "--orders", tmp_path / "orders", "--site", NAME,
                       *(["--lose-receipts", 3] if receipts else []))
    chain.open_clinic(tmp_path)
    (storm_with_receipts if receipts else storm_without)(chain)
    chain.close_clinic()
    orders = len(list((tmp_path / "orders").glob("*.order")))
    chain.office.wait_said(f"has stored order {orders}", 60)
    for minutes in (11, 22):
        chain.pass_time(minutes)
    chain.wait_equal()
    chain.drain_by_restarts()
    chain.wait_equal()

    lines = chain.office.picture()
    counts = numbers(lines, "count")
    assert counts["new"] > 20 and counts["epochs_ended"] == 0
    assert not receipts or counts["again"] > 0, "no storm"
    told = dict(chain.gateway.rows("SELECT kind, n FROM outbox_count"))
    assert {line[2]: [int(n) for n in (line[4], line[6], line[8])] for line in lines
            if line[0] == "stream"} == {chain._kind_name(kind): [n, n, 0]
                                        for kind, n in told.items()}, "without a hole"
    chain.gateway.stop()
    assert chain.office.stop() == 0, chain.office.said.read_text()
    assert "Sanitizer" not in chain.office.said.read_text()
    chain.gateway.verify()


def too_soon(pen, clients):
    for client in clients:
        pen.tell(*pen.past_session(9, client), pen.start(client=client))


def test_a_report_that_head_office_overlooks_is_seen_to_be_missing(
        make_chain, make_device, pki):
    """The negative control."""
    chain = make_chain(False, False, "--overlook", 4)
    identity = pki.issue("pen")
    gateway = chain.gateway.start()
    wait_health(chain)
    pen = make_device(gateway, identity)
    too_soon(pen, [token() for _ in range(5)])
    wait_for(lambda: numbers(chain.office.picture(), "count")["new"] == 5, "the others came")
    chain.wait_drained()
    missing, invented = chain.difference()
    assert (sum(missing.values()), sum(invented.values())) == (1, 0)
    (stream,) = [line for line in chain.office.picture() if line[:3] == ["stream", NAME, "alert"]]
    assert stream == f"stream {NAME} alert complete 2 highest 5 holes 1".split()
    chain.gateway.stop()
    assert chain.office.stop() == 0


def test_with_receipts_what_was_overlooked_is_told_again(make_chain, make_device, pki):
    chain = make_chain(True, True, "--overlook", 4)
    identity = pki.issue("pen")
    gateway = chain.gateway.start()
    wait_health(chain)
    pen = make_device(gateway, identity)
    too_soon(pen, [token() for _ in range(5)])
    wait_for(lambda: [n for kind, n in chain.outbox() if kind == 1] == [3, 4, 5],
             "the receipt stands before the hole")
    assert sum(chain.difference()[0].values()) == 1
    chain.wire.cut()
    chain.wait_equal()
    chain.wait_drained()
    chain.gateway.stop()
    assert chain.office.stop() == 0


def test_another_epoch_begins_the_picture_anew(make_chain, make_device, pki, contract):
    """A gateway with a new store: what the old one told is not mixed with it."""
    chain = make_chain(False, True)
    identity = pki.issue("pen")
    pen = make_device(chain.gateway.start(), identity)
    too_soon(pen, [token() for _ in range(3)])
    chain.wait_equal()
    chain.wait_drained()
    chain.gateway.stop()
    pen.close()
    chain.gateway.store.rename(chain.gateway.folder / "old")
    pen = make_device(chain.gateway.start(), identity, boot=2)
    too_soon(pen, [token()])
    chain.wait_equal()
    assert numbers(chain.office.picture(), "count")["epochs_ended"] == 1
    chain.wait_drained()
    chain.gateway.stop()
    assert chain.office.stop() == 0


def test_head_office_says_what_must_never_be(make_chain, contract):
    """A gateway that goes back, or says something else under the same number."""
    chain = make_chain(False, False)
    report = contract.report.Report(epoch=7, kind=1, n=1, key="a", revision=2)
    report.alert.alert_id, report.alert.check = b"\x01" * 16, contract.telemetry.CART_REUSE
    report.alert.severity, report.alert.state = 2, 1
    report.alert.from_ts_ms = report.alert.raised_ts_ms = 1
    said = [report.SerializeToString()]
    said.append(said[0])  # again: fine
    report.n = 2
    said.append(report.SerializeToString())  # the same revision under a higher number
    report.n, report.alert.from_ts_ms = 1, 2
    said.append(report.SerializeToString())  # another body under the same number
    report.kind = 2
    said.append(report.SerializeToString())  # not the kind of the body
    said.append(b"\xff")
    for payload in said:
        publish(chain, payload)
    wait_for(lambda: numbers(chain.office.picture(), "count") == {
        "new": 1, "again": 1, "late": 0, "back": 1, "changed": 1, "bad": 2, "epochs_ended": 0},
        lambda: str(chain.office.picture()))
    assert chain.office.stop() == 1
    assert len(re.findall("WRONG", chain.office.said.read_text())) == 4


def publish(chain, payload):
    folder = Path(chain.broker.authority.folder)
    if not (folder / "stranger.crt").exists():
        chain.broker.authority.issue("stranger")
    subprocess.run(["mosquitto_pub", "-h", "localhost", "-p", str(chain.broker.port), "-q", "1",
                    "--cafile", chain.broker.authority.certificate,
                    "--cert", folder / "stranger.crt", "--key", folder / "stranger.key",
                    "-t", f"carepace/v1/site/{NAME}/alert", "-s"], input=payload, check=True)


def test_an_order_that_is_none_ends_the_orders_with_a_sentence(make_chain, tmp_path):
    folder = tmp_path / "orders"
    chain = make_chain(False, False, "--orders", folder, "--site", NAME)
    chain.gateway.start()
    order = chain.contract.report.Order(hq_epoch=5, n=1, ts_ms=1, key="time", revision=1)
    order.site_time.hq_ts_ms = 1
    folder.mkdir()
    for name, payload in (("00003", b"\xff"), ("00002", b""), ("00001", b"")):  # the last begins
        if not payload:
            order.n = int(name)
            payload = order.SerializeToString()
        (tmp_path / "order").write_bytes(payload)
        (tmp_path / "order").rename(folder / f"{name}.order")
    chain.office.wait_said("00003.order: is no order; no more orders are sent")
    chain.office.wait_said("has stored order 2")
    chain.gateway.stop()
    assert chain.office.stop() == 0


FILES = ["--ca", "ca", "--certificate", "own", "--key", "key"]


@pytest.mark.parametrize("options, sentence", [
    ([], "--ca is missing: the authority of the broker's certificate"),
    (FILES[:2], "--certificate is missing: head office's own"),
    ([*FILES, "--orders", "here"], "--site is missing: whom the orders are for"),
    ([*FILES, "--site", "North"], '--site: expected 1 to 32 of a-z, 0-9 and -, found "North"'),
    ([*FILES, "--receipts", "soon"],
     '--receipts: expected a number from 0 to 86400000, found "soon"'),
    ([*FILES, "--overlook", "0"], '--overlook: expected a number from 1 to 4294967295, found "0"'),
    (["here"], '"here" is not an option; --help lists them')])
def test_a_wrong_argument_is_one_sentence(options, sentence):
    done = subprocess.run([DEVICE_SIM, "head-office", *options], text=True, capture_output=True,
                          timeout=20, check=False)
    assert (done.returncode, done.stderr) == (2, f"device-sim: {sentence}\n")
