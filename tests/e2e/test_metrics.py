"""The metrics of a running gateway: what is answered, what is refused, and that no reader of them holds up SIP.

With as many partners as there can be, so that one answer does not fit what the kernel takes at once.
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

STOX = os.path.abspath(sys.argv[1])
PARTNERS = 4096
ALONE_S = 5  # that a head may take
FILE = """pools:
  - fqdn: pool.litware.test
    domains: [litware.test]
partners:
{partners}gateway:
  metrics: {{ listen: "127.0.0.1:0" }}
  sip:
    listen: ["udp:127.0.0.1:0"]
    next_hop: sip:127.0.0.1:5060
    trusted_peers: [127.0.0.1]
  xmpp:
    component: {{ name: litware.test, server: "127.0.0.1:9", secret_file: secret }}
"""
FREED_AT_ONCE = {**os.environ, "ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=1:allocator_release_to_os_interval_ms=50"}
HOST = b"Host: localhost\r\n"
failed = 0


def check(what, ok, shown=""):
    global failed
    print(f"{'ok' if ok else 'FAILED'}: {what}{'' if ok else chr(10) + str(shown)[:2000]}", flush=True)
    failed += not ok


class Service:
    def __init__(self, folder):
        self.config, self.log = folder / "stox.yaml", folder / "log"
        self.write(PARTNERS)
        (folder / "secret").write_text("component-secret\n")
        (folder / "secret").chmod(0o600)
        self.proc = subprocess.Popen([STOX, "gateway", "--config", str(self.config)], stderr=open(self.log, "w"), env=FREED_AT_ONCE)
        self.at = ("127.0.0.1", int(self.await_log(r"metrics listening address=127.0.0.1:(\d+)")))
        self.sip = ("127.0.0.1", int(self.await_log(r"transport=udp address=127.0.0.1:(\d+)")))

    def write(self, n, more=""):
        partners = "".join(f"  - domain: p{i}.a-name-of-middling-length.test\n" for i in range(n))
        self.config.write_text(FILE.format(partners=partners + more))

    def await_log(self, pattern):
        end = time.monotonic() + 60
        while not (found := re.search(pattern, self.log.read_text())):
            if time.monotonic() > end or self.proc.poll() is not None:
                raise SystemExit(f"FAILED: no {pattern!r} in {self.log.read_text()}")
            time.sleep(0.02)
        return found[1] if found.groups() else found[0]

    def connect(self):
        peer = socket.create_connection(self.at, 30)
        peer.settimeout(30)
        return peer

    def say(self, request):
        """All that is answered until the connection ends."""
        with self.connect() as peer:
            peer.sendall(request)
            return read_all(peer)

    def get(self, path, fields=b""):
        return self.say(b"GET " + path.encode() + b" HTTP/1.1\r\n" + HOST + fields + b"\r\n")

    def options(self):
        """How long SIP waits for its answer."""
        with socket.socket(type=socket.SOCK_DGRAM) as peer:
            peer.settimeout(30)
            peer.connect(self.sip)
            port, began = peer.getsockname()[1], time.monotonic()
            peer.send((f"OPTIONS sip:litware.test SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:{port};branch=z9hG4bK{began}\r\n"
                       "Max-Forwards: 70\r\nFrom: <sip:a@litware.test>;tag=a\r\nTo: <sip:litware.test>\r\n"
                       f"Call-ID: {began}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n").encode())
            return peer.recv(4096).startswith(b"SIP/2.0 503"), time.monotonic() - began

    def memory(self):
        return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.proc.pid}/status").read_text())[1])

    def reads(self, what):
        answer = self.get("/-/healthy")
        check(what, answer.endswith(b"healthy\n") and self.options()[0], answer)


def read_all(peer):
    got = b""
    try:
        while piece := peer.recv(1 << 16):
            got += piece
    except ConnectionResetError:
        got += b"(reset)"
    return got


def unchunk(body):
    """RFC 9112 section 7.1; None where it is not whole."""
    out = b""
    while True:
        size, _, rest = body.partition(b"\r\n")
        if not size:
            return None
        n = int(size, 16)
        if rest[n:n + 2] != b"\r\n":
            return None
        if n == 0:
            return out
        out, body = out + rest[:n], rest[n + 2:]


def metrics(answer):
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.decode(), ((unchunk(body) if b"\r\nTransfer-Encoding: chunked" in head else body) or b"").decode()


def promtool(text):
    return subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)


def answers(s):
    head, text = metrics(s.get("/metrics"))
    made = promtool(text)
    check("promtool finds nothing", made.returncode == 0 and not made.stderr, made)
    check("in the text format, with all partners", "Content-Type: text/plain; version=0.0.4" in head
          and text.count('direction="to_xmpp",outcome="delivered"') == PARTNERS and text.endswith("\n"), head)
    head, text = metrics(s.get("/metrics?x=y", b"Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5\r\n"))
    check("by Accept in OpenMetrics", "application/openmetrics-text; version=1.0.0" in head
          and text.endswith("# EOF\n") and "# TYPE stox_build info\n" in text, head)
    answer = s.say(b"GET /metrics HTTP/1.0\r\n\r\n")
    check("HTTP 1.0 knows no chunks", b"Transfer-Encoding" not in answer and b"\r\n\r\n# HELP" in answer, answer[:500])
    answer = s.say(b"HEAD /metrics HTTP/1.1\r\n" + HOST + b"\r\n")
    check("HEAD has no body", answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"\r\n\r\n"), answer)
    check("healthy", s.get("/-/healthy").startswith(b"HTTP/1.1 200 OK\r\n"))
    answer = s.get("/-/ready")
    check("not ready, and why", answer.startswith(b"HTTP/1.1 503 ") and answer.endswith(b"not connected to the XMPP server\n"), answer)
    for path in ("/", "/metrics/", "/../metrics", "/%6detrics", "//metrics"):
        check(f"{path} is not there", s.get(path).startswith(b"HTTP/1.1 404 "))


def refused(s):
    head = b" /metrics HTTP/1.1\r\n" + HOST
    for what, request, status in (
            ("POST", b"POST" + head + b"Content-Length: 0\r\n\r\n", 405),
            ("DELETE", b"DELETE" + head + b"\r\n", 405),
            ("a body", b"POST" + head + b"Content-Length: 9\r\n\r\nbody=body", 413),
            ("a GET with a body", b"GET" + head + b"Content-Length: 3\r\n\r\nabc", 413),
            ("a body in chunks", b"GET" + head + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 501),
            ("both framings", b"GET" + head + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 413),
            ("a huge head", b"GET" + head + b"X: " + b"x" * 9000 + b"\r\n\r\n", 431),
            ("an endless head", b"GET" + head + b"X: " + b"x" * 100000, 431),
            ("many fields", b"GET" + head + b"X:\r\n" * 200 + b"\r\n", 431),
            ("bytes of TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n", 400),
            ("a lone LF", b"GET /metrics HTTP/1.1\nHost: a\n\n", 400),
            ("HTTP 2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505)):
        answer = s.say(request)
        check(f"{what} is refused by {status}", answer.startswith(f"HTTP/1.1 {status} ".encode()) and answer.count(b"HTTP/1.1") == 1
              and (status != 405 or b"\r\nAllow: GET, HEAD\r\n" in answer), answer[:500])
    answer = s.say((b"GET /-/healthy HTTP/1.1\r\n" + HOST + b"\r\n") * 50)
    check("of what is pipelined one is answered", answer.count(b"HTTP/1.1 200") == 1 and answer.endswith(b"healthy\n"), answer)
    s.reads("and others are still answered")


def slow_loris(s):
    peers = [s.connect() for _ in range(12)]
    began = time.monotonic()
    waits, gone = [], 0
    while gone < len(peers) and time.monotonic() < began + 60:
        for peer in peers:
            try:
                peer.send(b"x")
            except OSError:
                pass
        waits.append(s.options()[1])
        time.sleep(0.2)
        gone = sum(is_gone(peer) for peer in peers)
    took = time.monotonic() - began
    check("a head that comes byte by byte is cut off", ALONE_S - 1 < took < 4 * ALONE_S, took)
    check("while SIP was answered", max(waits) < 1, max(waits))
    s.reads("and others are answered behind them")


def is_gone(peer):
    peer.setblocking(False)
    try:
        return peer.recv(1) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def thousand(s):
    before = s.memory()
    peers = []
    for _ in range(1000):
        peer = socket.socket()
        peer.setblocking(False)
        peer.connect_ex(s.at)
        peers.append(peer)
    head, text = metrics(s.get("/metrics"))
    check("among 1,000 silent connections a scrape is whole", text.count(',outcome="delivered"') == 2 * PARTNERS, head)
    check("and SIP is answered", s.options()[0])
    files = len(os.listdir(f"/proc/{s.proc.pid}/fd"))
    check("few of them are open at a time", files < 60, files)
    check("in bounded memory", s.memory() - before < 30000, (before, s.memory()))
    for peer in peers:
        peer.close()
    s.reads("and behind them")


def never_reads(s):
    before = s.memory()
    peers = []
    for _ in range(16):
        peer = socket.socket()
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        peer.connect(s.at)
        peer.sendall(b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n")
        peers.append(peer)
    waits = [s.options() for _ in range(50)]
    check("SIP is answered beside 16 who ask and never read", all(ok for ok, _ in waits) and max(w for _, w in waits) < 1, waits)
    check("who cost little memory", s.memory() - before < 30000, (before, s.memory()))
    began = time.monotonic()
    s.reads("others have their turn when these are cut off")
    took = time.monotonic() - began
    check("which is soon", took < 8, took)
    cut = [a for a in map(read_all, peers) if not a.endswith(b"0\r\n\r\n")]  # the others read in time now
    check("what they have is not taken for whole", cut and all(a.endswith(b"(reset)") for a in cut), [a[-50:] for a in cut])
    check("the process lives", s.proc.poll() is None)


def reloads(s):
    with s.connect() as peer:  # in the middle of an answer
        peer.sendall(b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n")
        begun = peer.recv(1000)
        s.write(1, "  - domain: new.test\n")
        s.proc.send_signal(signal.SIGHUP)
        s.await_log("config reloaded .*partners=2")
        whole = metrics(begun + read_all(peer))[1]
    check("an answer that a reload falls into is whole", promtool(whole).returncode == 0, whole[-500:])
    text = metrics(s.get("/metrics"))[1]
    check("and then the partners are the new ones", text.count(',outcome="delivered"') == 4 and 'partner="new.test"' in text, text)
    check("the reload is counted", 'stox_gateway_config_reloads_total{outcome="done"} 1\n' in text
          and "stox_gateway_config_last_reload_successful 1\n" in text, text)
    s.config.write_text(s.config.read_text().replace("listen: \"127.0.0.1:0\"", "listen: \"127.0.0.1:1\""))
    s.proc.send_signal(signal.SIGHUP)
    check("another address waits for a restart", s.await_log("needs-restart setting=gateway.metrics"))
    s.config.write_text(s.config.read_text().replace("127.0.0.1:1\"", "localhost:9719\""))
    s.proc.send_signal(signal.SIGHUP)
    s.await_log("config not-reloaded")
    checked = subprocess.run([STOX, "gateway", "--check", "--config", str(s.config)], capture_output=True, text=True, timeout=60)
    check("a name is no address, says the check", checked.returncode == 2 and "`listen` must be IP:PORT, like" in checked.stderr, checked)
    text = metrics(s.get("/metrics"))[1]
    check("a refused file is told", 'outcome="refused"} 1\n' in text and "last_reload_successful 0\n" in text, text)


def in_use(s, folder):
    text = FILE.format(partners="  - domain: a.test\n").replace("127.0.0.1:0\"", f"127.0.0.1:{s.at[1]}\"", 1)
    (folder / "second.yaml").write_text(text)
    second = subprocess.run([STOX, "gateway", "--config", str(folder / "second.yaml")], capture_output=True, text=True, timeout=60)
    check("an address in use keeps it from starting", second.returncode == 3
          and f"the metrics at 127.0.0.1:{s.at[1]}: address already in use" in second.stderr.lower(), second)


with tempfile.TemporaryDirectory() as name:
    service = Service(Path(name))
    try:
        answers(service)
        refused(service)
        slow_loris(service)
        never_reads(service)
        thousand(service)
        in_use(service, Path(name))
        reloads(service)
        waiting = service.connect()
        service.proc.send_signal(signal.SIGTERM)
        check("nobody who waits keeps it from its end", service.proc.wait(30) == 0, service.log.read_text())
    finally:
        if service.proc.poll() is None:
            service.proc.kill()
sys.exit(failed > 0)
