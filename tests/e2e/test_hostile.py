"""Peers that mean harm: what they send ends in its time, in little memory, and nothing of it is carried on.

Against `stox gateway` a pool and an XMPP server of the script's own, against `stox test` a registrar and a partner.
"""

import base64
import hashlib
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

STOX = os.path.abspath(sys.argv[1])
FAILED = []
STREAMS = "http://etherx.jabber.org/streams"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
PASSWORDS = ["Sip-Passw0rd-xyz", "Xmpp-Passw0rd-abc"]
GROWTH_KB = 60000  # with sanitizers; without them a tenth of it
CONTROLS = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\xa8-\xae]|\xe2\x81[\xa6-\xa9]")
EVIL = "\u202eRED\u2066 <script>alert(1)</script> \u2028 \u009b31m %n%s|x=1;"
FREED_AT_ONCE = {**os.environ, "ASAN_OPTIONS": f"{os.environ.get('ASAN_OPTIONS', '')}:quarantine_size_mb=1:allocator_release_to_os_interval_ms=50"}
FLOOD = 10000000000  # bytes: more than any bound


def check(name, ok, evidence=""):
    print(f"{'ok' if ok else 'FAILED'}: {name}", flush=True)
    if not ok:
        FAILED.append(name)
        print(evidence)


def read_until(peer, end):
    got = b""
    while end not in got:
        piece = peer.recv(65536)
        if not piece:
            raise ConnectionError
        got += piece
    return got


def write_secret(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


def flood(peer, piece, most=FLOOD, seconds=60):
    """Until the other side cuts it off; True when it did.  Nothing that it says is read."""
    end, sent = time.monotonic() + seconds, 0
    try:
        while sent < most and time.monotonic() < end:
            peer.sendall(piece)
            sent += len(piece)
    except OSError:
        return True
    return False


# ---- the gateway


class Gateway:
    def __init__(self, folder):
        self.server = socket.create_server(("127.0.0.1", 0))
        self.hop = socket.socket(type=socket.SOCK_DGRAM)
        self.hop.bind(("127.0.0.1", 0))
        folder.mkdir()
        secret = write_secret(folder / "component", "component secret")
        config = folder / "stox.yaml"
        config.write_text(f"""pools:
  - fqdn: pool.litware.test
    domains: [litware.test]
partners:
  - domain: contoso.test
gateway:
  sip:
    listen: [udp:127.0.0.1:0, tcp:127.0.0.1:0]
    next_hop: sip:127.0.0.1:{self.hop.getsockname()[1]};transport=udp
    trusted_peers: [127.0.0.1]
    options: alive
  xmpp:
    component: {{ name: litware.test, server: 127.0.0.1:{self.server.getsockname()[1]}, secret_file: {secret} }}
""")
        self.log = folder / "log"
        self.proc = subprocess.Popen([STOX, "gateway", "-c", config], stdout=subprocess.DEVNULL,
                                     stderr=open(self.log, "wb"), env=FREED_AT_ONCE)
        self.stream = self.component()
        self.ports = {kind: int(self.await_log(rf"transport={kind} address=127.0.0.1:(\d+)")) for kind in ("udp", "tcp")}
        self.await_log("xmpp up")
        self.options()  # what the first one allocates is not growth
        self.rss = self.memory()

    def component(self):
        self.server.settimeout(30)
        stream, _ = self.server.accept()
        stream.settimeout(10)
        read_until(stream, b"stream:stream")
        stream.sendall(f"<stream:stream xmlns='jabber:component:accept' xmlns:stream='{STREAMS}' id='i' "
                       "from='litware.test'>".encode())
        read_until(stream, b"</handshake>")
        stream.sendall(b"<handshake/>")
        return stream

    def await_log(self, pattern):
        end = time.monotonic() + 20
        while time.monotonic() < end:
            found = re.search(pattern, self.log.read_text())
            if found:
                return found[found.re.groups]
            time.sleep(0.02)
        raise SystemExit(f"the gateway never said {pattern}: {self.log.read_text()}")

    def memory(self):
        """At its peak: what was only held for a moment was held."""
        return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{self.proc.pid}/status").read_text())[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.proc.pid}/fd"))

    def tcp(self, source="127.0.0.1"):
        peer = socket.create_connection(("127.0.0.1", self.ports["tcp"]), 10, (source, 0))
        peer.settimeout(10)
        return peer

    def options(self):
        """Answered; what a full socket drops is repeated."""
        with socket.socket(type=socket.SOCK_DGRAM) as peer:
            peer.settimeout(1)
            for i in range(5):
                peer.sendto(request("OPTIONS", f"o{i}{time.monotonic()}"), ("127.0.0.1", self.ports["udp"]))
                try:
                    return peer.recv(65536).startswith(b"SIP/2.0 200 ")
                except OSError:
                    continue
            return False

    def is_well(self, name):
        grown = self.memory() - self.rss if self.proc.poll() is None else -1
        check(f"{name}: the gateway goes on, {grown} kB more", self.proc.poll() is None and self.options()
              and grown < GROWTH_KB, self.log.read_text()[-3000:])

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.proc.send_signal(signal.SIGTERM)
        status = self.proc.wait(30)
        check("the gateway ends in order", status == 0, self.log.read_text()[-5000:])


def request(method, branch, transport="UDP", body=b"hi", rows=""):
    return (f"{method} sip:adelany@contoso.test SIP/2.0\r\nVia: SIP/2.0/{transport} 127.0.0.1:9;branch=z9hG4bK{branch};rport\r\n"
            "Max-Forwards: 70\r\nFrom: <sip:pilar@litware.test>;tag=1\r\nTo: <sip:adelany@contoso.test>\r\n"
            f"Call-ID: {branch}\r\nCSeq: 1 {method}\r\n{rows}Content-Length: {len(body)}\r\n\r\n").encode() + body


def deaf(gw):
    """Each sends until nothing moves any more, and reads none of the answers."""
    peers, asked, still = [], request("OPTIONS", "deaf", "TCP") * 300, 0
    end = time.monotonic() + 90  # a slow machine needs its time to fill so many sockets
    for _ in range(150):
        peer = gw.tcp()
        peer.setblocking(False)
        peers.append([peer, 0])
    while peers and (still < 20 or len(peers) > 32 and time.monotonic() < end):
        moved = False
        for pair in list(peers):
            try:
                pair[1] = (pair[1] + pair[0].send(asked[pair[1]:])) % len(asked)
                moved = True
            except BlockingIOError:
                pass
            except OSError:  # cut off
                pair[0].close()
                peers.remove(pair)
        still = 0 if moved else still + 1
        time.sleep(0 if moved else 0.05)
    gw.is_well("150 connections that read no answers")
    check("few of them are left", len(peers) <= 32, len(peers))
    for peer, _ in peers:
        peer.close()


def unfinished(gw):
    half = b"MESSAGE sip:a@contoso.test SIP/2.0\r\nContent-Length: 65000\r\n\r\n" + b"x" * 64000
    peers = [gw.tcp() for _ in range(1000)]
    for peer in peers:
        try:
            peer.sendall(half)
        except OSError:
            pass  # cut off
    gw.is_well("1,000 connections with most of a large message each")
    for peer in peers:
        peer.close()


def sip_peers(gw):
    slow = []
    for _ in range(1100):  # over the gateway's own bound
        peer = gw.tcp()
        peer.sendall(b"MESSAGE sip:")
        slow.append(peer)
    gw.is_well("1,100 connections that never finish a line")
    check("the bound is kept", gw.descriptors() < 1100, gw.descriptors())
    for peer in slow:
        peer.close()
    deaf(gw)
    unfinished(gw)
    for name, piece in (("a header without an end", b"X: " + b"a" * 65536),
                        ("bytes at random", os.urandom(65536)),
                        ("empty lines without an end, and no answer is read", b"\r\n" * 32768),
                        ("requests without an end, and no answer is read", request("OPTIONS", "n", "TCP") * 300)):
        with gw.tcp() as peer:
            peer.sendall(b"" if b"\r\n" in piece else b"MESSAGE sip:a@b SIP/2.0\r\n")
            check(f"{name}: cut off", flood(peer, piece))
        gw.is_well(name)
    for length in ("-1", "4294967297", "1e3", "", "5, 6"):
        with gw.tcp() as peer:
            peer.sendall(f"MESSAGE sip:a@b SIP/2.0\r\nContent-Length: {length}\r\n\r\nhello".encode())
            check(f"Content-Length: {length!r}: cut off", peer.recv(100) == b"")
    with gw.tcp("127.0.0.2") as peer:
        peer.sendall(request("MESSAGE", "stranger", "TCP"))
        try:
            said = peer.recv(100)
        except ConnectionError:
            said = b""
        check("a stranger is told nothing", said == b"", said)


def datagrams(gw):
    reading = threading.Thread(target=drain, args=(gw.stream,), daemon=True)
    reading.start()
    with socket.socket(type=socket.SOCK_DGRAM) as peer:
        peer.connect(("127.0.0.1", gw.ports["udp"]))
        for i in range(20000):
            peer.send(request("MESSAGE", str(i), rows=f"X: {'z' * 3000}\r\n"))
            peer.send(f"SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK{i:016x}{0:016x}\r\nFrom: <sip:a@b>;tag=1\r\n"
                      "To: <sip:a@b>;tag=2\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n".encode())
            if i % 20 == 0:
                peer.send(os.urandom(1000))
    gw.is_well("20,000 messages, forged answers and junk")


def drain(stream):
    try:
        while stream.recv(1 << 20):
            pass
    except OSError:
        pass


def message(number, more="", body="hello", to="pilar@litware.test"):
    return f"<message from='adelany@contoso.test/x' to='{to}' id='{number}'><body>{body}</body>{more}</message>".encode()


def strangers(gw):
    """What a server passes on of anybody must not end the stream for all."""
    stanzas = {
        "nested 200 deep": message("deep", "<a>" * 200 + "</a>" * 200),
        "of 10,000 elements": message("many", "<a/>" * 10000),
        "of 500 kB": message("long", body="x" * 500000),
        "with 1,000 attributes": message("attributes", "<a " + " ".join(f"a{i}=''" for i in range(1000)) + "/>"),
        "with 150,000 quotes in an attribute, escaped on the way": message("tag", f"<a b='{'&quot;' * 150000}'/>"),
        "with a line feed in a namespace": message("feed", "<a xmlns='u&#10;v'/>"),
    }
    gw.hop.settimeout(10)
    for name, stanza in stanzas.items():
        gw.stream.sendall(stanza)
        if b"u&#10;v" not in stanza:
            said = read_until(gw.stream, b"</message>")
            check(f"a stanza {name} is refused", b"policy-violation" in said, said)
        else:
            gw.hop.recv(65536)
    for i in range(30):
        gw.stream.sendall(b"".join(b"<message><n%d-%d/></message>" % (i, k) for k in range(2000)))
    gw.stream.sendall(message("after", to="kenmyer@litware.test"))
    try:
        while b"MESSAGE sip:kenmyer@litware.test" not in gw.hop.recv(65536):  # others are repeated
            pass
        carried = True
    except OSError:
        carried = False
    check("the stream is the same, and carries", carried and gw.log.read_text().count("xmpp up") == 1, gw.log.read_text())
    gw.is_well("60,000 names of strangers")


def waiting(gw):
    """A next hop that is silent makes everything wait: that has its bound, and says so."""
    threading.Thread(target=drain, args=(gw.stream,), daemon=True).start()
    for i in range(5000):
        gw.stream.sendall(message(f"{i:010000}", to=f"u{i}@litware.test"))
    gw.is_well("5,000 stanzas with ids of 10 kB, and a silent next hop")
    check("the log names the sender", "too-much-waits of=sender sender=adelany@contoso.test" in gw.log.read_text(),
          gw.log.read_text())


def hostile_server(gw):
    ping = b"<iq from='a@contoso.test' to='litware.test' type='get' id='%d'><ping xmlns='urn:xmpp:ping'/></iq>"
    check("a server that asks and reads no answer is left", flood(gw.stream, b"".join(ping % i for i in range(1000))))
    for name, piece in (("a document type", b"<!DOCTYPE a [<!ENTITY b 'c'>]>"), ("a stanza without an end", b"<m><a>" + b"x" * 65536)):
        gw.stream = gw.component()
        flood(gw.stream, piece, 20000000)
        check(f"{name}: the stream is left", b"</stream:stream>" in rest(gw.stream))
        gw.is_well(name)


def rest(stream):
    got = b""
    try:
        while piece := stream.recv(65536):
            got += piece
    except OSError:
        pass
    return got or b"</stream:stream>"  # a reset: it was in no mood to read


# ---- a test


class Target:
    """A registrar and a partner, each a function that gets its connection."""

    def __init__(self, sip, xmpp):
        self.socks = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.ports = [sock.getsockname()[1] for sock in self.socks]
        for sock, handler in zip(self.socks, (sip, xmpp)):
            threading.Thread(target=self.serve, args=(sock, handler), daemon=True).start()

    def serve(self, sock, handler):
        while True:
            try:
                peer, _ = sock.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(peer, handler), daemon=True).start()

    @staticmethod
    def talk(peer, handler):
        with peer:
            try:
                handler(peer)
            except (OSError, ValueError):
                pass

    def close(self):
        for sock in self.socks:
            sock.close()


def silent(peer):
    while peer.recv(65536):
        pass


def answer(asked, status, rows="", body=""):
    head, found = asked.decode(), []
    for name in ("Via", "From", "To", "Call-ID", "CSeq"):
        row = re.search(rf"^{name}: .*$", head, re.MULTILINE)[0].strip()
        found.append(row + (";tag=t" if name == "To" else ""))
    return ("SIP/2.0 {}\r\n{}\r\n{}Content-Length: {}\r\n\r\n{}".format(
        status, "\r\n".join(found), rows, len(body.encode()), body)).encode()


def registrar(*answers):
    """Says these one after the other, and the last for ever."""
    def talk(peer):
        for i in range(100):
            asked = read_until(peer, b"\r\n\r\n")
            peer.sendall(answer(asked, *answers[min(i, len(answers) - 1)]))
    return talk


CHALLENGE = ("401 No", 'WWW-Authenticate: Digest realm="litware.test",nonce="n"\r\n')


def says_it_back(peer):
    peer.sendall(answer(read_until(peer, b"\r\n\r\n"), *CHALLENGE))
    asked = read_until(peer, b"\r\n\r\n")
    proof = re.search(rb"Authorization: (.*)\r\n", asked)[1].decode()
    said_back = re.search('response="(.*?)"', proof)[1]
    PROOFS.append(said_back)
    peer.sendall(answer(asked, f"403 Not {PASSWORDS[0]} {said_back}", f'X-Got: {proof}\r\nWarning: 399 h "{PASSWORDS[0]}"\r\n'
                        f'ms-diagnostics: 1;source="{PASSWORDS[0]}";reason="{PASSWORDS[0]}"\r\n', proof + PASSWORDS[0]))


PROOFS = []


def endless(piece, first=b""):
    def talk(peer):
        read_until(peer, b"\r\n\r\n")
        peer.sendall(first)
        flood(peer, piece, 50000000)
    return talk


def provisionals(peer):
    asked = read_until(peer, b"\r\n\r\n")
    flood(peer, answer(asked, "100 Trying") * 100, 50000000)


def partner(tls, talk):
    """Up to STARTTLS; then `talk` inside."""
    def serve(peer):
        head = (f"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='{STREAMS}' from='contoso.test' "
                "id='i' version='1.0'>")
        got = read_until(peer, b"<stream:stream")
        peer.sendall(f"{head}<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>".encode())
        while b"<starttls" not in got:
            got += peer.recv(65536)
        peer.sendall(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        with tls.wrap_socket(peer, server_side=True) as inside:
            read_until(inside, b"<stream:stream")
            inside.sendall(head.encode())
            talk(inside)
            silent(inside)
    return serve


def features(inside):
    inside.sendall(f"<stream:features><mechanisms xmlns='{SASL}'><mechanism>SCRAM-SHA-256</mechanism></mechanisms>"
                   "</stream:features>".encode())
    return base64.b64decode(re.search(rb"<auth[^>]*>([^<]*)<", read_until(inside, b"</auth>"))[1]).decode()


def challenge(rounds):
    def talk(inside):
        nonce = re.search("r=([^,]*)", features(inside))[1]
        said = base64.b64encode(f"r={nonce}s,s=c2FsdA==,i={rounds}".encode()).decode()
        inside.sendall(f"<challenge xmlns='{SASL}'>{said}</challenge>".encode())
    return talk


def fails(text):
    def talk(inside):
        features(inside)
        inside.sendall(f"<failure xmlns='{SASL}'><not-authorized/><text>{text.replace('<', '&lt;')}</text></failure>".encode())
    return talk


def ends_stream(inside):
    inside.sendall(f"<stream:error><see-other-host xmlns='urn:ietf:params:xml:ns:xmpp-streams'>127.0.0.1:1"
                   f"{EVIL.replace('<', '&lt;')}</see-other-host></stream:error>".encode())


def floods(piece):
    return lambda inside: flood(inside, piece, 50000000)


def forms_of(password):
    return [password, base64.b64encode(password.encode()).decode(), password.encode().hex(),
            base64.b64encode(f"\0adelany\0{password}".encode()).decode(),
            hashlib.md5(f"litware\\pilar:litware.test:{password}".encode()).hexdigest()]


def attacked(folder, name, reason, sip=silent, xmpp=silent, timeout=1.5):
    """One test: it ends in its time, by this reason, and no file that it wrote does harm."""
    here = folder / re.sub(r"\W+", "-", name)
    here.mkdir()
    target = Target(sip, xmpp)
    secrets = [write_secret(folder / f"secret{i}", text) for i, text in enumerate(PASSWORDS)]
    forms = [word for form in ("html", "txt", "json", "pcapng") for word in ("--trace", here / f"trace.{form}")]
    forms += [word for form in ("json", "junit", "tap", "nagios", "prometheus", "cloudprober")
              for word in ("-o", f"{form}={here / form}")]
    began = time.monotonic()
    done = subprocess.run(
        [STOX, "test", "-t", "pool.litware.test", "-u", "pilar@litware.test", "--auth-user", "litware\\pilar",
         "--password-file", secrets[0], "--registrar", f"sip:127.0.0.1:{target.ports[0]};transport=tcp",
         "-r", "adelany@contoso.test", "--receiver-password-file", secrets[1],
         "--receiver-server", f"127.0.0.1:{target.ports[1]}", "--ca-file", folder / "ca.pem", "-vv", "--trace-bodies",
         "--timeout", str(timeout), *forms], capture_output=True, timeout=60, env={**os.environ, "HOME": str(here)})
    seconds = time.monotonic() - began
    target.close()
    # The other side is silent, and both are told.
    found = re.findall(rb"\[(\w+) in [\w.]+\]", done.stdout)
    check(f"{name}: {reason} in {seconds:.1f} s", done.returncode == 1 and reason.encode() in found
          and seconds < timeout + 5, (done.returncode, done.stdout[-2000:], done.stderr[-3000:]))
    texts = {path.name: path.read_bytes() for path in here.iterdir()}
    texts.update(stdout=done.stdout, stderr=done.stderr)
    wrong = [(at, form) for at, data in texts.items() for password in PASSWORDS for form in forms_of(password) + PROOFS
             if form.encode() in data]
    wrong += [(at, found[0]) for at, data in texts.items() if not at.endswith((".html", ".pcapng"))
              for found in [CONTROLS.search(data)] if found]
    wrong += [(at, "script") for at in ("trace.html", "junit") if b"<script>alert" in texts.get(at, b"")]
    check(f"{name}: {len(texts)} files without a secret, a control character or a script", len(texts) == 12 and not wrong, wrong)


def authority(folder):
    """The partner's certificate, which is its own issuer."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-keyout", folder / "key.pem", "-out", folder / "ca.pem", "-subj", "/CN=contoso.test", "-addext",
                    "subjectAltName=DNS:contoso.test"], check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(folder / "ca.pem", folder / "key.pem")
    return tls


def registrars(folder):
    evil = (f"403 {EVIL}", f"Server: {EVIL}\r\nWarning: 399 h \"{EVIL}\"\r\nms-diagnostics: 1;reason=\"{EVIL}\"\r\n", EVIL)
    for name, reason, sip in (
            ("what it got is said back", "sip_forbidden", says_it_back),
            ("evil words", "sip_forbidden", registrar(CHALLENGE, evil)),
            ("escape sequences", "sip_unparsable", registrar(("403 \x1b[31mred", "Server: \x1b]0;t\x07\r\n"))),
            ("challenges for ever", "sip_challenge_loop", registrar((CHALLENGE[0], CHALLENGE[1][:-2] + ",stale=true\r\n"))),
            ("headers for ever", "sip_unparsable", endless(b"X: y\r\n" * 5000, b"SIP/2.0 200 OK\r\n")),
            ("provisional answers for ever", "sip_no_answer", provisionals),
            ("bytes at random for ever", "sip_unparsable", endless(os.urandom(65536))),
            ("a contact that is redirected", "sip_rejected", registrar(("302 Moved", "Contact: <sip:a@127.0.0.1:1>\r\n")))):
        attacked(folder, name, reason, sip=sip)


def partners(folder, tls):
    for name, reason, talk in (
            ("the password is said back", "xmpp_bad_credentials", fails(f"Not {PASSWORDS[1]}")),
            ("evil words of SASL", "xmpp_bad_credentials", fails(EVIL)),
            ("an evil other host", "xmpp_stream_error", ends_stream),
            ("2^31 rounds", "xmpp_sasl_failed", challenge(1 << 31)),
            ("one round", "xmpp_sasl_failed", challenge(1)),
            ("elements that nest for ever", "xmpp_unparsable", floods(b"<a>" * 10000)),
            ("a tag for ever", "xmpp_unparsable", floods(b"<a b='" + b"x" * 65536)),
            ("white space for ever", "sip_no_answer", floods(b" " * 65536))):
        attacked(folder, name, reason, xmpp=partner(tls, talk))


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Gateway(folder / "gateway") as gw:
            sip_peers(gw)
            strangers(gw)
            datagrams(gw)  # nobody answers the pings behind its messages: soon the stream is left
        with Gateway(folder / "waiting") as gw:
            waiting(gw)
        with Gateway(folder / "left") as gw:
            hostile_server(gw)
        tls = authority(folder)
        registrars(folder)
        partners(folder, tls)
    print(f"{len(FAILED)} failed")
    sys.exit(1 if FAILED else 0)


if __name__ == "__main__":
    main()
