"""Somebody at the box acknowledges an alert by `carepace acknowledge`: kept as an input, once, and
refused in one sentence where there is nothing to acknowledge. Head office: test_head_office.py."""

import json
import subprocess

import pytest

from gateway import CAREPACE
from speech import token

OPERATOR = "0f" * 16  # of every session here


def acknowledge(gateway, *words, status=0):
    result = subprocess.run([CAREPACE, "acknowledge", *words, "--config", gateway.configuration],
                            text=True, capture_output=True)
    assert result.returncode == status, result.stdout + result.stderr
    return result.stdout or result.stderr


def alerts(gateway, *words):
    return json.loads(subprocess.run(
        [CAREPACE, "alerts", "--json", *words, "--config", gateway.configuration], check=True,
        text=True, capture_output=True).stdout)


@pytest.fixture(name="talk")
def _talk(pki, make_gateway, make_device):
    identity = pki.issue("pen", "Pen 7")
    gateway = make_gateway().start()
    pen = make_device(gateway, identity)
    client = token()
    pen.tell(*pen.past_session(20, client), pen.start(client=client))
    return gateway, pen


def test_once_and_for_good(talk):
    gateway, _pen = talk
    (alert,) = alerts(gateway)
    said = acknowledge(gateway, alert["id"][:8], "--operator", OPERATOR[:6], "--reason", "3")
    assert said == (f"Alert {alert['id'][:8]} is acknowledged: MEDIUM INTERVAL_TOO_SOON.\n"
                    "It is settled.\n")
    assert alerts(gateway) == []
    (after,) = alerts(gateway, "--all")
    assert (after["acknowledged"]["by"], after["acknowledged"]["reason"]) == (OPERATOR[:6], 3)
    said = acknowledge(gateway, alert["id"][:8], "--operator", token().hex(), status=1)
    assert said.startswith(f"carepace acknowledge: alert {alert['id'][:8]} was acknowledged "
                           "already, ") and said.endswith(f", by {OPERATOR[:6]}\n")
    rows = gateway.rows("SELECT count(*), sum(instr(payload, ?)) FROM journal WHERE source = 1"
                        " AND kind = 256 + 39", bytes.fromhex(OPERATOR))
    assert rows == [(1, 0)], "one input, and no token in it"
    gateway.kill()
    gateway.start()
    assert alerts(gateway) == []
    gateway.stop()
    gateway.verify()


@pytest.mark.parametrize("words, status, sentence", [
    (("00000000", "--operator", OPERATOR[:2]), 1, "there is no alert 00000000"),
    (("xyz", "--operator", OPERATOR[:2]), 2, 'not by "xyz"'),
    (("{id}",), 2, "who says so? Give --operator"),
    (("{id}", "--operator", "Anna"), 2, 'not by "Anna"'),
    (("{id}", "--operator", "00ff00ff"), 1, "no operator is known whose token begins with"),
    (("{id}", "--operator", OPERATOR[:2], "--reason", "256"), 2, "--reason is a number from 1 to 255"),
    ((), 2, "which alert?"),
])
def test_one_sentence_where_it_is_refused(talk, words, status, sentence):
    gateway, _pen = talk
    (alert,) = alerts(gateway)
    said = acknowledge(gateway, *(word.format(id=alert["id"]) for word in words), status=status)
    assert sentence in said and said.count("\n") == 1
    assert alerts(gateway) == [alert]


def test_without_a_gateway_nothing_is_written(talk):
    gateway, pen = talk
    (alert,) = alerts(gateway)
    pen.close()
    gateway.stop()
    said = acknowledge(gateway, alert["id"], "--operator", token().hex(), status=3)
    assert "no gateway runs on" in said and "systemctl start carepace" in said
    assert alerts(gateway) == [alert]
