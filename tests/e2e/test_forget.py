"""CLIENT_FORGET on the real daemon: head office orders it, no file of the store holds the token
any more, in no form, and whoever comes with it later is not known by it (domain section 5)."""

import base64
import json
import stat
import subprocess
import time

import pytest

from gateway import BUILD, CAREPACE
from head_office import wait_for
from speech import now_ms, token
from test_head_office import Office, connected

KEEPS_TOKENS = BUILD / "tests" / "carepace_keeps_tokens"  # takes the order and forgets nobody
HQ_EPOCH = 5


@pytest.fixture
def office(tmp_path, contract):
    office = Office(tmp_path, contract)
    yield office.open()
    office.close()


@pytest.fixture(scope="module")
def devices(pki):
    return [pki.issue("pen"), pki.issue("tablet")]


def forms(canary):
    return {"bytes": canary, "digits": canary.hex().encode(),
            "capitals": canary.hex().upper().encode(), "base64": base64.b64encode(canary)}


def places(gateway, canary):
    """[(file, form)]: where in the folder of the store the token stands."""
    return [(path.name, name) for path in sorted(gateway.store.rglob("*")) if path.is_file()
            for name, form in forms(canary).items() if form in path.read_bytes()]


def treat(gateway, make_device, devices, canary):
    """A client who was treated twice, too soon, and of whom strange messages were kept."""
    pen, tablet = (make_device(gateway, device) for device in devices)
    pen.tell(pen.hello(), *pen.past_session(40, canary), *pen.past_session(20, canary))
    tablet.tell(tablet.hello(), tablet.say("screening", client_token=canary, consent=2))
    up = pen.start(client=canary).SerializeToString() + b"\xba\x06\x7fcut"
    for strange in (up, b"\xff" + json.dumps([canary.hex(), canary.hex().upper(),
                                              base64.b64encode(canary).decode()]).encode()):
        pen.publish(strange).wait_for_publish(10)
    wait_for(lambda: gateway.rows("SELECT count(*) FROM parked") == [(2,)], "two are parked")
    return pen, tablet


def forget(office, canary, n, key="forget/1"):
    order = office.report.Order(hq_epoch=HQ_EPOCH, n=n, ts_ms=now_ms(), key=key, revision=1)
    order.client_forget.client_token = canary
    office.send(order.SerializeToString())


def forgotten(office):
    """What the last receipt says is done: {key: ForgetDone}."""
    receipts = office.reports("receipt")
    return {done.key: done for done in receipts[-1].receipt.forgotten} if receipts else {}


def why(gateway, *options):
    (alert,), = gateway.rows("SELECT lower(hex(id)) FROM alert WHERE check_id = 101")
    return subprocess.run([CAREPACE, "why", alert, "--config", gateway.configuration, *options],
                          check=True, text=True, capture_output=True).stdout


def test_no_file_holds_the_token_of_a_forgotten_client(office, make_gateway, make_device, devices):
    canary = token()
    gateway = connected(make_gateway(upstream=office.settings()).start())
    pen, tablet = treat(gateway, make_device, devices, canary)
    assert {form for _, form in places(gateway, canary)} == set(forms(canary))
    assert canary.hex()[:6] in why(gateway)

    forget(office, canary, 1)
    done = wait_for(lambda: forgotten(office).get("forget/1"),
                    lambda: f"said to be done: {office.reports('receipt')}", 40)
    assert places(gateway, canary) == [], "when it is said to be done, it is"
    assert (done.backups, done.parked) == (0, 2)
    assert done.gone_after_date > int(time.strftime("%Y%m%d"))

    # The finding stays, of nobody that could be named.
    assert "forgotten client" in why(gateway) and canary.hex()[:6] not in why(gateway)
    assert json.loads(why(gateway, "--json"))["client"] == "forgotten"

    # What devices had kept, what comes now, and what comes after a crash: stripped, too.
    pen.tell(*pen.past_session(10, canary))
    gateway.kill()
    gateway.start()
    pen.wait_connections(2)
    pen.tell(pen.start(client=canary))
    tablet.tell(tablet.say("assessment", client_token=canary, score=3))
    assert gateway.rows("SELECT count(*) FROM client WHERE token IS NOT NULL") == [(0,)]
    assert places(gateway, canary) == []
    gateway.stop()
    assert places(gateway, canary) == []
    assert not [line for line in gateway.log if canary.hex() in line]
    gateway.verify()


def test_the_search_finds_what_was_not_forgotten(office, make_gateway, make_device, devices):
    """The negative control: the same with a daemon that forgets nobody."""
    canary = token()
    gateway = connected(make_gateway(KEEPS_TOKENS, upstream=office.settings()).start())
    treat(gateway, make_device, devices, canary)
    forget(office, canary, 1)
    office.wait_receipt(HQ_EPOCH, 1)
    gateway.stop()
    assert {form for _, form in places(gateway, canary)} == set(forms(canary))


def test_the_key_of_the_box(make_gateway):
    gateway = make_gateway().start()
    gateway.stop()
    key = gateway.store / "box.key"
    text = key.read_text()
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and len(text.splitlines()[1]) == 64
    gateway.start()
    gateway.stop()
    assert key.read_text() == text, "it never changes"

    key.write_text("# carepace box key 1\nnot a key\n")
    gateway.launch()
    assert gateway.ended() != 0
    assert gateway.logged("box.key does not hold the key of this box")
    assert key.read_text().endswith("not a key\n"), "and is never overwritten"
