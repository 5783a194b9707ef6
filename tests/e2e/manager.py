"""What systemd is to a service, as far as the daemon sees it: the socket that it tells its state
to, and the journal's. And one thread of it that stands still."""

import ctypes
import os
import socket
import threading
import time
from pathlib import Path

from head_office import wait_for

_PTRACE_DETACH, _PTRACE_SEIZE, _PTRACE_INTERRUPT = 17, 0x4206, 0x4207
_WALL = 0x40000000


class Mail:
    """A datagram socket in the file system, and what came, with its time."""

    def __init__(self, path):
        self.path = Path(path)
        self.came = []  # (monotonic seconds, bytes)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        os.chmod(path, 0o666)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            self.came.append((time.monotonic(), self._socket.recv(1 << 20)))

    def since(self, moment=0):
        return [text for at, text in list(self.came) if at > moment]


class Manager(Mail):
    """Of NOTIFY_SOCKET."""

    def feedings(self, seconds):
        """How often the watchdog is fed in the next seconds."""
        moment = time.monotonic()
        time.sleep(seconds)
        return self.since(moment).count(b"WATCHDOG=1")

    def wait_told(self, text, limit_s=20):
        wait_for(lambda: text in self.since(), lambda: f"{text!r}: {self.since()}", limit_s)


def fields(datagram):
    """Of one line of the journal (its native protocol; our values have no newline)."""
    return dict(line.split("=", 1) for line in datagram.decode().splitlines())


class Journal(Mail):
    def lines(self, **wanted):
        found = [fields(datagram) for datagram in self.since()]
        return [line for line in found if wanted.items() <= line.items()]

    def wait_line(self, **wanted):
        return wait_for(lambda: self.lines(**wanted),
                        lambda: f"journal says {wanted}: {self.since()}")


def thread_of(pid, name):
    """The id of a process's thread."""
    (found,) = [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()
                if (task / "comm").read_text().strip() == name]
    return found


class Frozen:
    """While it lasts, that thread does nothing, and all others go on."""

    def __init__(self, thread):
        self.thread = thread
        self._libc = ctypes.CDLL(None, use_errno=True)

    def _ptrace(self, request):
        if self._libc.ptrace(request, self.thread, None, None) < 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x}")

    def freeze(self):
        self._ptrace(_PTRACE_SEIZE)
        self._ptrace(_PTRACE_INTERRUPT)
        os.waitpid(self.thread, _WALL)

    def is_gone(self):
        """Killed: its process is over only when we, who held it, have taken note."""
        try:
            pid, status = os.waitpid(self.thread, _WALL | os.WNOHANG)
        except ChildProcessError:
            return True
        return pid != 0 and not os.WIFSTOPPED(status)

    def __enter__(self):
        self.freeze()
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self._ptrace(_PTRACE_DETACH)
