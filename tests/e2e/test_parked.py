"""Messages that cannot be understood: kept, listed without their content, tried again by a person
or by the next version (P8); and the control socket that carries such wishes (DESIGN section 3)."""

import contextlib
import hashlib
import json
import os
import socket
import sqlite3
import stat
import subprocess

import pytest

from clinic import Clinic
from gateway import CAREPACE
from head_office import wait_for
from speech import now_ms, token

RUBBISH = b"\xff\x07 this is no protobuf"


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(2)]


def parked(gateway, *arguments, status=0):
    """What `carepace parked` says."""
    result = subprocess.run([CAREPACE, "parked", *arguments, "--config", gateway.configuration],
                            text=True, capture_output=True)
    assert result.returncode == status, result.stdout + result.stderr
    return result.stdout + result.stderr


def plant(gateway, device, *ups, version="0.0.1"):
    """What an older version has kept, because it did not understand it. It must not run now."""
    with contextlib.closing(sqlite3.connect(gateway.store / "carepace.db")) as store:
        for up in ups:
            payload = up.SerializeToString()
            store.execute("INSERT OR IGNORE INTO source(id) VALUES(?)", (device.device.id,))
            store.execute(
                "INSERT INTO parked(source, hash, recv, is_tablet, why, payload)"
                " SELECT no, ?, ?, 0, 'unknown type of message', ? FROM source WHERE id = ?",
                (hashlib.sha256(payload).digest()[:16], up.ts_ms, payload, device.device.id))
        store.execute("UPDATE meta SET value = ? WHERE name = 'parked_tried_by'",
                      (version.encode(),))
        store.commit()


def is_judged(gateway, start):
    return gateway.rows("SELECT 1 FROM alert a JOIN session s ON s.no = a.session WHERE s.sid = ?"
                        " AND a.check_id = 101", start.session_start.sid) == [(1,)]


@pytest.fixture
def talk(make_gateway, make_device, pens):
    """A gateway, and a pen with a treatment that came too soon."""
    gateway = make_gateway().start()
    pen = make_device(gateway, pens[1])
    client = token()
    pen.tell(pen.hello(), *pen.past_session(10, client))
    start = pen.start(client=client)
    return gateway, pen, start


def test_list_and_show_tell_no_content(make_gateway, make_device, pens):
    gateway = make_gateway().start()
    clinic = Clinic(gateway, make_device(gateway, pens[0]))
    pen = make_device(gateway, pens[1])
    assert parked(gateway) == "Nothing is parked.\n"
    up = pen.start(client=token())
    strange = up.SerializeToString() + b"\xba\x06\x10" + b"secret tokenbyte"  # field 103
    pen.publish(strange + b"\xba\x06\x7fcut").wait_for_publish(10)
    pen.publish(RUBBISH).wait_for_publish(10)

    said = parked(gateway, "list")
    assert said.count(pen.device.hex) == 2 and "a field number or wire type" in said
    rows = json.loads(parked(gateway, "list", "--json"))
    assert [row["source"] for row in rows] == [pen.device.hex] * 2
    shown = "".join(parked(gateway, "show", row["hash"][:8]) for row in rows)
    assert "16 bytes" in shown and "session_start: message" in shown
    assert "103 (not known to this version): bytes, 16 bytes" in shown
    assert "client_token: bytes, 16 bytes" in shown and "cannot be read" in shown
    everything = said + shown + json.dumps(rows) + parked(gateway, "show", rows[0]["hash"], "--json")
    for secret in ("secret", up.session_start.client_token.hex(), "no protobuf"):
        assert secret not in everything
    assert "begins with 00ff00ff" in parked(gateway, "show", "00ff00ff", status=1)
    assert "not by \"xyz\"" in parked(gateway, "show", "xyz", status=2)
    assert "list, show or retry" in parked(gateway, "burn", status=2)
    clinic.prove("counts:", parked=2)


def test_a_person_tries_again_while_the_gateway_runs(talk, contract):
    gateway, pen, start = talk
    gateway.stop()
    plant(gateway, pen, start, version=this_version(gateway))
    gateway.start()
    pen.wait_connections(2)
    pen.publish(RUBBISH).wait_for_publish(10)
    (row,) = [row for row in json.loads(parked(gateway, "--json")) if "unknown" in row["why"]]
    assert not is_judged(gateway, start), "the same version does not try it by itself"
    assert parked(gateway, "retry", row["hash"][:8]) == (
        "1 message tried again: 1 understood now, 0 refused, 0 stay parked.\n")
    assert is_judged(gateway, start)
    assert json.loads(parked(gateway, "retry", "--json")) == {
        "tried": 1, "understood": 0, "refused": 0, "kept": 1}
    assert gateway.rows("SELECT recv FROM journal WHERE seq = ?", start.seq) == [(start.ts_ms,)]
    del contract
    pen.close()
    gateway.stop()
    gateway.verify()
    assert len(gateway.logged("^NOTICE 1 parked messages were tried again: 1 are understood now"
                              " and journalled")) == 1
    counts = gateway.counts()
    assert (counts["parked_tried_again"], counts["parked_understood"]) == (2, 1)
    assert counts["control_requests"] == 2


def this_version(gateway):
    ((version,),) = gateway.rows("SELECT value FROM meta WHERE name = 'parked_tried_by'")
    return version.decode()


def test_the_next_version_tries_all_by_itself(talk):
    gateway, pen, start = talk
    pen.publish(RUBBISH).wait_for_publish(10)
    pen.close()
    gateway.stop()
    many = [pen.heartbeat() for _ in range(300)]  # more than one batch's worth
    plant(gateway, pen, start, *many)
    gateway.start()
    gateway.wait_logged("^NOTICE 302 parked messages were tried again: 301 are understood now and"
                        " journalled, 0 are refused .*, 1 stay$")
    assert is_judged(gateway, start)
    assert gateway.rows("SELECT payload FROM parked") == [(RUBBISH,)]
    gateway.stop()
    gateway.start()
    gateway.stop()
    assert len(gateway.logged("parked messages were tried again")) == 1, "once per version"
    gateway.verify()


def test_a_person_tries_again_without_a_gateway(talk):
    gateway, pen, start = talk
    pen.close()
    gateway.stop()
    plant(gateway, pen, start, version=this_version(gateway))
    said = parked(gateway, "retry")
    assert said == "1 message tried again: 1 understood now, 0 refused, 0 stay parked.\n"
    assert is_judged(gateway, start)
    gateway.start().stop()
    gateway.verify()
    # By the folder alone nobody knows the clinic's rules.
    result = subprocess.run([CAREPACE, "parked", "retry", "--store", gateway.store], text=True,
                            capture_output=True)
    assert result.returncode == 2 and "the configuration is needed" in result.stderr


def test_text_that_is_understood_now_to_be_free_text_goes(talk):
    gateway, pen, _ = talk
    pen.close()
    gateway.stop()
    hello = pen.hello()
    hello.hello.serial = "call me under 555"
    plant(gateway, pen, hello)
    gateway.start()
    gateway.wait_logged("^NOTICE 1 parked messages .*, 1 are refused .text where only codes are"
                        " allowed., 0 stay$")
    gateway.stop()
    assert gateway.counts()["parked_refused"] == 1
    assert gateway.rows("SELECT count(*) FROM parked") == [(0,)]
    assert b"call me" not in b"".join(path.read_bytes() for path in gateway.store.iterdir()
                                      if path.is_file())


# --- the control socket ---------------------------------------------------------------------------

def connect(gateway):
    """By a descriptor of the folder: a socket's name may be too long."""
    folder = os.open(gateway.store, os.O_RDONLY)
    door = socket.socket(socket.AF_UNIX)
    door.settimeout(20)
    try:
        door.connect(f"/proc/self/fd/{folder}/control")
    finally:
        os.close(folder)
    return door


def ask(gateway, request):
    with contextlib.closing(connect(gateway)) as door:
        with contextlib.suppress(ConnectionResetError, BrokenPipeError), door.makefile() as answer:
            door.sendall(request)
            return answer.readline()
        return ""


@pytest.fixture
def clinic(make_gateway, make_device, pens):
    gateway = make_gateway().start()
    return Clinic(gateway, make_device(gateway, pens[0]))


@pytest.mark.parametrize("request_line, sentence", [
    (b"hello\n", "an object of JSON"),
    (b"[]\n", "an object of JSON"),
    (b'{"do": 7}\n', "an object of JSON"),
    (b'{"do":"parked-retry","do":"parked-retry"}\n', "an object of JSON"),
    (b'{"do":"open the door"}\n', "does not know that"),
    (b'{"do":"parked-retry","hash":7}\n', "up to 32 digits"),
    (b'{"do":"parked-retry","hash":"XY"}\n', "up to 32 digits"),
    (b'{"do":"parked-retry","hash":"' + b"a" * 33 + b'"}\n', "up to 32 digits"),
])
def test_a_request_that_makes_no_sense(clinic, request_line, sentence):
    answer = json.loads(ask(clinic.gateway, request_line))
    assert answer["ok"] is False and sentence in answer["error"]
    clinic.prove("counts:", control_requests=1)


def test_a_request_without_end(clinic):
    assert ask(clinic.gateway, b"x" * 5000) == ""
    clinic.prove("^WARNING closed a connection to the control socket: its request is too long",
                 control_refused=1)


def test_a_request_that_never_comes(clinic):
    with contextlib.closing(connect(clinic.gateway)) as door:
        door.sendall(b"{")
        assert door.recv(1) == b""
    clinic.prove("^WARNING closed a connection to the control socket: it took too long",
                 control_refused=1)


def test_more_who_ask_than_there_is_room_for(clinic):
    doors = [connect(clinic.gateway) for _ in range(16)]
    wait_for(lambda: ask(clinic.gateway, b"{}\n") == "", "turned away")
    for door in doors:
        door.close()
    wait_for(lambda: "JSON" in ask(clinic.gateway, b"{}\n"), "there is room again")
    clinic.prove("counts:")
    assert clinic.gateway.counts()["control_refused"] >= 1


def test_only_the_daemons_user_and_root_may_ask(clinic):
    place = clinic.gateway.store / "control"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    if os.geteuid() != 0:
        pytest.skip("only root can be another user")
    folder = os.open(clinic.gateway.store, os.O_RDONLY)
    clinic.gateway.store.chmod(0o711)
    place.chmod(0o666)  # somebody meant well
    child = os.fork()
    if child == 0:
        os.setresuid(65534, 65534, 65534)
        door = socket.socket(socket.AF_UNIX)
        door.settimeout(10)
        try:
            door.connect(f"/proc/self/fd/{folder}/control")
            door.sendall(b"{}\n")
            os._exit(0 if door.recv(1) == b"" else 1)
        except (BrokenPipeError, ConnectionResetError):
            os._exit(0)
        except OSError:
            os._exit(2)
    os.close(folder)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    clinic.prove("^WARNING closed a connection to the control socket: it is not of the daemon's"
                 " user, nor root's", control_refused=1)


def test_what_is_planted_is_what_devices_sent(talk):
    """Control: the planted rows are of the form that the gateway writes itself."""
    gateway, pen, _ = talk
    before = now_ms()
    pen.publish(RUBBISH).wait_for_publish(10)
    ((digest, received, is_tablet),) = gateway.rows("SELECT hash, recv, is_tablet FROM parked")
    assert digest == hashlib.sha256(RUBBISH).digest()[:16] and is_tablet == 0
    assert before <= received <= now_ms()
