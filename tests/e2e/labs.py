"""`stox lab` as a process of its own, with the configuration that it leaves."""

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

STOX = os.path.abspath(sys.argv[1])


def await_rest(*procs):
    """Until all of them have nothing to do but to wait, for half a second on end: proc(5).  A process
    that only gets no turn is runnable."""
    still, end = 0, time.monotonic() + 60
    while still < 25:
        if time.monotonic() > end or any(proc.poll() is not None for proc in procs):
            raise SystemExit("a process ended, or never came to rest")
        states = [Path(f"/proc/{proc.pid}/stat").read_text().rsplit(")", 1)[1].split()[0] for proc in procs]
        still = still + 1 if states == ["S"] * len(procs) else 0
        time.sleep(0.02)


class Lab:
    def __init__(self, folder, *args):
        self.dir = folder
        self.proc = subprocess.Popen([STOX, "lab", "--write-config", str(folder), *args], stdout=subprocess.PIPE, text=True)
        self.table = ""
        while "Ctrl-C" not in self.table:
            line = self.proc.stdout.readline()
            if not line:
                raise SystemExit("the lab ended")
            self.table += line
        self.config, self.ca = str(folder / "stox.yaml"), folder / "ca.pem"

    @property
    def secrets(self):
        return [(self.dir / n).read_text().strip() for n in ("pilar", "kenmyer", "adelany", "component")]

    @property
    def dns(self):
        return self.at("DNS")

    def at(self, what):
        return re.search(rf"(\S+) +{what}", self.table)[1]

    def port(self, what):
        return int(self.at(what).rsplit(":", 1)[1])

    def end(self):
        self.proc.send_signal(signal.SIGTERM)
        status = self.proc.wait(10)
        self.proc.stdout.close()
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
