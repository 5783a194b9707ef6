"""What outlives a connection: sessions, messages for a device, wills. Over TLS, over kill -9, with
client libraries that are not ours."""

import time
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

import bytes_on_wire as wire
from device import Device
from head_office import wait_for
from mosquitto import Mosquitto
from speech import Voice, hash_of, token

VERSIONS = pytest.mark.parametrize("protocol", [mqtt.MQTTv311, mqtt.MQTTv5], ids=["3.1.1", "5"])
TOOLS = pytest.mark.parametrize("version", ["mqttv311", "mqttv5"])


@pytest.fixture(scope="module")
def pen(pki):
    """Its will is an argument of a command line: without a zero byte."""
    made = pki.issue("pen", "Pen 0")
    while b"\0" in made.id:
        made = pki.issue("pen", f"Pen {made.hex[:8]}")
    return made


@pytest.fixture(scope="module")
def tablet(pki):
    return pki.issue("tablet")


@pytest.fixture
def gateway(pen, make_gateway):
    del pen  # in the registry before it starts
    return make_gateway().start()


def bad(voice):
    """A value out of range: a NACK, worth a day, goes down."""
    return voice.say("heartbeat", state=1, battery_pct=200)


# --- sessions ------------------------------------------------------------------------------------

@VERSIONS
def test_session_present_after_kill_9(gateway, pen, make_device, protocol):
    device = make_device(gateway, pen, protocol=protocol, session_s=3600)
    assert device.present == [0]
    gateway.kill()
    gateway.start()
    device.wait_connections(2)
    assert device.present == [0, 1]
    device.tell(device.hello())  # it is subscribed without having asked again
    device.wait_heard("hello_ack")
    gateway.stop()
    assert gateway.counts()["sessions_resumed"] == 1


@VERSIONS
def test_no_session_for_who_wants_none(gateway, pen, make_device, protocol):
    device = make_device(gateway, pen, protocol=protocol)
    gateway.kill()
    gateway.start()
    device.wait_connections(2)
    assert device.present == [0, 0]
    assert gateway.rows("SELECT count(*) FROM link") == [(0,)]


def test_a_session_expires(gateway, pen, make_device):
    device = make_device(gateway, pen, session_s=1)
    device.close()
    wait_for(lambda: gateway.rows("SELECT count(*) FROM link") == [(0,)], "the session is over")
    again = make_device(gateway, pen, session_s=1)
    assert again.present == [0]
    gateway.stop()
    assert gateway.counts()["sessions_expired"] >= 1


def test_a_session_of_3_1_1_is_kept_for_the_maximum(make_gateway, pen, make_device):
    gateway = make_gateway(listener={"session_expiry_max": "1s"}).start()
    device = make_device(gateway, pen, protocol=mqtt.MQTTv311, session_s=1)
    assert gateway.rows("SELECT expiry_s, qos FROM link") == [(1, 1)]
    device.close()
    wait_for(lambda: gateway.rows("SELECT count(*) FROM link") == [(0,)], "the session is over")


# --- messages ------------------------------------------------------------------------------------

def talk(gateway, pen):
    link = wire.Wire(gateway, pen)
    link.send(wire.connect(pen.hex, is_clean=False))
    first, body = link.receive()
    assert first == 0x20 and body[1] == 0
    return link, body[0]


def hear(link):
    """(dup, packet identifier, payload) of the next PUBLISH at QoS 1."""
    while True:
        first, body = link.receive()
        if first & 0xF0 != 0x30:
            continue
        at = 2 + int.from_bytes(body[:2], "big")
        assert first & 0x06 == 2
        return bool(first & 8), int.from_bytes(body[at:at + 2], "big"), body[at + 2:]


def test_a_message_comes_again_under_its_identifier(gateway, pen, contract):
    """Sent, not acknowledged, then kill -9; and once more over a lost connection."""
    voice = Voice(contract, pen)
    link, present = talk(gateway, pen)
    assert not present
    link.send(wire.subscribe(f"carepace/v1/device/{pen.hex}/down", 9))
    for packet_id in (1, 2):
        link.send(wire.publish(f"carepace/v1/device/{pen.hex}/up",
                               bad(voice).SerializeToString(), packet_id))
    heard = [hear(link) for _ in range(2)]
    assert [dup for dup, *_ in heard] == [False, False]
    assert [contract.telemetry.Down.FromString(payload).nack.seq for *_, payload in heard] == [1, 2]
    gateway.kill()
    link.close()
    gateway.start()

    for _ in range(2):
        link, present = talk(gateway, pen)
        assert present
        assert [hear(link) for _ in range(2)] == [(True, *rest) for _, *rest in heard]
        link.close()
    link, _ = talk(gateway, pen)
    for _, packet_id, _ in [hear(link) for _ in range(2)]:
        link.send(b"\x40\x02" + packet_id.to_bytes(2, "big"))
    wait_for(lambda: gateway.rows("SELECT count(*) FROM down") == [(0,)], "the rows have gone")
    link.close()
    gateway.stop()
    assert gateway.counts()["downs_again"] == 6


@TOOLS
def test_a_message_waits_for_mosquitto_sub(gateway, pen, contract, version):
    """It belongs to the device, not to the session of mosquitto_pub, which is over."""
    tool, voice = Mosquitto(gateway, pen, version), Voice(contract, pen)
    assert tool.publish(bad(voice).SerializeToString(), 1).returncode == 0
    gateway.kill()
    gateway.start()
    with tool.subscribe(1, options=["-c"]) as listener:
        (line,) = listener.stdout
    topic, qos, payload = line.split()
    assert (topic, qos) == (f"carepace/v1/device/{pen.hex}/down", "1")
    nack = contract.telemetry.Down.FromString(bytes.fromhex(payload)).nack
    assert (nack.seq, nack.code, nack.journalled) == (1, contract.telemetry.ACK_RANGE, True)
    wait_for(lambda: gateway.rows("SELECT count(*) FROM down") == [(0,)], "the row has gone")


def test_too_many_messages_lose_their_oldest(gateway, pen, contract):
    """32 wait for a device at most (gateway/shell/downlink.h)."""
    device = Device(gateway, contract, pen)
    device.mqtt.on_connect = lambda *_: None  # it does not listen
    device.mqtt.connect("127.0.0.1", gateway.port)
    device.mqtt.loop_start()
    device.tell(*[bad(device) for _ in range(34)])
    gateway.wait_logged("WARNING 2 messages for devices were given up")
    wait_for(lambda: gateway.rows("SELECT count(*), min(n) FROM down") == [(32, 3)], "rows go, too")
    device.close()
    gateway.stop()
    assert gateway.counts()["downs_dropped"] == 2


def test_a_device_may_refuse_a_message(gateway, pen, contract):
    link = wire.Wire(gateway, pen)
    link.send(wire.connect(pen.hex, 5),
              wire.subscribe(f"carepace/v1/device/{pen.hex}/down", 9, 5),
              wire.publish(f"carepace/v1/device/{pen.hex}/up",
                           bad(Voice(contract, pen)).SerializeToString(), 1, 5))
    _, packet_id, _ = hear(link)
    link.send(b"\x40\x03" + packet_id.to_bytes(2, "big") + b"\x83")
    gateway.wait_logged(r"WARNING Pen .* refused a message \(reason code 0x83\)")
    wait_for(lambda: gateway.rows("SELECT count(*) FROM down") == [(0,)], "the row goes")
    link.close()
    gateway.stop()
    assert gateway.counts()["downs_refused"] == 1


# --- QoS 2 ---------------------------------------------------------------------------------------

@TOOLS
def test_mosquitto_pub_at_qos_2(gateway, pen, contract, version):
    tool, up = Mosquitto(gateway, pen, version), Voice(contract, pen).start()
    for _ in range(2):
        done = tool.publish(up.SerializeToString(), 2)
        assert done.returncode == 0, done.stderr
    gateway.stop()
    assert gateway.stored() == {(pen.hex, 1, 1): hash_of(up.SerializeToString())}
    assert gateway.counts()["duplicates"] == 1


@VERSIONS
def test_paho_at_qos_2_over_kill_9(gateway, pen, make_device, protocol):
    device = make_device(gateway, pen, protocol=protocol, session_s=3600)
    names = [device.send(device.heartbeat(), 2) for _ in range(200)]
    gateway.kill()
    gateway.start()
    names += [device.send(device.heartbeat(), 2) for _ in range(50)]
    device.wait_acked(*names, limit_s=60)
    gateway.stop()
    assert gateway.stored() == device.acked


@VERSIONS
def test_a_backlog_at_qos_2(gateway, pen, make_device, protocol):
    """Paho sends its whole queue before it reads the first answer, and with a clean session all of it
    again each time."""
    device = make_device(gateway, pen, protocol=protocol, in_flight=0)  # no limit
    gateway.kill()
    names = [device.send(device.heartbeat(), 2) for _ in range(400)]
    gateway.start()
    device.wait_acked(*names, limit_s=60)
    gateway.stop()
    assert gateway.stored() == device.acked


# --- wills ---------------------------------------------------------------------------------------

def stored(gateway, pen, up):
    return (pen.hex, up.boot, up.seq) in gateway.stored()


def will_of(voice):
    """Without a zero byte, as a command line can say it."""
    while True:
        up = voice.say("fault", code=7, on=True)
        if b"\0" not in up.SerializeToString():
            return up


def with_will(pen, up, *more):
    return ["--will-topic", f"carepace/v1/device/{pen.hex}/up", "--will-qos", "1",
            "--will-payload", up.SerializeToString(), *more]


@TOOLS
def test_the_will_of_mosquitto_sub(gateway, pen, contract, version):
    tool, up = Mosquitto(gateway, pen, version), will_of(Voice(contract, pen))
    with tool.subscribe(1, options=with_will(pen, up)) as listener:
        gateway.wait_logged("Pen .* connected from")
        listener.kill()
    wait_for(lambda: stored(gateway, pen, up), "the will is stored")
    gateway.stop()
    counts = gateway.counts()
    assert counts["wills"] == counts["stored"] == 1 and "acknowledged" not in counts


@pytest.mark.parametrize("version, wills", [("mqttv311", 0), ("mqttv5", 1)])
def test_mosquitto_sub_ends_by_itself(gateway, pen, contract, version, wills):
    """DISCONNECT takes the will back; that of version 5 has reason 4, which does not."""
    tool, up = Mosquitto(gateway, pen, version), will_of(Voice(contract, pen))
    with tool.subscribe(1, 1, with_will(pen, up)):
        pass
    gateway.wait_logged("Pen .* disconnected")
    time.sleep(1.5)
    gateway.stop()
    assert gateway.counts().get("wills", 0) == len(gateway.stored()) == wills


@VERSIONS
def test_a_newer_connection_sends_the_will_of_the_older(
        gateway, pen, contract, make_device, protocol):
    older = Device(gateway, contract, pen, protocol)
    up = older.hello()
    older.mqtt.will_set(older.up, up.SerializeToString(), 1)
    older.mqtt.reconnect_delay_set(60, 60)
    older.connect()
    newer = make_device(gateway, pen, protocol=protocol, boot=2)
    wait_for(lambda: stored(gateway, pen, up), "the will is stored")
    newer.wait_heard("hello_ack")
    older.close()


def delayed(seconds):
    properties = Properties(PacketTypes.WILLMESSAGE)
    properties.WillDelayInterval = seconds
    return properties


def test_a_will_waits_until_the_device_is_back(gateway, pen, contract, make_device):
    device = Device(gateway, contract, pen, session_s=3600)
    up = device.heartbeat()
    device.mqtt.will_set(device.up, up.SerializeToString(), 1, properties=delayed(3))
    device.connect()
    device.cut()
    gateway.wait_logged("Pen .*connection lost")
    again = make_device(gateway, pen, session_s=3600)
    assert again.present == [1]
    time.sleep(4)
    again.close()
    gateway.stop()
    assert gateway.counts()["wills_cancelled"] == 1 and not stored(gateway, pen, up)


def test_a_will_goes_up_when_its_delay_is_over(gateway, pen, contract):
    device = Device(gateway, contract, pen, session_s=3600)
    up = device.heartbeat()
    device.mqtt.will_set(device.up, up.SerializeToString(), 1, properties=delayed(2))
    device.connect()
    device.cut()
    gateway.wait_logged("Pen .*connection lost")
    time.sleep(0.5)
    assert not stored(gateway, pen, up)
    wait_for(lambda: stored(gateway, pen, up), "the will is stored")


# --- dates -----------------------------------------------------------------------------------------

def test_pen_and_tablet_hear_when_the_client_may_come_again(tablet, pen, gateway, make_device):
    """At the end of a session; nothing of it waits afterwards."""
    device, shows = make_device(gateway, pen), make_device(gateway, tablet)
    client, zones = token(), 1 << 4 | 1 << 9
    start = device.start(client=client, zones=zones)
    sid = start.session_start.sid
    shows.tell(shows.hello())
    device.tell(device.hello(), start, device.samples(sid))
    assert not shows.heard("show_next_allowed")
    device.tell(device.end(sid))
    day = datetime.now(ZoneInfo("Europe/Berlin")).date() + timedelta(days=28)
    for hears in (device, shows):
        (shown,) = hears.wait_heard("show_next_allowed")
        assert (shown.client_token, shown.zones) == (client, zones)
        assert shown.allowed_date == int(day.strftime("%Y%m%d"))
    wait_for(lambda: gateway.rows("SELECT count(*) FROM down") == [(0,)], "its row is gone")
