"""Certificates that `carepace pki` would never issue, by openssl with the clinic's own key."""

import subprocess

from head_office import valid_for


def issue(pki, folder, identity, days=30, key=("ec", "ec_paramgen_curve:P-256"),
          usage="clientAuth", authority=None):
    """(certificate, key) with the subject alternative name `identity`, e.g. "URI:urn:...". """
    ca, ca_key = authority or (pki.ca, pki.folder / "ca.key")
    stem = folder / f"odd-{len(list(folder.glob('odd-*.crt')))}"
    files = {suffix: stem.with_suffix(suffix) for suffix in (".key", ".csr", ".crt", ".ext")}
    files[".ext"].write_text(f"basicConstraints=CA:FALSE\nextendedKeyUsage={usage}\n"
                             f"keyUsage=digitalSignature\nsubjectAltName={identity}\n")
    algorithm, option = key
    for command in (
            ["req", "-newkey", algorithm, "-pkeyopt", option, "-nodes", "-subj", "/CN=odd",
             "-keyout", files[".key"], "-out", files[".csr"]],
            ["x509", "-req", "-in", files[".csr"], "-CA", ca, "-CAkey", ca_key, "-CAserial",
             folder / "odd.srl", "-CAcreateserial", *valid_for(days), "-sha256",
             "-extfile", files[".ext"], "-out", files[".crt"]]):
        subprocess.run(["openssl", *map(str, command)], check=True, capture_output=True)
    return files[".crt"], files[".key"]
