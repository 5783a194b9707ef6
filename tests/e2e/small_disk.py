"""A disk of a few megabytes, and a stranger who fills it."""

import os
import time

from own_mount import OwnMount

STEP_BYTES = 64 * 1024


class SmallDisk(OwnMount):
    def __init__(self, gateway, size_mb):
        super().__init__(gateway, f'mount -t tmpfs -o size={size_mb}m,mode=0700 none "$PLACE"')
        self._stuff = gateway.store / "somebody-elses"

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
