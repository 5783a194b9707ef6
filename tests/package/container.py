"""A Debian that is booted: systemd-nspawn on an overlay that is thrown away, with a network of its
own that is a loopback and nothing else."""

import contextlib
import ctypes
import os
import pickle
import re
import subprocess
import time
from pathlib import Path

from head_office import wait_for

_CLONE_NEWNS, _CLONE_NEWNET = 0x00020000, 0x40000000


def _enter(pid, name, kind):
    with open(f"/proc/{pid}/ns/{name}", encoding="ascii") as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), kind):
            raise OSError(ctypes.get_errno(), f"setns {name}")


def children(pid):
    return [int(child) for child in
            Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Container:
    def __init__(self, root):
        environment = {**os.environ, "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1"}
        # A session of its own: nspawn takes the terminal, and its container ends by our word.
        self._nspawn = subprocess.Popen(
            ["systemd-nspawn", "--boot", "--register=no", "--keep-unit", "--private-network",
             "--console=pipe", "--timezone=off", "--volatile=overlay", f"--machine=carepace-{os.getpid()}", "-D", root],
            env=environment, start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.init = wait_for(self._find_init, "an init in the container")
        wait_for(lambda: self.run("systemctl is-system-running", check=False).stdout.strip()
                 in ("running", "degraded"), "the container is up", 60)
        # Ours, too: what is started from here on, threads as well, talks to its loopback.
        _enter(self.init, "net", _CLONE_NEWNET)

    def _find_init(self):
        assert self._nspawn.poll() is None, "systemd-nspawn ended"
        for child in children(self._nspawn.pid):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it was a short one
                if Path(f"/proc/{child}/comm").read_text().strip() == "systemd":
                    return child
        return None

    def run(self, command, check=True, limit_s=120):
        """In the container's shell; what it said is in .stdout."""
        result = subprocess.run(
            ["nsenter", "-t", str(self.init), *"-m -p -n -u -i -C --root --wd".split(), "env", "-i",
             "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", "DEBIAN_FRONTEND=noninteractive",
             "sh", "-c", command], text=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=limit_s, check=False)
        assert not check or result.returncode == 0, f"{command}: {result.stdout}"
        return result

    def says(self, command):
        return self.run(command, check=False).stdout.strip()

    def path(self, inside):
        """A file of the container, as we reach it."""
        return Path(f"/proc/{self.init}/root{inside}")

    def has(self, inside):
        return self.run(f"test -e {inside} -o -L {inside}", check=False).returncode == 0

    def write(self, inside, text):
        self.path(inside).parent.mkdir(parents=True, exist_ok=True)
        self.path(inside).write_text(text)

    def pid(self, inside):
        """Our number of a process of the container."""
        for status in Path("/proc").glob("[0-9]*/status"):
            try:
                found = re.search(r"^NSpid:\t(\d+)\t(\d+)$", status.read_text(), re.M)
                if (found and int(found[2]) == inside and
                        os.readlink(status.parent / "ns/pid") ==
                        os.readlink(f"/proc/{self.init}/ns/pid")):
                    return int(found[1])
            except FileNotFoundError:
                pass
        raise ProcessLookupError(inside)

    def call(self, function):
        """Its result, with the container's files as ours: SQLite resolves links by itself, so
        path() is not for it."""
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                _enter(self.init, "mnt", _CLONE_NEWNS)
                result = function()
            except Exception as error:  # pylint: disable=broad-except
                result = error
            with open(writing, "wb") as pipe:
                pickle.dump(result, pipe)
            os._exit(0)
        os.close(writing)
        with open(reading, "rb") as pipe:
            result = pickle.load(pipe)
        os.waitpid(child, 0)
        if isinstance(result, Exception):
            raise result
        return result

    def poweroff(self):
        self.run("systemctl poweroff", check=False)
        try:
            self._nspawn.wait(30)
        except subprocess.TimeoutExpired:
            self._nspawn.kill()
            self._nspawn.wait()


class Unit:
    """carepace.service in a container."""

    def __init__(self, container):
        self.container = container

    def show(self, name):
        return self.container.says(f"systemctl show -P {name} carepace.service")

    def pid(self):
        return self.container.pid(int(self.show("MainPID")))

    def wait_active(self, since=None, limit_s=30):
        """Ready, as another process than `since`."""
        wait_for(lambda: self.show("ActiveState") == "active" and self.show("MainPID") != since,
                 lambda: self.container.says("systemctl status carepace; journalctl -u carepace"),
                 limit_s)

    def journal(self, *matches):
        return self.container.says(
            f"journalctl --no-pager -o cat _SYSTEMD_UNIT=carepace.service {' '.join(matches)}")

    def restarted(self, how):
        """Seconds until it is ready again after `how` ended it."""
        before = self.show("MainPID")
        started = time.monotonic()
        how()
        self.wait_active(since=before)
        return time.monotonic() - started
