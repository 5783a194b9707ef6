"""Asking the daemon over HTTP, politely and not."""

import http.client
import re
import socket

SAMPLE = re.compile(r'^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$')


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


def get(gateway, path, method="GET", headers=None, body=None, connection=None):
    """status, headers, text"""
    connection = connection or http.client.HTTPConnection("127.0.0.1", gateway.http_port,
                                                          timeout=10)
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response.status, dict(response.getheaders()), text


def raw(gateway, request, limit_s=10):
    """What comes back for these bytes until it is closed."""
    with socket.create_connection(("127.0.0.1", gateway.http_port), limit_s) as plain:
        plain.sendall(request)
        answer = b""
        try:
            while piece := plain.recv(65536):
                answer += piece
        except ConnectionResetError:
            pass
        return answer


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


def metrics(gateway):
    """{name or name{labels}: value}"""
    status, _, text = get(gateway, "/metrics")
    assert status == 200, text
    values = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            name, labels, value = SAMPLE.match(line).groups()
            values[f"{name}{{{labels}}}" if labels else name] = float(value)
    return values
