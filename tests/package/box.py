#!/usr/bin/python3
"""box.py FOLDER: the package's life on one Debian; FOLDER has the root `box` with /packages.

Each step of LIFE goes on where the one before has left the box, and says what it measured; the
first that fails ends it."""

import json
import os
import re
import signal
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
os.environ.setdefault("CAREPACE_BUILD_DIR", "/none")  # what is tested is in the container

# pylint: disable=wrong-import-position
from container import Container, Unit
from device import Device
from gateway import Gateway
from head_office import wait_for
from manager import Frozen, thread_of
from speech import compile_contract

LISTENING = "789bd99fb2bc450f9479d3226611169b"
STORE = "/var/lib/carepace/carepace.db"
CONFIGURATION = "site:\n  name: north-1\n  timezone: Europe/Berlin\n"
# A head office that is not there.
OFFICE = """upstream:
  servers: [127.0.0.1:9]
  ca: /etc/carepace/pki/ca.pem
  certificate: /etc/carepace/pki/listener.pem
  key: /etc/carepace/pki/listener.key
"""
HANGS = ("ledger", "upstream", "http", "carepace")  # threads; the last is the loop's
INSTALL = "apt-get install -y --allow-downgrades "


class Box:
    stored = Gateway.stored

    def __init__(self, folder):
        self.container = Container(folder / "box")
        self.run, self.says, self.has = (self.container.run, self.container.says,
                                         self.container.has)
        self.unit = Unit(self.container)
        self.contract = compile_contract(tempfile.mkdtemp())
        self.acked = {}
        self.pen = None
        # What a Device asks of its gateway.
        self.port, self.log = 8883, []
        self.pki = SimpleNamespace(ca=self.container.path("/etc/carepace/pki/ca.pem"))

    def rows(self, sql, *values):
        def read():
            with closing(sqlite3.connect(f"file:{STORE}?mode=ro", uri=True)) as store:
                return store.execute(sql, values).fetchall()

        return self.container.call(read)

    def set_version(self, more):
        def add():
            with closing(sqlite3.connect(STORE)) as store:
                (version,) = store.execute("PRAGMA user_version").fetchone()
                store.execute(f"PRAGMA user_version = {version + more}")

        self.container.call(add)

    def issue(self):
        folder = self.container.path("/etc/carepace/pki/devices")
        known = set(folder.glob("*.pem"))
        self.run(f"carepace pki issue --kind pen --name 'Pen {len(known)}'")
        (certificate,) = set(folder.glob("*.pem")) - known
        return SimpleNamespace(hex=certificate.stem, id=bytes.fromhex(certificate.stem), kind="pen",
                               certificate=certificate, key=certificate.with_suffix(".key"))

    def publish(self, seconds=1):
        """For so long, and until all of it is acknowledged; none of it may be lost ever after."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.pen.send(self.pen.heartbeat())
            time.sleep(0.005)
        self.pen.tell(self.pen.heartbeat())
        self.acked.update(self.pen.acked)
        self.prove()

    def prove(self):
        stored = self.stored()
        lost = {name for name, digest in self.acked.items() if stored.get(name) != digest}
        assert not lost, f"acknowledged and not there: {lost}"

    def doctor(self):
        """What it found, by check; and what has failed."""
        found = {one["check"]: one for one in json.loads(
            self.run("carepace doctor --json", check=False).stdout)["checks"]}
        return found, [check for check, one in found.items() if one["result"] == "fail"]

    def exposure(self):
        said = self.says("systemd-analyze security --no-pager carepace.service | tail -n 1")
        return float(re.search(r"exposure level for carepace.service: ([\d.]+)", said)[1])


# --- its life ------------------------------------------------------------------------------------

def installed(box):
    said = box.run(INSTALL + "/packages/carepace.deb").stdout
    assert said.rstrip().splitlines()[-1] == "carepace is installed. Next: sudo carepace setup", said
    assert box.says("systemctl is-enabled carepace.service") == "enabled"
    assert box.says("systemctl is-enabled carepace.socket") == "disabled"
    assert box.unit.show("ActiveState") == "inactive", "nobody has set it up"
    assert box.says("systemctl --failed --no-legend") == ""
    assert box.says("stat -c '%U:%G %a' /etc/carepace/pki") == "root:carepace 750"
    assert box.says("id -un carepace") == "carepace"
    for command in ("status", "alerts", "doctor", "sessions", "tail", "verify", "run"):
        said = box.says(f"carepace {command}")
        assert said == f"carepace {command}: this box is not set up yet: run `sudo carepace setup` first"
    assert "ssert" in box.run("! systemctl start carepace").stdout, "not a word"
    assert box.says("systemctl --failed --no-legend") == ""


def configured_without_keys(box):
    box.container.write("/etc/carepace/carepace.yaml", CONFIGURATION)
    box.run("! systemctl start carepace")
    said = box.unit.journal()
    assert re.search(r"/etc/carepace/pki/\S+: No such file or directory", said), said
    assert box.unit.show("ExecMainStatus") == "2" and box.unit.show("NRestarts") == "0"


def configured(box):
    box.run("carepace pki init /etc/carepace/pki --site north-1 --host 127.0.0.1")
    started = time.monotonic()
    box.run("systemctl start carepace")
    seconds = time.monotonic() - started
    assert box.says(f"stat -c %U /proc/{box.unit.show('MainPID')}") == "carepace"
    assert box.says("stat -c '%U %a' /etc/carepace/pki/listener.key") == "root 600"
    said = box.says(f"journalctl --no-pager -x MESSAGE_ID={LISTENING}")
    assert "listens on" in said and "devices may connect" in said, said
    exposure = box.exposure()
    assert exposure <= 1.2
    return f"ready {seconds:.2f} s after the start, exposure {exposure}"


def served(box):
    box.pen = Device(box, box.contract, box.issue())
    time.sleep(1.5)  # the registry is looked at once a second
    box.pen.connect()
    box.pen.tell(box.pen.hello())
    box.publish()
    return f"{len(box.acked)} messages"


def examined(box):
    """Each fault of the unit's world is one failure; the unit's own end is none beside it."""
    found, failed = box.doctor()
    assert not failed and found["service"]["result"] == "ok", (failed, found["service"])
    faults = {
        "permissions": ("chmod 700 /etc/carepace/pki", "chmod 750 /etc/carepace/pki"),
        "store folder": ("chown root: /var/lib/carepace", "chown carepace: /var/lib/carepace"),
        "certificates": ("mv /etc/carepace/pki/ca.pem /; ! systemctl restart carepace",
                         "mv /ca.pem /etc/carepace/pki; systemctl start carepace"),
    }
    for check, (fault, mend) in faults.items():
        box.run(fault)
        found, failed = box.doctor()
        assert failed == [check], (check, failed)
        box.run(mend)
    assert not box.doctor()[1]
    return f"{len(faults)} faults"


def killed(box):
    losses = []
    for _ in range(3):
        pid = box.unit.pid()
        before = box.pen.connections
        losses.append(box.unit.restarted(lambda: os.kill(pid, signal.SIGKILL)))
        box.pen.wait_connections(before + 1)
        box.publish()
    return "ready again after " + ", ".join(f"{seconds:.2f}" for seconds in losses) + " s"


def hung(box):
    """With a watchdog that need not wait as long as the unit's."""
    box.container.write("/run/systemd/system/carepace.service.d/brief.conf",
                        "[Service]\nWatchdogSec=2\n")
    box.container.write("/etc/carepace/carepace.yaml", CONFIGURATION + OFFICE)
    box.run("systemctl daemon-reload && systemctl restart carepace")
    told = []
    for thread in HANGS:
        box.unit.wait_active()
        pid = box.unit.pid()
        before, deaths = box.unit.show("MainPID"), box.unit.show("NRestarts")
        started = time.monotonic()
        frozen = Frozen(pid if thread == "carepace" else thread_of(pid, thread))
        frozen.freeze()
        wait_for(lambda: frozen.is_gone() and box.unit.show("NRestarts") != deaths,
                 lambda: box.says("systemctl status carepace"), 60)
        told.append(f"{thread} {time.monotonic() - started:.1f} s")
        box.unit.wait_active(since=before)
    said = box.says("journalctl --no-pager -u carepace")
    assert said.count("Watchdog timeout (limit 2s)!") == len(HANGS), said
    assert "the thread of the store has not answered" in said
    box.container.write("/etc/carepace/carepace.yaml", CONFIGURATION)
    box.run("rm /run/systemd/system/carepace.service.d/brief.conf && systemctl daemon-reload &&"
            " systemctl restart carepace")
    box.publish()
    return "died after " + ", ".join(told) + " (WatchdogSec=2)"


def reloaded(box):
    pid, losses = box.unit.show("MainPID"), len(box.pen.losses)
    box.container.write("/etc/carepace/carepace.yaml", CONFIGURATION + "log:\n  levle: debug\n")
    box.run("! systemctl reload carepace")
    assert "levle" in box.says("journalctl --no-pager -u carepace")
    assert box.unit.show("ActiveState") == "active"
    box.container.write("/etc/carepace/carepace.yaml", CONFIGURATION)
    box.run("systemctl reload carepace")
    wait_for(lambda: box.unit.journal("CAREPACE_EVENT=RELOADED"), box.unit.journal)
    said = box.unit.journal("CAREPACE_EVENT=RELOADED")
    assert "reloaded: 0 of settings and certificates have changed" in said, said
    assert "reload: listener.key" not in box.unit.journal(), "the copy of a key is no other key"
    box.publish()
    assert box.unit.show("MainPID") == pid and len(box.pen.losses) == losses


def other_key(box):
    """A certificate with another key, which only root may read: a reload takes both."""
    box.run("carepace pki listener /etc/carepace/pki --host 127.0.0.1")
    losses, taken = len(box.pen.losses), len(box.unit.journal("CAREPACE_EVENT=RELOADED").splitlines())
    box.run("systemctl reload carepace")
    wait_for(lambda: len(box.unit.journal("CAREPACE_EVENT=RELOADED").splitlines()) > taken,
             box.unit.journal)
    box.publish()
    other = Device(box, box.contract, box.issue())
    time.sleep(1.5)
    other.connect()
    other.close()
    assert len(box.pen.losses) == losses, "nothing healthy disconnects"


def activated(box):
    """The port is systemd's, and the gateway comes when somebody calls."""
    box.run("systemctl stop carepace")
    assert box.unit.show("ActiveState") == "inactive"
    before = box.pen.connections
    box.run("systemctl start carepace.socket")
    box.pen.wait_connections(before + 1)
    box.publish()
    box.run("systemctl stop carepace.socket carepace && systemctl start carepace")
    box.pen.wait_connections(before + 2)


def restricted(box):
    """The drop-in of `carepace setup`."""
    text = box.container.path("/usr/share/carepace/site.conf.in").read_text()
    box.container.write("/etc/systemd/system/carepace.service.d/site.conf",
                        text.replace("@networks@", "192.168.1.0/24"))
    before = box.pen.connections
    box.run("systemctl daemon-reload && systemctl restart carepace")
    box.pen.wait_connections(before + 1)
    exposure = box.exposure()
    assert exposure <= 1.0
    return f"exposure {exposure}"


def upgraded(box):
    box.run("echo '# ours' >>/etc/carepace/policy.yaml")
    before = box.pen.connections
    box.run(INSTALL + "/packages/later.deb")
    assert box.says("dpkg-query -W -f '${Version}' carepace") == "99.0"
    box.unit.wait_active()
    box.pen.wait_connections(before + 1)
    box.publish()
    assert "# ours" in box.says("cat /etc/carepace/policy.yaml")
    box.run(INSTALL + "/packages/carepace.deb")
    box.pen.wait_connections(before + 2)


def refused(box):
    """A store that a later version has written."""
    box.run("systemctl stop carepace")
    box.set_version(1)
    box.run("! systemctl start carepace")
    said = box.unit.journal("CAREPACE_EVENT=STORE_REFUSED")
    assert "newer carepace" in said and box.unit.show("ExecMainStatus") == "2", said
    assert box.unit.show("ActiveState") == "failed", "another try would say the same"
    box.run("systemctl stop carepace")
    box.set_version(-1)
    box.run("systemctl start carepace")
    box.publish()
    return said.splitlines()[-1]


def removed(box):
    box.run("apt-get remove -y carepace")
    assert not box.has("/usr/bin/carepace")
    assert box.unit.show("ActiveState") == "inactive"
    assert box.has(STORE) and box.has("/etc/carepace/carepace.yaml")
    before = box.pen.connections
    box.run(INSTALL + "/packages/carepace.deb")
    box.pen.wait_connections(before + 1)
    box.publish()
    box.run("carepace verify")


def put_back(box):
    """After a purge by mistake, as the guide has it."""
    box.run("apt-get purge -y carepace")
    before = box.pen.connections
    box.run("mv /var/backups/carepace-*/etc-carepace /etc/carepace &&"
            " mv /var/backups/carepace-*/var-lib-carepace /var/lib/carepace &&"
            " rmdir /var/backups/carepace-*")
    box.run(INSTALL + "/packages/carepace.deb")
    box.unit.wait_active()
    box.pen.wait_connections(before + 1)
    box.publish()


def purged(box):
    """All that it made, but what no mistake may cost: the records and the keys, for root alone."""
    box.pen.close()
    before = box.rows("SELECT count(*) FROM journal")
    said = box.run("apt-get purge -y carepace").stdout
    (kept,) = set(re.findall(r"/var/backups/carepace-[\d-]+", said))
    assert box.says(f"find {kept} -maxdepth 1 -printf '%f %u %m\\n' | sort").splitlines() == sorted([
        f"{Path(kept).name} root 700", "etc-carepace root 700", "var-lib-carepace root 700"])
    box.run(f"mkdir -p /var/lib/carepace && cp {kept}/var-lib-carepace/carepace.db* /var/lib/carepace")
    assert box.rows("SELECT count(*) FROM journal") == before
    box.run(f"test -e {kept}/etc-carepace/pki/ca.key && rm -r {kept} /var/lib/carepace")
    left = box.says("find / -xdev -name '*carepace*' -not -path '/proc/*' -not -path '/packages/*'"
                    " -not -path '/var/log/*' -not -path '/var/cache/apt/*' -not -path '/run/log/*'"
                    " -not -path '/var/lib/systemd/*'")
    assert left == "", left
    assert box.says("getent passwd carepace") == ""
    assert box.says("systemctl --failed --no-legend") == ""


def set_up(box):
    """Once more, by the command that the installation names."""
    box.run(INSTALL + "/packages/carepace.deb")
    said = box.run("carepace setup --yes --site north-1 --timezone Europe/Berlin --host 127.0.0.1"
                   " --device 'Pen 1' --networks 192.168.1.0/24", check=False).stdout
    box.run("systemctl daemon-reload && systemctl start carepace")
    box.unit.wait_active()
    folder = box.container.path("/etc/carepace/pki/devices")
    (certificate,) = folder.glob("*.pem")
    box.acked = {}
    box.pen = Device(box, box.contract, SimpleNamespace(
        hex=certificate.stem, id=bytes.fromhex(certificate.stem), kind="pen",
        certificate=certificate, key=certificate.with_suffix(".key"))).connect()
    box.publish()
    exposure = box.exposure()
    assert exposure <= 1.0, said
    return f"exposure {exposure}"


LIFE = [installed, configured_without_keys, configured, served, examined, killed, hung, reloaded,
        other_key, activated, restricted, upgraded, refused, removed, put_back, purged,
        set_up, purged]


def main():
    folder = Path(sys.argv[1])
    box = Box(folder)
    failed = None
    try:
        print(f"{folder.name}: Debian {box.says('cat /etc/debian_version')}, "
              f"{box.says('systemctl --version').splitlines()[0]}", flush=True)
        for step in LIFE:
            started = time.monotonic()
            told = step(box)
            print(f"  {step.__name__:<24} {time.monotonic() - started:5.1f} s  {told or ''}".rstrip(),
                  flush=True)
    except Exception as error:  # pylint: disable=broad-except
        failed = error
        print(f"  FAILED {step.__name__}: {type(error).__name__}: {error}", flush=True)
        print(box.says("journalctl --no-pager -u carepace | tail -n 40"), flush=True)
    finally:
        if box.pen:
            box.pen.close()
        box.container.poweroff()
    print(f"{folder.name}: {'failed' if failed else f'{len(LIFE)} steps passed'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
