"""What never gets past TLS: bad certificates, old versions, weak suites, what is not TLS at all.
Every case names its line in the log and its counter."""

import socket
import ssl
import struct
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, ObjectIdentifier

import bytes_on_wire as wire
from certificates import CLIENT, DAY, NOW, URI, Issuer, der_of_uris, registry_line, save

ODD = "0dd0" * 8
OTHER = "07e4" * 8
MINE = (URI + ODD,)

REASONS = {
    "unknown_ca": "not from this clinic's authority",
    "weak_certificate": "uses what is not accepted",
    "long_chain": "more than one authority between",
    "wrong_purpose": r"not for clients \(clientAuth\)",
    "expired": "has expired",
    "not_yet_valid": "is not valid yet",
    "no_identity": r"names no device \(urn:carepace:device:ID\)",
    "ambiguous_identity": "names more than one device",
    "not_registered": "is not in the registry",
    "revoked": "was revoked",
    "no_certificate": "it shows no certificate",
    "malformed": "it sent what is not valid TLS",
}


class Odd:
    """Issuers for the cases, and what the registry must know."""

    def __init__(self, pki, folder):
        self.folder = folder
        self.ours = Issuer.of(pki)
        self.foreign = Issuer.new("another clinic")
        self.namesake = Issuer.new(self.ours.certificate.subject.rfc4514_string()[3:])
        self.chain_maker = Issuer.new("an authority with authorities")  # as some chains have it
        self.between = Issuer.new("intermediate", self.chain_maker)
        self.second = Issuer.new("second intermediate", self.between)
        self.late = Issuer.new("late intermediate", self.chain_maker, until=NOW - DAY)
        self.leaf = Issuer.new("a device that issues", self.chain_maker, is_ca=False)
        self.below_ours = Issuer.new("an authority of our own", self.ours)
        self.chain = [self.chain_maker]
        for i in range(12):
            self.chain.append(Issuer.new(f"authority {i}", self.chain[-1]))


def by(issuer, *chain, **options):
    """A case: a certificate of that issuer with these options, the chain sent with it."""
    identity = options.pop("identity", MINE)
    return lambda odd: (*getattr(odd, issuer).issue(identity, **options),
                        *[getattr(odd, one).certificate for one in chain])


def uri(text):
    return by("ours", identity=der_of_uris(text))


def long_chain(odd):
    return (*odd.chain[-1].issue(MINE), *[one.certificate for one in reversed(odd.chain[1:])])


def forged(odd):
    """The signature of another certificate under these words."""
    certificate, key = odd.ours.issue(MINE)
    other, _ = odd.ours.issue(MINE, key=key)
    der = certificate.public_bytes(serialization.Encoding.DER)
    signature = other.signature
    if len(certificate.signature) != len(signature):  # the length is in the words around it
        return forged(odd)
    return x509.load_der_x509_certificate(der[:-len(signature)] + signature), key


# mbedTLS 3.6 tells that it takes no RSA; OpenSSL shows no certificate then.
RSA = "weak_certificate" if ssl.OPENSSL_VERSION_INFO < (3, 5) else "no_certificate"

CERTIFICATES = {
    # whose
    "foreign authority": (by("foreign"), "unknown_ca"),
    "foreign authority, in the chain": (by("foreign", "foreign"), "unknown_ca"),
    "foreign authority with our name": (by("namesake"), "unknown_ca"),
    "issued by a device": (by("leaf", "leaf"), "unknown_ca"),
    "intermediate not sent": (by("between"), "unknown_ca"),
    "intermediate below our own": (by("below_ours", "below_ours"), "unknown_ca"),
    "another one's signature": (forged, "unknown_ca"),
    "two intermediates": (by("second", "second", "between"), "long_chain"),
    "twelve intermediates": (long_chain, "long_chain"),
    # when
    "expired": (by("ours", begins=NOW - 9 * DAY, ends=NOW - DAY), "expired"),
    "of the future": (by("ours", begins=NOW + DAY), "not_yet_valid"),
    "intermediate expired": (by("late", "late"), "expired"),
    # what for
    "for servers": (by("ours", eku=(ExtendedKeyUsageOID.SERVER_AUTH,)), "wrong_purpose"),
    "for code": (by("ours", eku=(ExtendedKeyUsageOID.CODE_SIGNING,)), "wrong_purpose"),
    "for any purpose": (by("ours", eku=(ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE,)),
                        "wrong_purpose"),
    "for no purpose": (by("ours", eku=()), "wrong_purpose"),
    "key may not sign": (by("ours", key_usage=("key_agreement",)), "wrong_purpose"),
    "an authority": (by("ours", is_ca=True), "wrong_purpose"),
    "no extensions": (by("ours", is_bare=True), "wrong_purpose"),
    # how
    "RSA 1024": (by("ours", key=rsa.generate_private_key(65537, 1024)), RSA),
    "RSA 2048": (by("ours", key=rsa.generate_private_key(65537, 2048)), RSA),
    "P-521": (by("ours", key=ec.generate_private_key(ec.SECP521R1())), "weak_certificate"),
    "Ed25519": (by("ours", key=ed25519.Ed25519PrivateKey.generate()), "no_certificate"),
    "SHA-1": (lambda odd: odd.ours.issue_sha1(MINE, odd.folder), "weak_certificate"),
    "SHA-224": (by("ours", digest=hashes.SHA224()), "weak_certificate"),
    "unknown critical extension": (by("ours", more=[(x509.UnrecognizedExtension(
        ObjectIdentifier("1.3.6.1.4.1.99999.1"), b"\5\0"), True)]), "malformed"),
    # who
    "no name": (by("ours", identity=()), "no_identity"),
    "a host": (by("ours", identity=("pen.example",)), "no_identity"),
    "another URI": (by("ours", identity=("urn:uuid:" + ODD,)), "no_identity"),
    "upper case digits": (uri((URI + "0DD0" * 8).encode()), "no_identity"),
    "upper case scheme": (uri((URI.upper() + ODD).encode()), "no_identity"),
    "a digit too few": (uri((URI + ODD[:-1]).encode()), "no_identity"),
    "a digit too many": (uri((URI + ODD + "0").encode()), "no_identity"),
    "NUL behind the name": (uri((URI + ODD).encode() + b"\0"), "no_identity"),
    "NUL in the name": (uri((URI + ODD[:-1]).encode() + b"\0"), "no_identity"),
    "a line end behind the name": (uri((URI + ODD).encode() + b"\n"), "no_identity"),
    "nobody": (uri((URI + "0" * 32).encode()), "no_identity"),
    "two devices": (by("ours", identity=(*MINE, URI + OTHER)), "ambiguous_identity"),
    "the same device twice": (by("ours", identity=2 * MINE), "ambiguous_identity"),
    "another's identity": (by("ours", identity=(URI + OTHER,)), "not_registered"),
}


@pytest.fixture(scope="module")
def odd(pki, tmp_path_factory):
    return Odd(pki, tmp_path_factory.mktemp("odd"))


@pytest.fixture
def meet(pki, odd, make_gateway, tmp_path):
    """meet(certificate, key, *chain, registry): a gateway, and how a client of it fares."""
    def start(certificate, key, *chain, registry=None):
        file = tmp_path / "registry"
        lines = registry_line(ODD, certificate) if registry is None else registry
        file.write_text("# carepace device registry 1\n" + lines)
        trusted = tmp_path / "ca.pem"
        trusted.write_bytes(pki.ca.read_bytes() + odd.chain_maker.pem())
        gateway = make_gateway(listener={"registry": file, "ca": trusted}).start()
        device = save(tmp_path, "odd", certificate, key, *chain)
        return gateway, talk(gateway, context_of(pki, device))

    return start


def context_of(pki, device=None, suites="ALL:@SECLEVEL=0"):
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=str(pki.ca))
    context.maximum_version = ssl.TLSVersion.TLSv1_2  # 1.3 asks the same gate
    context.set_ciphers(suites)
    if device:
        context.load_cert_chain(device.certificate, device.key)
    return context


def talk(gateway, context):
    """True when CONNECT was accepted."""
    try:
        with socket.create_connection(("127.0.0.1", gateway.port), 10) as plain:
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
                secure.sendall(wire.connect(ODD))
                return secure.recv(10) == b"\x20\x02\0\0"
    except (ConnectionError, ssl.SSLError):
        return False


def assert_refused(gateway, reason, line):
    gateway.wait_logged(rf"^WARNING refused 127\.0\.0\.1:\d+.*{line}")
    gateway.stop()
    counts = gateway.counts()
    refused = {name: n for name, n in counts.items() if name.startswith("tls_")}
    assert refused == {f"tls_{reason}": 1}
    assert "handshakes_ok" not in counts


@pytest.mark.parametrize("case", CERTIFICATES)
def test_a_wrong_certificate(odd, meet, case):
    make, reason = CERTIFICATES[case]
    gateway, is_in = meet(*make(odd))
    assert not is_in
    assert_refused(gateway, reason, REASONS[reason])


@pytest.mark.parametrize("case, line, reason", [
    ("not registered", lambda certificate: "", "not_registered"),
    ("revoked", lambda certificate: registry_line(ODD, certificate, "revoked"), "revoked"),
    ("of another device", lambda certificate: registry_line(OTHER, certificate), "not_registered"),
])
def test_what_the_registry_does_not_allow(odd, meet, case, line, reason):
    certificate, key = odd.ours.issue(MINE)
    gateway, is_in = meet(certificate, key, registry=line(certificate))
    assert not is_in
    assert_refused(gateway, reason, REASONS[reason])


def test_a_registered_serial_with_another_key(odd, meet):
    known, _ = odd.ours.issue(MINE)
    gateway, is_in = meet(*odd.ours.issue(MINE, serial=known.serial_number),
                          registry=registry_line(ODD, known))
    assert not is_in
    assert_refused(gateway, "not_registered", REASONS["not_registered"])


def test_a_registered_key_with_another_serial(odd, meet):
    known, key = odd.ours.issue(MINE)
    gateway, is_in = meet(*odd.ours.issue(MINE, key=key), registry=registry_line(ODD, known))
    assert not is_in
    assert_refused(gateway, "not_registered", REASONS["not_registered"])


@pytest.mark.parametrize("make", [
    by("ours"), by("between", "between"), by("ours", eku=(ExtendedKeyUsageOID.SERVER_AUTH, CLIENT)),
    by("ours", key=ec.generate_private_key(ec.SECP384R1()), digest=hashes.SHA384()),
    by("ours", identity=(*MINE, "pen.example")),
], ids=["plain", "one intermediate", "for servers, too", "P-384", "a host, too"])
def test_the_same_tools_make_good_ones(odd, meet, make):
    """The control: what is wrong above is what the case says."""
    gateway, is_in = meet(*make(odd))
    assert is_in, gateway.log


def test_no_certificate(pki, make_gateway):
    gateway = make_gateway().start()
    assert not talk(gateway, context_of(pki))
    assert_refused(gateway, "no_certificate", REASONS["no_certificate"])


# --- versions and suites -------------------------------------------------------------------------

ACCEPTED = {0xC02B, 0xC02C, 0xCCA9}  # ECDHE-ECDSA with AES-GCM and ChaCha20-Poly1305


def hello(version, suites):
    """A ClientHello of TLS 1.2 or older."""
    extensions = (struct.pack(">HHHHHH", 10, 6, 4, 23, 29, 0)[:10]  # P-256, X25519
                  + struct.pack(">HHHHH", 13, 6, 4, 0x0403, 0x0401))
    listed = b"".join(struct.pack(">H", suite) for suite in suites)
    body = (struct.pack(">H", version) + bytes(32) + b"\0" + struct.pack(">H", len(listed))
            + listed + b"\1\0" + struct.pack(">H", len(extensions)) + extensions)
    message = b"\1" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\3\1" + struct.pack(">H", len(message)) + message


def answer_to(gateway, message):
    """("alert", description), ("hello", version, suite) or None when it only closed."""
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as plain:
        plain.sendall(message)
        got = b""
        while len(got) < 79:
            more = plain.recv(1000)
            if not more:
                break
            got += more
    if got[:1] == b"\x15":
        return "alert", got[6]
    if got[:1] == b"\x16":
        return "hello", *struct.unpack_from(">HH", got[9:11] + got[44 + got[43]:46 + got[43]])
    return None


def test_no_suite_but_these_is_ever_chosen(make_gateway):
    gateway = make_gateway().start()
    others = [suite for suite in range(0x10000) if suite not in ACCEPTED]
    for i in range(0, len(others), 4000):
        assert answer_to(gateway, hello(0x303, others[i:i + 4000])) == ("alert", 40)
    gateway.wait_logged("^WARNING refused 127.*: it offers no accepted cipher suite")
    for suite in ACCEPTED:
        assert answer_to(gateway, hello(0x303, others[:100] + [suite])) == ("hello", 0x303, suite)
    gateway.stop()
    assert gateway.counts()["tls_no_common_cipher"] == 17


@pytest.mark.parametrize("version", [0x300, 0x301, 0x302], ids=["SSL 3", "TLS 1.0", "TLS 1.1"])
def test_no_older_version_is_ever_chosen(make_gateway, version):
    gateway = make_gateway().start()
    assert answer_to(gateway, hello(version, [*range(0x100), *range(0xC000, 0xC100)])) == ("alert", 70)
    assert_refused(gateway, "old_version", "no version of TLS that is accepted: update it to TLS 1.2")


def test_renegotiation_is_refused(pki, make_gateway):
    pen = pki.issue("pen", "Pen")
    gateway = make_gateway().start()
    with subprocess.Popen(
            ["openssl", "s_client", "-tls1_2", "-connect", f"127.0.0.1:{gateway.port}", "-CAfile",
             pki.ca, "-cert", pen.certificate, "-key", pen.key],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True) as client:
        for line in client.stdout:
            if "Verify return code" in line:
                break
        client.stdin.write("R\n")
        client.stdin.flush()
        rest = client.stdout.read()
    assert "RENEGOTIATING" in rest
    assert "no renegotiation" in rest
    gateway.stop()
    assert gateway.counts()["handshakes_ok"] == 1


# --- not TLS -------------------------------------------------------------------------------------

@pytest.mark.parametrize("first, reason, line", [
    (wire.connect(ODD), "not_tls", "does not speak TLS: set the device to MQTT over TLS"),
    (b"GET / HTTP/1.1\r\n\r\n", "not_tls", "does not speak TLS"),
    (b"SSH-2.0-OpenSSH_9.2\r\n", "not_tls", "does not speak TLS"),
    (b"\x80\x2e\x01\x00\x02" + bytes(43), "not_tls", "does not speak TLS"),
    (b"\x15\x03\x03\x00\x02\x02\x28", "not_tls", "does not speak TLS"),
    (b"\x16\x03\x01\x00\x04\x0e\0\0\0", "malformed", "not valid TLS"),
    (b"\x16\x03\x03\xff\xff" + bytes(100), "malformed", "not valid TLS"),
    (b"\x16\x03\x01\x00\x29\x01\x00\x00\x25" + bytes(37), "malformed", "not valid TLS"),
], ids=["MQTT", "HTTP", "SSH", "SSL 2", "an alert", "another message first", "a record too long",
        "nonsense"])
def test_not_tls(make_gateway, first, reason, line):
    gateway = make_gateway().start()
    with socket.create_connection(("127.0.0.1", gateway.port), 10) as plain:
        plain.sendall(first)
        try:
            while plain.recv(100):  # at most an alert
                pass
        except ConnectionError:
            pass
    assert_refused(gateway, reason, line)
