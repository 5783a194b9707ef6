"""What stands for head office in a test: a real Mosquitto with TLS and required client
certificates on a free port of the loopback, and a subscriber that keeps what arrives."""

import getpass
import os
import random
import socket
import ssl
import subprocess
import threading
import time
from pathlib import Path

import paho.mqtt.client as mqtt

from paho_client import new_client


def wait_for(condition, what, limit_s=20):
    """`what` is a text, or a function that makes one when the time is over."""
    until = time.monotonic() + limit_s
    while time.monotonic() < until:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"not within {limit_s} s: {what() if callable(what) else what}")


def free_port():
    """Below the ports that the system gives to outgoing connections: while its owner is away
    nobody takes it, not even a client that tries to connect to it."""
    while True:
        port = random.randrange(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def valid_for(days):
    """Options of `openssl x509`; newer ones want a certificate of the past in other words."""
    if days < 0 and ssl.OPENSSL_VERSION_INFO >= (3, 4):
        return "-not_before", "20200101000000Z", "-not_after", "20200102000000Z"
    return "-days", str(days)


class Authority:
    """A certificate authority of openssl in a folder of its own."""

    def __init__(self, folder, name="head office CA"):
        self.folder = Path(folder)
        self.folder.mkdir()
        self.certificate = self.folder / "ca.crt"
        self.key = self.folder / "ca.key"
        self._openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-subj", f"/CN={name}", "-days", "30",
                      "-addext", "basicConstraints=critical,CA:TRUE",
                      "-keyout", self.key, "-out", self.certificate)

    @staticmethod
    def _openssl(*arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)

    def issue(self, name, days=30):
        """A pair (certificate, key) for the DNS name or client `name`."""
        stem = self.folder / name
        key, request, certificate, extensions = (
            stem.with_name(name + suffix) for suffix in (".key", ".csr", ".crt", ".ext"))
        extensions.write_text(f"subjectAltName=DNS:{name}\nbasicConstraints=CA:FALSE\n")
        self._openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                      "-subj", f"/CN={name}", "-keyout", key, "-out", request)
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key,
                      "-CAcreateserial", *valid_for(days), "-extfile", extensions,
                      "-out", certificate)
        return certificate, key


class Broker:
    """Can be stopped, killed and started again at the same address."""

    def __init__(self, folder, authority, identity, settings=""):
        self.port = free_port()
        self.url = f"ssl://localhost:{self.port}"
        self.authority = authority
        self.process = None
        self.log = Path(folder) / f"broker-{self.port}.log"
        self.configuration = Path(folder) / f"broker-{self.port}.conf"
        certificate, key = identity
        self.configuration.write_text(
            f"listener {self.port} 127.0.0.1\n"
            f"cafile {authority.certificate}\ncertfile {certificate}\nkeyfile {key}\n"
            f"require_certificate true\nmax_queued_messages 0\nuser {getpass.getuser()}\n"
            + settings)

    def start(self):
        log = self.log.open("ab")
        self.process = subprocess.Popen(["mosquitto", "-c", str(self.configuration)],
                                        stdout=log, stderr=log)
        wait_for(self._is_listening, "broker listens")
        return self

    def _is_listening(self):
        assert self.process.poll() is None, self.log.read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def signal(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


class Subscriber:
    """Reads everything of all sites, or what `topic` says."""

    def __init__(self, broker, identity, topic="carepace/v1/site/#"):
        self.messages = []  # (last level of the topic, payload)
        self._ready = threading.Event()
        self._client = new_client(protocol=mqtt.MQTTv311)
        certificate, key = identity
        self._client.tls_set(broker.authority.certificate, certificate, key,
                             tls_version=ssl.PROTOCOL_TLS_CLIENT)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = lambda client, *_: client.subscribe(topic, 1)
        self._client.on_subscribe = lambda *_: self._ready.set()
        self._client.on_message = self._on_message
        self._client.connect("localhost", broker.port)
        self._client.loop_start()
        assert self._ready.wait(10), "subscriber is not subscribed"

    def _on_message(self, _client, _data, message):
        self.messages.append((message.topic.rsplit("/", 1)[1], message.payload))

    def payloads(self, *topics):
        return [payload for topic, payload in list(self.messages) if topic in topics]

    def publish(self, topic, *payloads):
        """Returns when the broker has acknowledged the last one."""
        sent = [self._client.publish(topic, payload, qos=1) for payload in payloads]
        sent[-1].wait_for_publish(20)

    def close(self):
        self._client.disconnect()
        self._client.loop_stop()
