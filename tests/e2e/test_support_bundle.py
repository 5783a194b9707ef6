"""`carepace support-bundle`: what is in it helps, and no planted token, payload, key or password is,
in any form."""

import base64
import json
import os
import re
import shutil
import stat
import subprocess
import tarfile
from types import SimpleNamespace

import pytest

from gateway import CAREPACE, SANITIZER, Pki
from speech import token
from test_forget import forms, treat

PASSWORD = "Canary-Ooh7aeph"
PARTS = {"version.txt", "doctor.json", "status.json", "counts.json", "carepace.yaml", "policy.yaml",
         "certificates.txt", "store.txt", "journal.txt", "unit.txt", "system.txt", "memory.txt",
         "disks.txt"}


def bundle(gateway, file, *options, code=0, path=None):
    result = subprocess.run(
        [CAREPACE, "support-bundle", file, "--config", gateway.configuration, *options],
        capture_output=True, text=True,
        env={**gateway.clock.environment(), **({"PATH": path} if path else {})})
    assert not SANITIZER.search(result.stderr), result.stderr
    assert result.returncode == code, result.stdout + result.stderr
    return result


def content(file):
    with tarfile.open(file) as tar:
        return {member.name.split("/", 1)[1]: tar.extractfile(member).read()
                for member in tar.getmembers() if member.isfile()}


def leaks(files, canaries):
    """[(file, canary)]"""
    return sorted({(name, what) for name, text in files.items()
                   for what, form in canaries.items() if form in text})


@pytest.fixture
def clinic(make_gateway, make_device, tmp_path):
    """A gateway that had clients, and careless people: everything that must not get out is
    somewhere where the bundle looks, or beside it."""
    pki = Pki(tmp_path / "pki")
    devices = [pki.issue("pen"), pki.issue("tablet")]
    gateway = make_gateway(pki=pki).start()
    client = token()
    treat(gateway, make_device, devices, client)
    keys = {path: path.read_text() for path in [
        pki.folder / "ca.key", pki.folder / "listener.key", devices[0].key,
        gateway.store / "box.key", gateway.store / "ticket.keys"] if path.exists()}
    assert len(keys) == 5
    canaries = {f"token as {name}": form for name, form in forms(client).items()}
    dashed = client.hex()
    dashed = "-".join((dashed[:8], dashed[8:12], dashed[12:16], dashed[16:20], dashed[20:]))
    canaries["token with dashes"] = dashed.encode()
    for path, text in keys.items():
        for i, line in enumerate(line for line in text.splitlines()
                                 if len(line) > 20 and line[0] not in "#-"):
            canaries[f"{path.name} line {i}"] = line.encode()
    canaries["password"] = PASSWORD.encode()

    key = (pki.folder / "listener.key").read_text()
    comment = "".join(f"# {line}\n" for line in key.splitlines())
    with gateway.configuration.open("a") as file:
        file.write(f"# password: {PASSWORD} and more\n{comment}"
                   f"# see https://it:{PASSWORD}@wiki.example/box\n# {client.hex()}\n")
    with (gateway.folder / "policy.yaml").open("a") as file:
        file.write(comment)
    journal = [*gateway.log, f"client {client.hex()} {client.hex().upper()} {dashed}",
               base64.b64encode(client).decode(), f'{{"client_token": "{client.hex()}", "a": 1}}',
               json.dumps({"key": key, "Password": PASSWORD}), f"PASSWD={PASSWORD}",
               f"Authorization: Bearer {PASSWORD}", *key.splitlines(),
               "-----BEGIN RSA PRIVATE KEY-----", "short" + PASSWORD, "-----END RSA PRIVATE KEY-----",
               *(gateway.store / "box.key").read_text().splitlines(),
               *(gateway.store / "ticket.keys").read_text().splitlines()]
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "lines").write_text("\n".join(journal) + "\n")
    (tools / "journalctl").write_text(f'#!/bin/sh\necho "asked for: $*"\ncat {tools}/lines\n')
    (tools / "journalctl").chmod(0o755)
    yield SimpleNamespace(gateway=gateway, canaries=canaries, tools=tools,
                          path=f"{tools}:{os.environ['PATH']}", keys=keys)
    gateway.stop()


def test_nothing_that_is_secret_leaves(clinic, tmp_path):
    file = tmp_path / "out.tar.gz"
    said = bundle(clinic.gateway, file, path=clinic.path).stdout
    files = content(file)
    assert leaks(files, clinic.canaries) == []
    assert leaks({"what was said": said.encode()}, clinic.canaries) == []

    # What is there is not empty for that.
    assert PARTS <= set(files), PARTS - set(files)
    assert all(files[name] for name in PARTS - {"unit.txt"})
    assert json.loads(files["doctor.json"])["failures"] == 0
    assert json.loads(files["counts.json"])["parked"] == 2
    assert isinstance(json.loads(files["status.json"]), dict)
    assert b"asked for: -u carepace -n 2000" in files["journal.txt"]
    assert clinic.gateway.log[0].encode() in files["journal.txt"]
    assert str(clinic.gateway.store).encode() in files["carepace.yaml"]
    assert b"listener.pem\n  subject" in files["certificates.txt"]
    assert re.search(rb"sha256   ([0-9a-f]{2}:){31}[0-9a-f]{2}\n", files["certificates.txt"])

    # And it says so; nobody else may read it; nothing is left over.
    assert all(name in said for name in files) and "nothing was sent" in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_canaries_would_be_found(clinic, tmp_path):
    """The negative control: the same search over what the bundle is made of."""
    raw = {path.name: path.read_bytes() for path in [
        clinic.gateway.configuration, clinic.gateway.folder / "policy.yaml",
        clinic.tools / "lines", *clinic.keys]}
    raw["parked"] = b"".join(row[0] for row in clinic.gateway.rows("SELECT payload FROM parked"))
    found = leaks(raw, clinic.canaries)
    assert {what for _, what in found} == set(clinic.canaries)
    for name in ("carepace.yaml", "policy.yaml", "lines", "parked"):
        assert name in {file for file, _ in found}, name
    print(f"red, as it must be: {len(found)} canaries outside the bundle")


def test_it_works_when_nothing_else_does(make_gateway, tmp_path):
    """No store, a faulty configuration, no journal: all of that is in it, in words."""
    gateway = make_gateway()
    gateway.configure(site={"timezone": "Nowhere"})
    tools = tmp_path / "bin"
    tools.mkdir()
    for tool in ("tar", "gzip", "df"):
        (tools / tool).symlink_to(shutil.which(tool))
    file = tmp_path / "out.tar.gz"
    said = json.loads(bundle(gateway, file, "--json", path=str(tools)).stdout)
    files = content(file)
    assert said == {"file": str(file), "contains": [name for name in said["contains"]]}
    assert set(said["contains"]) == set(files)
    assert b"site.timezone: expected" in files["doctor.json"]
    assert b"journalctl: No such file or directory" in files["journal.txt"]


def test_it_replaces_nothing_and_leaves_nothing_behind(make_gateway, tmp_path):
    gateway = make_gateway()
    file = tmp_path / "mine"
    file.write_text("mine")
    assert "cannot write" in bundle(gateway, file, code=3).stderr
    assert file.read_text() == "mine"
    away = tmp_path / "tmp"
    away.mkdir()
    os.environ["TMPDIR"] = str(away)
    try:
        bundle(gateway, tmp_path / "a.tar.gz")
        result = bundle(gateway, tmp_path / "b.tar.gz", code=3, path="/nothing")
    finally:
        del os.environ["TMPDIR"]
    assert "cannot pack" in result.stderr and not (tmp_path / "b.tar.gz").exists()
    assert not list(away.iterdir())
