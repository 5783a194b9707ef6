"""The protocol scripts on the daemon: the same files and expectations as on the link in memory, over
TLS and real sockets. All of them at once, each as a device of its own."""

import re
import subprocess
from pathlib import Path

import pytest

from gateway import BUILD, Gateway

pytestmark = pytest.mark.long

SCRIPTS = sorted(path for path in Path(__file__).parent.glob("*.txt")
                 if path.stem not in ("common", "negative_control"))
CONTROL = Path(__file__).with_name("negative_control.txt")


class Run:
    def __init__(self, gateway, device, script):
        self.output = ""
        self._process = subprocess.Popen(
            [BUILD / "tests" / "run_tls", str(gateway.port), gateway.pki.ca, device.certificate,
             device.key, device.hex, script],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def result(self):
        """cases, failed, skipped; what it said."""
        self.output = self._process.communicate(timeout=300)[0]
        numbers = re.findall(r"^(\d+) cases, (\d+) failed, (\d+) skipped$", self.output, re.M)
        assert len(numbers) == 1, self.output
        return *map(int, numbers[0]), self.output

    def kill(self):
        self._process.kill()
        self._process.wait()


@pytest.fixture(scope="module")
def runs(pki, tmp_path_factory, request):
    devices = {script: pki.issue("pen", f"Pen {script.stem}") for script in [*SCRIPTS, CONTROL]}
    gateway = Gateway(tmp_path_factory.mktemp("protocol") / "gateway", pki,
                      listener={"max_connects_per_second": 10000}).start()
    request.addfinalizer(gateway.kill)
    runs = {script: Run(gateway, device, script) for script, device in devices.items()}
    yield runs
    for run in runs.values():
        run.kill()
    gateway.stop()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script(runs, script):
    cases, failed, skipped, output = runs[script].result()
    assert cases > skipped and failed == 0, output


def test_cases_that_wait_too_long(runs):
    """They run on the link in memory only."""
    said = [line for run in runs.values() for line in re.findall("^SKIP (.*)", run.output, re.M)]
    pytest.skip("; ".join(said))


def test_negative_control(runs):
    """Every case of it is wrong on purpose."""
    cases, failed, skipped, output = runs[CONTROL].result()
    assert (failed, skipped) == (cases, 0), output
