"""What changes on disk while devices are connected: a revocation ends a live link within 5 s, new
certificates are taken without dropping anybody, and what cannot be used changes nothing."""

import shutil
import signal
import socket
import ssl
import time

import pytest

import bytes_on_wire as wire
from gateway import Pki
from head_office import wait_for

IN_TIME_S = 5  # DESIGN section 5


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(2)]


class Files:
    """Copies of what a gateway reads, to be replaced while it runs."""

    def __init__(self, folder, pki):
        self.folder = folder
        folder.mkdir()
        for name in ("listener.pem", "listener.key", "ca.pem", "registry"):
            shutil.copy(pki.folder / name, folder / name)

    def settings(self):
        return {"certificate": self.folder / "listener.pem", "key": self.folder / "listener.key",
                "ca": self.folder / "ca.pem", "registry": self.folder / "registry"}

    def replace(self, name, text):
        """As `carepace pki` does it: the old file or the new one, nothing between."""
        new = self.folder / f"{name}.new"
        new.write_bytes(text if isinstance(text, bytes) else text.encode())
        new.chmod(0o600)
        new.rename(self.folder / name)

    def revoke(self, device):
        text = (self.folder / "registry").read_text()
        assert f"{device.hex} pen active" in text
        self.replace("registry", text.replace(f"{device.hex} pen active",
                                              f"{device.hex} pen revoked"))


@pytest.fixture
def files(tmp_path, pki, pens):
    del pens  # in the registry before it is copied
    return Files(tmp_path / "files", pki)


@pytest.fixture
def gateway(make_gateway, files):
    return make_gateway(listener=files.settings()).start()


def connected(gateway, device, level):
    link = wire.Wire(gateway, device)
    link.send(wire.connect(device.hex, level))
    answer = link.receive()
    if not answer:
        raise ConnectionError
    assert (answer[0], answer[1][1]) == (0x20, 0)
    return link


def is_alive(link):
    link.send(b"\xc0\0")
    return link.receive() == (0xD0, b"")


def reload(gateway):
    gateway.process.send_signal(signal.SIGHUP)


def shown_certificate(gateway, device):
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as plain:
        context = wire.tls(gateway.pki.ca, device.certificate, device.key)
        with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
            return secure.getpeercert(True)


# --- revocation ----------------------------------------------------------------------------------

@pytest.mark.parametrize("level", [4, 5])
def test_a_live_device_is_revoked(gateway, files, pens, level):
    healthy, stolen = connected(gateway, pens[0], 5), connected(gateway, pens[1], level)
    files.revoke(pens[1])
    began = time.monotonic()
    if level == 5:
        assert stolen.receive() == (0xE0, b"\x98")  # administrative action
    assert stolen.receive() is None
    assert time.monotonic() - began < IN_TIME_S
    assert is_alive(healthy)

    with pytest.raises((ssl.SSLError, ConnectionError)):  # and it does not come back
        connected(gateway, pens[1], level)
    stolen.close()
    wait_for(lambda: "closed_not_allowed" in gateway.count_now(), "the revoked link is gone")
    healthy.close()
    gateway.stop()
    for done in ("closed", "refused"):
        (_,) = gateway.logged(rf"^WARNING {done} 127\.0\.0\.1:\d+ as device {pens[1].hex}: "
                              "its certificate was revoked")
    said = gateway.counts()
    assert said["closed_not_allowed"] == said["tls_revoked"] == said["mqtt_revoked"] == 1


def test_a_device_is_taken_out_and_another_put_in(gateway, files, pki, pens):
    link = connected(gateway, pens[1], 5)
    newcomer = pki.issue("pen", "Newcomer")
    lines = pki.registry.read_text().splitlines(keepends=True)
    files.replace("registry", "".join(line for line in lines if pens[1].hex not in line))
    assert link.receive() == (0xE0, b"\x98")
    assert is_alive(connected(gateway, newcomer, 5))


@pytest.mark.parametrize("text, says", [
    ("", r"registry:1: "),
    ("# carepace device registry 1\nnonsense\n", r"registry:2: "),
    (None, r"registry"),
], ids=["empty", "a wrong line", "gone"])
def test_a_registry_that_cannot_be_used_changes_nothing(gateway, files, pens, text, says):
    good = (files.folder / "registry").read_text()
    link = connected(gateway, pens[1], 5)
    if text is None:
        (files.folder / "registry").unlink()
    else:
        files.replace("registry", text)
    gateway.wait_logged(f"^ERROR cannot take the new registry, what was in use stays so: .*{says}")
    assert is_alive(link)
    assert is_alive(connected(gateway, pens[0], 5))
    time.sleep(2.5)  # said once, not at every look
    assert len(gateway.logged("cannot take")) == 1
    assert gateway.count_now()["reloads_failed"] == 1

    files.replace("registry", good)  # and it goes on by itself
    files.revoke(pens[1])
    assert link.receive() == (0xE0, b"\x98")


# --- certificates --------------------------------------------------------------------------------



def test_a_new_listener_certificate(gateway, files, pens, tmp_path):
    link = connected(gateway, pens[0], 5)
    before = shown_certificate(gateway, pens[0])
    assert before in pem_list(files)
    other = Pki(tmp_path / "other")
    for name in ("listener.pem", "listener.key", "ca.pem"):
        files.replace(name, (other.folder / name).read_bytes())
    time.sleep(1.5)  # only when told
    assert not gateway.logged("reload")
    reload(gateway)
    gateway.wait_logged("^NOTICE reload: the certificate of the listener: serial [0-9A-F]+, valid "
                        r"until 20\S+Z -> serial [0-9A-F]+, valid until 20\S+Z$")
    gateway.wait_logged("^NOTICE reload: the authority of the listener: SHA-256 .{16} -> ")
    gateway.wait_logged("^NOTICE reloaded: 1 of settings and certificates have changed, the policy")
    assert is_alive(link), "a healthy device lost its connection"
    with pytest.raises(ssl.SSLError):  # it trusts the old authority, we the new one
        connected(gateway, pens[0], 5)
    assert gateway.count_now()["reloads"] == 1


def pem_list(files):
    text = (files.folder / "listener.pem").read_text()
    return [ssl.PEM_cert_to_DER_cert("-----BEGIN CERTIFICATE-----" + part)
            for part in text.split("-----BEGIN CERTIFICATE-----")[1:]]


@pytest.mark.parametrize("name, text, says", [
    ("listener.pem", "not a certificate\n", "listener.pem must hold certificates"),
    ("listener.key", "not a key\n", "listener.key must hold a private key"),
    ("ca.pem", "", "ca.pem must hold certificates"),
])
def test_certificates_that_cannot_be_used_change_nothing(gateway, files, pens, name, text, says):
    link = connected(gateway, pens[1], 5)
    files.replace(name, text)
    reload(gateway)
    gateway.wait_logged(f"^ERROR reload: .*{says}")
    gateway.wait_logged("^ERROR reload: nothing is taken, everything that was in force stays so")
    assert is_alive(link)
    assert is_alive(connected(gateway, pens[0], 5))
    files.revoke(pens[1])  # a revocation does not wait for good certificates
    reload(gateway)
    assert link.receive() == (0xE0, b"\x98")
    gateway.stop()
    assert gateway.counts()["reloads_failed"] == 2


def test_systemd_is_told(make_gateway, files, pens, tmp_path, monkeypatch):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
        gateway = make_gateway(listener=files.settings()).start()
        assert systemd.recv(1000) == b"READY=1"
        before = time.monotonic_ns() // 1000
        reload(gateway)
        said = systemd.recv(1000).decode()
        assert said.startswith("RELOADING=1\nMONOTONIC_USEC=")
        assert before - 2000 <= int(said.rsplit("=", 1)[1]) <= time.monotonic_ns() // 1000
        assert systemd.recv(1000) == b"READY=1"
        gateway.stop()


@pytest.mark.long
def test_a_thousand_reloads_under_load(gateway, files, pens, make_device):
    """Nothing is lost meanwhile and no memory either: the sanitizer of the build looks."""
    device = make_device(gateway, pens[0])
    told = device.start()
    done = 0
    while done < 1000:
        for _ in range(50):
            reload(gateway)
            time.sleep(0.01)
        device.tell(device.hello(), told, device.samples(told.session_start.sid))
        connected(gateway, pens[1], 5).close()
        done = gateway.count_now().get("reloads", 0)
    assert device.losses == []
    device.close()
    gateway.stop()
    assert gateway.counts().get("reloads_failed", 0) == 0


# --- the policy file -----------------------------------------------------------------------------

def test_the_policy_file_is_taken_again(gateway, files, pens):
    policy = gateway.folder / "policy.yaml"
    off = policy.read_text()
    link = connected(gateway, pens[0], 5)
    policy.write_text(off + "checks:\n  INTERVAL_TOO_SOON: {min_days: 35}\n"
                            "profiles:\n  - {model: 7, kind: PEN, pins: 14}\n")
    reload(gateway)
    gateway.wait_logged("^NOTICE reload: the policy has changed, in force from now on: "
                        "policy, profile/7$")
    reload(gateway)
    gateway.wait_logged("^NOTICE reloaded: 0 .*, the policy has not; ")

    policy.write_text(off + "checks:\n  INTERVAL_TOO_SOON: {min_day: 40}\n")
    reload(gateway)
    wait_for(lambda: gateway.logged(rf"^ERROR reload: {policy}:3: checks\.INTERVAL_TOO_SOON\.min_day: .*"
                                    r"did you mean min_days\?"), "the fault is told")

    policy.write_text(off + "checks:\n  INTERVAL_TOO_SOON: {min_days: 35}\n")
    reload(gateway)
    wait_for(lambda: gateway.logged(r"in force from now on: profile/7 \(withdrawn\)$"), "it left")
    assert is_alive(link)
    gateway.stop()
    gateway.start()
    assert not gateway.logged("in force from now on: policy$")
    assert gateway.verify()
