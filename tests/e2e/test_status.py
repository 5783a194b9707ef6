"""`carepace status`: one screen that says whether all is well, beside the running gateway and
without one."""

import contextlib
import json
import re
import sqlite3
import subprocess
import time

import pytest

from gateway import CAREPACE
from head_office import wait_for
from speech import token


@pytest.fixture(scope="module")
def pens(pki):
    return [pki.issue("pen", f"Pen {i}") for i in range(2)]


def status(gateway, *options):
    return subprocess.run([CAREPACE, "status", "--config", gateway.configuration, *options],
                          text=True, capture_output=True)


def status_json(gateway):
    return json.loads(status(gateway, "--json").stdout)


def treat(device, client=None):
    told = device.start(client=client)
    device.tell(device.hello(), told, device.samples(told.session_start.sid))


def change(gateway, sql):
    with contextlib.closing(sqlite3.connect(gateway.store / "carepace.db")) as store:
        store.execute(sql)
        store.commit()


def test_all_is_well(gateway, make_device, pens):
    device = make_device(gateway, pens[0])
    treat(device)
    result = status(gateway)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("GREEN: all is well\n")
    assert re.search(r"^Gateway +ready, version \S+, since \d{4}-\d\d-\d\d \d\d:\d\d \(pid "
                     rf"{gateway.process.pid}\)$", result.stdout, re.M)
    assert re.search(rf"^Devices +1 connected of {gateway.pki.registered()} registered, 1 ever heard of, last 20",
                     result.stdout, re.M)
    assert re.search(r"^Sessions +1 today$", result.stdout, re.M)
    assert re.search(r"^Head office  none is configured$", result.stdout, re.M)
    assert re.search(r"^Clock +trusted$", result.stdout, re.M)
    assert re.search(r"^Open alerts  none$", result.stdout, re.M)
    assert "\033" not in result.stdout  # it is no terminal
    told = status_json(gateway)
    assert (told["light"], told["problems"]) == ("GREEN", [])
    assert told["gateway"]["pid"] == gateway.process.pid
    assert told["store"]["sessions_today"] == 1
    device.close()


def test_an_alert(gateway, make_device, pens):
    device = make_device(gateway, pens[0])
    client = token()
    device.tell(device.hello(), *device.past_session(5, client), device.start(client=client))
    wait_for(lambda: gateway.rows("SELECT 1 FROM alert WHERE state = 1"), "an alert")
    result = status(gateway)
    assert result.returncode == 1
    assert result.stdout.startswith("YELLOW: one thing wants attention\n"
                                    "  1 open alert of severity CRITICAL or HIGH: ")
    assert "HIGH INTERVAL_TOO_SOON\n    Last treated 5 days ago" in result.stdout
    assert client.hex()[:7] not in result.stdout + status(gateway, "--json").stdout  # P10
    (worst,) = status_json(gateway)["open_alerts"]["worst"]
    assert worst["check"] == "INTERVAL_TOO_SOON"
    device.close()


def test_alerts_of_a_kind_are_one_line_and_what_is_left_out_is_counted(gateway, make_device, pens):
    device = make_device(gateway, pens[0])
    for client in [token() for _ in range(5)]:
        device.tell(device.hello(), *device.past_session(5, client), device.start(client=client))
    wait_for(lambda: gateway.rows("SELECT count(*) FROM alert WHERE state = 1") == [(5,)], "alerts")
    said = status(gateway).stdout
    assert said.count("INTERVAL_TOO_SOON") == 1 and " more: " not in said
    assert "HIGH INTERVAL_TOO_SOON, the newest of 5\n" in said
    ((newest,),) = gateway.rows("SELECT lower(hex(id)) FROM alert ORDER BY raised_at DESC LIMIT 1")
    assert f"  {newest[:8]}  HIGH" in said
    change(gateway, "UPDATE alert SET severity = 1 + (SELECT count(*) FROM alert b"
                    " WHERE b.id < alert.id)")
    said = status(gateway).stdout
    assert said.count("INTERVAL_TOO_SOON") == 3
    assert said.endswith("  and 2 more: carepace alerts\n")
    device.close()


def test_what_was_answered_wants_no_attention(gateway, make_device, pens):
    device = make_device(gateway, pens[0])
    client = token()
    device.tell(device.hello(), *device.past_session(5, client), device.start(client=client))
    wait_for(lambda: gateway.rows("SELECT 1 FROM alert WHERE state = 1"), "an alert")
    change(gateway, "UPDATE alert SET state = 2")
    result = status(gateway)
    assert result.stdout.startswith("GREEN") and ", answered\n" in result.stdout
    device.close()


def test_it_fits_a_screen(make_gateway):
    gateway = make_gateway()
    said = subprocess.run([CAREPACE, "status", "--config", gateway.configuration], text=True,
                          capture_output=True, env={"COLUMNS": "80"}).stdout
    assert said.startswith("RED")
    assert not [line for line in said.splitlines() if len(line) > 80 and " " in line[5:79]], said


def test_without_a_gateway(make_gateway, make_device, pens):
    gateway = make_gateway()
    result = status(gateway)
    assert result.returncode == 1
    assert result.stdout.startswith("RED: something must be done now\n  The gateway does not run.")
    assert "no gateway has run with this store yet" in result.stdout
    assert not gateway.store.exists()  # it only looked
    gateway.start()
    device = make_device(gateway, pens[0])
    treat(device)
    device.close()
    gateway.stop()
    change(gateway, "INSERT INTO unjudged VALUES(1, 1, 1, 1, 1, 'x')")
    result = status(gateway)
    assert result.returncode == 1
    red = result.stdout.split("\n\n")[0]
    assert "does not run. Start it: systemctl start carepace" in red
    assert "1 input set aside because judging it ended the program twice" in red
    assert re.search(r"^Sessions +1 today$", result.stdout, re.M)
    assert status_json(gateway)["gateway"] == {"running": False}


def test_a_gateway_that_rests(make_gateway):
    gateway = make_gateway()
    gateway.store.mkdir()
    (gateway.store / "failures").write_text(
        "".join(f"{round(time.time() * 1000) - age}\n" for age in (3000, 2000, 1000)))
    gateway.launch().wait_logged("has failed 3 times")
    assert "waits because its store failed" in status(gateway).stdout
    gateway.kill()
    assert "does not run" in status(gateway).stdout


def test_clock_and_certificate(make_gateway, tmp_path, pki):
    gateway = make_gateway()
    gateway.clock.set(synced=False)
    gateway.clock.reboot()
    days = 12
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", tmp_path / "key", "-out",
                    tmp_path / "soon.pem", "-days", str(days), "-subj", "/CN=head office"],
                   check=True, capture_output=True)
    gateway.configure(upstream={"ca": tmp_path / "soon.pem"})
    gateway.start()
    wait_for(lambda: "does not know the time" in status(gateway).stdout, "the clock is in doubt")
    said = status(gateway).stdout
    assert said.startswith("YELLOW: some things want attention\n")
    assert re.search(r"certificate of head office's CA ends in 1[12] days", said)
    gateway.stop()
