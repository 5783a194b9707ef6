"""The rules, the dashboard and a real Prometheus: they ask for what /metrics says, and get it."""

import json
import re
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

import pytest
import yaml

from head_office import free_port, wait_for
from http_page import get

DEPLOY = Path(__file__).parents[2] / "deploy"
RULES = DEPLOY / "prometheus" / "carepace.rules.yml"
NAME = re.compile(r"\bcarepace_\w+")


def listed():
    """The metrics of deploy/prometheus/metrics.md, which a unit test holds to the program."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| .* \| (\S.*) \|$",
                      (DEPLOY / "prometheus" / "metrics.md").read_text(), re.M)
    names = {name for name, _, _ in rows}
    for name, kind, _ in rows:
        if kind == "histogram":
            names |= {f"{name}_bucket", f"{name}_sum", f"{name}_count"}
    return names


def expressions():
    rules = yaml.safe_load(RULES.read_text())
    for group in rules["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    dashboard = json.loads((DEPLOY / "grafana" / "carepace.json").read_text())
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def test_they_ask_for_what_there_is():
    asked = {name for _, text in expressions() for name in NAME.findall(text)}
    assert len(asked) > 30
    assert asked - listed() == set()


def test_rules():
    folder = RULES.parent
    for command in (["check", "rules", RULES.name], ["check", "config", "prometheus.yml"],
                    ["test", "rules", "carepace.rules.test.yml"]):
        result = subprocess.run(["promtool", *command], cwd=folder, text=True, capture_output=True)
        assert result.returncode == 0, result.stdout + result.stderr


@pytest.fixture
def prometheus(tmp_path):
    """Starts a real one that scrapes these ports every second."""
    started = []

    def start(*ports):
        (tmp_path / "prometheus.yml").write_text(f"""\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [{RULES}]
scrape_configs:
  - job_name: carepace
    static_configs: [{{targets: [{", ".join(f'"127.0.0.1:{port}"' for port in ports)}]}}]
""")
        port = free_port()
        with open(tmp_path / "prometheus.log", "w") as log:
            process = subprocess.Popen(
                ["prometheus", f"--config.file={tmp_path}/prometheus.yml",
                 f"--storage.tsdb.path={tmp_path}/data", f"--web.listen-address=127.0.0.1:{port}"],
                stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        started.append(process)
        return f"http://127.0.0.1:{port}/api/v1"

    yield start
    for process in started:
        process.terminate()
        process.wait(20)


def ask(api, path):
    try:
        with urllib.request.urlopen(f"{api}/{path}", timeout=10) as answer:
            return json.load(answer)["data"]
    except OSError:
        return None  # not up yet


def query(api, expression):
    found = ask(api, "query?" + urllib.parse.urlencode({"query": expression}))
    return found["result"] if found else []


def test_a_real_prometheus(make_gateway, make_device, pki, prometheus):
    port, pen = free_port(), pki.issue("pen", "Pen of Prometheus")
    gateway = make_gateway(http={"port": port}).start()
    gateway.http_port = port
    device = make_device(gateway, pen)
    api = prometheus(port)
    wait_for(lambda: query(api, "carepace_messages_total == 0"), "it scrapes")
    told = device.start()
    device.tell(device.hello(), told, device.samples(told.session_start.sid))
    (sample,) = wait_for(lambda: [row for row in query(api, "carepace_messages_total")
                                  if float(row["value"][1]) >= 3], "Prometheus has the messages")
    assert sample["metric"]["job"] == "carepace"
    (target,) = ask(api, "targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    help_of = ask(api, "metadata?limit=1000")
    _, _, page = get(gateway, "/metrics")
    for name in re.findall(r"^# TYPE (\w+)", page, re.M):
        assert help_of[name][0]["help"], name
    for what, expression in expressions():
        found = ask(api, "query?" + urllib.parse.urlencode(
            {"query": expression.replace("$instance", ".*")}))
        assert found is not None, f"{what}: {expression}"
    wait_for(lambda: query(api, "rate(carepace_messages_total[10s]) > 0"), "a rate")
    device.close()
    gateway.kill()
    wait_for(lambda: query(api, 'ALERTS{alertname="CarepaceAbsent", alertstate="pending"}'),
             "its absence is noticed")
