"""The package without a box: it is built as it is, and what systemd and Debian's policy have to say
about it. What happens on a box is in box.py."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ["CAREPACE_BUILD_DIR"])
SYSTEMD = ROOT / "deploy" / "systemd"
EXPOSURE_MAX = {"carepace.service": 1.2, "with the site's drop-in": 1.0}


def run(*command, **options):
    return subprocess.run([*map(str, command)], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **options)


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    said = run("cpack", "-G", "DEB", "--config", BUILD / "CPackConfig.cmake", "-B", folder)
    assert said.returncode == 0, said.stdout
    (package,) = folder.glob("*.deb")
    return package


def exposure(folder, unit):
    (folder / "carepace.service").write_text(unit)
    said = run("systemd-analyze", "security", "--offline=true", "--no-pager",
               folder / "carepace.service").stdout
    return float(re.search(r"exposure level for carepace.service: ([\d.]+)", said)[1])


def test_the_unit_is_hardened(tmp_path):
    unit = (SYSTEMD / "carepace.service").read_text()
    site = (SYSTEMD / "site.conf.in").read_text().replace("@networks@", "192.168.1.0/24")
    assert exposure(tmp_path, unit) <= EXPOSURE_MAX["carepace.service"]
    assert exposure(tmp_path, f"{unit}\n{site}") <= EXPOSURE_MAX["with the site's drop-in"]
    weaker = unit.replace("CapabilityBoundingSet=\n", "").replace("PrivateUsers=yes\n", "")
    assert exposure(tmp_path, weaker) > EXPOSURE_MAX["carepace.service"], "the control"


def test_the_unit_says_which_boot_it_is_where_it_hides_that():
    unit = (SYSTEMD / "carepace.service").read_text()
    assert "ProcSubset=pid\n" in unit and "\nEnvironment=CAREPACE_BOOT=%b\n" in unit


def test_systemd_understands_the_units(tmp_path):
    program = shutil.which("true")
    for name in ("carepace.service", "carepace.socket"):
        unit = (SYSTEMD / name).read_text().replace("/usr/bin/carepace", program)
        (tmp_path / name).write_text(unit)
    said = run("systemd-analyze", "verify", "--man=no", tmp_path / "carepace.socket")
    ours = [line for line in said.stdout.splitlines() if "carepace" in line]
    assert said.returncode == 0 and not ours, said.stdout
    wrong = (SYSTEMD / "carepace.service").read_text().replace("Type=notify", "Typ=notify")
    (tmp_path / "carepace.service").write_text(wrong)
    said = run("systemd-analyze", "verify", "--man=no", tmp_path / "carepace.service")
    assert "'Typ'" in said.stdout, "the control"


def test_every_event_is_explained():
    table = (ROOT / "gateway" / "io" / "log_events.def").read_text()
    events = re.findall(r'^LOG_EVENT\((\w+), \w+, "([0-9a-f]{32})",\s*"([^"]+)"\)', table, re.M)
    assert len(events) == table.count("\nLOG_EVENT(")
    catalog = (SYSTEMD / "carepace.catalog").read_text()
    explained = re.findall(r"^-- ([0-9a-f]{32})\nSubject: (.+)\nDefined-By: Carepace\n\n\S", catalog,
                           re.M)
    assert explained == [(number, subject) for _, number, subject in events]
    assert len({number for number, _ in explained}) == len(explained) == catalog.count("\n-- ")


def test_journalctl_takes_the_catalog(tmp_path):
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    shutil.copy(SYSTEMD / "carepace.catalog", folder)
    said = run("journalctl", "--update-catalog", f"--root={tmp_path}")
    assert said.returncode == 0 and said.stdout == "", said.stdout
    known = run("journalctl", "--list-catalog", f"--root={tmp_path}").stdout
    assert "789bd99fb2bc450f9479d3226611169b Carepace: The gateway serves devices" in known


def test_what_is_in_the_package(package):
    listed = run("dpkg-deb", "-c", package).stdout
    for path in ("usr/bin/carepace", "usr/lib/systemd/system/carepace.service",
                 "usr/lib/systemd/system/carepace.socket", "usr/lib/sysusers.d/carepace.conf",
                 "usr/lib/systemd/catalog/carepace.catalog", "usr/share/carepace/site.conf.in",
                 "usr/share/doc/carepace/README.md", "usr/share/doc/carepace/copyright",
                 "usr/share/doc/carepace/changelog.gz",
                 "usr/share/doc/carepace/examples/carepace.yaml",
                 "usr/share/doc/carepace/guide/clinic.md", "etc/carepace/policy.yaml",
                 "usr/share/man/man1/carepace.1.gz", "usr/share/man/man5/carepace.yaml.5.gz",
                 "usr/share/bash-completion/completions/carepace",
                 "usr/share/zsh/vendor-completions/_carepace"):
        assert f" ./{path}\n" in listed, listed
    assert not re.search(r"/etc/carepace/carepace\.yaml|/test", listed), "set up by nobody but setup"
    depends = run("dpkg-deb", "-f", package, "Depends").stdout
    for library in ("libc6", "libuv1", "libmbedtls", "libsqlite3-0", "libpaho-mqtt1.3", "libyaml",
                    "libsystemd0", "tzdata"):
        assert library in depends


def test_lintian_finds_nothing(package):
    said = run("lintian", "--allow-root", "--no-cfg", package).stdout
    assert not re.findall(r"^[EW]:.*", said, re.M), said


@pytest.mark.parametrize("script", ["postinst", "prerm", "postrm"])
def test_the_scripts_are_posix(script):
    text = (ROOT / "deploy/debian" / script).read_text()
    assert text.startswith("#!/bin/sh\nset -e\n")
    assert run("dash", "-n", ROOT / "deploy/debian" / script).returncode == 0
