"""The store is damaged, or not ours. Damaged: it is set aside under another name, whole, a new one
with an epoch of its own is begun, and the clinic works. Not ours: nothing is touched, and the start
ends with one sentence. A start never goes round in circles."""

import contextlib
import random
import re
import sqlite3

import pytest

ASIDE = r"^ERROR the store was damaged and lies in (\S+) now; a new one was begun"


@pytest.fixture(scope="module")
def pen(pki):
    return pki.issue("pen", "Pen 1")


@pytest.fixture
def used(make_gateway, make_device, pen):
    """A gateway that was killed: what is in its store stands in the log still."""
    gateway = make_gateway().start()
    work(gateway, make_device, pen)
    gateway.kill()
    assert log_of(gateway).stat().st_size > 0
    return gateway


def work(gateway, make_device, pen):
    device = make_device(gateway, pen)
    told = device.start()
    device.tell(device.hello(), told, device.samples(told.session_start.sid))
    assert device.acked.items() <= gateway.stored().items()
    device.close()


def file_of(gateway):
    return gateway.store / "carepace.db"


def log_of(gateway):
    return gateway.store / "carepace.db-wal"


def tidy(gateway):
    """Everything is in the file, and there is no log."""
    gateway.start().stop()
    assert not log_of(gateway).exists()


def epoch(gateway):
    return gateway.rows("SELECT value FROM meta WHERE name = 'epoch'")[0][0]


def files(gateway):
    return {file.name: file.read_bytes() for file in (file_of(gateway), log_of(gateway))
            if file.exists()}


# --- what is done to it -----------------------------------------------------------------------

def header_is_zeros(gateway):
    tidy(gateway)
    with file_of(gateway).open("r+b") as file:
        file.write(bytes(100))


def file_is_cut_short(gateway):
    tidy(gateway)
    with file_of(gateway).open("r+b") as file:
        file.truncate(3 * 4096)


def schema_is_garbage(gateway):
    tidy(gateway)
    with file_of(gateway).open("r+b") as file:
        file.seek(100)
        file.write(random.Random(1).randbytes(3996))


def file_is_a_text(gateway):
    tidy(gateway)
    file_of(gateway).write_text("Dear IT, please look at the disk.\n" * 300)


def file_is_gone(gateway):
    file_of(gateway).unlink()


def file_is_empty(gateway):
    file_of(gateway).write_bytes(b"")


@pytest.mark.parametrize("damage", [header_is_zeros, file_is_cut_short, schema_is_garbage,
                                    file_is_a_text, file_is_gone, file_is_empty])
def test_a_damaged_store_is_set_aside(used, damage, make_device, pen):
    damage(used)
    before = files(used)
    used.start()
    (line,) = used.logged(ASIDE)
    aside = re.search(ASIDE, line)[1]
    kept = {file.name.replace(aside.rsplit("/", 1)[1], "carepace.db"): file.read_bytes()
            for file in used.store.glob("carepace.db.damaged-*")
            if file.stat().st_size > 0 or file.name == aside.rsplit("/", 1)[1]}
    assert kept == before
    work(used, make_device, pen)
    used.verify()
    used.stop()
    used.start().stop()  # said once
    assert len(used.logged(ASIDE)) == 1


def test_a_new_store_has_an_epoch_of_its_own(used):
    former = epoch(used)
    header_is_zeros(used)
    used.start()
    assert epoch(used) != former
    assert used.rows("SELECT count(*) FROM meta WHERE name = 'restored_at'") == [(1,)]
    used.stop()


def test_a_page_in_the_midst(used, make_device, pen):
    """Nobody reads it at the start; whoever comes upon it ends the program, once."""
    tidy(used)
    with contextlib.closing(sqlite3.connect(file_of(used))) as store:
        page, = store.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'stream'").fetchone()
        store.execute("PRAGMA journal_mode = DELETE")
    with file_of(used).open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\x55" * 200)
    used.launch()
    with contextlib.suppress(AssertionError, OSError):
        make_device(used, pen).tell(make_device(used, pen).hello())
    assert used.ended() == 74
    used.start()
    assert len(used.logged(ASIDE)) == 1
    work(used, make_device, pen)
    used.stop()


def test_the_index_of_the_log_is_garbage(used):
    before = used.stored()
    (used.store / "carepace.db-shm").write_bytes(random.Random(2).randbytes(32768))
    used.start()
    assert used.stored() == before
    assert not used.logged(ASIDE)
    used.stop()


# --- whole, and not ours ------------------------------------------------------------------------

def of_another_program(gateway):
    tidy(gateway)
    file_of(gateway).unlink()
    with contextlib.closing(sqlite3.connect(file_of(gateway))) as store:
        store.execute("CREATE TABLE recipe(name TEXT)")
        store.execute("PRAGMA user_version = 1")
        store.commit()


def of_another_site(gateway):
    tidy(gateway)
    gateway.configure(site={"name": "another-1"})


@pytest.mark.parametrize("change, sentence", [
    (of_another_program, r"carepace\.db: is a database of another program: nothing was changed"),
    (of_another_site, r'carepace\.db: is the store of site ".*", and site\.name says "another-1"'),
])
def test_what_is_not_ours_is_left_alone(used, change, sentence):
    change(used)
    before = file_of(used).read_bytes()
    used.launch()
    assert used.ended() == 2
    assert len(used.logged("^ERROR .*" + sentence)) == 1
    assert file_of(used).read_bytes() == before
    assert not list(used.store.glob("*.damaged-*"))
