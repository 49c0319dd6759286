"""stox test --direction from: the XMPP user writes first, across real servers, Kamailio and stox gateway: what arrives, who refuses,
what is away, and two tests that cross each other."""

from concurrent.futures import ThreadPoolExecutor

from peers import PATIENCE, Bench, Failure, run, short

FROM = ("--direction", "from")
SERVERS = ("prosody", "ejabberd", "jabberd2")
# What a server says of a component that is not there: Prosody answers for it, ejabberd asks the DNS.
AWAY = {"prosody": ("xmpp_gateway_timeout", "Component unavailable"), "ejabberd": ("xmpp_gateway_not_found", "finds no way to")}


def answered(bench, what, *args):
    code, result = bench.test(*FROM, *PATIENCE, *args)
    if (code, result["proof"], result["direction"]) != (0, "answered", "from"):
        raise Failure(f"{what}: {code} {short(result)}")
    print(f"ok: {what}: answered in {result['latency_seconds'] * 1000:.1f} ms", flush=True)


def fails(bench, what, reason, phase, words=""):
    code, result = bench.test(*FROM, "--timeout", "5")
    error = result["error"] or {}
    if (code, error.get("reason"), error.get("phase")) != (1, reason, phase) or words not in error["message"]:
        raise Failure(f"{what}: wanted {reason} in {phase}: {code} {short(result)}")
    print(f"ok: {what}: {error['message']}", flush=True)


def both_at_once(bench, what):
    with ThreadPoolExecutor(8) as pool:
        ends = list(pool.map(lambda way: bench.test("--direction", way, "--no-lock", *PATIENCE), ["from", "to"] * 4))
    bad = [short(result) for code, result in ends if code != 0 or result["proof"] != "answered"]
    if bad:
        raise Failure(f"{what}: {bad}")
    print(f"ok: {what}", flush=True)


def not_a_partner(bench, what):
    """The gateway refuses to carry what comes from there."""
    bench.stop("gateway")
    text = (bench.dir / "stox.yaml").read_text()
    own = text[text.index("partners:\n"):text.index("gateway:\n")]
    bench.gateway(bench.write("other.yaml", text.replace(own, "partners:\n  - domain: elsewhere.test\n")))
    fails(bench, what, "xmpp_partner_not_allowed", "deliver", "not an allowed partner")


def pool_refuses(bench, what):
    """Of the gateway, and lets its user sign in."""
    bench.stop("kamailio")
    bench.edits = {"request_route {": 'request_route {\n\tif (is_method("MESSAGE") && src_port == ' + str(bench.port["gateway"]) +
                   ') {\n\t\tsl_send_reply("403", "Not From Here");\n\t\texit;\n\t}'}
    bench.kamailio()
    fails(bench, what, "xmpp_forbidden", "deliver", "Not From Here")


def main(stox):
    for server in SERVERS:
        for transport in ("udp", "tls") if server == "prosody" else ("udp",):
            what = f"Kamailio over {transport} and {server}"
            with Bench(stox) as b:
                b.kamailio(defines=["WITH_TLS"] if transport == "tls" else ())
                getattr(b, server)()
                b.config(transport)
                b.gateway()
                answered(b, what)
                answered(b, f"{what}, five times with one sign-in", "--count", "5")
                both_at_once(b, f"{what}: eight tests at once, in both directions, on one pair of accounts")
                if server in AWAY:
                    not_a_partner(b, f"{what}: not a partner")
                    b.stop("gateway")
                    reason, words = AWAY[server]
                    fails(b, f"{what}: the gateway is stopped", reason, "deliver", words)
                    b.gateway()
                    answered(b, f"{what}: it is back")
                if transport == "udp" and server == "prosody":
                    pool_refuses(b, f"{what}: the pool refuses the gateway")


run(main)
