"""Certificates that `carepace pki` would never issue, in a registry that knows them all: what is
refused is refused by what they say."""

import datetime
import hashlib
import subprocess
from types import SimpleNamespace

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
DAY = datetime.timedelta(days=1)
URI = "urn:carepace:device:"
CLIENT = ExtendedKeyUsageOID.CLIENT_AUTH


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def p256():
    return ec.generate_private_key(ec.SECP256R1())


def der_of_uris(*uris):
    """A subjectAltName of raw bytes, which no library checks."""
    body = b"".join(b"\x86" + bytes([len(uri)]) + uri for uri in uris)
    return b"\x30" + (bytes([len(body)]) if len(body) < 128 else b"\x81" + bytes([len(body)])) + body


class Issuer:
    """An authority, or whoever plays one."""

    def __init__(self, certificate, key):
        self.certificate = certificate
        self.key = key

    @classmethod
    def of(cls, pki):
        return cls(x509.load_pem_x509_certificate(pki.ca.read_bytes()),
                   serialization.load_pem_private_key((pki.folder / "ca.key").read_bytes(), None))

    @classmethod
    def new(cls, subject, above=None, is_ca=True, until=NOW + 30 * DAY):
        """Signed by `above`, or by itself."""
        key = p256()
        builder = (x509.CertificateBuilder().subject_name(name(subject))
                   .issuer_name(above.certificate.subject if above else name(subject))
                   .public_key(key.public_key()).serial_number(x509.random_serial_number())
                   .not_valid_before(NOW - 60 * DAY).not_valid_after(until)
                   .add_extension(x509.BasicConstraints(is_ca, None), True))
        if is_ca:
            builder = builder.add_extension(usage("key_cert_sign", "crl_sign"), True)
        return cls(builder.sign(above.key if above else key, hashes.SHA256()), key)

    def issue(self, identity, key=None, begins=NOW - DAY, ends=NOW + 30 * DAY, eku=(CLIENT,),
              key_usage=("digital_signature",), is_ca=False, digest=hashes.SHA256(), serial=None,
              more=(), is_bare=False):
        """A device's certificate. identity: URIs, or the bytes of the whole extension."""
        key = key or p256()
        builder = (x509.CertificateBuilder().subject_name(name("odd"))
                   .issuer_name(self.certificate.subject).public_key(key.public_key())
                   .serial_number(serial or x509.random_serial_number())
                   .not_valid_before(begins).not_valid_after(ends))
        if isinstance(identity, bytes):
            names = x509.UnrecognizedExtension(x509.SubjectAlternativeName.oid, identity)
        else:
            names = x509.SubjectAlternativeName([
                x509.UniformResourceIdentifier(one) if ":" in one else x509.DNSName(one)
                for one in identity])
        extensions = [(x509.BasicConstraints(is_ca, None), True), (usage(*key_usage), True)]
        if identity:
            extensions.append((names, False))
        if eku:
            extensions.append((x509.ExtendedKeyUsage(eku), False))
        for extension, is_critical in [*extensions, *more] if not is_bare else []:
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(self.key, digest), key

    def issue_sha1(self, identity, folder):
        """By openssl: the library above has forgotten how."""
        paths = {part: folder / f"sha1-{part}" for part in ("ca", "ca_key", "key", "certificate")}
        key = p256()
        paths["ca"].write_bytes(self.pem())
        for part, private in (("ca_key", self.key), ("key", key)):
            paths[part].write_bytes(key_pem(private))
        subprocess.run(
            ["openssl", "req", "-x509", "-new", "-sha1", "-days", "30", "-subj", "/CN=odd",
             "-CA", paths["ca"], "-CAkey", paths["ca_key"], "-key", paths["key"],
             "-addext", f"subjectAltName=URI:{identity[0]}", "-addext", "basicConstraints=CA:FALSE",
             "-addext", "extendedKeyUsage=clientAuth", "-addext", "keyUsage=digitalSignature",
             "-out", paths["certificate"]], check=True, capture_output=True)
        return x509.load_pem_x509_certificate(paths["certificate"].read_bytes()), key

    def pem(self):
        return self.certificate.public_bytes(serialization.Encoding.PEM)


def key_pem(key):
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                             serialization.NoEncryption())


def usage(*bits):
    every = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{bit: bit in bits for bit in every})


def registry_line(device, certificate, state="active"):
    public = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    serial = f"{certificate.serial_number:x}"
    stamp = "%Y-%m-%dT%H:%M:%SZ"
    return (f"{device} pen {state} {serial.zfill(len(serial) + len(serial) % 2)} "
            f"{hashlib.sha256(public).hexdigest()} {NOW.strftime(stamp)} "
            f"{(NOW + 30 * DAY).strftime(stamp)} Odd\n")


def save(folder, stem, certificate, key, *chain):
    """Files that a client can load; the chain behind the certificate."""
    pem = serialization.Encoding.PEM
    files = SimpleNamespace(certificate=folder / f"{stem}.crt", key=folder / f"{stem}.key")
    files.certificate.write_bytes(b"".join(one.public_bytes(pem) for one in (certificate, *chain)))
    files.key.write_bytes(key_pem(key))
    return files
