"""What devices say, in protobuf's Python (not our encoder), and the hash that names it."""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

PROTO = Path(__file__).resolve().parents[2] / "proto"
HASH_BYTES = 16  # of the SHA-256, as in the journal
DAY_MS = 86_400_000


def compile_contract(folder):
    """The contract's modules, generated into `folder`."""
    subprocess.run(["protoc", f"--python_out={folder}", f"-I{PROTO}", "telemetry.proto",
                    "report.proto", "log.proto"], check=True)
    sys.path.insert(0, str(folder))
    import log_pb2  # pylint: disable=import-error
    import report_pb2
    import telemetry_pb2
    return SimpleNamespace(telemetry=telemetry_pb2, report=report_pb2, log=log_pb2)


def now_ms():
    return time.time_ns() // 1_000_000


def token():
    return os.urandom(16)


def _varint(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if not byte & 0x80:
            return value, at


def fields_of(payload):
    """(number, value) of each field of an envelope: varints and bytes."""
    at = 0
    while at < len(payload):
        tag, at = _varint(payload, at)
        value, at = _varint(payload, at)
        assert tag & 7 in (0, 2)
        if tag & 7 == 2:
            value, at = payload[at:at + value], at + value
        yield tag >> 3, value


def hash_of(payload):
    """What makes a message: not how this copy was delivered (gateway/care/reading.c)."""
    fields = dict(fields_of(payload))
    body = max(fields)  # every body's number is above those of the envelope
    head = b"".join(number.to_bytes(8, "little") for number in (fields[4], fields[5], body))
    return hashlib.sha256(head + bytes([fields.get(8, 0)]) + fields[body]
                          ).hexdigest()[:2 * HASH_BYTES]


class Voice:
    """Numbers and writes the messages of one device. A new one is a new boot."""

    def __init__(self, contract, device, boot=1):
        self.telemetry = contract.telemetry
        self.device = device
        self.boot = boot
        self.seq = 0
        self.booted_ms = now_ms() - 400 * 86_400_000  # before all that it tells of (R18)

    def say(self, body, ts_ms=None, **fields):
        """The next message as an Up: say("heartbeat", state=1)."""
        self.seq += 1
        ts_ms = now_ms() if ts_ms is None else ts_ms
        up = self.telemetry.Up(source=self.device.id, boot=self.boot, seq=self.seq, ts_ms=ts_ms,
                               mono_ms=max(0, ts_ms - self.booted_ms), schema=1)
        getattr(up, body).SetInParent()
        part = getattr(up, body)
        for name, value in fields.items():
            if isinstance(value, list):
                getattr(part, name).extend(value)
            elif isinstance(value, dict):
                getattr(part, name).CopyFrom(
                    type(getattr(part, name))(**value))
            else:
                setattr(part, name, value)
        return up

    def hello(self):
        kinds = {"pen": 1, "stamp": 2, "roller": 3, "rf": 4, "tablet": 5}
        return self.say("hello", model=101, serial="TEST-1", kind=kinds[self.device.kind],
                        context=1, site="north-1")

    def heartbeat(self):
        return self.say("heartbeat", state=1, battery_pct=255)

    def start(self, sid=None, client=None, ts_ms=None, **fields):
        fields = {"phase": 1, "modality": 1, "zones": 1 << 4, "preset_depth_um": 1000,
                  "preset_rate_dhz": 1167, "fitzpatrick": 3, **fields}
        return self.say("session_start", ts_ms, sid=sid or token(),
                        client_token=client or token(), operator_token=b"\x0f" * 16, **fields)

    def attach(self, sid, serial, ts_ms=None):
        return self.say("cart_attach", ts_ms, sid=sid, pins=14,
                        cart={"gtin": "04012345600017", "lot": "L1", "serial": serial,
                              "expiry_yyyymmdd": 20991231})

    def samples(self, sid, seconds=10, ts_ms=None):
        sample = [self.telemetry.Sample(dt_ms=1000 * i, zone=4, depth_um=1000, rate_dhz=1167,
                                        active_ms=900, skin_temp_cdegc=3300)
                  for i in range(seconds)]
        return self.say("samples", ts_ms, sid=sid, sample=sample)

    def end(self, sid, ts_ms=None):
        return self.say("session_end", ts_ms, sid=sid, reason=1, active_ms=600_000,
                        punctures=980_000)

    def past_session(self, days_ago, client, sid=None):
        """A whole session of weeks ago, told from the buffer: exposing and completed."""
        sid = sid or token()
        start_ms = now_ms() - days_ago * DAY_MS
        told = [self.start(sid, client, start_ms), self.samples(sid, 60, start_ms + 60_000),
                self.end(sid, start_ms + 1_800_000)]
        for up in told:
            up.replay = True
        return told
