"""jabberd2: its router takes our component, its client side our receiver, to whom it never shows its own presence."""

from peers import PARTNER, POOL, Bench, Failure, SipPeer, run


def main(stox):
    with Bench(stox) as bench:
        bench.kamailio()
        bench.jabberd2()
        bench.config()
        bench.gateway()
        code, result = bench.test()
        if (code, result["proof"]) != (0, "answered") or "presence_unseen" not in [w["id"] for w in result["warnings"]]:
            raise Failure(f"jabberd2: {code} {result}")
        print("ok: jabberd2: answered")
        peer = SipPeer()
        peer.message(bench.port["gateway"], f"nobody@{PARTNER}", f"pilar@{POOL}", "hello")
        status, head = peer.status()
        if not 400 <= status < 500:
            raise Failure(f"a user who is not there: {head}")
        print(f"ok: a user who is not there: {status}")


run(main)
