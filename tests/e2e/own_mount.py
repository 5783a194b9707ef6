"""A file system of its own under a gateway's store, in a mount namespace that goes when its keeper
ends."""

import ast
import shlex
import subprocess
from pathlib import Path

import pytest

# SQLite resolves the link that leads inside, so it has to be there itself.
ASK = """import sqlite3, sys
store = sqlite3.connect(f"file:{sys.argv[1]}/carepace.db?mode=ro", uri=True)
print(store.execute(sys.argv[2], eval(sys.argv[3])).fetchall())"""

needs_namespace = pytest.mark.skipif(
    subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0,
    reason="needs a mount namespace")


class OwnMount:
    def __init__(self, gateway, mount):
        """Before the gateway's first start. `mount`: a command that mounts something on $PLACE."""
        self.gateway = gateway
        self.place = gateway.store
        self.place.mkdir(mode=0o700)
        self._keeper = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", f"{self._at_place(mount)} && echo mounted && "
                                          "exec sleep infinity"],
            stdout=subprocess.PIPE, text=True)
        assert self._keeper.stdout.readline() == "mounted\n"
        inside = gateway.folder / "carepace-inside"
        inside.write_text(f'#!/bin/sh\nexec nsenter -t {self._keeper.pid} -m -- '
                          f'{shlex.quote(str(gateway.executable))} "$@"\n')
        inside.chmod(0o755)
        gateway.executable = inside
        # How the store is seen from here; the configuration keeps the other name.
        gateway.store = Path(f"/proc/{self._keeper.pid}/root{self.place}")
        gateway.rows = self._rows

    def _at_place(self, command):
        return f"PLACE={shlex.quote(str(self.place))}; {command}"

    def run(self, command):
        """In the namespace, with $PLACE."""
        subprocess.run([*self.inside, "sh", "-e", "-c", self._at_place(command)], check=True)

    @property
    def inside(self):
        """What a command in the namespace begins with."""
        return ["nsenter", "-t", str(self._keeper.pid), "-m"]

    def _rows(self, sql, *values):
        said = subprocess.run([*self.inside, "/usr/bin/python3", "-c", ASK, self.place, sql,
                               repr(values)], check=True, capture_output=True, text=True).stdout
        return ast.literal_eval(said)

    def leave(self):
        """What is there goes to the place itself, where everybody sees it."""
        subprocess.run(["cp", "-a", f"{self.gateway.store}/.", self.place], check=True)
        self.gateway.store = self.place
        del self.gateway.rows

    def close(self):
        self._keeper.kill()
        self._keeper.wait()
