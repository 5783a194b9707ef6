"""The way to head office: the real upstream thread against a real Mosquitto."""

import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from head_office import Authority, Broker, Subscriber, wait_for

SITE = "north-1"
DRIVER = Path(os.environ["CAREPACE_BUILD_DIR"]) / "tests" / "upstream_driver"
WINDOW_ROWS = 100
WINDOW_BYTES = 1 << 20
# Client certificates are required anyway; the name in them is the user.
OPEN = "use_identity_as_username true\nmax_inflight_messages 200\n"


class Driver:
    def __init__(self, ca, identity, *servers):
        certificate, key = identity
        self.process = subprocess.Popen(
            [DRIVER, SITE, ca, certificate, key, *servers], text=True, bufsize=1,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.lines, self.log = [], []
        self._readers = [threading.Thread(target=self._read, args=pair) for pair in
                         ((self.process.stdout, self.lines), (self.process.stderr, self.log))]
        for reader in self._readers:
            reader.start()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.append(line.rstrip("\n"))

    def tell(self, command):
        self.process.stdin.write(command + "\n")

    def found(self, verb):
        return [line[len(verb) + 1:] for line in list(self.lines) if line.startswith(verb + " ")]

    def acked(self):
        return [tuple(map(int, text.split())) for text in self.found("acked")]

    def logged(self, pattern):
        return [line for line in list(self.log) if re.search(pattern, line)]

    def wait_logged(self, pattern, limit_s=20):
        return wait_for(lambda: self.logged(pattern), 
                        lambda: f"log says {pattern!r}: {self.log}", limit_s)

    def counts(self):
        before = len(self.found("counts"))
        self.tell("counts")
        wait_for(lambda: len(self.found("counts")) > before, "counts")
        return {name: int(value) for name, value in
                (pair.split("=") for pair in self.found("counts")[-1].split())}

    def wait_up(self, times=1):
        wait_for(lambda: len([s for s in self.found("state") if s.startswith("up")]) >= times,
                 lambda: f"connected: {self.log}", 40)

    def stop(self):
        """How long the stop took, in ms. The sanitizers have the last word."""
        self.tell("stop")
        code = self.process.wait(20)
        for reader in self._readers:
            reader.join()
        assert code == 0, "\n".join(self.log)
        return int(self.found("stopped")[0])


class World:
    def __init__(self, folder):
        self.folder = folder
        self.authority = Authority(folder / "pki")
        self.server = self.authority.issue("localhost")
        self.gateway = self.authority.issue("gateway")
        self.consumer = self.authority.issue("consumer")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def make(world, tmp_path):
    """Makes brokers, drivers and subscribers, and ends them."""
    made = []

    class Make:
        @staticmethod
        def broker(identity=None, settings=OPEN):
            broker = Broker(tmp_path, world.authority, identity or world.server, settings)
            made.append(broker.kill)
            return broker

        @staticmethod
        def driver(*servers, ca=None, identity=None):
            driver = Driver(ca or world.authority.certificate, identity or world.gateway,
                            *(getattr(server, "url", server) for server in servers))
            made.append(driver.process.kill)
            return driver

        @staticmethod
        def subscriber(broker):
            subscriber = Subscriber(broker, world.consumer)
            made.append(subscriber.close)
            return subscriber

    yield Make
    for end in reversed(made):
        end()


def names(payloads):
    return [tuple(map(int, payload.split(b":")[:2])) for payload in payloads]


def rows(**counts):
    kinds = {"alert": 1, "session": 2, "aggregate": 3, "status": 4}
    return [(kinds[name], n + 1) for name in kinds for n in range(counts.get(name, 0))]


def test_rows_arrive_once_each_most_urgent_first(make):
    broker = make.broker().start()
    subscriber = make.subscriber(broker)
    driver = make.driver(broker)
    for command in ("add 4 300 40", "add 2 400 700", "add 3 200 40", "add 1 250 300"):
        driver.tell(command)  # all are there before the handshake is over
    expected = rows(alert=250, session=400, aggregate=200, status=300)
    wait_for(lambda: len(subscriber.messages) >= len(expected), "everything arrives")
    wait_for(lambda: len(driver.acked()) >= len(expected), "everything is acknowledged")
    assert names(p for _, p in subscriber.messages) == expected
    assert sorted(driver.acked()) == expected
    assert {topic for topic, _ in subscriber.messages} == {"alert", "session", "aggregate", "status"}
    assert driver.counts()["sent"] == len(expected)
    assert driver.stop() < 2000
    assert driver.logged(r"head office: connected to ssl://localhost:\d+$")
    assert driver.logged(r"head office: disconnected$")


def test_news_is_sent_while_connected_and_not_again_before_it_is_deleted(make):
    broker = make.broker().start()
    subscriber = make.subscriber(broker)
    driver = make.driver(broker)
    driver.wait_up()
    for i in range(1, 51):  # never a commit: acknowledged rows stay in the outbox
        driver.tell(f"add 1 1 {100 + i}")
        wait_for(lambda: len(driver.acked()) == i, f"row {i}")
    # The broker tells us first, and then the subscriber.
    wait_for(lambda: len(subscriber.payloads("alert")) >= 50, "the last row at the subscriber")
    driver.stop()
    assert names(subscriber.payloads("alert")) == rows(alert=50)


def test_a_killed_broker_loses_nothing(make):
    broker = make.broker().start()
    driver = make.driver(broker)
    driver.wait_up()
    driver.tell("add 2 500 200")
    wait_for(lambda: len(driver.acked()) == 500, "the first rows")
    driver.tell("commit")
    broker.signal(signal.SIGSTOP)
    driver.tell("add 1 5000 200")
    wait_for(lambda: driver.counts()["sent"] == 500 + WINDOW_ROWS, "the window is full")
    broker.kill()
    driver.wait_logged("head office: lost ssl://localhost")
    driver.wait_logged("cannot connect to ssl://localhost.*nothing can be reached.*next try in")
    assert len(driver.acked()) == 500
    broker.start()
    subscriber = make.subscriber(broker)
    driver.wait_up(2)
    wait_for(lambda: len(set(driver.acked())) == 5500, "everything after the loss")
    wait_for(lambda: (c := driver.counts())["sent"] == c["acknowledged"] + c["returned"],
             "every message has exactly one answer")
    # Only what was in flight at the loss can have been acknowledged twice.
    assert len(driver.acked()) <= 5500 + WINDOW_ROWS
    assert set(driver.acked()) == set(rows(session=500, alert=5000))
    assert set(names(subscriber.payloads("alert"))) <= set(rows(alert=5000))
    driver.stop()


def test_a_stopped_broker_bounds_what_is_in_flight(make):
    broker = make.broker().start()
    driver = make.driver(broker)
    driver.wait_up()
    driver.tell("add 4 100 60000")
    wait_for(lambda: len(driver.acked()) == 100, "warm")
    driver.tell("commit")
    broker.signal(signal.SIGSTOP)
    before = driver.counts()
    driver.tell("add 3 100000 1000")
    wait_for(lambda: driver.counts()["sent"] == before["sent"] + WINDOW_ROWS, "window of rows")
    driver.tell("add 2 500 60000")  # more urgent, but there is no room
    for _ in range(20):
        driver.tell("add 1 1 1000")
        counts = driver.counts()
        assert counts["sent"] - counts["acknowledged"] == WINDOW_ROWS
        time.sleep(0.05)
    assert counts["rss_kb"] - before["rss_kb"] < 16 * 1024
    assert driver.stop() < 2000


def test_a_stopped_broker_bounds_the_bytes_in_flight(make):
    broker = make.broker().start()
    driver = make.driver(broker)
    driver.wait_up()
    broker.signal(signal.SIGSTOP)
    driver.tell("add 2 500 60000")
    in_window = WINDOW_BYTES // 60000
    wait_for(lambda: driver.counts()["sent"] == in_window, "window of bytes")
    time.sleep(0.5)
    assert driver.counts()["sent"] == in_window
    broker.signal(signal.SIGCONT)
    wait_for(lambda: len(driver.acked()) == 500, "everything when it goes on")
    assert driver.counts()["losses"] == 0
    driver.stop()


def test_the_brokers_own_limit_is_obeyed(make):
    broker = make.broker(settings=OPEN.replace("200", "7")).start()
    driver = make.driver(broker)
    driver.wait_up()
    broker.signal(signal.SIGSTOP)
    driver.tell("add 1 50 100")
    wait_for(lambda: driver.counts()["sent"] == 7, "the broker's receive maximum")
    broker.signal(signal.SIGCONT)
    wait_for(lambda: len(driver.acked()) == 50, "everything")
    driver.stop()


def test_orders_and_receipts(make):
    broker = make.broker().start()
    subscriber = make.subscriber(broker)
    driver = make.driver(broker)
    driver.tell("receipt n=3")
    driver.wait_up()
    wait_for(lambda: subscriber.payloads("receipt") == [b"n=3"], "receipt at the connect")
    subscriber.publish(f"carepace/v1/site/{SITE}/down", b"plan 4")
    subscriber.publish("carepace/v1/site/other/down", b"not ours")
    subscriber.publish(f"carepace/v1/site/{SITE}/down", b"plan 5")
    wait_for(lambda: driver.found("order") == ["plan 4", "plan 5"], "orders")
    driver.tell("receipt n=5")
    wait_for(lambda: subscriber.payloads("receipt") == [b"n=3", b"n=5"], "receipt after a commit")
    # No room: dropped, counted, and a new connection brings the receipt again.
    driver.tell("full 1")
    driver.counts()
    subscriber.publish(f"carepace/v1/site/{SITE}/down", b"plan 6")
    driver.wait_logged("lost .*no room for its messages; it goes on from our receipt")
    driver.tell("full 0")
    driver.wait_up(2)
    wait_for(lambda: subscriber.payloads("receipt") == [b"n=3", b"n=5", b"n=5"], "receipt again")
    subscriber.publish(f"carepace/v1/site/{SITE}/down", b"plan 6")
    wait_for(lambda: driver.found("order") == ["plan 4", "plan 5", "plan 6"], "order again")
    counts = driver.counts()
    assert (counts["orders"], counts["orders_dropped"]) == (3, 1)
    driver.stop()


def test_a_flood_of_orders_is_bounded(make):
    broker = make.broker().start()
    subscriber = make.subscriber(broker)
    driver = make.driver(broker)
    driver.wait_up()
    before = driver.counts()
    driver.process.send_signal(signal.SIGSTOP)
    subscriber.publish(f"carepace/v1/site/{SITE}/down", *[b"x" * 60000] * 300)
    driver.process.send_signal(signal.SIGCONT)
    wait_for(lambda: len(driver.found("order")) + driver.counts()["orders_dropped"] >= 17, "orders")
    assert driver.counts()["rss_kb"] - before["rss_kb"] < 32 * 1024
    driver.stop()


def test_a_kind_the_broker_refuses_is_kept_and_holds_nothing_up(make, tmp_path, monkeypatch):
    # Paho 1.3.12 leaks the properties of a PUBACK that refuses.
    quiet = tmp_path / "lsan"
    quiet.write_text("leak:libpaho-mqtt3as\nleak:libcrypto.so\nleak:libssl.so\n")
    monkeypatch.setenv("LSAN_OPTIONS", f"suppressions={quiet}:print_suppressions=0")
    rules = tmp_path / "acl"
    rules.write_text(f"user gateway\ntopic write carepace/v1/site/{SITE}/alert\n"
                     f"topic read carepace/v1/site/{SITE}/down\n")
    broker = make.broker(settings=OPEN + f"acl_file {rules}\n").start()
    driver = make.driver(broker)
    driver.tell("add 1 150 50")
    driver.tell("add 2 1 50")
    driver.wait_logged(r"refused message 2/1 \(Not authorized\); it is kept, this kind is offered "
                       "again in 60 s")
    wait_for(lambda: len(set(driver.acked())) == 150, "alerts")
    for i in range(1, 11):
        driver.tell("add 1 1 50")
        wait_for(lambda: len(set(driver.acked())) == 150 + i, "one more alert")
    assert {kind for kind, _ in driver.acked()} == {1}
    counts = driver.counts()
    assert counts["refused"] == 1
    assert counts["losses"] <= 1  # Mosquitto 2.0.11 hangs up when it has refused
    driver.stop()


REFUSALS = {
    "wrong CA": "its certificate is not from the CA in .*foreign/ca.crt; put head office's CA there",
    "other name": "its certificate is for another name; use the name in its certificate",
    "expired": "its certificate has expired; head office must renew it, or this box's clock is wrong",
    "our certificate": "does not accept our certificate in .*gateway.crt",
    "no rights": 'the broker answered "Not authorized" to client north-1; head office must let it in',
    "no key": "cannot read /nonexistent.key: No such file or directory",
    "not a key": "TLS failed .*check .*gateway.crt and .*ca.crt",
    "nobody": "nothing can be reached at that address",
    "not TLS": "cannot connect to ssl://localhost",
}


@pytest.fixture(scope="module")
def foreign(world):
    return Authority(world.folder / "foreign", "foreign CA")


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_says_why_and_what_to_do(make, world, foreign, case):
    broker_options, driver_options = {}, {}
    if case == "wrong CA":
        driver_options["ca"] = foreign.certificate
    elif case == "other name":
        broker_options["identity"] = world.authority.issue("broker.example")
    elif case == "expired":
        expired = Authority(world.folder / "late", "late CA")
        identity = expired.issue("localhost", days=-1)
        driver_options["ca"] = expired.certificate
        broker_options["identity"] = identity
    elif case == "our certificate":
        driver_options["identity"] = foreign.issue("gateway")
    elif case == "no rights":
        broker_options["settings"] = "allow_anonymous false\n"
    elif case == "no key":
        driver_options["identity"] = (world.gateway[0], "/nonexistent.key")
    elif case == "not a key":
        driver_options["identity"] = (world.gateway[0], world.authority.certificate)
    broker = make.broker(**broker_options)
    if case not in ("nobody", "not TLS"):
        broker.start()
    plain = None
    if case == "not TLS":
        plain = socket.create_server(("127.0.0.1", broker.port))
        threading.Thread(target=lambda: plain.accept()[0].sendall(b"220 mail here\r\n"),
                         daemon=True).start()
    driver = make.driver(broker, **driver_options)
    driver.wait_logged(REFUSALS[case], 40)
    driver.tell("add 1 1 10")
    time.sleep(2.5)  # further tries do not fill the log
    said = [line.split("; next try")[0] for line in driver.logged("cannot connect")]
    assert len(said) == len(set(said)) <= 2, said  # a reset may overtake the broker's alert
    assert driver.found("acked") == []
    assert driver.stop() < 2000
    if plain:
        plain.close()


def test_the_second_server_is_tried_and_the_first_preferred(make):
    first, second = make.broker(), make.broker()
    second.start()
    driver = make.driver(first, second)
    driver.wait_logged(f"cannot connect to {first.url}")
    driver.wait_logged(f"connected to {second.url}")
    driver.tell("add 1 1 10")
    wait_for(lambda: len(driver.acked()) == 1, "row")
    first.start()
    second.kill()
    driver.wait_logged(f"connected to {first.url}")
    driver.stop()


def test_stop_during_a_handshake_that_never_ends(make):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        driver = make.driver(f"ssl://127.0.0.1:{silent.getsockname()[1]}")
        connection, _ = silent.accept()
        with connection:
            assert driver.stop() < 2000


@pytest.mark.long
def test_a_broker_that_stalls_is_given_up_and_found_again(make):
    broker = make.broker().start()
    driver = make.driver(broker)
    driver.wait_up()
    broker.signal(signal.SIGSTOP)
    driver.tell("add 1 500 100")
    driver.wait_logged("head office: lost", 90)
    broker.signal(signal.SIGCONT)
    driver.wait_up(2)
    wait_for(lambda: len(driver.acked()) == 500, "everything")
    driver.stop()
