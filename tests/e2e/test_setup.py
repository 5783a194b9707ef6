"""`carepace setup`: one command from nothing to a box that could start; again, and nothing changes;
on a terminal it asks, and what people say wrong it asks again."""

import fcntl
import hashlib
import json
import os
import pty
import re
import select
import shutil
import subprocess
import termios
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

    def setup(self, *options, code=0):
        result = subprocess.run(
            [CAREPACE, "setup", "--root", self.root, *map(str, options)],
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
                 "Nothing is wrong."):
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
    said = tree.setup("--yes", "--device", "Pen 1", *CLINIC, *HOSTS).stdout
    assert tree.content() == before
    assert said.count("kept ") == 4 and "wrote" not in said, said
    assert "Nothing was to be done: this box is set up so already." in said


def test_a_program_reads_what_it_did(tree):
    """--json asks nothing."""
    said = json.loads(tree.setup("--json", *CLINIC, *HOSTS, "--device", "Pen 1").stdout)
    pen = tree.device()
    assert said["device"] == {
        "name": "Pen 1", "id": pen.hex, "ca": str(tree.pki / "ca.pem"),
        "cert": str(pen.certificate), "key": str(pen.key),
        "up": f"carepace/v1/device/{pen.hex}/up", "down": f"carepace/v1/device/{pen.hex}/down"}
    assert [Path(one["path"]).name for one in said["files"]] == [
        "carepace", "pki", "Pen 1", "policy.yaml", "carepace.yaml"]
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
    assert tree.refused("--force as well to write it anew", "--yes", "--site", "south-2")
    tree.setup("--yes", "--force", "--site", "south-2", "--timezone", "Europe/Paris")
    assert '"south-2"' in tree.configuration.read_text()
    assert tree.configuration.with_name("carepace.yaml.old").read_text() == old


def test_head_office_comes_later(tree):
    """What the configuration says of the clinic need not be said again."""
    tree.setup("--yes", *CLINIC, *HOSTS)
    ca = tree.pki / "ca.pem"
    to_office = ("--head-office", "office.example:8883", "--ca", ca)
    assert tree.refused("says upstream.servers nothing, you said office.example:8883: nothing was "
                        "changed; say --force", "--yes", *to_office)
    said = tree.setup("--yes", "--force", *to_office).stdout
    assert f"Have head office sign {tree.upstream}/client.csr, then:" in said
    text = tree.configuration.read_text()
    assert 'name: "north-1"' in text and 'servers: ["office.example:8883"]' in text
    tree.setup("--yes", "--force", "--timezone", "Europe/Paris")
    assert "Nothing was to be done" in tree.setup("--yes", *to_office).stdout
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
    (("--site", "a", "--timezone", "Europe/Berlln"),
     r'--timezone "Europe/Berlln": there is no such time zone; did you mean Europe/Berlin\?'),
    (("--site", "a", "--timezone", "Berlin"), r'"Berlin": .* did you mean Europe/Berlin\?'),
    (("--site", "a", "--timezone", "at our house"), r"a time zone is named like Europe/Berlin"),
    (("--site", "a"), r"say --timezone: a time zone is named like Europe/Berlin"),
    ((*CLINIC, "--host", "192.168.5.300"), r'192\.168\.5\.300: an address has four numbers from 0 to'),
    ((*CLINIC, "--host", "box", "--host", "a_b!"), r'a_b!: this is no host name'),
    ((*CLINIC, "--host", "-box"), r'-box: this is no host name'),
    ((*CLINIC, "--host", "fe80::zz"), r'fe80::zz: this is no IPv6 address'),
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


@pytest.mark.parametrize("options, sentence", [
    (("--site", "south-2"), r"carepace\.yaml says site\.name north-1, you said south-2: nothing was"),
    (("--timezone", "Europe/Paris"), r"says site\.timezone Europe/Berlin, you said Europe/Paris"),
    (("--head-office", "office:8883"), r"says upstream\.servers nothing, you said office:8883"),
    (("--host", "192.168.5.30"), r"certificate is for 127\.0\.0\.1, localhost, you said 192\.168\.5\.30: "
                                 r"nothing was changed; carepace pki listener --host"),
    (("--device", "Pen 1", "--kind", "rf"), r'"Pen 1" is a pen, you said rf'),
])
def test_what_is_there_is_not_ignored_in_silence(tree, options, sentence):
    """Who says another value than the one that is there learns so, and how to change it."""
    tree.setup("--yes", *CLINIC, *HOSTS, "--device", "Pen 1", "--kind", "pen")
    assert tree.refused(sentence, "--yes", *options)


def test_the_zone_is_named_as_the_system_names_it(tree):
    tree.setup("--yes", "--site", "north-1", "--timezone", "europe/berlin")
    assert '"Europe/Berlin"' in tree.configuration.read_text()
    tree.setup("--yes", "--timezone", "EUROPE/BERLIN")


@pytest.mark.parametrize("has_link", [False, True])
def test_the_zone_of_the_system_is_taken_and_said(tree, has_link):
    (tree.root / "etc").mkdir()
    link = tree.root / "etc/localtime"
    link.symlink_to("/usr/share/zoneinfo/" + ("Europe/Oslo" if has_link else "Etc/UTC"))
    (tree.root / "etc/timezone").write_text("Europe/Lisbon\n")
    said = tree.setup("--yes", "--site", "north-1").stdout
    taken = "Europe/Oslo (as /etc/localtime)" if has_link else "Europe/Lisbon (as /etc/timezone)"
    assert f"  Time zone    {taken}\n" in said, said


def test_names_that_no_device_can_call_are_said(tree):
    said = tree.setup("--yes", *CLINIC).stdout
    assert "Only that box itself goes by these names: say --host" in said, said
    other = Tree(tree.root.with_name("other"))
    other.root.mkdir()
    assert "goes by these names" not in other.setup("--yes", *CLINIC, "--host", "box.clinic").stdout


def test_another_systems_tree_is_not_this_system(tree):
    """Neither its name and addresses, nor its clock, network, ports and services."""
    said = json.loads(tree.setup("--json", *CLINIC).stdout)
    skipped = [one["check"] for one in said["doctor"]["checks"]
               if "does not run here" in one["text"]]
    assert skipped == ["clock", "disk", "file system", "names", "port", "limits", "name server",
                       "head office", "service"]
    text = subprocess.run(["openssl", "x509", "-in", tree.pki / "listener.pem", "-noout", "-ext",
                           "subjectAltName"], capture_output=True, text=True, check=True).stdout
    assert text.split("\n")[1].strip() == "DNS:localhost, IP Address:127.0.0.1"
    tree = Tree(tree.root.with_name("other"))
    tree.root.mkdir()
    assert "The system that runs here was not looked at." in tree.setup("--yes", *CLINIC).stdout


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


def doctor(tree):
    return subprocess.run([CAREPACE, "doctor", "--config", tree.configuration],
                          capture_output=True, text=True).stdout


def sign(office, request, folder):
    certificate = folder / "signed.pem"
    subprocess.run(["openssl", "x509", "-req", "-in", request, "-CA", office.authority.certificate,
                    "-CAkey", office.authority.key, "-CAcreateserial", "-days", "365",
                    "-out", certificate], check=True, capture_output=True)
    return certificate


def test_head_office_signs_our_request(tree, office, tmp_path):
    to_office = ("--head-office", office.address, "--ca", office.authority.certificate)
    said = tree.setup("--yes", *CLINIC, *HOSTS, *to_office).stdout
    request = tree.upstream / "client.csr"
    assert "carepace setup --certificate FILE" in said
    said = doctor(tree)
    assert re.search(r"FAIL +head office +.*cannot read .*client\.pem", said), said
    text = subprocess.run(["openssl", "req", "-in", request, "-noout", "-verify", "-subject"],
                          capture_output=True, text=True)
    assert "verify OK" in text.stdout + text.stderr and "CN = north-1" in text.stdout
    key = (tree.upstream / "client.key").read_bytes()
    tree.setup("--yes")  # the answer has not come yet: the same request stands
    assert (tree.upstream / "client.key").read_bytes() == key

    stranger = office.authority.issue("stranger")[0]
    assert tree.refused(r"client\.key is not the key of the certificate .*stranger\.crt", "--yes",
                        "--certificate", stranger, code=3)
    signed = sign(office, request, tmp_path)
    tree.setup("--yes", "--certificate", signed)
    assert "Nothing was to be done" in tree.setup("--yes", "--certificate", signed).stdout
    said = doctor(tree)
    assert re.search(r"ok +head office +localhost:\d+ lets us in", said), said


def test_head_office_made_key_and_certificate(tree, office):
    certificate, key = office.authority.issue("made-there")
    tree.setup("--yes", *CLINIC, *HOSTS, "--head-office", office.address, "--ca",
               office.authority.certificate, "--certificate", certificate, "--key", key)
    said = doctor(tree)
    assert re.search(r"ok +head office +localhost:\d+ lets us in", said), said
    assert (tree.upstream / "client.key").stat().st_mode & 0o777 == 0o600
    assert not (tree.upstream / "client.csr").exists()


# --- the user of the service ---------------------------------------------------------------------

@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: other users' files")
@pytest.mark.parametrize("has_unit", [False, True])
def test_root_sets_up_for_the_user_of_the_service(tree, has_unit):
    """As the tree's own list of users has it."""
    (tree.root / "etc").mkdir()
    (tree.root / "etc/passwd").write_text(
        "root:x:0:0:root:/root:/bin/bash\ncarepace:x:4711:4711::/nonexistent:/usr/sbin/nologin\n")
    unit = tree.root / "usr/lib/systemd/system/carepace.service"
    unit.parent.mkdir(parents=True)
    if has_unit:
        unit.write_text("[Unit]\n")
    tree.setup("--yes", *CLINIC, *HOSTS, "--device", "Pen 1")
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
INTERRUPT = "\x03"  # Ctrl-C


def converse(tree, answers, *options):
    """As a person: waits for each question, then answers. What the screen showed."""
    screen, theirs = pty.openpty()
    termios.tcsetwinsize(screen, (24, 80))
    process = subprocess.Popen([CAREPACE, "setup", "--root", tree.root, *options], stdin=theirs,
                               stdout=theirs, stderr=theirs, start_new_session=True,
                               preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0))
    os.close(theirs)
    shown = ""

    def read():
        assert select.select([screen], [], [], 30)[0], f"nothing comes after {shown!r}"
        try:
            return os.read(screen, 4096).decode()
        except OSError:
            return ""

    at = 0
    for question, answer in answers:
        while not re.search(question + r"[^\n]*: $", shown[at:]):
            more = read()
            assert more, f"no question {question!r}: {shown!r}"
            shown += more
        at = len(shown)
        os.write(screen, answer.encode() + (b"" if answer in (END, INTERRUPT) else b"\n"))
    while more := read():
        shown += more
    os.close(screen)
    return process.wait(30), shown


def test_a_person_is_asked_and_asked_again(tree):
    status, shown = converse(tree, [
        ("Name of this clinic", "North 1"), ("Name of this clinic", "north-1"),
        ("time zone", "Europe/Berlin"), ("Devices call this box by", "127.0.0.1, box.local"),
        ("first device", "Pen 1"), ("kind.*\\[pen\\]", ""), ("Head office's broker", ""),
        ("Is that right.*\\[yes\\]", "")])
    assert status == 0, shown
    assert "a site is 1 to 32 of a-z 0-9 -" in shown
    for line in ("Site         north-1", "Time zone    Europe/Berlin", "First device Pen 1, a pen",
                 "Called by    127.0.0.1, box.local"):
        assert f"  {line}\r\n" in shown, shown
    check_config(tree.configuration)
    devices = subprocess.run([CAREPACE, "pki", "list", tree.pki, "--json"], capture_output=True,
                             text=True, check=True).stdout
    assert [(one["name"], one["kind"]) for one in json.loads(devices)["certificates"]] == [
        ("Pen 1", "pen")]


def test_a_person_who_leaves_has_changed_nothing(tree):
    status, shown = converse(tree, [("Name of this clinic", "north-1"), ("time zone", END)])
    assert status == 2 and "the answer has not come, and nothing was written" in shown
    assert not list(tree.root.rglob("*"))


@pytest.mark.parametrize("answer, expected, said", [
    ("no", 2, "nothing was written"), (END, 2, "nothing was written"),
    (INTERRUPT, 130, "interrupted, and nothing was written")])
def test_a_person_may_say_no(tree, answer, expected, said):
    status, shown = converse(tree, [("Head office's broker", ""), ("Is that right", answer)], *CLINIC,
                             *HOSTS, "--device", "Pen 1", "--kind", "pen")
    assert status == expected and said in shown, shown
    assert not list(tree.root.rglob("*"))


def test_ctrl_c_ends_it(tree):
    status, shown = converse(tree, [("Name of this clinic", INTERRUPT)])
    assert status == 130 and "interrupted, and nothing was written" in shown, shown
    assert not list(tree.root.rglob("*"))


def test_a_screen_of_80_columns_is_wide_enough(tree):
    status, shown = converse(
        tree, [("Devices call this box by", ""), ("Head office's broker", ""), ("Is that right", "")],
        *CLINIC, "--device", "Pen 1", "--kind", "pen")
    assert status == 0, shown
    lines = shown.replace(str(tree.root), "").splitlines()
    assert not [line for line in lines if len(line) > 80], shown
