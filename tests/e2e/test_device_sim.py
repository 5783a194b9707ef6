"""The simulator alone, against a real Mosquitto: what it says it did is what a subscriber saw.

Whoever tests the gateway with it leans on that: the list of what was acknowledged must be true,
complete and without holes, whatever happens to the connection.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest

from head_office import Authority, Broker
from paho_client import new_client

BUILD = Path(os.environ["CAREPACE_BUILD_DIR"])
PROTO = Path(__file__).resolve().parents[2] / "proto"
KINDS = ("pen", "pen", "stamp", "rf", "roller", "tablet", "rf", "stamp")
TABLET = 5


def device_id(index):
    return hashlib.sha256(f"device {index}".encode()).hexdigest()[:32]


class Clinic:
    """Certificates and registry as `carepace pki` lays them out, and a broker."""

    def __init__(self, folder):
        self.folder = folder
        self.pki = folder / "pki"
        (self.pki / "devices").mkdir(parents=True)
        authority = Authority(folder / "ca")
        (self.pki / "ca.pem").write_bytes(authority.certificate.read_bytes())
        lines = ["# carepace device registry 1"]
        for index, kind in enumerate(KINDS):
            name = device_id(index)
            for path, suffix in zip(authority.issue(name), (".pem", ".key")):
                (self.pki / "devices" / (name + suffix)).write_bytes(path.read_bytes())
            key_hash = hashlib.sha256(name.encode()).hexdigest()
            lines.append(f"{name} {kind} active 4{index:03x} {key_hash} 2026-01-01T00:00:00Z "
                         f"2090-01-01T00:00:00Z {kind.capitalize()} {index}")
        (self.pki / "registry").write_text("\n".join(lines) + "\n")
        self.observer = authority.issue("observer")
        self.broker = Broker(folder, authority, authority.issue("localhost"),
                             "allow_anonymous true\n").start()

    def start(self, *options):
        self.out = self.folder / "out"
        return subprocess.Popen(
            [BUILD / "device-sim", "--pki", self.pki, "--state", self.folder / "state",
             "--host", "localhost", "--port", str(self.broker.port), "--site", "north-1",
             "--acked", self.folder / "acked", "--json", *options],
            stdout=self.out.open("w"))

    def events(self):
        return [json.loads(line) for line in self.out.read_text().splitlines()]

    def acked(self):
        """{(device, boot, seq): hash}"""
        names = {}
        for line in (self.folder / "acked").read_text().splitlines():
            device, boot, seq, digest = line.split()
            assert names.setdefault((device, int(boot), int(seq)), digest) == digest, line
        return names


@pytest.fixture
def clinic(tmp_path):
    clinic = Clinic(tmp_path)
    yield clinic
    clinic.broker.kill()


@pytest.fixture(scope="session")
def telemetry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("telemetry")
    subprocess.run(["protoc", f"--python_out={folder}", f"-I{PROTO}", PROTO / "telemetry.proto"],
                   check=True)
    sys.path.insert(0, str(folder))
    import telemetry_pb2
    return telemetry_pb2


class Listener:
    """Sees every message, and answers a live start as a strict gateway would."""

    def __init__(self, clinic, telemetry):
        self.pb = telemetry
        self.seen = []  # in order of arrival, as decoded
        self.bodies = {}  # name: hash of content
        self.client = new_client(protocol=mqtt.MQTTv311)
        certificate, key = clinic.observer
        self.client.tls_set(clinic.pki / "ca.pem", certificate, key)
        self.client.on_connect = lambda client, *_: client.subscribe("carepace/v1/device/+/up", 1)
        self.client.on_message = self._on_message
        self.client.connect("localhost", clinic.broker.port)
        self.client.loop_start()

    def _on_message(self, client, _data, message):
        up = self.pb.Up.FromString(message.payload)
        name = (up.source.hex(), up.boot, up.seq)
        assert message.topic == f"carepace/v1/device/{name[0]}/up"
        assert message.qos == 1
        digest = self.content_hash(up, message.payload)
        assert self.bodies.setdefault(name, digest) == digest
        self.seen.append(up)
        if up.WhichOneof("body") == "session_start" and not up.replay:
            self._answer(up.source, up.session_start.sid, 1, self.pb.REQUIRE_OVERRIDE)
        if up.WhichOneof("body") == "override":
            for start in self.bodies_of("session_start"):
                if up.override.alert_id in (b"", start.session_start.sid) and \
                        up.override.sid in (b"", start.session_start.sid):
                    self._answer(start.source, start.session_start.sid, 2, self.pb.PERMIT)

    def _answer(self, source, sid, rev, decision):
        down = self.pb.Down(ts_ms=1)
        down.verdict.sid, down.verdict.rev, down.verdict.decision = sid, rev, decision
        down.verdict.item.add(check=self.pb.INTERVAL_TOO_SOON, severity=self.pb.HIGH, alert_id=sid,
                              value=9, limit=28, earliest_ok_date=20260929)
        for device in (source.hex(), device_id(TABLET)):
            self.client.publish(f"carepace/v1/device/{device}/down", down.SerializeToString(), 1)

    def content_hash(self, up, payload):
        """As device-sim/message.h says, from what arrived."""
        body = getattr(up, up.WhichOneof("body"))
        field = up.DESCRIPTOR.fields_by_name[up.WhichOneof("body")].number
        content = body.SerializeToString()
        assert content in payload
        head = b"".join(n.to_bytes(8, "little") for n in (up.ts_ms, up.mono_ms, field))
        return hashlib.sha256(head + bytes([up.test]) + content).hexdigest()

    def bodies_of(self, kind):
        return [up for up in self.seen if up.WhichOneof("body") == kind]


def assert_no_holes(names):
    last = {}
    for device, boot, seq in names:
        last[device, boot] = max(seq, last.get((device, boot), 0))
    assert sum(last.values()) == len(names)


def test_what_it_lists_as_acknowledged_is_what_arrived(clinic, telemetry):
    listener = Listener(clinic, telemetry)
    assert clinic.start("--seconds", "20", "--speed", "300").wait(60) == 0

    acked = clinic.acked()
    assert acked == listener.bodies
    assert_no_holes(acked)

    # HELLO is the first of every device's messages and bears the name of this start.
    first = {}
    for up in listener.seen:
        first.setdefault(up.source, up)
    assert {up.WhichOneof("body") for up in first.values()} == {"hello"}
    assert len(first) == len(KINDS)

    # The sessions of weeks ago are replays with old times, of earlier starts, in order.
    old = [up for up in listener.seen if up.boot < first[up.source].boot]
    assert old and all(up.replay for up in old)
    assert all(up.ts_ms < time.time() * 1000 - 8 * 86400000 for up in old)
    clients = {up.session_start.client_token for up in old if up.HasField("session_start")}
    today = {up.session_start.client_token for up in listener.bodies_of("session_start")
             if up not in old}
    assert clients & today

    summary = clinic.events()[-1]
    assert summary["event"] == "summary"
    assert summary["messages"] == summary["acknowledged"] == len(acked)
    assert summary["missing"] == summary["not_recorded"] == 0
    assert summary["reconnects"] > 0 and summary["repeats"] > 0
    assert summary["verdicts"]["require_override"] > 0
    assert summary["verdicts"]["permit"] > 0
    assert summary["overrides_given"] == len(listener.bodies_of("override")) > 0
    assert summary["start_to_verdict_count"] > 0
    refused = [event for event in clinic.events() if event["event"] == "session_refused"]
    assert refused, "the clinician never says no"


@pytest.mark.long
def test_nothing_is_lost_when_the_broker_dies_again_and_again(clinic):
    process = clinic.start("--seconds", "25", "--speed", "300", "--seed", "7")
    for pause_s in (4.3, 5.1, 6.2):
        time.sleep(pause_s)
        clinic.broker.kill()
        time.sleep(2)
        clinic.broker.start()
    assert process.wait(90) == 0
    assert_no_holes(clinic.acked())
    summary = clinic.events()[-1]
    assert summary["missing"] == 0
    assert summary["reconnects"] >= 3 * (len(KINDS) - 1)

    # A second run counts its starts on and brings no more news from weeks ago.
    boots = {device: boot for device, boot, _ in sorted(clinic.acked())}
    assert clinic.start("--seconds", "12", "--speed", "300").wait(60) == 0
    assert clinic.events()[-1]["sessions_past"] == 0
    for device, boot, _ in sorted(clinic.acked()):
        assert boot <= boots[device] + 1
    assert_no_holes(clinic.acked())


def test_without_a_broker_it_says_what_is_missing(clinic):
    clinic.broker.kill()
    process = clinic.start("--seconds", "12", "--speed", "300", "--grace", "1", "--devices", "2")
    assert process.wait(60) == 1
    events = clinic.events()
    assert events[-1]["missing"] == events[-1]["messages"] > 0
    assert [event for event in events if event["event"] == "cannot_connect"]


WRONG_ARGUMENTS = (
    (["--port", "0"], '--port: expected a number from 1 to 65535, found "0"'),
    (["--seconds", "1x"], '--seconds: expected a number from 10 to 604800, found "1x"'),
    (["--site", "North"], '--site: expected 1 to 32 of a-z, 0-9 and -, found "North"'),
    (["--pki", "/nonexistent"],
     "cannot open /nonexistent/registry: No such file or directory"),
    (["here"], '"here" is not an option; --help lists them'),
    (["--devices", "9"], "--devices: expected at most 8"),
    (["--speed", "1"], "--seconds: expected room for a session of 1800 s"),
)


def test_a_wrong_argument_is_one_sentence(clinic):
    for options, sentence in WRONG_ARGUMENTS:
        done = subprocess.run(
            [BUILD / "device-sim", "--pki", clinic.pki, "--state", clinic.folder / "state",
             "--site", "north-1", *options], text=True, capture_output=True)
        assert done.returncode in (1, 2), options
        assert done.stderr.startswith("device-sim: " + sentence)
        assert done.stderr.count("\n") == 1
