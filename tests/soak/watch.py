"""The watcher beside a lab whose faults are switched on and off: each has to show as the right alert, once, and as one resolved;
nothing may be missed silently, and neither memory nor descriptors may grow.

usage: watch.py STOX [DURATION]   (2m, 1h; an hour)

A fault is another lab on the same ports, with secrets and certificates of its own, so that each switch is also a change of all
of them.  A fault that a test has to be told of otherwise (another transport) is a reload.  Prints a transcript; exit status 1 when
anything was not as it should be."""

import http.client
import http.server
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

STOX = os.path.abspath(sys.argv[1])
KEY = "pool.litware.test/contoso.test/to"
TIMEOUT_S = 2  # as the lab's own test has with a fault that it fails by
SHOWN_S, PASSED_S = 60, 60  # on a machine that is busy
AWAY = ("tcp_refused", "tcp_reset", "sip_gateway_down", "sip_no_answer")  # what a lab is that ends, or has not begun
ROOM_KIB = 2048  # of memory: for what the allocator keeps
began = time.monotonic()
wrong = []


def say(text):
    at = int(time.monotonic() - began)
    print(f"{at // 3600:d}:{at // 60 % 60:02d}:{at % 60:02d}  {text}", flush=True)


def fail(text):
    wrong.append(text)
    say(f"WRONG: {text}")


def seconds(text):
    return int(text[:-1]) * {"s": 1, "m": 60, "h": 3600}[text[-1]]


class Receiver(http.server.BaseHTTPRequestHandler):
    told = []
    lock = threading.Condition()

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        with Receiver.lock:
            Receiver.told += body["alerts"]
            Receiver.lock.notify_all()
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def of(status, since, test=KEY):
    return [a for a in Receiver.told[since:] if a["status"] == status and a["labels"]["test"] == test]


def await_alert(status, since, test=KEY):
    with Receiver.lock:
        Receiver.lock.wait_for(lambda: of(status, since, test), SHOWN_S)
        return of(status, since, test)


def free_ports(n):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(n)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Lab:
    options = []
    patience = 3  # runs that fail before it is an alert: what is away between two labs is none

    def __init__(self, folder, fault=None):
        args = [STOX, "lab", "--write-config", str(folder), *Lab.options, *(["--fault", fault] if fault else [])]
        self.log = open(folder / "lab.log", "ab")
        self.proc = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=self.log, text=True)
        for line in self.proc.stdout:
            if "Ctrl-C" in line:
                return
        raise SystemExit(f"the lab ended: {args}\n{(folder / 'lab.log').read_text()[-2000:]}")

    def end(self):
        self.proc.terminate()
        self.proc.wait(10)
        self.proc.stdout.close()
        self.log.close()


def faults():
    """name, reason.  Those that a test only warns of are left out, and those for which the system's resolver would have to be ours."""
    out = subprocess.run([STOX, "lab", "--list-faults"], capture_output=True, text=True, check=True).stdout
    rows = re.findall(r"^(\S+) .*\n +-> (warning )?(\w+)(?: in \S+?)?(?:,.*)?$", out, re.M)
    return [(name, reason) for name, warning, reason in rows
            if not name.startswith("dns-") and not warning]


def configure(folder, port):
    """Of what the lab has left.  True: it is not what it was."""
    text = (folder / "stox.yaml").read_text() + f"""watch:
  listen: ["127.0.0.1:0"]
  history: {{ file: history.db }}
  defaults: {{ interval: 1, timeout: {TIMEOUT_S}, retries: 0, fail: {Lab.patience} of {Lab.patience}, recover: 1, calm: 0 }}
  tests: [{{ kind: im, direction: to }}, {{ kind: register }}]
  alerts: [{{ name: ops, kind: webhook, url: "http://127.0.0.1:{port}/" }}]
"""
    path = folder / "watch.yaml"
    is_changed = not path.exists() or path.read_text() != text
    path.write_text(text)
    return is_changed


class Watcher:
    def __init__(self, folder):
        self.log_path = folder / "watch.log"
        self.log_file = open(self.log_path, "ab")
        self.proc = subprocess.Popen([STOX, "watch", "--config", str(folder / "watch.yaml")], stderr=self.log_file,
                                     stdout=subprocess.DEVNULL, env={**os.environ, "LC_ALL": "C.UTF-8"})
        self.port = int(self.await_log(r"http listening address=127\.0\.0\.1:(\d+)"))
        self.await_log(r"watch (ready)")

    def log(self):
        return self.log_path.read_text(errors="replace")

    def await_log(self, pattern, times=1):
        end = time.monotonic() + SHOWN_S
        while time.monotonic() < end:
            found = re.findall(pattern, self.log())
            if len(found) >= times:
                return found[-1]
            time.sleep(0.05)
        raise SystemExit(f"no {pattern}:\n{self.log()[-3000:]}")

    def get(self, path):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", path)
        response = connection.getresponse()
        body = response.read().decode()
        connection.close()
        if response.status != 200:
            fail(f"GET {path}: {response.status}")
        return body

    def states(self):
        return dict(re.findall(r'^stox_watch_test_state{kind="(\w+)".*state="(\w+)"} 1$', self.get("/metrics"), re.M))

    def await_states(self, wanted, what):
        end = time.monotonic() + PASSED_S
        while time.monotonic() < end:
            if wanted(self.states()):
                return
            time.sleep(0.1)
        fail(f"{what}: {self.states()}")

    def comes_to(self, reason):
        end = time.monotonic() + SHOWN_S
        while time.monotonic() < end:
            if re.search(rf'^stox_watch_test_failure_info{{kind="im".*reason="{reason}"}} 1$', self.get("/metrics"), re.M):
                return True
            time.sleep(0.1)
        return False

    def reload(self):
        n = len(re.findall("config reloaded", self.log()))
        self.proc.send_signal(signal.SIGHUP)
        self.await_log("config (reloaded)", n + 1)

    def takes(self):
        """Resident KiB, descriptors, threads."""
        proc = Path(f"/proc/{self.proc.pid}")
        status = (proc / "status").read_text()
        return [int(re.search(rf"{name}:\s+(\d+)", status)[1]) for name in ("VmRSS", "Threads")] + [len(os.listdir(proc / "fd"))]


def switch(lab, folder, watcher, port, fault=None):
    lab.end()
    lab = Lab(folder, fault)
    if configure(folder, port):
        watcher.reload()
    return lab


def is_own(reason):
    return reason.startswith("local_")


def show(watcher, fault, reason, since):
    """Until the fault is seen.  Returns what to print of it."""
    switched = time.monotonic()
    if is_own(reason):
        watcher.await_states(lambda s: s["im"] == "unknown", f"{fault}: it is the watcher's own")
        return f"unknown ({reason}), and nobody is blamed"
    firing = await_alert("firing", since)
    if not firing:
        fail(f"{fault}: no alert")
        return "no alert"
    told = firing[0]["annotations"].get("reason")
    # On a slow machine nobody is there between two labs for long enough to be an alert of its own.
    if told != reason and (told not in AWAY or not watcher.comes_to(reason)):
        fail(f"{fault}: {told} instead of {reason}")
    return f"{told}{'' if told == reason else f', then {reason},'} after {time.monotonic() - switched:.1f} s"


def check_alerts(fault, reason, since):
    """Of the whole cycle: what was told of the test, once each; of the other one as often its end as its beginning."""
    wanted = 0 if is_own(reason) else 1
    for status in ("firing", "resolved"):
        if len(of(status, since)) != wanted:
            fail(f"{fault}: {len(of(status, since))} {status} instead of {wanted}")
    other = "pool.litware.test/register"
    n = [len(of(status, since, other)) for status in ("firing", "resolved")]
    if n not in ([0, 0], [1, 1]) or (wanted == 0 and n != [0, 0]):
        fail(f"{fault}: {other} {n[0]} firing, {n[1]} resolved")


def cycle(lab, folder, watcher, port, fault, reason):
    since = len(Receiver.told)
    lab = switch(lab, folder, watcher, port, fault)
    shown = show(watcher, fault, reason, since)
    on = time.monotonic()
    lab = switch(lab, folder, watcher, port)
    if of("firing", since):
        await_alert("resolved", since)
    watcher.await_states(lambda s: set(s.values()) == {"ok"}, f"{fault}: it does not pass again")
    if of("firing", since, "pool.litware.test/register"):
        await_alert("resolved", since, "pool.litware.test/register")
    over = time.monotonic() - on
    check_alerts(fault, reason, since)
    for path in ("/", "/incidents", f"/t/{KEY}", f"/t/{KEY}/runs"):
        watcher.get(path)
    rss, threads, fds = watcher.takes()
    say(f"{fault:28} {shown}; passes again after {over:.1f} s; {rss} KiB, {fds} descriptors, {threads} threads")
    return lab, (rss, fds, threads)


def total(body, name, **labels):
    wanted = [f'{k}="{v}"' for k, v in labels.items()]
    return sum(int(float(value)) for inside, value in re.findall(rf"^{name}{{?([^}} ]*)}}? (\S+)$", body, re.M)
               if all(w in inside for w in wanted))


def check_growth(seen):
    """Against what it took when all was warm: a quarter of the way."""
    warm, last = seen[len(seen) // 4:][:5], seen[-5:]
    rss = [sorted(s[0] for s in part)[len(part) // 2] for part in (warm, last)]
    say(f"memory: {rss[0]} KiB at a quarter, {rss[1]} KiB at the end; descriptors: {warm[0][1]} and {last[-1][1]}; "
        f"threads: {warm[0][2]} and {last[-1][2]}")
    if rss[1] > rss[0] + max(ROOM_KIB, rss[0] // 20):
        fail("memory grows")
    if last[-1][1] > max(s[1] for s in warm):
        fail("descriptors grow")
    if last[-1][2] > max(s[2] for s in warm):
        fail("threads grow")


def check_counts(watcher, folder):
    """What was not run was told, line by line; what was run is kept, row by row."""
    body = watcher.get("/metrics")
    missed, runs = total(body, "stox_watch_missed_total"), total(body, "stox_watch_runs_total")
    told = sum(int(n) for n in re.findall(r"watch missed .*\bn=(\d+)", watcher.log()))
    dropped = total(body, "stox_watch_history_runs_total", result="dropped")
    watcher.proc.terminate()
    began_end = time.monotonic()
    status = watcher.proc.wait(30)
    say(f"{runs} runs, {missed} missed and {told} of them told; alerts: {len(Receiver.told)}; its end took {time.monotonic() - began_end:.1f} s")
    if status != 0 or time.monotonic() - began_end > 5:
        fail(f"its end: status {status}")
    import sqlite3
    kept = sqlite3.connect(folder / "history.db").execute("select count(*) from result").fetchone()[0]
    say(f"{kept} runs are in the history")
    # Between the question and the end a few more were run.
    if missed > told or dropped or not runs <= kept <= runs + 4:
        fail(f"something is not accounted for: {runs} runs, {kept} kept, {missed} missed, {told} told, {dropped} dropped")
    noise = [line for line in watcher.log().splitlines() if re.search(r"\b(gave-up|lost|stalled|dropped|damaged|history held)\b", line)]
    if noise:
        fail("the log says:\n" + "\n".join(noise[:20]))


def main():
    duration = seconds(sys.argv[2] if len(sys.argv) > 2 else "1h")
    if duration < 600:
        Lab.patience = 8  # among other tests, with sanitizers, a lab takes seconds to begin
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_address[1]
    Lab.options = [arg for option, p in zip(("sip", "sip-tls", "xmpp", "component", "gateway", "dns"), free_ports(6))
                   for arg in (f"--{option}-port", str(p))]
    todo = faults()
    # In a short run each stands for many: one of each layer first.
    first = ("tcp-refused", "wrong-password", "partner-not-allowed", "gateway-one-way", "unreadable-secret", "xmpp-wrong-password")
    todo.sort(key=lambda row: first.index(row[0]) if row[0] in first else len(first))
    seen, n = [], 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lab = Lab(folder)
        configure(folder, port)
        watcher = Watcher(folder)
        watcher.await_states(lambda s: set(s.values()) == {"ok"} and len(s) == 2, "it does not begin well")
        say(f"{len(todo)} faults, for {duration} s; {watcher.takes()[0]} KiB at the start")
        while time.monotonic() - began < duration or n < len(first):
            fault, reason = todo[n % len(todo)]
            lab, takes = cycle(lab, folder, watcher, port, fault, reason)
            seen.append(takes)
            n += 1
        if n >= 20:
            check_growth(seen)
        check_counts(watcher, folder)
        lab.end()
        if wrong:
            print(watcher.log()[-5000:])
    server.shutdown()
    print(f"{n} faults switched on and off, {len(wrong)} wrong")
    raise SystemExit(1 if wrong else 0)


main()
