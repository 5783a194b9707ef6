"""Clients that speak byte by byte while the gateway is killed, see killing.py; and that the test can
fail."""

import pytest

from gateway import BUILD
from killing import LIMIT_S, missing, run, seed_of, survive

RED_POINTS = 5
EARLY = BUILD / "tests" / "carepace_early_ack"  # acknowledges before the commit


@pytest.mark.timeout(LIMIT_S)
def test_what_was_acknowledged_survives_kill_9(make_gateway, contract, pki, request):
    survive("bytes", make_gateway, contract, pki, request)


def test_the_test_finds_what_is_acknowledged_too_early(make_gateway, contract, pki, request):
    """Negative control: the same with a gateway that acknowledges before the commit."""
    pens = [pki.issue("pen", f"Pen {i}") for i in range(4)]
    gateway = make_gateway(executable=EARLY)
    _, acked = run(gateway, contract, pens, seed_of(request), RED_POINTS)
    gateway.stop()
    lost = missing(gateway, acked)
    print(f"red, as it must be: {len(lost)} of {len(acked)} acknowledged messages are lost")
    assert lost, "PUBACK before commit, and nobody noticed"
