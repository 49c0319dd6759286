"""Stanzas that are odd and legal (XML 1.0, Namespaces in XML 1.0), and a test that sends many of them through a server."""

import os
import random
import re
import select
import ssl
import threading
import time

from peers import PARTNER, POOL, Bench, Failure, SipPeer, XmppClient

STANZAS, BATCH = 10000, 250
AWAY_MAX = 200  # times that a server may end our own stream: that is its affair, but costs time
XML = "http://www.w3.org/XML/1998/namespace"
STREAMS = "http://etherx.jabber.org/streams"

NAMES = ("x", "y", "a", "body", "message", "iq", "error", "stream", "html", "xml-ish", "_", "a.b-c_d.1", "\u00e9t\u00e9", "\u4e2d")
PREFIXES = ("p", "q", "r", "ns1", "ns2", "stream2", "stanza", "db", "xmlfoo", "_", "\u00e9")
SPACES = ("u", "v", "urn:xmpp:sid:0", "jabber:client", "jabber:component:accept", "jabber:server:dialback", STREAMS, f"{XML}x",
          "http://www.w3.org/1999/xhtml", "it's", 'a"b', "a<b>&c", "a b", " ", "\u00fc", "u" * 300)
TEXTS = ("", "hello", " \t\n ", "\u00e4\u4e2d\U0001f600", "\u0085\u2028\u202e", "]]", "<&>\"'", "\ufffd\U0001fffe", "x" * 2000)
USERS = (POOL, f"nobody@{POOL}", f"pilar@{POOL}", f"pilar@{POOL}/\u00e9", f"a\\40b@{POOL}")


class Generator:
    """`mild`: each namespace and each prefix is declared once and needs no escapes, an element with a prefix declares no default, and
    no two attributes of one have the same local name."""

    def __init__(self, seed, mild=False):
        self.rng = random.Random(seed)
        self.mild = mild
        self.declared = 0

    def space(self):
        self.declared += 1
        return f"urn:{self.declared}" if self.mild else self.rng.choice(SPACES)

    def text(self, quote=""):
        out = []
        for c in self.rng.choice(TEXTS):
            if c in "<&" or c == quote or (c == ">" and not quote) or self.rng.random() < 0.02:
                c = self.rng.choice((f"&#{ord(c)};", f"&#x{ord(c):X};"))
            out.append(c)
        text = "".join(out)
        if not quote and "]]" not in text and "&" not in text and self.rng.random() < 0.2:
            text = f"<![CDATA[{text}]]>"
        return text

    def value(self, fixed=None):
        quote = self.rng.choice("'\"")
        if fixed is None:
            return quote + self.text(quote) + quote
        escaped = fixed.replace("&", "&amp;").replace("<", "&lt;")
        return quote + escaped.replace(quote, "&#39;" if quote == "'" else "&quot;") + quote

    def tag(self, scope, name=None, attributes=(), space=None):
        """A start tag without its end, its name, and the prefixes that are in scope inside."""
        scope = dict(scope)
        given = list(attributes)
        for prefix in self.rng.sample(PREFIXES, self.rng.choice((0, 0, 0, 1, 1, 2, 3))):
            if self.mild and prefix in scope:
                continue
            scope[prefix] = self.space()
            given.append(f"xmlns:{prefix}={self.value(scope[prefix])}")
        if space is not None or (name is None and self.rng.random() < 0.4):
            space = self.rng.choice((self.space(), "")) if space is None or self.mild else space
            given.append(f"xmlns={self.value(space)}")
        if name is None:
            name = self.rng.choice(NAMES)
            if self.rng.random() < 0.3 and not (self.mild and space is not None):
                name = f"{self.rng.choice((*scope, 'xml'))}:{name}"
        used = {(None, a.split("=")[0]) for a in attributes}
        for _ in range(self.rng.choice((0, 0, 1, 2, 4, 40) if self.rng.random() < 0.1 else (0, 0, 1, 2))):
            prefix = self.rng.choice((None, None, "xml", *scope))
            local = self.rng.choice((*NAMES, "lang", "id", "base", "space", "foo", f"n{self.rng.randrange(99)}"))
            if (prefix, local) == ("xml", "lang") or (prefix, local) == ("xml", "space"):
                continue  # a server may look at what these hold
            key = (None if self.mild else {"xml": XML}.get(prefix) or scope.get(prefix), local)
            if key in used:
                continue
            used.add(key)
            given.append(f"{prefix}:{local}={self.value()}" if prefix else f"{local}={self.value()}")
        self.rng.shuffle(given)
        return "<" + "".join(f"{part}{self.rng.choice((' ', '  ', chr(10)))}" for part in (name, *given)), name, scope

    def element(self, scope, depth, space=None):
        tag, name, scope = self.tag(scope, space=space)
        if depth == 0 or self.rng.random() < 0.3:
            return tag + "/>"
        inside = "".join(self.element(scope, depth - 1) for _ in range(self.rng.choice((0, 1, 1, 2))))
        return f"{tag}>{self.text()}{inside}{self.text()}</{name} >"

    def payload(self, scope):
        kind = self.rng.random()
        if kind < 0.01:
            return "<d xmlns='u'>" + "<d>" * 60 + "</d>" * 60 + "</d>"
        if kind < 0.015:
            return "<e xmlns='u'>" + "<e/>" * 5000 + "</e>"
        if kind < 0.02:
            return f"<f xmlns='u' a='{'&quot;' * 3000}'/>"
        return "".join(self.element(scope, self.rng.randrange(5), "u") for _ in range(self.rng.randrange(3)))

    def stanza(self):
        kind = self.rng.choice(("message", "message", "message", "iq", "presence"))
        types = {"message": ("chat", "normal", "headline", None), "iq": ("get", "set"),
                 "presence": ("subscribe", "unsubscribed", "probe", "unavailable")}[kind]
        given = [f"to={self.value(self.rng.choice(USERS))}", f"id={self.value(f'o{self.rng.randrange(10 ** 9)}')}"]
        type_ = self.rng.choice(types)
        if type_:
            given.append(f"type='{type_}'")
        tag, name, scope = self.tag({}, kind, given)
        if kind == "iq":
            return f"{tag}>{self.element(scope, 3, 'u')}</{name}>"
        body = f"<body>{self.text()}</body>" if kind == "message" and self.rng.random() < 0.3 else ""
        return f"{tag}>{body}{self.payload(scope)}</{name}>"


class Client(XmppClient):
    """Writes and reads at once: whoever only writes is stopped by the answers."""

    def pump(self, data, until):
        """Sends `data`, then reads until `until` is true of what came; False when the stream is over."""
        end = time.monotonic() + 60
        self.sock.setblocking(False)
        while data or not until(self.buf):
            if time.monotonic() > end:
                raise Failure(f"nothing of what was awaited came: {self.buf[-300:]!r}")
            try:
                if data:
                    data = data[self.sock.send(data[:16384]):]
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            except OSError:
                return False
            try:
                came = self.sock.recv(65536)
                self.buf = (self.buf + came)[-262144:]
                if not came or b"</stream:stream>" in came:
                    return False
                continue
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                pass
            except OSError:
                return False
            select.select([self.sock], [self.sock] if data else [], [], 0.2)
        return True


class Hop:
    """The pool: it takes every MESSAGE and remembers what was no odd one."""

    def __init__(self, port):
        self.peer = SipPeer(port)
        self.peer.sock.settimeout(None)
        self.got = set()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            head, body, where = self.peer.receive()
            if head.startswith("MESSAGE"):
                self.got.add(body)
                self.peer.answer_ok(head, where)


def batch(generator, rounds):
    stanzas = "".join(generator.stanza() for _ in range(BATCH))
    return f"{stanzas}<message to='pilar@{POOL}' type='chat'><body>plain {rounds}</body></message>".encode()


# Expat of Debian's security updates leaves a tag that came in pieces until as much again has come, and so do the servers that
# parse with it, each part of them: too long for SIP, this one only pushes what is before it.
PUSH = f"<message to='pilar@{POOL}' type='chat'><body>{'x' * 8192}</body></message>".encode()


def expect_told(bench, hop, client, rounds):
    """Both ways, behind all that was odd; the pong of the server itself may be behind thousands of errors."""
    end = time.monotonic() + 30
    push = time.monotonic() + 0.5
    while f"plain {rounds}" not in hop.got:
        late = time.monotonic() > push
        push += 0.5 if late else 0
        client.pump(PUSH if late else b"", lambda buf: True)
        if time.monotonic() > end:
            raise Failure(f"the plain message of round {rounds} did not come through")
        time.sleep(0.01)
    peer = SipPeer()
    peer.message(bench.port["gateway"], f"adelany@{PARTNER}", f"pilar@{POOL}", f"back {rounds}")
    if not client.pump(b"", lambda buf: f"back {rounds}".encode() in buf):
        raise Failure("the stream ended where a plain message was awaited")
    status, head = peer.status()
    if status != 202:
        raise Failure(f"the plain message of round {rounds}: {head}")


def ended_by_itself(bench):
    """jabberd2's router and session manager may end the link between them: nothing that we could help."""
    logs = [bench.dir / f"{part}.log" for part in ("router", "sm", "c2s")]
    return any("parse error" in log.read_text(errors="replace") for log in logs if log.exists())


def feed(bench, generator, server, rounds):
    """How many rounds are through, and what ended them too early."""
    getattr(bench, server)()
    hop = Hop(bench.port["pool"])
    bench.config()
    bench.gateway()
    login = (bench.port["c2s"], "adelany", bench.xmpp_password, bench.ca)
    try:
        client, away = Client(*login), 0
        while rounds * BATCH < STANZAS:
            data = batch(generator, rounds + 1)
            while not client.pump(data, lambda buf: True):
                away += 1
                if away > AWAY_MAX:
                    raise Failure(f"{server} ends our own stream for these: {client.buf[-300:]!r}")
                client = Client(*login)
                data = data[data.rindex(b"<message "):]  # what was odd in it is given up
            expect_told(bench, hop, client, rounds + 1)
            rounds += 1
    except (Failure, OSError) as failure:
        return rounds, failure
    return rounds, None


def through(stox, server, mild=False, again=0):
    """10,000 through `server`, which may end itself `again` times; each that it passes on reaches the gateway's stream, and none may
    end that."""
    seed = int(os.environ.get("STOX_ODD_SEED", random.randrange(10 ** 9)))
    print(f"STOX_ODD_SEED={seed}")
    generator, rounds, begin = Generator(seed, mild), 0, time.monotonic()
    for left in range(again, -1, -1):
        with Bench(stox) as bench:
            rounds, failure = feed(bench, generator, server, rounds)
            by_itself = failure and left and ended_by_itself(bench)
            if failure and not by_itself:
                raise failure
            down = re.findall(r".*xmpp down.*", (bench.dir / "gateway.log").read_text(errors="replace"))
            if any("closed by the server" not in line for line in down) or (down and not by_itself):
                raise Failure(f"the component's stream ended: {down}")
        if not failure:
            print(f"ok: {STANZAS} odd stanzas through {server} in {time.monotonic() - begin:.1f} s; it ended itself {again - left} times")
            return
        rounds += 1
    raise Failure(f"{server} ended itself {again} times")
