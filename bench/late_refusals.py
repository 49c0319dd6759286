"""How far behind the domain's pong the refusal of an online receiver comes, for each server and kind of refusal.

    python3 bench/late_refusals.py [SERVER...]        (root: the servers run as in tests/interop)

A component sends a message and a ping to the domain in one write, as the gateway does, and notes when the error and the pong
come back.  One message at a time, then 64 at once.
"""

import hashlib
import os
import re
import socket
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/interop"))

from peers import PARTNER, POOL, XmppClient
from refusing import Refusing

ALONE, TOGETHER = 200, 20  # messages one at a time; rounds of ...
WINDOW = 64
RECEIVER = f"adelany@{PARTNER}"
EDGES_MS = (0, 1, 3, 10, 30, 100, 1000)


class Servers(Refusing):
    def __init__(self):
        super().__init__("")
        self.strangers = False

    def fill(self, template, **more):
        text = super().fill(template, **more)
        return text + "  mod_block_strangers: {}\n" if template == "ejabberd.yml" and self.strangers else text


class Component:
    def __init__(self, port, secret):
        self.sock = socket.create_connection(("127.0.0.1", port), 10)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buf, self.came = b"", {}
        self.send("<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
                  f"xmlns:stream='http://etherx.jabber.org/streams' to='{POOL}'>")
        stream_id = self.until(rb"<stream:stream[^>]*\bid=['\"]([^'\"]*)['\"][^>]*>")[1].decode()
        self.send(f"<handshake>{hashlib.sha1((stream_id + secret).encode()).hexdigest()}</handshake>")
        self.until(rb"<handshake[^>]*>")

    def send(self, text):
        self.sock.sendall(text.encode())

    def until(self, pattern):
        while not (match := re.search(pattern, self.buf)):
            self.buf += self.sock.recv(65536)
        self.buf = self.buf[match.end():]
        return match

    def read(self, seconds):
        """Notes what has an id of ours, with the time."""
        self.sock.settimeout(max(seconds, 0.001))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)  # as the gateway: Prosody's Nagle waits for it
        try:
            data = self.sock.recv(65536)
        except (TimeoutError, BlockingIOError):
            return
        now = time.monotonic()
        self.buf += data
        for match in re.finditer(rb"<(message|iq)\b([^>]*)>", self.buf):
            kind, attrs = match[1], match[2]
            found = re.search(rb"\bid=['\"]([^'\"]*)['\"]", attrs)
            if found and (kind == b"iq" or b"error" in attrs):
                self.came.setdefault(found[1].decode(), now)
        self.buf = self.buf[-200:] if b">" not in self.buf[-200:] else b""

    def round(self, n):
        """n messages with a ping behind them; how far behind the pong each error came, in ms, or None."""
        self.came = {}
        stamp = str(time.monotonic_ns())
        self.send("".join(f"<message from='pilar@{POOL}' to='{RECEIVER}' id='m{stamp}-{i}'><body>x</body></message>"
                          for i in range(n)) +
                  f"<iq from='{POOL}' to='{PARTNER}' id='p{stamp}' type='get'><ping xmlns='urn:xmpp:ping'/></iq>")
        wanted = {f"m{stamp}-{i}" for i in range(n)} | {f"p{stamp}"}
        end = time.monotonic() + 0.5
        while not wanted <= self.came.keys() and time.monotonic() < end:
            self.read(end - time.monotonic())
        pong = self.came.get(f"p{stamp}")
        return [1000 * (self.came[f"m{stamp}-{i}"] - pong) if pong and f"m{stamp}-{i}" in self.came else None for i in range(n)]


def show(name, delays):
    none, known = sum(d is None for d in delays), sorted(d for d in delays if d is not None)
    row, low = [], float("-inf")
    for edge in (*EDGES_MS, float("inf")):
        row.append(sum(low < d <= edge for d in known))
        low = edge
    middle = f"{known[len(known) // 2]:.2f} {known[int(len(known) * .99)]:.2f} {known[-1]:.2f}" if known else "-"
    print(f"| {name} | " + " | ".join(map(str, row)) + f" | {none} | {middle.replace(' ', ' | ')} |", flush=True)


def bounce_all(client, quick):
    """A client that refuses whatever it gets; `quick`: it does not delay its acknowledgements, for which a server with Nagle waits."""
    raw = client.sock.fileno()
    while True:
        try:
            if quick:
                with socket.socket(fileno=os.dup(raw)) as same:
                    same.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    same.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            head = client.until(b"</message>")
        except Exception:  # the server is gone
            return
        for match in re.finditer(r"<message\b([^>]*)>", head):
            sender = re.search(r"from=['\"]([^'\"]*)", match[1])[1]
            found = re.search(r"\bid=['\"]([^'\"]*)", match[1])
            if found:
                client.send(f"<message to='{sender}' id='{found[1]}' type='error'><error type='cancel'><not-acceptable "
                            "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")


def measure(name, bench):
    component = Component(bench.port["component"], bench.component_secret)
    alone = [d for _ in range(ALONE) for d in component.round(1)]
    together = [d for _ in range(TOGETHER) for d in component.round(WINDOW)]
    show(f"{name}, one at a time", alone)
    show(f"{name}, {WINDOW} at once", together)
    component.sock.close()


def client(bench):
    return XmppClient(bench.port["c2s"], "adelany", bench.xmpp_password, bench.ca)


def blocked(bench):
    c = client(bench)
    c.send(f"<iq type='set' id='k'><block xmlns='urn:xmpp:blocking'><item jid='pilar@{POOL}'/></block></iq>")
    time.sleep(0.5)
    return c


def denied(bench):
    """A privacy list (XEP-0016), where there is nothing newer."""
    c = client(bench)
    c.send("<iq type='set' id='l'><query xmlns='jabber:iq:privacy'><list name='no'><item type='jid' "
           f"value='pilar@{POOL}' action='deny' order='1'><message/></item></list></query></iq>"
           "<iq type='set' id='a'><query xmlns='jabber:iq:privacy'><active name='no'/></query></iq>")
    time.sleep(0.5)
    return c


def bouncing(bench, quick=False):
    c = client(bench)
    c.sock.settimeout(None)
    threading.Thread(target=bounce_all, args=[c, quick], daemon=True).start()
    return c


def bouncing_at_once(bench):
    return bouncing(bench, True)


CASES = (
    ("ejabberd", "blocked", blocked, False),
    ("ejabberd", "strangers", client, True),
    ("ejabberd", "client bounces", bouncing, False),
    ("ejabberd", "client without delayed ACK bounces", bouncing_at_once, False),
    ("prosody", "blocked", blocked, False),
    ("prosody", "client bounces", bouncing, False),
    ("prosody", "client without delayed ACK bounces", bouncing_at_once, False),
    ("jabberd2", "privacy list", denied, False),
    ("jabberd2", "client bounces", bouncing, False),
    ("jabberd2", "client without delayed ACK bounces", bouncing_at_once, False),
)


def main():
    print("| | " + " | ".join(f"≤ {e}" for e in EDGES_MS) + f" | > {EDGES_MS[-1]} | none | p50 | p99 | max |")
    for server, name, receiver, strangers in CASES:
        if sys.argv[1:] and server not in sys.argv[1:]:
            continue
        with Servers() as bench:
            bench.strangers = strangers
            getattr(bench, server)()
            kept = receiver(bench)
            measure(f"{server}: {name}", bench)
            del kept


main()
