"""A disk whose power can be cut: an ext4 file system on a loop device. What it has given to the
device is in the image; the image is copied while the gateway stands still, and what goes on is the
copy. What was only in memory is gone.

Limits: no torn sectors, no disk that lies about its cache (tests/sim has both)."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from own_mount import OwnMount

OPTIONS = "loop,noatime,nodev,nosuid"


def can_mount():
    """Not every container may."""
    return subprocess.run(
        ["unshare", "-m", "sh", "-ec", "file=$(mktemp); trap 'rm -f \"$file\"' EXIT;"
         "truncate -s 4M \"$file\"; mkfs.ext4 -q \"$file\"; mount -o loop \"$file\" /mnt"],
        capture_output=True).returncode == 0


needs_loop = pytest.mark.skipif(not can_mount(), reason="needs a loop device")


class PowerDisk(OwnMount):
    def __init__(self, gateway, size_mb):
        self._image = gateway.folder / "disk.0"
        self._cuts = 0
        subprocess.run(["truncate", "-s", f"{size_mb}M", self._image], check=True)
        subprocess.run(["mkfs.ext4", "-q", "-E", "root_owner=0:0", self._image], check=True)
        super().__init__(gateway, f'mount -o {OPTIONS} "{self._image}" "$PLACE" && '
                                  'rmdir "$PLACE/lost+found" && chmod 700 "$PLACE" && sync')
        self._kill = gateway.kill
        gateway.kill = self.cut

    def _stand_still(self):
        process = self.gateway.process
        if process.poll() is not None:
            return
        os.kill(process.pid, signal.SIGSTOP)
        tasks = Path(f"/proc/{process.pid}/task")
        until = time.monotonic() + 10
        while any(task.read_text().rsplit(")", 1)[1].split()[0] not in "TtZ"
                  for task in tasks.glob("*/stat")):
            assert time.monotonic() < until, "it does not stand still"
            time.sleep(0.001)

    def cut(self):
        self._stand_still()
        self._cuts += 1
        after = self._image.with_suffix(f".{self._cuts}")
        subprocess.run(["cp", "--sparse=always", self._image, after], check=True)
        self._kill()
        self.run(f'umount "$PLACE"; mount -o {OPTIONS} "{after}" "$PLACE"')
        self._image.unlink()
        self._image = after

    def close(self):
        self.gateway.kill = self._kill
        self._kill()
        super().close()
