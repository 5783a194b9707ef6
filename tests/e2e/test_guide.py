"""The guides' devices, built and run by the guides' own commands against the daemon, in a place that
has only what they name."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDE = ROOT / "deploy" / "guide"


def commands(program):
    """What device-maker.md says about how to build it; the lines of its block that name it."""
    text = (GUIDE / "device-maker.md").read_text()
    blocks = re.findall(r"(?:^    .*\n)+", text, re.M)
    (block,) = [block for block in blocks if f"deploy/guide/{program}" in block]
    return [line.strip() for line in block.replace("\\\n", "").splitlines()]


@pytest.fixture
def pen(pki):
    return pki.issue("pen", "Pen 1")


@pytest.fixture
def gateway(pen, make_gateway):
    return make_gateway().start()  # it knows the pen: nobody waits until it looks again


@pytest.fixture
def words(gateway, pen, pki):
    return {"gateway.local": "127.0.0.1", "8883": str(gateway.port), "$ID": pen.hex,
                 "ca.pem": str(pki.ca), "device.pem": str(pen.certificate),
                 "device.key": str(pen.key)}


@pytest.mark.parametrize("program", ["device.py", "device.c"])
def test_a_device_maker_gets_an_answer(program, gateway, pen, words, tmp_path):
    lines = commands(program)
    shutil.copytree(GUIDE, tmp_path / "deploy" / "guide")
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    for line in lines + lines[-1:]:  # a device comes back
        for guide, here in words.items():
            line = line.replace(guide, here)
        done = subprocess.run(shlex.split(line), cwd=tmp_path, env={"PATH": "/usr/bin:/bin"},
                              text=True, capture_output=True, timeout=60)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert done.stdout.split()[0] == "PERMIT"
    ended = gateway.rows("SELECT state FROM session s JOIN source d ON d.no = s.source"
                         " WHERE d.id = ?", pen.id)
    assert ended == [(4,)] * 2
