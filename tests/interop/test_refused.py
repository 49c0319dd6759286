"""Receivers who are signed in and refuse: blocked senders (XEP-0191) and clients that bounce, on Prosody and ejabberd."""

from peers import Failure, SipPeer, XmppClient, run
from refusing import Refusing, answer_to, ask, bouncing, until_refused

TIMES = 20


def refuses(bench, how):
    """On a machine that is busy one refusal or another may come too late; then the log says so."""
    sip = SipPeer()
    first = until_refused(bench, sip)
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
