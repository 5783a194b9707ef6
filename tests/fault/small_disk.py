"""A disk of a few megabytes under a gateway's store, and a stranger who fills it: a tmpfs in a mount
namespace of its own, which goes when its keeper ends."""

import ast
import os
import shlex
import subprocess
import time
from pathlib import Path

STEP_BYTES = 64 * 1024

# SQLite resolves the link that leads inside, so it has to be there itself.
ASK = """import sqlite3, sys
store = sqlite3.connect(f"file:{sys.argv[1]}/carepace.db?mode=ro", uri=True)
print(store.execute(sys.argv[2], eval(sys.argv[3])).fetchall())"""


class SmallDisk:
    def __init__(self, gateway, size_mb):
        """Before the gateway's first start."""
        place = gateway.store
        place.mkdir(mode=0o700)
        mount = f"mount -t tmpfs -o size={size_mb}m,mode=0700 none {shlex.quote(str(place))}"
        self._keeper = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", f"{mount} && echo mounted && exec sleep infinity"],
            stdout=subprocess.PIPE, text=True)
        assert self._keeper.stdout.readline() == "mounted\n"
        inside = gateway.folder / "carepace-inside"
        inside.write_text(f'#!/bin/sh\nexec nsenter -t {self._keeper.pid} -m -- '
                          f'{shlex.quote(str(gateway.executable))} "$@"\n')
        inside.chmod(0o755)
        gateway.executable = inside
        # How the store is seen from here; the configuration keeps the other name.
        gateway.store = Path(f"/proc/{self._keeper.pid}/root{place}")
        self._stuff = gateway.store / "somebody-elses"
        self._place = place
        gateway.rows = self._rows

    def _rows(self, sql, *values):
        said = subprocess.run(["nsenter", "-t", str(self._keeper.pid), "-m", "/usr/bin/python3",
                               "-c", ASK, self._place, sql, repr(values)], check=True,
                              capture_output=True, text=True).stdout
        return ast.literal_eval(said)

    def free_bytes(self):
        fs = os.statvfs(self._stuff.parent)
        return fs.f_bavail * fs.f_frsize

    def fill(self, leave_bytes=0, pause_s=0.005):
        """As a log that runs wild does: fast, but not in no time."""
        with self._stuff.open("ab", buffering=0) as stuff:
            while (room := self.free_bytes() - leave_bytes) > 0:
                try:
                    stuff.write(b"x" * min(STEP_BYTES, room))
                except OSError:
                    return
                time.sleep(pause_s)

    def free(self):
        self._stuff.unlink()

    def close(self):
        self._keeper.kill()
        self._keeper.wait()
