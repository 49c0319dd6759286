"""`stox lab --watch`: a page of the lab by one command, which leaves nothing behind."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from labs import STOX

AWAIT_S = 60
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.read().decode()
    except (urllib.error.URLError, ConnectionError):
        return ""  # it does not listen yet


def await_that(what, is_true):
    end = time.monotonic() + AWAIT_S
    while time.monotonic() < end:
        if is_true():
            check(what, True)
            return
        time.sleep(0.1)
    check(what, False)


class Lab:
    def __init__(self, folder, *args):
        env = {**os.environ, "TMPDIR": str(folder), "LC_ALL": "C.UTF-8"}
        self.proc = subprocess.Popen([STOX, "lab", "--watch", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        self.table = ""
        while "Ctrl-C" not in self.table:
            line = self.proc.stdout.readline()
            if not line:
                raise SystemExit(f"the lab ended: {self.proc.stderr.read()}")
            self.table += line
        self.url = re.search(r"http://127\.0\.0\.1:\d+/", self.table)[0]

    def watcher(self):
        return [int(p) for p in Path(f"/proc/{self.proc.pid}/task/{self.proc.pid}/children").read_text().split()]

    def end(self, how=signal.SIGTERM):
        self.proc.send_signal(how)
        self.proc.communicate(timeout=20)
        return self.proc.returncode


def is_gone(pid):
    try:
        return "State:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def healthy(folder):
    lab = Lab(folder)
    await_that("the page says that all is well", lambda: "All 5 tests pass" in get(lab.url))
    check("of pool and partner", "pool.litware.test" in get(lab.url) and "contoso.test" in get(lab.url))
    (pid,) = lab.watcher()
    check("it ends in order", lab.end() == 0)
    check("with its watcher", is_gone(pid))
    check("and leaves nothing", not list(folder.iterdir()), list(folder.iterdir()))


def broken(folder):
    lab = Lab(folder, "--fault", "partner-not-allowed", "--watch-port", str(free_port()))
    await_that("a fault is shown with its cause", lambda: "sip_partner_not_allowed" in get(lab.url.rstrip("/") + "/metrics"))
    (pid,) = lab.watcher()
    os.kill(pid, signal.SIGKILL)
    _, told = lab.proc.communicate(timeout=20)
    check("without its watcher it ends, and says so", lab.proc.returncode == 3 and "watcher has ended" in told, told)
    check("and leaves nothing", not list(folder.iterdir()), list(folder.iterdir()))


def killed(folder):
    lab = Lab(folder)
    (pid,) = lab.watcher()
    lab.end(signal.SIGKILL)
    await_that("killed, it takes its watcher along", lambda: is_gone(pid))


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def refused():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        for args, said in ((["--watch", "--test"], "exclude each other"), (["--watch-port", "8080"], "for --watch"),
                           (["--watch", "--fault", "dns-nxdomain"], "one of names"),
                           (["--watch", "--watch-port", str(taken.getsockname()[1])], "in use")):
            done = subprocess.run([STOX, "lab", *args], capture_output=True, text=True, timeout=20, env={**os.environ, "LC_ALL": "C.UTF-8"})
            check(f"{' '.join(args)} is refused", done.returncode in (2, 3) and said in done.stderr, done)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        healthy(folder)
        broken(folder)
        refused()
        killed(folder)
    raise SystemExit(1 if failed else 0)


main()
