"""A busy clinic: devices that stream real sessions with twenty messages in flight, come back at once
after every cut and send again what was not acknowledged. They know what was acknowledged, to the
last message: a name stands in `acked` when its PUBACK or PUBREC was read, and not before."""

import collections
import random
import threading

import bytes_on_wire as wire
from speech import Voice, hash_of, token

WINDOW = 20
CLIENTS = 40
CARTRIDGES = 60


class Sender(Voice):
    """With `keeps_session` it goes on with its session, and subscribes in it once only."""
    window = WINDOW

    def __init__(self, contract, gateway, device, seed, qos=1, keeps_session=False):
        super().__init__(contract, device)
        self.qos = qos
        self.keeps_session = keeps_session
        self.lost_sessions = 0  # CONNACKs that knew nothing of a session that there was
        self._has_session = self._is_subscribed = False
        self.gateway = gateway
        self.acked = {}  # {(device, boot, seq): hash}
        self.verdicts = 0
        self.connections = 0
        self.has_failed = None
        self._draw = random.Random(seed)
        self._topic = f"carepace/v1/device/{device.hex}/up"
        self._waiting = collections.deque()  # not acknowledged, oldest first: (name, hash, payload)
        self._in_flight = {}                 # packet identifier -> the same
        self._next_id = 1
        self._ups = self._story()
        self._is_stopping = threading.Event()
        self._is_talking = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start_sending(self):
        self._is_talking.set()
        self._thread.start()

    def finish(self, limit_s=60):
        """No new messages; what was said is sent until all of it is acknowledged."""
        self._is_talking.clear()
        self._thread.join(limit_s)
        self._is_stopping.set()
        assert self.has_failed is None, self.has_failed
        assert not self._thread.is_alive(), "not everything was acknowledged in the end"

    # --- what it says ---

    def _story(self):
        """Clients who come too soon, cartridges used twice, news of weeks ago."""
        draw = self._draw
        while True:
            client = draw.randrange(CLIENTS).to_bytes(16, "big")[:-1] + b"\x07"
            sid, cartridge = token(), f"C{draw.randrange(CARTRIDGES)}"
            if draw.random() < 0.3:
                yield from self.past_session(draw.randrange(1, 90), client)
            yield self.start(sid, client)
            yield self.attach(sid, cartridge)
            for _ in range(draw.randrange(1, 20)):
                yield self.samples(sid, 10)
            yield self.end(sid)
            yield self.heartbeat()

    def _next(self):
        """What is to be sent next; None when there is nothing more to say."""
        if self._waiting:
            return self._waiting.popleft()
        if not self._is_talking.is_set():
            return None
        return self._entry(next(self._ups))

    def _entry(self, up):
        payload = up.SerializeToString()
        return (self.device.hex, up.boot, up.seq), hash_of(payload), payload

    # --- how it says it ---

    def _run(self):
        try:
            while not self._is_stopping.is_set() and not self._is_done():
                self._talk()
        except Exception as failure:  # pylint: disable=broad-except
            self.has_failed = failure

    def _is_done(self):
        return not (self._is_talking.is_set() or self._waiting or self._in_flight)

    def _talk(self):
        """One connection, until it ends."""
        try:
            link = wire.Wire(self.gateway, self.device, limit_s=20)
        except OSError:
            self._is_stopping.wait(0.01)  # nobody listens
            return
        # In their order, before anything new. At QoS 2 PUBREC has settled those that had it.
        self._waiting.extendleft(reversed(self._in_flight.values()))
        self._in_flight.clear()
        try:
            link.send(wire.connect(self.device.hex, is_clean=not self.keeps_session))
            packet = link.receive()
            if packet and packet[0] == 0x20 and packet[1][1] == 0:
                self.connections += 1
                self._begin(link, is_present=packet[1][0])
                self._stream(link)
        except OSError:
            pass  # the cut that the test is about
        finally:
            link.close()

    def _begin(self, link, is_present):
        if self._has_session and not is_present:
            self.lost_sessions += 1
        self._has_session = self.keeps_session
        self._is_subscribed = self._is_subscribed and is_present
        if not self._is_subscribed:
            link.send(wire.subscribe(f"carepace/v1/device/{self.device.hex}/down", 0xFFFF))
        self._waiting.appendleft(self._entry(self.hello()))

    def _stream(self, link):
        while not self._is_stopping.is_set():
            out = []
            while len(self._in_flight) < self.window:
                entry = self._next()
                if not entry:
                    break
                out.append(self._publish(entry))
            if out:
                link.send(*out)
            if not self._in_flight:
                return
            packet = link.receive()
            if packet is None:
                return
            self._take(link, *packet)

    def _publish(self, entry):
        while self._next_id in self._in_flight:
            self._next_id = self._next_id % 60000 + 1
        packet_id, self._next_id = self._next_id, self._next_id % 60000 + 1
        self._in_flight[packet_id] = entry
        return wire.publish(self._topic, entry[2], packet_id, qos=self.qos)

    def _take(self, link, first, body):
        if first in (0x40, 0x50):
            name, digest, _ = self._in_flight.pop(int.from_bytes(body[:2], "big"))
            self.acked[name] = digest
            if first == 0x50:
                link.send(b"\x62\x02" + body[:2])
        elif first == 0x90:
            self._is_subscribed = self.keeps_session
        elif first & 0xF0 == 0x30:
            at = 2 + int.from_bytes(body[:2], "big")
            down = self.telemetry.Down.FromString(body[at + 2:])
            self.verdicts += down.HasField("verdict")
            link.send(b"\x40\x02" + body[at:at + 2])


class Load:
    def __init__(self, contract, gateway, devices, seed, sender=Sender):
        """The first ones at QoS 1 without a session, then one with, then one at QoS 2."""
        options = [{} for _ in devices]
        for last in options[-2:]:
            last["keeps_session"] = True
        options[-1]["qos"] = 2
        self.senders = [sender(contract, gateway, device, f"{seed} {i}", **options[i])
                        for i, device in enumerate(devices)]
        for sender in self.senders:
            sender.start_sending()

    def acked(self):
        """{(device, boot, seq): hash} of all."""
        return {name: digest for sender in self.senders
                for name, digest in sender.acked.copy().items()}

    def acked_count(self):
        return sum(len(sender.acked) for sender in self.senders)

    def finish(self):
        for sender in self.senders:
            sender.finish()
        return self.acked()
