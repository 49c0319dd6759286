"""Debian's Prometheus scrapes a watcher beside a lab: its tests pass, its lab goes, and the rules and the board show both.  Debian's
Alertmanager has the watcher's own alerts."""

import os
import re
import signal
import subprocess
import tempfile
import textwrap
from pathlib import Path

from alertmanager import Alertmanager
from peers import SCRATCH, Failure, free_port, run
from prometheus import DATA, RULES, Prometheus, board_and_rules, expect, promtool

TEST = 'kind="im",pool="pool.litware.test",partner="contoso.test",direction="to"'
EMPTY = {"HTTP"}  # refused requests by cause: there are none


class Lab:
    def __init__(self, stox, folder):
        self.proc = subprocess.Popen([stox, "lab", "--write-config", str(folder)], stdout=subprocess.PIPE, text=True)
        for line in self.proc.stdout:
            if "Ctrl-C" in line:
                return
        raise Failure("the lab ended")

    def end(self):
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait(30)
        self.proc.stdout.close()


def configure(folder, alertmanager):
    (folder / "watch.yaml").write_text((folder / "stox.yaml").read_text() + f"""watch:
  listen: ["127.0.0.1:0"]
  history: {{ file: history.db }}
  defaults: {{ interval: 1, timeout: 5, retries: 0, fail: 2 of 2, recover: 1 }}
  alerts:
    - {{ name: ops, kind: webhook, url: "http://127.0.0.1:9/" }}
    - {{ name: am, kind: alertmanager, url: "{alertmanager.url}" }}
  tests:
    - {{}}
    - {{ kind: register }}
""")


class Watcher:
    def __init__(self, stox, folder):
        self.log = folder / "watch.log"
        with open(self.log, "wb") as log:
            self.proc = subprocess.Popen([stox, "watch", "--config", str(folder / "watch.yaml"), "-v"], stderr=log,
                                         stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"})

    def port(self):
        found = re.findall(r"http listening address=127\.0\.0\.1:(\d+)", self.log.read_text(errors="replace"))
        return int(found[-1]) if found else None

    def await_port(self):
        while not self.port():
            try:
                self.proc.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise Failure(f"the watcher ended: {self.log.read_text()}")
        return self.port()

    def end(self):
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait(30)


def recipe(address):
    """The scrapes as doc/howto/watch.md has them, of a watcher at another address and another pool."""
    text = (Path(__file__).resolve().parents[2] / "doc/howto/watch.md").read_text()
    found = re.search(r"^    scrape_configs:\n(?:    .*\n)+", text, re.M)[0]
    return textwrap.dedent(found).replace("127.0.0.1:8080", address).replace("[litware.test]", "[pool.litware.test, nobody.test]")


def sees(prometheus, what, query):
    prometheus.await_true(query)
    print(f"ok: {what}", flush=True)


def passing(prometheus):
    sees(prometheus, "each test passes", 'count(probe_success{kind!=""} == 1) == 3')
    sees(prometheus, "and what it took", f"probe_duration_seconds{{{TEST}}} > 0")
    sees(prometheus, "the state is one of five", f'stox_watch_test_state{{{TEST},state="ok"}} == 1')
    sees(prometheus, "runs are counted", f'stox_watch_runs_total{{{TEST},state="ok"}} >= 2')
    probed = 'probe_success{job="stox-probe",instance="pool.litware.test"}'
    sees(prometheus, "a pool that it has probed answers", f"{probed} == 1")
    sees(prometheus, "one that no test has is not probed", 'up{job="stox-probe",instance="nobody.test"} == 0')
    prometheus.wait_for("evaluates all rules", prometheus.has_evaluated)
    firing = prometheus.ask('ALERTS{alertname=~"StoxWatch.*"}')
    expect("no alert is raised", not firing, firing)


def failing(prometheus, alertmanager):
    sees(prometheus, "without the lab they fail", 'count(probe_success{kind!=""} == 0) == 3')
    sees(prometheus, "so does the probe", 'probe_success{job="stox-probe",instance="pool.litware.test"} == 0')
    sees(prometheus, "with a reason of its own", 'probe_failure_info{job="stox-probe",reason!=""} == 1')
    sees(prometheus, "with a reason", f"stox_watch_test_failure_info{{{TEST}}} == 1")
    sees(prometheus, "which is an alert", 'ALERTS{alertname="StoxWatchTestFails",alertstate="firing",kind="im"}')
    sees(prometheus, "and so is why", 'ALERTS{alertname="StoxWatchTestFailsReason",alertstate="firing",reason!=""}')
    sees(prometheus, "alerts that nobody takes are counted", 'stox_watch_alerts_total{receiver="ops",outcome="failed"} > 0')
    prometheus.wait_for("tells Alertmanager", lambda: len(alertmanager.alerts()) == 3)
    alerts = {alert["labels"]["kind"]: alert for alert in alertmanager.alerts()}
    im = alerts["im"]
    expect("Alertmanager has an alert of each test", alerts.keys() == {"im", "register"}, alerts)
    expect("with its labels", im["labels"]["alertname"] == "StoxTestFailed" and im["labels"]["partner"] == "contoso.test" and
           im["labels"]["severity"] == "critical", im)
    expect("its reason and its next step", im["annotations"]["reason"] and im["annotations"]["description"], im)
    empty = board_and_rules(prometheus, "grafana-stox-watch.json", "StoxWatch")
    expect("the board has something to show everywhere", set(empty) <= EMPTY, empty)


def beside(stox, folder, alertmanager):
    lab = Lab(stox, folder)
    configure(folder, alertmanager)
    watcher = Watcher(stox, folder)
    try:
        scrapes = recipe(f"127.0.0.1:{watcher.await_port()}")
        with Prometheus(folder, free_port(), [], RULES, scrapes) as prometheus:
            passing(prometheus)
            lab.end()
            failing(prometheus, alertmanager)
    except AssertionError as error:
        raise Failure(str(error)) from error
    finally:
        watcher.end()
        if lab.proc.poll() is None:
            lab.end()


def main(stox):
    promtool("check", "rules", *map(str, RULES))
    promtool("test", "rules", str(DATA / "watch.test.yaml"))
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        with Alertmanager(folder, "http://127.0.0.1:9") as alertmanager:
            beside(stox, folder, alertmanager)


run(main)
