"""TLS tickets at the daemon: they outlive its restart and nothing else."""

import os
import socket
import ssl
import stat

import pytest

import bytes_on_wire as wire


@pytest.fixture(scope="module")
def pen(pki):
    return pki.issue("pen", "Pen")


@pytest.fixture
def context(pki, pen):
    context = wire.tls(pki.ca, pen.certificate, pen.key)
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # 1.3 has none here
    return context


@pytest.fixture
def gateway(make_gateway, pen):
    del pen  # in the registry before it starts
    return make_gateway().start()


def come(gateway, context, pen, session=None):
    """(what the gateway said to CONNECT, the session, whether it was resumed)"""
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1", session=session) as secure:
            secure.sendall(wire.connect(pen.hex))
            try:
                answer = secure.recv(100)
            except (ConnectionError, ssl.SSLError):
                answer = None
            return answer, secure.session, secure.session_reused


ACCEPTED = b"\x20\x02\0\0"


def test_a_restart_of_the_gateway(gateway, context, pen):
    answer, session, was_resumed = come(gateway, context, pen)
    assert (answer, was_resumed) == (ACCEPTED, False)
    keys = gateway.store / "ticket.keys"
    assert stat.S_IMODE(os.stat(keys).st_mode) == 0o600
    before = keys.read_text()
    gateway.stop()
    gateway.start()
    assert keys.read_text() == before
    assert come(gateway, context, pen, session)[::2] == (ACCEPTED, True)
    gateway.stop()
    assert gateway.counts()["handshakes_resumed"] == gateway.counts()["handshakes_ok"] == 1

    keys.unlink()  # another box
    gateway.start()
    assert come(gateway, context, pen, session)[::2] == (ACCEPTED, False)


def test_a_revoked_device_with_a_ticket(make_gateway, pki, context, pen, tmp_path):
    registry = tmp_path / "registry"
    good = pki.registry.read_text()
    registry.write_text(good)
    gateway = make_gateway(listener={"registry": registry}).start()
    _, session, _ = come(gateway, context, pen)
    registry.write_text(good.replace(f"{pen.hex} pen active", f"{pen.hex} pen revoked"))
    gateway.wait_logged("took the new registry")
    answer, _, was_resumed = come(gateway, context, pen, session)
    assert was_resumed
    assert not answer
    gateway.stop()
    gateway.wait_logged(f"^WARNING refused .* as device {pen.hex}: its certificate was revoked")
    assert gateway.counts()["tls_revoked"] == 1


def test_keys_that_others_may_read(gateway, context, pen):
    _, session, _ = come(gateway, context, pen)
    gateway.stop()
    keys = gateway.store / "ticket.keys"
    keys.chmod(0o644)
    gateway.start()
    gateway.wait_logged(f"^WARNING TLS tickets do not outlive a restart.*{keys}")
    assert come(gateway, context, pen, session)[::2] == (ACCEPTED, False)
    assert stat.S_IMODE(os.stat(keys).st_mode) == 0o600


def test_tls_1_3_gives_none(gateway, pki, pen):
    context = wire.tls(pki.ca, pen.certificate, pen.key)
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as plain:
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
            if secure.version() != "TLSv1.3":
                pytest.skip("this mbedTLS has no TLS 1.3")
            secure.sendall(wire.connect(pen.hex))
            assert secure.recv(100) == ACCEPTED  # a ticket would have come before
            assert not secure.session or not secure.session.has_ticket
