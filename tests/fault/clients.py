"""Devices on client libraries that are not ours, as busy as they can be while the gateway is killed.
Each knows what was acknowledged to it; at QoS 0 nothing is."""

import subprocess
import threading
import time

import paho.mqtt.client as mqtt

from device import Device
from mosquitto import Mosquitto
from speech import Voice, hash_of

WINDOW = 20


class Client:
    def __init__(self, name):
        self.name = name
        self._is_talking = threading.Event()
        self._is_talking.set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._thread.start()
        return self

    def finish(self, limit_s=60):
        """No new messages; those under way are acknowledged in the end."""
        self._is_talking.clear()
        self._thread.join(limit_s)
        assert not self._thread.is_alive(), f"{self.name}: not everything was acknowledged"
        return self.acked

    def served(self):
        """Rises while the gateway serves it."""
        raise NotImplementedError

    def _run(self):
        raise NotImplementedError


class PahoClient(Client):
    """Goes on with its session, so that Paho sends again by itself what was under way."""

    def __init__(self, gateway, contract, identity, protocol, qos):
        super().__init__(f"Paho, MQTT {'5' if protocol == mqtt.MQTTv5 else '3.1.1'}, QoS {qos}")
        self._device = Device(gateway, contract, identity, protocol, session_s=3600)
        self._qos = qos

    @property
    def acked(self):
        return self._device.acked

    def served(self):
        return len(self.acked) if self._qos else len(self._device.present)

    def _run(self):
        names = []
        self._device.connect_later()
        while self._is_talking.is_set() or len(self.acked) < len(names):
            if self._is_talking.is_set() and len(names) - len(self.acked) < WINDOW:
                name = self._device.send(self._device.heartbeat(), self._qos)
                names += [name] if self._qos else []
            time.sleep(0.002 if self._qos else 0.02)
        self._device.close()


class MosquittoClient(Client):
    """A mosquitto_pub for each message, until it says that it was acknowledged."""

    def __init__(self, gateway, contract, identity, version, qos):
        super().__init__(f"mosquitto_pub, {version}, QoS {qos}")
        self._tool = Mosquitto(gateway, identity, version)
        self._voice = Voice(contract, identity)
        self._qos = qos
        self.acked = {}
        self._served = 0

    def served(self):
        return self._served

    def _run(self):
        while self._is_talking.is_set():
            up = self._voice.heartbeat()
            payload = up.SerializeToString()
            while not self._is_sent(payload) and self._qos:
                time.sleep(0.05)  # nobody listens
            time.sleep(0.2)  # five connections a second are a device's share
            if self._qos:
                name = (self._voice.device.hex, up.boot, up.seq)
                self.acked[name] = hash_of(payload)

    def _is_sent(self, payload):
        try:
            done = self._tool.publish(payload, self._qos, limit_s=3)
        except subprocess.TimeoutExpired:
            return False
        self._served += done.returncode == 0
        return done.returncode == 0


def start(kind, gateway, contract, pki):
    """All of one kind, each at its QoS; none for "bytes"."""
    versions = (mqtt.MQTTv311, mqtt.MQTTv5)
    made = []
    if kind == "paho":
        made = [PahoClient(gateway, contract, pki.issue("pen", f"Paho {qos} {version}"), version,
                           qos) for qos in (0, 1, 2) for version in versions]
    if kind == "mosquitto_pub":
        made = [MosquittoClient(gateway, contract, pki.issue("pen", f"Mosquitto {qos}"),
                                ("mqttv311", "mqttv5")[qos % 2], qos) for qos in (0, 1, 2)]
    return [client.start() for client in made]
