"""A watcher that is killed at each moment of an alert: what was not told is told behind its restart, and what was told is not told
again.  What becomes of receivers and tests that come and go in the meantime."""

import http.server
import json
import os
import re
import signal
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from labs import STOX, Lab

AWAIT_S = 60  # on a machine that is busy
KEY = "pool.litware.test/register"
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok


def await_that(what, is_true, shown=lambda: ""):
    end = time.monotonic() + AWAIT_S
    while time.monotonic() < end:
        if is_true():
            check(what, True)
            return
        time.sleep(0.05)
    check(what, False, shown())


class Receiver(http.server.BaseHTTPRequestHandler):
    """By its path: what each has taken, and whether it takes anything."""
    told = {}
    refuses = set()
    asked = 0

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        name = self.path.strip("/")
        Receiver.asked += 1
        refuses = name in Receiver.refuses
        if not refuses:
            Receiver.told.setdefault(name, []).extend(a["status"] for a in body["alerts"])
        self.send_response(503 if refuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Watcher:
    """Of one folder, killed and started again."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.path = folder / "watch.log"
        self.proc = None
        self.configure(["ops"])

    def configure(self, receivers, tests="[{ kind: register }]"):
        alerts = "".join(f'    - {{ name: {name}, kind: webhook, url: "http://127.0.0.1:{self.port}/{name}" }}\n' for name in receivers)
        (self.folder / "watch.yaml").write_text((self.folder / "stox.yaml").read_text() + f"""watch:
  listen: []
  history: {{ file: history.db }}
  defaults: {{ interval: 1, timeout: 5, retries: 0, fail: 1 of 1, recover: 1 }}
  tests: {tests}
  alerts:
{alerts}""")

    def log(self):
        return self.path.read_text(errors="replace") if self.path.exists() else ""

    def count(self, pattern):
        return len(re.findall(pattern, self.log()))

    def start(self):
        n = self.count("watch ready")
        with open(self.path, "ab") as log:
            self.proc = subprocess.Popen([STOX, "watch", "--config", str(self.folder / "watch.yaml"), "-v"], stderr=log,
                                         stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"})
        await_that("it is ready", lambda: self.count("watch ready") > n, self.log)

    def kill(self):
        self.proc.kill()
        self.proc.wait(10)

    def reload(self):
        n = self.count("config reloaded")
        self.proc.send_signal(signal.SIGHUP)
        await_that("it is reloaded", lambda: self.count("config reloaded") > n, self.log)

    def runs(self, n=3):
        """So many more, so that whatever is to be told is."""
        before = self.count("watch run ")
        await_that(f"{n} runs more", lambda: self.count("watch run ") >= before + n, self.log)

    def end(self):
        self.proc.send_signal(signal.SIGTERM)
        self.proc.wait(10)


def told(what, watcher, **wanted):
    await_that(what, lambda: Receiver.told == wanted, lambda: (Receiver.told, watcher.log()[-3000:]))


def an_alert_in_pieces(watcher, start_lab, end_lab):
    """Killed when it is not told, when it is, when it is over and not told, when that is told."""
    Receiver.refuses = {"ops"}
    watcher.start()
    await_that("its receiver refuses the first alert", lambda: "alert failed" in watcher.log(), watcher.log)
    watcher.kill()
    Receiver.refuses = set()
    watcher.start()
    told("killed before it was told, it is told", watcher, ops=["firing"])
    watcher.runs()
    watcher.kill()
    watcher.start()
    watcher.runs()
    told("killed behind that, it is not told again", watcher, ops=["firing"])
    Receiver.refuses = {"ops"}
    n = watcher.count("alert failed")
    lab = start_lab()
    await_that("its end is refused", lambda: watcher.count("alert failed") > n, watcher.log)
    watcher.kill()
    Receiver.refuses = set()
    watcher.start()
    told("killed before its end was told, that is told", watcher, ops=["firing", "resolved"])
    watcher.runs()
    watcher.kill()
    end_lab(lab)
    lab = start_lab()
    watcher.start()
    watcher.runs()
    told("and that only once", watcher, ops=["firing", "resolved"])
    watcher.kill()
    end_lab(lab)
    watcher.start()
    told("what fails once more is told once more", watcher, ops=["firing", "resolved", "firing"])
    watcher.runs()  # what a receiver took in the moment of a kill it gets twice
    watcher.kill()
    lab = start_lab()
    watcher.start()
    told("what became well while nobody looked is told", watcher, ops=["firing", "resolved"] * 2)
    watcher.runs()
    watcher.kill()
    end_lab(lab)


def receivers_come_and_go(watcher):
    Receiver.told = {}
    watcher.start()
    told("it fails", watcher, ops=["firing"])
    watcher.configure(["boss", "ops"])
    watcher.reload()
    told("a receiver that is new hears of it, in front of the other", watcher, ops=["firing"], boss=["firing"])
    watcher.kill()
    watcher.configure(["ops", "chief", "boss"])
    watcher.start()
    told("also at a start", watcher, ops=["firing"], boss=["firing"], chief=["firing"])
    watcher.configure(["ops", "boss"])
    watcher.reload()
    watcher.runs()
    told("another order, and one that is gone, tell nothing", watcher, ops=["firing"], boss=["firing"], chief=["firing"])


def tests_leave(watcher):
    both = ["firing", "resolved"]
    watcher.configure(["ops", "boss"], "[{ kind: servers, partner: contoso.test, enabled: false }]")
    watcher.reload()
    told("a test that is configured no more is over", watcher, ops=both, boss=both, chief=["firing"])
    watcher.end()
    watcher.configure(["ops"])
    Receiver.told = {}
    watcher.start()
    told("it comes back, and fails", watcher, ops=["firing"])
    watcher.kill()
    Receiver.refuses = {"ops"}
    watcher.configure(["ops"], "[{ kind: servers, partner: contoso.test, enabled: false }]")
    n = watcher.count("alert failed")
    watcher.start()
    await_that("it left while nothing ran: that is to be told", lambda: watcher.count("alert failed") > n, watcher.log)
    watcher.kill()
    Receiver.refuses = set()
    watcher.start()
    told("and is, after one more start", watcher, ops=both)
    n = Receiver.asked
    watcher.reload()
    watcher.end()
    watcher.start()
    watcher.reload()
    told("once", watcher, ops=both)
    check("and nobody is asked again", Receiver.asked == n, Receiver.asked)
    watcher.end()


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lab = Lab(folder)
        ports = [arg for option, what in (("--sip-tls-port", "pool, SIP over TLS"), ("--xmpp-port", "partner contoso.test, XMPP clients"))
                 for arg in (option, str(lab.port(what)))]
        watcher = Watcher(folder, server.server_address[1])
        lab.end()
        an_alert_in_pieces(watcher, lambda: Lab(folder, *ports), Lab.end)
        receivers_come_and_go(watcher)
        tests_leave(watcher)
        noise = [line for line in watcher.log().splitlines() if re.search(r"gave-up|alert lost", line)]
        check("nothing was given up", not noise, noise)
    server.shutdown()
    raise SystemExit(1 if failed else 0)


main()
