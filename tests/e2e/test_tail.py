"""`carepace tail`: what happens, as it happens; and who reads slowly hurts nobody."""

import fcntl
import json
import os
import signal
import subprocess
import threading
import time

import pytest

from gateway import CAREPACE
from head_office import wait_for
from speech import token


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(2)]


def hear_interrupts():
    """Tests that run in the background inherit that SIGINT is ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Tail:
    def __init__(self, gateway, *options, is_read=True):
        self.process = subprocess.Popen(
            [CAREPACE, "tail", "--config", gateway.configuration, *options], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=gateway.clock.environment(),
            preexec_fn=hear_interrupts)
        self.lines = []
        self.reader = threading.Thread(target=self.read)
        if is_read:
            self.reader.start()
        time.sleep(1.5)  # its first look tells nothing

    def read(self):
        for line in self.process.stdout:
            self.lines.append(line.rstrip("\n"))

    def wait(self, *words):
        return wait_for(lambda: [line for line in list(self.lines)
                                 if all(word in line for word in words)],
                        lambda: f"{words} in:\n" + "\n".join(self.lines))[0]

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(10)
        if self.reader.ident:
            self.reader.join()
        errors = self.process.stderr.read()
        assert "Sanitizer" not in errors and "runtime error" not in errors, errors


@pytest.fixture
def follow():
    started = []

    def start(*arguments, **more):
        started.append(Tail(*arguments, **more))
        return started[-1]

    yield start
    for tail in started:
        tail.stop()


def test_what_happens(gateway, make_device, pens, follow):
    old = make_device(gateway, pens[1])
    told = old.start()
    sid = told.session_start.sid  # before anybody follows: not told
    old.tell(old.hello(), told, old.attach(sid, "C1"), old.samples(sid), old.end(sid))
    everything, programs = follow(gateway), follow(gateway, "--json")
    grave = follow(gateway, "--severity", "high")
    other = follow(gateway, "--device", pens[1].hex[:8])
    device, client = make_device(gateway, pens[0]), token()
    everything.wait("device connected", pens[0].hex)
    start = device.start(client=client)
    sid = start.session_start.sid
    device.tell(device.hello(), start)
    everything.wait("session started", sid.hex()[:8], "CHEEK: permit")
    programs.wait("session started")  # each looks by itself; what it sees at once is one line
    device.tell(device.attach(sid, "C1"))  # which somebody else had
    everything.wait("verdict", sid.hex()[:8], "CHEEK: deny")
    raised = everything.wait("alert raised", "CRITICAL CART_REUSE: Cartridge ")
    device.tell(device.end(sid))
    everything.wait("session ended", sid.hex()[:8])
    device.close()
    everything.wait("device disconnected", pens[0].hex)
    programs.wait("device disconnected")
    assert len([line for line in everything.lines if "alert raised" in line]) == 1
    assert told.session_start.sid.hex()[:8] not in "\n".join(everything.lines)
    assert client.hex()[:7] not in "\n".join(everything.lines + programs.lines)  # P10
    told = [json.loads(line) for line in programs.lines]
    assert [row["severity"] for row in told if row["what"] == "alert raised"] == ["CRITICAL"]
    assert {"session started", "verdict", "session ended"} <= {row["what"] for row in told}
    assert grave.lines == [raised]
    assert other.lines == []
    old.close()
    other.wait("device disconnected", pens[1].hex)
    gateway.stop()
    everything.wait("gateway silent", "does not run")


def test_who_does_not_read(gateway, make_device, pens, follow):
    """Its pipe is full: it waits, the gateway does not; later it tells all of it."""
    slow = follow(gateway, is_read=False)
    fcntl.fcntl(slow.process.stdout, fcntl.F_SETPIPE_SZ, os.sysconf("SC_PAGESIZE"))
    device = make_device(gateway, pens[0])
    sids = []
    device.tell(device.hello())
    for _ in range(80):
        start = device.start()
        sids.append(start.session_start.sid.hex()[:8])
        device.tell(start, device.end(start.session_start.sid))
    time.sleep(2)
    slow.reader.start()
    slow.wait("session ended", sids[-1])
    started = [line for line in slow.lines if "session started" in line]
    assert [sid for sid in sids if not any(sid in line for line in started)] == []
    assert device.losses == []
    device.close()
    gateway.stop()


def test_wrong_arguments(gateway):
    for options, sentence in ((["--severity", "bad"], 'there is no severity "bad"'),
                              (["--check", "X"], 'there is no check "X"'),
                              (["--device", "zz"], "zz")):
        result = subprocess.run([CAREPACE, "tail", "--config", gateway.configuration, *options],
                                text=True, capture_output=True, timeout=20)
        assert result.returncode in (1, 2) and sentence in result.stderr
