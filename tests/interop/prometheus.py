"""Debian's Prometheus, with a port and a folder of its own, that scrapes each second."""

import json
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

WAIT_S = 120


class Prometheus:
    def __init__(self, folder, port, targets, rules=()):
        self.port, self.log = port, folder / "prometheus.log"
        (folder / "tsdb").mkdir()
        config = folder / "prometheus.yml"
        config.write_text(json.dumps({  # JSON is YAML
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(path) for path in rules],
            "scrape_configs": [{"job_name": "stox-gateway", "static_configs": [{"targets": targets}]}]}))
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
