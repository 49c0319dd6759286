"""Debian's Alertmanager, with a port and a folder of its own."""

import json
import subprocess
import time
import urllib.request

from peers import WAIT_S, Failure, free_port


class Alertmanager:
    def __init__(self, folder, hook):
        """`hook`: the URL of whom it tells at once."""
        self.url, self.log = f"http://127.0.0.1:{free_port()}", folder / "alertmanager.log"
        config = folder / "alertmanager.yml"
        config.write_text(json.dumps({  # JSON is YAML
            "route": {"receiver": "hook", "group_by": ["..."], "group_wait": "0s", "group_interval": "1s"},
            "receivers": [{"name": "hook", "webhook_configs": [{"url": f"{hook}/theirs"}]}]}))
        self.process = subprocess.Popen(
            ["prometheus-alertmanager", f"--config.file={config}", f"--storage.path={folder / 'data'}",
             f"--web.listen-address={self.url[7:]}", "--cluster.listen-address="],
            stdin=subprocess.DEVNULL, stdout=open(self.log, "wb"), stderr=subprocess.STDOUT)

    def __enter__(self):
        end = time.monotonic() + WAIT_S
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > end:
                self.__exit__()
                raise Failure(f"it never is ready: {self.log.read_text()[-2000:]}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)

    def is_ready(self):
        try:
            return urllib.request.urlopen(f"{self.url}/-/ready", timeout=30).status == 200
        except OSError:
            return False

    def alerts(self):
        with urllib.request.urlopen(f"{self.url}/api/v2/alerts", timeout=30) as answer:
            return json.load(answer)
