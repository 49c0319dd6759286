"""Debian's Prometheus, with a port and a folder of its own, that scrapes each second; our rules and boards in it."""

import json
import re
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

from pathlib import Path

from peers import Failure

ETC = Path(__file__).resolve().parents[2] / "etc"
DATA = Path(__file__).resolve().parents[1] / "data/prometheus"
RULES = sorted(ETC.glob("prometheus-*.rules.yaml"))
NAME = re.compile(r"\b(?:stox_\w+|process_\w+)\b")
WAIT_S = 120


def expect(what, ok, evidence=""):
    if not ok:
        raise Failure(f"{what}: {evidence}")
    print(f"ok: {what}", flush=True)


def promtool(*args):
    done = subprocess.run(["promtool", *args], capture_output=True, text=True, timeout=WAIT_S)
    expect(f"promtool {args[0]} {args[1]}", done.returncode == 0, done)


class Prometheus:
    def __init__(self, folder, port, targets, rules=(), scrapes=None):
        """`scrapes`: the text of scrape_configs, instead of a gateway's at `targets`."""
        self.port, self.log = port, folder / "prometheus.log"
        (folder / "tsdb").mkdir()
        config = folder / "prometheus.yml"
        jobs = [{"job_name": "stox-gateway", "static_configs": [{"targets": targets}]}]
        config.write_text(  # JSON is YAML
            'global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\n'
            f"rule_files: {json.dumps([str(path) for path in rules])}\n{scrapes or f'scrape_configs: {json.dumps(jobs)}'}\n")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'tsdb'}",
             f"--web.listen-address=127.0.0.1:{port}"], stdin=subprocess.DEVNULL, stdout=open(self.log, "wb"), stderr=subprocess.STDOUT)

    def __enter__(self):
        try:
            self.wait_for("is ready", self.is_ready)
        except Exception:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def wait_for(self, what, is_true):
        end = time.monotonic() + WAIT_S
        while not is_true():
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"never {what}: {self.log.read_text()[-2000:]}")
            time.sleep(0.05)

    def is_ready(self):
        try:
            return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/-/ready", timeout=30).status == 200
        except OSError:
            return False

    def api(self, path, **query):
        url = f"http://127.0.0.1:{self.port}/api/v1/{path}?{urllib.parse.urlencode(query)}"
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                return json.load(answer)["data"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path} {query}: {error.read()}") from error

    def ask(self, query):
        return self.api("query", query=query)["result"]

    def await_true(self, query):
        """By PromQL's own comparisons: there is a result."""
        self.wait_for(query, lambda: self.ask(query))

    def has_evaluated(self):
        return all(rule["health"] != "unknown" for group in self.api("rules")["groups"] for rule in group["rules"])


def board_queries(name):
    board = json.loads((ETC / name).read_text())
    for panel in board["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]
    for variable in board["templating"]["list"]:
        if variable["type"] == "query":
            yield variable["name"], re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"])[1]


def board_and_rules(prometheus, name, alerts):
    """Every query of a board, and every rule whose alert begins so, runs over metrics that are there."""
    names = set(prometheus.api("label/__name__/values"))
    queries = list(board_queries(name))
    empty = []
    for title, query in queries:
        missing = set(NAME.findall(query)) - names
        if missing:
            raise Failure(f"the board asks for what is not there: {title}: {missing}")
        for variable, value in (("$instance", ".*"), ("$partner", ".*"), ("$pool", ".*"), ("$__rate_interval", "1m"), ("$__range", "1h")):
            query = query.replace(variable, value)
        if not prometheus.ask(query):
            empty.append(title)
    expect(f"{len(queries)} queries of the board run, over metrics that are there", len(queries) > 20)
    rules = [rule for group in prometheus.api("rules")["groups"] for rule in group["rules"]]
    own = [rule for rule in rules if rule["name"].startswith(alerts)]
    missing = {name for rule in own for name in NAME.findall(rule["query"])} - names
    expect(f"{len(own)} alert rules, too", len(own) > 10 and not missing, missing)
    bad = [rule for rule in rules if rule["health"] == "err"]
    expect("none of them fails", not bad, bad)
    return empty
