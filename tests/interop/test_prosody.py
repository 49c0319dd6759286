"""stox test across Kamailio, stox gateway and Prosody; bodies that need escaping, both ways."""

import signal
import time

from peers import PARTNER, POOL, Bench, Failure, SipPeer, XmppClient, run

HARD = "Grüße & <tags> \"quotes\" 'apostrophes' ]]> 漢字 \N{GRINNING FACE}\ttab\nsecond line"
ESCAPED = (HARD.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"))


def unescape(text):
    for entity, char in (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"), ("&#9;", "\t"),
                         ("&#10;", "\n"), ("&amp;", "&")):
        text = text.replace(entity, char)
    return text


def across(stox):
    for transport, hop, defines in (("udp", "udp", ()), ("tcp", "tcp", ()), ("udp", "udp", ("WITH_SHA256",)),
                                    ("tls", "udp", ("WITH_TLS",))):
        with Bench(stox) as b:
            b.kamailio(defines=defines)
            b.prosody()
            b.config(transport, hop)
            b.gateway()
            b.expect_answered(f"Kamailio over {transport} {' '.join(defines)} and Prosody")


def bodies(stox):
    with Bench(stox) as b:
        b.prosody()
        pool = SipPeer(b.port["pool"])
        b.config()
        b.gateway()
        client = XmppClient(b.port["c2s"], "adelany", b.xmpp_password, b.ca)

        pool.message(b.port["gateway"], f"adelany@{PARTNER}", f"o'malley%20x@{POOL}", HARD, "Subject: Tüst\r\n")
        stanza = client.until(b"</message>")
        status, _ = pool.status()
        body = unescape(stanza.split("<body>")[1].split("</body>")[0])
        if status != 202 or body != HARD or "o\\27malley\\20x@" not in stanza or "<subject>Tüst" not in stanza:
            raise Failure(f"SIP to XMPP: {status} {stanza}")
        print("ok: a hard body crosses from SIP to XMPP unaltered")

        client.send(f"<message to='o\\27malley\\20x@{POOL}' id='i1' type='chat' xml:lang='cs'>"
                    f"<body>{ESCAPED}</body><thread>t-1</thread></message>")
        head, got, peer = pool.receive()
        pool.answer_ok(head, peer)
        if got != HARD or not head.startswith(f"MESSAGE sip:o'malley%20x@{POOL} ") or \
                "Call-ID: t-1" not in head or "Content-Language: cs" not in head:
            raise Failure(f"XMPP to SIP: {head}\n{got}")
        print("ok: a hard body crosses from XMPP to SIP unaltered")

        pool.message(b.port["gateway"], f"nobody@{PARTNER}", f"pilar@{POOL}", "x")
        status, head = pool.status()
        if status != 403 or 'Reason: XMPP;text="service-unavailable"' not in head:
            raise Failure(f"an unknown receiver: {head}")
        print("ok: an unknown receiver is told as the answer, with its condition")

        pool.message(b.port["gateway"], "x@stranger.test", f"pilar@{POOL}", "x")
        status, head = pool.status()
        if status != 403 or "ms-diagnostics: 1005" not in head:
            raise Failure(f"a stranger's domain: {head}")
        print("ok: a domain that is no partner is refused with that reason")

        client.send(f"<message to='gone@{POOL}' id='i2' type='chat'><body>hello</body></message>")
        head, _, peer = pool.receive()
        reply = head.replace("MESSAGE", "MESSAGE", 1).split("\r\n")
        keep = [line for line in reply[1:] if line.split(":")[0].lower() in ("via", "from", "to", "call-id", "cseq")]
        pool.sock.sendto("\r\n".join(["SIP/2.0 404 Not Found", *keep, "Content-Length: 0", "", ""]).encode(), peer)
        stanza = client.until(b"</message>")
        if "item-not-found" not in stanza or "id='i2'" not in stanza.replace('"', "'"):
            raise Failure(f"a 404 for an XMPP sender: {stanza}")
        print("ok: a SIP error comes back to the XMPP sender as its condition")


def secret(stox):
    """A secret that is put right is read again: nobody has to restart the gateway."""
    with Bench(stox) as b:
        b.prosody()
        b.config()
        b.write("component", "not the secret\n", 0o600)
        b.start("gateway", [stox, "gateway", "--config", b.dir / "stox.yaml"])
        b.await_log("gateway", "xmpp down")
        pool = SipPeer(b.port["pool"])
        pool.message(b.port["gateway"], f"adelany@{PARTNER}", f"pilar@{POOL}", "x")
        status, head = pool.status()
        if status != 504 or "Reason: SIP;cause=503;" not in head or "ms-diagnostics: 1007" not in head:
            raise Failure(f"while the component is refused: {head}")
        b.write("component", b.component_secret + "\n", 0o600)
        b.await_log("gateway", "xmpp up")
        print("ok: a secret that was put right is read again at the next connection")


def name(stox):
    """A name that the server does not have: its own words, which come behind a header that has no id."""
    with Bench(stox) as b:
        b.prosody()
        b.config()
        text = (b.dir / "stox.yaml").read_text().replace(f"domains: [{POOL}]", f"domains: [{POOL}, other.test]")
        b.gateway(b.write("other.yaml", text.replace(f"name: {POOL}", "name: other.test")), says="cause=host-unknown")
        print("ok: a component that Prosody does not know is told so")


def deep(stox):
    """What one user sends does not cost the others their stream."""
    with Bench(stox) as b:
        b.prosody()
        pool = SipPeer(b.port["pool"])
        b.config()
        b.gateway()
        client = XmppClient(b.port["c2s"], "adelany", b.xmpp_password, b.ca)
        long = "<body>" + "x" * 2000 + "</body>"
        for inner in ("<a>" * 100 + "</a>" * 100, "<a/>" * 20000, f"<a b='{'x' * 100000}'/>{long}",
                      "<a " + " ".join(f"a{i}=''" for i in range(100)) + "/>", long * 50):
            # The space behind it: expat of Debian's security updates, as Prosody uses it, leaves a tag that came in
            # pieces until as much again has come.
            client.send(f"<message to='pilar@{POOL}' id='d' type='chat'>{inner}</message>{' ' * 65536}")
            stanza = client.until(b"</message>")
            if "policy-violation" not in stanza:
                raise Failure(f"a stanza over a limit: {stanza[:1000]}")
        client.send(f"<message to='pilar@{POOL}' id='e' type='chat'><body>still here</body></message>")
        head, got, peer = pool.receive()
        pool.answer_ok(head, peer)
        if got != "still here" or "xmpp down" in (b.dir / "gateway.log").read_text():
            raise Failure(f"after stanzas over the limits: {got} {(b.dir / 'gateway.log').read_text()}")
        print("ok: stanzas over the limits are refused alone")


def hanging(stox):
    """A server that does not read: nothing is acknowledged that would be lost."""
    with Bench(stox) as b:
        b.prosody()
        pool = SipPeer(b.port["pool"])
        b.config()
        b.gateway()
        server = next(proc for name, proc in b.procs if name == "prosody")
        server.send_signal(signal.SIGSTOP)
        start = time.monotonic()
        pool.message(b.port["gateway"], f"adelany@{PARTNER}", f"pilar@{POOL}", "x")
        status, head = pool.status()
        after = time.monotonic() - start
        server.send_signal(signal.SIGCONT)
        if status != 504 or not 3 < after < 3.5:
            raise Failure(f"while the server hangs: after {after:.2f} s {head}")
        print(f"ok: a server that hangs is noticed after {after:.2f} s")


def not_carried(stox):
    """What is not carried is answered: an ask for presence, and a message that holds no text."""
    with Bench(stox) as b:
        b.prosody()
        pool = SipPeer(b.port["pool"])
        b.config()
        b.gateway()
        client = XmppClient(b.port["c2s"], "adelany", b.xmpp_password, b.ca)
        client.send(f"<iq type='get' id='r1'><query xmlns='jabber:iq:roster'/></iq><presence to='pilar@{POOL}' type='subscribe'/>")
        client.until(b"unsubscribed")
        client.send("<iq type='get' id='r2'><query xmlns='jabber:iq:roster'/></iq>")
        client.until(b"r2")
        roster = client.until(b"</iq>").replace('"', "'")
        if f"jid='pilar@{POOL}'" in roster and "ask='subscribe'" in roster:
            raise Failure(f"the ask hangs in the roster: {roster}")
        print("ok: a subscription is declined and hangs in no roster")

        omemo = ("<encrypted xmlns='eu.siacs.conversations.axolotl'><header sid='1'><iv>AA</iv></header>"
                 "<payload>AA</payload></encrypted>")
        client.send(f"<message to='pilar@{POOL}' id='o1' type='chat'>{omemo}<store xmlns='urn:xmpp:hints'/></message>")
        stanza = client.until(b"</message>")
        if "feature-not-implemented" not in stanza or "send it unencrypted" not in stanza:
            raise Failure(f"OMEMO without a fallback: {stanza}")
        print("ok: an encrypted message without a fallback has an error")

        client.send(f"<message to='pilar@{POOL}' id='u1' type='chat'><x xmlns='jabber:x:oob'>"
                    f"<url>https://up.{PARTNER}/a.jpg</url></x></message>")
        head, got, peer = pool.receive()
        pool.answer_ok(head, peer)
        if got != f"https://up.{PARTNER}/a.jpg":
            raise Failure(f"a link: {head}\n{got}")
        print("ok: a link is carried as its address")


def main(stox):
    across(stox)
    bodies(stox)
    secret(stox)
    name(stox)
    deep(stox)
    hanging(stox)
    not_carried(stox)


run(main)
