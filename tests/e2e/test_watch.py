"""The watcher at work beside a lab: what it finds, keeps, shows and tells, and what becomes of it when the lab goes, when it is
reloaded, killed and started again."""

import http.client
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
KEY = "pool.litware.test/contoso.test/to"
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok


def await_that(what, is_true, shown=lambda: ""):
    end = time.monotonic() + AWAIT_S
    while time.monotonic() < end:
        value = is_true()
        if value:
            check(what, True)
            return value
        time.sleep(0.05)
    check(what, False, shown())
    return None


class Receiver(http.server.BaseHTTPRequestHandler):
    """Of alerts, in the form of Alertmanager's webhook."""
    told = []
    pings = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.path.startswith("/ping"):
            Receiver.pings.append(self.path)
        else:
            Receiver.told.append(json.loads(body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


class Watcher:
    def __init__(self, folder, *args):
        self.log_path = folder / "watch.log"
        self.log_file = open(self.log_path, "ab")
        self.proc = subprocess.Popen([STOX, "watch", "--config", str(folder / "watch.yaml"), "-v", *args], stderr=self.log_file,
                                     stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.port = None

    def log(self):
        return self.log_path.read_text(errors="replace")

    def ready(self, times=1):
        await_that("it is ready", lambda: len(re.findall(r"watch ready", self.log())) >= times, self.log)
        self.port = int(re.findall(r"http listening address=127\.0\.0\.1:(\d+)", self.log())[-1])

    def ask(self, method, path, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request(method, path, headers=headers or {})
        response = connection.getresponse()
        body = response.read().decode(errors="replace")
        connection.close()
        return response.status, dict(response.getheaders()), body

    def get(self, path, **headers):
        return self.ask("GET", path, headers)

    def end(self):
        self.proc.send_signal(signal.SIGTERM)
        began = time.monotonic()
        status = self.proc.wait(30)
        self.log_file.close()
        return status, time.monotonic() - began


def configure(lab, port, more=""):
    """Beside the lab's own, which it writes anew when it starts."""
    text = Path(lab.config).read_text()
    (lab.dir / "watch.yaml").write_text(text + f"""watch:
  listen: ["127.0.0.1:0"]
  url: http://watch.litware.test
  history: {{ file: history.db }}
  defaults: {{ interval: 1, timeout: 5, retries: 0, fail: 1 of 1, recover: 1, severity: critical }}
  tests:
    - {{ kind: im, direction: to }}
    - {{ kind: register }}
{more}  alerts:
    - {{ name: ops, kind: webhook, url: "http://127.0.0.1:{port}/" }}
  ping: {{ url: "http://127.0.0.1:{port}/ping" }}
""")


def once(lab):
    done = subprocess.run([STOX, "watch", "--once", "--config", str(lab.dir / "watch.yaml")], capture_output=True, text=True, timeout=60)
    check("--once: each test passes", done.returncode == 0 and f"{KEY}  OK" in done.stdout and "/register" in done.stdout and not done.stderr, done)
    done = subprocess.run([STOX, "watch", "--once", "--format", "json", "--config", str(lab.dir / "watch.yaml")],
                          capture_output=True, text=True, timeout=60)
    result = json.loads(done.stdout)
    states = {t["test"]: t["state"] for t in result["tests"]}
    check("--once as JSON", done.returncode == 0 and states == {KEY: "ok", "pool.litware.test/register": "ok"}, done)
    done = subprocess.run([STOX, "watch", "--test-alert", "ops", "--config", str(lab.dir / "watch.yaml")], capture_output=True, text=True, timeout=60)
    trial = Receiver.told.pop() if Receiver.told else None
    check("--test-alert tells a trial", done.returncode == 0 and trial and trial["alerts"][0]["labels"]["alertname"] == "StoxTrial", (done, trial))
    done = subprocess.run([STOX, "watch", "--test-alert", "nobody", "--config", str(lab.dir / "watch.yaml")], capture_output=True, text=True, timeout=60)
    check("--test-alert of nobody", done.returncode == 2 and "nobody" in done.stderr, done)


def state_of(watcher, key=KEY):
    pool, partner = key.split("/")[:2] if key == KEY else (key.split("/")[0], "")
    _, _, body = watcher.get("/metrics")
    found = re.search(rf'stox_watch_test_state{{kind="[a-z]+",pool="{re.escape(pool)}",partner="{re.escape(partner)}",direction="[a-z]*",state="([a-z]+)"}} 1', body)
    return found[1] if found else None


def pages(watcher):
    status, headers, body = watcher.get("/")
    check("the overview", status == 200 and "contoso.test" in body and "All 2 tests pass" in body, body[:4000])
    check("with a policy that lets nothing in", "default-src 'none'" in headers["Content-Security-Policy"], headers)
    check("without a style attribute or a script in it", " style=" not in body and "<script>" not in body)
    for asset in re.findall(r'(?:href|src)="(/assets/[^"]+)"', body):
        asset_status, asset_headers, _ = watcher.get(asset)
        check(f"{asset.split('?')[0]} is there, for long", asset_status == 200 and "immutable" in asset_headers["Cache-Control"], asset_headers)
    status, headers, body = watcher.get("/", **{"Accept-Language": "fr-CA, en;q=0.5"})
    check("in French for who reads that", headers["Content-Language"] == "fr" and 'lang="fr"' in body, headers)
    status, headers, body = watcher.get("/?lang=fr")
    check("and for who chooses it, who is remembered", "lang=fr" in headers.get("Set-Cookie", "") and 'lang="fr"' in body, headers)
    for path in ("/tests", "/incidents", "/maintenance", "/pools/pool.litware.test", "/partners/contoso.test", f"/t/{KEY}",
                 f"/t/{KEY}?range=35d", f"/t/{KEY}/runs", "/t/pool.litware.test/register"):
        status, _, body = watcher.get(path)
        check(f"{path}", status == 200 and "</html>" in body, (status, body[:500]))
    for path, wanted in (("/nothing", 404), ("/t/a/b/to", 404), ("/runs/1-zzzz", 410), ("/runs/999-zzzz", 404), ("/runs/x", 404), (f"/t/{KEY}?range=9y", 400),
                         ("/incidents/99", 404), ("/pools/other", 404), ("/..%2fetc", 404)):
        status, _, body = watcher.get(path)
        check(f"{path} is {wanted}", status == wanted and "</html>" in body, (status, body[:500]))
    status, _, body = watcher.get("/", Host="evil.test")
    check("a name that is not ours is refused", status == 421, (status, body[:200]))


def a_run(watcher):
    run = re.search(r"/runs/(\d+-[0-9a-z]+)", watcher.get(f"/t/{KEY}")[2])
    check("the test's page names its runs", run)
    status, _, body = watcher.get(run[0])
    check("a run's page", status == 200 and "sip.register" in body, body[:3000])
    status, headers, body = watcher.get(run[0] + ".json")
    result = json.loads(body) if status == 200 else None
    check("its result as a file", result and result["schema"] == "stox.test/1" and result["result"] == "Success", body[:500])
    status, _, body = watcher.get(run[0] + "/trace.json")
    check("its trace", status == 200 and "MESSAGE sip:" in body and "REGISTER" in body, body[:500])
    status, headers, body = watcher.get(run[0] + "/trace.pcapng")
    check("and for Wireshark", status == 200 and headers["Content-Type"] == "application/x-pcapng" and "MESSAGE sip:" in body and "xmpp" in body, (headers, body[:500]))
    check("which its page leads to", f'href="{run[0]}/trace.pcapng"' in watcher.get(run[0])[2])
    return run[0]


def by_hand(watcher, lab):
    status, headers, _ = watcher.ask("POST", f"/t/{KEY}/run")
    check("a run by hand leads back to the test", status == 303 and headers["Location"] == f"/t/{KEY}", (status, headers))
    status, _, _ = watcher.ask("POST", f"/t/{KEY}/run", {"Sec-Fetch-Site": "cross-site"})
    check("not for another site's page", status == 403, status)
    status, _, _ = watcher.ask("POST", f"/t/{KEY}/%72un")
    check("not by another spelling of its path", status == 405, status)
    status, _, _ = watcher.ask("POST", "/t/a/b/to/run")
    check("not for a test that is none", status == 404, status)


def live(watcher):
    connection = http.client.HTTPConnection("127.0.0.1", watcher.port, timeout=AWAIT_S)
    connection.request("GET", "/events")
    response = connection.getresponse()
    check("the stream of events", response.getheader("Content-Type").startswith("text/event-stream"), response.getheaders())
    seen = b""
    while b"data:" not in seen:
        seen += response.read1(65536)
    check("says what happens", b"data:" in seen, seen)
    connection.close()


def a_pipe_for_certificates(watcher, lab):
    pem = lab.ca.read_text()
    lab.ca.unlink()
    os.mkfifo(lab.ca)
    await_that("a pipe has no certificates", lambda: state_of(watcher) == "unknown", watcher.log)
    check("and says why", "ca.pem: this is not a regular file" in watcher.log(), watcher.log())
    lab.ca.unlink()
    lab.ca.write_text(pem)
    await_that("a file has", lambda: state_of(watcher) == "ok", watcher.log)


def the_lab_goes(watcher, lab, folder, ports):
    lab.end()
    await_that("what cannot be reached has failed", lambda: state_of(watcher) == "failed", watcher.log)
    firing = await_that("and its receiver is told", lambda: next(
        (t for t in Receiver.told if t["alerts"][0]["labels"].get("partner") == "contoso.test"), None), watcher.log)
    alert = firing["alerts"][0]
    reason = alert["annotations"]["reason"]  # it may have gone in the middle of a run
    check("of what, why and where", alert["status"] == "firing" and alert["labels"]["pool"] == "pool.litware.test"
          and alert["labels"]["alertname"] == "StoxTestFailed" and re.match(r"(tcp|tls|sip|xmpp)_", reason) and "http://watch.litware.test/runs/" in json.dumps(alert), alert)
    _, _, body = watcher.get("/")
    check("the overview says it first", re.search(r"<title>\d failed", body), body[:1500])
    _, _, body = watcher.get("/incidents")
    incident = re.search(r'href="(/incidents/\d+)"', body)
    check("there is an incident", incident, body[:3000])
    if incident:
        await_that("with a page, and the reason of its last run", lambda: "tcp_re" in watcher.get(incident[1])[2], watcher.log)
    status, headers, body = watcher.get("/feed.atom")
    check("and an entry in the feed", status == 200 and headers["Content-Type"].startswith("application/atom+xml") and "<entry>" in body
          and "http://watch.litware.test/incidents/" in body, body[:1000])
    path = re.search(r'"url"|/runs/[0-9a-z-]+', alert["generatorURL"])
    status, _, body = watcher.get(path[0])
    check("the alert's link leads to the run", status == 200 and reason in body, (alert["generatorURL"], status))
    n_told = len(Receiver.told)
    again = Lab(folder, *ports)
    await_that("it is back, and passes", lambda: state_of(watcher) == "ok", watcher.log)
    await_that("which is told, once", lambda: [t for t in Receiver.told[n_told:] if t["alerts"][0]["status"] == "resolved"
               and t["alerts"][0]["labels"].get("partner") == "contoso.test"], watcher.log)
    firings = [t for t in Receiver.told if t["alerts"][0]["status"] == "firing" and t["alerts"][0]["labels"].get("partner") == "contoso.test"]
    check("of the failure it was told once", len(firings) == 1, firings)
    return again


def reload_it(watcher, lab, port):
    good = (lab.dir / "watch.yaml").read_text()
    (lab.dir / "watch.yaml").write_text(good.replace("kind: register", "kind: nothing"))
    watcher.proc.send_signal(signal.SIGHUP)
    await_that("a file with a fault changes nothing", lambda: "config not-reloaded" in watcher.log(), watcher.log)
    check("and says where", "watch.yaml:" in watcher.log() and state_of(watcher) == "ok", watcher.log())
    check("and in the metrics", "stox_watch_config_last_reload_successful 0" in watcher.get("/metrics")[2])
    configure(lab, port, "    - { kind: servers, partner: contoso.test }\n")
    (lab.dir / "watch.yaml").write_text((lab.dir / "watch.yaml").read_text().replace("    - { kind: register }\n", ""))
    watcher.proc.send_signal(signal.SIGHUP)
    await_that("another one is taken over", lambda: "config reloaded" in watcher.log(), watcher.log)
    await_that("with its tests", lambda: '-/contoso.test/servers' in watcher.log().split("config reloaded")[-1], watcher.log)
    status, _, _ = watcher.get("/t/pool.litware.test/register")
    check("and without those it has not", status == 404, status)
    check("what was known is known", state_of(watcher) == "ok")


def killed(watcher, lab, run):
    watcher.proc.send_signal(signal.SIGKILL)
    watcher.proc.wait(10)
    second = Watcher(lab.dir)
    second.ready(2)
    status, _, body = second.get(run)
    check("killed and started again it has its history", status == 200 and "sip.register" in body, (status, body[:500]))
    _, _, body = second.get("/incidents")
    check("and its incidents", "/incidents/" in body, body[:2000])
    await_that("and goes on", lambda: len(re.findall(rf"watch run test={re.escape(KEY)}", second.log().split("watch ready")[-1])) > 1, second.log)
    return second


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lab = Lab(folder)
        ports = [arg for option, what in (("--sip-tls-port", "pool, SIP over TLS"), ("--xmpp-port", "partner contoso.test, XMPP clients"))
                 for arg in (option, str(lab.port(what)))]
        configure(lab, port)
        once(lab)
        watcher = Watcher(folder)
        await_that("it listens", lambda: "http listening" in watcher.log(), watcher.log)
        watcher.port = int(re.findall(r"http listening address=127\.0\.0\.1:(\d+)", watcher.log())[-1])
        check("a scraper may ask before the history has answered", watcher.get("/metrics")[0] == 200, watcher.log)
        watcher.ready()
        await_that("its tests pass", lambda: state_of(watcher) == "ok" and state_of(watcher, "pool.litware.test/register") == "ok", watcher.log)
        await_that("whoever watches the watcher hears that it lives", lambda: Receiver.pings == ["/ping"], lambda: Receiver.pings)
        await_that("runs are kept", lambda: "/runs/" in watcher.get(f"/t/{KEY}")[2], watcher.log)
        pages(watcher)
        run = a_run(watcher)
        by_hand(watcher, lab)
        live(watcher)
        a_pipe_for_certificates(watcher, lab)
        lab = the_lab_goes(watcher, lab, folder, ports)
        reload_it(watcher, lab, port)
        watcher = killed(watcher, lab, run)
        secrets = [(folder / n).read_text().strip() for n in ("pilar", "adelany")]
        check("no secret in the log", not any(s in watcher.log() for s in secrets))
        status, took = watcher.end()
        check("SIGTERM ends it in order", status == 0 and took < 8 and "watch stopped" in watcher.log(), (status, took, watcher.log()[-1000:]))
        lab.end()
    server.shutdown()
    raise SystemExit(1 if failed else 0)


main()
