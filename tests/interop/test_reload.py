"""A configuration that changes every second under a load, every third time for a broken file; and what systemd hears.

Through Prosody, to a user who is online: all that the good file allows is acknowledged and arrives.
"""

import heapq
import queue
import re
import signal
import socket
import threading
import time

from peers import PARTNER, POOL, WAIT_S, Bench, Failure, XmppClient, run

RATE, SECONDS = 500, 12
MANY = 512


class Manager(threading.Thread):
    """What systemd would be: a datagram socket, and somebody who always reads from it."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path = str(path)
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.sock.bind(self.path)
        self.said = queue.Queue()
        self.start()

    def run(self):
        while True:
            for line in self.sock.recv(4096).decode().split("\n"):
                self.said.put(line)

    def until(self, line):
        """All lines up to this one, behind those that were asked for before."""
        said = []
        while line not in said:
            said.append(self.said.get(timeout=WAIT_S))
        return said


class Load(threading.Thread):
    """MESSAGEs at a rate, and the answers to them; what has none is repeated (RFC 3261 section 17.1.2.1)."""

    T1 = 0.5

    def __init__(self, port, seconds):
        super().__init__()
        self.sock = socket.socket(type=socket.SOCK_DGRAM)
        self.sock.connect(("127.0.0.1", port))
        self.total, self.answers, self.repeated = RATE * seconds, {}, 0
        self.due = []  # (when, number, how long after that again), in this order

    def send(self, number, wait):
        self.sock.send(
            f"MESSAGE sip:adelany@{PARTNER} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK{id(self)}x{number}\r\n"
            f"Max-Forwards: 70\r\nFrom: <sip:pilar@{POOL}>;tag=a\r\nTo: <sip:adelany@{PARTNER}>\r\n"
            f"Call-ID: {id(self)}x{number}\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nhi".encode())
        heapq.heappush(self.due, (time.monotonic() + wait, number, 2 * wait))

    def repeat(self):
        while self.due and self.due[0][0] <= time.monotonic():
            _, number, wait = heapq.heappop(self.due)
            if number not in self.answers:
                self.send(number, wait)
                self.repeated += 1

    def listen(self, wait):
        self.sock.settimeout(wait)
        try:
            head = self.sock.recv(4096).decode()
        except (TimeoutError, socket.timeout):
            return
        self.answers[int(re.search(r"Call-ID: \d+x(\d+)", head)[1])] = int(head.split()[1])

    def run(self):
        began = time.monotonic()
        for number in range(self.total):
            self.send(number, self.T1)
            while (left := began + (number + 1) / RATE - time.monotonic()) > 0:
                self.listen(left)
            self.repeat()
        end = time.monotonic() + 32
        while len(self.answers) < self.total and time.monotonic() < end:
            self.listen(0.1)
            self.repeat()


class Arrivals(threading.Thread):
    def __init__(self, client):
        super().__init__(daemon=True)
        self.client, self.n = client, 0
        client.sock.settimeout(WAIT_S)
        self.start()

    def run(self):
        data = b""
        try:
            while chunk := self.client.sock.recv(1 << 16):
                data = data[-9:] + chunk
                self.n += data.count(b"</message>")
        except OSError:
            pass  # it is over


def reload_all_the_while(bench, gateway, load, good):
    """The partner under test is in every good file; the others come and go."""
    turn = 0
    while load.is_alive():
        others = "".join(f"  - domain: p{i}.test\n" for i in range(MANY - 1 - turn % 2))
        text = good.replace("partners:\n", "partners:\n" + others)
        broken = turn % 3 == 2
        (bench.dir / "stox.yaml").write_text(text.replace("trusted_peers", "trusted_piers") if broken else text)
        gateway.send_signal(signal.SIGHUP)
        turn += 1
        time.sleep(1)
    return turn


def expect(what, ok, evidence=""):
    if not ok:
        raise Failure(f"{what}: {evidence}")
    print(f"ok: {what}", flush=True)


def main(stox):
    with Bench(stox) as bench:
        bench.prosody()
        good = bench.config().read_text()
        manager = Manager(bench.dir / "notify")
        gateway = bench.start("gateway", [stox, "gateway", "--config", bench.dir / "stox.yaml"],
                              {"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "400000"})
        said = manager.until("READY=1")
        expect("the manager hears of the start", said[0].startswith("STATUS=without the XMPP server"), said)
        expect("and that it lives", "WATCHDOG=1" in manager.until("WATCHDOG=1"))
        arrivals = Arrivals(XmppClient(bench.port["c2s"], "adelany", bench.xmpp_password, bench.ca))
        load = Load(bench.port["gateway"], SECONDS)
        load.start()
        turns = reload_all_the_while(bench, gateway, load, good)
        load.join()
        bad = {number: status for number, status in load.answers.items() if status != 202}
        expect(f"{load.total} messages at {RATE} a second and {turns} reloads: all acknowledged, {load.repeated} repeated",
               len(load.answers) == load.total and not bad, (len(load.answers), bad))
        bench.wait_for("gateway", lambda: arrivals.n >= load.total, "has not delivered all")
        expect("and each arrived once", arrivals.n == load.total, arrivals.n)
        log = (bench.dir / "gateway.log").read_text()
        # A signal that comes before the one before it was dealt with is the same one.
        done, refused = log.count("info: config reloaded "), log.count("warning: config not-reloaded")
        expect("the log says what was reloaded, and what was not", done and refused and done + refused <= turns
               and "unknown key `trusted_piers`" in log, log)
        said = manager.until("RELOADING=1")
        expect("the manager hears of each", "READY=1" in manager.until("READY=1"), said)

        (bench.dir / "stox.yaml").write_text(good.replace(f"tcp:127.0.0.1:{bench.port['gateway']}", "tcp:127.0.0.1:9"))
        gateway.send_signal(signal.SIGHUP)
        bench.await_log("gateway", "config needs-restart setting=gateway.sip.listen")
        gateway.send_signal(signal.SIGUSR1)
        bench.await_log("gateway", f"gateway counters sip_to_xmpp={load.total}")
        bench.await_log("gateway", "gateway state xmpp=up to_xmpp=0 to_sip=0")
        gateway.send_signal(signal.SIGTERM)
        manager.until("STOPPING=1")
        expect("it ends in order", gateway.wait(WAIT_S) == 0)


run(main)
