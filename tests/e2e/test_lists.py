"""The lists of the command line beside a running gateway: what a device said over TLS a moment ago is
there, in words and as JSON, and nowhere more than six digits of a token."""

import json
import subprocess

import pytest

from gateway import CAREPACE


def carepace(gateway, *words, status=0):
    result = subprocess.run([CAREPACE, *words, "--config", gateway.configuration], text=True,
                            capture_output=True)
    assert result.returncode == status, result.stderr
    assert not result.stderr
    return result.stdout


@pytest.mark.parametrize("name", ["devices", "sessions", "clients", "cartridges"])
def test_an_empty_store(gateway, name):
    assert carepace(gateway, name) == f"No {name}.\n"
    assert json.loads(carepace(gateway, name, "--json")) == {name: [], "next": None}


def test_what_a_device_just_said(pki, make_gateway, make_device):
    identity = pki.issue("pen", "Pen 7")
    gateway = make_gateway().start()
    pen = make_device(gateway, identity)
    start = pen.start()
    sid, client = start.session_start.sid, start.session_start.client_token
    pen.tell(pen.hello(), start, pen.attach(sid, "1001"), pen.samples(sid))

    (device,) = json.loads(carepace(gateway, "devices", "--json"))["devices"]
    assert (device["id"], device["name"]) == (identity.hex, "Pen 7")
    (session,) = json.loads(carepace(gateway, "sessions", "--json", "--device",
                                     identity.hex[:12]))["sessions"]
    assert (session["sid"], session["device"]) == (sid.hex(), identity.hex)
    assert session["client"] == client.hex()[:6]
    (known,) = json.loads(carepace(gateway, "clients", "--json"))["clients"]
    assert (known["client"], known["sessions"]) == (client.hex()[:6], 1)
    assert "Pen 7" in carepace(gateway, "devices")
    for name in ("devices", "sessions", "clients", "cartridges"):
        for words in ((), ("--json",)):
            assert client.hex()[:7] not in carepace(gateway, name, *words)

    (cart,) = json.loads(carepace(gateway, "cartridges", "--json"))["cartridges"]
    assert (cart["serial"], cart["lot"], cart["state"]) == ("1001", "L1", "in use")
    recall = json.loads(carepace(gateway, "recall", "L1", "--json", status=1))
    assert (recall["sessions"], recall["clients"], recall["devices"]) == (1, 1, 1)
    assert recall["uses"][0]["sid"] == sid.hex()
    assert "It was not used here." in carepace(gateway, "recall", "XYZ99")
    pen.close()
