"""`carepace doctor`: each fault of a box yields exactly its one sentence, with what to do about it,
and no other failure; a healthy box yields none. Within ten seconds, whatever hangs."""

import contextlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID

from certificates import DAY, NOW, Issuer, key_pem
from gateway import CAREPACE, SANITIZER, Pki
from head_office import Authority, Broker, free_port
from small_disk import SmallDisk

LIMIT_S = 10
is_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces")


@pytest.fixture(scope="module")
def office(tmp_path_factory):
    """Head office's broker, and what a clinic needs for it."""
    folder = tmp_path_factory.mktemp("office")
    authority = Authority(folder / "authority")
    broker = Broker(folder, authority, authority.issue("localhost"),
                    settings="allow_anonymous true\n").start()
    yield SimpleNamespace(folder=folder, authority=authority, broker=broker,
                          clinic=authority.issue("clinic"))
    broker.kill()


@pytest.fixture
def box(make_gateway, office, tmp_path):
    """A healthy box that is not started: nothing of it is shared."""
    gateway = make_gateway(pki=Pki(tmp_path / "pki"))
    gateway.pki.issue()
    certificate, key = (shutil.copy(path, tmp_path) for path in office.clinic)
    os.chmod(key, 0o600)
    gateway.configure(upstream={"servers": f"[{office.broker.url}]",
                                "ca": office.authority.certificate, "certificate": certificate,
                                "key": key})
    gateway.upstream_key = Path(key)
    return gateway


def doctor(box, *options, before=()):
    """What it found, by check. `before`: a command that runs it."""
    began = time.monotonic()
    result = subprocess.run([*before, box.executable, "doctor", "--config", box.configuration,
                             "--json", *options],
                            capture_output=True, text=True, env=box.clock.environment())
    took = time.monotonic() - began
    assert not SANITIZER.search(result.stderr), result.stderr
    assert took < LIMIT_S, f"{took:.1f} s"
    report = json.loads(result.stdout)
    found = {one["check"]: SimpleNamespace(**one) for one in report["checks"]}
    failed = [one for one in found.values() if one.result == "fail"]
    assert report["failures"] == len(failed)
    assert result.returncode == (1 if failed else 0), result
    for one in found.values():
        assert bool(one.remedy) == (one.result in ("warn", "fail")), one
    return SimpleNamespace(found=found, failed=failed, took_s=took)


def one_failure(report, check, sentence):
    """Exactly this one."""
    assert [one.check for one in report.failed] == [check], report.failed
    assert re.search(sentence, report.failed[0].text), report.failed[0].text
    assert len(report.failed[0].remedy) > 10
    return report


def started_once(box):
    """The box has a store, and is stopped."""
    box.start().stop()
    return box


# --- a healthy one ----------------------------------------------------------------------------

def test_a_healthy_box_has_no_failure(box):
    report = doctor(box)
    assert not report.failed, report.failed
    assert report.found["port"].text.endswith("is free; the gateway does not run")
    box.start()
    report = doctor(box)
    assert not report.failed, report.failed
    assert "answers on 127.0.0.1" in report.found["port"].text
    assert report.found["head office"].result == "ok"
    assert report.found["store"].result == "ok" and report.found["left over"].result == "ok"
    report = doctor(box, "--deep")
    assert "read whole: no damage" in report.found["store"].text and not report.failed
    box.stop()


def test_who_else_may_know_the_time(box):
    """A box that no time server reaches is told the ways to green; one of them is the gateway's own."""
    box.clock.set(synced=False)
    clock = doctor(box).found["clock"]
    assert clock.result == "warn" and "it is not synchronised" in clock.text
    assert "NTP=" in clock.remedy and "three devices that agree" in clock.remedy
    box.clock.set(synced=True)
    box.start()
    box.clock.set(synced=False)
    clock = doctor(box).found["clock"]
    assert clock.result == "ok" and "but confirmed since this box started" in clock.text
    box.stop()


def test_looking_is_no_event(box):
    """Neither doctor nor whoever only tries the port is taken for a device in trouble."""
    box.configure(log={"level": "debug"})
    box.start()
    doctor(box)
    box.wait_logged("^DEBUG .*: it only looked at the gateway's certificate")
    with socket.create_connection(("127.0.0.1", box.port)):
        pass
    box.wait_logged("^DEBUG .*: it left before the handshake was over")
    assert not [line for line in box.logged("handshake|looked|refused")
                if not line.startswith(("DEBUG", "NOTICE counts"))], box.log
    with socket.create_connection(("127.0.0.1", box.port)) as device:
        device.sendall(b"\x16\x03\x01")
    box.wait_logged("^INFO .*: it left before the handshake was over")
    box.stop()
    assert box.counts()["tls_peer_looked"] >= 1


def test_it_says_the_same_to_people(box):
    box.pki.folder.joinpath("listener.key").unlink()
    result = subprocess.run([CAREPACE, "doctor", "--config", box.configuration],
                            capture_output=True, text=True, env=box.clock.environment())
    assert result.returncode == 1 and result.stderr == ""
    lines = result.stdout.splitlines()
    (failure,) = [i for i, line in enumerate(lines) if line.startswith("FAIL")]
    assert "listener.key: No such file" in lines[failure]
    assert lines[failure + 1].split()[0] == "->"
    assert lines[-1].startswith("1 failure, ")


# --- the matrix: what each fault says ------------------------------------------------------------

def missing_key(box):
    (box.pki.folder / "listener.key").unlink()


def open_key(box):
    (box.pki.folder / "listener.key").chmod(0o644)


def other_key(box):
    (box.pki.folder / "listener.key").write_bytes((box.pki.folder / "ca.key").read_bytes())


def expired_certificate(box):
    certificate, key = Issuer.of(box.pki).issue(
        ["localhost"], begins=NOW - 40 * DAY, ends=NOW - DAY, eku=(ExtendedKeyUsageOID.SERVER_AUTH,))
    (box.pki.folder / "listener.pem").write_bytes(
        certificate.public_bytes(serialization.Encoding.PEM))
    (box.pki.folder / "listener.key").write_bytes(key_pem(key))


def missing_registry(box):
    box.pki.registry.unlink()


def damaged_registry(box):
    box.pki.registry.write_text("hello\n")


def year_1970(box):
    box.clock.set(off_s=-time.time() + 1000)


def unknown_zone(box):
    box.configure(site={"timezone": "Europe/Berlln"})


def wrong_setting(box):
    box.configure(listener={"port": 99999})


def missing_configuration(box):
    box.configuration.unlink()


def wrong_policy(box):
    (box.folder / "policy.yaml").write_text("off: [NO_SUCH_CHECK]\n")


def open_ca_key(box):
    (box.pki.folder / "ca.key").chmod(0o640)


def open_upstream_key(box):
    box.upstream_key.chmod(0o604)


def open_configuration(box):
    box.configuration.chmod(0o666)


def open_store(box):
    started_once(box).store.chmod(0o755)


def store_of_the_future(box):
    with contextlib.closing(sqlite3.connect(started_once(box).store / "carepace.db")) as store:
        store.execute("PRAGMA user_version = 4711")


def damaged_store(box):
    file = started_once(box).store / "carepace.db"
    file.write_bytes(b"\0" * 4096 + file.read_bytes()[4096:])


def set_aside(box):
    damaged_store(box)
    box.start().stop()


def failed_often(box):
    now = round(time.time() * 1000)
    box.start()
    (box.store / "failures").write_text(f"{now - 3000}\n{now - 2000}\n{now - 1000}\n")
    box.stop()


def foreign_address(box):
    box.configure(listener={"address": "192.0.2.1"})


def office_down(box):
    box.configure(upstream={"servers": f"[localhost:{free_port()}]"})


def missing_upstream_certificate(box):
    box.configure(upstream={"certificate": box.folder / "nothing.pem"})


MATRIX = [
    (missing_key, "certificates", r"cannot look at .*listener\.key: No such file"),
    (open_key, "certificates", r"listener\.key may be opened by others \(mode 0644\)"),
    (other_key, "certificates", r"listener\.key is not the key of the certificate .*listener\.pem"),
    (expired_certificate, "expiry", r"the gateway's certificate in .*listener\.pem has ended on"),
    (missing_registry, "certificates", r"cannot open .*registry: No such file"),
    (damaged_registry, "certificates", r"registry:1: "),
    (year_1970, "clock", r"the clock of this box is in doubt: it shows a time that is past for cert"),
    (unknown_zone, "configuration", r"carepace\.yaml:3: site\.timezone: expected .*Europe/Berlln"),
    (wrong_setting, "configuration", r"listener\.port: expected .* from 1 to 65535, found 99999"),
    (missing_configuration, "configuration", r"carepace\.yaml: cannot be read: No such file"),
    (wrong_policy, "configuration", r"policy\.yaml:1: .*NO_SUCH_CHECK"),
    (open_ca_key, "permissions", r"ca\.key may be opened by others \(mode 0640\)"),
    (open_upstream_key, "permissions", r"clinic\.key may be opened by others \(mode 0604\)"),
    (open_configuration, "permissions", r"carepace\.yaml may be changed by everybody"),
    (open_store, "store folder", r"store may be opened by others \(mode 0755\)"),
    (store_of_the_future, "store", r"carepace\.db was written by a newer carepace"),
    (damaged_store, "store", r"carepace\.db is not a store of carepace, or is damaged"),
    (failed_often, "left over", r"store has failed 3 times within ten minutes"),
    (foreign_address, "port", r"cannot listen on 192\.0\.2\.1 port \d+: Cannot assign"),
    (office_down, "head office", r"cannot connect to localhost:\d+: nothing can be reached at"),
    (missing_upstream_certificate, "head office", r"cannot read .*nothing\.pem: No such file"),
]


@pytest.mark.parametrize("fault, check, sentence", MATRIX, ids=lambda one: getattr(
    one, "__name__", None) or "")
def test_a_fault_yields_its_one_sentence(box, fault, check, sentence):
    fault(box)
    one_failure(doctor(box), check, sentence)


@pytest.mark.parametrize("fault", [missing_key, other_key, foreign_address, unknown_zone])
def test_the_daemon_says_the_same(box, fault):
    """One path for each sentence: what doctor says is in the log of the start that fails."""
    fault(box)
    (failure,) = doctor(box).failed
    assert box.launch().ended() == 2
    assert [line for line in box.log if failure.text in line], (failure.text, box.log)


def test_what_was_set_aside_is_said(box):
    set_aside(box)
    report = doctor(box)
    warning = report.found["left over"]
    assert warning.result == "warn"
    assert re.search(r"set aside as .*carepace\.db\.damaged-\d{8}T\d{6}Z", warning.text)
    assert "carepace restore" in warning.remedy and not report.failed


def test_a_box_that_nobody_has_set_up(box):
    missing_configuration(box)
    assert doctor(box).failed[0].remedy == "Set this box up: carepace setup"


def test_damage_inside_is_found_when_asked_for(box):
    started_once(box)
    file = box.store / "carepace.db"
    with contextlib.closing(sqlite3.connect(file)) as store:
        page, = store.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'journal'").fetchone()
        size, = store.execute("PRAGMA page_size").fetchone()
        store.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(file.read_bytes())
    content[(page - 1) * size:(page - 1) * size + 200] = b"\x55" * 200
    file.write_bytes(content)
    one_failure(doctor(box, "--deep"), "store", r"carepace\.db(: | is damaged)")


# --- what is in the way outside --------------------------------------------------------------------

def test_the_port_of_somebody_else(box):
    with socket.create_server(("127.0.0.1", box.port)):
        one_failure(doctor(box), "port", r"another program has this port")


def test_a_gateway_with_another_certificate(box):
    box.start()
    box.pki._pki("listener", "--host", "127.0.0.1")
    one_failure(doctor(box), "port", r"shows another certificate than the configuration names")
    box.process.send_signal(signal.SIGHUP)
    box.wait_logged("certificates")
    assert not doctor(box).failed
    box.stop()


def test_too_few_open_files(box):
    report = doctor(box, before=("prlimit", "--nofile=256:256"))
    one_failure(report, "limits", r"allows this program 256 open files, so fewer than 10000 devices")


def test_head_office_with_a_certificate_of_a_stranger(box, tmp_path):
    stranger = Authority(tmp_path / "stranger", "some other CA")
    box.configure(upstream={"ca": stranger.certificate})
    one_failure(doctor(box), "head office", r"its certificate is not from the CA in .*ca\.crt")


def test_head_office_that_refuses_our_certificate(box, tmp_path):
    stranger = Authority(tmp_path / "stranger", "some other CA")
    certificate, key = stranger.issue("clinic")
    key.chmod(0o600)
    box.configure(upstream={"certificate": certificate, "key": key})
    one_failure(doctor(box), "head office",
                r"does not accept our certificate|log says whether it does not accept our cert")


def test_head_office_that_refuses_our_site(box, office, tmp_path):
    strict = Broker(tmp_path, office.authority, office.authority.issue("localhost"),
                    settings="allow_anonymous false\n").start()
    try:
        box.configure(upstream={"servers": f"[{strict.url}]"})
        one_failure(doctor(box), "head office", r'the broker answered "Not authorized"')
    finally:
        strict.kill()


def test_the_second_broker_when_the_first_is_down(box, office):
    box.configure(upstream={"servers": f"[localhost:{free_port()}, {office.broker.url}]"})
    report = doctor(box)
    assert not report.failed
    assert "lets us in instead" in report.found["head office"].text
    assert report.found["head office"].result == "warn"


def test_head_office_that_never_answers(box):
    with socket.create_server(("127.0.0.1", free_port())) as silent:
        box.configure(upstream={"servers": f"[localhost:{silent.getsockname()[1]}]"})
        one_failure(doctor(box), "head office", r"it does not answer; check the network")


def test_a_certificate_without_this_boxs_names(box):
    box.configure(listener={"address": "0.0.0.0"})
    report = doctor(box)
    assert not report.failed and report.found["names"].result == "warn"
    assert "127.0.0.1, localhost" in report.found["names"].text


def test_a_certificate_that_ends_soon(box):
    box.pki._pki("listener", "--host", "127.0.0.1", "--days", "20")
    report = doctor(box)
    assert not report.failed and report.found["expiry"].result == "warn"
    assert re.search(r"listener\.pem ends on .*, in (19|20) days", report.found["expiry"].text)


# --- with disks and name servers of their own ----------------------------------------------------------

@is_root
def test_a_full_disk(box):
    disk = SmallDisk(box, 96)
    try:
        box.start().stop()
        assert not doctor(box).failed
        disk.fill(leave_bytes=1 << 20)
        one_failure(doctor(box), "disk", r"the disk is full: \d+ MB must be freed where .*store lies")
    finally:
        disk.close()


OLDER_AND_LARGER = """import sqlite3, sys
store = sqlite3.connect(f"{sys.argv[1]}/carepace.db")
store.execute("UPDATE journal SET recv = recv - 2 * 86400000 WHERE source = 1")
store.execute("CREATE TABLE ballast AS SELECT zeroblob(4000000)")
store.commit()"""


@is_root
def test_a_disk_that_will_be_full(box):
    """Two days old and 4 MB: with 96 MB, 64 of them reserved, there are some 12 days left."""
    disk = SmallDisk(box, 96)
    try:
        box.start().stop()
        inside = shlex.split(box.executable.read_text().splitlines()[1])[1:6]  # nsenter ... --
        assert "days until it is full can be told after a day" in doctor(box).found["disk"].text
        subprocess.run([*inside, "/usr/bin/python3", "-c", OLDER_AND_LARGER, disk.place], check=True)
        report = doctor(box)
        assert not report.failed and report.found["disk"].result == "warn"
        assert re.search("the disk is full in about 1[0-5] days", report.found["disk"].text)
    finally:
        disk.close()


@is_root
def test_a_read_only_store(box):
    place = started_once(box).store
    mount = f"mount --bind {place} {place} && mount -o remount,bind,ro {place} && exec \"$@\""
    report = doctor(box, before=("unshare", "-m", "sh", "-c", mount, "sh"))
    one_failure(report, "store folder", r"cannot write in the folder .*store \(Read-only file system\)")


@contextlib.contextmanager
def name_server(box, tmp_path, address, does_answer):
    """The only one there is; it knows no name, or says nothing at all. Gives what runs a program
    under it."""
    resolv = tmp_path / "resolv.conf"
    resolv.write_text(f"nameserver {address}\n")
    box.configure(upstream={"servers": "[mqtt.no-such-office.example:8883]"})

    def answer():
        while True:
            query, asker = server.recvfrom(512)
            if not query:
                return
            if does_answer:  # NXDOMAIN, RFC 1035 4.1.1
                server.sendto(query[:2] + b"\x81\x83" + query[4:], asker)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((address, 53))
        thread = threading.Thread(target=answer)
        thread.start()
        yield ("unshare", "-m", "sh", "-c",
               f"mount --bind {resolv} /etc/resolv.conf && exec \"$@\"", "sh")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", (address, 53))
        thread.join()


@is_root
def test_a_name_that_does_not_exist(box, tmp_path):
    with name_server(box, tmp_path, "127.0.0.66", does_answer=True) as under:
        report = doctor(box, before=under)
    one_failure(report, "name server", r"mqtt\.no-such-office\.example:8883: its name has no address")


@is_root
def test_a_name_server_that_hangs(box, tmp_path):
    with name_server(box, tmp_path, "127.0.0.67", does_answer=False) as under:
        report = doctor(box, before=under)
    one_failure(report, "name server", r"names: no answer within \d s")
    assert report.found["certificates"].result == "ok"


@is_root
def test_root_sees_what_the_user_of_the_service_may_not_read(make_gateway):
    """The store is nobody's, so the gateway is: it cannot open a key of root."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        box = make_gateway(pki=Pki(Path(folder) / "pki"))
        box.pki.folder.chmod(0o755)
        for name, value in (("configuration", "carepace.yaml"), ("store", "store")):
            setattr(box, name, Path(folder) / value)
        box.configure(store={"path": box.store}, policy={"file": None})
        box.store.mkdir(0o700)
        shutil.chown(box.store, "nobody", "nogroup")
        one_failure(doctor(box), "certificates", r"cannot open .*listener\.key: Permission denied")
        shutil.chown(box.pki.folder / "listener.key", "nobody", "nogroup")
        assert not doctor(box).failed
