"""jabberd2: its router takes our component, its client side our receiver, to whom it never shows its own presence; with its
session manager down the router takes what nobody will ever see."""

from peers import PARTNER, PATIENCE, POOL, Bench, Failure, SipPeer, run


def write_to(bench, user):
    peer = SipPeer()
    peer.message(bench.port["gateway"], f"{user}@{PARTNER}", f"pilar@{POOL}", "hello")
    return peer.status()


def without_session_manager(bench):
    """Nothing proves a message there: it is taken, and the log says so at the first; or it is refused."""
    bench.stop("sm")
    status, head = write_to(bench, "adelany")
    if status != 202:
        raise Failure(f"session manager down, unproven: accept: {head}")
    bench.await_log("gateway", f"xmpp pings-unanswered domain={PARTNER} messages=accepted")
    print("ok: session manager down: 202, and the log says that nothing proves it")
    bench.stop("gateway")
    config = bench.dir / "stox.yaml"
    config.write_text(config.read_text().replace("  xmpp:\n", "  xmpp:\n    unproven: refuse\n"))
    bench.gateway()
    status, head = write_to(bench, "adelany")
    if status != 504 or "XMPP Domain Answers No Ping" not in head:
        raise Failure(f"session manager down, unproven: refuse: {head}")
    bench.await_log("gateway", f"xmpp pings-unanswered domain={PARTNER} messages=refused")
    print(f"ok: session manager down, `unproven: refuse`: {head.splitlines()[0]}")


def main(stox):
    with Bench(stox) as bench:
        bench.kamailio()
        bench.jabberd2()
        bench.config()
        bench.gateway()
        code, result = bench.test(*PATIENCE)
        if (code, result["proof"]) != (0, "answered") or "presence_unseen" not in [w["id"] for w in result["warnings"]]:
            raise Failure(f"jabberd2: {code} {result}")
        print("ok: jabberd2: answered")
        status, head = write_to(bench, "nobody")
        if not 400 <= status < 500:
            raise Failure(f"a user who is not there: {head}")
        print(f"ok: a user who is not there: {status}")
        without_session_manager(bench)


run(main)
