"""Receivers who are signed in and refuse: blocked senders (XEP-0191) and clients that bounce, on Prosody and ejabberd."""

import re
import socket
import threading

from peers import PARTNER, POOL, Bench, Failure, SipPeer, XmppClient, run

RECEIVER, SENDER = f"adelany@{PARTNER}", f"pilar@{POOL}"
TIMES = 20


class Refusing(Bench):
    def fill(self, template, **more):
        text = super().fill(template, **more)
        if template == "ejabberd.yml":
            text += "  mod_blocking: {}\n  mod_privacy: {}\n"
        return text.replace('"roster";', '"roster"; "blocklist";')


def bounce(client):
    """Refuses whatever comes, at once."""
    while True:
        try:
            head = client.until(b"</message>")
        except (OSError, Failure):  # the server is gone
            return
        for attributes in re.findall(r"<message\b([^>]*)>", head):
            sender, stanza = (re.search(rf"\b{name}=['\"]([^'\"]*)", attributes) for name in ("from", "id"))
            if sender and stanza:
                client.send(f"<message to='{sender[1]}' id='{stanza[1]}' type='error'><error type='cancel'><not-acceptable "
                            "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")


def blocked(client):
    client.send(f"<iq type='set' id='k'><block xmlns='urn:xmpp:blocking'><item jid='{SENDER}'/></block></iq>")
    while "id='k'" not in (head := client.until(b">").replace('"', "'")):
        pass
    if "result" not in head:
        raise Failure(f"the server blocks nobody: {head}")


def bouncing(client):
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=bounce, args=[client], daemon=True).start()


def refuses(bench, how, prepare):
    client = XmppClient(bench.port["c2s"], "adelany", bench.xmpp_password, bench.ca)
    prepare(client)
    sip = SipPeer()
    answers = []
    for i in range(TIMES):
        sip.message(bench.port["gateway"], RECEIVER, SENDER, f"hello {i}")
        answers.append(sip.status()[0])
    # A machine that is busy may need more than 30 ms: then the log says so.
    if 202 in answers:
        bench.await_log("gateway", "acknowledged-then-refused")
    print(f"ok: {how}: {answers}")
    return client


def main(stox):
    for server in ("prosody", "ejabberd"):
        for how, prepare in (("a blocked sender", blocked), ("a client that bounces", bouncing)):
            with Refusing(stox) as bench:
                getattr(bench, server)()
                bench.config()
                bench.gateway()
                refuses(bench, f"{server}, {how}", prepare).sock.close()


run(main)
