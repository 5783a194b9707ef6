"""A device on Paho for Python: a client library that is not ours."""

import ssl
import threading

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from head_office import wait_for
from paho_client import new_client
from speech import Voice, hash_of


class Device(Voice):
    """Connects, subscribes to its `down`, and keeps a list of what was acknowledged. With
    `session_s` it goes on with its session, and where there is one it does not subscribe again."""

    def __init__(self, gateway, contract, identity, protocol=mqtt.MQTTv5, boot=1, keep_alive_s=60,
                 session_s=0, in_flight=20):
        super().__init__(contract, identity, boot)
        self.gateway = gateway
        self.is_mqtt5 = protocol == mqtt.MQTTv5
        self.up = f"carepace/v1/device/{identity.hex}/up"
        self.down = f"carepace/v1/device/{identity.hex}/down"
        self.downs = []   # Down messages, oldest first
        self.acked = {}   # {(device, boot, seq): hash}
        self.losses = []  # reason of each unwanted end
        self.connections = 0
        self.present = []  # what each CONNACK said of the session
        self._sent = {}          # mid -> name, hash
        self._published = set()  # mids of PUBACKs
        self._lock = threading.Lock()
        self._keep_alive_s = keep_alive_s
        self._session_s = session_s
        options = {} if self.is_mqtt5 else {"clean_session": not session_s}
        self.mqtt = new_client(identity.hex, protocol=protocol, **options)
        self.mqtt.tls_set(gateway.pki.ca, identity.certificate, identity.key,
                          tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self.mqtt.max_inflight_messages_set(in_flight)
        self.mqtt.reconnect_delay_set(0.05, 0.2)
        self.mqtt.on_connect = self._on_connect
        self.mqtt.on_subscribe = self._on_subscribe
        self.mqtt.on_disconnect = self._on_disconnect
        self.mqtt.on_message = self._on_message
        self.mqtt.on_publish = self._on_publish

    def connect(self):
        before = self.connections
        self.mqtt.connect("127.0.0.1", self.gateway.port, self._keep_alive_s, **self._terms())
        self.mqtt.loop_start()
        return self.wait_connections(before + 1)

    def connect_later(self):
        """As soon as somebody listens."""
        self.mqtt.connect_async("127.0.0.1", self.gateway.port, self._keep_alive_s,
                                **self._terms())
        self.mqtt.loop_start()

    def _terms(self):
        if not (self.is_mqtt5 and self._session_s):
            return {}
        properties = Properties(PacketTypes.CONNECT)
        properties.SessionExpiryInterval = self._session_s
        return {"clean_start": False, "properties": properties}

    def wait_connections(self, count):
        wait_for(lambda: self.connections >= count, lambda: f"subscribed: {self.gateway.log}")
        return self

    def close(self):
        self.mqtt.disconnect()
        self.mqtt.loop_stop()

    def cut(self):
        """Goes without a word, and does not come back."""
        self.mqtt.loop_stop()
        self.mqtt.socket().close()

    def _on_connect(self, client, _data, flags, code, *_):
        assert int(getattr(code, "value", code)) == 0, code
        self.present.append(flags["session present"])
        if self.present[-1]:
            self.connections += 1
        else:
            client.subscribe(self.down, 1)

    def _on_subscribe(self, *_):
        self.connections += 1

    def _on_disconnect(self, _client, _data, code, *_):
        self.losses.append(code)

    def _on_message(self, _client, _data, message):
        assert message.topic == self.down
        self.downs.append(self.telemetry.Down.FromString(message.payload))

    # Paho may report a message before publish() has returned, and holds a lock of its own
    # then: none of ours may be held while we publish.

    def _on_publish(self, _client, _data, mid):
        with self._lock:
            self._published.add(mid)
            self._settle(mid)

    def _settle(self, mid):
        if mid in self._published and mid in self._sent:
            name, digest = self._sent.pop(mid)
            self._published.remove(mid)
            self.acked[name] = digest

    # --- saying and hearing ---

    def publish(self, payload, qos=1, topic=None, properties=None):
        """Any payload; Paho's message info."""
        extra = {"properties": properties} if self.is_mqtt5 else {}
        return self.mqtt.publish(topic or self.up, payload, qos, **extra)

    def send(self, up, qos=1):
        payload = up.SerializeToString()
        name = (self.device.hex, up.boot, up.seq)
        mid = self.publish(payload, qos).mid
        if qos:
            with self._lock:
                self._sent[mid] = name, hash_of(payload)
                self._settle(mid)
        return name

    def wait_acked(self, *names, limit_s=20):
        wait_for(lambda: all(name in self.acked for name in names),
                 lambda: f"acknowledged: {[n for n in names if n not in self.acked]}", limit_s)

    def tell(self, *ups):
        """Sends and waits until all of it is acknowledged."""
        self.wait_acked(*[self.send(up) for up in ups])

    def heard(self, kind):
        """[(body, Down)] of one kind, oldest first."""
        return [getattr(down, kind) for down in list(self.downs)
                if down.WhichOneof("body") == kind]

    def wait_heard(self, kind, count=1, limit_s=20):
        return wait_for(lambda: len(self.heard(kind)) >= count and self.heard(kind),
                        lambda: f"{count} {kind} on down, heard {list(self.downs)}", limit_s)

    @staticmethod
    def content_type(text):
        properties = Properties(PacketTypes.PUBLISH)
        properties.ContentType = text
        return properties
