"""`carepace pki` beside openssl: requests that it made, lists that it made, and what the daemon
does about them."""

import json
import signal
import subprocess
import time
from types import SimpleNamespace

import pytest

import bytes_on_wire as wire
from gateway import CAREPACE, Pki
from head_office import Authority

EC = ("ec", "-pkeyopt", "ec_paramgen_curve:P-256")


def openssl(*arguments):
    result = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout


def pki_says(folder, command, *arguments):
    """Its answer as a person sees it: exit status, output, complaint."""
    where = [] if folder is None else [folder]
    result = subprocess.run([CAREPACE, "pki", command, *where, *map(str, arguments)],
                            capture_output=True, text=True)
    return SimpleNamespace(code=result.returncode, out=result.stdout, err=result.stderr)


def refused(answer, sentence, code=1):
    assert answer.code == code and sentence in answer.err, answer
    assert answer.err.count("\n") == 1 and answer.out == "", answer


@pytest.fixture
def clinic(tmp_path):
    return Pki(tmp_path / "clinic")


def listed(clinic):
    return json.loads(pki_says(clinic.folder, "list", "--json").out)["certificates"]


# --- requests ---------------------------------------------------------------------------------

def request(folder, key=EC, name="device", form="PEM"):
    """(request, key) as a device makes them; it asks for names that are not its own."""
    files = folder / f"{name}.csr", folder / f"{name}.secret"
    openssl("req", "-new", "-newkey", *key, "-noenc", "-keyout", files[1], "-out", files[0],
            "-outform", form, "-subj", "/CN=somebody else", "-addext",
            "subjectAltName=URI:urn:carepace:device:00112233445566778899aabbccddeeff,DNS:evil")
    return files


def issue(clinic, csr, *more):
    return pki_says(clinic.folder, "issue", "--kind", "pen", "--name", "Pen 1", "--csr", csr,
                    "--json", *more)


@pytest.mark.parametrize("curve, form", [("P-256", "PEM"), ("P-384", "PEM"), ("P-256", "DER")])
def test_a_request_gives_its_key_and_nothing_else(clinic, tmp_path, curve, form):
    csr, secret = request(tmp_path, ("ec", "-pkeyopt", f"ec_paramgen_curve:{curve}"), form=form)
    (one,) = json.loads(issue(clinic, csr).out)
    assert one["key"] is None and not list((clinic.folder / "devices").glob("*.key"))
    assert openssl("x509", "-in", one["cert"], "-noout", "-pubkey") == openssl(
        "pkey", "-in", secret, "-pubout")
    openssl("verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", clinic.ca, one["cert"])
    text = openssl("x509", "-in", one["cert"], "-noout", "-text")
    assert f"URI:urn:carepace:device:{one['id']}\n" in text
    assert "evil" not in text and "somebody else" not in text and "001122334455" not in text


def test_a_device_connects_with_the_key_that_it_kept(make_gateway, make_device, clinic, tmp_path):
    csr, secret = request(tmp_path)
    (one,) = json.loads(issue(clinic, csr).out)
    pen = SimpleNamespace(hex=one["id"], id=bytes.fromhex(one["id"]), kind="pen",
                          certificate=one["cert"], key=secret)
    gateway = make_gateway(pki=clinic).start()
    device = make_device(gateway, pen)
    device.tell(device.hello())
    device.close()
    gateway.stop()


@pytest.mark.parametrize("key, sentence", [
    (("rsa", "-pkeyopt", "rsa_keygen_bits:2048"), "its key is RSA of 2048 bits: make the device"),
    (("ec", "-pkeyopt", "ec_paramgen_curve:secp256k1"), "its key is EC of 256 bits: make"),
    (("ed25519",), "this is not a certificate request of an EC key"),
])
def test_a_request_of_another_kind_of_key(clinic, tmp_path, key, sentence):
    csr, _ = request(tmp_path, key)
    refused(issue(clinic, csr), f"{csr}: {sentence}")
    assert listed(clinic) == [] and not list((clinic.folder / "devices").glob("*"))


def test_a_request_that_somebody_changed(clinic, tmp_path):
    csr, _ = request(tmp_path, form="DER")
    csr.write_bytes(csr.read_bytes().replace(b"somebody else", b"somebody_else"))
    refused(issue(clinic, csr), "it is not signed by its own key with SHA-2")
    csr.write_text("")
    refused(issue(clinic, csr), "this is not a certificate request")
    csr.write_text("hello")
    refused(issue(clinic, csr), "this is not a certificate request")
    refused(issue(clinic, tmp_path / "none"), f"cannot open {tmp_path}/none")
    refused(issue(clinic, csr, "--count", 2), "--csr and --count do not go together", 2)
    assert listed(clinic) == []


def test_one_key_is_one_devices(clinic, tmp_path):
    csr, _ = request(tmp_path)
    assert issue(clinic, csr).code == 0
    again = pki_says(clinic.folder, "issue", "--kind", "rf", "--name", "RF 1", "--csr", csr)
    refused(again, "this is the key of Pen 1: make another one on this device")

    # Its own device may keep it, until somebody else may have it.
    assert pki_says(clinic.folder, "renew", "--name", "Pen 1", "--csr", csr).code == 0
    old, new = listed(clinic)
    assert old["id"] == new["id"] and old["serial"] != new["serial"]
    pki_says(clinic.folder, "revoke", "--name", "Pen 1", "--reason", "key-compromise")
    refused(pki_says(clinic.folder, "renew", "--name", "Pen 1", "--csr", csr),
            "this key was revoked (key-compromise): make a new one")
    other, _ = request(tmp_path, name="other")
    assert pki_says(clinic.folder, "renew", "--name", "Pen 1", "--csr", other).code == 0
    assert [one["state"] for one in listed(clinic)] == ["revoked", "revoked", "active"]


# --- revocation -------------------------------------------------------------------------------

def test_a_live_device_is_gone_within_five_seconds(make_gateway, make_device, clinic):
    lost, kept = clinic.issue(name="Lost"), clinic.issue(name="Kept")
    gateway = make_gateway(pki=clinic).start()
    healthy, link = make_device(gateway, kept), wire.Wire(gateway, lost)
    link.send(wire.connect(lost.hex))
    assert link.receive()[0] == 0x20
    began = time.monotonic()
    assert "within 5 s" in pki_says(clinic.folder, "revoke", "--name", "Lost").out
    assert link.receive() is None and time.monotonic() - began < 5
    gateway.wait_logged(f"closed .* as device {lost.hex}: its certificate was revoked")
    healthy.tell(healthy.hello())
    assert healthy.losses == []
    healthy.close()
    gateway.stop()
    assert gateway.counts()["mqtt_revoked"] == 1


# --- the listener -----------------------------------------------------------------------------

def test_a_new_certificate_for_the_listener(make_gateway, make_device, clinic):
    pen = clinic.issue()
    gateway = make_gateway(pki=clinic).start()
    before = (clinic.folder / "listener.pem").read_text()
    refused(pki_says(clinic.folder, "listener"), "say --host, once for each name", 2)
    answer = pki_says(clinic.folder, "listener", "--host", "127.0.0.1", "--host", "gw.example")
    assert answer.code == 0 and "listener.pem and .key, until 20" in answer.out
    assert (clinic.folder / "listener.key").stat().st_mode & 0o777 == 0o600
    names = openssl("x509", "-in", clinic.folder / "listener.pem", "-noout", "-ext",
                    "subjectAltName")
    assert "IP Address:127.0.0.1, DNS:gw.example" in names
    assert (clinic.folder / "listener.pem").read_text() != before

    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_logged("reload: the certificate of the listener")
    device = make_device(gateway, pen)  # trusts it as before
    device.tell(device.hello())
    device.close()
    gateway.stop()


# --- revocation lists -------------------------------------------------------------------------

class Lists:
    """Makes revocation lists with an authority's key."""

    def __init__(self, folder, certificate, key):
        self.folder, self.certificate, self.key = folder, certificate, key
        self.index = folder / "index.txt"
        self.configuration = folder / "ca.cnf"
        self.configuration.write_text(
            f"[ca]\ndefault_ca=one\n[one]\ndatabase={self.index}\ndefault_md=sha256\n"
            f"crlnumber={folder}/crlnumber\ncrl_extensions=ext\n"
            "[ext]\nauthorityKeyIdentifier=keyid\n")
        (folder / "crlnumber").write_text("01\n")

    def make(self, entries=(), form="PEM", **options):
        """entries: (serial, reason); options: what `openssl ca` takes besides."""
        self.index.write_text("".join(
            f"R\t400101000000Z\t261101120000Z{reason and ','}{reason}\t{serial.upper()}\tunknown"
            "\t/CN=one\n" for serial, reason in entries))
        path = self.folder / f"{len(list(self.folder.glob('*.crl')))}.crl"
        more = [word for name, value in (options or {"crldays": 30}).items()
                for word in (f"-{name}", value)]
        openssl("ca", "-gencrl", "-config", self.configuration, "-cert", self.certificate,
                "-keyfile", self.key, "-out", path, *more)
        if form == "DER":
            openssl("crl", "-in", path, "-out", path, "-outform", "DER")
        return path


@pytest.fixture
def lists(clinic, tmp_path):
    folder = tmp_path / "lists"
    folder.mkdir()
    return Lists(folder, clinic.ca, clinic.folder / "ca.key")


def take_over(clinic, crl, *more):
    return pki_says(clinic.folder, "import-crl", crl, *more)


@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_a_list_revokes_what_it_names(clinic, lists, form):
    for name in ("Pen 1", "Pen 2", "Pen 3", "Pen 4"):
        clinic.issue(name=name)
    serials = [one["serial"] for one in listed(clinic)]
    pki_says(clinic.folder, "revoke", "--name", "Pen 3", "--reason", "superseded")
    crl = lists.make([(serials[0], "keyCompromise"), (serials[1], ""), (serials[2], ""),
                      ("41ff", "keyCompromise")], form)
    answer = take_over(clinic, crl)
    assert answer.code == 0, answer.err
    assert "lists 4 certificates: 2 are revoked now, 1 were before, 1 are not in" in answer.out
    assert "closes their connections within 5 s" in answer.out
    found = [(one["state"], one["reason"], one["revoked"] or "") for one in listed(clinic)]
    assert found[0] == ("revoked", "key-compromise", "2026-11-01T12:00:00Z")
    assert found[1] == ("revoked", "unspecified", "2026-11-01T12:00:00Z")
    assert found[2][:2] == ("revoked", "superseded") and found[3] == ("active", None, "")
    assert "the next is due on" in pki_says(clinic.folder, "list").out

    # What a later list leaves out stays revoked.
    answer = json.loads(take_over(clinic, lists.make(), "--json").out)
    assert answer.items() >= {"listed": 0, "revoked": 0, "known": 0}.items()
    assert [one["state"] for one in listed(clinic)] == ["revoked"] * 3 + ["active"]


def test_a_list_of_many(clinic, lists):
    clinic.issue(name="Pen 1")
    (pen,) = listed(clinic)
    others = [(f"{number:032x}", "superseded") for number in range(0x41 << 120, (0x41 << 120) + 5000)]
    answer = take_over(clinic, lists.make(others + [(pen["serial"], "CACompromise")]))
    assert "lists 5001 certificates: 1 are revoked now" in answer.out
    assert listed(clinic)[0]["reason"] == "ca-compromise"


def test_a_list_that_must_not_be_believed(clinic, lists, tmp_path):
    clinic.issue(name="Pen 1")
    (pen,) = listed(clinic)
    entries = [(pen["serial"], "keyCompromise")]

    def other(name):
        authority = Authority(tmp_path / name.replace(" ", "-"), name)
        return Lists(authority.folder, authority.certificate, authority.key).make(entries)

    forged = tmp_path / "forged.crl"
    forged.write_bytes(lists.make(entries, "DER").read_bytes().replace(b"261101", b"261102"))
    twin = Pki(tmp_path / "twin")  # an authority of the same name
    (tmp_path / "twins").mkdir()
    text = tmp_path / "text"
    text.write_text("hello")
    two = tmp_path / "two"
    two.write_text(lists.make(entries).read_text() * 2)
    for crl, sentence in (
            (other("another clinic"), "it is of another authority (CN=another clinic): import"),
            (Lists(tmp_path / "twins", twin.ca, twin.folder / "ca.key").make(entries),
             "it is not signed by the clinic's authority: it is broken or forged"),
            (forged, "it is not signed by the clinic's authority: it is broken or forged"),
            (lists.make(entries, crl_lastupdate="20200101000000Z",
                        crl_nextupdate="20200201000000Z"),
             "it was good until 2020-02-01T00:00:00Z: get the current list"),
            (lists.make(entries, crl_lastupdate="20400101000000Z",
                        crl_nextupdate="20400201000000Z"),
             "it is of 2040-01-01T00:00:00Z, which is still to come: set the clock"),
            (text, "this is not a revocation list, in PEM or DER form"),
            (two, "it holds more than one list: import them one by one"),
            (clinic.ca, "this is not a revocation list, in PEM or DER form")):
        refused(take_over(clinic, crl), f"{crl}: {sentence}")
    refused(take_over(clinic, tmp_path / "none"), f"cannot open {tmp_path}/none")
    assert [one["state"] for one in listed(clinic)] == ["active"]
    assert json.loads(pki_says(clinic.folder, "list", "--json").out)["crl"] is None


def test_an_older_list_than_the_last(clinic, lists):
    older = lists.make(crl_lastupdate="20261001000000Z", crl_nextupdate="20990101000000Z")
    assert take_over(clinic, lists.make()).code == 0
    refused(take_over(clinic, older), "it is older than the list that was imported last, of 20")


def test_arguments(clinic):
    refused(pki_says(None, "import-crl"), "say which revocation list", 2)
    refused(pki_says(clinic.folder, "import-crl", "a", "b"), 'what is "b"?', 2)
    refused(pki_says(clinic.folder, "import"), 'no command "import"', 2)
