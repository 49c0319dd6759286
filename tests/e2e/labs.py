"""`stox lab` as a process of its own, with the configuration that it leaves."""

import os
import re
import signal
import subprocess
import sys

STOX = os.path.abspath(sys.argv[1])


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
