"""Receivers who are signed in and refuse: blocked senders (XEP-0191) and clients that bounce, on Prosody and ejabberd."""

from peers import Failure, SipPeer, XmppClient, run
from refusing import Refusing, answer_to, ask, bouncing, until_refused

TIMES, TRIES = 20, 3


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


def is_named(bench, how):
    """By a test whose receiver is signed in; a refusal that comes too late is lost to it."""
    for _ in range(TRIES):
        _, result = bench.test("--timeout", "5")
        if result["error"] and "has blocked the sender" in result["error"]["message"]:
            print(f"ok: {how}: {result['error']['message']}")
            return
    raise Failure(f"{how}: {result}")


def main(stox):
    for server in ("prosody", "ejabberd"):
        with Refusing(stox) as bench:
            bench.kamailio()
            getattr(bench, server)()
            bench.config()
            bench.gateway()
            client = XmppClient(bench.port["c2s"], "adelany", bench.xmpp_password, bench.ca)
            ask(client, "block")
            refuses(bench, f"{server}, a blocked sender")
            is_named(bench, f"{server}, a blocked sender")
            ask(client, "unblock")
            bouncing(client)
            refuses(bench, f"{server}, a client that bounces")


run(main)
