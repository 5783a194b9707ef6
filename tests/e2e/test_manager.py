"""Under a service manager: its watchdog is fed while every thread answers, and the journal gets
fields that other programs can wait for, and no secret."""

import subprocess

import pytest

from gateway import CAREPACE
from head_office import free_port
from manager import Frozen, Journal, Manager, thread_of

WATCHDOG_S = 0.4
BEAT_S = WATCHDOG_S / 2
PATIENCE = {"ledger": 5, "upstream": 9, "http": 9, "loop": 0}  # beats


@pytest.fixture
def manager(tmp_path, monkeypatch):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", str(round(WATCHDOG_S * 1e6)))
    return Manager(tmp_path / "notify")


@pytest.fixture
def watched(manager, make_gateway, pki):
    """With a head office that is not there: being cut off is no hang."""
    gateway = make_gateway(http={"port": free_port()}, upstream={
        "servers": f"[127.0.0.1:{free_port()}]", "ca": pki.ca,
        "certificate": pki.folder / "listener.pem", "key": pki.folder / "listener.key"}).start()
    manager.wait_told(b"READY=1")
    return gateway


@pytest.mark.parametrize("thread", PATIENCE)
def test_a_thread_that_hangs_starves_the_watchdog(manager, watched, thread):
    assert manager.feedings(10 * BEAT_S) >= 5
    pid = watched.process.pid
    with Frozen(pid if thread == "loop" else thread_of(pid, thread)):
        manager.feedings((PATIENCE[thread] + 2) * BEAT_S)
        assert manager.feedings(5 * BEAT_S) == 0
        hung = watched.logged("has not answered for")
        assert len(hung) == (thread != "loop"), watched.log
    manager.feedings(4 * BEAT_S)
    assert manager.feedings(10 * BEAT_S) >= 5, "it answers again"
    watched.stop()


@pytest.fixture
def journal(tmp_path):
    folder = tmp_path / "journal"
    folder.mkdir()
    return Journal(folder / "socket")


# The daemon compares its stderr with JOURNAL_STREAM, and sends to a socket of fixed name.
UNDER_JOURNAL = """#!/bin/sh
[ "$1" = inside ] || exec unshare -m "$0" inside "$@"
shift
mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/journal &&
	mount --bind {folder} /run/systemd/journal || exit 1
export JOURNAL_STREAM="$(stat -L -c %d:%i /proc/self/fd/2)"
exec {carepace} "$@"
"""


@pytest.fixture
def identity(pki):
    return pki.issue("pen")


@pytest.fixture
def journalled(journal, make_gateway, tmp_path, identity):
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode:
        pytest.skip("no right to make a mount namespace")
    program = tmp_path / "under-journal"
    program.write_text(UNDER_JOURNAL.format(folder=journal.path.parent, carepace=CAREPACE))
    program.chmod(0o755)
    gateway = make_gateway(executable=program).launch()
    journal.wait_line(CAREPACE_EVENT="LISTENING")
    return gateway


def test_the_journal_gets_fields_and_no_secret(journal, journalled, make_device, identity, pki):
    (line,) = journal.lines(CAREPACE_EVENT="LISTENING")
    assert line["MESSAGE_ID"] == "789bd99fb2bc450f9479d3226611169b"
    assert line["PRIORITY"] == "5" and line["SYSLOG_IDENTIFIER"] == "carepace"
    assert line["CODE_FILE"].endswith("shell/gateway.c") and line["CODE_LINE"].isdigit()

    pen = make_device(journalled, identity)
    told = pen.start()
    pen.tell(pen.hello(), told, pen.samples(told.session_start.sid))
    (line,) = journal.wait_line(CAREPACE_DEVICE=identity.hex)[:1]
    assert "MESSAGE_ID" not in line

    stranger = type(pki)(journalled.folder / "other").issue("pen")
    subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{journalled.port}", "-cert",
                    stranger.certificate, "-key", stranger.key, "-CAfile", pki.ca],
                   stdin=subprocess.DEVNULL, capture_output=True, timeout=20, check=False)
    (line,) = journal.wait_line(CAREPACE_EVENT="DEVICE_REFUSED")
    assert line["PRIORITY"] == "4"
    pen.close()
    journalled.stop()
    journal.wait_line(CAREPACE_EVENT="STOPPED")

    start = told.session_start
    said = b"".join(journal.since())
    for secret in (start.client_token, start.operator_token):
        assert len(secret) == 16
        assert secret not in said and secret.hex().encode() not in said


def test_a_certificate_that_ends_soon_is_said_once(make_gateway, tmp_path, pki):
    soon = type(pki)(tmp_path / "soon")
    soon._pki("listener", "--host", "127.0.0.1", "--days", 29)
    other = make_gateway().start()  # looks at itself first
    gateway = make_gateway(pki=soon).start()
    gateway.wait_logged("ends in 28 days")
    gateway.stop()
    other.stop()
    assert len(gateway.logged("ends in 28 days")) == 1 and not other.logged("ends in")


# Like carepace.socket: descriptor 3, LISTEN_PID, and the daemon in its place.
HANDED_OVER = """#!/usr/bin/python3
import os, socket, sys
handed = socket.socket({family}, socket.SOCK_STREAM)
if {port}:
    handed.bind(("127.0.0.1", {port}))
    handed.listen()
os.dup2(handed.fileno(), 3)
os.set_inheritable(3, True)
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS="1")
os.execv("{carepace}", ["carepace", *sys.argv[1:]])
"""


@pytest.fixture
def under_socket(make_gateway, tmp_path):
    def make(family="socket.AF_INET", off=0):
        program = tmp_path / "under-socket"
        gateway = make_gateway(executable=program)
        port = gateway.port + off if family == "socket.AF_INET" else 0
        program.write_text(HANDED_OVER.format(family=family, port=port, carepace=CAREPACE))
        program.chmod(0o755)
        return gateway

    return make


def test_devices_come_by_the_port_that_systemd_holds(under_socket, identity, make_device):
    gateway = under_socket().start()
    pen = make_device(gateway, identity)
    pen.tell(pen.hello())
    pen.close()
    gateway.stop()


@pytest.mark.parametrize("socket, sentence", [
    ({"off": 1}, "systemd holds port .* but listener.port is .* stop and disable carepace.socket"),
    ({"family": "socket.AF_UNIX"}, "systemd did not hand over one socket that listens for TCP"),
])
def test_another_socket_is_refused(under_socket, socket, sentence):
    gateway = under_socket(**socket).launch()
    assert gateway.ended() == 2
    assert len(gateway.logged(sentence)) == 1, gateway.log
