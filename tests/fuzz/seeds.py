#!/usr/bin/python3
"""Inputs to begin with: one of every message of the contract, with and without what is
optional; the example configuration; a registry.

    seeds.py FOLDER BUILD
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))
import speech  # pylint: disable=wrong-import-position

DEVICE = bytes.fromhex("00112233445566778899aabbccddeeff")
TS_MS = 1_790_000_000_000
ENVELOPE = {"source": DEVICE, "ts_ms": TS_MS, "mono_ms": 60_000, "boot": 1, "seq": 2,
            "hq_epoch": 7, "n": 3, "key": "PLAN/7", "revision": 1}


def value_of(field, envelope):
    if field.name in envelope:
        return envelope[field.name]
    if field.type == field.TYPE_BYTES:
        return bytes([field.number] * 16)
    if field.type == field.TYPE_STRING:
        return "clinic-1" if field.name == "site" else "ABC-1"
    if field.type == field.TYPE_ENUM:
        return field.enum_type.values[-1].number
    if field.name.endswith("_date") or "yyyymmdd" in field.name:
        return 20270131
    if field.name.endswith("ts_ms"):
        return TS_MS
    return 1


def fill(message, is_full, envelope=()):
    """Required fields, or all of them."""
    for field in message.DESCRIPTOR.fields:
        is_required = field.label == field.LABEL_REQUIRED
        if field.containing_oneof or not (is_full or is_required):
            continue
        if field.type == field.TYPE_MESSAGE:
            into = getattr(message, field.name)
            if field.label == field.LABEL_REPEATED:
                into = into.add()
            into.SetInParent()
            fill(into, is_full)
        elif field.label == field.LABEL_REPEATED:
            getattr(message, field.name).append(value_of(field, {}))
        else:
            setattr(message, field.name, value_of(field, dict(envelope)))


def messages(kind):
    for body in kind.DESCRIPTOR.oneofs_by_name["body"].fields:
        for is_full in (False, True):
            message = kind()
            fill(message, is_full, ENVELOPE)
            getattr(message, body.name).SetInParent()
            fill(getattr(message, body.name), is_full)
            yield message.SerializeToString()


def save(folder, target, contents):
    (folder / target).mkdir(parents=True, exist_ok=True)
    for number, content in enumerate(contents):
        (folder / target / f"seed-{number:03}").write_bytes(content)


def configs():
    example = (ROOT / "deploy" / "carepace.yaml").read_text()
    yield example.encode()
    lines = [line for line in example.splitlines() if not line.lstrip().startswith("# ")]
    yield "\n".join(line.replace("#", "", 1) for line in lines).encode()
    yield "\n".join(line for line in lines if "#" not in line).encode()


def registries():
    head = ("# carepace device registry 1\n"
            "# device kind state serial key_sha256 issued expires name\n")
    lines = [f"{number:032x} {kind} {state} {number:x}a {number:064x} "
             f"2026-08-29T12:00:00Z 2028-08-28T12:00:00Z {kind} {number}\n"
             for number, kind in enumerate(("pen", "stamp", "roller", "rf", "tablet"), 16)
             for state in ("active",)]
    yield (head + "".join(lines)).encode()
    yield head.encode()
    yield (head + "\n\t\n" + lines[0].replace("active", "revoked")).encode()


def main():
    folder, build = Path(sys.argv[1]), Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as generated:
        contract = speech.compile_contract(generated)
    up = list(messages(contract.telemetry.Up))
    save(folder, "telemetry", [b"\1" + one for one in up])
    save(folder, "order", messages(contract.report.Order))
    save(folder, "config", configs())
    save(folder, "registry", registries())

    for target in ("packet", "link"):
        (folder / target).mkdir(parents=True, exist_ok=True)
    scripts = sorted((ROOT / "tests" / "protocol").glob("*.txt"))
    scripts.sort(key=lambda path: path.name != "common.txt")
    subprocess.run([build / "tests" / "fuzz" / "fuzz_seeds", folder, *scripts], check=True)


main()
