"""The guides' devices, built and run by the guides' own commands against the daemon."""

import re
import shlex
import subprocess
import sys
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
def words(gateway, pki, tmp_path):
    pen = pki.issue("pen", "Pen 1")
    return pen, {"gateway.local": "127.0.0.1", "8883": str(gateway.port), "$ID": pen.hex,
                 "ca.pem": str(pki.ca), "device.pem": str(pen.certificate),
                 "device.key": str(pen.key), "deploy/guide/": f"{GUIDE}/",
                 "proto/telemetry.proto": str(ROOT / "proto" / "telemetry.proto"),
                 "-I proto": f"-I {ROOT / 'proto'}", "python3": sys.executable}


@pytest.mark.parametrize("program", ["device.py", "device.c"])
def test_a_device_maker_gets_an_answer(program, gateway, words, tmp_path):
    pen, said_here = words
    lines = commands(program)
    for line in lines:
        for guide, here in said_here.items():
            line = line.replace(guide, here)
        done = subprocess.run(shlex.split(line), cwd=tmp_path, env={"PYTHONPATH": str(tmp_path),
                              "PATH": "/usr/bin:/bin"}, text=True, capture_output=True, timeout=60)
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
    assert done.stdout.split()[0] == "PERMIT"
    ended = gateway.rows("SELECT state FROM session s JOIN source d ON d.no = s.source"
                         " WHERE d.id = ?", pen.id)
    assert ended == [(4,)]
