"""A device that keeps what it has said, and sends it again when its gateway asks for it."""

from device import Device


class Keeper(Device):
    """Says HELLO on every connection. `kept`: what it said in earlier boots, too; `restored`:
    which restore of the gateway's store it knows of (HelloAck)."""

    def __init__(self, *args, kept=None, restored=0, **options):
        super().__init__(*args, **options)
        self.kept = {} if kept is None else kept  # {(boot, seq): Up}
        self.restored = restored
        self.sent_again = []  # (boot, seq), in order

    def send(self, up, qos=1):
        self.kept[up.boot, up.seq] = up
        return super().send(up, qos)

    def _on_connect(self, *args):
        super()._on_connect(*args)
        if self.present[-1]:
            self.send(self.hello())

    def _on_subscribe(self, *args):
        self.send(self.hello())
        super()._on_subscribe(*args)

    def _on_message(self, client, data, message):
        super()._on_message(client, data, message)
        if self.downs[-1].WhichOneof("body") == "hello_ack":
            self._obey(self.downs[-1].hello_ack)

    def _obey(self, ack):
        wanted = []
        if ack.restored_ts_ms != self.restored:
            wanted += [name for name in self.kept if name[0] < self.boot]
        if ack.HasField("resume_from_seq"):
            wanted += [name for name in self.kept if name >= (self.boot, ack.resume_from_seq)]
        self.restored = ack.restored_ts_ms
        for name in sorted(wanted):
            up = self.kept[name]
            live = up.WhichOneof("body") in ("hello", "heartbeat")
            if not live:  # these are sent live, never buffered
                up.replay = True
                self.sent_again.append(name)
                super().send(up)
