"""Every way to break MQTT's rules: one line in the log that says what, one counter, and nobody else
notices. tests/check/bad_input holds the table against gateway/mqtt/reason.c;
what the device is told stands in tests/protocol."""

import collections
import os
import socket
import struct
from dataclasses import dataclass
from typing import Callable

import pytest

import bytes_on_wire as wire
from clinic import Clinic
from head_office import wait_for
from speech import Voice

UP = "carepace/v1/device/%s/up"
DOWN = "carepace/v1/device/%s/down"
STRANGER = "0f" * 16
PENS = 9


@dataclass
class Case:
    counter: str
    said: str  # in the log, word for word
    sends: Callable  # the device's id -> packet, or several: all but the last are answered
    level: int = 4
    first: Callable = None  # instead of a good CONNECT


def up(device, *parts, first=0x30):
    """A PUBLISH to the own topic; parts are what follows the topic."""
    return wire.packet(first, wire.text(UP % device), *parts)


def subscribe(topic, options=b"\1", properties=b""):
    return wire.packet(0x82, b"\0\1", properties, wire.text(topic), options)


def connect5(device, properties=b"", will=b""):
    return wire.packet(0x10, wire.text("MQTT"), b"\5", b"\6" if will else b"\2", b"\0\x3c",
                       bytes([len(properties)]), properties, wire.text(device), will)


def will(device, payload, properties=b""):
    return (bytes([len(properties)]) + properties + wire.text(UP % device) + wire.text(payload))


def qos2(device, packet_id):
    return up(device, struct.pack(">H", packet_id), b"\0", b"x", first=0x34)


def no_connect(counter, said, first):
    return Case(counter, said, None, first=first)


CASES = [
    Case("mqtt_bad_type", "packet type 0", lambda device: b"\0\0"),
    Case("mqtt_bad_flags", "reserved flags in the fixed header", lambda device: b"\xc1\0"),
    Case("mqtt_bad_length", "a length that is not encoded as the standard says",
         lambda device: b"\x30\xff\xff\xff\xff\x01"),
    Case("mqtt_too_large", "a packet larger than the maximum",
         lambda device: b"\x30\xff\xff\xff\x7f"),
    Case("mqtt_truncated", "a field that goes beyond the end of its packet",
         lambda device: b"\x30\x03\x00\x7fx"),
    Case("mqtt_trailing_bytes", "bytes behind the last field", lambda device: b"\xc0\x01x"),
    Case("mqtt_bad_utf8", "text that is not valid UTF-8 or holds U+0000",
         lambda device: wire.packet(0x30, wire.text(b"\xed\xa0\x80/up"), b"x")),
    no_connect("mqtt_bad_protocol_name", "a protocol that is not MQTT", lambda device: wire.packet(
        0x10, wire.text("MQIsdp"), b"\3\2\0\x3c", wire.text("x"))),
    no_connect("mqtt_bad_level", "an MQTT version other than 3.1.1 and 5.0",
               lambda device: wire.packet(0x10, wire.text("MQTT"), b"\6\2\0\x3c", wire.text("x"))),
    no_connect("mqtt_bad_connect_flags", "connect flags that contradict each other",
               lambda device: wire.packet(0x10, wire.text("MQTT"), b"\4\3\0\x3c", wire.text("x"))),
    Case("mqtt_bad_qos", "QoS 3", lambda device: up(device, b"\0\1x", first=0x36)),
    Case("mqtt_dup_at_qos_0", "a duplicate flag at QoS 0", lambda device: up(device, first=0x38)),
    Case("mqtt_zero_packet_id", "packet identifier 0",
         lambda device: wire.publish(UP % device, b"x", 0)),
    Case("mqtt_bad_topic", "a topic name that is empty or has wildcards",
         lambda device: wire.publish(UP % "+", b"x")),
    Case("mqtt_bad_filter", "a topic filter that is empty or has misplaced wildcards",
         lambda device: subscribe("carepace/v1#")),
    Case("mqtt_no_filter", "a subscription without a topic filter",
         lambda device: b"\x82\x02\0\1"),
    Case("mqtt_bad_options", "reserved bits in the subscription options",
         lambda device: subscribe(DOWN % device, b"\x81")),
    Case("mqtt_bad_option_value", "QoS 3 or retain handling 3 in a subscription",
         lambda device: subscribe(DOWN % device, b"\x31", b"\0"), level=5),
    Case("mqtt_bad_property", "a property that does not exist or not in this packet",
         lambda device: up(device, b"\2\x7f\0"), level=5),
    Case("mqtt_repeated_property", "a property that may come once came twice",
         lambda device: up(device, b"\4\1\1\1\1"), level=5),
    Case("mqtt_bad_property_value", "a property with a value that is not allowed",
         lambda device: up(device, b"\2\1\2"), level=5),
    Case("mqtt_bad_reason_code", "a reason code that this packet does not have",
         lambda device: b"\x40\x03\0\1\x55", level=5),
    Case("mqtt_unexpected", "a packet that may not come now, or never from a client",
         wire.connect),
    Case("mqtt_unexpected", "a packet that may not come now, or never from a client",
         lambda device: b"\x20\x02\0\0"),
    no_connect("mqtt_foreign_client_id", "a client identifier other than the certificate's",
               lambda device: wire.connect(STRANGER)),
    Case("mqtt_foreign_topic", "a topic that is not the device's own",
         lambda device: wire.publish(UP % STRANGER, b"x", 1, 4, 0)),
    no_connect("mqtt_bad_auth_method", "an authentication method; the certificate is enough",
               lambda device: connect5(device, b"\x15\0\1k")),
    no_connect("mqtt_small_maximum", "a maximum packet size too small for our answers",
               lambda device: connect5(device, b"\x27\0\0\0\x10")),
    no_connect("mqtt_will_too_large", "a will larger than the maximum",
               lambda device: connect5(device, will=will(device, "x" * 6000))),
    no_connect("mqtt_bad_payload_format", "a payload that is said to be text and is not UTF-8",
               lambda device: connect5(device, will=will(device, b"\xff", b"\1\1"))),
    Case("mqtt_retain_unsupported", "a retained message, which is not offered",
         lambda device: up(device, b"\0x", first=0x31), level=5),
    Case("mqtt_topic_alias", "topic alias 0, or one above the maximum",
         lambda device: up(device, b"\3\x23\xff\xff"), level=5),
    Case("mqtt_unknown_alias", "a topic alias that was given no topic",
         lambda device: wire.packet(0x30, b"\0\0", b"\3\x23\0\1"), level=5),
    Case("mqtt_over_receive_maximum", "more unacknowledged messages than the receive maximum",
         lambda device: [qos2(device, 1), qos2(device, 2), qos2(device, 3)], level=5),
    Case("mqtt_packet_id_in_use", "a packet identifier that is still in use",
         lambda device: [qos2(device, 1), up(device, b"\0\1\0x", first=0x32)], level=5),
    Case("mqtt_wildcard_unsupported", "a wildcard subscription, which is not offered",
         lambda device: subscribe("#", properties=b"\0"), level=5),
    Case("mqtt_shared_unsupported", "a shared subscription, which is not offered",
         lambda device: subscribe("$share/pens/x", properties=b"\0"), level=5),
    Case("mqtt_subscription_id_unsupported", "a subscription identifier, which is not offered",
         lambda device: subscribe(DOWN % device, properties=b"\2\x0b\1"), level=5),
    Case("mqtt_too_many_filters", "too many topic filters in one packet",
         lambda device: wire.packet(0x82, b"\0\1", (wire.text(DOWN % device) + b"\1") * 33)),
    Case("mqtt_expiry_raised", "a session expiry in DISCONNECT that CONNECT did not have",
         lambda device: b"\xe0\x07\0\5\x11\0\0\0\1", level=5),
    Case("mqtt_client_error", "the device disconnected because of an error",
         lambda device: b"\xe0\x01\x81", level=5),
]


def chunks(items, size):
    return [items[at:at + size] for at in range(0, len(items), size)]


class Trial:
    """A gateway on which rules are broken, beside a healthy pen."""

    def __init__(self, gateway, healthy, pens):
        self.clinic = Clinic(gateway, healthy)
        self.gateway = gateway
        self.pens = pens
        self.expected = collections.Counter()

    def connect(self, pen, level=4, **options):
        link = wire.Wire(self.gateway, pen)
        link.send(wire.connect(pen.hex, level, **options))
        first, body = link.receive()
        assert (first, body[1]) == (0x20, 0)
        return link

    def expect(self, counter, said):
        """One more line in the log says it; the counter is looked at in the end."""
        self.expected[counter] += 1

        def lines():
            found = [line for line in list(self.gateway.log) if said in line]
            return found if len(found) == self.expected[counter] else None

        return wait_for(lines, lambda: f"the log says once more {said!r}:\n" +
                        "\n".join(self.gateway.log))[-1]

    def breaks(self, case, pen):
        if case.first:
            link = wire.Wire(self.gateway, pen)
            link.send(case.first(pen.hex))
        else:
            link = self.connect(pen, case.level)
            packets = case.sends(pen.hex)
            packets = packets if isinstance(packets, list) else [packets]
            for packet in packets[:-1]:
                link.send(packet)
                assert link.receive()
            link.send(packets[-1])
        while link.receive():  # at most CONNACK or DISCONNECT
            pass
        link.close()
        line = self.expect(case.counter, f"connection ended: {case.said}")
        assert line.startswith("WARNING ") and pen.hex in line, line

    def prove(self, **closed):
        """Nobody else noticed, and the counters say what the log says."""
        counts = self.clinic.prove(r"counts:").counts
        assert {name: counts.get(name, 0) for name in closed} == closed, counts
        mqtt = {name: count for name, count in counts.items() if name.startswith("mqtt_")}
        del mqtt["mqtt_client_disconnect"]  # the healthy one's
        assert mqtt == self.expected


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(PENS)]


@pytest.fixture
def trial(make_gateway, make_device, pens):
    gateway = make_gateway(listener={"receive_maximum": 2}).start()
    return Trial(gateway, make_device(gateway, pens[0]), pens[1:])


# More lines of a kind than that within 10 s are not logged (io/log.h).
@pytest.mark.parametrize("cases", chunks(CASES, 14), ids=lambda cases: cases[0].counter)
def test_a_rule_of_mqtt(trial, cases):
    for number, case in enumerate(cases):
        trial.breaks(case, trial.pens[number % len(trial.pens)])
    refused = sum(case.counter == "mqtt_foreign_client_id" for case in cases)
    limited = sum(case.counter == "mqtt_over_receive_maximum" for case in cases)
    trial.prove(closed_refused=refused, closed_limit=limited,
                closed_protocol=len(cases) - refused - limited)


def test_a_request_that_is_refused(trial):
    """The connection goes on."""
    link = trial.connect(trial.pens[0])
    link.send(subscribe(DOWN % STRANGER))
    assert link.receive() == (0x90, b"\0\1\x80")
    link.send(b"\xc0\0")
    assert link.receive() == (0xD0, b"")
    trial.expect("mqtt_foreign_topic", "request refused: a topic that is not the device's own")
    link.send(b"\xe0\0")
    link.close()
    trial.prove()


def test_conversations_that_end(trial, contract):
    silent = wire.Wire(trial.gateway, trial.pens[0])
    drowsy = trial.connect(trial.pens[1], keep_alive_s=1)

    # In another's name, at QoS 1: 3.1.1 has no answer but the end.
    link = trial.connect(trial.pens[2])
    payload = Voice(contract, trial.pens[3]).heartbeat().SerializeToString()
    link.send(wire.publish(UP % trial.pens[2].hex, payload))
    assert link.receive() is None
    trial.expect("mqtt_message_refused", "connection ended: a message that cannot be acknowledged")

    older, newer = trial.connect(trial.pens[3], 5), trial.connect(trial.pens[3], 5)
    assert older.receive() == (0xE0, b"\x8e")
    trial.expect("mqtt_taken_over", "connection ended: the same device connected again")

    assert drowsy.receive() is None
    trial.expect("mqtt_keep_alive_timeout",
                 "connection ended: silence for longer than the keep alive allows")
    assert silent.receive() is None
    trial.expect("mqtt_connect_timeout", "connection ended: no CONNECT in time")
    newer.send(b"\xe0\0")
    for each in (silent, drowsy, link, older, newer):
        each.close()
    trial.prove(closed_refused=1, closed_keep_alive=1, closed_taken_over=1, closed_protocol=1)


def test_connections_that_are_lost(trial):
    """Without DISCONNECT: one is closed in order, one is cut."""
    closed, cut = (trial.connect(pen) for pen in trial.pens[:2])
    closed.close()
    with socket.socket(fileno=os.dup(cut.fileno())) as below:
        below.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        cut.close()
    for pen, how in ((trial.pens[0], "peer"), (trial.pens[1], "network")):
        trial.gateway.wait_logged(f"^INFO .*: connection lost \\({how}\\)")
    trial.expected["mqtt_connection_lost"] = 2
    trial.prove(closed_peer=1, closed_network=1)
