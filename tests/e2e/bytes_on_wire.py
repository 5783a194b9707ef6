"""MQTT byte by byte over TLS, for what no client library would send."""

import socket
import ssl
import struct


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(value)) + value


def packet(first, *parts):
    body = b"".join(parts)
    size, length = len(body), b""
    while True:
        byte, size = size & 0x7F, size >> 7
        length += bytes([byte | (0x80 if size else 0)])
        if not size:
            return bytes([first]) + length + body


def connect(client, level=4, keep_alive_s=60, is_clean=True):
    properties = b"\0" if level == 5 else b""
    return packet(0x10, text("MQTT"), bytes([level, 2 * is_clean]),
                  struct.pack(">H", keep_alive_s), properties, text(client))


def publish(topic, payload, packet_id=1, level=4, qos=1, dup=False):
    return packet(0x30 | qos << 1 | dup << 3, text(topic),
                  struct.pack(">H", packet_id) if qos else b"",
                  b"\0" if level == 5 else b"", payload)


def subscribe(topic, packet_id=1, level=4):
    return packet(0x82, struct.pack(">H", packet_id), b"\0" if level == 5 else b"", text(topic),
                  b"\1")


def tls(ca, certificate=None, key=None, newest=None):
    """Client side; checks the server as a device does."""
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(ca))
    if certificate:
        context.load_cert_chain(certificate, key)
    if newest:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    return context


class Wire:
    """One connection. A connection that the gateway has closed reads as None."""

    def __init__(self, gateway, identity, limit_s=10):
        context = tls(gateway.pki.ca, identity.certificate, identity.key)
        plain = socket.create_connection(("127.0.0.1", gateway.port), limit_s)
        try:
            self._socket = context.wrap_socket(plain, server_hostname="127.0.0.1")
        except BaseException:
            plain.close()
            raise
        self._unread = b""

    def send(self, *packets):
        self._socket.sendall(b"".join(packets))

    def _exactly(self, size):
        while len(self._unread) < size:
            try:
                more = self._socket.recv(16384)
            except (ConnectionError, ssl.SSLError):
                more = b""
            if not more:
                return None
            self._unread += more
        data, self._unread = self._unread[:size], self._unread[size:]
        return data

    def receive(self):
        """(first byte, body) of the next packet; None when the gateway has closed."""
        first = self._exactly(1)
        if not first:
            return None
        size = shift = 0
        while True:
            byte = self._exactly(1)
            if not byte:
                return None
            size |= (byte[0] & 0x7F) << shift
            shift += 7
            if byte[0] < 0x80:
                break
        body = self._exactly(size)
        return None if body is None else (first[0], body)

    def close(self):
        self._socket.close()

    def fileno(self):
        return self._socket.fileno()
