"""Debian's Alertmanager takes our alerts, and what it sends to a webhook of its own is what we send to one."""

import http.server
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

from alertmanager import Alertmanager
from peers import SCRATCH, WAIT_S, Failure

ONE = os.environ["DELIVER_ONE"]


def expect(what, ok, evidence=""):
    if not ok:
        raise Failure(f"{what}: {evidence}")
    print(f"ok: {what}", flush=True)


class Hook(http.server.BaseHTTPRequestHandler):
    bodies = queue.Queue()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.bodies.put((self.path, json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


def await_hook(path):
    while True:
        got, body = Hook.bodies.get(timeout=WAIT_S)
        if got == path:
            return body


def deliver(form, url, kind, *times):
    done = subprocess.run([ONE, form, url, kind, *map(str, times)], capture_output=True, text=True, timeout=WAIT_S)
    expect(f"{form} {kind} is delivered", done.returncode == 0, done)
    return done.stdout.split("\n")[0]


def seconds(text):
    return text[:19]


def fires(alertmanager, begin):
    fingerprint = deliver("alertmanager", alertmanager.url, "failing", begin)
    alerts = alertmanager.alerts()
    expect("it has one alert", len(alerts) == 1, alerts)
    alert = alerts[0]
    expect("that is active", alert["status"]["state"] in ("active", "unprocessed"), alert)
    expect("with our fingerprint", alert["fingerprint"] == fingerprint, f"{alert} {fingerprint}")
    expect("and our labels", alert["labels"]["alertname"] == "StoxTestFailed" and
           alert["labels"]["site_1"] == 'Paris "Nord"' and alert["labels"]["exported_pool"] == "theirs" and
           "empty" not in alert["labels"], alert)
    expect("and annotations", alert["annotations"]["reason"] == "tcp_refused" and
           alert["annotations"]["description"].startswith("contoso.test cannot be reached"), alert)
    expect("since when it fails", seconds(alert["startsAt"]) == time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(begin)), alert)
    return alert


def compare(theirs, ours):
    """What Alertmanager made of our alert, and what we say to a webhook of the same."""
    expect("both have the same members", theirs.keys() == ours.keys(), f"{theirs.keys()} {ours.keys()}")
    for name in theirs.keys() - {"alerts", "externalURL"}:
        expect(f"{name} is the same", theirs[name] == ours[name], f"{theirs[name]} {ours[name]}")
    expect("one alert", len(theirs["alerts"]) == len(ours["alerts"]) == 1)
    a, b = theirs["alerts"][0], ours["alerts"][0]
    expect("with the same members", a.keys() == b.keys(), f"{a.keys()} {b.keys()}")
    for name in a:
        same = seconds(a[name]) == seconds(b[name]) if name.endswith("At") else a[name] == b[name]
        expect(f"whose {name} is the same", same, f"{a[name]} {b[name]}")


def test(folder, hook):
    begin = int(time.time()) - 600
    with Alertmanager(folder, hook) as alertmanager:
        alert = fires(alertmanager, begin)
        theirs = await_hook("/theirs")
        deliver("webhook", f"{hook}/ours", "failing", begin)
        ours = await_hook("/ours")
        for body in (theirs, ours):  # "3 runs, 10 min": the clock goes on between them
            body["commonAnnotations"].pop("description")
            body["alerts"][0]["annotations"].pop("description")
        compare(theirs, ours)

        end = int(time.time()) - 1
        fingerprint = deliver("alertmanager", alertmanager.url, "resolved", begin, end)
        expect("resolved is the same alert", fingerprint == alert["fingerprint"])
        theirs = await_hook("/theirs")
        deliver("webhook", f"{hook}/ours", "resolved", begin, end)
        ours = await_hook("/ours")
        expect("resolved is told", theirs["status"] == ours["status"] == "resolved", theirs)
        for name in ("status", "fingerprint", "labels"):
            expect(f"with the same {name}", theirs["alerts"][0][name] == ours["alerts"][0][name], theirs)
        expect("and its end", seconds(theirs["alerts"][0]["endsAt"]) == seconds(ours["alerts"][0]["endsAt"]), theirs)
        expect("and it has no alert any more", alertmanager.alerts() == [], alertmanager.alerts())

        fingerprint = deliver("alertmanager", alertmanager.url, "hostile", begin)
        alerts = alertmanager.alerts()
        expect("hostile names do no harm", [a["fingerprint"] for a in alerts] == [fingerprint], alerts)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="stox-interop-", dir=SCRATCH) as folder:
        try:
            test(Path(folder), f"http://127.0.0.1:{server.server_address[1]}")
        except Failure as failure:
            print(f"FAILED: {failure}")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
