"""The gateway between a SIP socket and a component server of a few lines: what a peer must do to meet an old bug."""

import hashlib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

STOX = os.path.abspath(sys.argv[1])
POOL, PARTNER = "litware.test", "contoso.test"
USER, RECEIVER = f"pilar@{POOL}", f"adelany@{PARTNER}"
WAIT_S = 10


def need(ok, what):
    if not ok:
        sys.exit(f"FAILED: {what}")


def free_port(ip):
    """Of UDP and TCP."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    while True:
        with socket.socket(family, socket.SOCK_DGRAM) as udp, socket.socket(family) as tcp:
            udp.bind((ip, 0))
            try:
                tcp.bind(udp.getsockname())
            except OSError:
                continue
            return udp.getsockname()[1]


class Stage:
    """A folder, the gateway in it, its component server, and the pool: a UDP socket at `ip`.  The gateway listens at `at`."""

    def __init__(self, listen="udp", transport="udp", ip="127.0.0.1", at=None):
        self.folder = tempfile.TemporaryDirectory(prefix="stox-regress-")
        self.dir = Path(self.folder.name)
        self.secret = secrets.token_hex(8)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.server.settimeout(WAIT_S)
        family = socket.AF_INET6 if ":" in ip else socket.AF_INET
        self.pool = socket.socket(family, socket.SOCK_DGRAM)
        self.pool.bind((ip, 0))
        self.pool.settimeout(WAIT_S)
        self.port = free_port(at or ip)
        self.write_secret(self.secret)
        self.config = self.dir / "stox.yaml"
        self.config.write_text(f"""\
pools:
  - {{ fqdn: pool.{POOL}, domains: [{POOL}] }}
partners:
  - {{ domain: {PARTNER}, type: federated }}
gateway:
  sip:
    listen: ["{listen}:{host_port(at or ip, self.port)}"]
    next_hop: "sip:{host_port(*self.pool.getsockname())};transport={transport}"
    trusted_peers: ["{ip}"]
  xmpp:
    component: {{ name: {POOL}, server: "127.0.0.1:{self.server.getsockname()[1]}", secret_file: secret }}
""")
        self.process = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process and self.process.poll() is None:
            self.process.kill()
        if self.process:
            self.process.communicate()
        self.server.close()
        self.pool.close()
        self.folder.cleanup()

    def write_secret(self, text):
        path = self.dir / "secret"
        path.touch(0o600)
        path.write_text(text + "\n")

    # ---- XMPP

    def start(self, *args):
        self.process = subprocess.Popen([STOX, "gateway", "--config", self.config, *args], stderr=subprocess.PIPE, text=True)

    def accept(self):
        """One component's connection: the secret that it proves, whichever of the given ones that is, or None."""
        self.buf = b""
        self.stream, _ = self.server.accept()
        self.stream.settimeout(WAIT_S)
        self.until(rb"<stream:stream[^>]*>")
        self.send("<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
                  f"xmlns:stream='http://etherx.jabber.org/streams' from='{POOL}' id='abc'>")
        proof = self.until(rb"<handshake[^>]*>(\w+)</handshake>")[1].decode()
        return proof == hashlib.sha1(f"abc{self.secret}".encode()).hexdigest()

    def up(self, *args):
        self.start(*args)
        need(self.accept(), "the gateway proves its secret")
        self.send("<handshake/>")
        while "xmpp up" not in (line := self.process.stderr.readline()):
            need(line, "the gateway says that its stream is up")

    def send(self, text):
        self.stream.sendall(text.encode())

    def until(self, pattern):
        """The next match on the stream; all before it is forgotten."""
        while not (match := re.search(pattern, self.buf, re.S)):
            data = self.stream.recv(65536)
            need(data, f"the stream ends where {pattern!r} was awaited: {self.buf!r}")
            self.buf += data
        self.buf = self.buf[match.end():]
        return match

    def rest(self):
        """All until the stream ends."""
        while data := self.stream.recv(65536):
            self.buf += data
        return self.buf.decode()

    # ---- SIP

    def message(self, body="hello", headers=""):
        """From the pool to the receiver; the stanza's id, and the id of the ping behind it."""
        port = self.pool.getsockname()[1]
        self.pool.sendto((f"MESSAGE sip:{RECEIVER} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK"
                          f"{secrets.token_hex(8)}\r\nMax-Forwards: 70\r\nFrom: <sip:{USER}>;tag=1\r\nTo: <sip:{RECEIVER}>\r\n"
                          f"Call-ID: {secrets.token_hex(8)}\r\nCSeq: 1 MESSAGE\r\n{headers}Content-Type: text/plain\r\n"
                          f"Content-Length: {len(body)}\r\n\r\n{body}").encode(), ("127.0.0.1", self.port))
        stanza = self.until(rb"<message [^>]*>")[0].decode()
        ping = self.until(rb"<iq [^>]*>")[0].decode()
        return attribute(stanza, "id"), attribute(ping, "id")

    def receive(self):
        """What reaches the pool: the head and where it came from."""
        data, peer = self.pool.recvfrom(65536)
        return data.decode(), peer

    def answer(self, request, peer, status, headers=""):
        keep = [line for line in request.split("\r\n\r\n")[0].split("\r\n")[1:]
                if line.split(":")[0].lower() in ("via", "from", "to", "call-id", "cseq")]
        keep = [line + ";tag=x" if line.lower().startswith("to:") else line for line in keep]
        self.pool.sendto("\r\n".join([f"SIP/2.0 {status}", *keep, headers + "Content-Length: 0", "", ""]).encode(), peer)

    def end(self):
        self.process.send_signal(signal.SIGTERM)


def host_port(host, port, *_):
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def attribute(tag, name):
    return re.search(rf"\b{name}=['\"]([^'\"]*)['\"]", tag)[1]
