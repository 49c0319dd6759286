"""Several watchers with one history in PostgreSQL: killed, stopped for longer than their leases and continued, one of them with its
clock an hour off, the server restarted and away.  At most one slot in 5,000 is missed, none is recorded twice, the table of leases
does not grow, and each incident is told once.

    test_watchers.py STOX                       three watchers, a hundred tests, two minutes
    test_watchers.py STOX long                  three and ten of them, a thousand tests, directly and through pgbouncer: half an hour
    test_watchers.py STOX 10 1000 30 20 bouncer watchers, tests, interval and lease in seconds
"""

import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

STOX = sys.argv[1]
PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1]
OWNER = "postgres" if os.geteuid() == 0 else None
SHIM = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <time.h>
int clock_gettime(clockid_t id, struct timespec *t)
{
	static int (*real)(clockid_t, struct timespec *);
	if (!real)
		real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
	const int ret = real(id, t);
	if (id == CLOCK_REALTIME)
		t->tv_sec += 3600;
	return ret;
}
"""
failed = 0


def shimmed(shim):
    """The sanitizer's library wants to be the first one, and need not be."""
    return {"LD_PRELOAD": str(shim), "ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:verify_asan_link_order=0"}


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)}", flush=True)
    failed += not ok


def await_that(what, is_true, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if is_true():
            return
        time.sleep(0.1)
    raise SystemExit(f"{what}: not within {seconds} s")


# ---- the history

class Server:
    """PostgreSQL with a folder and sockets of its own, and pgbouncer in front of it."""

    def __init__(self, folder, bouncer):
        self.folder = folder / "pg"
        self.folder.mkdir()
        if OWNER:
            shutil.chown(self.folder, OWNER)
        self.call(PROGRAMS / "initdb", "-A", "trust", "-U", "stox", "-D", "data")
        self.start()
        self.call(PROGRAMS / "createdb", "-h", self.folder, "-U", "stox", "history")
        self.bouncer = bouncer and self.start_bouncer()
        self.host = self.folder / "bouncer" if bouncer else self.folder

    def call(self, *argv):
        subprocess.run([str(a) for a in argv], cwd=self.folder, user=OWNER, check=True, stdout=subprocess.DEVNULL, extra_groups=[] if OWNER else None)

    def ctl(self, *argv):
        self.call(PROGRAMS / "pg_ctl", "-s", "-w", "-D", "data", "-l", "log", "-o",
                  f"-k {self.folder} -c listen_addresses= -c max_connections=100 -c timezone=UTC", *argv)

    def start(self):
        self.ctl("start")

    def stop(self):
        self.ctl("-m", "fast", "stop")

    def start_bouncer(self):
        socket = self.folder / "bouncer"
        socket.mkdir()
        (socket / "ini").write_text(f"[databases]\nhistory = host={self.folder} user=stox\n[pgbouncer]\nlisten_addr =\nunix_socket_dir = {socket}\n"
                                    f"listen_port = 5432\nauth_type = any\npool_mode = transaction\ndefault_pool_size = 20\nmax_client_conn = 200\n")
        if OWNER:
            for path in (socket, socket / "ini"):
                shutil.chown(path, OWNER)
        return subprocess.Popen([shutil.which("pgbouncer", path=os.environ["PATH"] + ":/usr/sbin"), "-q", socket / "ini"], user=OWNER,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, extra_groups=[] if OWNER else None)

    def rows(self, sql):
        done = subprocess.run([PROGRAMS / "psql", "-h", self.folder, "-U", "stox", "-AtF,", "-c", sql, "history"], capture_output=True, text=True,
                              check=True)
        return [line.split(",") for line in done.stdout.splitlines()]

    def number(self, sql):
        return int(self.rows(sql)[0][0])

    def end(self):
        if self.bouncer:
            self.bouncer.kill()
            self.bouncer.wait()
        self.ctl("-m", "immediate", "stop")


# ---- who is told

class Receiver(http.server.BaseHTTPRequestHandler):
    told = {}

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        for alert in body["alerts"]:
            key = alert["labels"].get("partner", "p0"), alert["status"], alert["startsAt"]
            Receiver.told[key] = Receiver.told.get(key, 0) + 1
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


# ---- the watchers

class Watcher:
    def __init__(self, world, number, shim=None):
        self.folder = world.folder / f"w{number}"
        self.folder.mkdir(exist_ok=True)
        (self.folder / "watch.yaml").write_text(world.text)
        self.env = {**os.environ, "LC_ALL": "C.UTF-8", "HOME": str(self.folder), **(shimmed(shim) if shim else {})}
        self.env.pop("STATE_DIRECTORY", None)
        self.log = self.folder / "log"
        self.start()

    def start(self):
        self.proc = subprocess.Popen([f"{STOX}-watch", "-c", str(self.folder / "watch.yaml")], env=self.env, stderr=open(self.log, "ab"),
                                     stdout=subprocess.DEVNULL)

    def signal(self, number):
        self.proc.send_signal(number)

    def kill(self):
        self.proc.kill()
        self.proc.wait()

    def end(self):
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM)
        try:
            return self.proc.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            return "hung"

    def lines(self, words):
        return [line for line in self.log.read_text(errors="replace").splitlines() if words in line]


class World:
    def __init__(self, folder, n_watchers, n_tests, interval, lease, bouncer):
        self.folder, self.n_tests, self.interval, self.lease = folder, n_tests, interval, lease
        self.server = Server(folder, bouncer)
        self.http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()
        # Nobody listens on port 1: each run fails at once, and each test has one incident that is told once.
        partners = "".join(f"  - {{ domain: p{i}.test, receiver: {{ address: r@p{i}.test, server: '127.0.0.1:1' }} }}\n" for i in range(1, n_tests))
        self.text = f"""pools:
  - {{ fqdn: p0.test, domains: [p0.test], registrar: 'sip:127.0.0.1:1;transport=tls' }}
partners:
{partners}watch:
  listen: []
  lease: {lease}
  {HISTORY.format(host=self.server.host)}
  defaults: {{ interval: {interval}, timeout: 1, retries: 0, fail: 1 of 1 }}
  tests: [{{ kind: servers }}]
  alerts: [{{ name: ops, kind: webhook, url: "http://127.0.0.1:{self.http.server_port}/" }}]
"""
        shim = folder / "clock.so"
        (folder / "clock.c").write_text(SHIM)
        subprocess.run(["cc", "-shared", "-fPIC", "-o", shim, folder / "clock.c"], check=True)
        self.watchers = [Watcher(self, i, shim if i == 1 else None) for i in range(n_watchers)]

    def owned(self):
        return self.server.number("select count(*) from lease where lease_until > extract(epoch from clock_timestamp()) * 1000000")

    def shares(self):
        return sorted(int(n) for _, n in self.server.rows(
            "select holder, count(*) from lease where lease_until > extract(epoch from clock_timestamp()) * 1000000 group by holder"))

    def end(self):
        for w in self.watchers:
            if w.proc.poll() is None:
                w.end()
        self.server.end()
        self.http.shutdown()


def offset(number, interval_us):
    """As schedule_offset() has it."""
    mask = (1 << 64) - 1
    h = (number + 0x9E3779B97F4A7C15) & mask
    h = ((h ^ h >> 30) * 0xBF58476D1CE4E5B9) & mask
    h = ((h ^ h >> 27) * 0x94D049BB133111EB) & mask
    return (h ^ h >> 31) % interval_us


def count(world, since, until):
    """Slots between the two, in microseconds; which of them were not recorded, and what was recorded beside them."""
    us = world.interval * 1000000
    seen = {}
    for test, at in world.server.rows(f"select test_id, scheduled_at from result where scheduled_at >= {since} and scheduled_at < {until}"):
        seen.setdefault(int(test), set()).add(int(at))
    slots, missed, odd = 0, [], 0
    for (test,) in world.server.rows("select id from test where is_enabled = 1"):
        begin = offset(int(test), us)
        wanted = set(range(begin + (since - begin + us - 1) // us * us, until, us))
        slots += len(wanted)
        missed += [(int(test), at) for at in wanted - seen.get(int(test), set())]
        odd += len(seen.get(int(test), set()) - wanted)
    return slots, missed, odd


def act(world):
    """What happens to them, each time with time for the others to take over."""
    first, second, third = world.watchers[:3]
    pause = max(world.lease * 2, world.interval * 2)
    server = world.server
    yield "all is well", lambda: None
    yield "one is killed", first.kill
    yield "and starts again", first.start
    yield "one is stopped for longer than its lease", lambda: third.signal(signal.SIGSTOP)
    yield "and goes on", lambda: third.signal(signal.SIGCONT)
    yield "the server is restarted", lambda: (server.stop(), server.start())
    yield "the server is away", lambda: (server.stop(), time.sleep(min(25, 2 * world.lease)), server.start())
    yield "one is killed and starts at once", lambda: (second.kill(), second.start())
    yield "one ends in order", first.end
    yield "and starts again", first.start
    yield "all is well", lambda: time.sleep(pause)


def prove(n_watchers, n_tests, interval, lease, bouncer):
    name = f"{n_watchers} watchers, {n_tests} tests each {interval} s, lease {lease} s{', pgbouncer' if bouncer else ''}"
    print(f"-- {name}", flush=True)
    Receiver.told = {}
    with tempfile.TemporaryDirectory(prefix="stox-watchers-") as folder:
        os.chmod(folder, 0o755)
        world = World(Path(folder), n_watchers, n_tests, interval, lease, bouncer)
        try:
            run(world, n_watchers)
        finally:
            if os.environ.get("KEEP"):
                shutil.copytree(folder, os.environ["KEEP"], dirs_exist_ok=True, ignore=shutil.ignore_patterns("data", ".s.*"))
            world.end()


def now_us(world):
    return world.server.number("select cast(extract(epoch from clock_timestamp()) * 1000000 as bigint)")


def run(world, n_watchers):
    n_tests = world.n_tests
    time.sleep(3)
    for w in world.watchers:
        if w.proc.poll() is not None:
            raise SystemExit(w.log.read_text(errors="replace"))
    await_that("all tests are owned", lambda: len(world.server.rows("select 1 from pg_class where relname = 'lease'")) and world.owned() == n_tests)
    await_that("each has its share", lambda: world.shares() and max(world.shares()) <= -(-n_tests // n_watchers), 4 * world.lease + 60)
    time.sleep(world.interval)
    since = now_us(world)
    size = world.server.number("select pg_total_relation_size('lease')")
    for what, do in act(world):
        print(f"   {what}", flush=True)
        do()
        time.sleep(1.6 * world.lease)
    until = now_us(world) - world.interval * 1000000
    await_that("all that waited is written", lambda: not count(world, until - world.interval * 1000000, until)[1], 30)
    slots, missed, odd = count(world, since, until)
    missed_text = "\n".join(f"{t} {(at - since) / 1e6:.1f} s" for t, at in missed[:20])
    lost = sum(int(re.search(r" n=(\d+)", line)[1]) for w in world.watchers for line in w.lines("share-lost"))
    print(f"   {slots} slots: {len(missed)} missed, {odd} beside the slots; {lost} leases lost; shares {world.shares()}", flush=True)
    check(f"at most 1 slot of 5,000 is missed: {len(missed)} of {slots}", len(missed) * 5000 <= slots, missed_text)
    check("none is recorded twice", odd == 0)
    rows = world.server.number("select count(*) from lease")
    check("a lease for each test", rows == n_tests, rows)
    world.server.rows("vacuum lease")
    grown = world.server.number("select pg_total_relation_size('lease')")
    check(f"the leases do not grow: {size} to {grown} bytes", grown <= 2 * size + (1 << 18))
    failing = {key: n for key, n in Receiver.told.items() if key[1] == "firing"}
    check(f"each test has one incident: {len(failing)}", len(failing) == n_tests, sorted(failing)[:5])
    twice = {key: n for key, n in failing.items() if n > 1}
    check(f"that was told once: {len(twice)} twice", not twice, list(twice.items())[:5])
    check("the watcher whose clock is off says so", world.watchers[1].lines("clock-differs seconds=3"), world.watchers[1].log.read_text()[-2000:])
    for w in world.watchers:
        check("it ends in order", w.end() == 0, w.log.read_text(errors="replace")[-2000:])
    check("and nothing is anybody's any more", world.owned() == 0)


HISTORY = "history: {{ file: spool.db, postgresql: 'host={host} user=stox dbname=history' }}"


def main():
    args = sys.argv[2:]
    if args == ["long"]:
        for n in 3, 10:
            for bouncer in False, True:
                prove(n, 1000, 30, 20, bouncer)
    elif args:
        prove(*(int(a) for a in args[:4]), "bouncer" in args)
    else:
        prove(3, 100, 12, 6, False)
    return 1 if failed else 0


sys.exit(main())
