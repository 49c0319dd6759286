"""What the watcher's pages have beside the present: reports, badges, traces as files, what a partner sees, and the same on the command line."""

import http.client
import json
import os
import re
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import xml.dom.minidom
from datetime import datetime, timedelta, timezone
from pathlib import Path

from labs import STOX, Lab

AWAIT_S = 60  # on a machine that is busy
KEY = "pool.litware.test/contoso.test/to"
DAY_US = 86400 * 1000000
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok
    return ok


class Watcher:
    def __init__(self, folder):
        self.log_path = folder / "watch.log"
        self.log_file = open(self.log_path, "wb")
        self.proc = subprocess.Popen([STOX, "watch", "--config", str(folder / "watch.yaml"), "-v"], stderr=self.log_file,
                                     stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.await_that("it is ready", lambda: "watch ready" in self.log())
        self.port = int(re.findall(r"http listening address=127\.0\.0\.1:(\d+)", self.log())[-1])

    def log(self):
        return self.log_path.read_text(errors="replace")

    def await_that(self, what, is_true):
        end = time.monotonic() + AWAIT_S
        while time.monotonic() < end:
            value = is_true()
            if value:
                return value
            time.sleep(0.05)
        check(what, False, self.log())
        raise SystemExit(1)

    def get(self, path, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, dict(response.getheaders()), body

    def page(self, path, **headers):
        status, _, body = self.get(path, **headers)
        return body.decode() if status == 200 else f"{status} {body[:300]}"

    def end(self):
        self.proc.send_signal(signal.SIGTERM)
        status = self.proc.wait(30)
        self.log_file.close()
        return status


def free_port():
    """For a program that reads it from the configuration."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def configure(lab):
    """Beside the lab's own, which it writes anew when it starts."""
    text = Path(lab.config).read_text()
    (lab.dir / "watch.yaml").write_text(text + f"""watch:
  listen: ["127.0.0.1:{free_port()}"]
  history: {{ file: history.db }}
  defaults: {{ interval: 1, timeout: 5, retries: 0, fail: 1 of 1, recover: 1 }}
  tests:
    - {{ kind: im, direction: to }}
    - {{ kind: register }}
""")


def last_month():
    """Its first day, and how many it has."""
    end = datetime.now(timezone.utc).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    begin = (end - timedelta(days=1)).replace(day=1)
    return begin, (end - begin).days


def add_a_month(path):
    """Days of the month before, as they are rolled up: every run passed but on the second day."""
    begin, n_days = last_month()
    at = int(begin.timestamp()) * 1000000
    db = sqlite3.connect(path)
    columns = [row[1] for row in db.execute("pragma table_info(roll_day)")]
    tests = [row[0] for row in db.execute("select id from test")]
    for test in tests:
        for day in range(n_days):
            bad = day == 1
            row = {c: None if c.endswith("_us") else 0 for c in columns}
            row.update({"test_id": test, "begin_at": at + day * DAY_US, "end_at": at + (day + 1) * DAY_US, "n_ok": 1430 if bad else 1440,
                        "n_failed": 10 if bad else 0, "worst": 2 if bad else 0, "bad_us": 600000000 if bad else 0})
            db.execute(f"insert or replace into roll_day ({','.join(row)}) values ({','.join('?' * len(row))})", list(row.values()))
    second = at + DAY_US
    db.execute("insert into incident (test_id, begin_at, end_at, last_at, reason, runs, times, is_flapping) values (?, ?, ?, ?, ?, 10, 1, 0)",
               (tests[0], second, second + 600000000, second + 540000000, "im_not_delivered"))
    db.commit()
    db.close()


def reports(watcher):
    begin, n_days = last_month()
    month = f"{begin:%Y-%m}"
    shares = 1440 * n_days
    share = f"{int((shares - 10) / shares * 10000) / 100:g}%"
    body = watcher.page("/reports")
    check("the list of reports has the month", f'href="/reports/{month}"' in body and share in body, body[:3000])
    check("and is in the navigation", '<a href="/reports" aria-current="page">' in body, body[:2000])
    body = watcher.page(f"/reports/{month}")
    check("its report answers first", f"Messages with partners were available {share} of the time" in body, body[:3000])
    check("with its partner and how long it was down", 'contoso.test' in body and "10\u00a0min" in body and re.search(r'href="/incidents/\d+">[^<]*contoso.test', body), body[:6000])
    status, headers, body = watcher.get(f"/reports/{month}.html")
    text = body.decode()
    check("as a file it needs nothing else", status == 200 and "<style>" in text and not re.search(r'(href|src)="(?!#)', text)
          and headers["Content-Disposition"] == "attachment" and share in text, text[-3000:])
    status, headers, body = watcher.get(f"/reports/{month}.csv")
    rows = body.decode().split("\r\n")
    check("as CSV it has both tests", headers["Content-Type"].startswith("text/csv") and len(rows) == 4 and f"im,pool.litware.test,contoso.test,to,,{shares},"
          f"{shares - 10},10,0,0,0," in rows[1], rows)
    report = json.loads(watcher.page(f"/reports/{month}.json"))
    check("as JSON, too", report["schema"] == "stox.report/1" and report["tests"][0]["down_seconds"] == 600
          and report["tests"][0]["failed"] == 10 and report["tests"][1]["test"]["kind"] == "register", report)
    report = json.loads(watcher.page(f"/reports/{month}-01..{month}-01.json"))
    check("a span of days", report["tests"][0]["failed"] == 0 and report["tests"][0]["runs"] == 1440, report)
    for path in ("2026-13", "2026-11-05..2026-11-01", "x", "2026-11.xml"):
        check(f"/reports/{path} is 404", watcher.get(f"/reports/{path}")[0] == 404)
    check("in French", "Rapports" in watcher.page("/reports", **{"Accept-Language": "fr"}))


def by_phase(watcher):
    for form in ("24h", "7d"):
        status, _, body = watcher.get(f"/t/{KEY}?range={form}&by=phase")
        text = body.decode()
        check(f"the phases of {form}, each for itself", status == 200 and "do not add up" in text and f'href="?range={form}"' in text
              and 'href="?range=6h&amp;by=phase"' in text, text[:3000])
        if form == "24h":
            check("with its name, its line and its figures", re.search(r"<code>sip\.register</code></th><td><svg.*?</svg></td>.*?ms", text, re.S)
                  and "<code>deliver</code>" in text, text[:6000])
    check("by something else is 400", watcher.get(f"/t/{KEY}?by=colour")[0] == 400)
    check("and from the chart there is a way", "by=phase" in watcher.page(f"/t/{KEY}"))


def badges(watcher):
    for path in ("overall", "pools/pool.litware.test", "partners/contoso.test", f"t/{KEY}", "t/pool.litware.test/register"):
        status, headers, body = watcher.get(f"/badge/{path}.svg")
        check(f"the badge {path}.svg", status == 200 and headers["Content-Type"] == "image/svg+xml" and "OK" in body.decode()
              and xml.dom.minidom.parseString(body), (status, body))
        badge = json.loads(watcher.page(f"/badge/{path}.json"))
        check("and as shields.io takes it", badge["schemaVersion"] == 1 and badge["message"] == "OK", badge)
    for path in ("overall", "overall.png", "pools/other.svg", "t/a/b/to.svg", "other/x.svg"):
        check(f"/badge/{path} is 404", watcher.get(f"/badge/{path}")[0] == 404)


def stox(folder, *args):
    done = subprocess.run([STOX, *args, "--config", str(folder / "watch.yaml")], capture_output=True, text=True, timeout=60, cwd=folder,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    return done.returncode, done.stdout, done.stderr


def command_line(folder, whom):
    """The same of a watcher that runs and of its file: of the runs of all tests, of one, and the report of the month before."""
    end = time.monotonic() + 60
    while True:  # so many runs have to be over first
        status, out, err = stox(folder, "history", "-n", "5")
        lines = out.splitlines()
        if (len(lines) == 5 and len(stox(folder, "history", "--test", KEY, "-n", "3")[1].splitlines()) == 3) or time.monotonic() > end:
            break
    check(f"history, {whom}: a line each, newest first", status == 0 and len(lines) == 5 and lines == sorted(lines, reverse=True, key=lambda s: s[:19])
          and re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  pool\.litware\.test/\S+ +OK +\d\.\d{3} s$", lines[0]), (status, out, err))
    status, out, err = stox(folder, "history", "--test", KEY, "--from", "1d", "--state", "ok,failed", "-f", "json", "-n", "2")
    history = json.loads(out) if status == 0 else {"runs": []}
    check(f"history, {whom}: of a test, as JSON", len(history["runs"]) == 2 and history["has_more"]
          and all(r["test"] == KEY and r["state"] == "ok" and r["latency_seconds"] > 0 for r in history["runs"]), (status, out, err))
    status, out, err = stox(folder, "history", "-f", "csv", "-n", "3")
    check(f"history, {whom}: as CSV", status == 0 and out.startswith("time,test,state,") and len(out.splitlines()) == 4, (status, out, err))
    status, out, err = stox(folder, "history", "--state", "failed", "--from", "2020-01-01", "--to", "2020-01-02")
    check(f"history, {whom}: nothing", (status, out) == (0, "No run is kept of which this is true.\n"), (status, out, err))
    for args in (("--test", "a/b/to"), ("--from", "tomorrow"), ("--state", "red"), ("--format", "xml"), ("-n", "0")):
        status, out, err = stox(folder, "history", *args)
        check(f"history, {whom}: {args} is refused", status == 2 and err.startswith("stox history: ") and not out, (status, out, err))
    status, out, err = stox(folder, "report", "-o", "month.html")
    texts = [(folder / f"month.{ending}").read_text() if (folder / f"month.{ending}").exists() else "" for ending in ("html", "csv", "json")]
    check(f"report, {whom}: three files", status == 0 and not out and "<style>" in texts[0] and "contoso.test" in texts[0]
          and texts[1].startswith("kind,") and json.loads(texts[2])["tests"][0]["failed"] == 10, (status, err))
    begin, _ = last_month()
    status, out, err = stox(folder, "report", "--from", f"{begin:%Y-%m}-02", "--to", f"{begin:%Y-%m}-03", "-f", "json")
    check(f"report, {whom}: of days", status == 0 and json.loads(out)["tests"][0]["runs"] == 2880, (status, out, err))
    for args in (("--from", "x"), ("--to", "2026-11-03"), ("--from", "2026-11-03", "--to", "2026-11-01"), ("-f", "pdf"), ("-f", "csv", "-o", "x")):
        status, out, err = stox(folder, "report", *args)
        check(f"report, {whom}: {args} is refused", status == 2 and err.startswith("stox report: ") and not out, (status, out, err))
    status, out, err = stox(folder, "report", "-o", "no/such/folder.html")
    check(f"report, {whom}: a file that cannot be", status == 3 and "no/such/folder.html" in err, (status, out, err))
    (folder / "linked.csv").symlink_to("elsewhere")
    os.mkfifo(folder / "pipe.html")
    for name, words in (("linked.html", "linked.csv: this is a link"), ("pipe.html", "not a regular file"), ("/dev/null", "not a regular file")):
        status, out, err = stox(folder, "report", "-o", name)
        check(f"report, {whom}: {name} is left as it is", status == 2 and words in err and not (folder / "linked.html").exists(), (status, out, err))
    check(f"report, {whom}: links and pipes stay", (folder / "linked.csv").is_symlink() and (folder / "pipe.html").is_fifo())
    (folder / "linked.csv").unlink()
    (folder / "pipe.html").unlink()
    for ending in ("html", "csv", "json"):
        (folder / f"month.{ending}").unlink(missing_ok=True)


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Lab(folder) as lab:
            configure(lab)
            status, out, err = stox(folder, "history")
            check("without a history that is told, and none is made", status == 3 and "history.db" in err and not (folder / "history.db").exists(),
                  (status, out, err))
            watcher = Watcher(folder)
            watcher.await_that("its tests pass", lambda: "All 2 tests pass" in watcher.page("/"))
            check("it ends", watcher.end() == 0)
            add_a_month(folder / "history.db")
            watcher = Watcher(folder)
            watcher.await_that("its tests pass", lambda: "All 2 tests pass" in watcher.page("/"))
            reports(watcher)
            by_phase(watcher)
            badges(watcher)
            command_line(folder, "of a watcher that runs")
            check("it ends", watcher.end() == 0, watcher.log())
            command_line(folder, "of a file")
    raise SystemExit(1 if failed else 0)


main()
