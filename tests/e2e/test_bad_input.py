"""Whatever a device, a network or a person does wrong: one clear line in the log, one counter,
the other devices unaffected, nothing lost (DESIGN sections 1 and 5)."""

import contextlib
import os
import re
import socket
import sqlite3
import ssl

import paho.mqtt.client as mqtt
import pytest

import bytes_on_wire as wire
from clinic import Clinic
from gateway import NAME
from head_office import Authority, free_port, wait_for
from speech import Voice, token


@pytest.fixture(scope="module")
def pens(pki):
    """Known to every gateway of this module."""
    return [pki.issue("pen", f"Pen {i}") for i in range(3)]


@pytest.fixture
def clinic(make_gateway, make_device, pens):
    gateway = make_gateway().start()
    return Clinic(gateway, make_device(gateway, pens[0]))


# --- TLS: who does not get in stands in test_tls_matrix.py ---------------------------------------

def test_a_broken_record_on_an_open_connection(clinic, pki, pens):
    """The handshake is over, then the bytes are not what TLS would send."""
    link = wire.Wire(clinic.gateway, pens[1])
    link.send(wire.connect(pens[1].hex))
    assert link.receive() == (0x20, b"\0\0")
    with socket.socket(fileno=os.dup(link.fileno())) as below:
        below.sendall(b"\x17\x03\x03\x00\x20" + b"\xaa" * 32)
    assert link.receive() is None
    link.close()
    clinic.prove("^WARNING closed .*not valid TLS", closed_tls=1)


def test_a_device_that_does_not_trust_the_gateway(clinic, pens, tmp_path):
    """It lacks the clinic's ca.pem: it breaks off, and says so in TLS."""
    foreign = Authority(tmp_path / "foreign", "another clinic's CA")
    context = wire.tls(foreign.certificate, pens[1].certificate, pens[1].key)
    with socket.create_connection(("127.0.0.1", clinic.gateway.port), 10) as plain:
        with pytest.raises(ssl.SSLCertVerificationError):
            context.wrap_socket(plain, server_hostname="127.0.0.1")
    clinic.gateway.wait_logged("it broke off")
    clinic.prove("^WARNING refused .*it broke off: install the clinic's ca.pem on it",
                 tls_peer_alert=1)


@pytest.mark.long
def test_a_client_that_says_nothing(clinic):
    with socket.create_connection(("127.0.0.1", clinic.gateway.port), 20) as plain:
        assert plain.recv(1) == b""  # after 10 s
    clinic.prove(r"127\.0\.0\.1:\d+.*handshake", handshakes_timed_out=1)


# --- MQTT: all its rules stand in test_bad_mqtt.py -----------------------------------------------

TOPIC = "carepace/v1/device/%s/up"


@pytest.mark.parametrize("level, refusal", [(4, b"\0\2"), (5, b"\0\x85\0")])
def test_the_client_id_of_another_device(clinic, pens, level, refusal):
    link = wire.Wire(clinic.gateway, pens[1])
    link.send(wire.connect(pens[0].hex, level))  # the healthy one must stay
    assert link.receive() == (0x20, refusal)
    assert link.receive() is None
    link.close()
    proof = clinic.prove(r"^WARNING Pen 1 .*a client identifier other than the certificate's",
                         mqtt_foreign_client_id=1)
    assert "takeovers" not in proof.counts


@pytest.mark.parametrize("level, qos, answer", [
    (4, 1, None), (4, 0, None), (5, 1, (0x40, b"\0\1\x87")), (5, 0, (0xE0, b"\x87"))])
def test_publishing_to_a_foreign_topic(clinic, contract, pens, level, qos, answer):
    """To the healthy pen's topic, in the healthy pen's name."""
    link = wire.Wire(clinic.gateway, pens[1])
    link.send(wire.connect(pens[1].hex, level))
    assert link.receive()[0] == 0x20
    payload = Voice(contract, pens[0], boot=99).heartbeat().SerializeToString()
    link.send(wire.publish(TOPIC % pens[0].hex, payload, 1, level, qos))
    assert link.receive() == answer
    if (level, qos) == (5, 1):  # told so, the connection goes on
        link.send(b"\xc0\0")
        assert link.receive() == (0xD0, b"")
    else:
        assert link.receive() is None
    link.close()
    proof = clinic.prove(r"^WARNING Pen 1 .*a topic that is not the device's own",
                         mqtt_foreign_topic=1)
    assert (pens[0].hex, 99, 1) not in proof.stored


@pytest.mark.parametrize("level, filter, answer, counter, reason", [
    (4, "carepace/v1/device/%s/down", (0x90, b"\0\1\x80"), "mqtt_foreign_topic", "not the device"),
    (5, "carepace/v1/device/%s/down", (0x90, b"\0\1\0\x87"), "mqtt_foreign_topic",
     "not the device"),
    (4, "#", (0x90, b"\0\1\x80"), "mqtt_foreign_topic", "not the device"),
    (5, "#", (0xE0, b"\xa2"), "mqtt_wildcard_unsupported", "wildcard subscription"),
], ids=["3.1.1", "5", "3.1.1 #", "5 #"])
def test_subscribing_to_a_foreign_topic(clinic, pens, level, filter, answer, counter, reason):
    link = wire.Wire(clinic.gateway, pens[1])
    link.send(wire.connect(pens[1].hex, level))
    assert link.receive()[0] == 0x20
    link.send(wire.subscribe(filter.replace("%s", pens[0].hex), 1, level))
    assert link.receive() == answer
    told = clinic.healthy.start()
    clinic.healthy.tell(told)
    clinic.healthy.wait_heard("verdict", 2)
    if answer[0] == 0x90:  # what came down for the other was not for this one
        link.send(b"\xc0\0")
        assert link.receive() == (0xD0, b"")
    link.close()
    clinic.prove(rf"^WARNING Pen 1 .*{reason}", **{counter: 1})


# --- payloads ------------------------------------------------------------------------------------

@pytest.fixture(params=[mqtt.MQTTv311, mqtt.MQTTv5], ids=["3.1.1", "5"])
def bad(request, clinic, make_device, pens):
    """The device that does it, on each protocol."""
    return make_device(clinic.gateway, pens[1], protocol=request.param)


def test_bytes_that_are_no_message_are_parked_once(clinic, bad):
    rubbish = b"\xff\x07 this is no protobuf"
    for _ in range(2):
        bad.publish(rubbish).wait_for_publish(10)  # PUBACK: it is kept
    bad.tell(bad.heartbeat())
    assert bad.losses == []
    said = rf"^WARNING Pen 1 \({bad.device.hex}\) sent a message that cannot be understood"
    assert len(clinic.gateway.logged(said)) == 2
    assert clinic.gateway.rows("SELECT payload FROM parked") == [(rubbish,)]
    assert "this is no protobuf" not in "\n".join(clinic.gateway.log)
    clinic.prove(r"counts:", parked=2)


def test_a_message_of_a_later_version_is_parked_and_told(clinic, bad):
    """A body that this program does not know; its name is known, so the device is told."""
    up = bad.heartbeat()
    up.ClearField("heartbeat")
    payload = up.SerializeToString() + b"\xba\x06\x02\x08\x01"  # field 103
    bad.publish(payload).wait_for_publish(10)
    (ack,) = bad.wait_heard("ack")
    assert (ack.boot, ack.seq, ack.code) == (up.boot, up.seq, bad.telemetry.ACK_PARKED)
    proof = clinic.prove(r"^WARNING Pen 1 .*cannot be understood \(unknown type of message\); it is"
                         " kept$", parked=1)
    assert clinic.gateway.rows("SELECT payload FROM parked") == [(payload,)]
    assert (bad.device.hex, up.boot, up.seq) not in proof.stored


def test_a_payload_that_claims_another_device(clinic, bad, pens, contract):
    up = Voice(contract, pens[2]).heartbeat()
    info = bad.publish(up.SerializeToString())
    if bad.is_mqtt5:  # PUBACK 0x87: Paho for Python is told, but does not say
        info.wait_for_publish(10)
        bad.tell(bad.heartbeat())
    else:  # 3.1.1 has no such answer: closed, not acknowledged
        wait_for(lambda: bad.losses, "connection ended")
    bad.close()
    proof = clinic.prove(rf"^WARNING Pen 1 \({bad.device.hex}\) spoke for another device", foreign=1)
    assert (pens[2].hex, up.boot, up.seq) not in proof.stored


def test_a_payload_that_claims_another_device_is_answered_0x87(clinic, pens, contract):
    link = wire.Wire(clinic.gateway, pens[1])
    link.send(wire.connect(pens[1].hex, 5))
    assert link.receive()[0] == 0x20
    payload = Voice(contract, pens[2]).heartbeat().SerializeToString()
    link.send(wire.publish(TOPIC % pens[1].hex, payload, 7, 5))
    assert link.receive() == (0x40, b"\0\7\x87")
    link.close()
    clinic.prove("^WARNING Pen 1 .*spoke for another device", foreign=1)


def test_a_pen_that_speaks_like_a_tablet(clinic, bad):
    up = bad.say("ack_alert", alert_id=token(), by_token=token())
    bad.publish(up.SerializeToString())
    proof = clinic.prove(r"^WARNING Pen 1 .*spoke for another device \(only a tablet may",
                         foreign=1)
    assert (bad.device.hex, up.boot, up.seq) not in proof.stored


@pytest.mark.parametrize("active_ms, decision", [(1000, "REQUIRE_OVERRIDE"), (1001, "PERMIT")])
def test_a_value_out_of_range_is_kept_and_not_used(clinic, bad, active_ms, decision):
    """Ten days ago a session whose only sign of treatment is that value."""
    client = token()
    start, samples, end = bad.past_session(10, client)
    for sample in samples.samples.sample:
        sample.active_ms = active_ms
    for field in ("active_ms", "punctures"):
        end.session_end.ClearField(field)
    bad.tell(start, samples, end)
    if active_ms > 1000:
        (nack,) = bad.wait_heard("nack")
        assert (nack.boot, nack.seq, nack.code, nack.journalled) == (
            samples.boot, samples.seq, bad.telemetry.ACK_RANGE, True)
    bad.tell(bad.start(client=client))
    (verdict,) = bad.wait_heard("verdict")
    assert bad.telemetry.Decision.Name(verdict.decision) == decision
    is_out = active_ms > 1000
    line = r"value out of range \(Sample.active_ms\); the value is not used" if is_out else "counts:"
    proof = clinic.prove(line, range=int(is_out))
    assert all(proof.stored[name] == digest for name, digest in bad.acked.items())
    clinic.gateway.verify()


@pytest.mark.parametrize("field, value, where", [
    ("serial", "call me under 555", "Hello.serial"), ("site", "Dr. Smith, room 3", "Hello.site")])
def test_free_text_where_codes_are_allowed(clinic, bad, field, value, where):
    up = bad.hello()
    setattr(up.hello, field, value)
    bad.publish(up.SerializeToString()).wait_for_publish(10)
    (nack,) = bad.wait_heard("nack")
    assert (nack.boot, nack.seq, nack.code, nack.journalled) == (
        up.boot, up.seq, bad.telemetry.ACK_PRIVACY, False)
    bad.tell(bad.heartbeat())
    proof = clinic.prove(rf"^WARNING Pen 1 .*text where only codes are allowed \({where}\); refused,"
                         " nothing of it is kept", privacy=1)
    assert (bad.device.hex, up.boot, up.seq) not in proof.stored
    kept = b"".join(path.read_bytes() for path in clinic.gateway.store.iterdir())
    assert value.encode() not in kept and value not in "\n".join(clinic.gateway.log)
    assert b"TEST-1" in kept  # the search finds what is there: the healthy one's serial


def test_the_same_name_with_another_body(clinic, bad):
    up = bad.heartbeat()
    bad.tell(up)
    first = dict(bad.acked)
    up.heartbeat.battery_pct = 3
    bad.publish(up.SerializeToString()).wait_for_publish(10)
    proof = clinic.prove(rf"^WARNING boot {up.boot} seq {up.seq} came again with another content",
                         conflicts=1)
    assert proof.stored.items() >= first.items(), "the first one counts"
    assert len(clinic.gateway.rows("SELECT 1 FROM conflict")) == 1


def test_a_payload_larger_than_the_contract_allows(clinic, bad):
    payload = bad.heartbeat().SerializeToString() + b"\xba\x06" + b"\xf4\xff\x03" + b"x" * 65524
    assert len(payload) > 65535
    bad.publish(payload).wait_for_publish(10)
    bad.tell(bad.heartbeat())
    clinic.prove("^WARNING Pen 1 .*cannot be understood", parked=1)


# --- head office ---------------------------------------------------------------------------------

def test_no_broker_upstream(make_gateway, make_device, pens, pki, tmp_path):
    authority = Authority(tmp_path / "head-office")
    certificate, key = authority.issue(NAME)
    gateway = make_gateway(upstream={
        "servers": f"[localhost:{free_port()}]", "ca": authority.certificate,
        "certificate": certificate, "key": key}).start()
    pen = make_device(gateway, pens[1])
    clinic = Clinic(gateway, make_device(gateway, pens[0]))
    client = token()
    pen.tell(*pen.past_session(10, client), pen.start(client=client))
    (verdict,) = pen.wait_heard("verdict")
    assert verdict.decision == pen.telemetry.REQUIRE_OVERRIDE
    gateway.wait_logged("head office: cannot connect")
    clinic.prove(r"^WARNING head office: cannot connect to ssl://localhost:\d+", stored=10)
    assert len(gateway.rows("SELECT 1 FROM outbox WHERE kind = 1")) == 1, "the alert waits"


# --- the person who installs it ------------------------------------------------------------------

def fails(gateway, line, status=2):
    gateway.launch()
    assert gateway.ended() == status, gateway.log
    said = gateway.logged(line)
    assert len(said) == 1, gateway.log
    assert gateway.logged("listens on") == []
    return said[0]


def test_port_in_use(make_gateway):
    gateway = make_gateway()
    with socket.create_server(("127.0.0.1", gateway.port)):
        fails(gateway, rf"^ERROR cannot listen on 127\.0\.0\.1 port {gateway.port}: another program")
    gateway.start().stop()  # it was only the port


@pytest.mark.parametrize("section, name, value, sentence", [
    ("listener", "port", "many",
     'listener.port: expected a whole number from 1 to 65535, found many$'),
    ("listener", "prot", 8883, "prot"),
    ("site", "timezone", "Mars/Olympus", "site.timezone: expected .*found Mars/Olympus$"),
    ("site", "name", "North 1", "site.name: expected 1 to 32 characters"),
    ("listener", "max_keep_alive", "1s", "listener.max_keep_alive: expected a time from 5s"),
])
def test_wrong_configuration(make_gateway, section, name, value, sentence):
    gateway = make_gateway(**{section: {name: value}})
    line = 1 + gateway.configuration.read_text().splitlines().index(f"  {name}: {value}")
    fails(gateway, rf"^{re.escape(str(gateway.configuration))}:{line}: .*{sentence}")


def test_no_configuration(make_gateway):
    gateway = make_gateway()
    gateway.configuration.unlink()
    fails(gateway, re.escape(str(gateway.configuration)))


@pytest.mark.parametrize("name", ["ca", "certificate", "key", "registry"])
def test_a_missing_file(make_gateway, tmp_path, name):
    fails(make_gateway(listener={name: tmp_path / "nothing"}),
          rf"^ERROR cannot use the certificates: cannot .* {tmp_path}/nothing: No such file")


def test_a_key_that_others_may_read(make_gateway, pki, tmp_path):
    key = tmp_path / "listener.key"
    key.write_bytes((pki.folder / "listener.key").read_bytes())
    for mode in (0o604, 0o640):
        key.chmod(mode)
        gateway = make_gateway(listener={"key": key})
        assert "chmod" in fails(gateway, rf"^ERROR cannot use the certificates: .*{key}")


def test_a_key_that_is_not_the_certificates(make_gateway, pki):
    fails(make_gateway(listener={"key": pki.folder / "ca.key"}),
          "^ERROR cannot use the certificates: .*is not the key of the certificate")


def test_a_registry_with_a_wrong_line(make_gateway, pki, tmp_path):
    registry = tmp_path / "registry"
    registry.write_text(pki.registry.read_text() + "what is this\n")
    line = len(registry.read_text().splitlines())
    fails(make_gateway(listener={"registry": registry}),
          rf"^ERROR cannot use the certificates: {registry}:{line}: ")


@pytest.mark.parametrize("place, why", [
    ("/proc/carepace", "cannot make the folder /proc/carepace"),
    ("/proc/self", "cannot write in the folder /proc/self"),
])
def test_a_store_where_nothing_can_be_written(make_gateway, place, why):
    """/proc takes no files, not even from root."""
    fails(make_gateway(store={"path": place}), rf"^ERROR {why} \(.*\); check store.path")


def test_a_store_of_the_future(make_gateway):
    """A whole store, so nothing is counted against it, and no other try is made."""
    gateway = make_gateway().start()
    gateway.stop()
    gateway.log.clear()
    with contextlib.closing(sqlite3.connect(gateway.store / "carepace.db")) as store:
        store.execute("PRAGMA user_version = 4711")
    fails(gateway, "^ERROR cannot open the store: .* was written by a newer carepace")
    assert not (gateway.store / "failures").exists()


def test_two_gateways_on_one_store(make_gateway):
    """It says so first, and not that a port is taken."""
    first = make_gateway(http={"port": free_port()}).start()
    second = make_gateway(**{section: first.settings(section)
                             for section in ("store", "listener", "http")})
    fails(second, rf"^ERROR another gateway \(process {first.process.pid}\) runs on the store in "
                  f"{first.store}: stop it first")
    assert len(second.log) == 2, second.log
    first.stop()


def test_a_control_socket_that_cannot_be_made(make_gateway):
    """Devices are served all the same."""
    gateway = make_gateway()
    (gateway.store / "control" / "occupied").mkdir(parents=True)
    gateway.start()
    said = gateway.logged(r"^ERROR cannot make the control socket .*; `carepace` commands cannot"
                          " reach the daemon")
    gateway.stop()
    assert len(said) == 1, gateway.log
