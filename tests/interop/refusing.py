"""Servers whose users may refuse: blocked senders (XEP-0191), and clients that bounce."""

import re
import socket
import threading
import time

from peers import PARTNER, POOL, Bench, Failure

RECEIVER, SENDER = f"adelany@{PARTNER}", f"pilar@{POOL}"
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


def until_refused(bench, sip):
    """The refusal's status.  A server loads what refuses when it first has to, ejabberd for up to seconds."""
    end = time.monotonic() + WARM_S
    while (status := answer_to(bench, sip, "a first one")) == 202:
        bench.await_log("gateway", "acknowledged-then-refused")
        if time.monotonic() > end:
            raise Failure(f"still acknowledged after {WARM_S} s")
        time.sleep(0.2)
    return status
