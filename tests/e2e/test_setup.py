"""`carepace setup`: one command from nothing to a box that could start; again, and nothing changes;
on a terminal it asks, and what people say wrong it asks again."""

import hashlib
import json
import os
import pty
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway import CAREPACE, SANITIZER, Pki
from head_office import Authority, Broker

CLINIC = ("--site", "north-1", "--timezone", "Europe/Berlin")
HOSTS = ("--host", "127.0.0.1", "--host", "localhost")


class Tree:
    """What setup makes below a folder of the test."""

    def __init__(self, root):
        self.root = Path(root)
        self.etc = self.root / "etc/carepace"
        self.pki = self.etc / "pki"
        self.upstream = self.etc / "upstream"
        self.configuration = self.etc / "carepace.yaml"
        self.store = self.root / "var/lib/carepace"

    def setup(self, *options, before=(), code=0):
        result = subprocess.run(
            [*before, CAREPACE, "setup", "--root", self.root, *map(str, options)],
            capture_output=True, text=True, stdin=subprocess.DEVNULL)
        assert not SANITIZER.search(result.stderr), result.stderr
        assert result.returncode == code, result.stdout + result.stderr
        return result

    def refused(self, sentence, *options, code=2):
        before = self.content()
        result = self.setup(*options, code=code)
        assert re.search(sentence, result.stderr) and result.stderr.count("\n") == 1, result
        return before == self.content()

    def content(self):
        return {str(path.relative_to(self.root)): (
            path.stat().st_mode, path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest())
            for path in self.root.rglob("*")}

    def device(self):
        (certificate,) = (self.pki / "devices").glob("*.pem")
        return SimpleNamespace(hex=certificate.stem, id=bytes.fromhex(certificate.stem), kind="pen",
                               certificate=certificate, key=certificate.with_suffix(".key"))


@pytest.fixture
def tree(tmp_path):
    tree = Tree(tmp_path / "box")
    tree.root.mkdir()
    return tree


def check_config(path):
    result = subprocess.run([CAREPACE, "check-config", "--config", path], capture_output=True,
                            text=True)
    assert result.returncode == 0, result.stderr


def test_a_script_sets_a_box_up_and_its_device_connects(tree, make_gateway, make_device):
    said = tree.setup("--yes", *CLINIC, *HOSTS, "--device", "Pen 1", "--kind", "pen").stdout
    pen = tree.device()
    for line in (f"carepace/v1/device/{pen.hex}/up", f"carepace/v1/device/{pen.hex}/down",
                 str(pen.certificate), str(pen.key), str(tree.pki / "ca.pem"),
                 "0 failures"):
        assert line in said, said
    check_config(tree.configuration)
    modes = {path: oct(path.stat().st_mode & 0o777) for path in (
        tree.pki / "ca.key", tree.pki / "listener.key", pen.key, tree.store, tree.configuration)}
    assert list(modes.values()) == ["0o600", "0o600", "0o600", "0o700", "0o640"], modes

    # The daemon on the very files; only the port is the test's.
    pki = Pki.__new__(Pki)
    pki.folder, pki.ca = tree.pki, tree.pki / "ca.pem"
    gateway = make_gateway(pki=pki)
    text = tree.configuration.read_text()
    assert "#port: 8883" in text and "#address: 0.0.0.0" in text
    tree.configuration.write_text(text.replace("#port: 8883", f"port: {gateway.port}").replace(
        "#address: 0.0.0.0", "address: 127.0.0.1"))
    gateway.configuration, gateway.store = tree.configuration, tree.store
    gateway.start()
    device = make_device(gateway, pen)
    assert device.losses == []
    device.close()
    gateway.stop()


def test_the_configuration_is_the_example_with_the_answers(tree):
    tree.setup("--yes", *CLINIC)
    example = subprocess.run([CAREPACE, "example-config"], capture_output=True, text=True,
                             check=True).stdout.splitlines()
    mine = tree.configuration.read_text().splitlines()
    assert len(mine) == len(example)
    changed = [(a, b) for a, b in zip(example, mine) if a != b]
    assert ("  name: example-clinic", '  name: "north-1"') in changed
    assert all(not a.startswith("  # ") for a, _ in changed), "sentences stay"
    assert len(changed) == 8, changed


def test_again_changes_nothing(tree):
    tree.setup("--yes", *CLINIC, *HOSTS, "--device", "Pen 1")
    before = tree.content()
    said = tree.setup("--yes", "--device", "Pen 1").stdout
    assert tree.content() == before
    assert said.count("kept ") == 4 and "wrote" not in said, said


def test_a_program_reads_what_it_did(tree):
    """--json asks nothing."""
    said = json.loads(tree.setup("--json", *CLINIC, *HOSTS, "--device", "Pen 1").stdout)
    pen = tree.device()
    assert said["device"] == {
        "name": "Pen 1", "id": pen.hex, "ca": str(tree.pki / "ca.pem"),
        "cert": str(pen.certificate), "key": str(pen.key),
        "up": f"carepace/v1/device/{pen.hex}/up", "down": f"carepace/v1/device/{pen.hex}/down"}
    assert [Path(one["path"]).name for one in said["files"]] == [
        "carepace", "pki", "policy.yaml", "carepace.yaml"]
    assert all(one["is_new"] for one in said["files"]) and said["doctor"]["failures"] == 0
    again = json.loads(tree.setup("--json", "--device", "Pen 1").stdout)
    assert again["device"] == said["device"]
    assert not any(one["is_new"] for one in again["files"])


def test_what_is_missing_is_made_again(tree):
    tree.setup("--yes", *CLINIC, *HOSTS)
    before = tree.content()
    (tree.etc / "policy.yaml").unlink()
    shutil.rmtree(tree.store)
    tree.setup("--yes")
    assert tree.content() == before


def test_an_interrupted_setup_goes_on(tree):
    """Without the authority's key the first step was not done."""
    tree.setup("--yes", *CLINIC, *HOSTS)
    (tree.pki / "ca.key").unlink()
    tree.configuration.unlink()
    tree.setup("--yes", *CLINIC, *HOSTS)
    check_config(tree.configuration)


def test_force_writes_anew_and_keeps_the_old_one(tree):
    tree.setup("--yes", *CLINIC)
    old = tree.configuration.read_text()
    assert "configuration; --force writes it anew" in tree.setup("--yes", "--site", "south-2").stdout
    assert tree.configuration.read_text() == old
    tree.setup("--yes", "--force", "--site", "south-2", "--timezone", "Europe/Paris")
    assert '"south-2"' in tree.configuration.read_text()
    assert tree.configuration.with_name("carepace.yaml.old").read_text() == old


def test_head_office_comes_later(tree):
    """What the configuration says of the clinic need not be said again."""
    tree.setup("--yes", *CLINIC, *HOSTS)
    ca = tree.pki / "ca.pem"
    to_office = ("--head-office", "office.example:8883", "--ca", ca)
    said = tree.setup("--yes", *to_office).stdout
    assert "it does not name head office yet: with --force it will" in said
    tree.setup("--yes", "--force", *to_office, code=1)
    text = tree.configuration.read_text()
    assert 'name: "north-1"' in text and 'servers: ["office.example:8883"]' in text
    tree.setup("--yes", "--force", "--timezone", "Europe/Paris", code=1)
    text = tree.configuration.read_text()
    assert '"Europe/Paris"' in text and 'servers: ["office.example:8883"]' in text
    two = text.replace('["office.example:8883"]', "[office.example:8883, other.example:8883]")
    tree.configuration.write_text(two)
    assert tree.refused("names several brokers, and only one", "--yes", "--force")


def test_the_tree_holds_wherever_it_is_mounted(tree):
    tree.setup("--yes", *CLINIC, *HOSTS)
    elsewhere = tree.root.with_name("elsewhere")
    tree.root.rename(elsewhere)
    check_config(elsewhere / "etc/carepace/carepace.yaml")
    assert str(tree.root) not in (elsewhere / "etc/carepace/carepace.yaml").read_text()


def test_networks_go_into_the_units_drop_in(tree):
    tree.setup("--yes", *CLINIC, "--networks", "192.168.1.0/24,10.2.0.0/16")
    drop_in = tree.root / "etc/systemd/system/carepace.service.d/site.conf"
    assert "\nIPAddressAllow=192.168.1.0/24 10.2.0.0/16\n" in drop_in.read_text()
    assert "@" not in drop_in.read_text()


@pytest.mark.parametrize("options, sentence", [
    ((), r"say --site: a site is 1 to 32 of a-z 0-9 -"),
    (("--site", "North 1"), r'--site "North 1": a site is'),
    (("--site", "a", "--timezone", "Europe/Berlln"), r'--timezone "Europe/Berlln": a time zone is'),
    ((*CLINIC, "--device", "Pen 1", "--kind", "pencil"), r'--kind "pencil": a kind is pen, stamp'),
    ((*CLINIC, "--device", "Pen;1"), r'--device "Pen;1": a name has'),
    ((*CLINIC, "--head-office", "office"), r'--head-office "office": it is written like'),
    ((*CLINIC, "--head-office", "office:8883"), r"say --ca: the authority that signed"),
    ((*CLINIC, "--head-office", "office:8883", "--ca", "/nothing"), r'--ca "/nothing": this file'),
    ((*CLINIC, "--networks", "our house"), r'--networks "our house": networks are written like'),
    (("--sight", "x"), r'there is no option "--sight"'),
    ((*CLINIC, "--site", "x" * 400), r"is too long"),
])
def test_a_wrong_answer_is_one_sentence_and_nothing_is_made(tree, options, sentence):
    assert tree.refused(sentence, "--yes", *options)


def test_a_faulty_configuration_is_not_built_upon(tree):
    tree.setup("--yes", *CLINIC)
    tree.configuration.write_text("site: {name: x, timezone: Europe/Berlin, nam: y}\n")
    assert tree.refused(r"carepace\.yaml:1: site\.nam: .*let --force write it anew", "--yes", code=3)


def test_a_place_that_cannot_be_written(tree):
    (tree.root / "var").write_text("a file")
    tree.refused(r"cannot make the folder .*var/lib: Not a directory", "--yes", *CLINIC, code=3)


# --- head office ---------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def office(tmp_path_factory):
    folder = tmp_path_factory.mktemp("office")
    authority = Authority(folder / "authority")
    broker = Broker(folder, authority, authority.issue("localhost"),
                    settings="allow_anonymous true\n").start()
    yield SimpleNamespace(folder=folder, authority=authority, broker=broker,
                          address=f"localhost:{broker.port}")
    broker.kill()


def sign(office, request, folder):
    certificate = folder / "signed.pem"
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", office.authority.certificate,
                    "-CAkey", office.authority.key, "-CAcreateserial", "-days", "365",
                    "-out", certificate], check=True, capture_output=True)
    return certificate


def test_head_office_signs_our_request(tree, office, tmp_path):
    to_office = ("--head-office", office.address, "--ca", office.authority.certificate)
    said = tree.setup("--yes", *CLINIC, *HOSTS, *to_office, code=1).stdout
    request = tree.upstream / "client.csr"
    assert "carepace setup --certificate FILE" in said
    assert re.search(r"FAIL +head office +.*cannot read .*client\.pem", said), said
    text = subprocess.run(["openssl", "req", "-in", request, "-noout", "-verify", "-subject"],
                          capture_output=True, text=True)
    assert "verify OK" in text.stdout + text.stderr and "CN = north-1" in text.stdout
    key = (tree.upstream / "client.key").read_bytes()
    tree.setup("--yes", code=1)  # the answer has not come yet: the same request stands
    assert (tree.upstream / "client.key").read_bytes() == key

    stranger = office.authority.issue("stranger")[0]
    assert tree.refused(r"client\.key is not the key of the certificate .*stranger\.crt", "--yes",
                        "--certificate", stranger, code=3)
    said = tree.setup("--yes", "--certificate", sign(office, request, tmp_path)).stdout
    assert re.search(r"ok +head office +localhost:\d+ lets us in", said), said


def test_head_office_made_key_and_certificate(tree, office):
    certificate, key = office.authority.issue("made-there")
    said = tree.setup("--yes", *CLINIC, *HOSTS, "--head-office", office.address, "--ca",
                      office.authority.certificate, "--certificate", certificate, "--key", key).stdout
    assert re.search(r"ok +head office +localhost:\d+ lets us in", said), said
    assert (tree.upstream / "client.key").stat().st_mode & 0o777 == 0o600
    assert not (tree.upstream / "client.csr").exists()


# --- the user of the service ---------------------------------------------------------------------

AS_ON_A_BOX = """
set -e
echo 'carepace:x:4711:4711::/nonexistent:/usr/sbin/nologin' | cat /etc/passwd - > $1/passwd
echo 'carepace:x:4711:' | cat /etc/group - > $1/group
mount --bind $1/passwd /etc/passwd
mount --bind $1/group /etc/group
shift
exec "$@"
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: a mount namespace")
@pytest.mark.parametrize("has_unit", [False, True])
def test_root_sets_up_for_the_user_of_the_service(has_unit):
    with tempfile.TemporaryDirectory() as folder:  # where every user may go
        os.chmod(folder, 0o755)
        root_sets_up(Tree(Path(folder) / "box"), folder, has_unit)


def root_sets_up(tree, folder, has_unit):
    unit = tree.root / "usr/lib/systemd/system/carepace.service"
    unit.parent.mkdir(parents=True)
    if has_unit:
        unit.write_text("[Unit]\n")
    before = ("unshare", "-m", "sh", "-c", AS_ON_A_BOX, "sh", folder)
    # Without a unit here doctor looks as the user, who may not read a key of root.
    tree.setup("--yes", *CLINIC, *HOSTS, "--device", "Pen 1", before=before,
               code=1 if has_unit else 0)
    keys = 0 if has_unit else 4711
    wanted = {
        tree.etc: (0, 4711, 0o750), tree.configuration: (0, 4711, 0o640),
        tree.etc / "policy.yaml": (0, 4711, 0o640), tree.pki: (0, 4711, 0o750),
        tree.pki / "registry": (0, 0, 0o644), tree.pki / "ca.key": (0, 0, 0o600),
        tree.pki / "listener.key": (keys, keys, 0o600), tree.pki / "devices": (0, 0, 0o700),
        tree.store: (4711, 4711, 0o700),
    }
    found = {path: (path.stat().st_uid, path.stat().st_gid, path.stat().st_mode & 0o777)
             for path in wanted}
    assert found == wanted


# --- on a terminal ---------------------------------------------------------------------------------

END = "\x04"  # Ctrl-D


def converse(tree, answers, *options):
    """As a person: waits for each question, then answers. What the screen showed."""
    screen, theirs = pty.openpty()
    process = subprocess.Popen([CAREPACE, "setup", "--root", tree.root, *options], stdin=theirs,
                               stdout=theirs, stderr=theirs)
    os.close(theirs)
    shown = ""

    def read():
        try:
            return os.read(screen, 4096).decode()
        except OSError:
            return ""

    at = 0
    for question, answer in answers:
        while not re.search(question + r"[^\n]*: $", shown[at:]):
            more = read()
            assert more, f"no question {question!r}: {shown}"
            shown += more
        at = len(shown)
        os.write(screen, answer.encode() + (b"" if answer == END else b"\n"))
    while more := read():
        shown += more
    os.close(screen)
    return process.wait(30), shown


def test_a_person_is_asked_and_asked_again(tree):
    status, shown = converse(tree, [
        ("Name of this clinic", "North 1"), ("Name of this clinic", "north-1"),
        ("time zone", "Europe/Berlin"), ("by which devices call", "127.0.0.1, box.local"),
        ("first device", "Pen 1"), ("kind.*\\[pen\\]", ""), ("Head office's broker", "")])
    assert status == 0, shown
    assert "a site is 1 to 32 of a-z 0-9 -" in shown
    assert "listener.pem for 127.0.0.1 box.local" in shown
    check_config(tree.configuration)
    devices = subprocess.run([CAREPACE, "pki", "list", tree.pki, "--json"], capture_output=True,
                             text=True, check=True).stdout
    assert [(one["name"], one["kind"]) for one in json.loads(devices)["certificates"]] == [
        ("Pen 1", "pen")]


def test_a_person_who_leaves_has_changed_nothing(tree):
    status, shown = converse(tree, [("Name of this clinic", "north-1"), ("time zone", END)])
    assert status == 2 and "the answer has not come" in shown
    assert not list(tree.root.rglob("*"))
