"""doc/howto/existing-prosody.md: the test succeeds, a second client has the carbons, and the archive has both messages."""

from howto import PARTNER, Bench, Failure, Page, XmppClient, prosodyctl, run, start_gateway, start_kamailio, start_prosody, trust

from peers import POOL, SipPeer

CARBONS = "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>"


def need(ok, what, evidence):
    if not ok:
        raise Failure(f"{what}: {evidence}")
    print(f"ok: {what}")


def client(b, password, priority):
    c = XmppClient(b.port["c2s"], "adelany", password, b.ca)
    c.send(f"{CARBONS}<presence><priority>{priority}</priority></presence><iq type='get' id='q'><ping xmlns='urn:xmpp:ping'/></iq>")
    c.until(b"id='q'")
    return c


def two_clients(b, password):
    """The pool is ours now: what it sends is a message of one of its users."""
    b.stop("kamailio")
    pool = SipPeer(b.port["pool"])
    first, second = client(b, password, 5), client(b, password, 1)
    pool.message(b.port["gateway"], f"adelany@{PARTNER}", f"pilar@{POOL}", "from SIP")
    got = first.until(b"</message>")
    need("<body>from SIP</body>" in got and "carbons" not in got, "the client with the higher priority has the message", got)
    got = second.until(b"</received></message>")
    need("from SIP" in got, "the other one has it as a carbon", got)
    status, head = pool.status()
    need(status == 202, "the SIP side is told that it was taken", head)

    first.send(f"<message to='pilar@{POOL}' type='chat' id='m1'><body>from XMPP</body></message>")
    head, body, peer = pool.receive()
    pool.answer_ok(head, peer)
    need(body == "from XMPP", "what one client writes reaches the SIP side", body)
    got = second.until(b"</sent></message>")
    need("from XMPP" in got, "the other client has it as a carbon", got)

    second.send(f"<iq type='set' id='a'><query xmlns='urn:xmpp:mam:2'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE' "
                f"type='hidden'><value>urn:xmpp:mam:2</value></field><field var='with'><value>pilar@{POOL}</value></field></x></query></iq>")
    got = second.until(b"</fin>")
    need("from SIP" in got and "from XMPP" in got, "the archive has both", got)


def main(stox):
    with Bench(stox) as b:
        page, other = Page(b, "existing-prosody.md"), Page(b, "kamailio-prosody.md")
        other.words = page.words = {"COMPONENT-SECRET": page.at("/etc/stox/secrets/component"),
                                    "PASSWORD-OF-PILAR": page.at("/etc/stox/secrets/pilar")}
        page.services = {"prosody": lambda: start_prosody(page), "stox-gateway": lambda: (trust(page), start_gateway(page))}
        other.services = {"kamailio": lambda: start_kamailio(page)}
        page.programs = other.programs = {"prosodyctl": lambda line: prosodyctl(page, line), "chown": lambda line: None}
        other.do("Secrets")
        other.do("Kamailio")
        page.do("Prosody")
        other.write("/etc/stox/stox.yaml", other.block("/etc/stox/stox.yaml"))
        page.do("stox")
        two_clients(b, page.at("/etc/stox/secrets/adelany").read_text().strip())


run(main)
