"""The daemon under test: certificates by `carepace pki`, a store of its own, a free port of the
loopback, and what it says. Whoever starts a gateway ends it by its process id."""

import contextlib
import functools
import json
import os
import re
import signal
import sqlite3
import struct
import subprocess
import threading
import time
from pathlib import Path
from types import SimpleNamespace

from head_office import free_port, wait_for
from speech import hash_of

BUILD = Path(os.environ["CAREPACE_BUILD_DIR"])
CAREPACE = BUILD / "carepace"
DEVICE_SIM = BUILD / "device-sim"
NAME = "north-1"
BOX = bytes([0] * 15 + [2])  # the source of what the gateway records itself

# What a sanitizer says, whatever the exit status.
SANITIZER = re.compile(r"AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:")


class Pki:
    """A clinic's authority and its devices."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.ca = self.folder / "ca.pem"
        self._pki("init", "--site", NAME, "--host", "127.0.0.1", "--host", "localhost")

    def _pki(self, command, *options):
        subprocess.run([CAREPACE, "pki", command, self.folder, *map(str, options)], check=True,
                       capture_output=True, text=True)

    def issue(self, kind="pen", name=None, days=730):
        """A new device: id, certificate, key."""
        known = set((self.folder / "devices").glob("*.pem"))
        # Of a test before: this authority is every module's.
        self._pki("issue", "--kind", kind, "--name", name or f"{kind.capitalize()} no {len(known)}",
                  "--days", days, "--replace")
        (certificate,) = set((self.folder / "devices").glob("*.pem")) - known
        return SimpleNamespace(hex=certificate.stem, id=bytes.fromhex(certificate.stem), kind=kind,
                               certificate=certificate, key=certificate.with_suffix(".key"))

    def registry_line(self, device):
        """For a certificate that another tool made: the registry must know it too."""
        (line,) = [line for line in self.registry.read_text().splitlines()
                   if line.startswith(device.hex)]
        return line

    @property
    def registry(self):
        return self.folder / "registry"

    def registered(self):
        """How many devices: this authority is every module's."""
        return sum(not line.startswith("#") for line in self.registry.read_text().splitlines())


class Clock:
    """Of the box: right, and kept by a time server, until a test says otherwise. It may be set
    while the daemon runs."""

    def __init__(self, path):
        self.path = Path(path)
        self.started_ms = 0
        self.set()

    def set(self, off_s=0, synced=True):
        with open(self.path, "r+b" if self.path.exists() else "wb") as file:
            file.write(struct.pack("=qqq", round(off_s * 1000), synced, self.started_ms))

    def reboot(self):
        self.started_ms = round(time.clock_gettime(time.CLOCK_BOOTTIME) * 1000)

    def environment(self):
        sanitizer = os.environ.get("ASAN_OPTIONS", "")
        return {**os.environ, "CAREPACE_TEST_CLOCK": str(self.path),
                "CAREPACE_TEST_TIMESYNC": str(self.path.with_name("timesync")),
                "LD_PRELOAD": str(BUILD / "tests" / "libbox_clock.so"),
                "ASAN_OPTIONS": f"{sanitizer}:verify_asan_link_order=0".lstrip(":")}


FIRST_CHECKS = ("INTERVAL_TOO_SOON", "INTERVAL_OVERDUE", "CART_REUSE")


@functools.cache
def other_checks():
    rows = json.loads(subprocess.run([CAREPACE, "checks", "--json"], check=True,
                                     capture_output=True, text=True).stdout)
    return [row["check"] for row in rows if row["check"] not in FIRST_CHECKS]


class Gateway:
    """Can be stopped, killed and started again on the same store and port. Its clinic wants
    FIRST_CHECKS only, so that tests can say exactly which alerts there are; all of them with
    configure(policy={"file": None})."""

    def __init__(self, folder, pki, executable=CAREPACE, **settings):
        self.folder = Path(folder)
        self.folder.mkdir(exist_ok=True)
        self.pki = pki
        self.executable = executable
        self.port = free_port()
        self.store = self.folder / "store"
        self.configuration = self.folder / "carepace.yaml"
        self.clock = Clock(self.folder / "clock")
        self.process = None
        self.log = []  # of all its lives
        self._reader = None
        self._settings = {
            "site": {"name": NAME, "timezone": "Europe/Berlin"},
            "store": {"path": self.store},
            "listener": {"address": "127.0.0.1", "port": self.port,
                         "certificate": pki.folder / "listener.pem",
                         "key": pki.folder / "listener.key", "ca": pki.ca,
                         "registry": pki.registry},
            "http": {"port": 0},  # the port that it has by default is one
        }
        policy = self.folder / "policy.yaml"
        policy.write_text(f"off: [{', '.join(other_checks())}]\n")
        self.configure(policy={"file": policy})
        self.configure(**settings)

    def configure(self, **settings):
        """settings: section=dict(name=value); None takes a value out."""
        for section, values in settings.items():
            self._settings.setdefault(section, {}).update(values)
        lines = []
        for section, values in self._settings.items():
            lines += [f"{section}:"] + [f"  {name}: {value}" for name, value in values.items()
                                        if value is not None]
        self.configuration.write_text("\n".join(lines) + "\n")

    def settings(self, section):
        return dict(self._settings[section])

    # --- its lives ---

    def launch(self):
        """Starts it, whether it comes up or not."""
        self.join()
        self.process = subprocess.Popen(
            [self.executable, "run", "--config", self.configuration], text=True, errors="replace",
            env=self.clock.environment(),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, args=(self.process,))
        self._reader.start()
        return self

    def _read(self, process):
        for line in process.stderr:
            self.log.append(line.rstrip("\n"))
        process.stderr.close()

    def start(self):
        before = len(self.logged("listens on"))
        self.launch()
        wait_for(lambda: len(self.logged("listens on")) > before or self.process.poll() is not None,
                 "gateway listens")
        assert self.process.poll() is None, "\n".join(self.log)
        return self

    def stop(self):
        """Orderly. The sanitizers have the last word."""
        self.process.send_signal(signal.SIGTERM)
        assert self.ended() == 0, "\n".join(self.log)

    def kill(self):
        if self.process and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
        self.join()

    def ended(self):
        """Its exit status; it must end by itself."""
        self.process.wait(30)
        self.join()
        assert not SANITIZER.search("\n".join(self.log)), "\n".join(self.log)
        return self.process.returncode

    def join(self):
        if self.process:
            self.process.wait(30)
            self._reader.join()

    # --- what it says ---

    def logged(self, pattern):
        return [line for line in list(self.log) if re.search(pattern, line)]

    def wait_logged(self, pattern, limit_s=20):
        return wait_for(lambda: self.logged(pattern),
                        lambda: f"log says {pattern!r}:\n" + "\n".join(self.log), limit_s)

    def counts(self):
        """The counters that are not zero, as said last (at the stop, at the latest)."""
        said = self.logged(r"\bcounts:")
        assert said, "\n".join(self.log)
        return {name: int(value) for name, value in re.findall(r"(\w+)=(\d+)", said[-1])}

    def count_now(self):
        """The counters while it runs; slowly, because the log takes 20 of a kind in 10 s."""
        time.sleep(0.5)
        before = len(self.logged("counts:"))
        self.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: len(self.logged("counts:")) > before, "counts")
        return self.counts()

    # --- what it has ---

    def rows(self, sql, *values):
        # Read-only, beside the running daemon.
        with contextlib.closing(sqlite3.connect(f"file:{self.store}/carepace.db?mode=ro",
                                                uri=True)) as store:
            return store.execute(sql, values).fetchall()

    def stored(self):
        """{(device, boot, seq): hash}: everything that was taken, journal and stream, but not
        what the gateway records itself: the configured policy."""
        found = self.rows(
            "SELECT lower(hex(s.id)), boot, seq, lower(hex(hash)), payload FROM"
            " (SELECT source, boot, seq, hash, NULL AS payload FROM journal UNION ALL"
            "  SELECT source, boot, seq, NULL, payload FROM stream) j"
            " JOIN source s ON s.no = j.source WHERE s.id != ?", BOX)
        names = {row[:3]: row[3] or hash_of(row[4]) for row in found}
        assert len(names) == len(found), "a name is there twice"
        return names

    def stored_count(self):
        """How many of them; quicker."""
        return self.rows("SELECT (SELECT count(*) FROM stream) + (SELECT count(*) FROM journal j"
                         " JOIN source s ON s.no = j.source WHERE s.id != ?)", BOX)[0][0]

    def verify(self):
        """`carepace verify` must be green; what it said."""
        result = subprocess.run([CAREPACE, "verify", "--config", self.configuration], text=True,
                                capture_output=True)
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout
