"""carepace backup beside a busy gateway, and carepace restore: what was acknowledged before the
backup began is in it; devices send again what came later; head office hears all of it anew. Each
refusal is one sentence. Killed at any moment there is one whole store, the former or the new."""

import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import struct
import subprocess
import threading
import time
from pathlib import Path

import pytest

from gateway import BUILD, CAREPACE, NAME
from head_office import free_port, wait_for
from http_page import metrics
from keeper import Keeper
from own_mount import needs_namespace
from small_disk import SmallDisk
from speech import token
from test_picture import make_chain, numbers  # noqa: F401, a fixture

KILL = BUILD / "tests" / "libkill_at_call.so"
ALL_CALLS = os.environ.get("CAREPACE_CALLS") == "all"
LAST_CALLS = 14  # most of what decides
OK, USAGE, REFUSED = 0, 2, 3


def carepace(gateway, command, *options, check=OK, **more):
    """Its result; when it is refused, exactly one sentence."""
    result = subprocess.run([CAREPACE, command, *map(str, options), "--config",
                             gateway.configuration], text=True, capture_output=True, **more)
    assert result.returncode == check, result.stdout + result.stderr
    if check:
        assert result.stdout == ""
        assert result.stderr.count("\n") == 1, result.stderr
        assert result.stderr.startswith(f"carepace {command}: ")
    return result


def content(folder):
    """{file: hash} of what a person would miss."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.iterdir())
            if path.is_file() and path.name not in ("lock", "carepace.db-shm")}


def names_in(file):
    """(device, boot, seq) of all that a backup holds."""
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as store:
        return set(store.execute(
            "SELECT lower(hex(s.id)), boot, seq FROM (SELECT source, boot, seq FROM journal"
            " UNION ALL SELECT source, boot, seq FROM stream) j JOIN source s ON s.no = j.source"))


class Busy:
    """A device that treats one client after another, until it is told to stop."""

    def __init__(self, pen):
        self.pen = pen
        self._stops = threading.Event()
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self):
        while not self._stops.is_set():
            self.pen.tell(*self.pen.past_session(9, token()))

    def stop(self):
        self._stops.set()
        self._thread.join()


@pytest.fixture(scope="module")
def identities(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(3)]


@pytest.fixture
def make_keeper(contract):
    made = []

    def make(gateway, identity, **options):
        made.append(Keeper(gateway, contract, identity, **options))
        return made[-1].connect()

    yield make
    for keeper in made:
        keeper.close()


@pytest.fixture
def with_store(make_gateway, identities, make_keeper, tmp_path):
    """A stopped gateway that has treated somebody, and a backup of it."""
    gateway = make_gateway().start()
    pen = make_keeper(gateway, identities[0])
    pen.tell(*pen.past_session(9, token()))
    file = tmp_path / "backup.db"
    carepace(gateway, "backup", file)
    gateway.stop()
    pen.close()
    return gateway, file


# --- the whole way ---------------------------------------------------------------------------


def test_what_devices_still_have_and_head_office_come_back(
        make_chain, identities, make_keeper, tmp_path):  # noqa: F811
    chain = make_chain(False, True)
    gateway = chain.gateway.start()
    pens = [make_keeper(gateway, identity) for identity in identities]
    busy = [Busy(pen) for pen in pens]
    wait_for(lambda: all(len(pen.acked) > 10 for pen in pens), "work")

    acked = {name for pen in pens for name in pen.acked}
    file = tmp_path / "backup.db"
    carepace(gateway, "backup", file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert acked <= names_in(file), "acknowledged before it began, and not in it"

    count = sum(len(pen.acked) for pen in pens)
    wait_for(lambda: sum(len(pen.acked) for pen in pens) > count + 30, "more work")
    for one in busy:
        one.stop()
    chain.pass_time(11)
    chain.wait_equal()
    chain.wait_drained()
    acked = {name: digest for pen in pens for name, digest in pen.acked.items()}
    assert not set(acked) <= names_in(file), "something came later"
    gateway.stop()
    said = json.loads(carepace(gateway, "restore", file, "--json").stdout)
    assert said["site"] == NAME and said["former"]
    pens[0].close()

    gateway.start()
    assert gateway.logged("NOTICE the store is restored from the backup of ")
    # Off and on again meanwhile: what it still has is of an earlier boot.
    pens[0] = make_keeper(gateway, identities[0], boot=2, kept=pens[0].kept)
    wait_for(lambda: set(acked) - live_of(pens) <= set(gateway.stored()),
             lambda: f"sent again: {set(acked) - set(gateway.stored())}")
    stored = gateway.stored()
    assert {name: stored[name] for name in set(acked) - live_of(pens)} == {
        name: acked[name] for name in set(acked) - live_of(pens)}
    assert all(pen.sent_again for pen in pens)

    chain.pass_time(33)
    chain.wait_equal()
    chain.wait_drained()
    assert numbers(chain.office.picture(), "count")["epochs_ended"] == 1
    sent = [len(pen.sent_again) for pen in pens]
    chain.lose_gateway()
    for pen in pens:
        pen.wait_heard("hello_ack", 2)
    time.sleep(0.5)
    assert [len(pen.sent_again) for pen in pens] == sent, "asked for once"
    gateway.stop()
    assert not gateway.logged("a restore was cut short"), "by nobody"
    gateway.verify()
    assert chain.office.stop() == 0, chain.office.said.read_text()


def live_of(pens):
    """HELLOs are not kept by devices: they are lost with the store."""
    return {(pen.device.hex, *name) for pen in pens for name, up in pen.kept.items()
            if up.WhichOneof("body") == "hello"}


def test_a_backup_is_known_of(make_gateway, identities, make_keeper, tmp_path):
    port = free_port()
    gateway = make_gateway(http={"port": port}).start()
    gateway.http_port = port
    make_keeper(gateway, identities[0])
    metric = "carepace_last_backup_timestamp_seconds"
    assert metric not in metrics(gateway)
    status = carepace(gateway, "status")
    assert "GREEN" in status.stdout and "none yet: carepace backup" in status.stdout
    assert json.loads(carepace(gateway, "status", "--json").stdout)["last_backup"] is None

    before = time.time()
    file = tmp_path / "a backup.db"
    said = json.loads(carepace(gateway, "backup", file, "--json").stdout)
    assert said["bytes"] == file.stat().st_size
    assert f", {file}\n" in carepace(gateway, "status").stdout
    last = json.loads(carepace(gateway, "status", "--json").stdout)["last_backup"]
    assert last == {"made_at": said["made_at"], "made_date": said["made_date"],
                    "file": str(file), "bytes": said["bytes"]}

    wait_for(lambda: metric in metrics(gateway), "the metric")
    assert before - 1 < metrics(gateway)[metric] < time.time()
    assert not gateway.logged("WARNING|ERROR")


def test_the_key_of_the_box_comes_along(with_store, tmp_path):
    """A new box, of which nothing is left but the backup."""
    gateway, file = with_store
    key = (gateway.store / "box.key").read_bytes()
    shutil.rmtree(gateway.store)
    said = json.loads(carepace(gateway, "restore", file, "--json").stdout)
    assert said["former"] is None
    assert (gateway.store / "box.key").read_bytes() == key
    assert sorted(path.name for path in gateway.store.iterdir()) == [
        "box.key", "carepace.db", "lock"]
    assert gateway.rows("SELECT count(*) FROM meta WHERE name LIKE 'backup%'") == [(0,)]
    gateway.start()
    assert not gateway.logged("the key of this box")
    gateway.stop()
    gateway.verify()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_what_root_restores_is_the_gateways(with_store):
    gateway, file = with_store
    for path in (gateway.store, *gateway.store.iterdir()):
        os.chown(path, 4711, 4712)
    carepace(gateway, "restore", file)
    (former,) = gateway.store.glob("before-restore-*")
    for path in (gateway.store, *gateway.store.iterdir(), *former.iterdir()):
        assert (path.stat().st_uid, path.stat().st_gid) == (4711, 4712), path
    assert {path.name: path.stat().st_mode & 0o777 for path in gateway.store.iterdir()} | {
        former.name: 0o700, "carepace.db": 0o600, "box.key": 0o600} == {
        path.name: path.stat().st_mode & 0o777 for path in gateway.store.iterdir()}


# --- what is refused ---------------------------------------------------------------------------


def damage(file, folder):
    broken = folder / "broken.db"
    data = bytearray(file.read_bytes())
    for at in range(len(data) // 2, len(data) // 2 + 40_000, 64):
        data[at] ^= 0xff
    broken.write_bytes(data)
    return broken


def cut(file, folder):
    broken = folder / "cut.db"
    broken.write_bytes(file.read_bytes()[:-70_000])
    return broken


def of_tomorrow(file, folder):
    newer = folder / "newer.db"
    shutil.copy(file, newer)
    with sqlite3.connect(newer) as store:
        store.execute("PRAGMA user_version = 99")
    return newer


def of_another_site(file, folder):
    other = folder / "other.db"
    shutil.copy(file, other)
    with sqlite3.connect(other) as store:
        store.execute("UPDATE meta SET value = 'south-2' WHERE name = 'site'")
    return other


def a_plain_copy(file, folder):
    plain = folder / "plain.db"
    shutil.copy(file, plain)
    with sqlite3.connect(plain) as store:
        store.execute("DELETE FROM meta WHERE name = 'backup_at'")
    return plain


def a_letter(_file, folder):
    letter = folder / "letter.txt"
    letter.write_text("Dear head office,\n" * 500)
    return letter


def nothing(_file, folder):
    empty = folder / "empty.db"
    empty.touch()
    return empty


@pytest.mark.parametrize("make, sentence", [
    (damage, "is damaged"), (cut, "is (damaged|not a store of carepace, or is damaged)"),
    (of_tomorrow, "was written by a newer carepace; use that one"),
    (of_another_site, "is of the site south-2, and this box is north-1; --force"),
    (a_plain_copy, "was not made by carepace backup"),
    (a_letter, "is not a store of carepace"), (nothing, "is not a store of carepace"),
    (lambda _file, folder: folder / "nowhere", "No such file"),
    (lambda _file, folder: folder, "is not a file")])
def test_what_is_no_backup_of_this_box_is_not_restored(with_store, tmp_path, make, sentence):
    gateway, file = with_store
    before = content(gateway.store)
    wrong = make(file, tmp_path)
    said = carepace(gateway, "restore", wrong, check=REFUSED).stderr
    assert re.search(sentence, said), said
    assert str(wrong) in said
    assert content(gateway.store) == before
    assert not [path for path in gateway.store.iterdir() if path.is_dir()]


def test_another_sites_backup_is_restored_by_force(with_store, tmp_path):
    gateway, file = with_store
    carepace(gateway, "restore", of_another_site(file, tmp_path), "--force")
    gateway.start()
    gateway.stop()
    assert gateway.rows("SELECT value FROM meta WHERE name = 'site'") == [(NAME,)]


def test_not_while_the_gateway_runs(with_store):
    gateway, file = with_store
    gateway.start()
    said = carepace(gateway, "restore", file, check=REFUSED).stderr
    assert "stop it first: systemctl stop carepace.socket carepace.service" in said
    gateway.stop()


def test_where_no_backup_is_made(with_store, tmp_path):
    gateway, file = with_store
    before = file.read_bytes()
    assert "exists; --force replaces it" in carepace(
        gateway, "backup", file, check=REFUSED).stderr
    assert file.read_bytes() == before
    carepace(gateway, "backup", file, "--force")
    assert file.read_bytes() != before
    assert "make the folder first" in carepace(
        gateway, "backup", tmp_path / "no" / "b.db", check=REFUSED).stderr
    for inside in (gateway.store / "b.db", gateway.store / "carepace.db"):
        assert "store's own folder" in carepace(
            gateway, "backup", inside, "--force", check=REFUSED).stderr
    assert "not a file" in carepace(gateway, "backup", tmp_path, check=REFUSED).stderr
    assert "name the file" in carepace(gateway, "backup", check=USAGE).stderr
    shutil.rmtree(gateway.store)
    assert "no gateway has run" in carepace(
        gateway, "backup", tmp_path / "b.db", check=REFUSED).stderr
    assert list(tmp_path.glob("*.part*")) == [] and not (tmp_path / "b.db").exists()


# --- interrupted ---------------------------------------------------------------------------------


GROW = """import sqlite3, sys
with sqlite3.connect(sys.argv[1]) as store:
    store.execute("CREATE TABLE ballast(no INTEGER PRIMARY KEY, bytes)")
    for _ in range(int(sys.argv[2])):
        store.execute("INSERT INTO ballast(bytes) VALUES(randomblob(1000000))")"""


def grow(file, megabytes, *inside):
    """The store of a gateway that is stopped: so that copying it takes a while."""
    subprocess.run([*inside, "/usr/bin/python3", "-c", GROW, file, str(megabytes)], check=True)


def start_backup(gateway, file, part):
    process = subprocess.Popen([CAREPACE, "backup", file, "--config", gateway.configuration],
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: part.exists() and part.stat().st_size > 8_000_000 or
             process.poll() is not None, "it copies")
    assert process.poll() is None, "too fast for this test"
    return process


def test_a_backup_that_is_ended_leaves_nothing_half(with_store, tmp_path):
    gateway, file = with_store
    grow(gateway.store / "carepace.db", 60)
    before = file.read_bytes()
    part = tmp_path / "carepace-backup.part"
    process = start_backup(gateway, tmp_path / "b.db", part)
    assert "another backup is being made" in carepace(
        gateway, "backup", tmp_path / "c.db", check=REFUSED).stderr
    process.terminate()
    assert process.communicate()[1].count("no backup was made: interrupted") == 1
    assert process.returncode == -signal.SIGTERM
    assert not list(tmp_path.glob("*.part*")) and not (tmp_path / "b.db").exists()

    process = start_backup(gateway, tmp_path / "b.db", part)
    process.kill()
    process.communicate()
    assert not (tmp_path / "b.db").exists()
    assert file.read_bytes() == before
    carepace(gateway, "backup", tmp_path / "b.db")
    assert not list(tmp_path.glob("*.part*")), "the next one tidies up"
    assert names_in(tmp_path / "b.db") == names_in(file)


def restore_dying_at(gateway, file, call, calls):
    """How many calls it made that change something."""
    calls.write_bytes(struct.pack("=qq", call, 0))
    sanitizer = os.environ.get("ASAN_OPTIONS", "")
    subprocess.run([CAREPACE, "restore", file, "--config", gateway.configuration],
                   capture_output=True, env={
                       **os.environ, "LD_PRELOAD": str(KILL), "CAREPACE_KILL_AT": str(calls),
                       "ASAN_OPTIONS": f"{sanitizer}:verify_asan_link_order=0".lstrip(":")})
    return struct.unpack("=qq", calls.read_bytes())[1]


def test_killed_at_any_call_a_restore_leaves_one_whole_store(
        make_gateway, with_store, identities, make_keeper, tmp_path):
    """The former one with what came after the backup, or the new one without; never a mixture."""
    gateway, file = with_store
    gateway.start()
    pen = make_keeper(gateway, identities[0], boot=2)
    pen.tell(*pen.past_session(8, token()))
    pen.close()
    gateway.kill()  # the former store has a log that belongs to it
    former, new = len(gateway.stored()), len(names_in(file))
    assert former > new
    whole = tmp_path / "whole"
    shutil.copytree(gateway.store, whole, ignore=shutil.ignore_patterns("control"))

    def afresh():
        shutil.rmtree(gateway.store)
        shutil.copytree(whole, gateway.store)

    calls = tmp_path / "calls"
    total = restore_dying_at(gateway, file, 0, calls)
    assert total > 20
    seen = set()
    first = range(1, total - LAST_CALLS, 1 if ALL_CALLS else total // 4)
    for call in [*first, *range(total - LAST_CALLS, total + 1, 1 if ALL_CALLS else 2)]:
        afresh()
        restore_dying_at(gateway, file, call, calls)
        gateway.log.clear()
        gateway.start()
        gateway.stop()
        count = len(gateway.stored()) + 1  # the box's own first input is not counted there
        is_new = bool(gateway.logged("the store is restored from the backup"))
        said = [bool(gateway.logged(f"a restore was cut short {when} it was decided"))
                for when in ("before", "after")]
        assert not list(gateway.store.glob("restor*"))
        assert count == (new if is_new else former + 1), f"call {call}"
        assert not (said[0] and is_new) and not (said[1] and not is_new), f"call {call}"
        seen.add((is_new, *said))
        gateway.verify()
    assert {(False, True, False), (True, False, True)} <= seen, seen


def test_a_restore_that_cannot_be_finished_is_not_forgotten(with_store):
    """It is decided, and what is in its way a person must take away."""
    gateway, _ = with_store
    decided, way = gateway.store / "restored-20261123", gateway.store / "before-restore-20261123"
    decided.mkdir()
    (gateway.store / "carepace.db").rename(decided / "carepace.db")
    (gateway.store / "carepace.db").write_bytes(b"the former one")
    way.write_text("no folder")
    assert gateway.launch().ended() == 74
    assert gateway.logged("cannot finish the restore that was begun: "), gateway.log
    way.unlink()
    gateway.start()
    assert gateway.logged("a restore was cut short after it was decided, and is finished now")
    gateway.stop()
    gateway.verify()
    assert (way / "carepace.db").read_bytes() == b"the former one"


# --- a full disk -----------------------------------------------------------------------------------


def take(folder, megabytes):
    """A stranger, at once."""
    stuff = folder / f"somebody-elses-{megabytes}"
    with stuff.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, megabytes << 20)


def leave(folder, megabytes):
    room = os.statvfs(folder)
    take(folder, (room.f_bavail * room.f_frsize >> 20) - megabytes)


def take_from(process, path, folder, megabytes):
    """As soon as it has begun to write there."""
    limit = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < limit, "it was never there"
    process.send_signal(signal.SIGSTOP)
    take(folder, megabytes)
    process.send_signal(signal.SIGCONT)


def give_back(folder):
    for stuff in folder.glob("somebody-elses-*"):
        stuff.unlink()


@needs_namespace
def test_on_a_disk_that_becomes_full_nothing_half_is_left(
        make_gateway, identities, make_keeper, tmp_path):
    gateway = make_gateway(store={"reserve": "1MiB"})
    disk = SmallDisk(gateway, 250)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def begin(command, *options):
        return subprocess.Popen(
            [gateway.executable, command, *map(str, options), "--config", gateway.configuration],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def end(process, status):
        _, said = process.communicate()
        assert process.returncode == status, said
        assert said.count("\n") == (status != OK), said
        return said

    try:
        disk.run(f"mount -t tmpfs -o size=120m none '{elsewhere}'")
        seen = Path(str(gateway.store).removesuffix(str(disk.place)) + str(elsewhere))
        gateway.start()
        pen = make_keeper(gateway, identities[0])
        pen.tell(*pen.past_session(9, token()))
        gateway.stop()
        pen.close()
        grow(disk.place / "carepace.db", 80, *disk.inside)

        leave(seen, 85)
        process = begin("backup", elsewhere / "b.db")
        take_from(process, seen / "carepace-backup.part", seen, 30)
        assert "no backup was made: the disk is full" in end(process, REFUSED)
        assert not list(seen.glob("*.part*")) and not (seen / "b.db").exists()
        assert "there is no room in" in end(begin("backup", elsewhere / "b.db"), REFUSED)
        give_back(seen)
        end(begin("backup", elsewhere / "b.db"), OK)

        before = content(gateway.store)
        leave(gateway.store, 85)
        process = begin("restore", elsewhere / "b.db")
        take_from(process, gateway.store / "restoring" / "carepace.db", gateway.store, 30)
        assert "nothing was restored: No space left" in end(process, REFUSED)
        assert not list(gateway.store.glob("restor*"))
        assert "there is no room in" in end(begin("restore", elsewhere / "b.db"), REFUSED)
        give_back(gateway.store)
        assert content(gateway.store) == before
        end(begin("restore", elsewhere / "b.db"), OK)
    finally:
        disk.close()
