#!/usr/bin/env python3
"""A scrape of 4,096 partners with six outcomes each: its CPU in the gateway, and how long OPTIONS waits beside it.

usage: scrape.py STOX.  The bars: 20 ms of CPU, and OPTIONS at most 5 ms later than alone.
"""

import os
import signal
import socket
import statistics
import sys
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests/interop"))
sys.dont_write_bytecode = True
from peers import PARTNER, POOL, Bench, free_port  # noqa: E402

MANY, SCRAPES, PROBES = 4096, 100, 2000


def scheduled(pid):
    """ns on a CPU, and ns of waiting for one: clock ticks are too coarse for a scrape."""
    return [int(word) for word in Path(f"/proc/{pid}/schedstat").read_text().split()[:2]]


def ask(sock, port, kind, target, number):
    body = b"x" if kind == "MESSAGE" else b""
    sock.sendto((f"{kind} sip:{target} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{sock.getsockname()[1]};branch=z9hG4bK{number}\r\n"
                 f"Max-Forwards: 70\r\nFrom: <sip:pilar@{POOL}>;tag=a\r\nTo: <sip:{target}>\r\nCall-ID: {number}\r\n"
                 f"CSeq: 1 {kind}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body, ("127.0.0.1", port))
    began = time.monotonic()
    sock.recv(4096)
    return time.monotonic() - began


def fill(sock, port):
    """Every partner's counters: what cannot be sent is counted, too."""
    for i in range(MANY):
        ask(sock, port, "MESSAGE", f"a@p{i}.a-name-of-middling-length.test", f"f{i}")


def scrape(url, accept):
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return len(answer.read())


def options(sock, port, turn, pid):
    """One a millisecond: how long each waits, in ms, sorted; less what both ends waited for a CPU, which is the machine's."""
    waits = []
    for i in range(PROBES):
        before = scheduled(pid)[1] + scheduled("self")[1]
        took = ask(sock, port, "OPTIONS", POOL, f"o{turn}x{i}")
        waits.append(max(0, 1000 * took - (scheduled(pid)[1] + scheduled("self")[1] - before) / 1e6))
        time.sleep(0.001)
    return sorted(waits)


def reader(port, pause):
    """In a process of its own, so that nothing here takes turns with it."""
    pid = os.fork()
    if pid:
        return pid
    while True:
        with socket.create_connection(("127.0.0.1", port)) as peer:
            peer.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            while peer.recv(65536):
                pass
        time.sleep(pause)


def show(name, waits):
    print(f"{name:<44} median {statistics.median(waits):.3f} ms, p99 {waits[len(waits) * 99 // 100]:.3f}, longest {waits[-1]:.3f}", flush=True)


def main(stox):
    with Bench(stox) as b:
        metrics = free_port()
        text = b.config().read_text().replace("gateway:\n", f"gateway:\n  metrics: {{ listen: 127.0.0.1:{metrics} }}\n")
        partners = "".join(f"  - domain: p{i}.a-name-of-middling-length.test\n" for i in range(MANY - 1))
        b.write("stox.yaml", text.replace("partners:\n", "partners:\n" + partners))
        gateway = b.gateway(says="transport=tcp")
        b.await_log("gateway", "transport=udp")
        url, port = f"http://127.0.0.1:{metrics}/metrics", b.port["gateway"]
        sock = socket.socket(type=socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(10)
        fill(sock, port)
        for accept in ("text/plain", "application/openmetrics-text"):
            before = scheduled(gateway.pid)[0]
            size = [scrape(url, accept) for _ in range(SCRAPES)][-1]
            took = (scheduled(gateway.pid)[0] - before) / SCRAPES / 1e6
            print(f"scrape, {accept:<35} {size} bytes, CPU {took:.2f} ms", flush=True)
        show("OPTIONS alone", options(sock, port, 0, gateway.pid))
        for n, pause in ((1, 0.1), (16, 1.6)):
            readers = [reader(metrics, pause) for _ in range(n)]
            show(f"OPTIONS beside {n} readers, 10 scrapes a second", options(sock, port, n, gateway.pid))
            for pid in readers:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)


main(os.path.abspath(sys.argv[1]))
