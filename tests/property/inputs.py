"""What a world said, as the oracle reads it: the contract's own messages, decoded by
protobuf's Python, and which of them holds when (domain 9.4)."""

import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

PROTO = Path(__file__).resolve().parents[2] / "proto"
NOBODY = "-"


def load_contract():
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["protoc", f"--python_out={folder}", f"-I{PROTO}", "telemetry.proto",
                        "report.proto"], check=True)
        sys.path.insert(0, folder)
        import report_pb2  # pylint: disable=import-error
        import telemetry_pb2
        sys.path.remove(folder)
    return telemetry_pb2, report_pb2


TELEMETRY, REPORT = load_contract()


def name_of(token):
    """Hexadecimal; a token of zeros is absent."""
    return token.hex() if any(token) else NOBODY


@dataclass
class Message:
    """From a device or a tablet."""

    kind: str
    source: str
    boot: int
    seq: int
    ts: int
    is_test: bool
    body: object
    sid: str

    def order(self):
        return (self.ts, self.source, self.boot, self.seq)

    def name(self):
        return f"{self.source}/{self.boot}/{self.seq}"


@dataclass
class Order:
    """From head office."""

    kind: str
    n: int
    ts: int
    key: str
    revision: int
    body: object

    def name(self):
        return f"{1:032x}/1/{self.n}"


@dataclass
class World:
    seed: int
    now: int = 0
    messages: list = field(default_factory=list)
    orders: dict = field(default_factory=dict)
    truth: list = field(default_factory=list)

    def of(self, kind):
        return self.orders.get(kind, [])

    def said(self, *kinds):
        """R22: a test touches nobody."""
        return [m for m in self.messages if m.kind in kinds and not m.is_test]


def holding(orders, moment):
    """Domain 9.4: of each key the highest revision whose ts is not later."""
    current = {}
    for order in orders:
        known = current.get(order.key)
        if order.ts <= moment and (not known or order.revision > known.revision):
            current[order.key] = order
    return list(current.values())


# Of a session itself; an override speaks about one and does not belong to it.
OF_SESSIONS = {"session_start", "session_pause", "session_resume", "session_end", "cart_attach",
               "cart_detach", "param", "samples", "pulses", "fault", "estop"}


def read_message(world, text):
    up = TELEMETRY.Up.FromString(bytes.fromhex(text))
    kind = up.WhichOneof("body")
    body = getattr(up, kind)
    sid = name_of(body.sid) if kind in OF_SESSIONS else NOBODY
    world.messages.append(
        Message(kind, up.source.hex(), up.boot, up.seq, up.ts_ms, up.test, body, sid))


def read_order(world, text):
    order = REPORT.Order.FromString(bytes.fromhex(text))
    kind = order.WhichOneof("body")
    world.orders.setdefault(kind, []).append(
        Order(kind, order.n, order.ts_ms, order.key, order.revision, getattr(order, kind)))


def worlds(lines):
    world = None
    for line in lines:
        kind, _, rest = line.rstrip("\n").partition(" ")
        if kind == "seed":
            world = World(int(rest))
        elif kind == "now":
            world.now = int(rest)
        elif kind == "truth":
            world.truth.append(rest)
        elif kind == "order":
            read_order(world, rest)
        elif kind == "up":
            read_message(world, rest)
        elif kind == "done":
            yield world
