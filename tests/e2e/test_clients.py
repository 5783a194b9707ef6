"""Client libraries and tools that are not ours: mosquitto_pub and mosquitto_sub, Paho for Python, both
protocol versions, with device certificates and real messages."""

import time

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from device import Device
from head_office import wait_for
from mosquitto import Mosquitto
from speech import Voice, hash_of, token

VERSIONS = pytest.mark.parametrize("protocol", [mqtt.MQTTv311, mqtt.MQTTv5], ids=["3.1.1", "5"])


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(2)]


@pytest.fixture
def gateway(pens, make_gateway):
    del pens  # in the registry before it starts
    return make_gateway().start()


@pytest.fixture
def paho(gateway, pens, make_device):
    def connect(protocol, **options):
        return make_device(gateway, pens[0], protocol=protocol, **options)
    return connect


# --- Mosquitto's tools ---------------------------------------------------------------------------

@pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_mosquitto_pub_and_sub(gateway, pens, contract, version, qos):
    """One tool at a time: each is the same device, and a newer one takes over."""
    tool, voice = Mosquitto(gateway, pens[0], version), Voice(contract, pens[0])
    ups = [voice.hello(), voice.start()]
    for up in ups:
        done = tool.publish(up.SerializeToString(), qos)
        assert done.returncode == 0, done.stderr
        wait_for(lambda: (pens[0].hex, up.boot, up.seq) in gateway.stored(), "message stored")
    # What waits for the device comes when it subscribes; the verdict is worth 2 s (R19).
    with tool.subscribe(2) as listener:
        lines = [line.split() for line in listener.stdout]
    topic = f"carepace/v1/device/{pens[0].hex}/down"
    assert [line[:2] for line in lines] == [[topic, "1"]] * 2
    downs = [contract.telemetry.Down.FromString(bytes.fromhex(line[2])) for line in lines]
    assert sorted(down.WhichOneof("body") for down in downs) == ["hello_ack", "verdict"]
    gateway.stop()
    assert gateway.stored() == {(pens[0].hex, up.boot, up.seq): hash_of(up.SerializeToString())
                                for up in ups}


def test_mosquitto_pub_may_not_speak_elsewhere(gateway, pens, contract):
    payload = Voice(contract, pens[1]).heartbeat().SerializeToString()
    done = Mosquitto(gateway, pens[0], "mqttv5").publish(
        payload, 1, f"carepace/v1/device/{pens[1].hex}/up")
    assert "Not authorized" in (done.stdout + done.stderr).decode()
    gateway.stop()
    assert gateway.stored() == {}


def test_mosquitto_pub_with_every_property(gateway, pens, contract):
    up = Voice(contract, pens[0]).start()
    asks = ["connect session-expiry-interval 60", "connect receive-maximum 5",
            "connect maximum-packet-size 1000", "connect topic-alias-maximum 3",
            "connect request-problem-information 0", "connect user-property site a",
            "publish payload-format-indicator 0", "publish message-expiry-interval 60",
            "publish content-type application/x-protobuf", "publish response-topic a/b",
            "publish correlation-data 1", "publish user-property site a",
            "publish user-property site b", "publish topic-alias 4",
            "disconnect session-expiry-interval 0", "disconnect user-property why done"]
    done = Mosquitto(gateway, pens[0], "mqttv5").publish(
        up.SerializeToString(), 2, options=[word for ask in asks for word in ("-D", *ask.split())])
    assert done.returncode == 0, done.stderr
    gateway.stop()
    assert gateway.stored() == {(pens[0].hex, up.boot, up.seq): hash_of(up.SerializeToString())}


# --- Paho for Python -----------------------------------------------------------------------------

@VERSIONS
def test_hello_and_start_are_answered(gateway, paho, protocol, contract):
    pen = paho(protocol)
    pen.tell(pen.hello())
    (answer,) = pen.wait_heard("hello_ack")
    assert answer.heartbeat_s == 30
    assert not answer.HasField("resume_from_seq"), "PUBACKs say what is on disk"
    assert abs(answer.gw_ts_ms - time.time() * 1000) < 60_000
    client = token()
    pen.tell(*pen.past_session(13, client))
    start = pen.start(client=client)
    pen.tell(start)
    (verdict,) = pen.wait_heard("verdict")
    assert (verdict.sid, verdict.rev) == (start.session_start.sid, 1)
    assert verdict.decision == contract.telemetry.REQUIRE_OVERRIDE
    (item,) = verdict.item
    assert (item.check, item.value, item.limit) == (contract.telemetry.INTERVAL_TOO_SOON, 13, 28)
    gateway.stop()
    assert gateway.stored() == pen.acked


@VERSIONS
def test_a_start_at_qos_0_is_answered_alike(gateway, paho, protocol):
    pen = paho(protocol)
    start = pen.start()
    pen.send(start, qos=0)
    (verdict,) = pen.wait_heard("verdict")
    assert (verdict.sid, verdict.rev) == (start.session_start.sid, 1)
    gateway.stop()
    assert (pen.device.hex, start.boot, start.seq) in gateway.stored()


@VERSIONS
def test_a_duplicate_start_gets_the_same_revision(gateway, paho, protocol):
    pen = paho(protocol)
    start = pen.start()
    for _ in range(3):
        pen.tell(start)
    verdicts = pen.wait_heard("verdict", 3)
    assert {verdict.SerializeToString() for verdict in verdicts} == {
        verdicts[0].SerializeToString()}
    assert verdicts[0].rev == 1
    gateway.stop()
    assert gateway.counts()["duplicates"] == 2
    assert gateway.stored() == pen.acked


@VERSIONS
def test_twenty_in_flight(gateway, paho, protocol):
    """As fast as the client can; Paho keeps 20 unacknowledged."""
    pen = paho(protocol)
    names = [pen.send(pen.heartbeat()) for _ in range(500)]
    pen.wait_acked(*names)
    gateway.stop()
    assert gateway.stored() == pen.acked
    assert gateway.counts()["stored"] == len(names)


def test_a_topic_alias(gateway, paho):
    """The second message has no topic of its own."""
    pen = paho(mqtt.MQTTv5)
    properties = Properties(PacketTypes.PUBLISH)
    properties.TopicAlias = 4
    for topic in (pen.up, ""):
        pen.mqtt.publish(topic, pen.heartbeat().SerializeToString(), 1, properties=properties)
    wait_for(lambda: len(gateway.stored()) == 2, "both are stored")
    assert not pen.losses


@VERSIONS
def test_the_newer_connection_takes_over(gateway, pens, paho, contract, protocol):
    older = paho(protocol)
    older.mqtt.reconnect_delay_set(60, 60)  # else both would take over from each other for ever
    newer = Device(gateway, contract, pens[0], protocol, boot=2).connect()
    try:
        wait_for(lambda: older.losses, "the older one is closed")
        newer.tell(newer.hello(), newer.start())
        newer.wait_heard("verdict")
        assert newer.losses == [] and older.heard("verdict") == []
    finally:
        newer.close()
    gateway.stop()
    assert gateway.counts()["takeovers"] == 1
    assert len(gateway.logged(r"^WARNING Pen 0 .*connection ended: the same device connected again"
                              )) == 1


@VERSIONS
def test_silence_beyond_the_keep_alive(gateway, paho, protocol):
    """The socket stays open, but nothing is read or said by the client any more."""
    pen = paho(protocol, keep_alive_s=1)
    time.sleep(2)  # it says PINGREQ by itself
    assert pen.losses == []
    pen.mqtt.loop_stop()
    gateway.wait_logged(r"^WARNING Pen 0 .*connection ended: silence for longer than the keep alive")
    gateway.stop()
    assert gateway.counts()["mqtt_keep_alive_timeout"] == 1


@VERSIONS
def test_reconnecting_after_a_restart(gateway, paho, protocol):
    """What the client had in flight is sent again, and counts once."""
    pen = paho(protocol)
    pen.tell(pen.hello())
    names = [pen.send(pen.heartbeat()) for _ in range(200)]
    gateway.kill()
    gateway.start()
    pen.wait_connections(2)
    names += [pen.send(pen.start())]
    pen.wait_acked(*names, limit_s=60)
    pen.wait_heard("verdict")
    gateway.stop()
    assert gateway.stored() == pen.acked
    gateway.verify()
