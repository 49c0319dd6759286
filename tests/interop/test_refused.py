"""Receivers who are signed in and refuse: blocked senders (XEP-0191) and clients that bounce, on Prosody and ejabberd."""

import re
import socket
import threading
import time

from peers import PARTNER, POOL, Bench, Failure, SipPeer, XmppClient, run

RECEIVER, SENDER = f"adelany@{PARTNER}", f"pilar@{POOL}"
TIMES = 20
WARM_S = 30


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


def ask(client, what):
    """Of the client's blocklist; what is pushed to it in between is passed over."""
    client.send(f"<iq type='set' id='{what}'><{what} xmlns='urn:xmpp:blocking'><item jid='{SENDER}'/></{what}></iq>")
    while f"id='{what}'" not in (head := client.until(b">").replace('"', "'")):
        pass
    if "result" not in head:
        raise Failure(f"the server does not {what}: {head}")


def bouncing(client):
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    threading.Thread(target=bounce, args=[client], daemon=True).start()


def answer_to(bench, sip, text):
    sip.message(bench.port["gateway"], RECEIVER, SENDER, text)
    return sip.status()[0]


def refuses(bench, how):
    """A server loads what refuses when it first has to, ejabberd for up to seconds: nothing is counted until that is over.  On a
    machine that is busy one or another may come too late; then the log says so."""
    sip, end = SipPeer(), time.monotonic() + WARM_S
    while (first := answer_to(bench, sip, "a first one")) == 202:
        bench.await_log("gateway", "acknowledged-then-refused")
        if time.monotonic() > end:
            raise Failure(f"{how}: still acknowledged after {WARM_S} s")
        time.sleep(0.2)
    answers = [answer_to(bench, sip, f"hello {i}") for i in range(TIMES)]
    late = answers.count(202)
    if late > TIMES / 2 or set(answers) - {202, first}:
        raise Failure(f"{how}: {answers}")
    if late:
        bench.await_log("gateway", "acknowledged-then-refused")
    print(f"ok: {how}: {first}, and {late} of {TIMES} too late", flush=True)


def main(stox):
    for server in ("prosody", "ejabberd"):
        with Refusing(stox) as bench:
            getattr(bench, server)()
            bench.config()
            bench.gateway()
            client = XmppClient(bench.port["c2s"], "adelany", bench.xmpp_password, bench.ca)
            ask(client, "block")
            refuses(bench, f"{server}, a blocked sender")
            ask(client, "unblock")
            bouncing(client)
            refuses(bench, f"{server}, a client that bounces")


run(main)
