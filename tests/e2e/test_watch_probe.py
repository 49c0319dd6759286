"""/probe in the manner of blackbox_exporter: what it answers beside a lab, and what it refuses; and /metrics by the rules of OpenMetrics."""

import http.client
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse
from pathlib import Path

from labs import STOX, Lab


KEY, AWAIT_S = "pool.litware.test/contoso.test/to", 60  # on a machine that is busy
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok


class Watcher:
    def __init__(self, folder):
        self.log = folder / "watch.log"
        with open(self.log, "wb") as log:
            self.proc = subprocess.Popen([STOX, "watch", "--config", str(folder / "watch.yaml")], stderr=log, stdout=subprocess.DEVNULL,
                                         env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.port = int(self.awaits(lambda: re.search(r"http listening address=127\.0\.0\.1:(\d+)", self.log.read_text()))[1])
        self.awaits(lambda: "\nprobe_success{" in self.get("/metrics")[2])

    def awaits(self, is_true):
        end = time.monotonic() + AWAIT_S
        while self.proc.poll() is None and time.monotonic() < end:
            value = is_true()
            if value:
                return value
            time.sleep(0.05)
        raise SystemExit(f"the watcher ended, or was never ready: {self.log.read_text()}")

    def get(self, path, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        return response.status, dict(response.getheaders()), body

    def end(self):
        self.proc.send_signal(signal.SIGTERM)
        return self.proc.wait(30)


def ask(watcher, headers=None, **query):
    return watcher.get("/probe?" + urllib.parse.urlencode(query), **(headers or {}))


def figures(body):
    return dict(re.findall(r"^(\w+(?:\{.*\})?) (\S+)$", body, re.M))


def passes(what, watcher, *names, **query):
    status, headers, body = ask(watcher, **query)
    shown = figures(body)
    check(f"{what} passes", status == 200 and shown.get("probe_success") == "1" and float(shown["probe_duration_seconds"]) > 0, body)
    check(f"{what}: in the text format", headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8", headers)
    check(f"{what}: has its figures", all(name in shown for name in names), body)


def servers(watcher, lab):
    sip, xmpp = lab.at("pool, SIP over TCP"), lab.at("partner contoso.test, XMPP clients")
    steps = [f'probe_sip_duration_seconds{{phase="{step}"}}' for step in ("resolve", "connect", "answer")]
    passes("an OPTIONS by TCP", watcher, "probe_sip_status_code", "probe_ip_protocol", *steps, module="sip_options", target=f"sip:{sip};transport=tcp")
    passes("an OPTIONS by UDP", watcher, "probe_sip_status_code", module="sip_options", target=lab.at("pool pool.litware.test, SIP over UDP"))
    passes("a pool by its name", watcher, "probe_ssl_earliest_cert_expiry", 'probe_tls_version_info{version="TLS 1.3"}', module="sip_options", target="pool.litware.test")
    passes("a partner", watcher, 'probe_xmpp_duration_seconds{phase="answer"}', "probe_ssl_earliest_cert_expiry", module="xmpp", target="contoso.test")
    passes("a partner at a server", watcher, module="xmpp", target=f"xmpp://{xmpp}/contoso.test")


def tests(watcher):
    passes("a message", watcher, 'probe_stox_duration_seconds{phase="sip.send"}', module="im", target=KEY)
    passes("the same, named shorter", watcher, module="im", target="pool.litware.test/contoso.test")
    passes("a sign-in", watcher, module="register", target="pool.litware.test")
    passes("a message within the pool", watcher, 'probe_stox_duration_seconds{phase="answer"}', module="im-internal", target="pool.litware.test")
    ends = []
    threads = [threading.Thread(target=lambda: ends.append(ask(watcher, module="im", target=KEY)[2])) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("who asks at the same time hears of one run", len(ends) == 8 and all("\nprobe_success 1\n" in body for body in ends), ends)


def failures(watcher):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        status, _, body = ask(watcher, {"X-Prometheus-Scrape-Timeout-Seconds": "1.25"}, module="sip_options", target=f"127.0.0.1:{port};transport=tcp")
        shown = figures(body)
        check("a silent server is a figure", status == 200 and shown["probe_success"] == "0" and shown["probe_timeout_seconds"] == "0.750000", body)
        check("with its reason", 'probe_failure_info{phase="answer",reason="sip_no_answer"}' in shown, body)
        check("in the time that Prometheus waits", 0.7 <= time.monotonic() - began < 10, began)
    status, _, body = ask(watcher, module="sip_options", target=f"127.0.0.1:{port};transport=tcp")
    check("a closed port, too", status == 200 and "\nprobe_success 0\n" in body and 'reason="tcp_refused"' in body, body)
    status, _, body = ask(watcher, module="sip_options", target=f"127.0.0.1:{port};transport=tcp", debug="true")
    parts = ("Logs for the probe:\n", "tcp_refused", "\nMetrics that would have been returned:\n", "probe_success 0", "\nModule configuration:\n")
    check("debug=true shows all of it", status == 200 and all(part in body for part in parts), body)


def refusals(watcher):
    for what, status, words, headers, query in (
            ("an unknown module", 400, "Unknown module", {}, {"module": "http_2xx", "target": "x"}),
            ("no module", 400, "Unknown module", {}, {"target": "x"}),
            ("no target", 400, "Target parameter is missing", {}, {"module": "xmpp"}),
            ("a target that is none", 400, "the target is none", {}, {"module": "sip_options", "target": "http://x/"}),
            ("a stranger", 403, "watch.probe.allow", {}, {"module": "sip_options", "target": "192.0.2.1:22"}),
            ("a stranger's domain", 403, "watch.probe.allow", {}, {"module": "xmpp", "target": "example.org"}),
            ("a test that is not there", 403, "", {}, {"module": "im", "target": "pool.litware.test/example.org"}),
            ("a test of another kind", 403, "", {}, {"module": "register", "target": KEY}),
            ("a timeout that is none", 500, "Failed to parse timeout", {"X-Prometheus-Scrape-Timeout-Seconds": "soon"}, {"module": "xmpp", "target": "contoso.test"})):
        got, _, body = ask(watcher, headers, **query)
        check(f"{what}: {status}", got == status and words in body, (got, body))
    before = watcher.get("/metrics")[2]
    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.test"}):
        check(f"a page of another site starts nothing: {headers}", ask(watcher, headers, module="im", target=KEY)[0] == 403)
    key = 'stox_watch_http_refused_total{cause="other-site"}'
    check("which is counted", int(figures(watcher.get("/metrics")[2]).get(key, 0)) == int(figures(before).get(key, 0)) + 3, before)
    check("who types it may", ask(watcher, {"Sec-Fetch-Site": "none"}, module="im", target=KEY)[0] == 200)


def many(watcher, lab):
    """More than there is room for: each is answered, and the watcher lives."""
    target, ends = lab.at("pool pool.litware.test, SIP over UDP"), []

    def some():
        for _ in range(20):
            ends.append(ask(watcher, module="sip_options", target=target)[0])
    threads = [threading.Thread(target=some) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("a thousand probes are answered", len(ends) == 1000 and set(ends) == {200}, {status: ends.count(status) for status in ends})
    shown = figures(watcher.get("/metrics")[2])
    check("none is left behind", shown["stox_watch_probes_open"] == "0" and float(shown["stox_watch_probes_total"]) > 1000, shown)


OPEN = "application/openmetrics-text; version=1.0.0"
SAMPLE = re.compile(r'(\w+)(?:\{((?:\w+="(?:[^"\\\n]|\\.)*",?)*)\})? (-?[0-9.]+)( # \{run="[\w-]+"\} [0-9.]+ [0-9.]+)?')
ENDINGS = {"counter": "_total", "info": "_info", "gauge": ""}


def fault_of(text):
    """OpenMetrics 1.0: names by types, families in one piece, no sample twice, exemplars on counters, the end."""
    family, kind, families, samples = "", "", set(), set()
    if not text.endswith("\n# EOF\n"):
        return "it has no end"
    for line in text.splitlines()[:-1]:
        if line.startswith("# HELP "):
            family = line.split(" ", 3)[2]
            if family in families:
                return f"{family} comes twice"
            families.add(family)
        elif line.startswith("# TYPE "):
            name, kind = line.split(" ")[2:]
            if name != family or kind not in ENDINGS:
                return line
        else:
            sample = SAMPLE.fullmatch(line)
            if not sample or sample[1] != family + ENDINGS[kind] or sample.group(1, 2) in samples or (sample[4] and kind != "counter"):
                return f"of {family}, {kind}: {line}"
            samples.add(sample.group(1, 2))
    return None


def metrics(watcher):
    _, headers, text = watcher.get("/metrics", Accept=f"{OPEN},text/plain;version=0.0.4;q=0.5")
    check("OpenMetrics for who asks for it", headers["Content-Type"] == f"{OPEN}; charset=utf-8", headers)
    check("is by its rules", fault_of(text) is None, fault_of(text))
    run = re.search(rf'^stox_watch_runs_total\{{kind="im".*state="ok"\}} \d+ # \{{run="([\w-]+)"\}} 1 [0-9.]+$', text, re.M)
    check("a run that was counted is its exemplar", run is not None, text)
    check("and can be looked up", run is not None and watcher.get(f"/runs/{run[1]}")[0] == 200)
    check("the text format has none", " # {" not in watcher.get("/metrics")[2])


def main():
    with tempfile.TemporaryDirectory() as name, Lab(Path(name)) as lab:
        text = Path(lab.config).read_text()
        (lab.dir / "watch.yaml").write_text(text + """watch:
  listen: ["127.0.0.1:0"]
  history: { file: history.db }
  tests: [{ kind: im, direction: to }, { kind: register }, { kind: im-internal }]
  probe: { allow: [127.0.0.1] }
""")
        watcher = Watcher(lab.dir)
        servers(watcher, lab)
        tests(watcher)
        metrics(watcher)
        failures(watcher)
        refusals(watcher)
        many(watcher, lab)
        check("it ends in order", watcher.end() == 0)
    raise SystemExit(failed != 0)


main()
