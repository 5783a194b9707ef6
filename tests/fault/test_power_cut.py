"""The power goes at random moments, on a real file system: what was acknowledged is in the store,
once, as it was sent (P1, P2), the truth equals a recount (P3); and the test can fail."""

import os

import pytest

from gateway import BUILD
from head_office import wait_for
from killing import missing, run, seed_of
from own_mount import needs_namespace
from power_disk import PowerDisk, needs_loop

CUTS = int(os.environ.get("CAREPACE_CUTS", 10 if os.environ.get("CAREPACE_QUICK") else 100))
RED_CUTS = 15
DISK_MB = 64
NORMAL = BUILD / "tests" / "carepace_normal_sync"

pytestmark = [needs_namespace, needs_loop]


@pytest.fixture
def cut_often(make_gateway, contract, pki, request):
    """(gateway, acked), with everything judged and the gateway at rest."""
    disks = []

    def cut(cuts, executable=None):
        pens = [pki.issue("pen", f"Pen {i}") for i in range(4)]
        gateway = make_gateway(executable=executable, store={"reserve": "1MiB"})
        disks.append(PowerDisk(gateway, DISK_MB + cuts // 5))
        load, acked = run(gateway, contract, pens, seed_of(request), cuts)
        wait_for(lambda: not gateway.rows("SELECT 1 FROM pending"), "everything is judged", 60)
        gateway.stop()
        disks[-1].leave()
        return gateway, load, acked

    yield cut
    for disk in disks:
        disk.close()


@pytest.mark.timeout(300 + 5 * CUTS)
def test_what_was_acknowledged_survives_a_power_cut(cut_often):
    gateway, load, acked = cut_often(CUTS)
    print(f"{CUTS} power cuts, {len(acked)} messages acknowledged")
    assert len(acked) > 10 * CUTS, "too little happened to prove anything"
    assert missing(gateway, acked) == set()
    assert [sender.lost_sessions for sender in load.senders] == [0] * len(load.senders)
    assert gateway.rows("PRAGMA integrity_check") == [("ok",)]
    print(gateway.verify())


def test_the_test_finds_what_is_not_synced(cut_often):
    """Negative control: synchronous=NORMAL."""
    gateway, _, acked = cut_often(RED_CUTS, NORMAL)
    lost = missing(gateway, acked)
    print(f"red, as it must be: {len(lost)} of {len(acked)} acknowledged messages are lost")
    assert lost, "a commit that was not synced, and nobody noticed"
