"""`systemctl reload`: configuration, policy, certificates and head office are taken as a whole or not
at all, it says what changed, and nobody who is healthy loses the connection."""

import re
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

import bytes_on_wire as wire
from head_office import Broker, free_port, wait_for
from speech import token
from test_head_office import Office, too_soon
from test_reload import Files, connected, is_alive, reload, shown_certificate


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(3)]


@pytest.fixture
def files(tmp_path, pki, pens):
    del pens  # in the registry before it is copied
    return Files(tmp_path / "files", pki)


@pytest.fixture
def gateway(make_gateway, files):
    return make_gateway(listener=files.settings()).start()


@pytest.fixture
def office(tmp_path, contract):
    office = Office(tmp_path, contract)
    yield office
    office.close()


def reloaded(gateway):
    """When it is over, well or not."""
    over = "^NOTICE reloaded: |^ERROR reload: nothing is taken"
    before = len(gateway.logged(over))
    reload(gateway)
    wait_for(lambda: len(gateway.logged(over)) > before, "the reload is over")
    return gateway.logged(over)[-1].startswith("NOTICE")


def connack(gateway, pen):
    link = wire.Wire(gateway, pen)
    link.send(wire.connect(pen.hex, 5))
    _, answer = link.receive()
    return link, answer


# --- what is taken -------------------------------------------------------------------------------

def test_it_says_what_changed_and_takes_it(gateway, pens):
    old, _ = connack(gateway, pens[0])
    gateway.configure(listener={"receive_maximum": 7, "max_connections": 2, "max_keep_alive": "30s",
                                "max_packet_bytes": 2048},
                      store={"reserve": "65MiB"}, upstream={"outbox_days": 30},
                      log={"level": "notice"})
    assert reloaded(gateway)
    for line in ("listener.receive_maximum 100 -> 7", "listener.max_connections 10000 -> 2",
                 "listener.max_keep_alive 20min -> 30s", "listener.max_packet_bytes 66000 -> 2KiB",
                 "store.reserve 64MiB -> 65MiB", "upstream.outbox_days 400 -> 30",
                 "log.level info -> notice"):
        assert gateway.logged(f"^NOTICE reload: {re.escape(line)}$"), gateway.log
    assert gateway.logged("^NOTICE reloaded: 7 of settings and certificates have changed, the policy has not")

    new, answer = connack(gateway, pens[1])
    assert b"\x21\x00\x07" in answer, "receive maximum 7"
    assert b"\x13\x00\x1e" in answer, "keep-alive 30 s"
    assert b"\x27\x00\x00\x08\x00" in answer, "packets of 2048 bytes"
    with pytest.raises((ssl.SSLError, ConnectionError)):  # the third of two
        connected(gateway, pens[2], 5)
    assert is_alive(old) and is_alive(new)
    assert not gateway.logged("^INFO Pen 1 .* connected"), "the level is taken"

    gateway.configure(listener={"max_connections": 20000, "max_packet_bytes": 66000})
    assert reloaded(gateway)
    assert is_alive(connected(gateway, pens[2], 5))
    assert is_alive(old) and is_alive(new)
    assert reloaded(gateway)
    assert gateway.logged("^NOTICE reloaded: ")[-1].startswith("NOTICE reloaded: 0 of")
    gateway.stop()
    assert gateway.counts()["reloads"] == 3


def test_what_needs_a_restart_says_so_and_stays(gateway, pens, tmp_path):
    gateway.configure(site={"timezone": "Europe/Paris"}, store={"path": tmp_path / "elsewhere"},
                      listener={"receive_maximum": 9})
    for _ in range(2):  # every time, as long as it is so
        assert reloaded(gateway)
        assert gateway.logged("^WARNING reload: site.timezone Europe/Berlin -> Europe/Paris needs a "
                              "restart: until then it stays Europe/Berlin$")
        assert gateway.logged("^WARNING reload: store.path .*/store -> .*/elsewhere needs a restart")
    assert b"\x21\x00\x09" in connack(gateway, pens[0])[1], "the rest is taken"
    assert not (tmp_path / "elsewhere").exists()
    gateway.stop()
    assert len(gateway.logged("site.timezone Europe/Berlin -> ")) == 2


def test_another_port(gateway, pens):
    """The new one listens before the old one is closed; who is there stays."""
    old, was = connected(gateway, pens[0], 5), gateway.port
    gateway.port = free_port()
    gateway.configure(listener={"port": gateway.port})
    assert reloaded(gateway)
    assert gateway.logged(f"^NOTICE reload: listener.port {was} -> {gateway.port}$")
    assert is_alive(connected(gateway, pens[1], 5))
    assert is_alive(old)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", was), 10)
    for address in ("127.0.0.2", "127.0.0.1"):  # the same port elsewhere
        gateway.configure(listener={"address": address})
        assert reloaded(gateway)
        socket.create_connection((address, gateway.port), 10).close()
    assert is_alive(old)


# --- as a whole or not at all --------------------------------------------------------------------

def break_syntax(gateway, files, office):
    text = gateway.configuration.read_text()
    gateway.configuration.write_text(text + "log: [\n")
    return rf"{gateway.configuration}:{len(text.splitlines()) + 2}: expected YAML"


def break_setting(gateway, files, office):
    gateway.configure(listener={"max_connections": "many"})
    line = 1 + gateway.configuration.read_text().splitlines().index("  max_connections: many")
    return rf"{gateway.configuration}:{line}: listener.max_connections: expected .*, found many"


def break_policy(gateway, files, office):
    policy = gateway.folder / "policy.yaml"
    policy.write_text("checks:\n  INTERVAL_TOO_SON: {min_days: 3}\n")
    return rf"{policy}:2: checks: .*did you mean INTERVAL_TOO_SOON"


def take_policy_away(gateway, files, office):
    (gateway.folder / "policy.yaml").unlink()
    return "policy.yaml: cannot be read: No such file"


def break_key(gateway, files, office):
    files.replace("listener.key", (gateway.pki.folder / "ca.key").read_bytes())
    return "listener.key is not the key of the certificate"


def open_key(gateway, files, office):
    (files.folder / "listener.key").chmod(0o644)
    return "listener.key.*chmod"


def break_registry(gateway, files, office):
    files.replace("registry", "# carepace device registry 1\nnonsense\n")
    return "registry:2: "


def take_upstream_key(gateway, files, office):
    gateway.configure(upstream={"key": files.folder / "none.key"})
    return "none.key: No such file"


def mix_upstream_keys(gateway, files, office):
    gateway.configure(upstream={"key": office.authority.issue("other")[1]})
    return "other.key is not the key of the certificate"


def occupy_port(gateway, files, office):
    files.taken = socket.create_server(("127.0.0.1", 0))
    port = files.taken.getsockname()[1]
    gateway.configure(listener={"port": port})
    return f"cannot listen on 127.0.0.1 port {port}: another program has this port"


def use_every_address(gateway, files, office):
    gateway.configure(listener={"address": "0.0.0.0"})
    return r"cannot listen on 0.0.0.0 port \d+ beside the address of now: restart the service"


@pytest.mark.parametrize("harm", [
    break_syntax, break_setting, break_policy, take_policy_away, break_key, open_key,
    break_registry, take_upstream_key, mix_upstream_keys, occupy_port, use_every_address])
def test_one_fault_and_nothing_is_taken(make_gateway, files, office, pens, tmp_path, pki, harm):
    """Everything else is new and good in the same reload."""
    gateway = make_gateway(listener=files.settings(), upstream=office.settings()).start()
    was = gateway.port
    link, before = connected(gateway, pens[0], 5), shown_certificate(gateway, pens[0])
    certificate, key = renewed(pki, tmp_path)
    files.replace("listener.pem", certificate)
    files.replace("listener.key", key)
    policy = gateway.folder / "policy.yaml"
    off = policy.read_text()
    policy.write_text(off + "checks:\n  INTERVAL_TOO_SOON: {min_days: 35}\n")
    gateway.configure(listener={"receive_maximum": 7})
    configuration = gateway.configuration.read_text()

    says = harm(gateway, files, office)
    assert not reloaded(gateway)
    assert gateway.logged(rf"^ERROR (reload: )?.*{says}"), gateway.log
    assert is_alive(link)
    assert shown_certificate(gateway, pens[0]) == before
    fresh, answer = connack(gateway, pens[1])
    assert b"\x21\x00\x64" in answer, "receive maximum 100 as before"
    assert gateway.rows("SELECT count(*) FROM journal WHERE boot = 1")[0][0] == 1, "the first policy"
    assert not gateway.logged(" -> "), "nothing is said to have changed"

    files.replace("listener.pem", certificate)
    files.replace("listener.key", key)
    files.replace("registry", pki.registry.read_bytes())
    policy.write_text(off + "checks:\n  INTERVAL_TOO_SOON: {min_days: 35}\n")
    gateway.configuration.write_text(configuration)
    assert reloaded(gateway)
    assert gateway.port == was
    assert shown_certificate(gateway, pens[0]) != before
    assert b"\x21\x00\x07" in connack(gateway, pens[2])[1]
    assert gateway.logged("in force from now on: policy$")
    assert is_alive(link) and is_alive(fresh)
    gateway.stop()
    assert gateway.counts()["reloads_failed"] >= 1


def renewed(pki, folder):
    """Another certificate of the same authority for the listener."""
    key, request, certificate, names = (folder / f"listener.{kind}"
                                        for kind in ("key", "csr", "pem", "names"))
    names.write_text("subjectAltName=IP:127.0.0.1\n")
    for command in (
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
             "/CN=listener", "-keyout", key, "-out", request],
            ["x509", "-req", "-in", request, "-CA", pki.ca, "-CAkey", pki.folder / "ca.key",
             "-days", "30", "-extfile", names, "-out", certificate]):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    return certificate.read_bytes(), key.read_bytes()


# --- certificates --------------------------------------------------------------------------------

def test_a_renewed_certificate_is_seen_by_the_next_handshake(gateway, files, pens, pki, tmp_path):
    link, before = connected(gateway, pens[0], 5), shown_certificate(gateway, pens[0])
    certificate, key = renewed(pki, tmp_path)
    files.replace("listener.pem", certificate)
    files.replace("listener.key", key)
    assert reloaded(gateway)
    after = shown_certificate(gateway, pens[0])
    assert after != before
    assert after == ssl.PEM_cert_to_DER_cert(certificate.decode())
    assert is_alive(link)
    assert gateway.logged("^NOTICE reload: the certificate of the listener: ")
    assert not gateway.logged("the authority of the listener")


# --- head office ---------------------------------------------------------------------------------

def test_head_office_moves(make_gateway, make_device, office, pens, tmp_path, contract):
    """From none to one, to another broker with another certificate, to none: what was not
    acknowledged goes to whoever is there, devices notice nothing."""
    gateway = make_gateway().start()
    pen = make_device(gateway, pens[0])
    first = too_soon(pen, 5)
    gateway.configure(upstream=office.open().settings())
    assert reloaded(gateway)
    gateway.wait_logged(f"head office: connected to {office.broker.url}")
    assert [report.alert.sid for report in office.wait_alerts(1)] == [first]
    office.send(office.plan(1, token(), min_days=35))
    office.wait_receipt(5, 1)

    office.broker.kill()
    other = too_soon(pen, 6)
    second = Office.__new__(Office)
    second.report, second.authority = office.report, office.authority
    second.broker = Broker(tmp_path, office.authority, office.authority.issue("localhost"),
                           "use_identity_as_username true\n")
    second.reader = None
    second.gateway_identity = office.authority.issue("second")
    second.open()
    gateway.configure(upstream=second.settings())
    assert reloaded(gateway)
    assert gateway.logged(rf"reload: upstream.servers localhost:{office.broker.port} -> "
                          rf"localhost:{second.broker.port}$")
    assert gateway.logged("reload: the certificate of upstream: serial .* -> serial ")
    gateway.wait_logged(f"head office: connected to {second.broker.url}")
    wait_for(lambda: other in [report.alert.sid for report in second.alerts()],
             "what the first one did not take")
    second.wait_receipt(5, 1)  # it is told from where orders go on
    wait_for(lambda: not gateway.rows("SELECT 1 FROM outbox WHERE kind <= 3"), "nothing waits")

    # The same names, new files: a renewal.
    certificate, key = second.gateway_identity
    renewal = office.authority.issue("third")
    certificate.write_bytes(renewal[0].read_bytes())
    key.write_bytes(renewal[1].read_bytes())
    connects = len(gateway.logged("head office: connected"))
    assert reloaded(gateway)
    wait_for(lambda: len(gateway.logged("head office: connected")) > connects, "with the new one")
    assert reloaded(gateway)
    time.sleep(0.5)
    assert len(gateway.logged("head office: connected")) == connects + 1, "only if it must"

    gateway.configure(upstream=dict.fromkeys(("servers", "ca", "certificate", "key")))
    assert reloaded(gateway)
    gateway.wait_logged("head office: disconnected")
    pen.tell(pen.heartbeat())
    assert pen.losses == []
    second.close()
    gateway.stop()
    assert gateway.verify()


# --- under load ----------------------------------------------------------------------------------

def test_ten_reloads_while_devices_speak(make_gateway, make_device, office, files, pens, pki,
                                         tmp_path):
    """Each one changes settings, certificate, policy and head office's certificate."""
    gateway = make_gateway(listener=files.settings(), upstream=office.open().settings()).start()
    devices = [make_device(gateway, pen) for pen in pens]
    policy = gateway.folder / "policy.yaml"
    off = policy.read_text()
    is_over = threading.Event()
    told = [0] * len(devices)

    def speak(i):
        while not is_over.is_set():
            devices[i].tell(devices[i].heartbeat())  # its PUBACK has come
            told[i] += 1

    speakers = [threading.Thread(target=speak, args=(i,)) for i in range(len(devices))]
    for speaker in speakers:
        speaker.start()
    for turn in range(10):
        (tmp_path / str(turn)).mkdir()
        certificate, key = renewed(pki, tmp_path / str(turn))
        files.replace("listener.pem", certificate)
        files.replace("listener.key", key)
        policy.write_text(off + f"checks:\n  INTERVAL_TOO_SOON: {{min_days: {20 + turn}}}\n")
        gateway.configure(listener={"max_connections": 5000 + turn * 1000,
                                    "max_messages_per_second": 1000 + turn},
                          upstream=dict(zip(("certificate", "key"),
                                            office.authority.issue(f"gateway-{turn}"))))
        before = list(told)
        assert reloaded(gateway)
        wait_for(lambda: all(now > then for now, then in zip(told, before)), "all are served")
    is_over.set()
    for speaker in speakers:
        speaker.join()
    assert [device.losses for device in devices] == [[]] * len(devices)
    assert [device.connections for device in devices] == [1] * len(devices)
    for device in devices:
        device.close()
    gateway.process.send_signal(signal.SIGTERM)
    assert gateway.ended() == 0
    assert gateway.counts()["reloads"] == 10
    stored = gateway.stored()
    for device in devices:
        assert device.acked.items() <= stored.items(), "acknowledged and not there"
    assert gateway.verify()
