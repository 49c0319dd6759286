"""Debian's Prometheus scrapes a watcher beside a lab: its tests pass, its lab goes, and the rules and the board show both."""

import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

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


def configure(folder):
    (folder / "watch.yaml").write_text((folder / "stox.yaml").read_text() + """watch:
  listen: ["127.0.0.1:0"]
  history: { file: history.db }
  defaults: { interval: 1, timeout: 5, retries: 0, fail: 2 of 2, recover: 1 }
  alerts:
    - { name: ops, kind: webhook, url: "http://127.0.0.1:9/" }
  tests:
    - {}
    - { kind: register }
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


def sees(prometheus, what, query):
    prometheus.await_true(query)
    print(f"ok: {what}", flush=True)


def passing(prometheus):
    sees(prometheus, "each test passes", 'count(probe_success{kind!=""} == 1) == 2')
    sees(prometheus, "and what it took", f"probe_duration_seconds{{{TEST}}} > 0")
    sees(prometheus, "the state is one of five", f'stox_watch_test_state{{{TEST},state="ok"}} == 1')
    sees(prometheus, "runs are counted", f'stox_watch_runs_total{{{TEST},state="ok"}} >= 2')
    prometheus.wait_for("evaluates all rules", prometheus.has_evaluated)
    firing = prometheus.ask('ALERTS{alertname=~"StoxWatch.*"}')
    expect("no alert is raised", not firing, firing)


def failing(prometheus):
    sees(prometheus, "without the lab they fail", 'count(probe_success{kind!=""} == 0) == 2')
    sees(prometheus, "with a reason", f"stox_watch_test_failure_info{{{TEST}}} == 1")
    sees(prometheus, "which is an alert", 'ALERTS{alertname="StoxWatchTestFails",alertstate="firing",kind="im"}')
    sees(prometheus, "and so is why", 'ALERTS{alertname="StoxWatchTestFailsReason",alertstate="firing",reason!=""}')
    sees(prometheus, "alerts that nobody takes are counted", 'stox_watch_alerts_total{receiver="ops",outcome="failed"} > 0')
    empty = board_and_rules(prometheus, "grafana-stox-watch.json", "StoxWatch")
    expect("the board has something to show everywhere", set(empty) <= EMPTY, empty)


def main(stox):
    promtool("check", "rules", *map(str, RULES))
    promtool("test", "rules", str(DATA / "watch.test.yaml"))
    with tempfile.TemporaryDirectory(dir=SCRATCH) as name:
        folder = Path(name)
        lab = Lab(stox, folder)
        configure(folder)
        watcher = Watcher(stox, folder)
        try:
            targets = [f"127.0.0.1:{watcher.await_port()}"]
            with Prometheus(folder, free_port(), targets, RULES, job="stox-watch") as prometheus:
                passing(prometheus)
                lab.end()
                failing(prometheus)
        except AssertionError as error:
            raise Failure(str(error)) from error
        finally:
            watcher.end()
            if lab.proc.poll() is None:
                lab.end()


run(main)
