"""What the benchmarks' reports have in common."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def number(value, digits=1):
    return "-" if value is None else f"{value:,.{digits}f}"


def table(*rows):
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|" + " --- |" * len(rows[0]), *body])


def machine():
    model = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    name = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text(encoding="utf-8"))
    return (f"{os.cpu_count()} cores, {model[1] if model else 'unknown processor'}, "
            f"{name[1] if name else 'unknown system'}")


def commit():
    """A dirty tree is not what the commit says."""
    return subprocess.run(["git", "describe", "--always", "--dirty"], cwd=ROOT, text=True,
                          capture_output=True, check=False).stdout.strip()


def build_release(*targets):
    subprocess.run(["cmake", "--preset", "release"], cwd=ROOT, check=True,
                   stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", "--preset", "release", "--target", *targets], cwd=ROOT,
                   check=True)
    return ROOT / "build/release"
