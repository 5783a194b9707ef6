#!/usr/bin/python3
"""Inputs to begin with: one of every message of the contract, with and without what is
optional; the example configuration and policy; a registry; requests and revocation lists.

    seeds.py FOLDER BUILD
"""

import datetime
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from google.protobuf import json_format

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


def policies():
    """The delivered example with every line of it in force, then each section alone."""
    example = (ROOT / "deploy" / "policy.yaml").read_text()
    lines = [line.removeprefix("#") for line in example.splitlines()
             if not re.match(r"# \S|#?$", line)]
    yield "\n".join(lines).encode()
    for section in re.split(r"\n(?=\w)", "\n".join(lines)):
        yield section.encode()
    yield b"checks: {DEPTH_OVER_ZONE: {max_depth_um: [{value: 900, zones: [CHEEK], modalities: [PEN]}]}}"


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


# --- certificate requests and revocation lists --------------------------------------------

HERE = Path(__file__).resolve().parent
NOW = datetime.datetime.fromtimestamp(TS_MS // 1000, datetime.timezone.utc).replace(tzinfo=None)
DAY = datetime.timedelta(days=1)
CLINIC = x509.load_pem_x509_certificate((HERE / "authority.pem").read_bytes())
CLINIC_KEY = ec.derive_private_key(1, ec.SECP256R1())  # no secret: it is for tests
FORMS = (serialization.Encoding.DER, serialization.Encoding.PEM)


def name(text):
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def requests():
    keys = [ec.generate_private_key(curve) for curve in
            (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1(), ec.SECP256K1())]
    keys.append(rsa.generate_private_key(65537, 2048))
    for key in keys:
        for digest in (hashes.SHA256(), hashes.SHA384(), hashes.SHA512()):
            builder = x509.CertificateSigningRequestBuilder().subject_name(name("Pen 1"))
            yield from (builder.sign(key, digest).public_bytes(form) for form in FORMS)
    alternative = x509.SubjectAlternativeName([x509.DNSName("pen"), x509.RFC822Name("a@b.example")])
    usage = x509.ExtendedKeyUsage([x509.ExtendedKeyUsageOID.CLIENT_AUTH])
    whole = (x509.CertificateSigningRequestBuilder().subject_name(name("Pen 1"))
             .add_extension(alternative, False).add_extension(usage, True)
             .add_attribute(x509.oid.AttributeOID.CHALLENGE_PASSWORD, b"open")
             .sign(keys[0], hashes.SHA256()).public_bytes(FORMS[0]))
    yield whole
    yield whole[:-1] + bytes([whole[-1] ^ 1])  # not signed by its key


def revoked(serial, *extensions):
    builder = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - DAY)
    for extension in extensions:
        builder = builder.add_extension(extension, False)
    return builder.build()


def revocation_list(entries, issuer=CLINIC.subject, begins=NOW - DAY, ends=NOW + DAY):
    builder = (x509.CertificateRevocationListBuilder().issuer_name(issuer)
               .last_update(begins).next_update(ends)
               .add_extension(x509.CRLNumber(7), False))
    for entry in entries:
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(CLINIC_KEY, hashes.SHA256())


def revocation_lists():
    reasons = [x509.CRLReason(reason) for reason in x509.ReasonFlags
               if reason is not x509.ReasonFlags.unspecified]
    lists = [
        revocation_list([]),
        revocation_list([revoked(1)]),
        revocation_list([revoked(serial) for serial in (1, 1, 2, 3, 4, 5, 2**100)]),
        revocation_list([revoked(serial, x509.InvalidityDate(NOW), reason)
                         for serial, reason in enumerate(reasons, 1)]),
        revocation_list([revoked(1)], issuer=name("Somebody\u00fc else")),
        revocation_list([revoked(1)], ends=NOW - DAY / 2),
        revocation_list([revoked(1)], begins=NOW + DAY, ends=NOW + 2 * DAY),
    ]
    lists += [revocation_list([revoked(1, reason)]) for reason in reasons]
    for one in lists:
        for form in FORMS:
            yield from (how + one.public_bytes(form) for how in (b"\0", b"\1"))


def logs(contract, ups, orders):
    """A head, and messages in frames: whole, cut, in the wrong order of time."""
    def frame(message):
        data = message.SerializeToString()
        return bytes([len(data) & 0x7F | 0x80, len(data) >> 7]) + data

    pb = contract.log
    head = b"CPLOG1\r\n" + frame(pb.LogHead(site="ber", timezone="Europe/Berlin", until_ms=9))
    device = pb.LogUp(device=bytes(range(16)), kind=1)
    entries = [pb.LogEntry(received_ms=i, up=pb.LogUp(device=device.device, kind=1 + i % 5,
                                                      payload=one)) for i, one in enumerate(ups)]
    entries += [pb.LogEntry(received_ms=99, down=one) for one in orders]
    entries += [pb.LogEntry(received_ms=99, own=orders[0]), pb.LogEntry(received_ms=1, own=b"")]
    yield head
    yield head + frame(entries[0]) + frame(entries[1])
    yield head + b"".join(frame(one) for one in entries[-6:])
    yield (head + frame(entries[2]))[:-1]
    yield head + frame(entries[1]) + frame(entries[0])
    yield head + frame(pb.LogEntry(received_ms=5)) + b"\xff\xff\xff"


def main():
    folder, build = Path(sys.argv[1]), Path(sys.argv[2])
    with tempfile.TemporaryDirectory() as generated:
        contract = speech.compile_contract(generated)
    up = list(messages(contract.telemetry.Up))
    save(folder, "telemetry", [b"\1" + one for one in up])
    orders = list(messages(contract.report.Order))
    save(folder, "order", orders)
    save(folder, "json", (json_format.MessageToJson(contract.report.Order.FromString(one),
                                                    indent=None).encode() for one in orders))
    save(folder, "log", logs(contract, [one for one in up if len(one) < 200][:8],
                             [one for one in orders if len(one) < 200][:4]))
    save(folder, "config", configs())
    save(folder, "policy", policies())
    save(folder, "registry", registries())
    save(folder, "csr", requests())
    save(folder, "crl", revocation_lists())

    for target in ("packet", "link"):
        (folder / target).mkdir(parents=True, exist_ok=True)
    scripts = sorted((ROOT / "tests" / "protocol").glob("*.txt"))
    scripts.sort(key=lambda path: path.name != "common.txt")
    subprocess.run([build / "tests" / "fuzz" / "fuzz_seeds", folder, *scripts], check=True)


main()
